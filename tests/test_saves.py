"""The stories that ship beside the program are sound, and open as they are shipped."""

import re
import shutil
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.cli.main import main
from storyloom.exchange.book import book_of
from storyloom.exchange.writers.plain import plain
from storyloom.replay.play import Play
from storyloom.replay.projection import Projection
from storyloom.replay.recording import record
from storyloom.story import check, marks, reading, rebuild, weaves
from storyloom.story.story import Story

SAVES = sorted(paths.shipped("saves").glob("*.loom"))
EXAMPLES = ("nobodys-hand", "present-on-the-night")
"""Those that were written to be watched and played, not to try things on."""
A_MACHINE = re.compile(rb"/(?:tmp|home|root|Users)/|localhost|127(?:\.\d+){3}|api[_-]?key|\bsk-")
"""What tells where a story was written, or with whose key."""


@pytest.fixture(params=SAVES, ids=lambda path: path.stem)
def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a shipped story."""
    copy = tmp_path / request.param.name
    shutil.copy(request.param, copy)
    return copy


def test_there_is_a_story_to_look_at() -> None:
    assert SAVES


def test_all_of_them_pass_the_check_which_leaves_them_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {path: path.read_bytes() for path in SAVES}
    assert main(["check", *map(str, SAVES)]) == 0
    assert capsys.readouterr().out.count("all is well") == len(SAVES)
    assert {path: path.read_bytes() for path in SAVES} == before


def test_looking_at_one_leaves_its_bytes_as_they_are(shipped: Path) -> None:
    before = shipped.read_bytes()
    for _ in range(2):
        with Story(shipped) as story:
            record(story.read)
    assert shipped.read_bytes() == before


def test_each_has_a_weave_worth_reading_and_a_log_that_makes_it_again(shipped: Path) -> None:
    again = shipped.with_name("again.loom")
    rebuild.rebuild(shipped, again)
    with Story(shipped) as story, Story(again) as made:
        assert check.check(made).faults == []
        for weave in weaves.weaves(story):
            text = plain(book_of(story, weave=weave.name))
            assert len(text.split()) > 100
            assert plain(book_of(made, weave=weave.name)).split() == text.split()


def test_none_tells_of_the_machine_it_was_written_on(
    shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not A_MACHINE.findall(shipped.read_bytes())
    # What was sent to the models is packed in the file, and plain there.
    assert main(["log", str(shipped), "--all", "--json"]) == 0
    assert not A_MACHINE.findall(capsys.readouterr().out.encode())


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a story that is to be watched and played."""
    copy = tmp_path / f"{request.param}.loom"
    shutil.copy(paths.shipped("saves") / copy.name, copy)
    return copy


def test_the_replay_of_an_example_ends_where_the_story_stands(example: Path) -> None:
    with Story(example) as story:
        projection = Projection(story.read, record(story.read).ops)
        projection.prepare()
        there = story.read.execute("SELECT id, parent FROM node").fetchall()
        assert {node: state.parent for node, state in projection.nodes.items()} == dict(there)
        told = check.folded_log(story.read)
        assert (projection.nodes, projection.attributes) == (told.nodes, told.attributes)


def test_an_example_shows_models_whys_chapters_and_branches_taken_and_left(example: Path) -> None:
    with Story(example) as story:
        book = book_of(story)
        assert 2_500 <= len(plain(book).split()) <= 4_000
        assert 3 <= book.chapters <= 5
        assert len(weaves.weaves(story)) >= 2
        assert len(reading.models(story)) >= 2
        said = story.read.execute("SELECT key, count(*) FROM attr GROUP BY key").fetchall()
        assert dict(said)["why"] >= 10
        assert dict(said)["reason"] >= 10
        batches = "SELECT count(*) FROM op WHERE kind = 'gen.request'"
        assert story.read.execute(batches).fetchone()[0] >= 10


def test_every_ending_of_an_example_is_reached_by_choices_that_say_what_they_are(
    example: Path,
) -> None:
    with Story(example) as story:
        play = Play(story)
        endings: set[int] = set()

        def on() -> None:
            if play.at_end:
                endings.add(play.shown[-1])
            for number, choice in enumerate(play.choices, 1):
                assert marks.text_of(story, choice.node, "label"), f"n{choice.node}"
                play.choose(number)
                on()
                play.back()

        on()
        assert len(endings) == play.endings() >= 5
