"""New files made from a story: a copy of it, and its tables made again from its log alone."""

import contextlib
import os
import sqlite3
from glob import escape
from pathlib import Path
from urllib.parse import quote

from storyloom.story import check, file, recount, said
from storyloom.story.act import SILENT
from storyloom.story.story import Story
from storyloom.story.watched import Progress, Watch, interruptible
from storyloom.text import Refusal

__all__ = ["LOG", "back_up", "gather_steps", "project", "rebuild"]

LOG = ("op", "change", "rev", "gen", "request")
"""The tables that are the log; all others follow from them, or are no history."""
_KEPT = ("undoable", "redoable", "fold", "ui")
_COSTS = {"log": 0.6, "tables": 1.6, "counts": 0.4, "search": 0.9}
"""What the stages of a rebuild cost, measured; only their ratio counts."""


def back_up(path: Path, target: Path, progress: Progress | None = None) -> None:
    """Write a copy of a story to the new file `target`, as it is at one moment.

    Other programs may write in the story meanwhile. `progress` is told how far it is, and what it
    raises ends it. Raises Refusal as `file.copy` does.
    """
    if not file.is_current(path):
        # Opening would bring it up to date, and the copy is to be of what is there.
        with contextlib.closing(file.open_reader(path)) as db:
            _copy(db, target, progress)
        return
    # Open for writing, if it can be, as only then what reading lays beside the file is cleared.
    with Story(path) as story:
        _copy(story.read, target, progress)


def _copy(db: sqlite3.Connection, target: Path, progress: Progress | None) -> None:
    """Copy what a connection reads; how far that is, the size of what is being made says."""
    whole = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    size = max(1, int(whole.fetchone()[0]))
    made: list[Path] = []

    def tick() -> None:
        if progress is not None:
            made[:] = made or target.parent.glob(f".{escape(target.name[:100])}-*.new")
            with contextlib.suppress(OSError):
                progress(min(1.0, sum(each.stat().st_size for each in made) / size))

    with interruptible(db, tick):
        file.copy(db, target)


def rebuild(
    path: Path, target: Path, progress: Progress | None = None, *, upto: int | None = None
) -> int:
    """Write the story at `path` to the new file `target`, its tables made from its log, and return
    how many nodes it has.

    The log goes over as it is, and nothing of the old tables does but what is no history: what
    can be undone, and how the screen was left. With `upto` it goes over up to that operation, and
    a branch that was being written then is still unfinished, and empty. `progress` is told how
    far it is, and what it raises ends it; no file is left then. Raises Refusal when the file
    cannot be read whole; whether its log is sound is for `check` to say.
    """
    current, resting = file.is_current(path), not file.in_use(path)
    # One of an earlier Storyloom is read as it lies, as opening would bring it up to date.
    with Story(path) if current else contextlib.nullcontext() as story, file.draft(target) as made:
        # Where nobody can write, nothing is to be laid beside the file by reading it.
        as_it_lies = resting and (story is None or story.readonly)
        db = sqlite3.connect(made, isolation_level=None, uri=True)
        try:
            db.execute("PRAGMA synchronous = OFF")
            watch = Watch(progress, _COSTS)
            with interruptible(db):
                watch.begin("log")
                _take_over(db, path, "mode=ro&immutable=1" if as_it_lies else "mode=ro", upto)
                db.execute("BEGIN IMMEDIATE")
                nodes = project(db, watch)
                db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise Refusal(f"{path.name} cannot be rebuilt: {file.explained(error)}.") from error
        except (ValueError, TypeError, LookupError) as error:
            raise Refusal(
                f"The log of {path.name} is faulty itself, so nothing can be made from it; "
                "'storyloom recover' saves what it still proves."
            ) from error
        finally:
            db.close()
    return nodes


_LAST = 1 << 62
_BY_THEN = {
    "op": "id <= :op",
    "change": "op <= :op",
    "rev": "op <= :op",
    "gen": "op <= :op",
    "request": "hash IN (SELECT request FROM main.gen) OR lower(hex(hash)) IN "
    "(SELECT json_extract(data, '$.drawn') FROM main.op WHERE json_valid(data))",
}
"""Which rows of the log's tables were there after an operation, in an order that can be copied."""
# The text of a branch that was being written then came whole with a later operation.
_UNFINISHED = """
INSERT INTO main.rev(id, node, runs, text) SELECT id, node, '[]', '' FROM old.rev
WHERE coalesce(op, :last) > :op AND id IN (
    SELECT json_extract(new, '$[2]') FROM main.change WHERE key = 'add')
"""


def _take_over(db: sqlite3.Connection, path: Path, mode: str, upto: int | None) -> None:
    """Copy the log of the story at `path`, all of it or up to an operation, and let that go."""
    db.execute("ATTACH ? AS old", (f"file:{quote(os.fsencode(path.absolute()))}?{mode}",))
    db.execute("BEGIN IMMEDIATE")
    if upto is None:
        for table in (*LOG, *_KEPT):
            db.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")
    else:
        for table, there in _BY_THEN.items():
            db.execute(
                f"INSERT INTO main.{table} SELECT * FROM old.{table} WHERE {there}", {"op": upto}
            )
        db.execute(_UNFINISHED, {"op": upto, "last": _LAST})
        gather_steps(db)
    db.execute("COMMIT")
    db.execute("DETACH old")


def gather_steps(db: sqlite3.Connection) -> None:
    """Find out from the log what can be taken back and made again behind its last operation."""
    undoable: dict[int, str] = {}
    redoable: dict[int, str] = {}
    means: dict[int, int] = {}
    for op, session, kind, reverts in db.execute(
        "SELECT id, session, kind, reverts FROM op ORDER BY id"
    ).fetchall():
        if kind == "undo":
            undoable.pop(reverts, None)
            redoable[op], means[op] = session, reverts
        elif kind == "redo":
            redoable.pop(reverts, None)
            if reverts in means:
                undoable[means[reverts]] = session
        elif kind not in SILENT:
            undoable[op] = session
            redoable.clear()
    db.executemany("INSERT INTO undoable VALUES(?,?)", undoable.items())
    db.executemany("INSERT INTO redoable VALUES(?,?)", redoable.items())


def project(db: sqlite3.Connection, watch: Watch | None = None) -> int:
    """Make all that follows from the log, in a file that has only the log, and return how many
    nodes there are. The caller holds the transaction.
    """
    nodes = 0
    watch = watch or Watch(None, {})
    owners = int(db.execute("SELECT coalesce(max(owner), 0) FROM change").fetchone()[0])
    watch.begin("tables")
    for owner, tables in watch.rows(check.folded(db), owners):
        state = tables.nodes.get(owner)
        if state is not None:
            nodes += 1
            db.execute(
                "INSERT INTO node(id, parent, ord, rev, flags, gen, born) VALUES(?,?,?,?,?,?,?)",
                (owner, *state, tables.born[owner]),
            )
        db.executemany(
            "INSERT INTO attr(owner, key, value) VALUES(?,?,?)",
            [(owner, key, value) for (_, key), value in tables.attributes.items()],
        )
    watch.begin("counts")
    recount.build(db)
    said.build(db)
    watch.begin("search")
    db.execute(
        "INSERT INTO rev_fts(rowid, text) SELECT id, text FROM rev "
        "WHERE op IS NOT NULL AND text <> '' ORDER BY id"
    )
    return nodes
