"""Whether a row that was read from a damaged file is what such a row can be."""

import hashlib
import json
import zlib
from typing import Any

from storyloom.story import origins, pages
from storyloom.story.act import text_hash
from storyloom.story.tables import FLAGS

__all__ = ["sensible", "sent", "sound", "worth"]


def sensible(table: str, row: tuple[Any, ...]) -> bool:
    """Whether a row that was read holds what such a row can hold."""
    if not pages.fits(table, row):
        return False
    if table == "op":
        return _json(row[6], dict)
    if table != "change":
        return True
    _, op, owner, key, old, new = row
    if op <= 0 or owner < 0 or (new is None and key in ("add", "place", "rev")):
        return False
    return all(value is None or worth(key, value) for value in (old, new))


_LARGEST_NUMBER = 1 << 62


def worth(key: str, value: Any) -> bool:
    """Whether a field of that key can have that value."""
    if key in ("add", "place"):
        kinds = (int, str, int, int, int | None) if key == "add" else (int, str)
        given: list[Any] = json.loads(value) if _json(value, list) else []
        numbers = [each for each in given if isinstance(each, int)]
        return (
            len(given) == len(kinds)
            and all(map(isinstance, given, kinds))
            and all(0 <= number < _LARGEST_NUMBER for number in numbers)
        )
    if key == "rev" or key in FLAGS or key.startswith("weave:"):
        return isinstance(value, int)
    if key == "chapters":
        return _json(value, list) and all(
            isinstance(mark, list) and [type(each) for each in mark[:2]] == [int, str]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            for mark in json.loads(value)
        )
    if key == "result" or key.startswith("lore:"):
        return _json(value, dict)
    return isinstance(value, int | float | str)


def _json(text: Any, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except (ValueError, TypeError, RecursionError):
        return False


def sent(digest: bytes, body: Any) -> bool:
    """Whether what a model was sent is what its hash says."""
    try:
        return hashlib.sha256(zlib.decompress(body)).digest() == digest
    except (zlib.error, TypeError):
        return False


def sound(digest: bytes, runs: str, text: str) -> bool:
    """Whether a text is what its hash says, and its origins add up to it."""
    try:
        lengths = sum(run.length for run in origins.loaded(runs))
    except (ValueError, TypeError):
        return False
    return text_hash(text) == digest and lengths == len(text)
