"""Keys of providers in a file that only its owner may read: keys.toml in the config folder."""

import contextlib
import os
import re
import shlex
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storyloom import paths
from storyloom.models.keys import Key
from storyloom.text import Refusal, one_line

__all__ = ["path", "read", "write"]

_LARGEST = 256 * 1024
"""Bytes; a larger file is none of ours."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_HEAD = "# Keys of providers, written anew by 'storyloom keys set' and 'storyloom keys remove'.\n"


def path() -> Path:
    """Return the file's path, whether it is there or not."""
    return paths.config_dir() / "keys.toml"


def read() -> dict[str, Key]:
    """Return the keys in the file by their variables, none when there is no file.

    Raises Refusal, with nothing of what the file holds in it, when others may read the file, it
    belongs to someone else, or it is not as it should be.
    """
    content = _content(path())
    if content is None:
        return {}
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refusal(f"{_said()} is not a text in UTF-8: write it anew or remove it.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # Not as a cause, and not its words: they may hold a part of a line.
        line = re.search(r"at line (\d+)", str(error))
        where = f" in line {line[1]}" if line else ""
        raise Refusal(f'{_said()} has a fault{where}: a line is VARIABLE = "key".') from None
    return dict(_pair(name, value) for name, value in table.items())


def write(keys: Mapping[str, Key]) -> Path:
    """Put a file with exactly these keys in the place of the old one, and return its path.

    It is readable by its owner alone from the first byte on, and there is at no time less than
    one whole file. Raises Refusal with the old file untouched when it cannot be written.
    """
    target = path().resolve()  # where it is a link into a folder of dotfiles, the link stays
    paths.made(target.parent)
    try:
        handle, drafted = tempfile.mkstemp(prefix=".keys-", suffix=".toml", dir=target.parent)
    except OSError as error:
        raise _unwritable(error) from error
    try:
        with open(handle, "w", encoding="ascii") as out:
            out.write(_dumped(keys))
            out.flush()
            os.fsync(out.fileno())
        os.replace(drafted, target)
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(drafted)
    return path()


def _dumped(keys: Mapping[str, Key]) -> str:
    # Every character of a key can stand in a TOML string but for these two.
    quoted = (
        (name, keys[name].reveal().replace("\\", "\\\\").replace('"', '\\"'))
        for name in sorted(keys)
    )
    return _HEAD + "".join(f'{name} = "{value}"\n' for name, value in quoted)


def _content(file: Path) -> bytes | None:
    """Return the bytes of a file that is its owner's alone, None when there is none."""
    try:
        # Without waiting: a pipe of that name would never answer.
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Refusal(f"{_said()} cannot be read: {error.strerror or error}.") from error
    try:
        # Of what has been opened, not of the name: that may lead elsewhere a moment later.
        _refuse_open(os.fstat(handle))
        with open(handle, "rb", closefd=False) as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise Refusal(f"{_said()} cannot be read: {error.strerror or error}.") from error
    finally:
        os.close(handle)
    if len(content) > _LARGEST:
        raise Refusal(f"{_said()} is far too large to hold keys: remove it.")
    return content


def _refuse_open(facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise Refusal(f"{_said()} has to be a file, and is something else: remove it.")
    if not hasattr(os, "geteuid"):
        return  # a system without modes, where the folder's rights are all there is
    if facts.st_uid != os.geteuid():
        raise Refusal(f"{_said()} belongs to another user, so it is not used: remove it.")
    if facts.st_mode & 0o077:
        command = f"chmod 600 {one_line(shlex.quote(str(path())))}"
        raise Refusal(
            f"Others on this machine can open the file of keys, so it is not used: run {command}"
        )


def _pair(name: str, value: Any) -> tuple[str, Key]:
    # Neither name nor value is shown: a key may stand in the place of either.
    if not _NAME.fullmatch(name) or not isinstance(value, str):
        raise Refusal(f'{_said()} has something else than lines VARIABLE = "key": mend it.')
    try:
        return name, Key.typed(value)
    except Refusal:
        raise Refusal(
            f"{_said()} has something that can be no key (8 to 4096 plain characters without a "
            "space): mend it."
        ) from None


def _unwritable(error: OSError) -> Refusal:
    return Refusal(f"{_said()} cannot be written: {error.strerror or error}.")


def _said() -> str:
    return one_line(str(path()))
