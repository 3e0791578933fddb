"""The lines of a log are the story: what is made of them is equal to it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import check, growth, history, log, moment, purging, shape, transcript
from storyloom.story.drawn import DrawnToken, drawn_at
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import contents, grown, step

TABLES = ("op", "change", "rev", "gen", "node", "attr", "undoable", "redoable")
"""All that says something of the story; how the tally is cut up is no part of it."""


def lines(story: Story) -> list[dict[str, Any]]:
    return [json.loads(log.as_json(story, each)) for each in log.operations(story)]


def made(story: Story, tmp_path: Path) -> Path:
    path = tmp_path / "again.loom"
    transcript.write(path, lines(story))
    return path


def same(story: Story, path: Path) -> None:
    with Story(path) as again:
        assert check.check(again).faults == []
        for table in TABLES:
            assert contents(again, table) == contents(story, table), table
        gens = story.read.execute("SELECT id FROM gen").fetchall()
        for (gen,) in gens:
            assert growth.request_of(again, gen) == growth.request_of(story, gen)


@pytest.mark.parametrize("seed", range(3))
def test_a_story_comes_back_equal(story: Story, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        step(story, chance)
    same(story, made(story, tmp_path))


def test_what_was_undone_can_be_made_again_there(story: Story, tmp_path: Path) -> None:
    shape.write_child(story, 1, "Written.")
    history.undo(story)
    path = made(story, tmp_path)
    with Story(path) as again:
        assert history.redo(again) == "node.create"


def test_a_purged_story_comes_back_without_what_was_purged(story: Story, tmp_path: Path) -> None:
    (node,) = grown(story, 1, "Secret.", prompt="a secret prompt")
    shape.prune(story, node)
    purging.purge(story, [node])
    path = made(story, tmp_path)
    assert check.check_file(path).faults == []
    assert b"ecret" not in path.read_bytes()


def test_a_branch_that_is_still_written_is_closed_there(story: Story, tmp_path: Path) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    path = made(story, tmp_path)
    with Story(path) as again:
        assert growth.result_of(again, place.node)["finish"] == "interrupted"
        assert check.check(again).faults == []


def test_the_tokens_of_a_text_come_with_it(story: Story, tmp_path: Path) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    tokens = [DrawnToken(0, 5, -0.5, ((" On", -0.5), (" Off", -1.5)))]
    growth.finish(story, place, " On it went.", Result("stop"), tokens)
    path = made(story, tmp_path)
    same(story, path)
    with Story(path) as again:
        assert drawn_at(again, place.node) == drawn_at(story, place.node) is not None
    moment.cut(story.path, tmp_path / "cut.loom", len(lines(story)))
    with Story(tmp_path / "cut.loom") as cut:
        assert drawn_at(cut, place.node) is not None


@pytest.mark.parametrize("spoil", ["text", "gap", "order", "data", "time", "request"])
def test_lines_that_were_changed_are_refused(story: Story, tmp_path: Path, spoil: str) -> None:
    grown(story, 1, "One.", "Two.")
    found = lines(story)
    if spoil == "text":
        next(each for each in found if each["texts"])["texts"][0]["text"] = "The sea was wood."
    elif spoil == "gap":
        del found[2]
    elif spoil == "order":
        found[1], found[2] = found[2], found[1]
    elif spoil == "data":
        found[-1]["data"] = {"gen": 77}
    elif spoil == "time":
        found[1]["t"] += 1
    else:
        asked = next(each for each in found if each["requests"])
        asked["requests"] = dict.fromkeys(asked["requests"], "another prompt")
    with pytest.raises(Refusal):
        transcript.write(tmp_path / "again.loom", found)
    assert not (tmp_path / "again.loom").exists()


@pytest.mark.parametrize("line", [{}, {"seq": "x"}, {"seq": 1, "data": {}}])
def test_what_is_no_line_is_named(tmp_path: Path, line: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="Line 1"):
        transcript.write(tmp_path / "again.loom", [line])
