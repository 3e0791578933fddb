"""The tree as rows on a screen: a window of them around an anchor, never the whole.

A row is a node, or the one line that stands for a parent's pruned children, after its other ones.
Walking from row to row costs a few index look-ups, however deep or wide the tree is; where a climb
may be long it is one statement. Folds are kept in the file's `fold` table.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from storyloom.story import leaps
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story

__all__ = ["Row", "fold", "folded", "following", "preceding", "unfold_to"]

T = TypeVar("T")

_HIDDEN = GONE | PRUNED


class Row(NamedTuple):
    """One line of the tree."""

    node: int
    """The node, or the parent whose pruned children the line counts."""
    pruned: bool = False
    """Whether it is the line of pruned children."""


_FIRST_CHILD = (
    "SELECT id FROM node INDEXED BY node_kids "
    f"WHERE parent = ? AND NOT flags & {_HIDDEN} ORDER BY ord, id LIMIT 1"
)
_LAST_CHILD = (
    "SELECT id FROM node INDEXED BY node_kids "
    f"WHERE parent = ? AND NOT flags & {_HIDDEN} ORDER BY ord DESC, id DESC LIMIT 1"
)
_HAS_PRUNED = (
    "SELECT 1 FROM node INDEXED BY node_kids "
    f"WHERE parent = ? AND flags & {PRUNED} AND NOT flags & {GONE} LIMIT 1"
)
_PREVIOUS_SIBLING = (
    "SELECT k.id FROM node n JOIN node k ON k.parent = n.parent "
    f"AND (k.ord, k.id) < (n.ord, n.id) AND NOT k.flags & {_HIDDEN} "
    "WHERE n.id = ? ORDER BY k.ord DESC, k.id DESC LIMIT 1"
)
# The nearest ancestor-or-self that something follows: a sibling, or its parent's pruned line.
_CLIMB = f"""
WITH RECURSIVE up(id, parent, ord) AS (
    SELECT id, parent, ord FROM node WHERE id = ?
    UNION ALL SELECT p.id, p.parent, p.ord FROM up JOIN node p ON p.id = up.parent
    AND {leaps.no_post("p.id")}
)
SELECT parent,
    (SELECT k.id FROM node k WHERE k.parent = up.parent AND (k.ord, k.id) > (up.ord, up.id)
        AND NOT k.flags & {_HIDDEN} ORDER BY k.ord, k.id LIMIT 1) AS sibling,
    EXISTS(SELECT 1 FROM node k WHERE k.parent = up.parent AND k.flags & {PRUNED}
        AND NOT k.flags & {GONE}) AS pruned
FROM up WHERE sibling IS NOT NULL OR pruned LIMIT 1
"""
_DOWN = f"""
WITH RECURSIVE down(id, n) AS (
    SELECT ?, 0
    UNION ALL SELECT (SELECT k.id FROM node k WHERE k.parent = down.id
        AND NOT k.flags & {_HIDDEN} ORDER BY k.ord DESC, k.id DESC LIMIT 1), n + 1
    FROM down WHERE down.id IS NOT NULL AND {{0}}
        AND NOT EXISTS(SELECT 1 FROM fold WHERE node = down.id)
        AND NOT EXISTS(SELECT 1 FROM node k WHERE k.parent = down.id AND k.flags & {PRUNED}
            AND NOT k.flags & {GONE})
)
SELECT id FROM down WHERE id IS NOT NULL ORDER BY n DESC LIMIT 1
"""
_TO_A_POST = _DOWN.format(leaps.BELOW_A_POST)
_TO_THE_END = _DOWN.format("1")


def following(story: Story, row: Row, count: int) -> list[Row]:
    """Return up to `count` rows behind `row`, in order."""
    out: list[Row] = []
    current: Row | None = row
    while current is not None and len(out) < count:
        current = _next(story, current)
        if current is not None:
            out.append(current)
    return out


def preceding(story: Story, row: Row, count: int) -> list[Row]:
    """Return up to `count` rows before `row`, in order."""
    out: list[Row] = []
    current: Row | None = row
    while current is not None and len(out) < count:
        current = _previous(story, current)
        if current is not None:
            out.append(current)
    out.reverse()
    return out


def folded(story: Story, node: int) -> bool:
    """Whether what is below a node is folded away."""
    return _one(story, "SELECT 1 FROM fold WHERE node = ?", node) is not None


def fold(story: Story, node: int, away: bool) -> None:
    """Fold away what is below a node, or show it again."""
    verb = "INSERT OR IGNORE INTO fold VALUES(?)" if away else "DELETE FROM fold WHERE node = ?"
    with story.quick() as db:
        db.execute(verb, (node,))


def unfold_to(story: Story, node: int) -> None:
    """Show again whatever hides `node` in a fold."""
    rows = story.read.execute(
        "WITH RECURSIVE up(id) AS (SELECT parent FROM node WHERE id = ? UNION ALL "
        "SELECT node.parent FROM up JOIN node ON node.id = up.id WHERE node.parent <> 0) "
        "SELECT fold.node FROM up JOIN fold ON fold.node = up.id",
        (node,),
    ).fetchall()
    if rows:
        with story.quick() as db:
            db.executemany("DELETE FROM fold WHERE node = ?", rows)


_Walks: TypeAlias = "tuple[int, dict[tuple[str, int], Any]]"
_walked: WeakKeyDictionary[Story, _Walks] = WeakKeyDictionary()


def _long_way(story: Story, way: Callable[[Story, int], T], node: int) -> T:
    """Walk up or down as far as it goes; remembered until anything in the file changes.

    A cursor that stays at the end of a long branch asks again at each step.
    """
    version = story.read.execute("PRAGMA data_version").fetchone()[0]
    seen, found = _walked.get(story, (0, {}))
    if seen != version or len(found) > 10_000:
        found = {}
        _walked[story] = (version, found)
    key = (way.__name__, node)
    if key not in found:
        found[key] = way(story, node)
    return found[key]


def _climbed(story: Story, node: int) -> tuple[Any, ...] | None:
    return leaps.climb(story.read, _CLIMB, node)


def _descended(story: Story, node: int) -> int:
    if story.read.execute("SELECT 1 FROM fold LIMIT 1").fetchone() is None:
        return leaps.descend(story.read, _TO_A_POST, node)
    # A leap would pass over a fold.
    return story.read.execute(_TO_THE_END, (node,)).fetchone()[0]


def _one(story: Story, query: str, node: int) -> int | None:
    row = story.read.execute(query, (node,)).fetchone()
    return row[0] if row else None


def _next(story: Story, row: Row) -> Row | None:
    if not row.pruned and not folded(story, row.node):
        child = _one(story, _FIRST_CHILD, row.node)
        if child is not None:
            return Row(child)
        if _one(story, _HAS_PRUNED, row.node) is not None:
            return Row(row.node, pruned=True)
    # The line of pruned children is the last below its parent: both go on from there.
    found = _long_way(story, _climbed, row.node)
    if found is None:
        return None
    parent, sibling, _ = found
    return Row(sibling) if sibling is not None else Row(parent, pruned=True)


def _previous(story: Story, row: Row) -> Row | None:
    if row.pruned:
        last = _one(story, _LAST_CHILD, row.node)
        if last is None:
            return Row(row.node) if row.node else None
        return _last_below(story, last)
    sibling = _one(story, _PREVIOUS_SIBLING, row.node)
    if sibling is not None:
        return _last_below(story, sibling)
    parent = _one(story, "SELECT parent FROM node WHERE id = ?", row.node)
    return Row(parent) if parent else None


def _last_below(story: Story, node: int) -> Row:
    last = _long_way(story, _descended, node)
    if not folded(story, last) and _one(story, _HAS_PRUNED, last) is not None:
        return Row(last, pruned=True)
    return Row(last)
