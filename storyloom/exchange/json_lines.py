"""Files of JSON objects, one on each line."""

import json
from collections.abc import Iterator
from typing import Any, cast

from storyloom.text import Refusal

__all__ = ["begins_with", "objects"]

_MARK = b"\xef\xbb\xbf"


def begins_with(data: bytes, keys: frozenset[str]) -> bool:
    """Whether the first line is an object that has all these keys."""
    first = _object(data.removeprefix(_MARK).lstrip().split(b"\n", 1)[0])
    return first is not None and first.keys() >= keys


def objects(data: bytes, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line that is not blank, from 1, and its object.

    Raises Refusal where one is none; `what` says what a line should be.
    """
    for number, line in enumerate(data.removeprefix(_MARK).split(b"\n"), 1):
        if not line.strip():
            continue
        found = _object(line)
        if found is None:
            raise Refusal(f"Line {number} of it is no {what}.")
        yield number, found


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
