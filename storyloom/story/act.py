"""One operation being made: what it changes, the log it is written to, and the chain of hashes."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple, Protocol, TypeAlias

from storyloom.story import origins, recount, tally
from storyloom.story.kept import kept_json
from storyloom.story.origins import Runs
from storyloom.story.schema import GONE, STREAMING
from storyloom.story.tables import Change, NodeState, SqlTables, Value, apply, value
from storyloom.text import Refusal

__all__ = ["SILENT", "Act", "Changed", "Rows", "chained", "recorded", "text_hash"]

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
        "gen.aside",
        "node.purge",
        "story.recover",
        "story.lost",
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


class Session(Protocol):
    """The run of a program that an operation belongs to."""

    @property
    def session(self) -> str:
        """Its name in the log."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Tells the time of operations, in milliseconds since the epoch."""
        ...

    def live_others(self) -> list[str]:
        """Return the sessions of other programs that have the story open and wrote in it."""
        ...


class Act:
    """One operation being made; the functions that change a story work through it."""

    def __init__(
        self, story: Session, db: sqlite3.Connection, kind: str, actor: str, data: dict[str, Any]
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
        recount.recount(self.db, top)

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
        head = (self.op, story.clock(), story.session, self._actor, self._kind,
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
