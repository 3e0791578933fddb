"""Prose broken into lines of terminal cells: spans of the text, for styles to be laid on."""

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

__all__ = ["Span", "wrap"]

Span = tuple[int, int]
"""A line: its first code point and the one behind its last."""

_WORD = re.compile(r"\S+")
_ONE_CELL = "!-~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e"
_EVEN = re.compile(f"[{_ONE_CELL}][ {_ONE_CELL}]*")
"""Characters of one cell each, with no white space but spaces, and none in front."""


@lru_cache(maxsize=128)
def wrap(text: str, width: int) -> Sequence[Span]:
    """Return the lines of `text` at most `width` cells wide, at least one.

    Lines break at spaces, which belong to no line's visible part, and at line ends; a word wider
    than the line is broken inside. An empty line in the text is an empty span.
    """
    width = max(width, 1)
    lines: list[Span] = []
    start = 0
    for paragraph in text.split("\n"):
        lines += _paragraph(text, start, start + len(paragraph), width)
        start += len(paragraph) + 1
    return lines


def _paragraph(text: str, start: int, end: int, width: int) -> list[Span]:
    if text.isascii() and end - start <= width:
        return [(start, end)]
    if _EVEN.fullmatch(text, start, end):
        return _even(text, start, end, width)
    lines: list[Span] = []
    line, line_end, used = start, start, 0
    for match in _WORD.finditer(text, start, end):
        first, last = match.span()
        gap = cell_len(text[line_end:first])
        cells = cell_len(match.group())
        if used and used + gap + cells > width:
            lines.append((line, line_end))
            line, used, gap = first, 0, 0
        if gap + cells > width:
            if used == 0 and first > line and gap < width:
                line = first
            while cell_len(text[first:last]) > width:
                cut = _fitting(text, first, last, width)
                lines.append((first, cut))
                first = line = cut
            used = cell_len(text[first:last])
        else:
            used += gap + cells
        line_end = last
    lines.append((line, line_end if line_end > line else line))
    return lines


def _even(text: str, start: int, end: int, width: int) -> list[Span]:
    """Return the same lines for `_EVEN` prose, where no word need be measured."""
    lines: list[Span] = []
    while end - start > width:
        cut = text.rfind(" ", start, start + width + 1)
        if cut < 0:
            # A word wider than the line.
            lines.append((start, start + width))
            start += width
            continue
        lines.append((start, _without_spaces(text, start, cut)))
        while start < end and (start < cut or text[start] == " "):
            start = max(start + 1, cut)
    if start < end:
        lines.append((start, _without_spaces(text, start, end)))
    return lines


def _without_spaces(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] == " ":
        end -= 1
    return end


def _fitting(text: str, start: int, end: int, width: int) -> int:
    """Return where a word that is too wide is cut: at least one character goes on the line."""
    used = 0
    for at in range(start, end):
        used += cell_len(text[at])
        if used > width:
            return max(at, start + 1)
    return end
