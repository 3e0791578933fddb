"""Moving and copying: where a node hangs is one step, and what would break the tree is refused."""

import json
from pathlib import Path

import pytest

from storyloom.story import (
    check,
    growth,
    history,
    lore,
    marks,
    placing,
    reading,
    rebuild,
    shape,
    tips,
    weaves,
)
from storyloom.story.growth import Asked, Result
from storyloom.story.origins import PASTE, Run
from storyloom.story.story import Story
from tests.story.trees import Plain, contents, grown, planted, refused


@pytest.fixture
def branches(story: Story) -> list[int]:
    """Three branches of the opening."""
    return [shape.write_child(story, 1, text) for text in ("One.", "Two.", "Three.")]


def ops(story: Story) -> int:
    return reading.last_op(story)


def test_what_is_moved_hangs_last_with_all_that_is_below_it(
    story: Story, branches: list[int]
) -> None:
    first, second, third = branches
    kids = [shape.write_child(story, first, text) for text in ("a", "b", "c")]
    under = shape.write_child(story, third, "d")
    placing.move(story, first, third)
    assert reading.children(story, 1) == [second, third]
    assert reading.children(story, third) == [under, first]
    assert reading.children(story, first) == kids
    assert reading.depth(story, kids[0]) == 4
    assert reading.below(story, [1, third]) == {1: (7, 7), third: (5, 5)}
    assert check.check(story).faults == []


def test_a_move_is_taken_back_and_made_again(story: Story, branches: list[int]) -> None:
    before = contents(story, "node", "attr")
    placing.move(story, branches[0], branches[2])
    after = contents(story, "node", "attr")
    assert history.undo(story) == "node.move"
    assert contents(story, "node", "attr") == before
    assert history.redo(story) == "node.move"
    assert contents(story, "node", "attr") == after
    assert check.check(story).faults == []


def test_moving_the_last_child_to_where_it_is_leaves_no_trace(
    story: Story, branches: list[int]
) -> None:
    before = ops(story)
    placing.move(story, branches[2], 1)
    assert ops(story) == before
    placing.move(story, branches[0], 1)
    assert reading.children(story, 1) == [branches[1], branches[2], branches[0]]
    assert ops(story) == before + 1


def test_a_weave_ends_where_the_moved_node_hung(story: Story, branches: list[int]) -> None:
    first, second, _ = branches
    below = shape.write_child(story, first, "Below.")
    for name in ("main", "dark"):
        weaves.set_weave(story, below, name)
    placing.move(story, first, second)
    for name in ("main", "dark"):
        assert tips.weave_tip(story, name) == 1
    # What it went on to inside the moved branch is still chosen there.
    assert reading.weave_child(story, first) == below
    history.undo(story)
    for name in ("main", "dark"):
        assert tips.weave_tip(story, name) == below


def test_a_weave_stays_when_branches_only_change_places(story: Story, branches: list[int]) -> None:
    first, second, third = branches
    weaves.set_weave(story, first)
    placing.move(story, first, 1)
    placing.move_beside(story, first, second, before=True)
    placing.shift(story, first, 1)
    assert reading.children(story, 1) == [second, first, third]
    assert tips.weave_tip(story) == first


def test_marks_go_along_with_what_is_moved(story: Story, branches: list[int]) -> None:
    first, _, third = branches
    for key in ("note", "why", "reason", "label", "plan"):
        marks.set_text(story, first, key, f"The {key}.")
    marks.tag(story, first, "sea")
    marks.bookmark(story, first, "Here")
    marks.set_chapter(story, first, "One", 1)
    before = story.read.execute("SELECT key, value FROM attr WHERE owner = ?", (first,)).fetchall()
    placing.move(story, first, third)
    after = story.read.execute("SELECT key, value FROM attr WHERE owner = ?", (first,)).fetchall()
    assert after == before


@pytest.mark.parametrize("before", [True, False])
def test_a_branch_comes_to_stand_right_beside_another(
    story: Story, branches: list[int], before: bool
) -> None:
    first, second, third = branches
    placing.move_beside(story, third, first, before=before)
    expected = [third, first, second] if before else [first, third, second]
    assert reading.children(story, 1) == expected
    below = shape.write_child(story, second, "Below.")
    placing.move_beside(story, first, below, before=before)
    assert reading.children(story, second) == ([first, below] if before else [below, first])
    assert check.check(story).faults == []


def test_many_moves_into_one_place_keep_their_order(story: Story) -> None:
    first, last = (shape.write_child(story, 1, text) for text in ("First.", "Last."))
    between = [shape.write_child(story, 1, f"{number}.") for number in range(30)]
    for node in between:
        placing.move_beside(story, node, last, before=True)
    assert reading.children(story, 1) == [first, *between, last]
    for node in between:
        placing.move_beside(story, node, first)
    assert reading.children(story, 1) == [first, *between[::-1], last]


def test_shifting_passes_over_what_is_pruned_and_stops_at_the_ends(story: Story) -> None:
    nodes = [shape.write_child(story, 1, f"{number}.") for number in range(6)]
    for node in nodes[1:4]:
        shape.prune(story, node)
    first, fifth, sixth = nodes[0], nodes[4], nodes[5]
    assert placing.shift(story, first, 1)
    assert reading.children(story, 1) == [fifth, first, sixth]
    assert placing.shift(story, first, 99)
    assert reading.children(story, 1) == [fifth, sixth, first]
    before = ops(story)
    assert not placing.shift(story, first, 1)
    assert not placing.shift(story, fifth, -1)
    assert not placing.shift(story, sixth, 0)
    assert ops(story) == before
    assert placing.shift(story, first, -99)
    assert reading.children(story, 1) == [first, fifth, sixth]
    history.undo(story)
    assert reading.children(story, 1) == [fifth, sixth, first]
    assert check.check(story).faults == []


def test_nothing_hangs_on_itself(story: Story, branches: list[int]) -> None:
    first, second, _ = branches
    below = shape.write_child(story, first, "Below.")
    deep = shape.write_child(story, below, "Deep.")
    for target in (first, below, deep):
        with refused(story, "nothing can hang on itself"):
            placing.move(story, first, target)
    for sibling in (below, deep):
        with refused(story, "nothing can hang on itself"):
            placing.move_beside(story, first, sibling)
    with refused(story, "cannot stand beside itself"):
        placing.move_beside(story, second, second)


def test_what_is_not_there_is_neither_moved_nor_copied_nor_a_place(
    story: Story, branches: list[int]
) -> None:
    for missing in (99, -1):
        for place in (
            lambda node: placing.move(story, node, 1),
            lambda node: placing.move(story, branches[0], node),
            lambda node: placing.move_beside(story, branches[0], node),
            lambda node: placing.move_beside(story, node, branches[0]),
            lambda node: placing.shift(story, node, 1),
            lambda node: placing.copy(story, node, 1),
            lambda node: placing.copy(story, branches[0], node),
        ):
            with refused(story, f"no node n{missing}"):
                place(missing)


def test_what_is_pruned_is_neither_moved_nor_copied_nor_a_place(
    story: Story, branches: list[int]
) -> None:
    first, second, third = branches
    below = shape.write_child(story, second, "Below.")
    shape.prune(story, second)
    steps = (
        lambda: placing.move(story, second, first),
        lambda: placing.move_beside(story, second, first),
        lambda: placing.shift(story, second, 1),
        lambda: placing.copy(story, second, first),
        lambda: placing.copy(story, below, first),
        lambda: placing.move(story, first, second),
        lambda: placing.move(story, first, below),
        lambda: placing.move_beside(story, first, below),
        lambda: placing.copy(story, third, second),
        lambda: placing.copy(story, third, below),
    )
    for place in steps:
        with refused(story, f"n{second} is pruned; restore it"):
            place()


def test_what_is_being_written_stays_where_it_is(story: Story, branches: list[int]) -> None:
    first, second, _ = branches
    (branch,) = growth.request(story, first, [Asked("m", {"prompt": "p"})])
    steps = (
        lambda: placing.move(story, branch.node, 1),
        lambda: placing.move(story, second, branch.node),
        lambda: placing.move_beside(story, branch.node, second),
        lambda: placing.shift(story, branch.node, 1),
        lambda: placing.copy(story, branch.node, 1),
        lambda: placing.copy(story, first, 1),
        lambda: placing.copy(story, 1, second),
        lambda: placing.copy(story, second, branch.node),
    )
    for place in steps:
        with refused(story, f"n{branch.node} is still being written"):
            place()
    # What it hangs on may go, and takes it along.
    placing.move(story, first, second)
    growth.finish(story, branch, "Arrived.", Result("stop"))
    assert reading.path(story, branch.node) == [1, second, first, branch.node]
    assert check.check(story).faults == []


def test_a_story_keeps_its_opening(story: Story, branches: list[int]) -> None:
    another = shape.write_child(story, 0, "Another opening.")
    shape.prune(story, another)
    for target in (*branches, another):
        with refused(story, "nothing can hang on itself|pruned; restore"):
            placing.move(story, 1, target)
    placing.move(story, branches[0], 0)
    assert reading.children(story, 0) == [1, branches[0]]
    placing.move(story, 1, branches[0])
    assert reading.children(story, 0) == [branches[0]]
    assert reading.root(story) == branches[0]
    with refused(story, "nothing can hang on itself"):
        placing.move(story, branches[0], 1)
    assert history.undo(story) == "node.move"
    assert reading.children(story, 0) == [1, branches[0]]
    assert check.check(story).faults == []


def test_the_last_opening_is_not_hung_on_one_that_is_still_empty(story: Story) -> None:
    (waiting,) = growth.request(story, 0, [Asked("m", {"prompt": "p"})])
    with refused(story, "still being written"):
        placing.move(story, 1, waiting.node)
    growth.finish(story, waiting, "Another opening.", Result("stop"))
    placing.move(story, 1, waiting.node)
    assert reading.children(story, 0) == [waiting.node]


def test_a_copy_keeps_who_wrote_it_and_what_was_said_of_it(
    story: Story, branches: list[int]
) -> None:
    first, second, third = branches
    shape.edit(story, first, "Typed, pasted.", (Run("human", 7), Run(PASTE, 7)))
    (model,) = grown(story, first, "By a model.")
    for key in ("note", "why", "reason", "label", "plan"):
        marks.set_text(story, first, key, f"The {key}.")
    marks.tag(story, model, "sea")
    marks.bookmark(story, model, "Here")
    marks.set_chapter(story, model, "One", 3)
    for node in (model, second):
        weaves.set_weave(story, node)
        weaves.set_weave(story, node, "dark")
    spent = growth.spent(story)
    top = placing.copy(story, first, third)
    (below,) = reading.children(story, top)
    assert reading.children(story, third) == [top]
    for source, copied in ((first, top), (model, below)):
        (theirs,) = reading.pieces(story, [source])
        (ours,) = reading.pieces(story, [copied])
        assert ours[1:] == theirs[1:]
        said = [
            dict(story.read.execute("SELECT key, value FROM attr WHERE owner = ?", (node,)))
            for node in (source, copied)
        ]
        result = [json.loads(each.pop("result", "{}")) for each in said]
        assert "cost" not in result[1]
        result[0].pop("cost", None)
        assert result[0] == result[1]
        woven = [key for key in said[0] if key.startswith("weave:")]
        assert {key: said[0][key] for key in said[0] if key not in woven} == said[1]
    (card,) = reading.cards(story, [below])
    assert (card.model, card.finish, card.edited) == ("m/one", "stop", False)
    assert growth.spent(story) == spent
    assert growth.request_of(story, reading.pieces(story, [below])[0].gen or 0) == {"prompt": "p"}
    assert check.check(story).faults == []


def test_a_copy_leaves_pruned_branches_and_lore_behind(story: Story, branches: list[int]) -> None:
    first, second, third = branches
    kept, cut = (shape.write_child(story, first, text) for text in ("Kept.", "Cut."))
    shape.write_child(story, cut, "Below the cut.")
    shape.prune(story, cut)
    lore.set_entry(story, {"title": "Salt"})
    top = placing.copy(story, first, third)
    assert reading.below(story, [top])[top] == (1, 1)
    (copied,) = reading.children(story, top)
    assert reading.pieces(story, [copied])[0].text == reading.pieces(story, [kept])[0].text
    assert reading.children(story, 1) == [first, second, third]


def test_a_copy_into_itself_holds_only_what_was_there(story: Story, branches: list[int]) -> None:
    first = branches[0]
    below = shape.write_child(story, first, "Below.")
    top = placing.copy(story, first, below)
    assert reading.strand_text(story, top) == "The sea was iron.One.Below.One."
    (last,) = reading.children(story, top)
    assert reading.children(story, last) == []
    onto = placing.copy(story, first, first)
    assert reading.children(story, first) == [below, onto]
    assert reading.below(story, [onto])[onto] == (3, 3)
    root = placing.copy(story, 1, 0)
    assert reading.children(story, 0) == [1, root]
    assert reading.below(story, [1])[1] == reading.below(story, [root])[root]
    assert check.check(story).faults == []


def test_copies_are_in_the_order_of_what_was_copied(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    nodes = [shape.write_child(story, top, f"{number}.") for number in range(9)]
    placing.move_beside(story, nodes[8], nodes[0], before=True)
    placing.shift(story, nodes[2], 3)
    for number, node in enumerate(nodes):
        for letter in "ab"[: number % 3]:
            shape.write_child(story, node, f"{number}{letter}")

    def texts(node: int) -> list[object]:
        (piece,) = reading.pieces(story, [node])
        return [piece.text, *(texts(kid) for kid in reading.children(story, node))]

    assert texts(placing.copy(story, top, 1)) == texts(top)


def test_a_copy_is_taken_back_and_made_again(story: Story, branches: list[int]) -> None:
    first, second, _ = branches
    shape.write_child(story, first, "Below.")
    marks.set_text(story, first, "note", "A note.")
    before = reading.below(story, [0, 1, second])
    top = placing.copy(story, first, second)
    after = reading.below(story, [0, 1, second, top])
    assert history.undo(story) == "node.copy"
    assert reading.below(story, [0, 1, second]) == before
    assert not reading.exists(story, top)
    assert check.check(story).faults == []
    assert history.redo(story) == "node.copy"
    assert reading.below(story, [0, 1, second, top]) == after
    assert marks.text_of(story, top, "note") == "A note."
    assert check.check(story).faults == []


def test_a_copy_of_thousands_and_its_undo_leave_a_sound_story(path: Path) -> None:
    parents = [1 if number % 40 == 0 else number + 1 for number in range(2_000)]
    with planted(path, parents) as story:
        shape.prune(story, 50)
        plain = Plain(story)
        size = len(list(plain.in_order(1)))
        top = placing.copy(story, 1, 30)
        assert reading.below(story, [top])[top] == (size - 1, size - 1)
        assert check.check(story).faults == []
        assert history.undo(story) == "node.copy"
        assert reading.below(story, [0])[0] == (size, 2_001)
        assert check.check(story).faults == []
        assert history.redo(story) == "node.copy"
        assert reading.below(story, [0])[0] == (2 * size, 2_001 + size)
        history.undo(story)
        assert history.undo(story) == "node.prune"
        assert check.check(story).faults == []
        again = path.with_name("again.loom")
        assert rebuild.rebuild(path, again) == 2_001 + size


def test_a_passage_put_between_is_followed_by_what_it_led_to_on_every_weave(
    story: Story, branches: list[int]
) -> None:
    first, second, third = branches
    below = shape.write_child(story, second, "Below.")
    for name in ("main", "dark"):
        weaves.set_weave(story, below, name)
    weaves.set_weave(story, third, "light")
    before = contents(story, "node", "attr")
    placing.put_between(story, first, second)
    assert reading.children(story, 1) == [first, third]
    assert reading.path(story, below) == [1, first, second, below]
    assert [tips.weave_tip(story, name) for name in ("main", "dark", "light")] == [
        below, below, third,
    ]  # fmt: skip
    assert check.check(story).faults == []
    assert history.undo(story) == "node.move"
    assert contents(story, "node", "attr") == before


def test_only_branches_of_one_fork_are_put_one_before_the_other(
    story: Story, branches: list[int]
) -> None:
    first, second, third = branches
    below = shape.write_child(story, second, "Below.")
    for node, other in ((first, below), (first, first), (below, second), (1, first)):
        with refused(story, "no two branches of one fork"):
            placing.put_between(story, node, other)
    shape.prune(story, third)
    with refused(story, "n4 is pruned"):
        placing.put_between(story, first, third)
    with refused(story, "n4 is pruned"):
        placing.put_between(story, third, first)
