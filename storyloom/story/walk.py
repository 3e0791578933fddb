"""The ends and the forks of a story in the order of the tree, a page of them at a time.

Pruned branches are passed over. A page costs what lies between its nodes, however large the story.
"""

import sqlite3

from storyloom.story import tally
from storyloom.story.schema import GONE, HIDDEN
from storyloom.story.story import Story

__all__ = ["forks", "leaves"]

_THERE = f"SELECT id FROM node WHERE id = ? AND NOT flags & {GONE}"
_FIRST = (
    "SELECT id FROM node INDEXED BY node_kids "
    f"WHERE parent = ? AND NOT flags & {HIDDEN} ORDER BY ord, id LIMIT 1"
)
# The nearest of a node and those above it, `top` and what is above that left out, that has a
# branch behind it.
_BEHIND = f"""
WITH RECURSIVE up(id, parent, ord) AS (
    SELECT id, parent, ord FROM node WHERE id = ?1 AND id <> ?2
    UNION ALL SELECT p.id, p.parent, p.ord FROM up JOIN node p ON p.id = up.parent AND p.id <> ?2
)
SELECT (SELECT k.id FROM node k WHERE k.parent = up.parent AND (k.ord, k.id) > (up.ord, up.id)
    AND NOT k.flags & {HIDDEN} ORDER BY k.ord, k.id LIMIT 1) AS sibling
FROM up WHERE sibling IS NOT NULL LIMIT 1
"""
# Down by first children, to a leaf or as far as only one branch goes on. The kids of a node are
# looked at up to the second.
_DOWN = f"""
WITH RECURSIVE down(id, kids, n) AS (
    SELECT ?1, (SELECT count(*) FROM (SELECT 1 FROM node k WHERE k.parent = ?1
        AND NOT k.flags & {HIDDEN} LIMIT 2)), 0
    UNION ALL
    SELECT f.id, (SELECT count(*) FROM (SELECT 1 FROM node k WHERE k.parent = f.id
        AND NOT k.flags & {HIDDEN} LIMIT 2)), n + 1
    FROM down JOIN node f ON f.id = (SELECT k.id FROM node k WHERE k.parent = down.id
        AND NOT k.flags & {HIDDEN} ORDER BY k.ord, k.id LIMIT 1)
    WHERE down.kids = 1 OR (down.kids > 1 AND NOT ?2)
)
SELECT id, kids FROM down ORDER BY n DESC LIMIT 1
"""


def leaves(story: Story, below: int = 0, after: int = 0, count: int = 100) -> list[int]:
    """Return up to `count` nodes that nothing goes on from, below a node or in the whole story.

    They come in the order of the tree; with `after`, those behind that node.
    """
    return _page(story.read, below, after, count, forks=False)


def forks(story: Story, below: int = 0, after: int = 0, count: int = 100) -> list[int]:
    """Return up to `count` nodes that several branches go on from, as `leaves` does."""
    return _page(story.read, below, after, count, forks=True)


def _page(db: sqlite3.Connection, top: int, after: int, count: int, *, forks: bool) -> list[int]:
    found: list[int] = []
    if top and not _one(db, _THERE, top):
        return found
    if after:
        hidden = tally.hiding(db, after)
        # Behind a branch that was pruned meanwhile, it goes on with the next one.
        node = _one(db, _BEHIND, hidden, top) if hidden else _following(db, after, top)
    else:
        node = top or _one(db, _FIRST, 0)
    while node and len(found) < count:
        node, kids = db.execute(_DOWN, (node, forks)).fetchone()
        if forks == (kids > 1):
            found.append(node)
        node = _following(db, node, top)
    return found


def _following(db: sqlite3.Connection, node: int, top: int) -> int:
    """Return the node behind `node` in the order of the tree, 0 when there is none."""
    return _one(db, _FIRST, node) or _one(db, _BEHIND, node, top)


def _one(db: sqlite3.Connection, query: str, *values: int) -> int:
    row = db.execute(query, values).fetchone()
    return int(row[0]) if row else 0
