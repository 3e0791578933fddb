"""A story's own log, written out in lines of JSON by `storyloom log FILE --all --json`."""

import json
from collections.abc import Iterator
from typing import Any, cast

from storyloom.text import Refusal

__all__ = ["lines_of", "looks_like_log"]

_KEYS = frozenset({"v", "seq", "t", "type", "changes", "texts", "hash", "prev"})
_VERSION = 1


def looks_like_log(data: bytes) -> bool:
    """Whether a file begins with an operation of a log."""
    try:
        first: object = json.loads(data.lstrip().split(b"\n", 1)[0])
    except ValueError:
        return False
    return isinstance(first, dict) and cast("dict[str, object]", first).keys() >= _KEYS


def lines_of(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log in their order. Raises Refusal where one is none, or is of a newer
    Storyloom.
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found: object = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refusal(f"Line {number} of it is no line of a story's log.")
        operation = cast("dict[str, Any]", found)
        if operation.get("v") != _VERSION:
            raise Refusal(f"Line {number} of it is of a newer Storyloom; upgrade this one.")
        yield operation
