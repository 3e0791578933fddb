"""What is below each node, how deep it is and what hides it, against a walk over the whole tree."""

import random
from pathlib import Path

import pytest

from storyloom.story import check, history, placing, purging, recount, shape, tally
from storyloom.story.schema import PRUNED
from storyloom.story.story import Story
from tests.story.trees import Plain, by_chance, planted, step


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small clusters, so that small trees have many."""
    monkeypatch.setattr(tally, "CLUSTER", 6)


def counted_right(story: Story, chance: random.Random) -> None:
    db, plain = story.read, Plain(story)
    nodes = [0, *plain.alive()]
    assert tally.below(db, nodes) == {node: plain.below(node) for node in nodes}
    for node in nodes[1:]:
        above = plain.above(node)
        assert tally.below(db, [node])[node] == plain.below(node)
        assert tally.depth(db, node) == len(above)
        assert tally.hiding(db, node) == plain.hiding(node)
        assert tally.beginning(db, node) == above[-1]
        assert tally.within(db, node, 0)
        for top in [*above, *chance.sample(nodes[1:], min(8, len(nodes) - 1))]:
            assert tally.within(db, node, top) == (top in above), (node, top)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(6))
def test_counts_follow_every_step(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    parents = by_chance(chance, 90, long=chance.choice([0.3, 0.7, 0.95]))
    with planted(path, parents) as story:
        counted_right(story, chance)
        for number in range(60):
            step(story, chance)
            if number % 6 == 5:
                counted_right(story, chance)
        assert check.check(story).faults == []
        while history.undo(story) is not None:
            pass
        counted_right(story, chance)
        assert check.check(story).faults == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(3))
def test_counting_anew_gives_the_same_numbers(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with planted(path, by_chance(chance, 120, long=0.8)) as story:
        for _ in range(30):
            step(story, chance)
        plain = Plain(story)
        nodes = [0, *plain.alive()]
        before = tally.below(story.read, nodes)
        with story.quick() as db:
            recount.build(db)
        assert tally.below(story.read, nodes) == before
        counted_right(story, chance)
        assert check.check(story).faults == []
        for _ in range(20):
            step(story, chance)
        counted_right(story, chance)
        assert {each.node: (each.shown, each.whole) for each in recount.sums(story.read)} == {
            node: plain.below(node) for plain in [Plain(story)] for node in [0, *plain.flags]
        }


@pytest.mark.usefixtures("small")
def test_counting_below_one_node_anew_leaves_the_others_right(path: Path) -> None:
    chance = random.Random(7)
    with planted(path, by_chance(chance, 100, long=0.8)) as story:
        for top in chance.sample(range(2, 100), 12):
            with story.quick() as db:
                tally.watch(db, top)
                recount.recount(db, top)
            counted_right(story, chance)
        assert check.check(story).faults == []


@pytest.mark.usefixtures("small")
def test_purged_branches_are_counted_no_more(path: Path) -> None:
    chance = random.Random(8)
    with planted(path, by_chance(chance, 120, long=0.8)) as story:
        for _ in range(4):
            for node in chance.sample(Plain(story).alive()[1:], 3):
                if not Plain(story).flags[node] & PRUNED:
                    shape.prune(story, node)
            purging.purge(story, purging.pruned_roots(story)[:1])
            counted_right(story, chance)
            for _ in range(8):
                step(story, chance)
            counted_right(story, chance)
        assert check.check(story).faults == []


def test_nodes_that_are_not_there_count_for_nothing(story: Story) -> None:
    assert tally.below(story.read, [99]) == {99: (0, 0)}
    assert tally.depth(story.read, 99) == 0
    assert tally.hiding(story.read, 99) == 0
    assert not tally.within(story.read, 99, 1)
    assert not tally.within(story.read, 1, 99)


def test_a_chain_of_three_thousand_is_cut_moved_and_hung_back(path: Path) -> None:
    with planted(path, list(range(1, 3_000))) as story:
        db = story.read

        def below(*nodes: int) -> list[tuple[int, int]]:
            return [tuple(each) for each in tally.below(db, list(nodes)).values()]

        assert below(0, 1, 1_500, 3_000) == [
            (3_000, 3_000), (2_999, 2_999), (1_500, 1_500), (0, 0)
        ]  # fmt: skip
        assert tally.depth(db, 3_000) == 3_000
        shape.prune(story, 1_500)
        assert below(0, 1, 1_500, 2_999) == [
            (1_499, 3_000), (1_498, 2_999), (1_500, 1_500), (1, 1)
        ]  # fmt: skip
        assert (tally.hiding(db, 3_000), tally.hiding(db, 1_499)) == (1_500, 0)
        shape.restore(story, [1_500])
        placing.move(story, 1_500, 10)
        assert below(0, 10, 1_499) == [(3_000, 3_000), (2_990, 2_990), (0, 0)]
        assert tally.depth(db, 3_000) == 10 + 1_501
        assert tally.within(db, 3_000, 10)
        assert not tally.within(db, 3_000, 11)
        placing.move(story, 2_000, 1_499)
        assert tally.depth(db, 3_000) == 1_499 + 1_001
        assert check.check(story).faults == []
        with story.quick() as writing:
            recount.build(writing)
        assert below(0, 10, 1_499, 1_999) == [
            (3_000, 3_000), (2_990, 2_990), (1_001, 1_001), (0, 0)
        ]  # fmt: skip
        for _ in range(4):
            history.undo(story)
        assert below(0, 1, 1_500) == [(3_000, 3_000), (2_999, 2_999), (1_500, 1_500)]
        assert check.check(story).faults == []


def test_a_fork_of_very_many_branches_is_counted(path: Path) -> None:
    with planted(path, [1] * 700 + [*range(2, 302)]) as story:
        assert tally.below(story.read, [0, 1])[1] == (1_000, 1_000)
        for node in range(2, 40):
            shape.prune(story, node)
        assert tally.below(story.read, [1])[1] == (1_000 - 2 * 38, 1_000)
        placing.move(story, 100, 200)
        assert tally.below(story.read, [200])[200] == (3, 3)
        assert check.check(story).faults == []


def test_a_strand_written_node_by_node_is_divided_and_counted(story: Story) -> None:
    node = 1
    for number in range(600):
        node = shape.write_child(story, node, f"{number}.")
    assert tally.depth(story.read, node) == 601
    assert tally.below(story.read, [1])[1] == (600, 600)
    posts = story.read.execute("SELECT count(*) FROM tally").fetchone()[0]
    assert posts > 2
    assert check.check(story).faults == []
