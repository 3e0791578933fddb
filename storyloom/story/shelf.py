"""The stories of a folder, as a library shows them: which there are, and a glance into each.

Looking never changes a file nor leaves one behind, and costs about the same for a story of any
size: what grows with it is counted up to a bound, and `more` says that the bound was reached.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from storyloom.story import file
from storyloom.story.marks import chapters_of
from storyloom.story.schema import GONE, PRUNED
from storyloom.text import Refusal, words

__all__ = ["Entry", "Facts", "facts", "shelf"]

_NODES = 20_000
_READ = 300
_WOVEN = 4_000
_ASKED = 2_000


class Entry(NamedTuple):
    """A story file of a folder."""

    path: Path
    changed: float
    """When it was last written to, in seconds since the epoch."""


@dataclass(frozen=True)
class Facts:
    """A glance into one story."""

    title: str
    premise: str = ""
    nodes: int = 0
    """Nodes, pruned ones counted; at most 20,000 are."""
    words: int = 0
    """Words of the weave: its first 300 nodes are counted, up to 4,000 more estimated from their
    length."""
    chapters: tuple[str, ...] = ()
    """Titles of the chapters on the weave's first 4,000 nodes."""
    models: int = 0
    """Models among the last 2,000 branches that were asked for."""
    spent: float = 0.0
    """Dollars that all generations cost; always the whole sum."""
    unpriced: int = 0
    """Branches with text whose price is not known."""
    opened: int = 0
    """When something was last done in it, in milliseconds since the epoch."""
    more: bool = False
    """Whether there are more nodes or words than were counted."""
    error: str = ""
    """The sentence that says why it cannot be opened, and then nothing else is known."""


def shelf(folder: Path) -> list[Entry]:
    """Return the story files of a folder, the last changed one first; none when there is no folder.

    Only names and times are read. Hidden files are left out.
    """
    found: list[Entry] = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        if not name.endswith(file.SUFFIX) or name.startswith("."):
            continue
        path = folder / name
        # While a program has it open, what is new is in the file beside it.
        times = [_changed(path), _changed(path.with_name(f"{name}-wal"))]
        if times[0]:
            found.append(Entry(path, max(times)))
    return sorted(found, key=lambda entry: (-entry.changed, entry.path.name))


def facts(path: Path) -> Facts:
    """Return what a library says of a story; never raises for the file's own faults."""
    try:
        db = file.open_reader(path)
    except Refusal as refusal:
        return Facts(path.stem, error=str(refusal))
    try:
        db.execute("BEGIN")
        return _facts(db, path.stem)
    except (Refusal, sqlite3.Error, ValueError, TypeError) as error:
        return Facts(path.stem, error=str(error))
    finally:
        db.close()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


_WEAVE = f"""
WITH RECURSIVE down(id, rev, n) AS (
    SELECT 0, 0, 0 UNION ALL
    SELECT node.id, node.rev, n + 1 FROM down
    JOIN attr ON attr.owner = down.id AND attr.key = 'weave:main'
    JOIN node ON node.id = attr.value AND node.parent = attr.owner
        AND NOT node.flags & {GONE | PRUNED}
    LIMIT ?
)
SELECT iif(n <= {_READ}, rev.text, NULL), length(rev.text),
    (SELECT value FROM attr WHERE owner = down.id AND key = 'chapters')
FROM down JOIN rev ON rev.id = down.rev ORDER BY n
"""


def _facts(db: sqlite3.Connection, name: str) -> Facts:
    said = dict(
        db.execute(
            "SELECT key, value FROM attr WHERE owner = 0 "
            "AND key IN ('title', 'premise', 'spent', 'unpriced')"
        ).fetchall()
    )
    nodes = _one(
        db,
        f"SELECT count(*) FROM (SELECT 1 FROM node INDEXED BY node_kids "
        f"WHERE NOT flags & {GONE} LIMIT {_NODES})",
    )
    woven = db.execute(_WEAVE, (_WOVEN + 1,)).fetchall()
    marks = [mark for *_, value in woven for mark in chapters_of(value)]
    models = _one(
        db,
        "SELECT count(DISTINCT model) FROM "
        f"(SELECT model FROM gen ORDER BY id DESC LIMIT {_ASKED})",
    )
    return Facts(
        title=str(said.get("title") or name),
        premise=str(said.get("premise") or ""),
        nodes=nodes,
        words=_words(woven),
        chapters=tuple(mark.title for mark in marks),
        models=models,
        spent=int(said.get("spent") or 0) / 1e9,
        unpriced=int(said.get("unpriced") or 0),
        opened=_one(db, "SELECT coalesce((SELECT ts FROM op ORDER BY id DESC LIMIT 1), 0)"),
        more=nodes == _NODES or len(woven) == _WOVEN,
    )


def _words(woven: list[tuple[str | None, int, object]]) -> int:
    counted = sum(words(text) for text, *_ in woven if text is not None)
    read = sum(length for text, length, _ in woven if text is not None)
    rest = sum(length for text, length, _ in woven if text is None)
    return counted + (round(counted * rest / read) if read else 0)


def _one(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])
