"""What became of each node, held against a walk through the tree by hand."""

import json
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyloom.story import growth, history, marks, placing, purging, shape, weaves
from storyloom.story.fates import Fate, Fates, Place, fates
from storyloom.story.growth import Asked, Result
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story
from tests.story.trees import Plain, grown, planted, step


def found(story: Story) -> Fates:
    return fates(story.read)


def by_hand(story: Story, plain: Plain, node: int) -> Place:
    """A node's place as its strand tells it."""
    strand = plain.above(node)
    chapter = next((each for each in strand if marks.text_of(story, each, "chapters")), 0)
    hidden = [plain.flags[each] for each in strand if plain.flags[each] & (GONE | PRUNED)]
    if hidden:
        return Place(chapter, Fate.GONE if hidden[0] & GONE else Fate.PRUNED)
    for weave in weaves.weaves(story):
        at = 0
        while at := _next(story, plain, at, weave.name):
            if at == node:
                return Place(chapter, Fate.WOVEN)
    return Place(chapter, Fate.LEFT)


def _next(story: Story, plain: Plain, node: int, weave: str) -> int:
    row = story.read.execute(
        "SELECT value FROM attr WHERE owner = ? AND key = ?", (node, f"weave:{weave}")
    ).fetchone()
    return row[0] if row and row[0] in plain.shown_kids(node) else 0


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=25)
def test_each_node_stands_where_its_strand_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.mktemp("fates") / "story.loom"
    with planted(path, [chance.randint(1, node - 1) for node in range(2, 30)]) as story:
        for _ in range(25):
            step(story, chance)
            node = chance.choice(Plain(story).alive())
            if chance.random() < 0.2:
                marks.set_chapter(story, node, f"Chapter {node}")
        plain = Plain(story)
        here = found(story)
        assert here.numbers.keys() - {0} == plain.parent.keys()
        for node in plain.parent:
            if plain.flags[node] & GONE:
                # One that was joined into another stands where that one does: see below.
                continue
            assert here.of(node) == by_hand(story, plain, node), node


def test_what_was_joined_into_another_stands_where_that_one_does(story: Story) -> None:
    (first,) = grown(story, 1, "One.")
    (second,) = grown(story, first, "Two.")
    (third,) = grown(story, second, "Three.")
    weaves.set_weave(story, third)
    kept = shape.join(story, second).node
    assert kept == second
    assert found(story).of(first).fate is Fate.WOVEN
    assert shape.join(story, third).node == third
    assert [found(story).of(node).fate for node in (first, second, third)] == [Fate.WOVEN] * 3
    shape.prune(story, third)
    assert [found(story).of(node).fate for node in (first, second, third)] == [Fate.PRUNED] * 3


def test_a_batch_that_was_taken_back_is_pruned(story: Story) -> None:
    first, _ = grown(story, 1, "One.", "Or.")
    assert history.undo(story) == "gen.request"
    assert found(story).of(first).fate is Fate.PRUNED
    history.redo(story)
    assert found(story).of(first).fate is Fate.LEFT


def test_a_join_that_was_taken_back_is_followed_no_more(story: Story) -> None:
    (first,) = grown(story, 1, "One.")
    (second,) = grown(story, first, "Two.")
    shape.join(story, second)
    assert history.undo(story) == "node.join"
    shape.prune(story, second)
    assert [found(story).of(node).fate for node in (first, second)] == [Fate.LEFT, Fate.PRUNED]


def test_a_purged_node_counts_as_pruned(story: Story) -> None:
    first, second = grown(story, 1, "One.", "Two.")
    (below,) = grown(story, first, "Below.")
    shape.prune(story, first)
    purging.purge(story, [first])
    assert [found(story).of(node).fate for node in (first, below)] == [Fate.PRUNED] * 2
    assert found(story).of(second).fate is Fate.LEFT


def test_chapters_come_in_the_order_of_the_weave(story: Story) -> None:
    aside, first = grown(story, 1, "Aside.", "One.")
    (second,) = grown(story, first, "Two.")
    weaves.set_weave(story, second)
    for node, title in ((second, "Last"), (aside, "Elsewhere"), (first, ""), (1, "Begin")):
        marks.set_chapter(story, node, title)
    here = found(story)
    assert list(here.chapters.items()) == [
        (1, "Begin"), (first, ""), (second, "Last"), (aside, "Elsewhere"),
    ]  # fmt: skip
    assert here.of(second).chapter == second
    # Younger than what is below it, as the first half of a split is.
    half = shape.split(story, first, 2)
    assert found(story).of(half) == Place(half, Fate.WOVEN)
    assert found(story).of(first).chapter == half


def test_a_file_from_elsewhere_may_hold_a_circle_or_nonsense() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE node(id INTEGER PRIMARY KEY, parent, flags);"
        "CREATE TABLE attr(owner, key, value);"
        "CREATE TABLE change(op, owner, key, new, seq);"
        "INSERT INTO node VALUES(1, 0, 0), (2, 3, 0), (3, 2, 0), (4, 99, 0), (5, 4, 1),"
        " (9000000000000000000, 1, 0), (6, 9000000000000000000, 0);"
        "INSERT INTO attr VALUES(0, 'weave:main', 1), (1, 'weave:main', 'x'), (2, 'chapters', '{');"
    )
    here = fates(db)
    assert len(here.numbers) == 8
    assert here.of(1).fate is Fate.WOVEN
    assert here.of(5).fate is Fate.PRUNED
    assert here.of(7) == Place(0, Fate.LEFT)
    assert here.chapters == {}


def test_a_move_under_a_younger_node_is_followed(story: Story) -> None:
    first, second = grown(story, 1, "One.", "Two.")
    (below,) = grown(story, first, "Below.")
    placing.move(story, first, second)
    marks.set_chapter(story, second, "Here")
    shape.prune(story, second)
    assert {found(story).of(node) for node in (first, second, below)} == {
        Place(second, Fate.PRUNED)
    }


def test_nothing_is_known_of_no_nodes(path: Path) -> None:
    with Story.create(path) as story:
        (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "p"})])
        growth.finish(story, branch, "", Result("error"))
        assert found(story).of(branch.node).fate is Fate.GONE
        assert json.dumps(found(story).chapters) == "{}"
