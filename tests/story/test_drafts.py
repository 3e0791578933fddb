"""What a batch was asked with, and what its branches said."""

import math

import pytest

from storyloom.story import growth, purging, shape
from storyloom.story.drafts import Draft, Request, drafts, request
from storyloom.story.drawn import DrawnToken
from storyloom.story.growth import Asked, Placeholder, Result
from storyloom.story.reading import last_op
from storyloom.story.story import Story

TOKENS = (DrawnToken(0, 4, -0.5), DrawnToken(4, 5, -1.5))


def asked(story: Story, count: int = 1) -> list[Placeholder]:
    """A batch of so many branches."""
    return growth.request(story, 1, [Asked("m/one", {"prompt": "p"}, {"top_p": 0.5})] * count)


def test_a_batch_is_known_by_its_operation(story: Story) -> None:
    asked(story, 3)
    assert request(story, last_op(story)) == Request(3, {"top_p": 0.5})
    assert request(story, 1) == Request(0, {})


def test_drafts_are_the_first_texts_and_those_without_any_are_left_out(story: Story) -> None:
    places = asked(story, 3)
    for place, text in zip(places, (" One.", "", " Two."), strict=True):
        growth.finish(story, place, text, Result("stop"))
    shape.edit(story, places[0].node, " Edited.")
    shape.prune(story, places[2].node)
    wanted = [(place.node, place.rev) for place in places]
    assert drafts(story, wanted) == [
        Draft(places[0].node, " One.", None), Draft(places[2].node, " Two.", None),
    ]  # fmt: skip
    purging.purge(story, [places[2].node])
    assert [draft.node for draft in drafts(story, wanted)] == [places[0].node]


@pytest.mark.parametrize(
    ("facts", "tokens", "expected"),
    [
        ({}, TOKENS, math.exp(-2)),
        ({}, TOKENS[:1], None),
        ({}, TOKENS[1:], None),
        ({}, (TOKENS[0]._replace(end=2), TOKENS[1]), None),
        ({}, (), None),
        ({"probability": 0.25}, TOKENS, 0.25),
        ({"probability": "often"}, (), None),
    ],
)
def test_how_likely_a_text_is_was_told_or_is_known_from_all_of_its_tokens(
    story: Story,
    facts: dict[str, object],
    tokens: tuple[DrawnToken, ...],
    expected: float | None,
) -> None:
    (place,) = asked(story)
    growth.finish(story, place, " One.", Result("stop", facts=facts), tokens)
    (draft,) = drafts(story, [(place.node, place.rev)])
    assert draft.probability == (None if expected is None else pytest.approx(expected))


def test_tokens_of_a_later_text_say_nothing_of_the_first(story: Story) -> None:
    (place,) = asked(story)
    growth.finish(story, place, " Cut…", Result("interrupted"))
    growth.finish(story, place, " One.", Result("stop"), TOKENS)
    assert drafts(story, [(place.node, place.rev)]) == [Draft(place.node, " Cut…", None)]
