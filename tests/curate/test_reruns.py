"""What a re-run brought is compared with what was there, branch by branch."""

from pathlib import Path

import pytest

from storyloom.curate.reruns import compared, runs
from storyloom.story import growth, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story


def batch(story: Story, model: str, texts: list[str], run: dict[str, object] | None = None) -> int:
    """Record a batch below n1 that brought those texts; return its first node."""
    body = {"prompt": "Go on."}
    places = growth.request(story, 1, [Asked(model, body) for _ in texts], run=run)
    for place, text in zip(places, texts, strict=True):
        growth.finish(story, place, text, Result("stop" if text else "error"))
    return places[0].node


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Two branches of `one` from n1, of which the first was edited."""
    story = Story.create(tmp_path / "tide.loom", opening="The tide went out.")
    first = batch(story, "one", [" The bell rang twice.", " She walked on."])
    shape.edit(story, first, " Edited.")
    return story


def test_each_branch_is_compared_with_the_one_of_its_place_as_that_was_written(
    story: Story,
) -> None:
    with story:
        op = story.read.execute("SELECT max(id) FROM op WHERE kind = 'gen.request'").fetchone()[0]
        run = {"id": "r1", "of": op, "which": [0, 1], "model": "two"}
        batch(story, "two", [" The bell rang twice.", ""], run)
        equal, failed = compared(story, "r1")
        assert (equal.fork, equal.original, equal.node, equal.equal) == (1, 2, 4, True)
        assert (equal.was, equal.alike, equal.fault) == (" The bell rang twice.", 1.0, "")
        assert (failed.now, failed.alike, failed.fault, failed.equal) == ("", None, "error", False)
        assert runs(story) == {"r1": "two"}
        # One that was asked for again is told by what came last.
        batch(story, "two", [" She ran."], run | {"which": [1]})
        again = compared(story, "r1")
        assert [line.now for line in again] == [" The bell rang twice.", " She ran."]
        assert again[1].alike == 0.0
        assert compared(story, "r2") == []


def test_what_a_log_from_elsewhere_says_of_a_run_is_passed_over_where_it_makes_no_sense(
    story: Story,
) -> None:
    with story:
        for wrong in (
            {"id": "r1", "of": "x", "which": [0]},
            {"id": "r2", "of": 10**9, "which": [0]},
            {"id": "r3", "of": 2, "which": "all"},
            {"id": "r4", "of": 2, "which": [99]},
            {"id": "r5", "of": 2, "which": [-1]},
        ):
            batch(story, "two", [" x"], wrong)
        assert all(compared(story, name) == [] for name in ("r1", "r2", "r3", "r4", "r5"))
