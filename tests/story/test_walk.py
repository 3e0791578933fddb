"""Ends, forks and rows, told a page at a time, are those of the tree written out."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import rows, shape, tally, walk
from storyloom.story.rows import Row
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story
from tests.story.trees import Plain, by_chance, planted, step


@pytest.fixture(params=range(4))
def tree(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Story]:
    """A tree by chance, with long strands, pruned branches and small clusters."""
    monkeypatch.setattr(tally, "CLUSTER", 6)
    chance = random.Random(request.param)
    with planted(path, by_chance(chance, 150, long=0.85)) as story:
        for node in chance.sample(range(2, 150), 4):
            shape.prune(story, node)
        for _ in range(25):
            step(story, chance)
        yield story


def ends(plain: Plain, top: int = 0) -> list[int]:
    return [node for node in plain.in_order(top) if not plain.shown_kids(node)]


def forked(plain: Plain, top: int = 0) -> list[int]:
    return [node for node in plain.in_order(top) if len(plain.shown_kids(node)) > 1]


def test_all_ends_and_forks_are_told_in_order(tree: Story) -> None:
    plain = Plain(tree)
    assert walk.leaves(tree, count=1_000) == ends(plain)
    assert walk.forks(tree, count=1_000) == forked(plain)
    assert len(ends(plain)) > 5


def test_pages_put_together_are_the_whole(tree: Story) -> None:
    plain = Plain(tree)
    for page, whole in ((walk.leaves, ends(plain)), (walk.forks, forked(plain))):
        for count in (1, 3):
            found: list[int] = []
            while more := page(tree, after=found[-1] if found else 0, count=count):
                assert len(more) <= count
                found += more
            assert found == whole


def test_what_is_below_a_node_is_told_alone(tree: Story) -> None:
    plain = Plain(tree)
    for node in plain.in_order():
        assert walk.leaves(tree, below=node, count=1_000) == ends(plain, node)
        assert walk.forks(tree, below=node, count=1_000) == forked(plain, node)


def test_what_is_behind_any_node_is_told(tree: Story) -> None:
    plain = Plain(tree)
    order = list(plain.in_order())
    for at, node in enumerate(order):
        behind = order[at + 1 :]
        assert walk.leaves(tree, after=node, count=1_000) == [
            each for each in ends(plain) if each in behind
        ]
        assert walk.forks(tree, after=node, count=1_000) == [
            each for each in forked(plain) if each in behind
        ]
    top = order[len(order) // 3]
    inside = list(plain.in_order(top))
    for at, node in enumerate(inside):
        expected = [each for each in ends(plain, top) if each in inside[at + 1 :]]
        assert walk.leaves(tree, below=top, after=node, count=1_000) == expected


def test_a_page_of_none_is_empty(story: Story) -> None:
    assert walk.leaves(story, count=0) == []
    assert walk.leaves(story) == [1]
    assert walk.forks(story) == []
    assert walk.leaves(story, after=1) == []


def test_a_node_that_is_not_there_has_no_ends(story: Story) -> None:
    assert walk.leaves(story, after=99) == []
    assert walk.leaves(story, below=99) == []
    assert walk.forks(story, below=99) == []


def test_a_page_goes_on_behind_what_was_pruned_meanwhile(story: Story) -> None:
    first, second = (shape.write_child(story, 1, text) for text in ("One.", "Two."))
    for parent in (first, second):
        for text in ("a", "b"):
            shape.write_child(story, parent, text)
    assert walk.forks(story, count=2) == [1, first]
    shape.prune(story, first)
    assert walk.forks(story, after=first) == [second]
    assert walk.leaves(story, after=first) == walk.leaves(story, below=second)


def flattened(story: Story) -> list[Row]:
    """The rows of the tree, by a walk that needs no stack of its own."""
    plain = Plain(story)
    folded = {row[0] for row in story.read.execute("SELECT node FROM fold").fetchall()}
    pruned = {
        plain.parent[node]
        for node, flags in plain.flags.items()
        if flags & PRUNED and not flags & GONE
    }
    out: list[Row] = []
    waiting = [Row(0)]
    while waiting:
        row = waiting.pop()
        if row != Row(0):
            out.append(row)
        if row.pruned or row.node in folded:
            continue
        if row.node in pruned:
            waiting.append(Row(row.node, pruned=True))
        waiting += [Row(kid) for kid in reversed(plain.shown_kids(row.node))]
    return out


def meets_every_row(story: Story, chance: random.Random) -> None:
    expected = flattened(story)
    assert rows.following(story, Row(0), 10_000) == expected
    assert rows.preceding(story, expected[-1], 10_000) == expected[:-1]
    for at in chance.sample(range(len(expected)), min(40, len(expected))):
        assert rows.following(story, expected[at], 3) == expected[at + 1 : at + 4]
        assert rows.preceding(story, expected[at], 3) == expected[max(0, at - 3) : at]


def test_rows_are_the_tree_whatever_is_folded(tree: Story) -> None:
    chance = random.Random(1)
    meets_every_row(tree, chance)
    nodes = list(Plain(tree).in_order())
    for node in chance.sample(nodes, 12):
        rows.fold(tree, node, True)
        meets_every_row(tree, chance)
    for (node,) in tree.read.execute("SELECT node FROM fold").fetchall():
        rows.fold(tree, node, False)
    assert len(flattened(tree)) >= len(nodes)
    meets_every_row(tree, chance)


def test_rows_of_a_chain_of_two_thousand(path: Path) -> None:
    chance = random.Random(2)
    aside = [chance.randint(1, 2_000) for _ in range(12)]
    with planted(path, [*range(1, 2_000), *aside]) as story:
        for node in range(2_001, 2_005):
            shape.prune(story, node)
        meets_every_row(story, chance)
        for node in (1_900, 700, 1_200, 2_007):
            rows.fold(story, node, True)
            meets_every_row(story, chance)
        assert len(flattened(story)) < 720
        rows.unfold_to(story, 2_000)
        assert Row(2_000) in rows.following(story, Row(0), 10_000)
        meets_every_row(story, chance)
