"""Whether a story file is what its log says, and its tables made again from the log."""

import hashlib
import itertools
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storyloom.story import file, origins, recount, said
from storyloom.story.act import chained, recorded, text_hash
from storyloom.story.drawn import KEY, named_in
from storyloom.story.effort import costs, sizes
from storyloom.story.schema import GONE, HIDDEN, PURGED
from storyloom.story.story import Story
from storyloom.story.tables import Change, MemoryTables, apply
from storyloom.story.watched import Progress, Watch, interruptible
from storyloom.text import Refusal

__all__ = ["Report", "check", "check_file", "folded", "folded_log"]

_SHOWN = 50


@dataclass
class Report:
    """What a check found."""

    ops: int = 0
    nodes: int = 0
    texts: int = 0
    faults: list[str] = field(default_factory=list[str])
    """A sentence each, of each kind at most 50; none means that all is well."""
    erased: int = 0
    """Operations that cannot be verified since a purge deleted what they said."""
    watch: Watch = field(default_factory=lambda: Watch(None, {}), repr=False, compare=False)
    sizes: dict[str, int] = field(default_factory=dict[str, int], repr=False, compare=False)
    """How many rows there are to be verified, about, by table."""


def check_file(path: Path, progress: Progress | None = None) -> Report:
    """Verify the story at `path` as `check` does, and leave it as it is.

    `progress` is told how far it is, and what it raises ends it. A file of an earlier Storyloom is
    not brought up to date, and one that cannot be opened as a story any more is looked into all the
    same.
    """
    resting = not file.in_use(path)
    report = _check(path, live=False, progress=progress)
    if report.faults and resting and file.in_use(path):
        # It may be no damage, but a program that has begun to write meanwhile.
        report = _check(path, live=True, progress=progress)
    return report


def check(story: Story) -> Report:
    """Verify SQLite's own integrity, the log's chain, every text, and that the tables agree.

    Reads the whole file, in one moment of it even while other programs write, and holds little of
    it at a time. Damage is reported, never raised.
    """
    return _check(story.path, live=True)


def _check(path: Path, *, live: bool, progress: Progress | None = None) -> Report:
    report = Report()
    try:
        db = file.open_reader(path, live=live)
    except Refusal as refusal:
        report.faults.append(str(refusal))
        return report
    try:
        db.execute("BEGIN")
        counted = db.execute("PRAGMA user_version").fetchone()[0] > 1
        parts = _LOGGED | _DERIVED if counted else _LOGGED
        report.sizes = sizes(db)
        report.watch = Watch(progress, costs(parts, report.sizes))
        for name, part in parts.items():
            try:
                with interruptible(db):
                    report.watch.begin(name)
                    _gather(report, part(db, report))
            except (Refusal, ValueError, TypeError, LookupError, AttributeError) as error:
                report.faults.append(_unread(name, error))
    finally:
        db.close()
    return report


def _unread(name: str, error: Exception) -> str:
    # What SQLite said, without the advice to check what is being checked.
    why = str(error.__cause__ or error) if isinstance(error, Refusal) else str(error)
    return f"Not all of {name} could be read: {why.rstrip('.')}."


def _integrity(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    found = [row[0] for row in db.execute("PRAGMA integrity_check(20)").fetchall()]
    if found != ["ok"]:
        yield from (f"SQLite finds damage: {line}." for line in found)


def _gather(report: Report, faults: Iterator[str]) -> None:
    shown = 0
    for fault in faults:
        shown += 1
        if shown <= _SHOWN:
            report.faults.append(fault)
    if shown > _SHOWN:
        report.faults.append(f"And {shown - _SHOWN} more like these.")


def folded_log(db: sqlite3.Connection, upto: int | None = None) -> MemoryTables:
    """Return the projection after operation `upto`, or after the last, made from the log alone.

    It is wholly in memory; `folded` takes the last one node by node.
    """
    tables = MemoryTables()
    rows = db.execute(
        "SELECT op, owner, key, old, new FROM change WHERE op <= ? ORDER BY seq",
        (upto if upto is not None else 1 << 62,),
    )
    for op, *change in rows:
        apply(tables, Change(*change), op)
    return tables


def folded(db: sqlite3.Connection) -> Iterator[tuple[int, MemoryTables]]:
    """Yield each owner in order with the projection of it alone, made from the log.

    A change touches one owner, so owners can be folded one after the other in little memory.
    Raises ValueError where the log changes a node that it never added.
    """
    rows = db.execute("SELECT owner, op, key, old, new FROM change ORDER BY owner, seq")
    for owner, changes in itertools.groupby(rows, key=lambda row: row[0]):
        tables = MemoryTables()
        for _, op, *change in changes:
            apply(tables, Change(owner, *change), op)
        yield owner, tables


def _texts(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    # Purges name the texts of nodes that stayed and had to lose an earlier one.
    erased = {
        row[0]
        for row in db.execute(
            "SELECT each.value FROM op, json_each(op.data, '$.erased') AS each "
            "WHERE op.kind = 'node.purge'"
        )
    }
    rows = db.execute(
        "SELECT rev.id, rev.node, rev.hash, rev.runs, rev.text, node.flags FROM rev "
        "LEFT JOIN node ON node.id = rev.node WHERE rev.op IS NOT NULL"
    )
    for rev, node, digest, runs, text, flags in report.watch.rows(rows, report.sizes["rev"]):
        report.texts += 1
        if not text and ((flags or 0) & PURGED or rev in erased):
            continue
        if text_hash(text) != digest:
            yield f"The text {rev} of n{node} is not the one that was stored."
        if sum(run.length for run in origins.loaded(runs)) != len(text):
            yield f"The origins of text {rev} of n{node} do not add up to it."


def _requests(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    for digest, body in db.execute("SELECT hash, body FROM request"):
        if not body and _all_purged(db, digest):
            continue
        try:
            sound = hashlib.sha256(zlib.decompress(body)).digest() == digest
        except zlib.error:
            sound = False
        if not sound:
            yield f"What was sent to a model, or came ({digest.hex()[:8]}), is not what was stored."
    yield from _tokens(db)


def _tokens(db: sqlite3.Connection) -> Iterator[str]:
    """Every text that was stored with its tokens has them, unless it was purged or recovered."""
    if db.execute("SELECT 1 FROM op WHERE kind = 'story.recover' LIMIT 1").fetchone():
        return
    for node, data in db.execute(
        "SELECT rev.node, op.data FROM op JOIN rev ON rev.op = op.id "
        "WHERE instr(op.data, ?) AND rev.text <> ''",
        (KEY,),
    ):
        named = named_in(data)
        row = db.execute("SELECT length(body) FROM request WHERE hash = ?", (named,)).fetchone()
        if named and (row is None or not row[0]):
            yield f"The tokens of a text of n{node} are missing."


def _all_purged(db: sqlite3.Connection, request: bytes) -> bool:
    row = db.execute(
        "SELECT 1 FROM gen JOIN node ON node.gen = gen.id "
        f"WHERE gen.request = ? AND NOT node.flags & {PURGED} LIMIT 1",
        (request,),
    )
    return row.fetchone() is None


def _chain(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    previous = b""
    expected = 1
    erased = 0
    rows = db.execute(
        "SELECT id, ts, session, actor, kind, reverts, data, hash FROM op ORDER BY id"
    )
    for *head, digest in report.watch.rows(rows, report.sizes["op"]):
        op = int(head[0])
        report.ops += 1
        if op != expected:
            yield f"The log has a gap before operation {op}."
        expected = op + 1
        if chained(previous, tuple(head), *recorded(db, op)) != digest:
            if _spoke_of_purged(db, op):
                erased += 1
            else:
                yield f"Operation {op} ({head[4]}) is not what was logged."
        previous = digest
    report.erased = erased


def _spoke_of_purged(db: sqlite3.Connection, op: int) -> bool:
    """Whether an operation held words that a later purge has deleted from the log."""
    row = db.execute(
        f"SELECT 1 FROM change JOIN node ON node.id = change.owner WHERE change.op = ? "
        f"AND node.flags & {PURGED} UNION ALL SELECT 1 FROM op JOIN node "
        f"ON node.id = json_extract(op.data, '$.purged') WHERE op.id = ? "
        f"AND node.flags & {PURGED} LIMIT 1",
        (op, op),
    )
    return row.fetchone() is not None


class _Merged:
    """Rows of a query in the order of their first column, taken owner by owner."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)
        self._next: tuple[Any, ...] | None = next(self._rows, None)

    def take(self, owner: int) -> list[tuple[Any, ...]]:
        """Return that owner's rows."""
        out: list[tuple[Any, ...]] = []
        while self._next is not None and self._next[0] == owner:
            out.append(self._next)
            self._next = next(self._rows, None)
        return out

    def before(self, owner: int | None) -> Iterator[int]:
        """Yield the owners that come before that one, or all that are left, passing them over."""
        while self._next is not None and (owner is None or self._next[0] < owner):
            passed = self._next[0]
            self.take(passed)
            yield passed


def _tables(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    nodes = _Merged(
        db.execute("SELECT id, parent, ord, rev, flags, gen, born FROM node ORDER BY id")
    )
    attributes = _Merged(db.execute("SELECT owner, key, value FROM attr ORDER BY owner, key"))
    for owner, tables in report.watch.rows(folded(db), report.sizes["node"]):
        yield from (_not_logged(node) for node in nodes.before(owner))
        yield from (f"n{each} in the tables says what is not in the log."
                    for each in attributes.before(owner))  # fmt: skip
        state = tables.nodes.get(owner)
        expected = [(owner, *state, tables.born[owner])] if state is not None else []
        report.nodes += bool(expected)
        if nodes.take(owner) != expected:
            yield _not_logged(owner)
        found = {key: value for _, key, value in attributes.take(owner)}
        wanted = {key: value for (_, key), value in tables.attributes.items()}
        for key in sorted(found.keys() | wanted.keys()):
            if found.get(key) != wanted.get(key):
                yield f"{key} of n{owner} in the tables is not what the log says."
    yield from (_not_logged(node) for node in nodes.before(None))
    yield from (f"n{each} in the tables says what is not in the log."
                for each in attributes.before(None))  # fmt: skip


def _not_logged(node: int) -> str:
    return f"n{node} in the tables is not what the log says."


def _tree(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    """Every node that is not gone hangs on one that is not, and in the end on the story."""
    for node, parent in db.execute(
        f"SELECT node.id, node.parent FROM node LEFT JOIN node p ON p.id = node.parent "
        f"WHERE node.parent <> 0 AND NOT node.flags & {GONE} "
        f"AND (p.id IS NULL OR p.flags & {GONE})"
    ):
        yield f"n{node} hangs on n{parent}, which is not there."
    posts = 0
    reached = 0
    for each in report.watch.rows(recount.sums(db), report.sizes["node"]):
        reached += bool(each.node)
        row = db.execute(
            "SELECT shown, whole, hidden FROM tally WHERE node = ?", (each.node,)
        ).fetchone()
        posts += row is not None
        hidden = bool(each.flags & HIDDEN)
        if row is None:
            wrong = hidden and not each.flags & PURGED
        else:
            wrong = row != (each.shown, each.whole, hidden)
        if wrong:
            yield f"What is below n{each.node} is not counted right."
    if reached != report.nodes:
        yield f"{report.nodes - reached} nodes hang on nothing, or on each other in a circle."
    yield from _posts(db, posts)


def _posts(db: sqlite3.Connection, posts: int) -> Iterator[str]:
    if db.execute("SELECT count(*) FROM tally").fetchone()[0] != posts:
        yield "The counts name nodes that are not in the tree."
    for node, above, steps in db.execute(
        "SELECT node, above, steps FROM tally WHERE node <> 0 ORDER BY node"
    ):
        row = db.execute(
            "WITH RECURSIVE up(id, n) AS (SELECT parent, 1 FROM node WHERE id = ? UNION ALL "
            "SELECT node.parent, n + 1 FROM up JOIN node ON node.id = up.id "
            "WHERE NOT EXISTS(SELECT 1 FROM tally WHERE tally.node = up.id) AND n <= ?) "
            "SELECT id, n FROM up ORDER BY n DESC LIMIT 1",
            (node, steps),
        ).fetchone()
        if row != (above, steps):
            yield f"The depth of n{node} is not counted right."


def _said(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    held = _Merged(db.execute("SELECT owner, key, text FROM said ORDER BY owner, key"))
    rows = db.execute("SELECT owner, key, value FROM attr ORDER BY owner, key")
    for owner, attributes in itertools.groupby(rows, key=lambda row: row[0]):
        wanted = [
            (owner, key, words)
            for _, key, value in attributes
            if (words := said.words_of(key, value))
        ]
        yield from (_not_searched(each) for each in held.before(owner))
        if held.take(owner) != wanted:
            yield _not_searched(owner)
    yield from (_not_searched(each) for each in held.before(None))


def _not_searched(owner: int) -> str:
    return f"What is said of n{owner} is not what a search would find."


def _index(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    for table, what in (("rev", "rev.op IS NOT NULL AND rev.text <> ''"), ("said", "1")):
        missing = db.execute(
            f"SELECT count(*) FROM {table} WHERE {what} "
            f"AND NOT EXISTS(SELECT 1 FROM {table}_fts_docsize d WHERE d.id = {table}.id)"
        ).fetchone()[0]
        if missing:
            yield f"{missing} texts are missing from the search index."


def _references(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    for table, row, target, _number in db.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} refers to a row of {target} that is not there."
    for (node,) in db.execute(
        "SELECT node.id FROM node LEFT JOIN rev ON rev.id = node.rev WHERE rev.id IS NULL"
    ):
        yield f"n{node} has no text."


_LOGGED = {
    "the pages": _integrity,
    "the references": _references,
    "the texts": _texts,
    "what models were sent": _requests,
    "the log": _chain,
    "the tables": _tables,
}
"""What is verified of every file, by its name in a sentence."""
_DERIVED = {"the tree": _tree, "what is said of nodes": _said, "the search index": _index}
"""What is verified of tables that the first version of the file did not have."""
