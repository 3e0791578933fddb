"""A story file on disk: created, recognised and opened.

A file that is not a story, or is a newer one, is never written to.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storyloom.story import schema
from storyloom.story.guard import BUSY_SECONDS
from storyloom.text import Refusal, one_line

__all__ = ["SUFFIX", "copy", "draft", "explained", "in_use", "is_current", "new_file",
           "open_reader", "open_writer", "refuse_other_than_file", "upgrade"]  # fmt: skip

SUFFIX = ".loom"
"""How the names of story files end."""

_LEAST_STORY = 65_536
"""Bytes below which no file can be a story with anything to recover."""
_SIDE_FILES = ("-wal", "-shm", "-journal")


@contextlib.contextmanager
def new_file(path: Path) -> Generator[Path]:
    """Yield an empty file under another name, which becomes `path` when the block ends well.

    So nobody ever sees a file that is half made, and none stays behind when making it fails. It
    is readable by its owner alone. Raises Refusal when `path` is there already or the folder
    cannot be written to.
    """
    _refuse_taken(path)
    made = path.with_name(f".{path.name[:100]}-{secrets.token_hex(4)}.new")
    try:
        try:
            # Made with its rights from the start: SQLite gives its side files the same ones.
            os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            yield made
            _sync(made)
            _publish(made, path)
        except FileExistsError:
            raise Refusal(_taken(path)) from None
        except (OSError, ValueError) as error:
            if isinstance(error, Refusal):
                raise
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Refusal(f"{_named(path)} cannot be created: {why}.") from error
        except sqlite3.DatabaseError as error:
            raise Refusal(f"{_named(path)} cannot be created: {explained(error)}.") from error
    finally:
        for suffix in ("", *_SIDE_FILES):
            with contextlib.suppress(OSError, ValueError):
                made.with_name(made.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def draft(path: Path) -> Generator[Path]:
    """Yield an empty story under another name, which becomes `path` as `new_file` has it."""
    with new_file(path) as made:
        _lay_tables(made)
        yield made


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """Write what a connection reads to the new file `target`, as it is at one moment.

    The copy is one file, safe on the disk when this returns. Raises Refusal as `new_file` does,
    and when what is read is damaged.
    """
    with new_file(target) as made:
        asked_only = connection.execute("PRAGMA query_only").fetchone()[0]
        # SQLite takes writing elsewhere for writing.
        connection.execute("PRAGMA query_only = OFF")
        # As bytes, as a file's name need not be any text.
        connection.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(made),))
        connection.execute(f"PRAGMA query_only = {asked_only}")


def upgrade(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Bring an older story up to date, a copy of how it was laid beside it first.

    Returns the copy's path, None when there was nothing to do. `connection` is a writer's outside
    of a transaction, and the caller holds the guard. Raises Refusal when it cannot be done, and
    then the story is as it was.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version >= schema.VERSION:
        return None
    aside = path.with_name(f"{path.name}.v{version}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.v{version}-{number}")
    copy(connection, aside)
    try:
        connection.execute("BEGIN IMMEDIATE")
        schema.migrate(connection)
        connection.execute("COMMIT")
    except (sqlite3.DatabaseError, ValueError, TypeError, LookupError) as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        aside.unlink(missing_ok=True)
        damage = error if isinstance(error, sqlite3.Error) else sqlite3.DatabaseError("malformed")
        raise Refusal(
            f"{_named(path)} is of an earlier Storyloom and could not be brought up to date: "
            f"{explained(damage)}. It is as it was."
        ) from error
    return aside


def _refuse_taken(path: Path) -> None:
    try:
        if path.is_symlink() or path.exists():
            raise Refusal(_taken(path))
    except (OSError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{_named(path)} cannot be created: {error}.") from error


def _lay_tables(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        schema.migrate(connection)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _sync(made: Path) -> None:
    """Have the disk hold all of a file that no connection has open, before it gets its name."""
    handle = os.open(made, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _publish(made: Path, path: Path) -> None:
    try:
        # A link, unlike a rename, never takes the place of a file that has appeared meanwhile.
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        _refuse_taken(path)
        os.rename(made, path)


class _Refusing:
    """Turns an error of the file into a refusal; a class, as a generator would cost more."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, UnicodeDecodeError):
            # Of what SQLite said: it names what is damaged.
            error = sqlite3.DatabaseError("malformed")
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            raise Refusal(f"The story cannot be read here: {explained(error)}.") from error


_REFUSING = _Refusing()


class _Cursor(sqlite3.Cursor):
    """A cursor whose faults of the file are refusals: damage may lie in any page that is read."""

    def execute(self, *args: Any) -> "_Cursor":  # type: ignore[override]
        with _REFUSING:
            super().execute(*args)
        return self

    def fetchone(self) -> Any:
        with _REFUSING:
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _REFUSING:
            return super().fetchall()

    def __next__(self) -> Any:
        with _REFUSING:
            return super().__next__()


class _Connection(sqlite3.Connection):
    def execute(self, *args: Any) -> _Cursor:  # type: ignore[override]
        return self.cursor(_Cursor).execute(*args)


def open_reader(
    path: Path, *, live: bool = False, wait: float = BUSY_SECONDS
) -> sqlite3.Connection:
    """Open a story for reading alone, after making sure that it is one.

    Raises Refusal when there is no file, it is no story, or a newer Storyloom made it; later,
    reading from a damaged page raises Refusal too. Without `live` it is for a look that ends at
    once and makes no side files, which only a program that writes can take away again; with it,
    the connection follows what is written meanwhile. `wait` is how many seconds another program
    that keeps everyone out is waited for.
    """
    refuse_other_than_file(path)
    connection = _connect_to_read(path, live, wait)
    try:
        _refuse_foreign(connection, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        connection.close()
        damage = error if isinstance(error, sqlite3.Error) else sqlite3.Error("malformed")
        raise Refusal(_unreadable(path, damage)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def in_use(path: Path) -> bool:
    """Whether something lies beside a story that belongs to it: a program has it open, or had."""
    return any(Path(f"{path}{suffix}").exists() for suffix in _SIDE_FILES)


def is_current(path: Path) -> bool:
    """Whether a story is of the newest schema. Raises Refusal as `open_reader` does."""
    with contextlib.closing(open_reader(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION


def open_writer(path: Path, *, wal: bool) -> sqlite3.Connection:
    """Open a story that `open_reader` has accepted for writing; the caller holds the guard.

    The connection may be used from any thread, by one at a time. `wal` says whether the guard
    works. Raises sqlite3.OperationalError when the file or its folder is read-only, or another
    program has it in WAL mode and that is not wanted here.
    """
    connection = sqlite3.connect(
        f"{_uri(path)}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS if wal else 0,
        cached_statements=256,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # What is deleted is overwritten, however this SQLite was built.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        # A filled sqlite_stat1 makes older SQLites plan a Bloom filter into the tree's queries,
        # which then cost a hundred times as much.
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetchone():
            connection.execute("DELETE FROM sqlite_stat1")
    except BaseException:
        connection.close()
        raise
    return connection


def explained(error: sqlite3.Error) -> str:
    """Return why SQLite failed, in the author's words, as the end of a sentence."""
    text = str(error)
    if "full" in text:
        return "the disk is full"
    if "malformed" in text or "not a database" in text:
        return (
            f"it is damaged ({text}); 'storyloom check' says more, and 'storyloom recover' saves "
            "what its log still proves"
        )
    if "locked" in text or "busy" in text:
        return "another program has been writing to it for too long"
    if "readonly" in text or "unable to open" in text:
        return "it or its folder is read-only"
    if "disk I/O" in text:
        return f"the disk refused (perhaps it is full, or a quota is used up; {text})"
    return one_line(text)


def _uri(path: Path) -> str:
    # As bytes: a file's name need not be in any encoding.
    return f"file:{quote(os.fsencode(path.absolute()))}"


def _named(path: Path) -> str:
    return one_line(str(path))


def _taken(path: Path) -> str:
    return f"{_named(path)} is there already; open it, or choose another name."


def refuse_other_than_file(path: Path) -> None:
    """Raise Refusal when there is no file at `path`, or none that holds anything to be read."""
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


def _modes(path: Path, live: bool) -> list[str]:
    """Return the ways to try to open a story for reading, best first."""
    aside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal")]
    changes_aside = any(each.exists() and each.stat().st_size for each in aside)
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if not changes_aside and not (live and writable) and not aside[0].exists():
        # WAL's shared memory could not be made, or would stay behind; and nobody writes now.
        return ["mode=ro&immutable=1", "mode=ro"]
    # What a crash left in a journal is rolled back by a connection that may write.
    modes = ["mode=ro", "mode=rw"] if writable else ["mode=ro"]
    # A full disk has no room for WAL's shared memory; what is in the file can be read all the same.
    return modes if changes_aside else [*modes, "mode=ro&immutable=1"]


def _connect_to_read(path: Path, live: bool, wait: float) -> sqlite3.Connection:
    failure: sqlite3.Error | None = None
    for mode in _modes(path, live):
        connection = sqlite3.connect(
            f"{_uri(path)}?{mode}",
            uri=True,
            isolation_level=None,
            timeout=wait,
            cached_statements=256,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            # Not yet as refusals: what fails here decides what is tried next.
            read = connection.cursor().execute
            read("PRAGMA trusted_schema = OFF")
            read("PRAGMA query_only = ON")
            read("PRAGMA cell_size_check = ON")
            read("PRAGMA application_id").fetchone()
            read("SELECT count(*) FROM sqlite_schema").fetchone()
        except UnicodeDecodeError:
            connection.close()
            failure = sqlite3.DatabaseError("malformed")
            break
        except sqlite3.Error as error:
            connection.close()
            failure = error
            if not any(each in str(error) for each in ("readonly", "unable to open", "disk I/O")):
                break
            continue
        return connection
    if failure is not None and "unable to open" in str(failure):
        raise Refusal(
            f"{_named(path)} was not closed well and its folder is read-only, so its last changes "
            f"cannot be read; copy it together with {path.name}-wal to a folder of yours."
        ) from failure
    raise Refusal(_unreadable(path, failure)) from failure


def _unreadable(path: Path, error: sqlite3.Error | None) -> str:
    text = str(error)
    if "not a database" in text:
        sentence = f"{_named(path)} is not a story: it is no SQLite file."
        if path.stat().st_size >= _LEAST_STORY:
            sentence += f" If it was one, 'storyloom recover {_named(path)}' may save it."
        return sentence
    if "malformed" in text:
        return (
            f"{_named(path)} is damaged ({text}); it was not touched, and 'storyloom recover "
            f"{_named(path)}' saves what its log still proves."
        )
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
