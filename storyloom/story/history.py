"""Undo and redo of every author's step, across restarts and without limit.

Undo appends an operation that holds the inverse changes; redo appends the inverse of that one. So
the log only grows, replay shows undos too, and nothing is ever taken from it.
"""

import sqlite3

from storyloom.story.schema import PRUNED
from storyloom.story.story import Act, Story
from storyloom.story.tables import FLAGS, Change, value
from storyloom.text import Refusal

__all__ = ["redo", "redoable", "undo", "undoable"]


def undo(story: Story) -> str | None:
    """Take back the author's last step and return its kind, None when there is none.

    Steps of earlier sessions and of this one are taken back, newest first; not those of another
    program that has the story open now. A batch is pruned rather than unmade, as its text has been
    seen and paid for. Raises Refusal when another program has changed the same thing since.
    """
    with story.act("undo") as act:
        target = _newest(act.db, "undoable", story)
        if target is None:
            return None
        kind = _kind(act.db, target)
        _invert(act, target, batch=kind == "gen.request")
        act.reverts = target
        act.db.execute("DELETE FROM undoable WHERE op = ?", (target,))
        act.db.execute("INSERT INTO redoable VALUES(?,?)", (act.op, story.session))
        return kind


def redo(story: Story) -> str | None:
    """Make again what was last undone and return its kind, None when there is nothing to redo.

    A new step of the author's ends what can be redone. Raises Refusal as `undo` does.
    """
    with story.act("redo") as act:
        undone = _newest(act.db, "redoable", story)
        if undone is None:
            return None
        target = act.db.execute("SELECT reverts FROM op WHERE id = ?", (undone,)).fetchone()[0]
        _invert(act, undone, batch=False)
        act.reverts = undone
        act.db.execute("DELETE FROM redoable WHERE op = ?", (undone,))
        act.db.execute("INSERT INTO undoable VALUES(?,?)", (target, story.session))
        return _kind(act.db, target)


def undoable(story: Story) -> str | None:
    """Return the kind of the step that `undo` would take back, None when there is none."""
    target = _newest(story.read, "undoable", story)
    return _kind(story.read, target) if target is not None else None


def redoable(story: Story) -> str | None:
    """Return the kind of the step that `redo` would make again, None when there is none."""
    undone = _newest(story.read, "redoable", story)
    if undone is None:
        return None
    row = story.read.execute("SELECT reverts FROM op WHERE id = ?", (undone,)).fetchone()
    return _kind(story.read, row[0])


def _newest(db: sqlite3.Connection, table: str, story: Story) -> int | None:
    first = story.first_op
    if not first:
        # Nothing was changed in this session yet: all that is in the log came before it.
        return db.execute(f"SELECT max(op) FROM {table}").fetchone()[0]
    return db.execute(
        f"SELECT max(op) FROM {table} WHERE session = ? OR op < ?", (story.session, first)
    ).fetchone()[0]


def _kind(db: sqlite3.Connection, op: int) -> str:
    return db.execute("SELECT kind FROM op WHERE id = ?", (op,)).fetchone()[0]


def _invert(act: Act, op: int, *, batch: bool) -> None:
    rows = act.db.execute(
        "SELECT owner, key, old, new FROM change WHERE op = ? ORDER BY seq DESC", (op,)
    ).fetchall()
    for change in map(Change._make, rows):
        if change.key == "add":
            state = act.tables.node(change.owner)
            assert state is not None
            if batch:
                if not state.flags & (FLAGS["gone"] | PRUNED):
                    act.change(change.owner, "pruned", 1)
            else:
                act.change(change.owner, "gone", 1)
            continue
        if value(act.tables, change.owner, change.key) != change.new:
            raise Refusal(
                f"That step cannot be taken back: n{change.owner} was changed since, "
                "in another window."
            )
        act.change(change.owner, change.key, change.old)
