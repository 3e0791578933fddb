"""Whether a story file is what its log says, and its tables made again from the log."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from storyloom.story import origins
from storyloom.story.story import Story, chained, text_hash
from storyloom.story.tables import Change, MemoryTables, apply

__all__ = ["Report", "check", "folded_log"]


@dataclass
class Report:
    """What a check found."""

    ops: int = 0
    nodes: int = 0
    texts: int = 0
    faults: list[str] = field(default_factory=list[str])
    """A sentence each; none means that all is well."""


def check(story: Story) -> Report:
    """Verify SQLite's own integrity, the log's chain, every text, and that the tables agree."""
    report = Report()
    db = story.read
    found = [row[0] for row in db.execute("PRAGMA integrity_check(20)").fetchall()]
    if found != ["ok"]:
        report.faults += [f"SQLite finds damage: {line}." for line in found]
    _check_texts(db, report)
    _check_chain(db, report)
    _check_tables(db, report)
    return report


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


def _check_texts(db: sqlite3.Connection, report: Report) -> None:
    for rev, node, digest, runs, text in db.execute(
        "SELECT id, node, hash, runs, text FROM rev WHERE op IS NOT NULL"
    ):
        report.texts += 1
        if text_hash(text) != digest:
            report.faults.append(f"The text {rev} of n{node} is not the one that was stored.")
        if sum(run.length for run in origins.loaded(runs)) != len(text):
            report.faults.append(f"The origins of text {rev} of n{node} do not add up to it.")


def _grouped(db: sqlite3.Connection, query: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of a query by their first column, an operation, which has to ascend."""
    current, rows = 0, []
    for op, *rest in db.execute(query):
        if op != current:
            if rows:
                yield current, rows
            current, rows = op, []
        rows.append(rest)
    if rows:
        yield current, rows


def _check_chain(db: sqlite3.Connection, report: Report) -> None:
    changes = dict(_grouped(db, "SELECT op, owner, key, old, new FROM change ORDER BY seq"))
    revs = dict(
        _grouped(
            db, "SELECT op, id, node, lower(hex(hash)), runs FROM rev WHERE op > 0 ORDER BY op, id"
        )
    )
    gens = dict(
        _grouped(
            db, "SELECT op, id, idx, model, params, lower(hex(request)) FROM gen ORDER BY op, id"
        )
    )
    previous = b""
    expected = 1
    for *head, digest in db.execute(
        "SELECT id, ts, session, actor, kind, reverts, data, hash FROM op ORDER BY id"
    ):
        op = head[0]
        report.ops += 1
        if op != expected:
            report.faults.append(f"The log has a gap before operation {op}.")
        expected = op + 1
        own = [tuple(row) for row in revs.get(op, [])]
        computed = chained(
            previous,
            tuple(head),
            [Change(*row) for row in changes.get(op, [])],
            own,
            [tuple(row) for row in gens.get(op, [])],
        )
        if computed != digest:
            report.faults.append(f"Operation {op} ({head[4]}) is not what was logged.")
        previous = digest


def _check_tables(db: sqlite3.Connection, report: Report) -> None:
    try:
        tables = folded_log(db)
    except (ValueError, TypeError, json.JSONDecodeError) as error:
        report.faults.append(f"The log cannot be folded: {error}.")
        return
    nodes = {
        row[0]: row[1:]
        for row in db.execute("SELECT id, parent, ord, rev, flags, gen FROM node").fetchall()
    }
    report.nodes = len(nodes)
    for node in nodes.keys() | tables.nodes.keys():
        if nodes.get(node) != tables.nodes.get(node):
            report.faults.append(f"n{node} in the tables is not what the log says.")
    attributes = {
        (owner, key): value
        for owner, key, value in db.execute("SELECT owner, key, value FROM attr").fetchall()
    }
    for owner, key in attributes.keys() | tables.attributes.keys():
        if attributes.get((owner, key)) != tables.attributes.get((owner, key)):
            report.faults.append(f"{key} of n{owner} in the tables is not what the log says.")
