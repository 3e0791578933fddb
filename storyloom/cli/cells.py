"""Text measured, cut and padded in the columns that it takes on a terminal."""

import unicodedata

__all__ = ["begin_cells", "cells", "left", "tail_cells"]


def cells(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def begin_cells(text: str, width: int) -> str:
    """Return as much of the beginning of `text` as fits into `width` columns, one character at
    least.
    """
    used = 0
    for index, character in enumerate(text):
        used += _cell(character)
        if used > width and index:
            return text[:index]
    return text


def tail_cells(text: str, width: int) -> str:
    """Return the end of `text` that fits into `width` columns, with … where something is gone."""
    if cells(text) <= width:
        return text
    used = 1
    for index in range(len(text) - 1, -1, -1):
        used += _cell(text[index])
        if used > width:
            return "…" + text[index + 1 :]
    return text


def left(text: str, width: int) -> str:
    """Return `text` in exactly `width` columns, at the left, with … where it was cut."""
    if cells(text) > width:
        text = begin_cells(text, width - 1) + "…"
    return text + " " * (width - cells(text))


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
