"""A strand of tens of thousands of passages, on which nothing may recurse nor take for ever."""

import shutil
from pathlib import Path

import pytest

from benchmarks import stories
from storyloom.exchange.book import book_of
from storyloom.exchange.writers.plain import plain
from storyloom.story import (
    check,
    growth,
    history,
    jumps,
    marks,
    placing,
    purging,
    reading,
    rebuild,
    recovery,
    rows,
    search,
    shape,
    tips,
    walk,
    weaves,
)  # fmt: skip
from storyloom.story.growth import Asked, Result
from storyloom.story.rows import Row
from storyloom.story.story import Story
from storyloom.text import Refusal

DEEP = 40_000
"""Far beyond any stack, and more than the 32,766 values that SQLite takes in one statement."""
LESSER = 10_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deep") / "deep.loom"
    stories.build(path, DEEP, "chain", words=3)
    return path


@pytest.fixture(scope="module")
def lesser_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesser") / "lesser.loom"
    stories.build(path, LESSER, "chain", words=3)
    return path


@pytest.fixture
def deep(built: Path, path: Path) -> Path:
    """A copy to change."""
    shutil.copy(built, path)
    return path


@pytest.fixture
def lesser(lesser_built: Path, path: Path) -> Path:
    """One of ten thousand, for what reads and writes all of it several times."""
    shutil.copy(lesser_built, path)
    return path


def test_it_is_read_at_both_ends_and_in_the_middle(built: Path) -> None:
    with Story(built) as story:
        assert tips.weave_tip(story) == DEEP
        assert reading.depth(story, DEEP) == DEEP
        assert reading.below(story, [0, 1, DEEP // 2]) == {
            0: (DEEP, DEEP), 1: (DEEP - 1, DEEP - 1), DEEP // 2: (DEEP // 2, DEEP // 2)
        }  # fmt: skip
        assert reading.path(story, DEEP) == list(range(1, DEEP + 1))
        assert len(reading.strand(story, DEEP)) == DEEP
        assert reading.strand_text(story, DEEP, least=100) in reading.strand_text(story, DEEP)
        middle = DEEP // 2
        assert rows.following(story, Row(middle), 3) == [Row(middle + n) for n in (1, 2, 3)]
        assert rows.preceding(story, Row(middle), 2) == [Row(middle - 2), Row(middle - 1)]
        assert rows.following(story, Row(DEEP), 3) == []
        assert jumps.fork_before(story, DEEP) == 1
        assert jumps.fork_after(story, 1) == jumps.leftmost_leaf(story, 1) == DEEP
        assert walk.leaves(story) == [DEEP]
        assert walk.forks(story) == []
        assert reading.standing(story, DEEP) == DEEP
        assert len(search.search(story, "the", limit=50, weave="main").hits) <= 50
        assert plain(book_of(story)).count("Part ") == len(reading.chapters(story, DEEP))


def test_it_is_changed_at_both_ends_and_in_the_middle(deep: Path) -> None:
    middle = DEEP // 2
    with Story(deep) as story:
        node = shape.write_child(story, DEEP, "On and on.")
        assert reading.depth(story, node) == DEEP + 1
        (place,) = growth.request(story, node, [Asked("m", {"prompt": "p"})])
        growth.finish(story, place, "Grown.", Result("stop"))
        first = shape.split(story, middle, 2)
        assert reading.depth(story, node) == DEEP + 2
        assert shape.join(story, middle).node == middle
        assert not reading.exists(story, first)
        with pytest.raises(Refusal, match="hang on itself"):
            placing.move(story, 2, DEEP)
        placing.move(story, DEEP, 1)
        assert reading.depth(story, node) == 3
        history.undo(story)
        shape.write_child(story, 1, "So that something stays.")
        shape.prune(story, 2)
        assert reading.standing(story, DEEP) == 1
        assert tips.weave_tip(story) == 1
        assert reading.below(story, [1])[1] == (1, DEEP + 2)
        history.undo(story)
        assert tips.weave_tip(story) == DEEP
        weaves.set_weave(story, 20_000, "another")
        assert tips.weave_tip(story, "another") == 20_000
        weaves.delete_weave(story, "another")
        history.undo(story)
        assert tips.weave_tip(story, "another") == 20_000
        marks.set_chapter(story, DEEP, "The end")
        assert check.check(story).faults == []


def test_half_of_it_is_copied_and_purged(lesser: Path) -> None:
    middle = LESSER // 2
    with Story(lesser) as story:
        copy = placing.copy(story, middle, 1)
        assert reading.below(story, [copy])[copy] == (LESSER - middle, LESSER - middle)
        assert history.undo(story) == "node.copy"
        assert history.redo(story) == "node.copy"
        shape.prune(story, copy)
        assert purging.purge(story, [copy]).nodes == LESSER - middle + 1
        assert reading.below(story, [0])[0] == (LESSER, LESSER)
        assert check.check(story).faults == []


def test_it_is_rebuilt_and_recovered(lesser: Path) -> None:
    rebuilt, recovered = lesser.with_name("rebuilt.loom"), lesser.with_name("recovered.loom")
    assert rebuild.rebuild(lesser, rebuilt) == LESSER
    content = bytearray(lesser.read_bytes())
    page = 4096 * (len(content) // 4096 // 2)
    content[page : page + 4096] = bytes(4096)
    lesser.write_bytes(content)
    found = recovery.recover(lesser, recovered)
    assert found.nodes == LESSER
    for made in (rebuilt, recovered):
        with Story(made) as story:
            assert reading.depth(story, LESSER) == LESSER
            assert check.check(story).faults == []
