"""Whether a story file is what its log says, and its tables made again from the log."""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from storyloom.story import file, origins
from storyloom.story.schema import GONE
from storyloom.story.story import Story, chained, text_hash
from storyloom.story.tables import Change, MemoryTables, apply
from storyloom.text import Refusal

__all__ = ["Report", "check", "folded_log"]

_SHOWN = 50


@dataclass
class Report:
    """What a check found."""

    ops: int = 0
    nodes: int = 0
    texts: int = 0
    faults: list[str] = field(default_factory=list[str])
    """A sentence each, of each kind at most 50; none means that all is well."""


def check(story: Story) -> Report:
    """Verify SQLite's own integrity, the log's chain, every text, and that the tables agree.

    Reads the whole file, in one moment of it even while other programs write. Damage is reported,
    never raised.
    """
    report = Report()
    try:
        db = file.open_reader(story.path, live=True)
    except Refusal as refusal:
        report.faults.append(str(refusal))
        return report
    try:
        db.execute("BEGIN")
        found = [row[0] for row in db.execute("PRAGMA integrity_check(20)").fetchall()]
        if found != ["ok"]:
            report.faults += [f"SQLite finds damage: {line}." for line in found]
        for part in (_texts, _requests, _chain, _tables, _index):
            try:
                _gather(report, part(db, report))
            except (Refusal, ValueError, TypeError, LookupError, AttributeError) as error:
                report.faults.append(f"Not all could be read: {error}.")
    finally:
        db.close()
    return report


def _gather(report: Report, faults: Iterator[str]) -> None:
    shown = 0
    for fault in faults:
        shown += 1
        if shown <= _SHOWN:
            report.faults.append(fault)
    if shown > _SHOWN:
        report.faults.append(f"And {shown - _SHOWN} more like these.")


def folded_log(db: sqlite3.Connection, upto: int | None = None) -> MemoryTables:
    """Return the projection after operation `upto`, or after the last, made from the log alone."""
    tables = MemoryTables()
    rows = db.execute(
        "SELECT op, owner, key, old, new FROM change WHERE op <= ? ORDER BY seq",
        (upto if upto is not None else 1 << 62,),
    )
    for op, *change in rows:
        apply(tables, Change(*change), op)
    return tables


def _texts(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    for rev, node, digest, runs, text in db.execute(
        "SELECT id, node, hash, runs, text FROM rev WHERE op IS NOT NULL"
    ):
        report.texts += 1
        if text_hash(text) != digest:
            yield f"The text {rev} of n{node} is not the one that was stored."
        if sum(run.length for run in origins.loaded(runs)) != len(text):
            yield f"The origins of text {rev} of n{node} do not add up to it."


def _requests(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    for digest, body in db.execute("SELECT hash, body FROM request"):
        try:
            sound = hashlib.sha256(zlib.decompress(body)).digest() == digest
        except zlib.error:
            sound = False
        if not sound:
            yield f"What was sent to a model ({digest.hex()[:8]}) is not what was stored."


class _ByOperation:
    """Rows of a query whose first column, an operation, ascends; taken operation by operation."""

    def __init__(self, db: sqlite3.Connection, query: str) -> None:
        self._rows = iter(db.execute(query))
        self._next: tuple[Any, ...] | None = next(self._rows, None)

    def take(self, op: int) -> list[tuple[Any, ...]]:
        """Return that operation's rows, without the operation; earlier ones are passed over."""
        out: list[tuple[Any, ...]] = []
        while self._next is not None and self._next[0] <= op:
            if self._next[0] == op:
                out.append(self._next[1:])
            self._next = next(self._rows, None)
        return out


def _chain(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    changes = _ByOperation(db, "SELECT op, owner, key, old, new FROM change ORDER BY seq")
    revs = _ByOperation(
        db, "SELECT op, id, node, lower(hex(hash)), runs FROM rev WHERE op > 0 ORDER BY op, id"
    )
    gens = _ByOperation(
        db, "SELECT op, id, idx, model, params, lower(hex(request)) FROM gen ORDER BY op, id"
    )
    previous = b""
    expected = 1
    for *head, digest in db.execute(
        "SELECT id, ts, session, actor, kind, reverts, data, hash FROM op ORDER BY id"
    ):
        op = int(head[0])
        report.ops += 1
        if op != expected:
            yield f"The log has a gap before operation {op}."
        expected = op + 1
        computed = chained(
            previous,
            tuple(head),
            [Change._make(row) for row in changes.take(op)],
            revs.take(op),  # pyright: ignore[reportArgumentType]
            gens.take(op),  # pyright: ignore[reportArgumentType]
        )
        if computed != digest:
            yield f"Operation {op} ({head[4]}) is not what was logged."
        previous = digest


def _tables(db: sqlite3.Connection, report: Report) -> Iterator[str]:
    tables = folded_log(db)
    nodes = {
        row[0]: row[1:]
        for row in db.execute("SELECT id, parent, ord, rev, flags, gen FROM node").fetchall()
    }
    report.nodes = len(nodes)
    for node in sorted(nodes.keys() | tables.nodes.keys()):
        if nodes.get(node) != tables.nodes.get(node):
            yield f"n{node} in the tables is not what the log says."
    attributes = {
        (owner, key): value
        for owner, key, value in db.execute("SELECT owner, key, value FROM attr").fetchall()
    }
    for owner, key in sorted(attributes.keys() | tables.attributes.keys()):
        if attributes.get((owner, key)) != tables.attributes.get((owner, key)):
            yield f"{key} of n{owner} in the tables is not what the log says."
    yield from _tree(tables)


def _tree(tables: MemoryTables) -> Iterator[str]:
    """Every node that is not gone hangs on one that is not, and in the end on the story."""
    sound = {0}
    for start, state in tables.nodes.items():
        if state.flags & GONE:
            continue
        strand: list[int] = []
        node = start
        climbed: set[int] = set()
        while node not in sound and node not in climbed:
            above = tables.nodes.get(node)
            if above is None or above.flags & GONE:
                yield f"n{strand[-1] if strand else start} hangs on n{node}, which is not there."
                break
            strand.append(node)
            climbed.add(node)
            node = above.parent
        else:
            if node in climbed:
                yield f"n{node} is its own ancestor."
        sound.update(strand)


def _index(db: sqlite3.Connection, _: Report) -> Iterator[str]:
    missing = db.execute(
        "SELECT count(*) FROM rev WHERE op IS NOT NULL "
        "AND NOT EXISTS(SELECT 1 FROM rev_fts_docsize d WHERE d.id = rev.id)"
    ).fetchone()[0]
    if missing:
        yield f"{missing} texts are missing from the search index."
