"""What all stories together have cost, by the moment: a small file in the data folder.

A line holds a moment and dollars, and nothing of any story. One is appended with the estimate
before a batch is sent, and one with the same moment and the difference when it has ended, so that
whatever else runs at the same time knows of it, and a batch whose program was killed stays counted
as it was estimated. Each is one write to the end of the file, begun and ended with a line end:
programs that write at once do not mix theirs, and half a line that a crash left spoils no other.
"""

import contextlib
import os
import time
from pathlib import Path

from storyloom import paths
from storyloom.text import Refusal

__all__ = ["add", "path", "today"]

_READ = 256 * 1024
"""Bytes of the file's end that are read, some 10,000 lines: more than a day has batches."""
_LONGEST = 64


def path() -> Path:
    """Return the file."""
    return paths.data_dir() / "spending.log"


def add(dollars: float, moment: float) -> None:
    """Add what was spent, or less than was thought, at a moment in seconds since the epoch.

    A disk that cannot be written to keeps nobody from writing a story: then it is not counted.
    """
    line = f"\n{moment:.3f} {dollars:.9f}\n".encode()
    with contextlib.suppress(OSError, Refusal):
        paths.made(path().parent)
        file = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def today(now: float | None = None) -> float:
    """Return the dollars that were spent since midnight, local time."""
    then = time.localtime(now)
    midnight = time.mktime((then.tm_year, then.tm_mon, then.tm_mday, 0, 0, 0, 0, 0, -1))
    spent = 0.0
    for line in _end().split(b"\n"):
        moment, dollars = _read(line)
        if moment >= midnight:
            spent += dollars
    return max(0.0, spent)


def _end() -> bytes:
    try:
        with open(path(), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _READ))
            # The first line is a part of one, unless the file is short.
            return file.read(_READ) if size <= _READ else file.read(_READ).partition(b"\n")[2]
    except OSError:
        return b""


def _read(line: bytes) -> tuple[float, float]:
    """Return a line's moment and dollars, zeros for one that is none."""
    moment, _, dollars = line.partition(b" ")
    if len(line) > _LONGEST:
        return 0.0, 0.0
    try:
        read = float(moment), float(dollars)
    except ValueError:
        return 0.0, 0.0
    usable = all(-1e12 < each < 1e12 for each in read)
    return read if usable else (0.0, 0.0)
