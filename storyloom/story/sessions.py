"""How a story grew: the sittings it was written in, and how many nodes came when.

Only times and numbers of operations are read, a few thousand at most: of a longer log some, evenly
spread, and all between two that lie far apart in time, so that no pause is missed.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

__all__ = ["PAUSE", "Beginning", "Growth", "Session", "beginnings", "growth"]

PAUSE = 30 * 60 * 1000
"""Milliseconds without an operation that end a session."""
_SAMPLES = 1_500
_REFINED = 6_000
"""Operations that are read at most to find where pauses are."""
_SHOWN = 60
"""Sessions, the last ones, of which the nodes are counted."""


class Session(NamedTuple):
    """A sitting: operations with no pause of half an hour between them."""

    number: int
    """From 1."""
    begin: int
    end: int
    """Milliseconds since the epoch."""
    nodes: int
    """How many nodes came in it, those taken back later too."""


class Beginning(NamedTuple):
    """How a session began."""

    op: int
    """Its first operation."""
    time: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True)
class Growth:
    """How a story grew."""

    sessions: tuple[Session, ...] = ()
    """The last 60 sessions."""
    count: int = 0
    """How many sessions there were."""
    slices: tuple[int, ...] = ()
    """Nodes that came in each part of the time that was worked in, all parts equally long."""
    begin: int = 0
    """When the first operation was, in milliseconds since the epoch."""


class _Moment(NamedTuple):
    op: int
    time: int


def growth(db: sqlite3.Connection, slices: int = 36) -> Growth:
    """Return how the story grew that `db` reads. Nothing of an empty log."""
    moments = _refined(db, _sampled(db))
    if not moments:
        return Growth()
    starts = _starts(moments)
    came = _counter(db)
    shown: list[Session] = []
    for number, start in list(enumerate(starts, 1))[-_SHOWN:]:
        stop = starts[number] if number < len(starts) else len(moments)
        before = moments[start - 1].op if start else 0
        nodes = max(0, came(moments[stop - 1].op) - came(before))
        shown.append(Session(number, moments[start].time, moments[stop - 1].time, nodes))
    return Growth(tuple(shown), len(starts), _slices(moments, came, slices), moments[0].time)


def beginnings(db: sqlite3.Connection) -> list[Beginning]:
    """Return how each session of the story that `db` reads began, in order."""
    moments = _refined(db, _sampled(db))
    return [Beginning(*moments[start]) for start in _starts(moments)] if moments else []


def _starts(moments: list[_Moment]) -> list[int]:
    """Return where among the moments a session begins."""
    later = (n for n, (one, next_) in enumerate(pairwise(moments), 1) if _pause(one, next_))
    return [0, *later]


def _pause(one: _Moment, next_: _Moment) -> bool:
    return next_.time - one.time > PAUSE


def _sampled(db: sqlite3.Connection) -> list[_Moment]:
    last = int(db.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0])
    step = max(1, last // _SAMPLES)
    wanted = [*range(1, last, step), last]
    rows = db.execute(
        "SELECT op.id, op.ts FROM json_each(?) AS wanted CROSS JOIN op ON op.id = wanted.value",
        (json.dumps(wanted),),
    ).fetchall()
    return [_Moment(*row) for row in rows]


def _refined(db: sqlite3.Connection, moments: list[_Moment]) -> list[_Moment]:
    """Add all operations between two moments with a long time between them."""
    left = _REFINED
    out = moments[:1]
    for one, next_ in pairwise(moments):
        between = next_.op - one.op - 1
        if between and _pause(one, next_) and between <= left:
            left -= between
            rows = db.execute(
                "SELECT id, ts FROM op WHERE id > ? AND id < ? ORDER BY id", (one.op, next_.op)
            ).fetchall()
            out += [_Moment(*row) for row in rows]
        out.append(next_)
    return out


def _counter(db: sqlite3.Connection) -> Callable[[int], int]:
    """Return a function that says how many nodes there were after an operation.

    Nodes get their numbers in the order in which they come, so that is found by halving.
    """
    highest = int(db.execute("SELECT coalesce(max(id), 0) FROM node").fetchone()[0])
    births: dict[int, int] = {0: 0}
    known: dict[int, int] = {}

    def born(node: int) -> int:
        if node not in births:
            row = db.execute(
                "SELECT born FROM node WHERE id <= ? ORDER BY id DESC LIMIT 1", (node,)
            ).fetchone()
            births[node] = int(row[0]) if row else 0
        return births[node]

    def came(op: int) -> int:
        if op not in known:
            low, high = 0, highest
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if born(middle) <= op else (low, middle - 1)
            known[op] = low
        return known[op]

    return came


def _slices(moments: list[_Moment], came: Callable[[int], int], count: int) -> tuple[int, ...]:
    """Return the nodes of each part of the time that was worked in."""
    worked = [0]
    for one, next_ in pairwise(moments):
        worked.append(worked[-1] + (0 if _pause(one, next_) else max(0, next_.time - one.time)))
    count = max(1, min(count, len(moments)))
    last = [0] * count
    for moment, at in zip(moments, worked, strict=True):
        last[at * count // (worked[-1] + 1)] = moment.op
    out: list[int] = []
    before = 0
    for op in last:
        now = max(before, came(op)) if op else before
        out.append(now - before)
        before = now
    return tuple(out)
