"""How each model has done in a story lately: what share of its branches was chosen, and how fast.

Of each model its last 20 branches count that were offered: those that ended, however they did, with
text to choose. One that brought none, is still being written or was purged was not. Chosen is a
branch that is not pruned and that

- a weave goes through, or
- was gone on from: it has a branch of its own, by whomever, also when it was joined into that, or
- is the one that is left of its batch, whose others were pruned.

What is above it in the tree does not matter: that a whole chapter was given up later says nothing
of the models that were weighed against each other in it.
"""

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from storyloom.story import file
from storyloom.story.schema import GONE, HIDDEN, PRUNED
from storyloom.text import Refusal, one_line

__all__ = ["LAST", "Record", "records"]

LAST = 20
"""Branches of a model that count."""
_ASKED = 3 * LAST
"""Calls of a model that are looked at for them: some may have brought no text."""
_NEWEST = 20_000
"""Calls of the story that are looked through; what a model did before them is forgotten."""


@dataclass(frozen=True)
class Record:
    """How a model has done."""

    offered: int = 0
    """How many of its branches count, 20 at the most."""
    chosen: int = 0
    """How many of these were chosen."""
    first: float | None = None
    """Seconds until the first token, in the latest batch whose times are known: of the quickest of
    its branches, as the others may have waited for their turn.
    """
    whole: float | None = None
    """Seconds until that one ended."""

    @property
    def share(self) -> str:
        """The share chosen as an author reads it; empty when nothing was offered."""
        return f"{self.chosen * 100 / self.offered:.0f} % of {self.offered}" if self.offered else ""

    @property
    def wait(self) -> str:
        """The latest wait for a first token as an author reads it; empty when unknown."""
        return "" if self.first is None else f"{self.first:.1f} s"


# The node of a call is the one that was born with it, as halves of a split name it too. Its op has
# so many nodes as the batch had branches. Everything is found by an index but the newest calls,
# which are read from the table's end. What is being written or was purged has no result.
_LATE = f"""
WITH late AS (
    SELECT id, op, model, row_number() OVER (PARTITION BY model ORDER BY id DESC) AS n
    FROM (SELECT id, op, model FROM gen ORDER BY id DESC LIMIT {_NEWEST})
)
SELECT late.model, late.op, said.value,
    NOT node.flags & {PRUNED} AND (
        node.flags & {GONE}
        OR EXISTS (SELECT 1 FROM attr w WHERE w.owner = node.parent AND w.key GLOB 'weave:*'
            AND w.value = node.id)
        OR EXISTS (SELECT 1 FROM node k WHERE k.parent = node.id AND NOT k.flags & {GONE})
        OR (SELECT total(k.flags & {HIDDEN} = {PRUNED}) > 0 AND total(NOT k.flags & {HIDDEN}) = 0
            FROM change b JOIN node k ON k.id = b.owner
            WHERE b.op = late.op AND b.key = 'add' AND k.id <> node.id)
    ) AS chosen
FROM late
CROSS JOIN change born ON born.op = late.op AND born.key = 'add'
CROSS JOIN node ON node.id = born.owner AND node.gen = late.id
CROSS JOIN attr said ON said.owner = node.id AND said.key = 'result'
WHERE late.n <= {_ASKED} AND (NOT node.flags & {GONE} OR (
    SELECT trim(text, char(9, 10, 13, 32)) FROM rev
    WHERE rev.node = node.id ORDER BY rev.id LIMIT 1) <> '')
ORDER BY late.id DESC
"""


def records(path: Path) -> dict[str, Record]:
    """Return how the models of the story at `path` have done, by the names that plans have.

    It takes some hundredths of a second, in a large story too: call it in a thread.
    Raises Refusal when the file cannot be read.
    """
    try:
        with contextlib.closing(file.open_reader(path)) as db:
            return _records(db)
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, Refusal):
            raise
        why = one_line(str(error))
        raise Refusal(f"How the models did in this story cannot be read: {why}.") from error


def _records(db: sqlite3.Connection) -> dict[str, Record]:
    found: dict[str, Record] = {}
    timed: dict[str, int] = {}
    for model, op, said, chosen in db.execute(_LATE):
        record = found.get(model, Record())
        if record.offered == LAST:
            continue
        first, whole = record.first, record.whole
        if timed.get(model, op) == op:
            first, whole = _quicker((first, whole), _times(said))
        if first is not None:
            timed.setdefault(model, op)
        found[model] = Record(record.offered + 1, record.chosen + bool(chosen), first, whole)
    return found


_Times: TypeAlias = "tuple[float | None, float | None]"


def _quicker(one: _Times, other: _Times) -> _Times:
    if one[0] is None or (other[0] is not None and other[0] < one[0]):
        return other
    return one


def _times(said: object) -> _Times:
    """Return the seconds until the first token and the end, as a result says them."""
    try:
        facts: Any = json.loads(str(said))
        return _seconds(facts.get("first_ms")), _seconds(facts.get("ms"))
    except (ValueError, AttributeError, RecursionError):
        return None, None


def _seconds(told: object) -> float | None:
    # A file from elsewhere may hold anything there.
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < 1e9:
        return None
    return told / 1000
