"""The tables of a story file, as ordered migrations.

Three kinds of tables. The log is append-only: `op` (one act of the author or one step of a batch,
chained by hash), `change` (its field-level changes, old and new), and what they refer to, `rev`
(texts), `gen` (what a model was asked) and `request` (the messages it was sent and, known by their
hash too, the tokens that a text was written with, see `drawn`). The projection, `node` and `attr`,
is what folding the log gives, and can be made again from it. The rest is not history: `undoable`
and `redoable` speed undo up, `tally` counts what is below (see `tally`), `said` is what the author
said of nodes, for search, and `fold` and `ui` are how the screen was left.

`attr` is one general journaled attribute: owner 0 is the story, any other owner a node. Parent 0
means that a node begins a story. Ids are never used twice.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Generator

__all__ = ["APPLICATION_ID", "FINGERPRINTS", "GONE", "HIDDEN", "PRUNED", "PURGED", "STREAMING",
           "VERSION", "fingerprint", "migrate", "writable_log"]  # fmt: skip

APPLICATION_ID = 0x4C4F4F4D
"""`LOOM`, in the header of every story file."""

PRUNED = 1
"""Flag of a node: pruned by the author; its descendants are hidden with it."""
GONE = 2
"""Flag of a node: its making was undone, or it was joined into another."""
STREAMING = 4
"""Flag of a node: a model is still writing it."""
PURGED = 8
"""Flag of a node: its texts were deleted for good; only that it was there is still known."""
HIDDEN = PRUNED | GONE
"""Flags of which one is enough to hide a node and all that is below it."""

_GUARDS = {
    f"{table}_no_{verb.lower()}": f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} "
    f"ON {table} BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    for table in ("op", "change", "gen", "request")
    for verb in ("UPDATE", "DELETE")
} | {
    "rev_frozen": "CREATE TRIGGER rev_frozen BEFORE UPDATE ON rev WHEN old.op IS NOT NULL "
    "BEGIN SELECT RAISE(ABORT, 'a finished text does not change'); END",
    "rev_no_delete": "CREATE TRIGGER rev_no_delete BEFORE DELETE ON rev "
    "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
}
"""The triggers that keep the log append-only, by their names."""

_FIRST = (
    "CREATE TABLE op(id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, session TEXT NOT NULL, "
    "actor TEXT NOT NULL, kind TEXT NOT NULL, reverts INTEGER REFERENCES op(id), "
    "data TEXT NOT NULL, hash BLOB NOT NULL) STRICT",
    "CREATE TABLE change(seq INTEGER PRIMARY KEY, op INTEGER NOT NULL REFERENCES op(id) "
    "DEFERRABLE INITIALLY DEFERRED, owner INTEGER NOT NULL, key TEXT NOT NULL, old ANY, new ANY) "
    "STRICT",
    "CREATE INDEX change_op ON change(op)",
    # Time travel walks back through what was altered; what was added costs it nothing.
    "CREATE INDEX change_altered ON change(seq) WHERE key <> 'add'",
    "CREATE TABLE rev(id INTEGER PRIMARY KEY, node INTEGER NOT NULL, op INTEGER, hash BLOB, "
    "runs TEXT NOT NULL, text TEXT NOT NULL) STRICT",
    "CREATE INDEX rev_node ON rev(node)",
    "CREATE INDEX rev_op ON rev(op)",
    "CREATE TABLE request(hash BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE gen(id INTEGER PRIMARY KEY, op INTEGER NOT NULL, idx INTEGER NOT NULL, "
    "model TEXT NOT NULL, params TEXT NOT NULL, request BLOB NOT NULL) STRICT",
    "CREATE INDEX gen_op ON gen(op)",
    "CREATE TABLE node(id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, ord TEXT NOT NULL, "
    "rev INTEGER NOT NULL, gen INTEGER, flags INTEGER NOT NULL, born INTEGER NOT NULL) STRICT",
    # Covering: the shape of the tree is read from this index alone.
    "CREATE INDEX node_kids ON node(parent, ord, id, flags)",
    "CREATE INDEX node_streaming ON node(id) WHERE flags & 4",
    "CREATE TABLE attr(owner INTEGER NOT NULL, key TEXT NOT NULL, value ANY NOT NULL, "
    "PRIMARY KEY(owner, key)) STRICT, WITHOUT ROWID",
    "CREATE INDEX attr_key ON attr(key, owner)",
    "CREATE TABLE undoable(op INTEGER PRIMARY KEY, session TEXT NOT NULL) STRICT",
    "CREATE TABLE redoable(op INTEGER PRIMARY KEY, session TEXT NOT NULL) STRICT",
    "CREATE TABLE fold(node INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE ui(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",
    *_GUARDS.values(),
    # Only finished texts are indexed, once, by the code that finishes them: a trigger would index
    # every piece that streams in. Spelled out, as sqlite-utils may spell it otherwise one day and
    # the fingerprint would not fit.
    "CREATE VIRTUAL TABLE rev_fts USING fts5(text, content='rev', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2')",
    "INSERT INTO rev_fts(rev_fts, rank) VALUES('automerge', 8)",
)

_SECOND = (
    # What happened to one node, without reading the whole log.
    "CREATE INDEX change_owner ON change(owner)",
    "CREATE TABLE tally(node INTEGER PRIMARY KEY, above INTEGER, steps INTEGER NOT NULL, "
    "shown INTEGER NOT NULL, whole INTEGER NOT NULL, grown INTEGER NOT NULL, "
    "hidden INTEGER NOT NULL) STRICT",
    "CREATE INDEX tally_above ON tally(above)",
    "INSERT INTO tally VALUES(0, NULL, 0, 0, 0, 0, 0)",
    "CREATE TABLE said(id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, key TEXT NOT NULL, "
    "text TEXT NOT NULL, UNIQUE(owner, key)) STRICT",
    "CREATE VIRTUAL TABLE said_fts USING fts5(text, content='said', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 2')",
)

VERSION = 2
"""The newest `user_version` this program writes."""

FINGERPRINTS = {
    1: "060c81d3e71e266124ea26d0bacd530f0f4177e7815f876a2694eef1a13409eb",
    2: "2564b432fc6632c3c5d6264a8a068d673a1f05be4fdbd630fd8926f9e17e28f7",
}
"""sha256 of each version's schema; a file whose schema differs was not made by this program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a story file to the newest schema, in the transaction the caller has begun.

    sqlite-utils is imported here and not above, as it costs more than opening a story.
    """
    from sqlite_utils import Database, Migrations

    from storyloom.story import recount, said

    migrations = Migrations("storyloom")

    @migrations()
    def first(_: Database) -> None:  # pyright: ignore[reportUnusedFunction]
        for statement in _FIRST:
            connection.execute(statement)

    @migrations()
    def second(_: Database) -> None:  # pyright: ignore[reportUnusedFunction]
        for statement in _SECOND:
            connection.execute(statement)
        recount.build(connection)
        said.build(connection)

    database = Database(connection, execute_plugins=False, recursive_triggers=False)
    migrations.apply(database)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


@contextlib.contextmanager
def writable_log(connection: sqlite3.Connection, *guards: str) -> Generator[None]:
    """Lift those triggers of the log while the block runs, inside the caller's transaction.

    For a purge alone, which has to delete what was said to be kept for ever.
    """
    for guard in guards:
        connection.execute(f"DROP TRIGGER {guard}")
    yield
    for guard in guards:
        connection.execute(_GUARDS[guard])


def fingerprint(connection: sqlite3.Connection) -> str:
    """Return the sha256 of the schema's statements.

    Left out are the search index's own tables and the list of migrations: SQLite and sqlite-utils
    make those, and another version of them may spell them differently.
    """
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
        "ORDER BY type, name"
    ).fetchall()
    kept = [(kind, name, sql) for kind, name, table, sql in rows if not _spare(kind, table, sql)]
    return hashlib.sha256(repr(kept).encode()).hexdigest()


_SPARE = {"_sqlite_migrations", "sqlite_stat1", "sqlite_stat4"} | {
    f"{index}_{shadow}"
    for index in ("rev_fts", "said_fts")
    for shadow in ("data", "idx", "content", "docsize", "config")
}


def _spare(kind: str, table: str, sql: str) -> bool:
    # The statement is looked at too: SQLite believes it, and not what stands beside it.
    words = sql.upper().split()[:3]
    return table in _SPARE and (
        (kind == "table" and words[:2] == ["CREATE", "TABLE"])
        or (kind == "index" and "INDEX" in words[1:])
    )
