"""The stories of a folder, as a library shows them: which there are, and a glance into each.

Looking never changes a file nor leaves one behind, and costs about the same for a story of any
size: what grows with it is counted up to a bound, and it is said where that was reached.
"""

import contextlib
import itertools
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from storyloom.story import file
from storyloom.story.marks import chapters_of
from storyloom.story.schema import GONE, PRUNED
from storyloom.text import Refusal, one_line, words

__all__ = ["Entry", "Facts", "facts", "free_name", "is_among", "shelf", "spent"]

_NODES = 20_000
_READ = 300
_WOVEN = 4_000
_ASKED = 2_000
_LETTERS = 20_000
"""Characters that are read of one text."""
_LAST_MOMENT = 253_370_764_800_000
"""The year 9999, in milliseconds; a file may claim a later one, and no clock could show it."""
_FAULTS = (OSError, sqlite3.Error, ValueError, TypeError, ArithmeticError, RecursionError)
"""What comes of a file that goes away just now, or holds values that Storyloom never writes."""


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
    """Nodes, pruned ones counted; of a file of an earlier Storyloom at most 20,000."""
    words: int = 0
    """Words of the weave: its first 300 nodes are counted, up to 4,000 more, and what is beyond
    20,000 characters in one, estimated from their length."""
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
    more_nodes: bool = False
    """Whether there are more nodes than were counted."""
    more_words: bool = False
    """Whether the weave goes on behind what was counted."""
    error: str = ""
    """The sentence that says why it cannot be opened, and then nothing else is known."""


def shelf(folder: Path) -> list[Entry]:
    """Return the story files of a folder, the last changed one first; none when there is no folder.

    Only names and times are read. Hidden files are left out. Raises Refusal when what is there is
    no folder, or may not be read.
    """
    try:
        with os.scandir(folder) as found:
            there = {each.name: each for each in found}
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        named = one_line(str(folder))
        raise Refusal(f"{named} is not a folder; name one that has stories in it.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Refusal(f"The folder {one_line(str(folder))} cannot be read: {why}.") from error
    entries: list[Entry] = []
    for name, each in there.items():
        if not name.endswith(file.SUFFIX) or name.startswith("."):
            continue
        # While a program has it open, what is new is in the file beside it.
        times = [_changed(each), _changed(there.get(f"{name}-wal"))]
        if times[0]:
            entries.append(Entry(folder / name, max(times)))
    return sorted(entries, key=lambda entry: (-entry.changed, entry.path.name))


def facts(path: Path) -> Facts:
    """Return what a library says of a story; never raises for the file's own faults."""
    try:
        with contextlib.closing(file.open_reader(path, wait=0.2)) as db:
            db.execute("BEGIN")
            return _facts(db, path.stem)
    except Refusal as refusal:
        return Facts(path.stem, error=str(refusal))
    except _FAULTS as error:
        named, why = one_line(str(path)), one_line(str(error))
        return Facts(path.stem, error=f"{named} cannot be read as a story: {why}.")


def free_name(folder: Path, name: str) -> Path:
    """Return a path for a story that nothing has yet: `name`, or that with a number behind it."""
    for number in itertools.count(1):
        numbered = f"{name}-{number}" if number > 1 else name
        path = folder / f"{numbered}{file.SUFFIX}"
        if not any(os.path.lexists(f"{path}{suffix}") for suffix in ("", "-wal", "-journal")):
            return path
    raise AssertionError


def is_among(path: Path, folder: Path) -> bool:
    """Whether a file is one of the stories that a folder shows."""
    try:
        return path.suffix == file.SUFFIX and path.parent.samefile(folder)
    except (OSError, ValueError):
        return False


def spent(facts: Facts) -> str:
    """Return what a story has cost, with a ? where the prices of some branches are not known."""
    if not facts.models:
        return "–"
    if facts.unpriced and not facts.spent:
        return "?"
    return f"${facts.spent:.2f}" + ("?" if facts.unpriced else "")


def _changed(found: os.DirEntry[str] | None) -> float:
    try:
        return found.stat().st_mtime if found is not None else 0.0
    except OSError:
        return 0.0


# A sketch is no text of the story.
_TEXT = "iif(EXISTS(SELECT 1 FROM attr WHERE owner = down.id AND key = 'sketch'), '', rev.text)"
_WEAVE = f"""
WITH RECURSIVE down(id, rev, n) AS (
    SELECT 0, 0, 0 UNION ALL
    SELECT node.id, node.rev, n + 1 FROM down
    JOIN attr ON attr.owner = down.id AND attr.key = 'weave:main'
    JOIN node ON node.id = attr.value AND node.parent = attr.owner
        AND NOT node.flags & {GONE | PRUNED}
    LIMIT ?
)
SELECT iif(n <= {_READ}, substr({_TEXT}, 1, {_LETTERS}), NULL), length({_TEXT}),
    (SELECT value FROM attr WHERE owner = down.id AND key = 'chapters')
FROM down JOIN rev ON rev.id = down.rev ORDER BY n
"""


_COUNT = (
    "SELECT count(*) FROM (SELECT 1 FROM node INDEXED BY node_kids "
    f"WHERE NOT flags & {GONE} LIMIT {_NODES})"
)


def _facts(db: sqlite3.Connection, name: str) -> Facts:
    said = dict(
        db.execute(
            f"SELECT key, substr(value, 1, {_LETTERS}) FROM attr WHERE owner = 0 "
            "AND key IN ('title', 'premise', 'spent', 'unpriced')"
        ).fetchall()
    )
    # An older file, which counts nothing, is not brought up to date by a glance.
    counted = _one(db, "PRAGMA user_version") > 1
    nodes = _one(db, "SELECT whole FROM tally WHERE node = 0" if counted else _COUNT)
    woven = db.execute(_WEAVE, (_WOVEN + 1,)).fetchall()
    marks = [mark for *_, value in woven if value for mark in chapters_of(value)]
    models = _one(
        db,
        "SELECT count(DISTINCT model) FROM "
        f"(SELECT model FROM gen ORDER BY id DESC LIMIT {_ASKED})",
    )
    opened = _one(db, "SELECT coalesce((SELECT ts FROM op ORDER BY id DESC LIMIT 1), 0)")
    return Facts(
        title=str(said.get("title") or name),
        premise=str(said.get("premise") or ""),
        nodes=nodes,
        words=_words(woven),
        chapters=tuple(str(mark.title)[:_LETTERS] for mark in marks),
        models=models,
        spent=int(said.get("spent") or 0) / 1e9,
        unpriced=int(said.get("unpriced") or 0),
        opened=max(0, min(opened, _LAST_MOMENT)),
        more_nodes=not counted and nodes == _NODES,
        more_words=len(woven) == _WOVEN,
    )


def _words(woven: list[tuple[str | None, int, object]]) -> int:
    read = [text for text, *_ in woven if text is not None]
    counted = sum(map(words, read))
    seen = sum(map(len, read))
    unseen = sum(length for _, length, _ in woven) - seen
    return counted + (round(counted * unseen / seen) if seen else 0)


def _one(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])
