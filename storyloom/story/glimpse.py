"""A closer look into one story, for the library: how it ends, whose it is, how it grew.

It costs more than `shelf.facts` and is bounded like it: a weave is followed for 50,000 nodes, and
the shares are those of the last 4,000.
"""

import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from storyloom.story import file, origins
from storyloom.story.schema import HIDDEN
from storyloom.story.sessions import Growth, growth
from storyloom.text import Refusal

__all__ = ["Glimpse", "glimpse"]

_FOLLOWED = 50_000
_SHARED = 4_000
_ENDING = 3_000
"""Characters of the end of the weave."""
_FAULTS = (OSError, sqlite3.Error, ValueError, TypeError, ArithmeticError, RecursionError)

_DOWN = f"""
WITH RECURSIVE down(id, rev, n) AS (
    SELECT 0, 0, 0 UNION ALL
    SELECT node.id, node.rev, n + 1 FROM down
    JOIN attr ON attr.owner = down.id AND attr.key = 'weave:main'
    JOIN node ON node.id = attr.value AND node.parent = attr.owner AND NOT node.flags & {HIDDEN}
    LIMIT {_FOLLOWED + 1}
)
SELECT id, iif(EXISTS(SELECT 1 FROM attr WHERE owner = down.id AND key = 'sketch'), 0, rev)
FROM down WHERE n > 0 ORDER BY n
"""


@dataclass(frozen=True)
class Glimpse:
    """What a closer look has found; all empty where the file cannot be read."""

    tip: int = 0
    """The weave's last node; 0 when there is no weave, or it is longer than was followed."""
    length: int = 0
    """How many nodes the weave has, as far as it was followed."""
    ending: str = ""
    """The end of its text, some 3,000 characters."""
    shares: tuple[tuple[str, float], ...] = ()
    """Origins with their parts of the weave's characters, the largest first; they sum to 1."""
    grown: Growth = field(default_factory=Growth)


def glimpse(path: Path) -> Glimpse:
    """Look into the story at `path`; never raises for the file's own faults."""
    try:
        with contextlib.closing(file.open_reader(path, wait=0.2)) as db:
            db.execute("BEGIN")
            return _glimpse(db)
    except (Refusal, *_FAULTS):
        return Glimpse()


def _glimpse(db: sqlite3.Connection) -> Glimpse:
    woven = db.execute(_DOWN).fetchall()
    whole = len(woven) < _FOLLOWED
    # Those of sketches, which are no text of the story, are left out.
    revs = [rev for _, rev in woven if rev]
    return Glimpse(
        tip=woven[-1][0] if woven and whole else 0,
        length=len(woven),
        ending=_ending(db, revs) if whole else "",
        shares=_shares(db, revs[-_SHARED:]),
        grown=growth(db),
    )


def _ending(db: sqlite3.Connection, revs: list[int]) -> str:
    text = ""
    for rev in reversed(revs):
        row = db.execute(f"SELECT substr(text, -{_ENDING}) FROM rev WHERE id = ?", (rev,))
        text = str(row.fetchone()[0]) + text
        if len(text) >= _ENDING:
            break
    return text[-_ENDING:]


def _shares(db: sqlite3.Connection, revs: list[int]) -> tuple[tuple[str, float], ...]:
    rows = db.execute(
        "SELECT rev.runs FROM json_each(?) AS wanted CROSS JOIN rev ON rev.id = wanted.value",
        (json.dumps(revs),),
    ).fetchall()
    counts: dict[str, int] = {}
    for (runs,) in rows:
        for origin, length in origins.by_origin(origins.loaded(runs)).items():
            counts[str(origin)] = counts.get(str(origin), 0) + length
    whole = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple((origin, count / whole) for origin, count in ordered) if whole > 0 else ()
