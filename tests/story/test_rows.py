"""The rows of the tree, walked from either end, are the tree written out."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.story import reading, rows, shape
from storyloom.story.rows import Row
from storyloom.story.story import Story


def grown(path: Path, parents: list[int]) -> Story:
    """A story whose node k + 2 hangs on the node that `parents[k]` names, in one operation."""
    story = Story.create(path, opening="Begin.")
    ends: dict[int, int] = {}
    with story.act("node.create") as act:
        for parent in parents:
            order = ends[parent] = ends.get(parent, 0) + 1
            act.add(parent, f"b{order:04}1", "x")
    return story


def flattened(story: Story) -> list[Row]:
    """The rows, by a walk over the whole tree that needs no stack of its own."""
    kids: dict[int, list[int]] = {}
    pruned: set[int] = set()
    for node, parent, flags in story.read.execute(
        "SELECT id, parent, flags FROM node WHERE NOT flags & 2 ORDER BY parent, ord, id"
    ).fetchall():
        if flags & 1:
            pruned.add(parent)
        else:
            kids.setdefault(parent, []).append(node)
    out: list[Row] = []
    waiting = [Row(0)]
    while waiting:
        row = waiting.pop()
        if row != Row(0):
            out.append(row)
        if row.pruned or (row.node and rows.folded(story, row.node)):
            continue
        if row.node in pruned:
            waiting.append(Row(row.node, pruned=True))
        waiting += [Row(node) for node in reversed(kids.get(row.node, []))]
    return out


def walked(story: Story, *, back: bool = False) -> list[Row]:
    """The rows one at a time, as a cursor goes."""
    out: list[Row] = []
    if back:
        row: Row = flattened(story)[-1]
        out.append(row)
        while found := rows.preceding(story, row, 1):
            (row,) = found
            out.append(row)
        return out
    row = Row(0)
    while found := rows.following(story, row, 1):
        (row,) = found
        out.append(row)
    return out


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    links=st.lists(st.integers(0, 1 << 30), min_size=1, max_size=40),
    cut=st.sets(st.integers(2, 41), max_size=8),
    folds=st.sets(st.integers(1, 41), max_size=6),
)
def test_a_cursor_meets_every_row_once(
    tmp_path_factory: pytest.TempPathFactory, links: list[int], cut: set[int], folds: set[int]
) -> None:
    parents = [link % (index + 2) for index, link in enumerate(links)]
    with grown(tmp_path_factory.mktemp("rows") / "story.loom", parents) as story:
        for node in cut & set(range(2, len(links) + 2)):
            shape.prune(story, node)
        for node in folds & set(range(1, len(links) + 2)):
            rows.fold(story, node, True)
        expected = flattened(story)
        assert walked(story) == expected
        assert walked(story, back=True) == expected[::-1]
        middle = expected[len(expected) // 2]
        at = expected.index(middle)
        assert rows.following(story, middle, 5) == expected[at + 1 : at + 6]
        assert rows.preceding(story, middle, 5) == expected[max(0, at - 5) : at]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_chain_of_three_thousand_is_no_deeper_than_a_stack_of_cards(
    path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    parents = list(range(1, 3_001)) + [rng.randint(1, 3_000) for _ in range(40)]
    with grown(path, parents) as story:
        for node in rng.sample(range(3_002, 3_042), 12):
            shape.prune(story, node)
        assert rows.following(story, Row(0), 10_000) == flattened(story)
        last = flattened(story)[-1]
        assert rows.preceding(story, last, 10_000) == flattened(story)[:-1]
        assert reading.depth(story, 3_001) == 3_001
        assert reading.path(story, 3_001) == list(range(1, 3_002))
        assert len(reading.strand_text(story, 3_001)) == 3_000 + len("Begin.")


def test_what_is_remembered_of_a_walk_ends_with_a_change(story: Story) -> None:
    first = shape.write_child(story, 1, "One.")
    assert rows.following(story, Row(first), 1) == []
    second = shape.write_sibling(story, first, "Two.")
    assert rows.following(story, Row(first), 1) == [Row(second)]
    below = shape.write_child(story, first, "Below.")
    assert rows.preceding(story, Row(second), 1) == [Row(below)]
    with Story(story.path) as other:
        rows.fold(other, first, True)
    assert rows.preceding(story, Row(second), 1) == [Row(first)]


def test_unfolding_shows_a_hidden_node(story: Story) -> None:
    child = shape.write_child(story, 1, "One.")
    grandchild = shape.write_child(story, child, "Two.")
    for node in (1, child):
        rows.fold(story, node, True)
    rows.unfold_to(story, grandchild)
    assert not rows.folded(story, 1)
    assert not rows.folded(story, child)
    rows.unfold_to(story, 999)


def test_rows_of_what_is_not_there_are_none(story: Story) -> None:
    assert rows.following(story, Row(999), 3) == []
    assert rows.preceding(story, Row(999), 3) == []
    assert rows.following(story, Row(999, pruned=True), 3) == []
    assert rows.preceding(story, Row(1), 3) == []
