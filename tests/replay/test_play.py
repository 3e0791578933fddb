"""A story played: every ending can be reached, is counted once, and the way back is exact."""

import random
from pathlib import Path

import pytest

from storyloom.replay.play import LABEL_WIDTH, Play, label_of
from storyloom.story import marks, shape, weaves
from storyloom.story.playable import Scope
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import Plain, by_chance, grown, planted, step


def walked(play: Play) -> tuple[set[int], int]:
    """Play every sequence of choices; return the endings that were reached, and how often."""
    reached: set[int] = set()
    times = 0

    def on() -> None:
        nonlocal times
        if play.at_end:
            reached.add(play.shown[-1])
            times += 1
            return
        before = (list(play.shown), [choice.node for choice in play.choices])
        for number in range(1, len(before[1]) + 1):
            play.choose(number)
            on()
            play.back()
            assert (play.shown, [choice.node for choice in play.choices]) == before

    on()
    return reached, times


@pytest.mark.parametrize("seed", range(6))
def test_every_unpruned_leaf_is_reached_once_and_the_way_back_is_exact(
    path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with planted(path, by_chance(chance, 40, long=0.5)) as story:
        for _ in range(10):
            step(story, chance)
        plain = Plain(story)
        leaves = {node for node in plain.in_order() if not plain.shown_kids(node)}
        play = Play(story)
        assert walked(play) == (leaves, len(leaves))
        assert play.seen == play.endings() == len(leaves)


def test_the_place_is_kept_and_so_is_what_was_seen(story: Story) -> None:
    one, two = grown(story, 1, "One.", "Two.")
    grown(story, two, "Left.", "Right.")
    play = Play(story)
    assert play.text == "The sea was iron."
    play.choose(1)
    assert (play.at_end, play.seen) == (True, 1)
    play.back()
    play.choose(2)
    again = Play(story)
    assert again.shown == [two]
    assert again.seen == 1
    again.back()
    assert [choice.visited for choice in again.choices] == [True, True]
    assert [choice.node for choice in again.choices] == [one, two]


def test_a_place_that_is_no_more_is_left_at_the_last_one_that_is(story: Story) -> None:
    _, two = grown(story, 1, "One.", "Two.")
    left, _ = grown(story, two, "Left.", "Right.")
    play = Play(story)
    play.choose(2)
    play.choose(1)
    shape.prune(story, left)
    again = Play(story)
    # What has one branch only reads on.
    assert again.shown[0] == two


def test_what_is_offered_is_as_wide_as_was_asked_for(story: Story) -> None:
    one, two, three = grown(story, 1, "One.", "Two.", "Three.")
    shape.prune(story, two)
    marks.tag(story, three, "play")
    offered = {scope: [choice.node for choice in Play(story, scope).choices] for scope in Scope}
    assert offered[Scope.UNPRUNED] == [one, three]
    assert offered[Scope.ALL] == [one, two, three]
    play = Play(story, Scope.PLAYABLE)
    assert (play.shown, play.at_end) == ([1, three], True)


def test_a_transcript_has_what_was_read_and_chosen(story: Story) -> None:
    _, two = grown(story, 1, " One.", " Two.")
    weaves.set_weave(story, two)
    play = Play(story)
    play.choose(2)
    assert play.transcript() == "The sea was iron.\n\n> Two.\n\n Two."
    assert play.followed() == (1, 1)
    play.restart()
    play.choose(1)
    assert play.followed() == (0, 1)


def test_no_choice_and_no_way_back_are_refused(story: Story) -> None:
    play = Play(story)
    for number in (0, 1, -1):
        with pytest.raises(Refusal, match="ending"):
            play.choose(number)
    with pytest.raises(Refusal, match="begins"):
        play.back()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('"Wait," she said. He did not.', 'Wait," she said.'),
        ("  “No!” he cried. Then", "No!”"),
        ("", "…"),
        ("The U.S. was shut. So was Mr. Bell.", "The U.S. was shut."),
        ("Gov. Hale came at 9 a.m. to Capt. Wren. Then", "Gov. Hale came at 9 a.m. to Capt. Wren."),
        ("It was I. Then", "It was I."),
        ("Mrs. Bell waited... Then", "Mrs. Bell waited..."),
        ("x" * 200, "x" * LABEL_WIDTH + "..."),
        ("word " * 40, ("word " * 14)[:-1] + "..."),
        ("One\x1b[31m line\nand another.", "One␛[31m line and another."),
    ],
)
def test_a_label_is_the_first_sentence(text: str, label: str) -> None:
    assert label_of(text) == label


def test_labels_that_are_alike_are_told_apart(story: Story) -> None:
    one, _, _ = grown(story, 1, "Same.", "Same.", "Same.")
    marks.set_text(story, one, "label", "Take the oar")
    assert [choice.label for choice in Play(story).choices] == [
        "Take the oar", "Same.", "Same. (2)",
    ]  # fmt: skip
