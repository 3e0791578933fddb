"""Undo and redo of every author's step, across restarts and without limit.

Undo appends an operation that holds the inverse changes; redo appends the inverse of that one. So
the log only grows, replay shows undos too, and nothing is ever taken from it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator

from storyloom.story import recount, tally
from storyloom.story.act import Act
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story
from storyloom.story.tables import Change, value
from storyloom.text import Refusal

__all__ = ["redo", "redoable", "undo", "undoable"]


def undo(story: Story) -> str | None:
    """Take back the author's last step and return its kind, None when there is none.

    Steps of this session are taken back, newest first, and those that were there when it began;
    not those of another program that has the story open now, or has written since. A batch is
    pruned rather than unmade, as its text has been seen and paid for, and so is a node that drafts
    of a batch still hang on. Steps that a purge has cut are passed over. Raises Refusal when
    another program has changed the same thing since.
    """
    return _passing_over(story, "undoable", _undo)


def _undo(story: Story) -> str | None:
    others = story.live_others()
    with story.act("undo") as act:
        target = _newest(story, act.db, "undoable", others)
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
    return _passing_over(story, "redoable", _redo)


def _redo(story: Story) -> str | None:
    others = story.live_others()
    with story.act("redo") as act:
        undone = _newest(story, act.db, "redoable", others)
        if undone is None:
            return None
        target = act.db.execute("SELECT reverts FROM op WHERE id = ?", (undone,)).fetchone()[0]
        _invert(act, undone, batch=False)
        act.reverts = undone
        act.db.execute("DELETE FROM redoable WHERE op = ?", (undone,))
        act.db.execute("INSERT INTO undoable VALUES(?,?)", (target, story.session))
        return _kind(act.db, target)


def _passing_over(story: Story, table: str, step: Callable[[Story], str | None]) -> str | None:
    """Take a step; where a purge has cut the history, pass over what no longer fits."""
    while True:
        try:
            return step(story)
        except _Conflict:
            target = _newest(story, story.read, table, story.live_others())
            cut = story.read.execute(
                "SELECT max(id) FROM op WHERE kind IN ('node.purge', 'story.recover')"
            ).fetchone()[0]
            if target is None or cut is None or _first_done(story.read, target) > cut:
                raise
            with story.quick() as db:
                db.execute(f"DELETE FROM {table} WHERE op = ?", (target,))


def _first_done(db: sqlite3.Connection, op: int) -> int:
    """Return the operation that one takes back or makes again, itself when it does neither."""
    while reverts := db.execute("SELECT reverts FROM op WHERE id = ?", (op,)).fetchone()[0]:
        op = reverts
    return op


class _Conflict(Refusal):
    """A step does not fit what is there by now."""


def undoable(story: Story) -> str | None:
    """Return the kind of the step that `undo` would take back, None when there is none.

    `undo` passes it over when a purge has left it no root to leave the story with.
    """
    target = _newest(story, story.read, "undoable", story.live_others())
    return _kind(story.read, target) if target is not None else None


def redoable(story: Story) -> str | None:
    """Return the kind of the step that `redo` would make again, None when there is none."""
    undone = _newest(story, story.read, "redoable", story.live_others())
    if undone is None:
        return None
    row = story.read.execute("SELECT reverts FROM op WHERE id = ?", (undone,)).fetchone()
    return _kind(story.read, row[0])


def _newest(story: Story, db: sqlite3.Connection, table: str, others: list[str]) -> int | None:
    # Newest first by the table's key, so that this ends at the first that is not another's. What
    # other programs have done since this one began is theirs, though they may have ended.
    row = db.execute(
        f"SELECT op FROM {table} WHERE session = ? OR (op <= ? "
        "AND session NOT IN (SELECT value FROM json_each(?))) ORDER BY op DESC LIMIT 1",
        (story.session, story.began_after, json.dumps(others)),
    ).fetchone()
    return row[0] if row else None


def _kind(db: sqlite3.Connection, op: int) -> str:
    return db.execute("SELECT kind FROM op WHERE id = ?", (op,)).fetchone()[0]


def _invert(act: Act, op: int, *, batch: bool) -> None:
    # A copy may be of very many nodes: they are counted once, at the end.
    top = _copied_top(act.db, op)
    if top:
        tally.watch(act.db, top)
    for change in _backwards(act.db, op):
        act.tables.counting = top in (0, change.owner)
        if change.key != "add":
            if batch:
                # What is only pruned stays what it was: a sketch is brought back as a sketch.
                continue
            if value(act.tables, change.owner, change.key) != change.new:
                raise _conflict(change.owner)
            act.change(change.owner, change.key, change.old)
        elif batch:
            state = act.tables.node(change.owner)
            if state is not None and not state.flags & GONE:
                act.change(change.owner, "pruned", 1)
        else:
            _unmake(act, change)
    act.tables.counting = True
    if top:
        recount.recount(act.db, top)
    last = 0
    for change in _backwards(act.db, op):
        if change.owner != last:
            last = change.owner
            _refuse_broken(act, last)
    if not act.db.execute(
        f"SELECT 1 FROM node WHERE parent = 0 AND NOT flags & {GONE | PRUNED} LIMIT 1"
    ).fetchone():
        raise _conflict(0)


def _backwards(db: sqlite3.Connection, op: int) -> Iterator[Change]:
    """Yield an operation's changes, the last first, holding a few hundred of them at a time."""
    before = 1 << 62
    while rows := db.execute(
        "SELECT seq, owner, key, old, new FROM change WHERE op = ? AND seq < ? "
        "ORDER BY seq DESC LIMIT 500",
        (op, before),
    ).fetchall():
        for row in rows:
            yield Change._make(row[1:])
        before = rows[-1][0]


def _copied_top(db: sqlite3.Connection, op: int) -> int:
    """Return the copy's topmost node when that operation made, unmade or made again a copy."""
    op = _first_done(db, op)
    if _kind(db, op) != "node.copy":
        return 0
    # The first that it added; a recovered log may have lost it.
    row = db.execute(
        "SELECT owner FROM change JOIN node ON node.id = change.owner WHERE op = ? "
        "ORDER BY seq LIMIT 1",
        (op,),
    ).fetchone()
    return row[0] if row is not None else 0


def _unmake(act: Act, change: Change) -> None:
    state = act.tables.node(change.owner)
    made = json.loads(str(change.new))
    if state is None or state.flags & GONE or [state.parent, state.ord, state.rev] != made[:3]:
        raise _conflict(change.owner)
    below = act.db.execute(
        f"SELECT min(flags & {PRUNED}) FROM node WHERE parent = ? AND NOT flags & {GONE}",
        (change.owner,),
    ).fetchone()[0]
    if below == 0:
        raise _conflict(change.owner)
    # What still hangs on it are the pruned drafts of a batch that was undone.
    act.change(change.owner, "gone" if below is None else "pruned", 1)


def _refuse_broken(act: Act, node: int) -> None:
    """Refuse what would cut a live node off from the tree: another window has built on it."""
    state = act.tables.node(node)
    if state is None:
        return
    if state.flags & GONE:
        if act.db.execute(
            f"SELECT 1 FROM node WHERE parent = ? AND NOT flags & {GONE} LIMIT 1", (node,)
        ).fetchone():
            raise _conflict(node)
    elif state.parent:
        parent = act.tables.node(state.parent)
        if parent is None or parent.flags & GONE:
            raise _conflict(node)


def _conflict(owner: int) -> _Conflict:
    what = f"n{owner}" if owner else "the story"
    return _Conflict(
        f"That step cannot be taken back or made again: {what} was changed since in another "
        "window; undo it there first."
    )
