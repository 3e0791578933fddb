"""Where a strand's text came from: the nodes that it was ever in, and what was done to those.

A strand is a list of nodes of today. Its text was in others before: in those that were joined into
one of them, and in the second half of a passage that was split and whose first half alone is in the
strand. All of them in reading order are its lineage.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from storyloom.story import reading
from storyloom.story.story import Story
from storyloom.story.tables import Change

__all__ = ["Lineage", "Step", "lineage", "steps"]

_SPLIT, _JOIN = "node.split", "node.join"
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Lineage:
    """The nodes that a strand's text was ever in."""

    nodes: tuple[int, ...]
    """In reading order."""
    strand: frozenset[int]
    """Those that are in the strand today."""
    until: dict[int, int]
    """Of each of the others the operation up to which it held a part of the strand's text."""
    passed_over: frozenset[int]
    """Splits and joins that are taken back, with the operations that took them back and made them
    again: together they change nothing."""
    last: int
    """The last operation of the log, 0 of an empty one."""


class Step(NamedTuple):
    """What one operation did to the nodes that are looked at."""

    op: int
    time: int
    """Milliseconds since the epoch."""
    kind: str
    data: dict[str, Any]
    """What else the log says of it; of requests and prunings alone."""
    changes: list[Change]
    """`old` is None in all of them."""


def lineage(story: Story, node: int) -> Lineage:
    """Return the lineage of the strand that ends in `node`; of 0, that of nothing."""
    last = reading.last_op(story)
    order = reading.path(story, node)
    strand = frozenset(order)
    known = set(order)
    until: dict[int, int] = {}
    passed_over = _passed_over(story.read)
    for op, kind, before, behind in story.read.execute(_PARTED, (last,)):
        if op in passed_over or before is None or behind is None:
            continue
        if behind in known and before not in known:
            order.insert(order.index(behind), before)
            other = before
        elif kind == _SPLIT and before in known and behind not in known:
            order.insert(order.index(before) + 1, behind)
            other = behind
        else:
            continue
        known.add(other)
        until[other] = op
    return Lineage(tuple(order), strand, until, passed_over, last)


# Of a split the two halves, of a join the node that went and the one that holds both, the newest
# first: what was joined into a node that was itself joined into another is found behind it.
_PARTED = f"""
SELECT op.id, op.kind,
    max(iif(key IN ('add', 'gone', 'pruned'), owner, NULL)),
    max(iif(key = iif(op.kind = '{_SPLIT}', 'place', 'rev'), owner, NULL))
FROM op JOIN change ON change.op = op.id
WHERE op.kind IN ('{_SPLIT}', '{_JOIN}') AND op.id <= ? AND owner > 0
GROUP BY op.id ORDER BY op.id DESC
"""


def _passed_over(db: sqlite3.Connection) -> frozenset[int]:
    """Return the splits and joins that are taken back, with all that took them back or made them
    again.
    """
    first: dict[int, int] = {}
    undone: dict[int, bool] = {}
    for op, kind, reverts in db.execute(
        "SELECT id, kind, reverts FROM op WHERE reverts IS NOT NULL ORDER BY id"
    ):
        begun = first[reverts] if reverts in first else int(reverts)
        first[op] = begun
        undone[begun] = kind == "undo"
    rows = db.execute("SELECT id FROM op WHERE kind IN (?, ?)", (_SPLIT, _JOIN))
    away = {op for (op,) in rows if undone.get(op)}
    return frozenset(away | {op for op, of in first.items() if of in away})


_CHANGES = """
SELECT op.id, op.ts, op.kind, iif(op.kind IN ('gen.request', 'node.prune'), op.data, '{}'),
    owner, key, new
FROM change JOIN op ON op.id = change.op
WHERE op.id <= ? AND (key IN ('add', 'place', 'rev', 'pruned', 'gone', 'purged', 'streaming',
    'sketch') OR key GLOB 'weave:*')
ORDER BY op.id, seq
"""


def steps(story: Story, upto: int, nodes: set[int]) -> Iterator[Step]:
    """Yield what the log's operations up to `upto` did to any of the nodes, or put below them.

    Whoever takes the steps may add to `nodes` meanwhile. All that a request adds and a pruning
    prunes is told. The log is read as it goes, and nothing of it is held.
    """
    rows = story.read.execute(_CHANGES, (upto,))
    step: Step | None = None
    while some := rows.fetchmany(_AT_ONCE):
        for op, time, kind, data, owner, key, new in some:
            if step is not None and step.op != op:
                if step.changes:
                    yield step
                step = None
            if step is None:
                step = Step(op, time, kind, _object(data), [])
            change = Change(owner, key, None, new)
            if kind in ("gen.request", "node.prune") or _concerns(change, nodes):
                step.changes.append(change)
    if step is not None and step.changes:
        yield step


def _concerns(change: Change, nodes: set[int]) -> bool:
    owner, key, _, new = change
    if owner in nodes:
        return True
    if key in ("add", "place"):
        return json.loads(str(new))[0] in nodes
    return key.startswith("weave:") and new in nodes


def _object(data: str) -> dict[str, Any]:
    found: object = json.loads(data)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
