"""How models have done in a story: what counts as offered, and what as chosen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import growth, history, purging, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.record import Record, records
from storyloom.story.story import Story
from storyloom.text import Refusal


@pytest.fixture
def story(path: Path) -> Iterator[Story]:
    with Story.create(path, opening="Begin.") as story:
        yield story


def batch(
    story: Story, *models: str, parent: int = 1, text: str = "So.", **facts: Any
) -> list[int]:
    """Grow a branch of each model in one batch, and return their nodes."""
    placed = growth.request(story, parent, [Asked(model, {"prompt": "p"}) for model in models])
    for branch in placed:
        growth.finish(story, branch, text, Result("stop", "", facts))
    return [branch.node for branch in placed]


def shares(story: Story) -> dict[str, tuple[int, int]]:
    """Return chosen and offered by model."""
    return {model: (each.chosen, each.offered) for model, each in records(story.path).items()}


def test_what_was_only_offered_was_not_chosen(story: Story) -> None:
    batch(story, "a", "a", "b")
    assert shares(story) == {"a": (0, 2), "b": (0, 1)}
    assert records(story.path)["a"].share == "0 % of 2"


def test_a_branch_on_any_weave_was_chosen(story: Story) -> None:
    first, _, third = batch(story, "a", "a", "b")
    weaves.set_weave(story, first)
    weaves.set_weave(story, third, "other")
    assert shares(story) == {"a": (1, 2), "b": (1, 1)}
    assert records(story.path)["a"].share == "50 % of 2"


def test_a_branch_that_was_gone_on_from_was_chosen_until_it_is_pruned(story: Story) -> None:
    first, second = batch(story, "a", "b")
    shape.write_child(story, first, "By hand.")
    batch(story, "c", parent=second)
    assert shares(story) == {"a": (1, 1), "b": (1, 1), "c": (0, 1)}
    shape.prune(story, second)
    # Nobody chose against `c` when all that it goes on from was given up.
    assert shares(story) == {"a": (1, 1), "b": (0, 1), "c": (0, 1)}


def test_a_batch_that_brought_nothing_is_no_going_on(story: Story) -> None:
    (first,) = batch(story, "a")
    batch(story, "b", parent=first, text=" \n")
    assert shares(story) == {"a": (0, 1)}


def test_the_one_that_is_left_of_a_batch_was_chosen(story: Story) -> None:
    _, second, third = batch(story, "a", "b", "c")
    (alone,) = batch(story, "d")
    shape.prune(story, second)
    assert shares(story)["a"] == (0, 1)
    shape.prune(story, third)
    assert shares(story) == {"a": (1, 1), "b": (0, 1), "c": (0, 1), "d": (0, 1)}
    shape.prune(story, alone)
    assert shares(story)["d"] == (0, 1)


def test_one_beside_those_that_failed_was_not_chosen_by_that(story: Story) -> None:
    placed = growth.request(story, 1, [Asked(model, {"prompt": "p"}) for model in ("a", "b")])
    growth.finish(story, placed[0], "So.", Result("stop"))
    growth.finish(story, placed[1], "", Result("error", "It broke."))
    assert shares(story) == {"a": (0, 1)}


def test_text_that_broke_off_was_offered_and_what_is_being_written_was_not_yet(
    story: Story,
) -> None:
    placed = growth.request(story, 1, [Asked(model, {"prompt": "p"}) for model in ("a", "b")])
    growth.finish(story, placed[0], "So f", Result("error", "It broke."))
    assert shares(story) == {"a": (0, 1)}


def test_what_was_joined_or_split_is_counted_once_and_chosen(story: Story) -> None:
    (first,) = batch(story, "a", text="One two.")
    (second,) = batch(story, "a", parent=first)
    shape.join(story, second)
    assert shares(story) == {"a": (1, 2)}
    shape.split(story, second, 3)
    assert shares(story) == {"a": (1, 2)}


def test_a_batch_that_was_taken_back_was_offered_and_a_purged_branch_counts_no_more(
    story: Story,
) -> None:
    batch(story, "a")
    history.undo(story)
    assert shares(story) == {"a": (0, 1)}
    (second,) = batch(story, "b")
    shape.prune(story, second)
    purging.purge(story, [second])
    assert shares(story) == {"a": (0, 1)}


def test_the_last_twenty_count_and_those_without_text_do_not_use_them_up(story: Story) -> None:
    old = batch(story, *["a"] * 9)
    for node in old:
        shape.write_child(story, node, "On.")
    for _ in range(2):
        batch(story, *["a"] * 9)
        batch(story, *["a"] * 9, text="")
    assert shares(story)["a"] == (2, 20)


def test_the_times_of_the_latest_batch_that_has_some_are_told(story: Story) -> None:
    batch(story, "a", first_ms=900, ms=4000)
    placed = growth.request(story, 1, [Asked("a", {"prompt": "p"}) for _ in range(3)])
    # One at a time: the second and third have waited for the one before.
    for branch, first in zip(placed, (3000, 1234, 9000), strict=True):
        facts = {"first_ms": first, "ms": first + 4444}
        growth.finish(story, branch, "So.", Result("stop", "", facts))
    batch(story, "a")
    batch(story, "b", first_ms="soon", ms=True)
    found = records(story.path)
    assert found["a"] == Record(5, 0, 1.234, 5.678)
    assert (found["a"].wait, found["b"].wait) == ("1.2 s", "")


def test_a_story_that_asked_nobody_has_no_records(story: Story) -> None:
    assert records(story.path) == {}
    assert Record().share == ""


def test_only_the_newest_calls_are_looked_through(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(story, "old", "new", "new")
    monkeypatch.setattr("storyloom.story.record._LATE", _with_newest(2))
    assert shares(story) == {"new": (0, 2)}


def _with_newest(calls: int) -> str:
    from storyloom.story import record

    assert "LIMIT 20000" in record._LATE
    return record._LATE.replace("LIMIT 20000", f"LIMIT {calls}")


def test_what_is_no_story_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no"):
        records(tmp_path / "nothing.loom")
