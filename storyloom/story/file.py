"""A story file on disk: created, recognised, opened, and guarded against other programs.

A file that is not a story, or is a newer one, is never written to.
"""

import contextlib
import os
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from storyloom import paths
from storyloom.story import schema
from storyloom.text import Refusal, one_line

try:
    import fcntl
except ImportError:  # Windows: one program at a time is all that can be promised there.
    fcntl = None

__all__ = ["Guard", "create", "open_reader", "open_writer"]

_BUSY_SECONDS = 10.0


class Guard:
    """A lock beside SQLite's own, held around every write and checkpoint.

    SQLite before 3.51.3 can corrupt a WAL file when two connections checkpoint at once; most
    Pythons still carry such a version. A lock on a file of our own keeps them apart.
    """

    def __init__(self, path: Path) -> None:
        status = path.stat()
        self._name = f"{status.st_dev:x}-{status.st_ino:x}"
        self._file: IO[bytes] | None = None
        if fcntl is not None:
            folder = paths.made(paths.runtime_dir())
            # The lock file has to outlive this call: closing it would give the lock back.
            self._file = open(folder / f"{self._name}.lock", "ab")  # noqa: SIM115

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Keep every other program from writing meanwhile; waits for one that does."""
        if fcntl is None or self._file is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def session_file(self, session: str) -> Path:
        """Return the file whose lock shows that a session of this story is still alive."""
        return paths.runtime_dir() / f"{self._name}-{session}.session"

    def close(self) -> None:
        """Give the lock file back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def create(path: Path) -> None:
    """Create an empty story file, readable by its owner alone.

    Raises Refusal when something is there already or the folder cannot be written to.
    """
    try:
        # Made with its rights from the start: SQLite gives its side files the same ones.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise Refusal(
            f"{_named(path)} is there already; open it, or choose another name."
        ) from None
    except OSError as error:
        raise Refusal(f"{_named(path)} cannot be created: {error.strerror}.") from error
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            schema.migrate(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a story for reading alone, after making sure that it is one.

    Raises Refusal when there is no file, it is no story, or a newer Storyloom made it.
    """
    _refuse_other_than_file(path)
    connection = _connect_to_read(path)
    try:
        _refuse_foreign(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise Refusal(_unreadable(path, error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_writer(path: Path) -> sqlite3.Connection:
    """Open a story that `open_reader` has accepted for writing.

    The connection may be used from any thread, by one at a time. Raises sqlite3.OperationalError
    when the file or its folder is read-only.
    """
    connection = sqlite3.connect(
        f"{_uri(path)}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        cached_statements=256,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cell_size_check = ON")
        # A filled sqlite_stat1 makes older SQLites plan a Bloom filter into the tree's queries,
        # which then cost a hundred times as much.
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetchone():
            connection.execute("DELETE FROM sqlite_stat1")
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}"


def _named(path: Path) -> str:
    return one_line(str(path))


def _refuse_other_than_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise Refusal(f"{_named(path)} is a folder; name a story file in it.")
        if not path.exists():
            raise Refusal(
                f"There is no file {_named(path)}; 'storyloom new {_named(path)}' begins a story."
            )
        if not path.is_file():
            raise Refusal(f"{_named(path)} is not a file that can hold a story.")
        if path.stat().st_size == 0:
            raise Refusal(f"{_named(path)} is empty, so it is not a story.")
    except OSError as error:
        raise Refusal(f"{_named(path)} cannot be read: {error.strerror}.") from error
    if not os.access(path, os.R_OK):
        raise Refusal(f"{_named(path)} may not be read by you; see its permissions.")


def _connect_to_read(path: Path) -> sqlite3.Connection:
    failure: sqlite3.Error | None = None
    # In a folder that cannot be written to, WAL's shared memory cannot be made; a file that
    # nobody can write is safe to read as immutable.
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        if mode != "mode=ro" and os.access(path.parent, os.W_OK):
            break
        connection = sqlite3.connect(
            f"{_uri(path)}?{mode}",
            uri=True,
            isolation_level=None,
            timeout=_BUSY_SECONDS,
            cached_statements=256,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA application_id").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            connection.close()
            failure = error
            continue
        return connection
    raise Refusal(_unreadable(path, failure)) from failure


def _unreadable(path: Path, error: sqlite3.Error | None) -> str:
    text = str(error)
    if "not a database" in text:
        return f"{_named(path)} is not a story: it is no SQLite file."
    if "malformed" in text:
        return f"{_named(path)} is damaged ({text}); it was not touched."
    return f"{_named(path)} cannot be opened: {one_line(text)}."


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != schema.APPLICATION_ID:
        raise Refusal(f"{_named(path)} is an SQLite file of another program, not a story.")
    if version > schema.VERSION:
        raise Refusal(
            f"{_named(path)} was written by a newer Storyloom; update Storyloom to open it."
        )
    if schema.fingerprint(connection) != schema.FINGERPRINTS.get(version):
        raise Refusal(f"{_named(path)} has tables that Storyloom did not make; it was not touched.")
