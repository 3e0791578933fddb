"""The counts of `tally` made anew: for the whole story, or below one node.

The tree is read once in its order, holding one strand of it and what is beside that.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from storyloom.story import tally
from storyloom.story.schema import GONE, HIDDEN, PURGED

__all__ = ["Sum", "build", "recount", "sums"]


class Sum(NamedTuple):
    """A node with what is below it, told when all of that has been told."""

    node: int
    flags: int
    depth: int
    shown: int
    whole: int


@dataclass(slots=True)
class _Open:
    node: int
    flags: int
    depth: int
    shown: int = 0
    whole: int = 0
    size: int = 1
    height: int = 0
    """Steps from it to the farthest node of its cluster."""
    waiting: list[tuple[int, int, int, int, int, int]] = field(
        default_factory=list[tuple[int, int, int, int, int, int]]
    )
    """Posts below whose post above is not known yet: node, depth, shown, whole, size, hidden."""


# The queue of a recursive query is kept in the order asked for, so rows come in the tree's order
# and what is held in memory is the strand and what is beside it, not the tree.
_IN_ORDER = """
WITH RECURSIVE down(id, flags, depth, ord) AS (
    SELECT id, flags, 1, ord FROM node WHERE {start} UNION ALL
    SELECT k.id, k.flags, depth + 1, k.ord FROM down JOIN node k INDEXED BY node_kids
    ON k.parent = down.id ORDER BY 3 DESC, 4, 1
)
SELECT id, flags, depth FROM down
"""


def _closings(db: sqlite3.Connection, top: int) -> Iterator[_Open]:
    """Yield `top` and all that is below it, each after what is below it, `top` last."""
    start = "parent = 0" if not top else "parent = ?"
    row = db.execute("SELECT flags FROM node WHERE id = ?", (top,)).fetchone()
    strand = [_Open(top, row[0] if row else 0, 0)]
    for node, flags, depth in db.execute(_IN_ORDER.format(start=start), (top,) if top else ()):
        while strand[-1].depth >= depth:
            yield _closed(strand)
        strand.append(_Open(node, flags, depth))
    while len(strand) > 1:
        yield _closed(strand)
    yield strand[0]


def _closed(strand: list[_Open]) -> _Open:
    done = strand.pop()
    parent = strand[-1]
    if not done.flags & HIDDEN:
        parent.shown += 1 + done.shown
    parent.whole += done.whole + (0 if done.flags & GONE else 1)
    return done


def sums(db: sqlite3.Connection, top: int = 0) -> Iterator[Sum]:
    """Yield `top`, 0 for the story, and all that is below it with their true sums, `top` last.

    Reads the tree in its order and holds one strand of it. Depth is counted from `top`.
    """
    for each in _closings(db, top):
        yield Sum(each.node, each.flags, each.depth, each.shown, each.whole)


def build(db: sqlite3.Connection, top: int = 0) -> None:
    """Make the tally of `top`, 0 for the story, and of all below it again; `top` is a post then.

    For `top` other than 0, what is above it is left as it is: `recount` is what to call.
    """
    if top:
        above, steps = db.execute(
            "SELECT above, steps FROM tally WHERE node = ?", (top,)
        ).fetchone()
        db.execute(
            "DELETE FROM tally WHERE node IN (WITH RECURSIVE down(id) AS (SELECT ? UNION ALL "
            "SELECT k.id FROM down JOIN node k ON k.parent = down.id) SELECT id FROM down)",
            (top,),
        )
    else:
        above, steps = None, 0
        db.execute("DELETE FROM tally")
    strand: list[_Open] = []
    for each in _closings(db, top):
        # What closed just before, one deeper and not taken up yet, hangs on this one.
        while strand and strand[-1].depth > each.depth:
            kid = strand.pop()
            each.size += kid.size
            each.height = max(each.height, kid.height + 1)
            each.waiting += kid.waiting
        if each.node == top:
            _settle(db, each)
            db.execute(
                "INSERT INTO tally VALUES(?,?,?,?,?,?,?)",
                (top, above, steps, each.shown, each.whole, each.size,
                 bool(each.flags & HIDDEN)),
            )  # fmt: skip
            return
        hidden = bool(each.flags & HIDDEN)
        # Nothing below what was purged is ever asked for.
        if (hidden and not each.flags & PURGED) or _large(each):
            _settle(db, each)
            row = (each.node, each.depth, each.shown, each.whole, each.size, int(hidden))
            each.waiting = [row]
            each.size, each.height = 1, 0
        strand.append(each)


def _large(cluster: _Open) -> bool:
    return cluster.size >= tally.CLUSTER // 2 or cluster.height >= tally.HEIGHT // 2


def _settle(db: sqlite3.Connection, post: _Open) -> None:
    """Write the rows of the posts right below `post`."""
    db.executemany(
        "INSERT INTO tally VALUES(?,?,?,?,?,?,?)",
        [
            (node, post.node, depth - post.depth, shown, whole, size, hidden)
            for node, depth, shown, whole, size, hidden in post.waiting
        ],
    )
    post.waiting = []


def recount(db: sqlite3.Connection, top: int) -> None:
    """Count again what is below `top` after changes there that were not counted one by one.

    `tally.watch` was called with it before they were made, and `top` itself was counted.
    """
    query = "SELECT shown, whole, hidden FROM tally WHERE node = ?"
    shown, whole, _ = db.execute(query, (top,)).fetchone()
    build(db, top)
    seen, there, hidden = db.execute(query, (top,)).fetchone()
    tally.add_up(db, top, 0 if hidden else seen - shown, there - whole)
