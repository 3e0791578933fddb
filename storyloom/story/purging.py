"""Deleting pruned branches for good: their words leave the file, that they were there does not.

What is purged are the texts of the nodes, every earlier one too, with the tokens they were written
with and what was trimmed off them, what the author said of them, what was said when they failed,
and what models were sent for them; and of a node that was once
split from one of them, or joined with it, the earlier texts, which hold those words as well. What a
model was sent for a branch that stays is kept. The operations stay in the log, so that its chain
still holds, with a purge at its end that names each node; they cannot be verified word for word any
more, and `check` counts them. A purge is the one step that is not undone.
"""

import sqlite3
from typing import NamedTuple

from storyloom.story import recount, tally
from storyloom.story.act import Act
from storyloom.story.drawn import KEY, named_in
from storyloom.story.said import SPOKEN
from storyloom.story.schema import GONE, PRUNED, PURGED, STREAMING, writable_log
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Purged", "pruned_roots", "purge", "scrub", "would_purge"]


class Purged(NamedTuple):
    """What a purge took away, or would."""

    nodes: int
    """Nodes that were there, pruned or below a pruned one."""
    characters: int
    """Code points of their present texts."""


def pruned_roots(story: Story, below: int = 0) -> list[int]:
    """Return the topmost pruned nodes below a node, 0 for the whole story, in no order."""
    rows = story.read.execute(
        f"SELECT id FROM node WHERE flags & {PRUNED} AND NOT flags & {GONE}"
    ).fetchall()
    return [
        node
        for (node,) in rows
        if tally.hiding(story.read, node) == node and tally.within(story.read, node, below)
    ]


def would_purge(story: Story, nodes: list[int]) -> Purged:
    """Return what purging those pruned nodes would take away. Raises Refusal as `purge` does."""
    tops = _tops(story.read, nodes)
    _refuse_streaming(story.read, tops)
    counts = tally.below(story.read, tops)
    characters = 0
    for node in tops:
        row = story.read.execute(
            "WITH RECURSIVE down(id) AS (SELECT ? UNION ALL "
            "SELECT k.id FROM down JOIN node k ON k.parent = down.id) "
            "SELECT coalesce(sum(length(rev.text)), 0) FROM down JOIN node ON node.id = down.id "
            f"JOIN rev ON rev.id = node.rev WHERE NOT node.flags & {GONE}",
            (node,),
        ).fetchone()
        characters += row[0]
    return Purged(sum(counts[node].whole + 1 for node in tops), characters)


def purge(story: Story, nodes: list[int]) -> Purged:
    """Delete pruned nodes and all that is below them for good, in one operation.

    It cannot be undone, nor can earlier steps that touched those nodes. Raises Refusal for a node
    that is not pruned, and while a model writes below one.
    """
    found = would_purge(story, nodes)
    data = {"nodes": nodes[:100], "count": found.nodes}
    with story.act("node.purge", data=data) as act:
        db = act.db
        tops = _tops(db, nodes)
        _refuse_streaming(db, tops)
        for table in ("doomed", "erased"):
            db.execute(f"CREATE TEMP TABLE {table}(id INTEGER PRIMARY KEY)")
        try:
            _doom(db, tops)
            _forget_steps(db)
            _mark(act, tops)
            _erase(db)
            # Texts of nodes that stay; `check` knows by this that they may be missing.
            if gone := db.execute("SELECT id FROM erased ORDER BY id").fetchall():
                act.data["erased"] = [row[0] for row in gone]
        finally:
            for table in ("doomed", "erased"):
                db.execute(f"DROP TABLE temp.{table}")
    return found


def scrub(story: Story) -> None:
    """Take what was purged out of the search index, of unused pages and of the side file too.

    The file is written anew for that, which takes a minute or two for a million nodes, as much
    room on the disk again, and keeps other programs from writing meanwhile.
    """
    with story.quick() as db:
        db.execute("INSERT INTO rev_fts(rev_fts) VALUES('optimize')")
        db.execute("INSERT INTO said_fts(said_fts) VALUES('optimize')")
    story.write_anew()


def _tops(db: sqlite3.Connection, nodes: list[int]) -> list[int]:
    given = set(nodes)
    tops: list[int] = []
    for node in dict.fromkeys(nodes):
        row = db.execute("SELECT flags FROM node WHERE id = ?", (node,)).fetchone()
        if row is None or row[0] & GONE:
            raise Refusal(f"There is no node n{node} in this story.")
        if not row[0] & PRUNED:
            raise Refusal(f"n{node} is not pruned; prune it first, and purge it when you are sure.")
        # What is below another one goes with that.
        if given.isdisjoint(tally.hidden_above(db, node)):
            tops.append(node)
    return tops


_BELOW = (
    "INSERT OR IGNORE INTO doomed WITH RECURSIVE down(id) AS (SELECT id FROM doomed UNION "
    "SELECT k.id FROM down JOIN node k ON k.parent = down.id) SELECT id FROM down"
)
# Out of sight, the old parent of a join holds half of the text, and so does the first half of a
# split that was taken back.
_HALVES = (
    "INSERT OR IGNORE INTO doomed SELECT other.owner FROM doomed "
    "JOIN change own ON own.owner = doomed.id "
    "JOIN op ON op.id = own.op AND op.kind IN ('node.join', 'node.split') "
    "JOIN change other ON other.op = op.id AND other.key IN ('gone', 'add') "
    f"JOIN node ON node.id = other.owner AND node.flags & {GONE}"
)
# And so do the nodes of a copy, or of a branch from another token, that was taken back.
_COPIES = (
    "INSERT OR IGNORE INTO doomed SELECT change.owner FROM change "
    f"JOIN node ON node.id = change.owner AND node.flags & {GONE} "
    "WHERE change.op = ? AND change.key = 'add'"
)


# Of those that stay, and were split from one that goes or joined with it, all but the present text.
_OF_OTHERS = (
    "INSERT OR IGNORE INTO erased SELECT rev.id FROM doomed "
    "JOIN change own ON own.owner = doomed.id "
    "JOIN op ON op.id = own.op AND op.kind IN ('node.split', 'node.join') "
    "JOIN change other ON other.op = op.id AND other.key = 'rev' "
    "JOIN node ON node.id = other.owner JOIN rev ON rev.node = node.id AND rev.id <> node.rev "
    "WHERE rev.op IS NOT NULL AND rev.text <> '' AND other.owner NOT IN (SELECT id FROM doomed)"
)


def _doom(db: sqlite3.Connection, tops: list[int]) -> None:
    db.executemany("INSERT OR IGNORE INTO doomed VALUES(?)", [(node,) for node in tops])
    copies = db.execute(
        "SELECT id, json_extract(data, '$.of') FROM op WHERE kind IN ('node.copy', 'node.branch')"
    ).fetchall()
    size = 0
    while (now := db.execute("SELECT count(*) FROM doomed").fetchone()[0]) != size:
        size = now
        db.execute(_BELOW)
        db.execute(_HALVES)
        for op, of in copies:
            # Of something that goes, or of something that what goes was in.
            if db.execute("SELECT 1 FROM doomed WHERE id = ?", (of,)).fetchone() or any(
                tally.within(db, top, of) for top in tops
            ):
                db.execute(_COPIES, (op,))
    db.execute(f"DELETE FROM doomed WHERE id IN (SELECT id FROM node WHERE flags & {PURGED})")
    db.execute(_OF_OTHERS)


def _refuse_streaming(db: sqlite3.Connection, tops: list[int]) -> None:
    for (node,) in db.execute(f"SELECT id FROM node WHERE flags & {STREAMING}").fetchall():
        if any(tally.within(db, node, top) for top in tops):
            raise Refusal(f"n{node} is still being written; stop it first, or wait for its end.")


def _forget_steps(db: sqlite3.Connection) -> None:
    """Take the steps that touched what is purged from those that can be undone or redone."""
    touched = (
        "SELECT op FROM change WHERE owner IN (SELECT id FROM doomed) UNION "
        "SELECT op FROM change WHERE key GLOB 'weave:*' AND (new IN (SELECT id FROM doomed) "
        "OR old IN (SELECT id FROM doomed)) UNION "
        "SELECT change.op FROM erased JOIN rev USING(id) JOIN change ON change.owner = rev.node "
        "AND change.key = 'rev' AND (change.new = rev.id OR change.old = rev.id)"
    )
    for table in ("undoable", "redoable"):
        db.execute(f"DELETE FROM {table} WHERE op IN ({touched})")


def _mark(act: Act, tops: list[int]) -> None:
    for node in tops:
        act.change(node, "purged", 1)
        tally.watch(act.db, node)
    act.tables.counting = False
    last = 0
    while rows := act.db.execute(
        "SELECT id FROM doomed WHERE id > ? ORDER BY id LIMIT 500", (last,)
    ).fetchall():
        for (node,) in rows:
            act.change(node, "purged", 1)
        last = rows[-1][0]
    act.tables.counting = True
    # What is said of them, and what leads to them.
    for which in ("owner IN (SELECT id FROM doomed)",
                  "key GLOB 'weave:*' AND value IN (SELECT id FROM doomed)"):  # fmt: skip
        query = f"SELECT owner, key FROM attr WHERE {which} LIMIT 500"
        while rows := act.db.execute(query).fetchall():
            for owner, key in rows:
                act.change(owner, key, None)
    for node in tops:
        recount.recount(act.db, node)


def _drawn_of_erased(db: sqlite3.Connection) -> list[tuple[bytes]]:
    """Return the hashes of the tokens that only texts which are erased were written with."""
    rows = db.execute(
        "SELECT op.data FROM erased JOIN rev USING(id) JOIN op ON op.id = rev.op "
        "WHERE instr(op.data, ?)",
        (KEY,),
    )
    found = {named_in(data) for (data,) in rows} - {b""}
    if found:
        # The same seed at the same place gives the same tokens.
        for (data,) in db.execute(
            "SELECT op.data FROM op JOIN rev ON rev.op = op.id WHERE instr(op.data, ?) "
            "AND rev.text <> '' AND rev.id NOT IN (SELECT id FROM erased)",
            (KEY,),
        ):
            found.discard(named_in(data))
    return [(each,) for each in found]


_SIDES = ("old", "new")


def _erase(db: sqlite3.Connection) -> None:
    doomed = "(SELECT id FROM doomed)"
    spoken = ", ".join(f"'{key}'" for key in SPOKEN)
    db.execute(
        f"INSERT OR IGNORE INTO erased SELECT id FROM rev WHERE node IN {doomed} AND text <> ''"
    )
    db.execute(
        "INSERT INTO rev_fts(rev_fts, rowid, text) SELECT 'delete', rev.id, rev.text "
        "FROM erased JOIN rev USING(id) WHERE rev.op IS NOT NULL"
    )
    with writable_log(db, "rev_frozen", "change_no_update", "op_no_update", "request_no_update"):
        db.execute("UPDATE rev SET text = '' WHERE id IN (SELECT id FROM erased)")
        db.execute(
            f"UPDATE change SET old = NULL, new = NULL WHERE owner IN {doomed} "
            f"AND key IN ({spoken})"
        )
        # The sentence of a failure may hold a provider's words, and `cut` holds the model's.
        bare = ", ".join(f"{side} = json_remove({side}, '$.say', '$.cut')" for side in _SIDES)
        db.execute(f"UPDATE change SET {bare} WHERE owner IN {doomed} AND key = 'result'")
        # A tag is its key, and stands in its operation too, as the why of a batch does.
        db.execute(
            "UPDATE op SET data = json_object('tag', '', 'purged', (SELECT owner FROM change "
            f"WHERE op = op.id)) WHERE kind = 'tag.set' AND id IN (SELECT op FROM change "
            f"WHERE owner IN {doomed} AND key GLOB 'tag:*')"
        )
        db.execute(
            f"UPDATE change SET key = 'tag:', old = NULL, new = NULL WHERE owner IN {doomed} "
            "AND key GLOB 'tag:*'"
        )
        db.execute(
            "UPDATE op SET data = json_set(data, '$.why', '', '$.purged', "
            "json_extract(data, '$.parent')) WHERE kind = 'gen.request' "
            f"AND json_extract(data, '$.why') <> '' AND json_extract(data, '$.parent') IN {doomed}"
        )
        db.execute(
            "UPDATE request SET body = x'' WHERE hash IN (SELECT gen.request FROM doomed "
            "JOIN node USING(id) JOIN gen ON gen.id = node.gen EXCEPT SELECT gen.request FROM node "
            f"JOIN gen ON gen.id = node.gen WHERE NOT node.flags & {PURGED})"
        )
        db.executemany("UPDATE request SET body = x'' WHERE hash = ?", _drawn_of_erased(db))
    # Those of the nodes that are gone are known by them.
    db.execute(f"DELETE FROM erased WHERE id IN (SELECT id FROM rev WHERE node IN {doomed})")
