"""A jump lands where a walk node by node would end, also when it leaps over a strand."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import check, jumps, marks, placing, shape, tally, weaves
from storyloom.story.story import Story
from tests.story.trees import Plain, by_chance, planted, step


class Walker(Plain):
    """The tree, its main weave and its chapters, and jumps made node by node."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        rows = story.read.execute("SELECT owner, value FROM attr WHERE key = 'weave:main'")
        self.weave = dict(rows.fetchall())
        rows = story.read.execute("SELECT owner FROM attr WHERE key = 'chapters'")
        self.chapters = {row[0] for row in rows.fetchall()}

    def on(self, node: int) -> int:
        """Where the story goes on from a node: the weave, else the first branch."""
        kids = self.shown_kids(node)
        woven = self.weave.get(node)
        return woven if woven in kids else kids[0] if kids else 0

    def fork_before(self, node: int) -> int:
        above = self.above(node)
        forks = (each for each in above[1:] if len(self.shown_kids(each)) > 1)
        return next(forks, above[-1])

    def fork_after(self, node: int) -> int:
        while following := self.on(node):
            node = following
            if len(self.shown_kids(node)) > 1:
                break
        return node

    def leftmost_leaf(self, node: int) -> int:
        while following := self.on(node):
            node = following
        return node

    def chapter_before(self, node: int) -> int:
        above = self.above(node)
        return next((each for each in above[1:] if each in self.chapters), above[-1])

    def chapter_after(self, node: int) -> int:
        while node := self.on(node):
            if node in self.chapters:
                break
        return node


JUMPS = ("fork_before", "fork_after", "leftmost_leaf", "chapter_before", "chapter_after")


def lands_right(story: Story) -> None:
    """Compare every jump from every node that is there, hidden ones too."""
    walker = Walker(story)
    for node in walker.alive():
        for jump in JUMPS:
            found = getattr(jumps, jump)(story, node)
            assert (jump, node, found) == (jump, node, getattr(walker, jump)(node))


@pytest.fixture
def leaps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small clusters, and the leaps that were made while the test ran."""
    monkeypatch.setattr(tally, "CLUSTER", 6)
    made: list[str] = []

    for name in ("past_lone_above", "past_lone_below"):
        real = getattr(tally, name)

        def leapt(db: sqlite3.Connection, node: int, real=real, name: str = name) -> int:
            found = real(db, node)
            start = node if name == "past_lone_below" else tally._post_of(db, node)[0]
            if found != start:
                made.append(name)
            return found

        monkeypatch.setattr(tally, name, leapt)
    yield
    assert {"past_lone_above", "past_lone_below"} <= set(made)


@pytest.mark.usefixtures("leaps")
@pytest.mark.parametrize("seed", range(5))
def test_jumps_in_any_tree_land_where_a_walk_ends(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with planted(path, by_chance(chance, 140, long=0.94)) as story:
        lands_right(story)
        for node in chance.sample(range(2, 140), 4):
            shape.prune(story, node)
        shown = list(Walker(story).in_order())
        for node in chance.sample(shown, min(4, len(shown))):
            weaves.set_weave(story, node)
        for node in chance.sample(shown, min(6, len(shown))):
            marks.set_chapter(story, node, "A chapter")
        lands_right(story)
        for _ in range(15):
            step(story, chance)
        lands_right(story)
        assert check.check(story).faults == []


@pytest.mark.usefixtures("leaps")
def test_a_leap_stops_where_a_strand_was_cut_moved_or_branched(path: Path) -> None:
    with planted(path, list(range(1, 120))) as story:
        lands_right(story)
        aside = shape.write_child(story, 60, "Aside.")
        lands_right(story)
        shape.prune(story, aside)
        lands_right(story)
        shape.prune(story, 90)
        lands_right(story)
        placing.move(story, 40, 20)
        lands_right(story)
        placing.move(story, 70, 0)
        lands_right(story)
        shape.restore(story, [aside, 90])
        weaves.set_weave(story, aside)
        lands_right(story)
        assert jumps.leftmost_leaf(story, 1) == aside
        assert jumps.leftmost_leaf(story, 70) == 120
        assert jumps.fork_before(story, 120) == 70


def test_jumps_along_three_thousand_nodes(path: Path) -> None:
    with planted(path, [*range(1, 3_000), 5, 2_500]) as story:
        assert jumps.leftmost_leaf(story, 1) == 3_000
        assert jumps.fork_after(story, 1) == 5
        assert jumps.fork_after(story, 5) == 2_500
        assert jumps.fork_before(story, 3_000) == 2_500
        assert jumps.fork_before(story, 2_500) == 5
        assert jumps.fork_before(story, 5) == 1
        marks.set_chapter(story, 2_000, "Two thousand")
        assert jumps.chapter_before(story, 3_000) == 2_000
        assert jumps.chapter_before(story, 2_000) == 1
        assert jumps.chapter_after(story, 1) == 2_000
        assert jumps.chapter_after(story, 2_000) == 0
        weaves.set_weave(story, 3_001)
        assert jumps.chapter_after(story, 1) == 0


def test_jumps_of_one_opening_stay_in_it(story: Story) -> None:
    other = shape.write_child(story, 0, "Another opening.")
    below = shape.write_child(story, other, "Below.")
    assert jumps.fork_before(story, below) == other
    assert jumps.fork_before(story, other) == other
    assert jumps.chapter_before(story, below) == other
    assert jumps.leftmost_leaf(story, 1) == 1
    assert jumps.fork_after(story, 1) == 1
