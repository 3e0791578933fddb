"""A strand as rows: the branches of each of its forks beside each other, one fork below another."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.story import reading, shape, spine
from storyloom.story.rows import Row
from storyloom.story.story import Story
from tests.story.test_rows import grown


def written_out(story: Story, node: int, onward: dict[int, int]) -> list[Row]:
    """The rows from the root on, fork by fork, as a plain walk has them."""
    strand = reading.path(story, node)
    while onward.get(strand[-1]) in reading.children(story, strand[-1]):
        strand.append(onward[strand[-1]])
    rows: list[Row] = []
    for parent in [0, *strand]:
        block = [Row(child) for child in reading.children(story, parent)]
        if reading.pruned_children(story, parent):
            block.append(Row(parent, pruned=True))
        rows += block
    return rows


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    links=st.lists(st.integers(0, 1 << 30), min_size=1, max_size=30),
    cut=st.sets(st.integers(2, 31), max_size=8),
    at=st.integers(0, 1 << 30),
    ways=st.lists(st.integers(0, 1 << 30), min_size=31, max_size=31),
    count=st.integers(0, 40),
)
def test_the_rows_around_a_node_are_the_strand_fork_by_fork(
    tmp_path_factory: pytest.TempPathFactory,
    links: list[int],
    cut: set[int],
    at: int,
    ways: list[int],
    count: int,
) -> None:
    parents = [link % (index + 2) for index, link in enumerate(links)]
    with grown(tmp_path_factory.mktemp("spine") / "story.loom", parents) as story:
        for node in cut & set(range(2, len(links) + 2)):
            shape.prune(story, node)
        node = reading.standing(story, at % (len(links) + 1) + 1)
        onward: dict[int, int] = {}
        for parent in range(1, len(links) + 2):
            if kids := reading.children(story, parent, pruned=True):
                onward[parent] = kids[ways[parent - 1] % len(kids)]
        whole = written_out(story, node, onward)
        here = whole.index(Row(node))
        before, behind = spine.around(story, node, count, lambda parent: onward.get(parent, 0))
        assert before == whole[max(0, here - count) : here]
        assert behind == whole[here + 1 : here + 1 + count]


def test_a_step_along_the_strand_changes_none_of_its_rows(path: Path) -> None:
    with grown(path, [1, 1, 2, 2, 4, 4, 6]) as story:
        onward = {1: 2, 2: 4, 4: 6, 6: 8}
        whole: set[tuple[Row, ...]] = set()
        for node in (1, 2, 4, 6, 8):
            before, behind = spine.around(story, node, 99, lambda parent: onward.get(parent, 0))
            whole.add((*before, Row(node), *behind))
        assert len(whole) == 1


def test_a_pruned_node_that_was_gone_to_has_a_row(path: Path) -> None:
    with grown(path, [1, 1]) as story:
        shape.prune(story, 3)
        before, behind = spine.around(story, 3, 9, lambda _: 0)
        assert before == [Row(1), Row(2)]
        assert behind == [Row(1, pruned=True)]


def test_a_strand_of_three_thousand_costs_the_rows_that_are_asked_for(path: Path) -> None:
    with grown(path, list(range(1, 3_001))) as story:
        before, behind = spine.around(story, 1_500, 20, lambda parent: parent + 1)
        assert before == [Row(node) for node in range(1_480, 1_500)]
        assert behind == [Row(node) for node in range(1_501, 1_521)]
