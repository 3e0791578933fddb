"""What only the whole log tells of its operations: which are taken back, and in which sitting."""

import sqlite3
from bisect import bisect_right
from typing import NamedTuple

from storyloom.story import tally
from storyloom.story.log import number
from storyloom.story.schema import GONE, PRUNED, PURGED
from storyloom.story.sessions import PAUSE
from storyloom.story.story import Story

__all__ = ["Past", "Whereabouts", "whereabouts"]


_AT_ONCE = 5_000
"""Operations that are read in one go: a few milliseconds."""

# Only the operations that tell something come out of it: those behind a pause, undo and redo.
_TELLING = f"""
SELECT id, late, kind, reverts FROM (
    SELECT id, kind, reverts, ts - lag(ts) OVER (ORDER BY id) > {PAUSE} AS late
    FROM op WHERE id BETWEEN coalesce((SELECT max(id) FROM op WHERE id <= ?1), 0) AND ?2
) WHERE id > ?1 AND (late OR reverts IS NOT NULL)
"""


class Past:
    """Steps that are taken back, and where sittings begin. It is read in parts and then follows."""

    def __init__(self) -> None:
        self.last = 0
        """The operation up to which it is read."""
        self._undone: set[int] = set()
        self._means: dict[int, int] = {}
        """Undo operations, each with the step that it took back."""
        self._begins: list[int] = []

    def read_on(self, db: sqlite3.Connection, most: int = _AT_ONCE) -> bool:
        """Read the next operations of the log that `db` reads; true when there are no more."""
        end = int(db.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0])
        if not self.last and end:
            self._begins = [int(db.execute("SELECT min(id) FROM op").fetchone()[0])]
        upto = min(end, self.last + most)
        rows = db.execute(_TELLING, (self.last, upto)).fetchall()
        for op, late, kind, reverts in rows:
            if late:
                self._begins.append(op)
            if kind == "undo" and reverts is not None:
                self._means[op] = reverts
                self._undone.add(reverts)
            elif kind == "redo":
                self._undone.discard(self._means.get(reverts or 0, 0))
        self.last = max(self.last, upto)
        return upto == end

    def undone(self, op: int) -> bool:
        """Whether a step is taken back, and was not made again."""
        return op in self._undone

    def sitting(self, op: int) -> int:
        """Return the number of the sitting that an operation was done in; the first is 1."""
        return bisect_right(self._begins, op)


class Whereabouts(NamedTuple):
    """What became of a node that an operation names."""

    fate: str
    """`there`, `pruned`, `purged`, `gone`: taken back, joined or without a text; `none`."""
    top: int = 0
    """Of a pruned one, the topmost pruned node above it or itself."""
    beside: int = 0
    """A node of the fork that the topmost one is pruned from; 0 when nothing else is there."""
    parent: int = 0
    """What the topmost one hangs on, 0 for nothing."""


def whereabouts(story: Story, node: int) -> Whereabouts:
    """Return whether a node can be gone to, and what is to be known where it cannot."""
    row = story.read.execute("SELECT flags FROM node WHERE id = ?", (number(node),)).fetchone()
    if row is None:
        return Whereabouts("none")
    flags = row[0]
    if flags & PURGED:
        return Whereabouts("purged")
    if flags & GONE:
        return Whereabouts("gone")
    top = tally.hiding(story.read, node)
    if not top:
        return Whereabouts("there")
    parent, flags = story.read.execute(
        "SELECT parent, flags FROM node WHERE id = ?", (top,)
    ).fetchone()
    if flags & GONE:
        return Whereabouts("purged" if flags & PURGED else "gone")
    beside = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND NOT flags & {GONE | PRUNED} "
        "ORDER BY ord, id LIMIT 1",
        (parent,),
    ).fetchone()
    return Whereabouts("pruned", top, beside[0] if beside else 0, parent)
