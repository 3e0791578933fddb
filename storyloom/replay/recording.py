"""A story's log as a recording: its operations in order, when they were, and what marks them."""

import contextlib
import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import pairwise

from storyloom.story import replayed
from storyloom.story.marks import chapters_of
from storyloom.story.sessions import PAUSE
from storyloom.story.tables import Change
from storyloom.text import Refusal

__all__ = ["CHAPTER", "CHOICE", "PRUNING", "Mark", "Recording", "marks_of", "record", "sound"]

CHAPTER, CHOICE, PRUNING = "#", "c", "x"


@dataclass(frozen=True)
class Mark:
    """Something in a recording that one looks for."""

    position: int
    """The operation's place in the recording; standing behind it is `position + 1`."""
    kind: str
    """`CHAPTER`, `CHOICE` or `PRUNING`."""
    node: int
    """The chapter's first node, the branch that was gone on with, the branch that was pruned."""
    title: str = ""
    """What the chapter was called then, perhaps nothing."""


@dataclass(frozen=True)
class Recording:
    """The operations of a story's log, up to the moment at which it was read.

    Those are left out with which a run of the program begins and ends, as they change nothing.
    """

    ops: list[int]
    """Their numbers, in order."""
    times: list[int]
    """Milliseconds since the epoch, one for each."""
    kinds: list[str]
    sittings: list[int] = field(default_factory=list[int])
    """Positions at which a sitting begins: the first, and those behind half an hour of nothing."""

    def __len__(self) -> int:
        return len(self.ops)

    def event(self, position: int) -> int:
        """Return the number in the log of the last operation seen; 0 at the beginning."""
        return self.ops[position - 1] if 0 < position <= len(self.ops) else 0

    def sitting(self, position: int) -> int:
        """Return the number of the sitting, from 1, that the operation before `position` is in."""
        return max(1, bisect_right(self.sittings, max(0, position - 1)))

    def position_of(self, op: int) -> int:
        """Return where a replay stands when operation `op` is the last one it has seen."""
        return bisect_right(self.ops, op)

    def position_at(self, time: int) -> int:
        """Return where it stands at a moment, in milliseconds since the epoch: behind the last
        operation that was not later.
        """
        # A clock may have gone back: the first later one ends it.
        return next((at for at, each in enumerate(self.times) if each > time), len(self.times))


def record(db: sqlite3.Connection) -> Recording:
    """Return the log that `db` reads as a recording; about 0.1 s for 100,000 operations."""
    rows = replayed.moments(db)
    times = [row[1] for row in rows]
    starts = [at for at, (one, later) in enumerate(pairwise(times), 1) if later - one > PAUSE]
    kinds: dict[str, str] = {}
    return Recording(
        [row[0] for row in rows],
        times,
        [kinds.setdefault(row[2], row[2]) for row in rows],
        [0, *starts] if rows else [],
    )


def marks_of(db: sqlite3.Connection, recording: Recording) -> list[Mark]:
    """Return what marks a recording, in order; one pass over the log's changes.

    A choice is the first time that a model's branch was gone on below, led a weave through, or
    kept alone, while it had siblings of its batch.
    """
    if not recording.ops:
        return []
    reader = _Marks()
    with sound():
        for op, kind, change, data in replayed.telling(db, recording.ops[-1]):
            reader.read(bisect_left(recording.ops, op), kind, change, data)
    return reader.marks


@contextlib.contextmanager
def sound() -> Generator[None]:
    """Refuse a log that the block finds to say what no log can, as one from elsewhere may."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Refusal(
            "The log of this story is faulty, so it cannot be replayed; 'storyloom check' says "
            "where, and 'storyloom recover' saves what it still proves."
        ) from error


class _Marks:
    """Reads the telling changes one by one."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._batch: dict[int, int] = {}
        """Of each branch of a batch that is not chosen yet, the operation that asked for it."""

    def read(self, position: int, kind: str, change: Change, data: str) -> None:
        owner, key, old, new = change
        if key == "add":
            self._added(position, kind, owner, str(new))
        elif key == "chapters":
            before, after = chapters_of(old), chapters_of(new)
            if len(after) > len(before):
                added = [mark.title for mark in after if mark not in before]
                self._mark(position, CHAPTER, owner, added[0] if added else "")
        elif key == "pruned":
            if new and kind == "node.prune":
                self._mark(position, PRUNING, owner)
                self._choose(position, json.loads(data).get("keep"))
        elif isinstance(new, int):
            self._choose(position, new)

    def _added(self, position: int, kind: str, owner: int, fields: str) -> None:
        parent = json.loads(fields)[0]
        if parent in self._batch and self._batch[parent] != position:
            self._choose(position, parent)
        if kind == "gen.request":
            self._batch[owner] = position

    def _choose(self, position: int, node: object) -> None:
        if isinstance(node, int) and self._batch.pop(node, None) is not None:
            self._mark(position, CHOICE, node)

    def _mark(self, position: int, kind: str, node: int, title: str = "") -> None:
        last = self.marks[-1] if self.marks else None
        # An operation that prunes a hundred branches is one mark.
        if last is None or (last.position, last.kind) != (position, kind):
            self.marks.append(Mark(position, kind, node, title))
