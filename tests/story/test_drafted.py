"""How a strand came to be: forks, branches, whys, and what is left of models' text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import growth, marks, purging, reading, shape
from storyloom.story.drafted import Drafted, drafted
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story.create(tmp_path / "tide.loom", opening="Once.") as story:
        yield story


def grown(story: Story, parent: int, *texts: str) -> list[int]:
    branches = growth.request(story, parent, [Asked("lab/m", {"prompt": "x"}) for _ in texts])
    for branch, text in zip(branches, texts, strict=True):
        growth.finish(story, branch, text, Result("stop"))
    return [branch.node for branch in branches]


def came(story: Story, node: int) -> Drafted:
    return drafted(story, reading.strand(story, node))


def test_forks_count_every_branch_that_was_drafted(story: Story) -> None:
    one, other = grown(story, 1, " One.", " Other.")
    shape.prune(story, other)
    by_hand = shape.write_child(story, one, " By hand.")
    assert came(story, by_hand)[:2] == (1, 2)
    third = shape.write_sibling(story, by_hand, " Third.")
    assert came(story, by_hand)[:2] == (2, 4)
    purging.purge(story, [other])
    assert came(story, third)[:2] == (2, 4)


def test_a_branch_that_brought_no_text_was_no_draft(story: Story) -> None:
    one, *_ = grown(story, 1, " One.", "")
    assert came(story, one)[:2] == (0, 0)


def test_whys_and_reasons_on_the_way_are_counted(story: Story) -> None:
    one, other = grown(story, 1, " One.", " Other.")
    marks.set_text(story, 1, "why", "A way out")
    marks.set_text(story, one, "reason", "The bell")
    marks.set_text(story, other, "reason", "Not here")
    found = came(story, one)
    assert (found.whys, found.reasons) == (1, 1)


def test_what_an_edit_took_from_a_models_text_is_accepted_and_not_kept(story: Story) -> None:
    (one,) = grown(story, 1, " The bell rang twice.")
    assert came(story, one)[4:] == (21, 21)
    shape.edit(story, one, " The bell rang.")
    assert came(story, one)[4:] == (21, 14)
    shape.edit(story, one, "Wholly mine")
    assert came(story, one)[4:] == (21, 0)


def test_a_split_and_a_join_change_nothing_of_that(story: Story) -> None:
    (one,) = grown(story, 1, " The bell rang twice.")
    shape.edit(story, one, " The bell rang.")
    before = came(story, one)
    shape.split(story, one, 5)
    assert came(story, one) == before
    joined = shape.join(story, one)
    assert came(story, joined.node) == before


def test_text_of_no_branch_is_counted_as_neither(story: Story) -> None:
    assert came(story, 1) == (0, 0, 0, 0, 0, 0)
    assert drafted(story, []) == (0, 0, 0, 0, 0, 0)
