"""An open story: reading it, and changing it by acts that are whole or not at all.

Every change of the tree or of an attribute happens inside `Story.act`, which opens one
transaction, collects the changes, appends one operation to the log, chains its hash to the one
before, commits durably and tells the listeners what was touched. The functions of `shape`,
`marks`, `growth` and `history` are what screens and commands call.
"""

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from storyloom.story import file, schema
from storyloom.story.act import Act, Changed
from storyloom.story.guard import Guard, SessionLock
from storyloom.story.kept import kept
from storyloom.text import Refusal, one_line

__all__ = ["Story"]


def _now() -> int:
    return time.time_ns() // 1_000_000


class Story:
    """One open story file.

    `read` is for the thread that opened it; acts may come from any thread and take turns, and are
    not nested. When the file cannot be written to, `readonly` is true, `readonly_because` says why
    and every act is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session = secrets.token_hex(4)
        self.clock: Callable[[], int] = _now
        """Tells the time of operations, in milliseconds since the epoch; another one for what is
        done again as it was recorded.
        """
        self.readonly = False
        self.readonly_because = ""
        self._lock = threading.RLock()
        self._write: sqlite3.Connection | None = None
        self._guard: Guard | None = None
        self._alive: SessionLock | None = None
        self._first_op = 0
        self.began_after = 0
        """The last operation that was in the log when it was opened."""
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
            self.began_after = int(
                self.read.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0]
            )
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
        self,
        kind: str,
        *,
        actor: str = "human",
        data: dict[str, Any] | None = None,
        always: bool = False,
    ) -> Generator["Act"]:
        """Open one operation; it is committed when the block ends and undone when it raises.

        A block that changes nothing leaves no trace in the log, but for `always`. Raises Refusal
        when the file cannot be written to.
        """
        with self._lock:
            if not self._first_op:
                self._begin_session()
            with self._writing(durable=True) as db:
                act = Act(self, db, kind, actor, data or {})
                yield act
                changed = act.close(even_if_empty=always)
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

    def write_anew(self) -> None:
        """Write the file anew, so that nothing stays in it of what was deleted, nor beside it.

        Raises Refusal when there is no room for that, or another program reads meanwhile.
        """
        with self._lock:
            db, guard = self._write, self._guard
            if db is None or guard is None:
                return
            try:
                with guard.held():
                    db.execute("VACUUM")
                    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.DatabaseError as error:
                raise Refusal(
                    "What was deleted can still be found in unused parts of the file: "
                    f"{file.explained(error)}."
                ) from error

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
