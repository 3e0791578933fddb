"""Keeping programs that have the same story open apart, and seeing which of them are alive."""

import contextlib
import os
import time
from collections.abc import Generator
from pathlib import Path

from storyloom import paths
from storyloom.text import Refusal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["BUSY_SECONDS", "Guard", "SessionLock"]

BUSY_SECONDS = 60.0
"""How long another program that writes is waited for."""


class Guard:
    """A lock beside SQLite's own, held around every write and checkpoint.

    SQLite before 3.51.3 can corrupt a WAL file when two connections checkpoint at once; most
    Pythons still carry such a version. A lock of our own keeps them apart. It is on the story's
    folder: that leaves no file behind and is the same for every program, whatever its environment
    says of runtime folders, and a lock on the story itself would undo SQLite's. Where there is no
    such lock (some network folders, Windows), `works` is false and WAL must not be used.
    """

    def __init__(self, path: Path) -> None:
        real = path.resolve()
        status = real.stat()
        self._name = f"{status.st_dev:x}-{status.st_ino:x}"
        self._folder: int | None = None
        if fcntl is None:
            return
        try:
            self._folder = os.open(real.parent, os.O_RDONLY)
            with self.held():
                pass
        except Refusal:
            self.close()
            raise
        except OSError:
            self.close()

    @property
    def works(self) -> bool:
        """Whether programs are kept apart."""
        return self._folder is not None

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Keep every other program from writing meanwhile; waits up to 60 s for one that does.

        Raises Refusal when that one does not end.
        """
        folder = self._folder
        if fcntl is None or folder is None:
            yield
            return
        deadline = time.monotonic() + BUSY_SECONDS
        pause = 0.0005
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # A program that was stopped while it wrote would be waited for without end.
                if time.monotonic() > deadline:
                    raise Refusal(
                        "Another program has been writing in this story's folder for too long; "
                        "end it, or try again."
                    ) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
        try:
            yield
        finally:
            fcntl.flock(folder, fcntl.LOCK_UN)

    def session(self, session: str) -> "SessionLock":
        """Return the lock by which others see that a session of this story is alive."""
        return SessionLock(paths.runtime_dir() / f"{self._name}-{session}.session")

    def live_sessions(self, own: str) -> list[str]:
        """Return the sessions of other programs that have this story open and wrote in it."""
        try:
            names = os.listdir(paths.runtime_dir())
        except (OSError, Refusal):
            return []
        sessions = [
            name[len(self._name) + 1 : -len(".session")]
            for name in names
            if name.startswith(f"{self._name}-") and name.endswith(".session")
        ]
        return [each for each in sessions if each != own and self.session(each).taken()]

    def close(self) -> None:
        """Give the lock back."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


class SessionLock:
    """A locked file that exists for as long as a session does, or until it is looked at after."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Hold the lock until `release`; false when that cannot be done here or it is taken."""
        try:
            paths.made(self._path.parent)
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except (OSError, Refusal):
            return False
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._file = handle
        return True

    def taken(self) -> bool:
        """Whether another program holds it; what a dead one left is cleared away."""
        if not self._path.exists():
            return False
        if fcntl is not None and not self.take():
            return True
        try:
            # Windows refuses to unlink a file that is open, which is the answer there.
            self._path.unlink(missing_ok=True)
        except OSError:
            return True
        finally:
            self._let_go()
        return False

    def release(self) -> None:
        """Give the lock back and take its file away."""
        if self._file is None:
            return
        self._let_go()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
