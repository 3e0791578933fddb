"""Text as a story keeps it: cleaned and in one spelling, with its origins going along.

Every text on its way into a story passes here, so that offsets, searches and comparisons mean the
same however a keyboard, a model or a file composes its accents.
"""

import math
import re
import unicodedata
from typing import Any, cast

from storyloom.story import origins
from storyloom.story.origins import Run, Runs
from storyloom.text import clean

__all__ = ["kept", "kept_json", "kept_with_runs"]

_PILE = re.compile(r"[^\w\s\x00-\u02ff]{64}")
"""Sixty-four characters that may be combining marks; composing takes the square of such a pile."""
_UNIT = re.compile(r"\r\n|.", re.DOTALL)


def kept(text: str) -> str:
    """Return `text` cleaned and in NFC; absurd piles of combining marks are not composed."""
    text = clean(text)
    if text.isascii() or _PILE.search(text) or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def kept_with_runs(text: str, runs: Runs) -> tuple[str, Runs] | None:
    """Return `text` as `kept` does, and its runs; None when the runs are not those of `text`.

    A mark that composes with the letter before it goes to that letter's origin; nothing else
    changes its own.
    """
    if sum(run.length for run in runs) != len(text) or any(run.length < 0 for run in runs):
        return None
    whole = kept(text)
    if whole == text:
        return text, origins.joined(runs)
    owners = [run for run in runs for _ in range(run.length)]
    composes = whole != clean(text)
    out: list[tuple[str, Run]] = []
    for found in _UNIT.finditer(text):
        unit = kept(found[0])
        if composes and out:
            last, owner = out[-1]
            joint = kept(last + unit)
            if joint != last + unit or unicodedata.combining(unit[0]):
                out[-1] = (joint, owner)
                continue
        out.append((unit, owners[found.start()]))
    if "".join(unit for unit, _ in out) != whole:
        return None
    return whole, origins.joined(run._replace(length=len(unit)) for unit, run in out)


def kept_json(value: Any) -> Any:
    """Return a JSON value whose strings are kept ones; numbers that JSON has not become null."""
    if isinstance(value, str):
        return kept(value)
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value)
        return {kept(str(key)): kept_json(each) for key, each in items.items()}
    if isinstance(value, list | tuple):
        return [kept_json(each) for each in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
