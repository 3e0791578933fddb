"""The stories that ship beside the program are sound, and open as they are shipped."""

import shutil
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.cli.main import main
from storyloom.exchange.book import book_of
from storyloom.exchange.writers.plain import plain
from storyloom.story import check, rebuild, weaves
from storyloom.story.story import Story

SAVES = sorted(paths.shipped("saves").glob("*.loom"))


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


def test_each_has_a_weave_worth_reading_and_a_log_that_makes_it_again(shipped: Path) -> None:
    again = shipped.with_name("again.loom")
    rebuild.rebuild(shipped, again)
    with Story(shipped) as story, Story(again) as made:
        assert check.check(made).faults == []
        for weave in weaves.weaves(story):
            text = plain(book_of(story, weave=weave.name))
            assert len(text.split()) > 100
            assert plain(book_of(made, weave=weave.name)).split() == text.split()
