"""The asciicast format: the lines of a file that holds what a terminal was sent, and when.

Versions 2 and 3 as published at docs.asciinema.org/manual/asciicast/: a header, then an event a
line. In version 2 an event's time counts from the beginning, in 3 from the event before.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["MARKER", "OUTPUT", "SUFFIX", "VERSIONS", "Event", "Head", "lines"]

OUTPUT, MARKER = "o", "m"
_EXIT = "x"
VERSIONS = (2, 3)
"""The first is written when nothing else is asked for."""
SUFFIX = ".cast"
_TERMINAL = "xterm-256color"
_SECOND = 1_000_000


class Event(NamedTuple):
    """Something that happens in a recording."""

    time: int
    """Microseconds since its beginning; none is before the event before it."""
    code: str
    """`OUTPUT` or `MARKER`."""
    data: str
    """What the terminal is sent, or the marker's label."""


@dataclass(frozen=True)
class Head:
    """What a recording's first line says of it."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    title: str
    timestamp: int
    """When it begins, in seconds since the epoch."""
    idle: float
    """The longest wait in it, in seconds."""


def lines(head: Head, events: Iterable[Event], version: int) -> Iterator[str]:
    """Yield the file's lines with their ends, each as soon as its event is there."""
    yield json.dumps(_head(head, version), ensure_ascii=False) + "\n"
    before = 0
    for time, code, data in events:
        yield _line(time - before, code, data)
        if version == 3:
            before = time
    if version == 3:
        yield _line(0, _EXIT, "0")


def _head(head: Head, version: int) -> dict[str, Any]:
    about = {
        "timestamp": max(0, head.timestamp),
        "idle_time_limit": head.idle,
        "title": head.title,
    }
    if version == 3:
        term = {"cols": head.width, "rows": head.height, "type": _TERMINAL}
        return {"version": 3, "term": term, **about}
    size = {"width": head.width, "height": head.height}
    return {"version": 2, **size, **about, "env": {"TERM": _TERMINAL}}


def _line(time: int, code: str, data: str) -> str:
    # Written digit by digit: as a float a time of many hours would lose its last ones.
    seconds = f"{time // _SECOND}.{time % _SECOND:06}"
    return f'[{seconds}, "{code}", {json.dumps(data, ensure_ascii=False)}]\n'
