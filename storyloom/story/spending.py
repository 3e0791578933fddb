"""What a story's calls to models came to: by model, session, chapter, and what became of them.

Everything is read in one pass over the calls, branches that are pruned, undone or purged too. A
price that is not known is never 0: such branches are counted apart.
"""

import contextlib
import json
import math
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from storyloom.story import asides, file
from storyloom.story.fates import Fate, Fates, Place, fates
from storyloom.story.schema import PURGED
from storyloom.story.sessions import Beginning, beginnings
from storyloom.text import Refusal, one_line

__all__ = ["VIEWS", "Cell", "Figures", "Outcome", "Spending", "View", "spending"]

View: TypeAlias = Literal["model", "session", "chapter", "outcome"]
VIEWS: tuple[View, ...] = ("model", "session", "chapter", "outcome")
"""What calls can be put together by."""


class Outcome(StrEnum):
    """What became of a call; the value is what the author is told."""

    WOVEN = "kept, on a weave"
    LEFT = "on no weave"
    PRUNED = "pruned or purged"
    GONE = "no longer there"
    EMPTY = "brought no text"
    ASIDE = "ways on (editor)"
    WAITING = "being written"


@dataclass(frozen=True)
class Figures:
    """What some calls came to."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    """Calls that ended without anyone saying their tokens."""
    dollars: float = 0.0
    """What those of known price cost."""
    priced: int = 0
    """Calls of known price."""
    unpriced: int = 0
    """Calls with text whose price is not known; what they cost is not in `dollars`."""
    free: int = 0
    """Calls to models that run on a machine of one's own."""

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.uncounted + other.uncounted,
            self.dollars + other.dollars,
            self.priced + other.priced,
            self.unpriced + other.unpriced,
            self.free + other.free,
        )


@dataclass(frozen=True)
class Cell:
    """Calls that are alike in everything that they can be put together by."""

    model: str
    session: int
    """Its number, from 1."""
    chapter: int
    """The node that its chapter begins in, 0 for what stands in none."""
    outcome: Outcome
    figures: Figures


@dataclass(frozen=True)
class Spending:
    """All that a story's calls came to."""

    cells: tuple[Cell, ...] = ()
    sessions: tuple[Beginning, ...] = ()
    """How each session began, session 1 first."""
    chapters: Mapping[int, str] = field(default_factory=dict[int, str])
    """Titles of chapters by their nodes, those on the main weave first, in its order."""

    def by(self, view: View, of: Mapping[View, object] | None = None) -> dict[Any, Figures]:
        """Return the figures by model, session, chapter or outcome; with `of`, those alone that
        are of that model, session, chapter or outcome.
        """
        found: dict[Any, Figures] = {}
        for cell in self.cells:
            if all(getattr(cell, name) == value for name, value in (of or {}).items()):
                key = getattr(cell, view)
                found[key] = found.get(key, Figures()) + cell.figures
        return found

    @property
    def total(self) -> Figures:
        """All calls together."""
        return sum((cell.figures for cell in self.cells), Figures())


def spending(path: Path, free: Callable[[str], bool]) -> Spending:
    """Return what the calls of the story at `path` came to; takes a moment for a large one.

    `free` says of a model, by the name the author knows it by, whether it costs nothing: a branch
    of it that was cut off has no price in the file and needs none. Raises Refusal when the file
    cannot be read.
    """
    try:
        with contextlib.closing(file.open_reader(path)) as db:
            db.execute("BEGIN")
            return _spending(db, free)
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, Refusal):
            raise
        why = one_line(str(error))
        raise Refusal(f"What this story has cost cannot be read: {why}.") from error


def _spending(db: sqlite3.Connection, free: Callable[[str], bool]) -> Spending:
    began = beginnings(db)
    starts = [each.op for each in began]
    found = fates(db)
    cells: dict[tuple[str, int, int, Outcome], Figures] = {}
    rows = chain(_branches(db, starts, found), _asides(db, starts, found))
    for model, session, place, outcome, figures in rows:
        if free(model):
            gratis = 0 if figures.dollars else figures.calls
            figures = replace(figures, unpriced=0, free=gratis)
        key = (model, session, place.chapter, outcome)
        cells[key] = cells.get(key, Figures()) + figures
    return Spending(
        tuple(Cell(*key, figures) for key, figures in cells.items()), tuple(began), found.chapters
    )


_Row: TypeAlias = "tuple[str, int, Place, Outcome, Figures]"

_NOTHING = sha256(b"").hexdigest()
# The branch of a call is the node that was born with it: copies and halves of a split name it too.
_NODES = "FROM node JOIN gen ON gen.id = node.gen AND gen.op = node.born"
_STANDING = f"""
SELECT node.id, gen.op, gen.model, attr.value AS said {_NODES}
LEFT JOIN attr ON attr.owner = node.id AND attr.key = 'result' WHERE NOT node.flags & {PURGED}
"""
# What is said of a purged node is in the log alone.
_GONE = f"""
SELECT node.id, gen.op, gen.model, (SELECT new FROM change WHERE owner = node.id
    AND key = 'result' AND new IS NOT NULL ORDER BY seq DESC LIMIT 1) AS said {_NODES}
WHERE node.flags & {PURGED}
LIMIT -1
"""


def _sane(name: str) -> str:
    """Return the SQL for a number as a call may have it, NULL for what else a file may hold."""
    return f"iif({name} BETWEEN 0 AND 1e12, {name}, NULL)"


# Whether text came of a branch that ended in no usual way is told by the first text of its node,
# which may have been purged since. The limits keep SQLite from working a value out again wherever
# it is named.
_ALIKE = f"""
SELECT alike, open, wrote, count(*), total({_sane("came")}), total({_sane("went")}),
    count(*) - count({_sane("came")}), total({_sane("cost")}), count({_sane("cost")})
FROM (
    SELECT alike(id, op, model) AS alike, said IS NULL AS open,
        json_extract(said, '$.in') AS came, json_extract(said, '$.out') AS went,
        json_extract(said, '$.cost') AS cost,
        iif(json_extract(said, '$.finish') IN ('stop', 'length', 'cut_off'), 1, (
            SELECT lower(hex(hash)) <> '{_NOTHING}' FROM rev WHERE node = call.id
            ORDER BY id LIMIT 1)) AS wrote
    FROM (%s) AS call WHERE said IS NULL OR json_valid(said) LIMIT -1
) GROUP BY 1, 2, 3
"""


def _branches(db: sqlite3.Connection, starts: list[int], found: Fates) -> Iterator[_Row]:
    """Yield the calls that were to become branches, those that are alike together."""
    numbers: dict[tuple[str, int, int], int] = {}

    def alike(node: int, op: int, model: str) -> int:
        key = (model, bisect_right(starts, op), found.numbers[node])
        return numbers.setdefault(key, len(numbers))

    db.create_function("alike", 3, alike)
    rows: list[Any] = []
    for calls in (_STANDING, _GONE):
        rows += db.execute(_ALIKE % calls).fetchall()
    known = list(numbers)
    for number, waits, wrote, calls, came, went, uncounted, cost, priced in rows:
        model, session, place = known[int(number)]
        where = found.places[place]
        outcome = _OUTCOMES[where.fate]
        unpriced = calls - priced if wrote else 0
        if waits:
            outcome, uncounted, unpriced = Outcome.WAITING, 0, 0
        elif not wrote and where.fate is Fate.GONE:
            outcome = Outcome.EMPTY
        figures = Figures(
            calls, _whole(came), _whole(went), uncounted, _sound(cost), priced, unpriced
        )
        yield str(model), session, where, outcome, figures


_OUTCOMES = {
    Fate.WOVEN: Outcome.WOVEN,
    Fate.LEFT: Outcome.LEFT,
    Fate.PRUNED: Outcome.PRUNED,
    Fate.GONE: Outcome.GONE,
}


def _asides(db: sqlite3.Connection, starts: list[int], found: Fates) -> Iterator[_Row]:
    """Yield the calls that were to become no branches."""
    rows = db.execute("SELECT id, data FROM op WHERE kind = ?", (asides.KIND,))
    for op, data in rows.fetchall():
        said: Any = json.loads(data)
        where = found.of(said.get("at"))
        for call in cast("list[Any]", said.get("calls") or []):
            model, came, went, cost, wrote = call
            priced = isinstance(cost, int | float)
            figures = Figures(
                1, _whole(came), _whole(went), came is None, _sound(cost), priced,
                bool(wrote and not priced),
            )  # fmt: skip
            yield str(model), bisect_right(starts, op), where, Outcome.ASIDE, figures


def _sound(number: object) -> float:
    # A file from elsewhere may hold anything there.
    if not isinstance(number, int | float) or not math.isfinite(number):
        return 0.0
    return float(number)


def _whole(number: object) -> int:
    return int(_sound(number))
