"""A story as it was: what its log's beginning says, and nothing of what came later."""

import random
from pathlib import Path

import pytest

from storyloom.story import check, growth, history, moment, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import grown, step


def cut(story: Story, tmp_path: Path, op: int) -> Story:
    target = tmp_path / f"then-{op}.loom"
    moment.cut(story.path, target, op)
    return Story(target)


def last(story: Story) -> int:
    return story.read.execute("SELECT max(id) FROM op").fetchone()[0]


@pytest.mark.parametrize("seed", range(3))
def test_it_has_the_tables_of_then_and_is_sound(story: Story, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        step(story, chance)
    for op in {1, last(story), *chance.sample(range(2, last(story)), 4)}:
        with cut(story, tmp_path, op) as then:
            assert check.check(then).faults == []
            tables = check.folded_log(story.read, op)
            for node, state in tables.nodes.items():
                row = then.read.execute(
                    "SELECT parent, ord, flags & ~4 FROM node WHERE id = ?", (node,)
                ).fetchone()
                assert row[:2] == (state.parent, state.ord)
            assert len(tables.nodes) == then.read.execute("SELECT count(*) FROM node").fetchone()[0]


def test_what_could_be_undone_then_can_be(story: Story, tmp_path: Path) -> None:
    shape.write_child(story, 1, "One.")
    two = shape.write_child(story, 1, "Two.")
    at_two = last(story)
    history.undo(story)
    undone = last(story)
    history.redo(story)
    shape.write_child(story, two, "Three.")
    with cut(story, tmp_path, undone) as then:
        assert history.redo(then) == "node.create"
        assert history.undo(then) == "node.create"
        assert history.undo(then) == "node.create"
        assert history.undo(then) is None
    with cut(story, tmp_path, at_two) as then:
        assert history.redoable(then) is None


def test_a_branch_that_was_being_written_is_closed(story: Story, tmp_path: Path) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    asked = last(story)
    growth.finish(story, place, "Written later.", Result("stop"))
    with cut(story, tmp_path, asked) as then:
        assert check.check(then).faults == []
        assert "Written later." not in [
            text for (text,) in then.read.execute("SELECT text FROM rev")
        ]
        assert growth.result_of(then, place.node)["finish"] == "interrupted"


def test_the_story_itself_is_left_alone(story: Story, tmp_path: Path) -> None:
    grown(story, 1, "One.", "Two.")
    before = last(story)
    with cut(story, tmp_path, 1) as then:
        assert last(then) >= 1
    assert last(story) == before


@pytest.mark.parametrize("op", [0, -1, 10_000])
def test_an_operation_that_is_not_there_is_refused(story: Story, tmp_path: Path, op: int) -> None:
    with pytest.raises(Refusal, match="events 1 to"):
        moment.cut(story.path, tmp_path / "then.loom", op)
    assert not (tmp_path / "then.loom").exists()
