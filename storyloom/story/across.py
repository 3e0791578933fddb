"""Finding words in a story that nobody has open, with the words around each place.

The file is only read, and nothing is laid beside it: a library may hold a thousand of them.
"""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from storyloom.story import file, search
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["Excerpt", "Place", "in_title", "places"]

Excerpt = tuple[tuple[str, bool], ...]
"""A text in parts, each with whether it is one of the words that were looked for."""
_BEFORE, _AFTER = "\x01", "\x02"
"""Around a word in SQLite's answer; no text of a story has them."""
_TOKENS = 24
_FAULTS = (OSError, sqlite3.Error, ValueError, TypeError, LookupError, RecursionError)


class Place(NamedTuple):
    """One place in a story that has the words."""

    node: int
    """0 for what is said of the story itself."""
    where: str
    """As `search.Hit` has it."""
    pruned: bool
    excerpt: Excerpt


@dataclass(frozen=True)
class _Reader:
    """What the search of one story needs of it."""

    read: sqlite3.Connection


def in_title(title: str, phrase: str) -> bool:
    """Whether a title has all the words, or beginnings of words, of a phrase."""
    lowered = title.casefold()
    words = phrase.casefold().split()
    return bool(words) and all(word in lowered for word in words)


def places(path: Path, phrase: str, limit: int) -> tuple[list[Place], bool]:
    """Return up to `limit` places in the story at `path`, and whether there are more.

    Its title is left out. Raises Refusal when it cannot be read.
    """
    try:
        with contextlib.closing(file.open_reader(path, wait=0.2)) as db:
            db.execute("BEGIN")
            if db.execute("PRAGMA user_version").fetchone()[0] < 2:
                raise Refusal(
                    f"{one_line(path.name)} is of an earlier Storyloom; open it once to have it "
                    "searched."
                )
            found = search.search(cast("Story", _Reader(db)), phrase, limit=limit)
            wanted = search.query(phrase)
            return [
                Place(hit.node, hit.where, hit.pruned, _excerpt(db, hit, wanted))
                for hit in found.hits
                if hit.where != "title"
            ], found.more
    except _FAULTS as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{one_line(path.name)} cannot be searched: {error}.") from error


def _excerpt(db: sqlite3.Connection, hit: search.Hit, wanted: str) -> Excerpt:
    if hit.where == "text":
        table, row = "rev_fts", "SELECT rev FROM node WHERE id = ?1"
    else:
        table, row = "said_fts", "SELECT id FROM said WHERE owner = ?1 AND key = ?3"
    key = "chapters" if hit.where == "chapter" else hit.where
    found = db.execute(
        f"SELECT snippet({table}, 0, '{_BEFORE}', '{_AFTER}', '…', {_TOKENS}) FROM {table} "
        f"WHERE {table} MATCH ?2 AND rowid = ({row})",
        (hit.node, wanted, key)[: 2 if hit.where == "text" else 3],
    ).fetchone()
    parts: list[tuple[str, bool]] = []
    for number, part in enumerate(str(found[0] if found else "").split(_BEFORE)):
        word, end, rest = part.partition(_AFTER) if number else ("", "", part)
        parts += [(word, bool(end))] if word else []
        parts += [(rest, False)] if rest else []
    return tuple(parts)
