"""What a replay reads of a story: the changes of its log, and the texts that they name."""

import sqlite3
from collections.abc import Iterator
from typing import TypeAlias

from storyloom.story.tables import Change, Value

__all__ = ["Telling", "changes", "model_of", "moments", "telling", "text_of", "touched",
           "written"]  # fmt: skip

_AT_ONCE = 5_000


Telling: TypeAlias = tuple[int, str, Change, str]
"""A change that may tell what the author did with a branch: its operation, the kind of that, the
change, and the operation's data as JSON.
"""


def moments(db: sqlite3.Connection) -> list[tuple[int, int, str]]:
    """Return number, time in milliseconds since the epoch, and kind of every operation, in order.

    Those are left out with which a run of the program begins and ends, as they change nothing.
    """
    return db.execute(
        "SELECT id, ts, kind FROM op WHERE kind NOT IN ('session.start', 'session.end') ORDER BY id"
    ).fetchall()


def changes(db: sqlite3.Connection, first: int, last: int) -> list[tuple[int, int, str, Value]]:
    """Return operation, owner, key and new value of each change of the operations `first` to
    `last`, in order.
    """
    return db.execute(
        "SELECT op, owner, key, new FROM change WHERE op BETWEEN ? AND ? ORDER BY op, seq",
        (first, last),
    ).fetchall()


def telling(db: sqlite3.Connection, last: int) -> Iterator[Telling]:
    """Yield, in order, what added nodes, pruned them, or changed chapters or weaves, up to
    operation `last`.
    """
    rows = db.execute(
        "SELECT change.op, op.kind, owner, key, old, new, data FROM change "
        "JOIN op ON op.id = change.op "
        "WHERE change.op <= ? AND (key IN ('add', 'pruned', 'chapters') OR key GLOB 'weave:*') "
        "ORDER BY change.op, seq",
        (last,),
    )
    # Many at a time, as each row of its own costs three times as much.
    while some := rows.fetchmany(_AT_ONCE):
        for op, kind, owner, key, old, new, data in some:
            yield op, kind, Change(owner, key, old, new), data


def touched(db: sqlite3.Connection, op: int) -> int:
    """Return the node that an operation is about: the first that it added, else the first that it
    changed or led a weave to; 0 when there is none.
    """
    row = db.execute(
        "SELECT CASE WHEN key GLOB 'weave:*' AND new > 0 THEN new ELSE owner END AS node "
        "FROM change WHERE op = ? AND node > 0 ORDER BY key = 'add' DESC, seq LIMIT 1",
        (op,),
    ).fetchone()
    return row[0] if row else 0


def written(db: sqlite3.Connection, node: int) -> tuple[int | None, int | None]:
    """Return the operations with which a model began to write a node, and had written it; None for
    what the log does not have.
    """
    return db.execute(
        "SELECT min(op), min(CASE WHEN key = 'streaming' THEN op END) FROM change "
        "WHERE owner = ? AND (key = 'add' OR key = 'streaming')",
        (node,),
    ).fetchone()


def text_of(db: sqlite3.Connection, rev: int, most: int | None = None) -> str:
    """Return a text, or its first `most` code points; of one that is not there, none.

    Of one that is still being written it is all that has come by today.
    """
    what = "text" if most is None else "substr(text, 1, ?2)"
    row = db.execute(
        f"SELECT {what} FROM rev WHERE id = ?1", (rev,) if most is None else (rev, most)
    ).fetchone()
    return row[0] if row else ""


def model_of(db: sqlite3.Connection, gen: int) -> str:
    """Return the model that a branch was asked of; empty when the log does not have it."""
    row = db.execute("SELECT model FROM gen WHERE id = ?", (gen,)).fetchone()
    return row[0] if row else ""
