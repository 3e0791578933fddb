"""A damaged story saved: what its log still proves, and what else can be read, in a new file.

Rows are read one by one around what is damaged. All operations that can be read stay in the log as
they were, so that undo and replay still work; a lost one leaves a gap of kind `story.lost`. Up to
the first loss the chain is the old one; from there it is made anew, and the last operation,
`story.recover`, says how many operations the old chain still proved. That one also sets right what
the log alone no longer tells: nodes and words that only the old tables know, branches whose parent
is lost, passages whose text is.
"""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from storyloom.story import file, growth, recount
from storyloom.story.act import Act, chained, recorded, text_hash
from storyloom.story.drawn import KEY, named_in
from storyloom.story.rebuild import project
from storyloom.story.salvage import Wreck
from storyloom.story.schema import GONE, PURGED, writable_log
from storyloom.story.sense import sensible, sent, sound, worth
from storyloom.story.shape import keys_at_end
from storyloom.story.story import Story
from storyloom.story.tables import FLAGS
from storyloom.text import Refusal, one_line

__all__ = ["Recovered", "recover"]


class Recovered(NamedTuple):
    """What came out of a damaged story."""

    nodes: int
    """Nodes of the new story that are not gone."""
    texts_lost: int
    """Nodes whose text could not be read; an earlier one stands in its place if there is one."""
    ops: int
    """Operations that could be read."""
    ops_lost: int
    """Operations that could not."""
    proven: int
    """Those that the old chain of hashes proves to be as they were."""


def recover(path: Path, target: Path) -> Recovered:
    """Save what can be read of the damaged story at `path` into the new file `target`.

    `path` is only read. Raises Refusal when not even its tables are known, or `target` is taken.
    """
    file.refuse_other_than_file(path)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Wreck(path)) as old,
        file.draft(target) as made,
    ):
        scratch = Path(folder) / "found"
        with closing(sqlite3.connect(made, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("ATTACH ? AS scratch", (str(scratch),))
            db.execute("BEGIN IMMEDIATE")
            _take_over(old, db)
            if not db.execute(
                "SELECT 1 FROM found_op UNION ALL SELECT 1 FROM rev UNION ALL SELECT 1 FROM change"
            ).fetchone():
                raise Refusal(f"Nothing of a story can be found in {one_line(str(path))}.")
            _mend(db)
            ops, lost, proven = _chain(db)
            project(db)
            db.execute("COMMIT")
        with closing(sqlite3.connect(scratch)) as found, Story(made) as story:
            data = {"proven": proven, "lost": lost}
            missing = bool(old.damaged or lost or proven < ops)
            with story.act("story.recover", data=data, always=missing) as act:
                # Counted once it hangs together: what is below a lost node has no place until then.
                act.tables.counting = False
                # A log of which nothing is missing tells more surely than the tables do.
                if missing:
                    _add_known(found, act)
                _hang_orphans(act)
                recount.build(act.db)
                act.tables.counting = True
                texts_lost = _replace_lost(act)
                if missing:
                    _say_again(old, act)
                _forget_steps(act)
            growth.recover(story)
            nodes = story.read.execute(
                f"SELECT count(*) FROM node WHERE NOT flags & {GONE}"
            ).fetchone()[0]
    return Recovered(nodes, texts_lost, ops, lost, proven)


# The log's rows.

_LOST_TEXT = (text_hash(""), "[]", "")


_LOG = {
    "change": ("seq", "op, owner, key, old, new", "change"),
    "gen": ("id", "op, idx, model, params, request", "gen"),
    "rev": ("id", "node, op, hash, runs, text", "found_rev"),
    "op": ("id", "ts, session, actor, kind, reverts, data, hash", "found_op"),
    "node": ("id", "parent, ord, rev, gen, flags, born", "found_node"),
}
"""Of each table its key, its other columns, and where what is found of it is gathered."""


def _take_over(old: Wreck, db: sqlite3.Connection) -> None:
    """Gather what can be read of the log, and of the nodes as the old tables knew them."""
    for table in ("rev", "op", "node"):
        # The key alone is one; all else is believed only once it has been looked at.
        db.execute(f"CREATE TABLE scratch.found_{table} AS SELECT * FROM {table} WHERE 0")
        db.execute(f"CREATE UNIQUE INDEX scratch.{table}_once ON found_{table}(id)")
    for table, (key, columns, gathered) in _LOG.items():
        marks = ",".join("?" * (columns.count(",") + 2))
        db.executemany(
            f"INSERT OR IGNORE INTO {gathered} VALUES({marks})",
            (row for row in old.rows(table, key, columns) if sensible(table, row)),
        )
    _put_texts(db)
    if old.damaged:
        for table, row in old.loose():
            if not sensible(table, row):
                continue
            gathered = _LOG[table][2]
            marks = ",".join("?" * len(row))
            db.execute(f"INSERT OR IGNORE INTO {gathered} VALUES({marks})", row)
            if table == "rev":
                # The one that was read in its place may not be sound, and this one may be.
                _put_text(db, row)
        _put_texts(db)
    _take_bodies(old, db)
    for table in ("undoable", "redoable"):
        db.executemany(
            f"INSERT OR IGNORE INTO {table} VALUES(?,?)",
            (row for row in old.rows(table, "op", "session") if isinstance(row[1], str)),
        )


def _take_bodies(old: Wreck, db: sqlite3.Connection) -> None:
    """Gather what models were sent, and the tokens that texts were written with."""
    for (digest,) in db.execute("SELECT DISTINCT request FROM gen").fetchall():
        _take_body(old, db, digest)
    ops = db.execute("SELECT data FROM found_op WHERE instr(data, ?)", (KEY,))
    for digest in {named_in(data) for (data,) in ops} - {b""}:
        if not _take_body(old, db, digest):
            old.damaged = True


def _take_body(old: Wreck, db: sqlite3.Connection, digest: bytes) -> bool:
    for (body,) in old.ask("SELECT body FROM request WHERE hash = ?", digest):
        if body == b"" or sent(digest, body):
            db.execute("INSERT OR IGNORE INTO request VALUES(?,?)", (digest, body))
            return True
    return False


def _put_texts(db: sqlite3.Connection) -> None:
    """Take the texts that are what their hashes say, or need not be, into the story."""
    for row in db.execute("SELECT * FROM found_rev ORDER BY id"):
        _put_text(db, row)


def _put_text(db: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    _, node, op, digest, runs, text = row
    if op is not None and not sound(digest, runs, text):
        purged = db.execute(
            "SELECT 1 FROM change WHERE owner = ?1 AND key = 'purged' UNION ALL "
            "SELECT 1 FROM found_op, json_each(found_op.data, '$.erased') AS each "
            "WHERE found_op.kind = 'node.purge' AND each.value = ?2 LIMIT 1",
            (node, row[0]),
        ).fetchone()
        if text or not purged:
            return
    db.execute("INSERT OR IGNORE INTO rev VALUES(?,?,?,?,?,?)", row)


def _mend(db: sqlite3.Connection) -> None:
    """Give every node that is changed the change that adds it, and every text a row."""
    lone = db.execute(
        "SELECT owner, op FROM change WHERE owner <> 0 GROUP BY owner "
        "HAVING NOT sum(key = 'add') ORDER BY owner"
    ).fetchall()
    seq = 0
    for owner, op in lone:
        row = db.execute(
            "SELECT parent, ord, rev, flags, gen FROM found_node WHERE id = ?", (owner,)
        ).fetchone()
        if row is None:
            with writable_log(db, "change_no_delete"):
                db.execute("DELETE FROM change WHERE owner = ?", (owner,))
            continue
        # Before the changes that are left of it; rows of the log are ordered by this number alone.
        seq -= 1
        db.execute(
            "INSERT INTO change VALUES(?,?,?,'add',NULL,?)", (seq, op, owner, json.dumps(row))
        )
    # A text is of the node that shows it.
    with writable_log(db, "rev_frozen"):
        db.execute(
            "UPDATE rev SET node = shown.owner FROM (SELECT json_extract(new, '$[2]') AS rev, "
            "owner FROM change WHERE key = 'add' UNION "
            "SELECT new, owner FROM change WHERE key = 'rev') AS shown "
            "WHERE shown.rev = rev.id AND rev.node <> shown.owner"
        )
    db.execute(
        "INSERT OR IGNORE INTO rev SELECT rev, owner, op, ?, ?, ? FROM ("
        "SELECT json_extract(new, '$[2]') AS rev, owner, op FROM change WHERE key = 'add' "
        "UNION ALL SELECT new, owner, op FROM change WHERE key = 'rev' "
        "UNION ALL SELECT old, owner, op FROM change WHERE key = 'rev') WHERE rev IS NOT NULL",
        _LOST_TEXT,
    )


def _chain(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Write the operations with their chain, and return how many there were, were lost, proven."""
    ops = proven = 0
    lost = 0
    last, newest, previous = 0, 0, b""
    stored: bytes | None = b""
    for op, *head, digest in db.execute("SELECT * FROM found_op ORDER BY id"):
        for gap in range(last + 1, op):
            previous = _append(db, previous, _gap(gap, newest))
            lost += 1
            stored = None
        if head[4] is not None and not 0 < head[4] < op:
            head[4] = None
        row = (op, *head)
        proven += stored is not None and chained(stored, row, *recorded(db, op)) == digest
        previous = _append(db, previous, row)
        ops, last, newest, stored = ops + 1, op, int(head[0]), digest
    behind = db.execute(
        "SELECT max(coalesce((SELECT max(op) FROM change), 0), "
        "coalesce((SELECT max(op) FROM rev), 0), coalesce((SELECT max(op) FROM gen), 0))"
    ).fetchone()[0]
    for gap in range(last + 1, behind + 1):
        previous = _append(db, previous, _gap(gap, newest))
        lost += 1
    db.execute("DELETE FROM undoable WHERE op NOT IN (SELECT id FROM op)")
    db.execute("DELETE FROM redoable WHERE op NOT IN (SELECT id FROM op WHERE reverts NOTNULL)")
    return ops, lost, proven


def _gap(op: int, newest: int) -> tuple[Any, ...]:
    return (op, newest, "recovery", "human", "story.lost", None, "{}")


def _append(db: sqlite3.Connection, previous: bytes, row: tuple[Any, ...]) -> bytes:
    digest = chained(previous, row, *recorded(db, row[0]))
    db.execute("INSERT INTO op VALUES(?,?,?,?,?,?,?,?)", (*row, digest))
    return digest


# What the log alone does not tell any more.


def _add_known(scratch: sqlite3.Connection, act: Act) -> None:
    """Add the nodes, and set the fields, that the old tables know and the log has lost."""
    found = scratch.execute("SELECT * FROM found_node ORDER BY id")
    for node, parent, order, rev, gen, flags, _ in found:
        row = [parent, order, rev, flags, gen]
        state = act.tables.node(node)
        known = act.db.execute("SELECT node FROM rev WHERE id = ?", (rev,)).fetchone()
        if state is None:
            if known is None or known[0] != node:
                row[2] = act.revise(node, "", ())
            act.change(node, "add", json.dumps(row))
            continue
        if known is not None and known[0] == node:
            act.change(node, "rev", rev)
        if [state.parent, state.ord] != row[:2]:
            act.change(node, "place", json.dumps(row[:2]))
        for key, bit in FLAGS.items():
            act.change(node, key, 1 if row[3] & bit == bit else 0)


def _hang_orphans(act: Act) -> None:
    """Put at the story's beginning what hangs on nothing any more, or on itself in a circle."""
    orphans = act.db.execute(
        "SELECT node.id FROM node LEFT JOIN node p ON p.id = node.parent WHERE node.parent <> 0 "
        f"AND (p.id IS NULL OR (p.flags & {GONE} AND NOT node.flags & {GONE}))"
    ).fetchall()
    for (node,) in orphans:
        _to_the_beginning(act, node)
    while row := act.db.execute(
        "WITH RECURSIVE down(id) AS (SELECT id FROM node WHERE parent = 0 UNION "
        "SELECT k.id FROM down JOIN node k ON k.parent = down.id) "
        "SELECT min(id) FROM node WHERE id NOT IN (SELECT id FROM down)"
    ).fetchone():
        if row[0] is None:
            break
        _to_the_beginning(act, row[0])


def _to_the_beginning(act: Act, node: int) -> None:
    act.change(node, "place", json.dumps([0, keys_at_end(act, 0, 1)[0]]))


_LOST_WORDS = "Its text was lost with a damaged file."


def _replace_lost(act: Act) -> int:
    """Show the last text that is left where the present one is lost, and say so."""
    lost = act.db.execute(
        "SELECT node.id, (SELECT max(r.id) FROM rev r WHERE r.node = node.id AND r.text <> '' "
        "AND r.op NOTNULL) FROM node JOIN rev ON rev.id = node.rev "
        f"WHERE rev.text = '' AND rev.op NOTNULL AND NOT node.flags & {GONE | PURGED}"
    ).fetchall()
    empty = 0
    for node, earlier in lost:
        if earlier is None and _was_empty(act, node):
            continue
        empty += 1
        if earlier is not None:
            act.change(node, "rev", earlier)
        note = act.tables.attribute(node, "note")
        act.change(node, "note", f"{note}\n{_LOST_WORDS}" if note else _LOST_WORDS)
    return empty


def _was_empty(act: Act, node: int) -> bool:
    """Whether a node without text is as it was begun: a blank opening."""
    row = act.db.execute(
        "SELECT op.kind FROM rev JOIN node ON node.rev = rev.id JOIN op ON op.id = rev.op "
        "WHERE node.id = ?",
        (node,),
    ).fetchone()
    return row is not None and row[0] == "story.create"


def _say_again(old: Wreck, act: Act) -> None:
    """Set the attributes that the old tables know and the log has lost."""
    last = -1
    while owners := act.db.execute(
        "SELECT id FROM (SELECT 0 AS id UNION ALL SELECT id FROM node) WHERE id > ? "
        "ORDER BY id LIMIT 500",
        (last,),
    ).fetchall():
        for (owner,) in owners:
            for key, value in old.ask("SELECT key, value FROM attr WHERE owner = ?", owner):
                if worth(key, value) and act.tables.attribute(owner, key) is None:
                    act.change(owner, key, value)
            last = owner


def _forget_steps(act: Act) -> None:
    """Let undo end where a step was lost, or no longer fits what is there."""
    last = act.db.execute(
        "SELECT max(coalesce((SELECT max(id) FROM op WHERE kind = 'story.lost'), 0), "
        "coalesce((SELECT max(c.op) FROM change r JOIN change c ON c.owner = r.owner "
        "AND (c.key = r.key OR c.key = 'add') WHERE r.op = ?1 AND c.op < ?1), 0))",
        (act.op,),
    ).fetchone()[0]
    for table in ("undoable", "redoable"):
        act.db.execute(f"DELETE FROM {table} WHERE op <= ?", (last,))
