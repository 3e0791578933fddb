"""What the author said of nodes and of the story, as text that can be searched.

Table `said` follows from those attributes that hold words of the author's. Its full-text index
reads its text from there, so that text stands in the file once.
"""

import json
import sqlite3
from typing import Any, cast

__all__ = ["SPOKEN", "build", "put", "words_of"]

SPOKEN = ("note", "why", "reason", "label", "bookmark", "title", "premise", "style", "chapters")
"""Attributes that are searched, beside `tag:` and `lore:` ones."""

_LORE = ("title", "keys", "secondary_keys", "content")


def words_of(key: str, value: object) -> str:
    """Return what is to be found of an attribute; empty for one that is not searched."""
    if value is None:
        return ""
    if key.startswith("tag:"):
        return key.removeprefix("tag:")
    if key.startswith("lore:"):
        return _lore(str(value))
    if key == "chapters":
        return "\n".join(str(mark[1]) for mark in json.loads(str(value)))
    return str(value) if key in SPOKEN else ""


def _lore(value: str) -> str:
    entry = cast("dict[str, Any]", json.loads(value))
    lines: list[str] = []
    for name in _LORE:
        found: Any = entry.get(name) or ""
        lines += map(str, cast("list[Any]", found) if isinstance(found, list) else [found])
    return "\n".join(line for line in lines if line)


def put(db: sqlite3.Connection, owner: int, key: str, value: object) -> None:
    """Let `said` follow an attribute that has been changed; None says that it is gone."""
    if key not in SPOKEN and not key.startswith(("tag:", "lore:")):
        return
    row = db.execute("SELECT id, text FROM said WHERE owner = ? AND key = ?", (owner, key))
    old = row.fetchone()
    words = words_of(key, value)
    if old is not None:
        if old[1] == words:
            return
        db.execute("INSERT INTO said_fts(said_fts, rowid, text) VALUES('delete', ?, ?)", old)
        db.execute("DELETE FROM said WHERE id = ?", (old[0],))
    if words:
        row = db.execute("INSERT INTO said(owner, key, text) VALUES(?,?,?)", (owner, key, words))
        db.execute("INSERT INTO said_fts(rowid, text) VALUES(?,?)", (row.lastrowid, words))


def build(db: sqlite3.Connection) -> None:
    """Make all of `said` again from the attributes."""
    db.execute("DELETE FROM said")
    rows = db.execute("SELECT owner, key, value FROM attr ORDER BY owner, key")
    for owner, key, value in rows:
        if words := words_of(key, value):
            db.execute("INSERT INTO said(owner, key, text) VALUES(?,?,?)", (owner, key, words))
    db.execute("INSERT INTO said_fts(said_fts) VALUES('rebuild')")
