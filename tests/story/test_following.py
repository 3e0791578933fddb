"""What follows a place of a story, and which branch a passage is meant to lead to."""

import pytest

from storyloom.story import following, growth, placing, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal


@pytest.fixture
def fork(story: Story) -> list[int]:
    """Two branches of the opening, and two of the first of them."""
    first, second = (shape.write_child(story, 1, text) for text in ("One.", "Two."))
    return [first, second, *(shape.write_child(story, first, text) for text in (" A.", " B."))]


def grown(story: Story, towards: int) -> int:
    (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "x"})], towards=towards)
    growth.finish(story, branch, "Between.", Result("stop"))
    return branch.node


def test_the_text_goes_down_the_weave_else_the_first_branches_as_far_as_is_wanted(
    story: Story, fork: list[int]
) -> None:
    assert following.text_from(story, fork[0], most=100) == "One. A."
    assert following.text_from(story, 1, most=22) == "The sea was iron.One. "
    weaves.set_weave(story, fork[3])
    assert following.text_from(story, 1, most=100) == "The sea was iron.One. B."
    shape.prune(story, fork[2])
    shape.prune(story, fork[3])
    growth.request(story, fork[0], [Asked("m", {"prompt": "x"})])
    assert following.text_from(story, fork[0], most=100) == "One."
    assert following.text_from(story, 99, most=100) == ""


def test_a_passage_is_followed_by_what_it_was_written_for_else_the_weave_else_the_only_other(
    story: Story, fork: list[int]
) -> None:
    first, second, a, b = fork
    assert following.meant(story, a) == b
    weaves.set_weave(story, second)
    assert following.meant(story, first) == second
    node = grown(story, first)
    assert growth.between(story, node) == (1, first)
    assert following.meant(story, node) == first
    placing.put_between(story, node, first)
    with pytest.raises(Refusal, match=f"n{first} follows n{node} already"):
        following.meant(story, node)
    third = shape.write_child(story, 1, "Three.")
    weaves.end_weave(story, 1)
    with pytest.raises(Refusal, match="name one"):
        following.meant(story, third)
    for alone in (1, first):
        with pytest.raises(Refusal, match="no branch beside"):
            following.meant(story, alone)
