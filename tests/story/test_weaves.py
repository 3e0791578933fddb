"""Several weaves through one story, and where each ends, whoever changes it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import check, history, placing, reading, shape, tally, tips, weaves
from storyloom.story.schema import HIDDEN
from storyloom.story.story import Story
from storyloom.story.weaves import Weave
from tests.story.trees import Plain, planted, refused, step


@pytest.fixture
def other(story: Story) -> Iterator[Story]:
    """A second window on the same story."""
    with Story(story.path) as opened:
        yield opened


@pytest.fixture
def line(story: Story) -> list[int]:
    """Six nodes, one below the other."""
    nodes = [1]
    for number in range(5):
        nodes.append(shape.write_child(story, nodes[-1], f"{number}."))
    return nodes


def followed(story: Story, weave: str = "main") -> list[int]:
    """The nodes of a weave, by walking it."""
    plain = Plain(story)
    steps = dict(
        story.read.execute("SELECT owner, value FROM attr WHERE key = ?", (f"weave:{weave}",))
    )
    out: list[int] = []
    node = 0
    while True:
        kid = steps.get(node, 0)
        if not kid or plain.parent.get(kid) != node or plain.flags[kid] & HIDDEN:
            return out
        node = kid
        out.append(node)


def test_a_story_begins_with_the_main_weave_at_its_opening(story: Story) -> None:
    assert weaves.weaves(story) == [Weave("main", 1)]
    assert tips.weave_tip(story) == 1
    assert tips.weave_tip(story, "dark") == 0


def test_each_weave_goes_its_own_way(story: Story, line: list[int]) -> None:
    aside = shape.write_child(story, line[2], "Aside.")
    weaves.set_weave(story, line[5])
    weaves.set_weave(story, aside, "dark")
    weaves.set_weave(story, line[1], "a short one")
    assert weaves.weaves(story) == [Weave("main", 1), Weave("a short one", 1), Weave("dark", 1)]
    assert tips.weave_tip(story) == line[5]
    assert tips.weave_tip(story, "dark") == aside
    assert tips.weave_tip(story, "a short one") == line[1]
    assert reading.weave_child(story, line[2]) == line[3]
    assert reading.weave_child(story, line[2], "dark") == aside
    assert reading.weave_child(story, line[2], "a short one") == 0


def test_leading_a_weave_to_where_it_goes_leaves_no_trace(story: Story, line: list[int]) -> None:
    weaves.set_weave(story, line[4])
    last = reading.last_op(story)
    for node in (line[4], line[2], 1):
        weaves.set_weave(story, node)
    assert reading.last_op(story) == last
    # What it goes on with behind a node is kept.
    assert tips.weave_tip(story) == line[4]


def test_a_weave_that_is_led_elsewhere_and_back_goes_on_as_before(
    story: Story, line: list[int]
) -> None:
    aside = shape.write_child(story, line[1], "Aside.")
    weaves.set_weave(story, line[5])
    weaves.set_weave(story, aside)
    assert tips.weave_tip(story) == aside
    weaves.set_weave(story, line[2])
    assert tips.weave_tip(story) == line[5]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("dark", "dark"), ("  the  dark\n one ", "the dark one"), ("cafe\u0301", "café"),
     ("x" * 60, "x" * 60), ("*[a]?", "*[a]?"), ("weave:main", "weave:main")],
)  # fmt: skip
def test_a_weaves_name_is_kept_in_one_spelling(
    story: Story, line: list[int], name: str, kept: str
) -> None:
    weaves.set_weave(story, line[3], name)
    assert weaves.weaves(story)[1:] == [Weave(kept, 1)]
    assert tips.weave_tip(story, kept) == line[3]
    assert tips.weave_tip(story) == 1
    weaves.delete_weave(story, name)
    assert weaves.weaves(story) == [Weave("main", 1)]


@pytest.mark.parametrize("name", ["", "  \n", "x" * 61])
def test_what_is_no_name_is_refused(story: Story, line: list[int], name: str) -> None:
    for refuse in (
        lambda: weaves.set_weave(story, line[1], name),
        lambda: weaves.end_weave(story, line[1], name),
        lambda: weaves.delete_weave(story, name),
        lambda: weaves.rename_weave(story, "dark", name),
    ):
        with refused(story, "1 to 60 characters"):
            refuse()


def test_a_weave_ends_where_it_is_told_to(story: Story, line: list[int]) -> None:
    weaves.set_weave(story, line[5])
    weaves.set_weave(story, line[5], "dark")
    weaves.end_weave(story, line[2])
    assert tips.weave_tip(story) == line[2]
    assert tips.weave_tip(story, "dark") == line[5]
    last = reading.last_op(story)
    weaves.end_weave(story, line[2])
    assert reading.last_op(story) == last
    assert history.undo(story) == "weave.set"
    assert tips.weave_tip(story) == line[5]
    with refused(story, "no node n99"):
        weaves.end_weave(story, 99)


def test_a_deleted_weave_leaves_its_nodes_and_comes_back(story: Story, line: list[int]) -> None:
    weaves.set_weave(story, line[5], "dark")
    weaves.set_weave(story, line[3])
    weaves.delete_weave(story, "dark")
    assert weaves.weaves(story) == [Weave("main", 1)]
    assert tips.weave_tip(story, "dark") == 0
    assert Plain(story).below(1) == (5, 5)
    assert history.undo(story) == "weave.delete"
    assert tips.weave_tip(story, "dark") == line[5]
    weaves.delete_weave(story, "main")
    assert weaves.weaves(story) == [Weave("main", 1), Weave("dark", 1)]
    assert tips.weave_tip(story) == 1
    history.undo(story)
    assert tips.weave_tip(story) == line[3]
    with refused(story, "no weave 'light'"):
        weaves.delete_weave(story, "light")


def test_a_weave_gets_another_name_and_keeps_its_way(story: Story, line: list[int]) -> None:
    aside = shape.write_child(story, line[2], "Aside.")
    weaves.set_weave(story, line[5], "dark")
    # What it no longer takes is remembered under the new name too.
    weaves.set_weave(story, aside, "dark")
    weaves.rename_weave(story, "dark", " the  night ")
    assert weaves.weaves(story) == [Weave("main", 1), Weave("the night", 1)]
    assert tips.weave_tip(story, "the night") == aside
    assert tips.weave_tip(story, "dark") == 0
    weaves.set_weave(story, line[3], "the night")
    assert tips.weave_tip(story, "the night") == line[5]
    history.undo(story)
    assert history.undo(story) == "weave.rename"
    assert tips.weave_tip(story, "dark") == aside
    assert history.redo(story) == "weave.rename"
    assert tips.weave_tip(story, "the night") == aside
    assert check.check(story).faults == []


def test_names_that_are_taken_or_unknown_are_refused(story: Story, line: list[int]) -> None:
    weaves.set_weave(story, line[2], "dark")
    weaves.set_weave(story, line[3], "light")
    with refused(story, "'light' already"):
        weaves.rename_weave(story, "dark", "light")
    with refused(story, "'main' already"):
        weaves.rename_weave(story, "dark", "main")
    with refused(story, "'main' keeps its name"):
        weaves.rename_weave(story, "main", "other")
    with refused(story, "no weave 'grey'"):
        weaves.rename_weave(story, "grey", "blue")


def test_pruning_ends_every_weave_that_went_through(story: Story, line: list[int]) -> None:
    for name in ("main", "dark", "light"):
        weaves.set_weave(story, line[5], name)
    shape.prune(story, line[3])
    for name in ("main", "dark", "light"):
        assert tips.weave_tip(story, name) == line[2]
    shape.restore(story, [line[3]])
    assert tips.weave_tip(story, "dark") == line[2]
    history.undo(story)
    history.undo(story)
    for name in ("main", "dark", "light"):
        assert tips.weave_tip(story, name) == line[5]
    aside = shape.write_child(story, line[1], "Aside.")
    shape.keep_only(story, aside)
    for name in ("main", "dark", "light"):
        assert tips.weave_tip(story, name) == line[1]
    assert check.check(story).faults == []


def test_every_weave_goes_through_both_halves_and_what_is_joined(
    story: Story, line: list[int]
) -> None:
    shape.edit(story, line[2], "One. Two.")
    for name in ("main", "dark"):
        weaves.set_weave(story, line[4], name)
    first = shape.split(story, line[2], 4)
    for name in ("main", "dark"):
        assert followed(story, name) == [1, line[1], first, *line[2:5]]
        assert tips.weave_tip(story, name) == line[4]
    shape.join(story, line[3])
    for name in ("main", "dark"):
        assert followed(story, name) == [1, line[1], first, *line[3:5]]
        assert tips.weave_tip(story, name) == line[4]


def test_the_end_of_a_weave_follows_another_window(
    story: Story, other: Story, line: list[int]
) -> None:
    weaves.set_weave(story, line[5])
    assert tips.weave_tip(story) == tips.weave_tip(other) == line[5]
    aside = shape.write_child(other, line[2], "Aside.")
    assert tips.weave_tip(story) == line[5]
    weaves.set_weave(other, aside)
    assert tips.weave_tip(story) == aside
    placing.move(other, aside, line[4])
    assert tips.weave_tip(story) == line[2]
    weaves.set_weave(other, aside)
    assert tips.weave_tip(story) == aside
    shape.prune(other, line[1])
    assert tips.weave_tip(story) == 1
    assert history.undo(other) == "node.prune"
    assert tips.weave_tip(story) == aside
    weaves.set_weave(other, aside, "dark")
    assert tips.weave_tip(story, "dark") == aside
    weaves.rename_weave(other, "dark", "light")
    assert (tips.weave_tip(story, "dark"), tips.weave_tip(story, "light")) == (0, aside)
    weaves.end_weave(other, 1)
    assert tips.weave_tip(story) == 1


def test_the_end_of_a_weave_is_right_after_very_many_changes(
    story: Story, other: Story, line: list[int]
) -> None:
    weaves.set_weave(story, line[5])
    assert tips.weave_tip(other) == line[5]
    with story.act("note.set") as act:
        for number in range(2_000):
            act.change(1, "note", f"{number}")
    weaves.set_weave(story, shape.write_child(story, line[5], "More."))
    assert tips.weave_tip(other) == reading.children(story, line[5])[0]


def test_a_long_weave_is_followed_from_where_it_changed(path: Path) -> None:
    with planted(path, [*range(1, 1_500), 700, 900]) as story, Story(path) as other:
        weaves.set_weave(story, 1_500)
        assert tips.weave_tip(other) == 1_500
        for node in (1_501, 1_502, 800, 1_200):
            weaves.set_weave(story, node)
            assert tips.weave_tip(other) == tips.weave_tip(story) == followed(story)[-1]
        weaves.end_weave(story, 1_000)
        assert tips.weave_tip(other) == tips.weave_tip(story) == followed(story)[-1]


@pytest.mark.parametrize("seed", range(5))
def test_two_windows_always_know_where_each_weave_ends(
    story: Story, other: Story, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(tally, "CLUSTER", 6)
    chance = random.Random(seed)
    for _ in range(40):
        window = chance.choice([story, other])
        step(window, chance)
        if chance.random() < 0.6:
            nodes = Plain(window).alive()
            with_name = chance.choice(["main", "dark"])
            if chance.random() < 0.3:
                weaves.end_weave(window, chance.choice(nodes), with_name)
            else:
                shown = list(Plain(window).in_order())
                weaves.set_weave(window, chance.choice(shown), with_name)
        for name in ("main", "dark"):
            expected = (followed(story, name) or [0])[-1]
            # One asks every time, the other now and then.
            assert tips.weave_tip(story, name) == expected
            if chance.random() < 0.3:
                assert tips.weave_tip(other, name) == expected
    assert check.check(story).faults == []
