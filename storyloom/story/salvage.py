"""Reading what can still be read of a damaged SQLite file, row by row."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storyloom.story import pages, schema

__all__ = ["Wreck"]

_DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""What reading may meet; SQLite's own words on it need not be any text."""
_CHUNK = 500
_FARTHEST = 1 << 40
"""How far behind a row that cannot be read a readable one is looked for."""


class Wreck:
    """A story file that may be damaged anywhere; it is only read.

    `damaged` says whether anything was met that could not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = False
        self._db = _opened(path)

    def rows(self, table: str, key: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield the readable rows of a table as (key, *columns), in the order of its integer key.

        Where a row cannot be read, the next one that can is looked for, in steps that double.
        """
        db = self._db
        if db is None:
            self.damaged = True
            return
        query = f"SELECT {key}, {columns} FROM {table} WHERE {key} >= ? ORDER BY {key} LIMIT ?"
        at, chunk = -_FARTHEST, _CHUNK
        while True:
            try:
                found = db.execute(query, (at, chunk)).fetchall()
            except _DAMAGE:
                self.damaged = True
                if chunk > 1:
                    chunk = max(1, chunk // 4)
                    continue
                behind = _readable(db, table, key, at)
                if behind is None:
                    return
                at = behind
                continue
            if not found:
                return
            # Keys that do not ascend would be read without end.
            sound = [row for row in found if isinstance(row[0], int) and row[0] >= at]
            if len(sound) < len(found):
                self.damaged = True
                if not sound:
                    return
            yield from sound
            at = max(row[0] for row in sound) + 1
            chunk = min(_CHUNK, chunk * 2)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return a query's rows; none when they cannot be read."""
        if self._db is None:
            return []
        try:
            return self._db.execute(query, values).fetchall()
        except _DAMAGE:
            self.damaged = True
            return []

    def loose(self) -> Iterator[pages.Found]:
        """Yield the rows that lie in any page of the file, whether anything leads there or not."""
        return pages.found(self.path)

    def close(self) -> None:
        """Let the file go."""
        if self._db is not None:
            self._db.close()


def _opened(path: Path) -> sqlite3.Connection | None:
    """Return a connection; none when not even the tables of the file are known."""
    aside = path.with_name(path.name + "-wal")
    # Where nothing lies beside the file, nothing is left beside it either.
    mode = "mode=ro" if aside.exists() else "mode=ro&immutable=1"
    db = sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?{mode}", uri=True, isolation_level=None
    )
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        # Tables of any other shape may be somebody's trap, and are not asked.
        if schema.fingerprint(db) == schema.FINGERPRINTS.get(version):
            return db
    except _DAMAGE:
        pass
    db.close()
    return None


def _readable(db: sqlite3.Connection, table: str, key: str, at: int) -> int | None:
    """Return the least key behind `at` from which on a row can be read, None when there is none."""
    query = f"SELECT 1 FROM {table} WHERE {key} >= ? ORDER BY {key} LIMIT 1"

    def reads(where: int) -> bool:
        try:
            db.execute(query, (where,)).fetchone()
        except _DAMAGE:
            return False
        return True

    # From far below the first row, the first row is what cannot be read.
    bad = max(at, 0)
    step = 1
    while not reads(bad + step):
        bad += step
        step *= 2
        if step > _FARTHEST:
            return None
    good = bad + step
    while good - bad > 1:
        middle = (good + bad) // 2
        if reads(middle):
            good = middle
        else:
            bad = middle
    return good
