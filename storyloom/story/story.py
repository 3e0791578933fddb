"""An open story: reading it, and changing it by acts that are whole or not at all.

Every change of the tree or of an attribute happens inside `Story.act`, which opens one
transaction, collects the changes, appends one operation to the log, chains its hash to the one
before, commits durably and tells the listeners what was touched. The functions of `shape`,
`marks`, `growth` and `history` are what screens and commands call.
"""

import contextlib
import hashlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from storyloom.story import file, origins, schema, tally
from storyloom.story.guard import Guard, SessionLock
from storyloom.story.kept import kept, kept_json
from storyloom.story.origins import Runs
from storyloom.story.schema import GONE, STREAMING
from storyloom.story.tables import Change, NodeState, SqlTables, Value, apply, value
from storyloom.text import Refusal, one_line

__all__ = ["SILENT", "Act", "Changed", "Rows", "Story", "chained", "recorded", "text_hash"]

SILENT = frozenset(
    {
        "story.create",
        "undo",
        "redo",
        "session.start",
        "session.end",
        "gen.result",
        "gen.error",
        "gen.interrupted",
        "node.purge",
        "export.done",
    }
)
"""Kinds of operations that are no step of the author's, so that undo passes over them."""


_TOLD = 10_000
"""Nodes that an act names as changed; one that changed more says so with the first of them."""


class Changed(NamedTuple):
    """What an act did, told once to every listener."""

    kind: str
    op: int
    nodes: frozenset[int]
    """The nodes whose fields or attributes changed, 10,000 at most; 0 is the story itself."""


class Story:
    """One open story file.

    `read` is for the thread that opened it; acts may come from any thread and take turns, and are
    not nested. When the file cannot be written to, `readonly` is true, `readonly_because` says why
    and every act is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session = secrets.token_hex(4)
        self.readonly = False
        self.readonly_because = ""
        self._lock = threading.RLock()
        self._write: sqlite3.Connection | None = None
        self._guard: Guard | None = None
        self._alive: SessionLock | None = None
        self._first_op = 0
        self.upgraded: Path | None = None
        """Where the file lies as it was, when opening it brought it up to date."""
        self._listeners: list[Callable[[Changed], None]] = []
        # Recognised first, opened for writing then, and read from last: without WAL a reader
        # would keep the writer from setting the file up.
        file.open_reader(path).close()
        try:
            self._open_writer()
            self.read = file.open_reader(path, live=True)
            self._refuse_older()
        except BaseException:
            self._let_go()
            raise

    def _open_writer(self) -> None:
        try:
            if not os.access(self.path, os.W_OK):
                raise sqlite3.OperationalError("attempt to write a readonly database")
            self._guard = Guard(self.path)
            with self._guard.held():
                self._write = file.open_writer(self.path, wal=self._guard.works)
                self.upgraded = file.upgrade(self._write, self.path)
        except OSError as error:
            self.readonly_because = error.strerror or str(error)
        except sqlite3.DatabaseError as error:
            self.readonly_because = file.explained(error)
        self.readonly = self._write is None

    def _refuse_older(self) -> None:
        if self.read.execute("PRAGMA user_version").fetchone()[0] < schema.VERSION:
            raise Refusal(
                f"{one_line(str(self.path))} is of an earlier Storyloom and has to be brought up "
                f"to date once, but it cannot be written to: {self.readonly_because}. Copy it to a "
                "folder of yours."
            )

    @classmethod
    def create(
        cls, path: Path, *, title: str = "", premise: str = "", style: str = "", opening: str = ""
    ) -> "Story":
        """Create a story whose root is the author's opening, and open it.

        An empty opening gives an empty root to write on. Raises Refusal when the file is there;
        when anything goes wrong, no file is left.
        """
        with file.draft(path) as made, cls(made) as story, story.act("story.create") as act:
            for key, text in (("title", title), ("premise", premise), ("style", style)):
                if text.strip():
                    act.change(0, key, kept(text.strip()))
            root = act.add(0, "a0", kept(opening))
            act.change(0, "weave:main", root)
        return cls(path)

    @property
    def first_op(self) -> int:
        """The operation this session began with; 0 when it has changed nothing yet."""
        return self._first_op

    def listen(self, listener: Callable[[Changed], None]) -> None:
        """Call `listener` after each act, in the thread of the act."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def act(
        self, kind: str, *, actor: str = "human", data: dict[str, Any] | None = None
    ) -> Generator["Act"]:
        """Open one operation; it is committed when the block ends and undone when it raises.

        A block that changes nothing leaves no trace in the log. Raises Refusal when the file
        cannot be written to.
        """
        with self._lock:
            if not self._first_op:
                self._begin_session()
            with self._writing(durable=True) as db:
                act = Act(self, db, kind, actor, data or {})
                yield act
                changed = act.close()
        if changed is not None:
            for listener in self._listeners:
                listener(changed)

    @contextlib.contextmanager
    def quick(self) -> Generator[sqlite3.Connection]:
        """Open a transaction for what is no history: streamed text and the state of the screen.

        A power cut may take its last second, never the file. Raises Refusal when the file cannot
        be written to.
        """
        with self._lock, self._writing(durable=False) as db:
            yield db

    def fold_in(self) -> None:
        """Fold the side file into the story, and empty it, if nobody reads an older state of it."""
        with self._lock:
            if self._write is not None and self._guard is not None:
                with self._guard.held():
                    self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _writing(self, *, durable: bool) -> Generator[sqlite3.Connection]:
        db, guard = self._write, self._guard
        if db is None or guard is None:
            why = self.readonly_because or "it was closed"
            raise Refusal(f"{one_line(self.path.name)} cannot be written to: {why}.")
        try:
            with guard.held():
                db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                except BaseException:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
                raise Refusal(
                    f"This change to {one_line(self.path.name)} was not saved, and nothing before "
                    f"it was lost: {file.explained(error)}."
                ) from error
            raise

    def _begin_session(self) -> None:
        with self._writing(durable=False) as db:
            assert self._guard is not None
            # Held before the log names the session, or another program could take it for dead.
            lock = self._guard.session(self.session)
            if lock.take():
                self._alive = lock
            act = Act(self, db, "session.start", "human", {})
            act.close(even_if_empty=True)
        self._first_op = act.op

    def session_alive(self, session: str) -> bool:
        """Whether the program that wrote under that session id still runs."""
        if session == self.session:
            return True
        return self._guard is not None and self._guard.session(session).taken()

    def live_others(self) -> list[str]:
        """Return the sessions of other programs that have the story open and wrote in it."""
        return self._guard.live_sessions(self.session) if self._guard is not None else []

    def close(self) -> None:
        """Close the file; SQLite folds its side files into it when no other program has it."""
        with self._lock:
            if self._first_op and self._write is not None:
                # Only a note in the log: a full disk must not keep anyone from leaving.
                with (
                    contextlib.suppress(Refusal, sqlite3.Error),
                    self._writing(durable=False) as db,
                ):
                    Act(self, db, "session.end", "human", {}).close(even_if_empty=True)
            self.read.close()
            self._let_go()

    def _let_go(self) -> None:
        guard, self._guard = self._guard, None
        write, self._write = self._write, None
        if write is not None and guard is not None:
            with contextlib.ExitStack() as stack:
                # Another program may hold the guard for long; then it is not the last to leave,
                # and closing does not write.
                with contextlib.suppress(Refusal, OSError):
                    stack.enter_context(guard.held())
                with contextlib.suppress(sqlite3.Error):
                    write.close()
        if self._alive is not None:
            self._alive.release()
            self._alive = None
        if guard is not None:
            guard.close()

    def __enter__(self) -> "Story":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Act:
    """One operation being made; the functions that change a story work through it."""

    def __init__(
        self, story: Story, db: sqlite3.Connection, kind: str, actor: str, data: dict[str, Any]
    ) -> None:
        self.db = db
        self.tables = SqlTables(db)
        self.data = data
        self.reverts: int | None = None
        self._story = story
        self._kind = kind
        self._actor = actor
        self._touched: set[int] = set()
        self._wrote = False
        last = db.execute("SELECT id, hash FROM op ORDER BY id DESC LIMIT 1").fetchone()
        self.op: int = last[0] + 1 if last else 1
        self._previous: bytes = last[1] if last else b""

    def node(self, node: int) -> NodeState:
        """Return a live node's fields. Raises Refusal when there is none of that id."""
        state = self.tables.node(node)
        if state is None or state.flags & GONE:
            raise Refusal(f"There is no node n{node} in this story.")
        return state

    def settled(self, node: int) -> NodeState:
        """Return a node's fields as `node` does; refuses one that a model is still writing."""
        state = self.node(node)
        if state.flags & STREAMING:
            raise Refusal(f"n{node} is still being written; stop it first, or wait for its end.")
        return state

    def text(self, rev: int) -> tuple[str, Runs]:
        """Return the text and runs of a revision."""
        row = self.db.execute("SELECT text, runs FROM rev WHERE id = ?", (rev,)).fetchone()
        return row[0], origins.loaded(row[1])

    def change(self, owner: int, key: str, new: Value) -> None:
        """Change one field; a change to what it is already is none."""
        old = value(self.tables, owner, key)
        if old == new:
            return
        self._make(Change(owner, key, old, new))

    def _make(self, change: Change) -> None:
        # Into the log at once, so that an act of a hundred thousand changes holds none of them.
        self.db.execute(
            "INSERT INTO change(op, owner, key, old, new) VALUES(?,?,?,?,?)", (self.op, *change)
        )
        apply(self.tables, change, self.op)
        self._wrote = True
        if len(self._touched) < _TOLD:
            self._touched.add(change.owner)

    @contextlib.contextmanager
    def counted_after(self, top: int) -> Generator[None]:
        """Let many changes below `top` be counted once, when the block has ended."""
        tally.watch(self.db, top)
        self.tables.counting = False
        try:
            yield
        finally:
            self.tables.counting = True
        tally.recount(self.db, top)

    def add(
        self,
        parent: int,
        order: str,
        text: str,
        runs: Runs | None = None,
        *,
        flags: int = 0,
        gen: int | None = None,
    ) -> int:
        """Add a node with its text, by default all human, and return its id."""
        row = self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM node").fetchone()
        node = int(row[0])
        if flags & STREAMING:
            rev = self.placeholder(node)
        else:
            rev = self.revise(
                node, text, origins.whole(text, origins.HUMAN) if runs is None else runs
            )
        self.change(node, "add", json.dumps([parent, order, rev, flags, gen]))
        return node

    def revise(self, node: int, text: str, runs: Runs) -> int:
        """Store a finished text for a node and return its revision; the node is not changed."""
        assert sum(run.length for run in runs) == len(text)
        dumped = origins.dumped(runs)
        rev = self.db.execute(
            "INSERT INTO rev(node, op, hash, runs, text) VALUES(?,?,?,?,?)",
            (node, self.op, text_hash(text), dumped, text),
        ).lastrowid
        assert rev is not None
        self._finished(rev, text)
        return rev

    def placeholder(self, node: int) -> int:
        """Store an unfinished, empty text for a node and return its revision."""
        rev = self.db.execute(
            "INSERT INTO rev(node, runs, text) VALUES(?, '[]', '')", (node,)
        ).lastrowid
        assert rev is not None
        return rev

    def finish(self, rev: int, text: str, runs: Runs) -> None:
        """Give an unfinished revision its last text; from then on it does not change."""
        dumped = origins.dumped(runs)
        self.db.execute(
            "UPDATE rev SET op = ?, hash = ?, runs = ?, text = ? WHERE id = ?",
            (self.op, text_hash(text), dumped, text, rev),
        )
        self._finished(rev, text)

    def finished(self, rev: int) -> bool:
        """Whether a revision has its last text."""
        return self.db.execute("SELECT op FROM rev WHERE id = ?", (rev,)).fetchone()[0] is not None

    def generation(self, index: int, model: str, params: str, request: bytes) -> int:
        """Store what one branch of a batch is asked of which model, and return its id."""
        gen = self.db.execute(
            "INSERT INTO gen(op, idx, model, params, request) VALUES(?,?,?,?,?)",
            (self.op, index, model, params, request),
        ).lastrowid
        assert gen is not None
        return gen

    def _finished(self, rev: int, text: str) -> None:
        self.db.execute("INSERT INTO rev_fts(rowid, text) VALUES(?,?)", (rev, text))
        self._wrote = True

    def close(self, *, even_if_empty: bool = False) -> Changed | None:
        """Append the operation to the log; None when nothing changed and it leaves no trace."""
        if not (self._wrote or even_if_empty or self.reverts):
            return None
        story = self._story
        data = json.dumps(kept_json(self.data), ensure_ascii=False, separators=(",", ":"))
        head = (self.op, time.time_ns() // 1_000_000, story.session, self._actor, self._kind,
                self.reverts, data)  # fmt: skip
        digest = chained(self._previous, head, *recorded(self.db, self.op))
        self.db.execute("INSERT INTO op VALUES(?,?,?,?,?,?,?,?)", (*head, digest))
        if self._kind not in SILENT:
            self.db.execute("INSERT INTO undoable VALUES(?,?)", (self.op, story.session))
            if self.db.execute("SELECT 1 FROM redoable LIMIT 1").fetchone():
                others = json.dumps(story.live_others())
                self.db.execute(
                    "DELETE FROM redoable WHERE session NOT IN (SELECT value FROM json_each(?))",
                    (others,),
                )
        return Changed(self._kind, self.op, frozenset(self._touched))


def text_hash(text: str) -> bytes:
    """Return the sha256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).digest()


Rows: TypeAlias = "Iterable[tuple[Any, ...]]"


def recorded(db: sqlite3.Connection, op: int) -> tuple[Rows, Rows, Rows]:
    """Return what an operation says beside its head: its changes, texts and generations.

    A change is (owner, key, old, new), a text (rev, node, sha256 in hex, runs) and a generation
    (gen, index, model, params, request's sha256 in hex).
    """
    return (
        db.execute("SELECT owner, key, old, new FROM change WHERE op = ? ORDER BY seq", (op,)),
        db.execute(
            "SELECT id, node, lower(hex(hash)), runs FROM rev WHERE op = ? ORDER BY id", (op,)
        ),
        db.execute(
            "SELECT id, idx, model, params, lower(hex(request)) FROM gen WHERE op = ? ORDER BY id",
            (op,),
        ),
    )


def chained(previous: bytes, head: tuple[Any, ...], changes: Rows, revs: Rows, gens: Rows) -> bytes:
    """Return an operation's hash: sha256 of the one before and of all this one says.

    What it says is the JSON text `[head, changes, texts, generations]` with neither spaces nor
    escapes, so that any program can compute it. Rows are taken one by one.
    """
    digest = hashlib.sha256(previous)
    digest.update(b"[" + _json(head))
    for rows in (changes, revs, gens):
        digest.update(b",[")
        for number, row in enumerate(rows):
            digest.update((b"," if number else b"") + _json(row))
        digest.update(b"]")
    digest.update(b"]")
    return digest.digest()


def _json(row: tuple[Any, ...]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
