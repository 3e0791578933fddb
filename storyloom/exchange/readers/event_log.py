"""A story's own log, written out in lines of JSON by `storyloom log FILE --all --json`."""

from collections.abc import Iterator
from typing import Any

from storyloom.exchange.json_lines import begins_with, objects
from storyloom.text import Refusal

__all__ = ["lines_of", "looks_like_log"]

_KEYS = frozenset({"v", "seq", "t", "type", "changes", "texts", "hash", "prev"})
_VERSION = 1


def looks_like_log(data: bytes) -> bool:
    """Whether a file begins with an operation of a log."""
    return begins_with(data, _KEYS)


def lines_of(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log in their order. Raises Refusal where one is none, or is of a newer
    Storyloom.
    """
    for number, operation in objects(data, "line of a story's log"):
        if operation.get("v") != _VERSION:
            raise Refusal(f"Line {number} of it is of a newer Storyloom; upgrade this one.")
        yield operation
