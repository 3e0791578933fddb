"""JSON lines over a child process's standard streams, spoken by client, worker and engine.

One object a line, UTF-8, ended by LF. JSON escapes every control character, so a line end inside
a text never ends a line of the wire.
"""

import json
from typing import Any, TypeAlias, cast

__all__ = ["JSON", "LONGEST_LINE", "Message", "decode", "encode"]

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Message: TypeAlias = dict[str, Any]

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is a fault of the other side, not a message."""


def encode(message: Message) -> bytes:
    """Return one line of the wire; lone surrogates are escaped, so any `str` can travel."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """Return the object on a line of the wire. Raises ValueError when there is none."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("a line of the wire has to hold one JSON object")
    return cast(Message, value)
