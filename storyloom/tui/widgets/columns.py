"""Cells of a table put beside each other, cut and padded to the widths they have."""

from collections.abc import Sequence

from rich.cells import cell_len

from storyloom.text import visible
from storyloom.tui.widgets.lines import Line, Part, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["centred", "columns", "left", "paragraph", "right"]


def left(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, at the left."""
    return fitted(_flat(text), width)


def right(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, at the right."""
    text = _flat(text)
    return " " * max(0, width - cell_len(text)) + fitted(text, min(width, cell_len(text)))


def centred(text: str, width: int) -> str:
    """Return `text` in the middle of `width` cells, with nothing behind it."""
    text = _flat(text)
    text = fitted(text, min(width, cell_len(text)))
    return " " * ((width - cell_len(text)) // 2) + text


def columns(cells: Sequence[Part], gap: int = 2) -> Line:
    """Return cells that have their widths already, with a gap between each and the next."""
    line: list[Part] = []
    for number, cell in enumerate(cells):
        if number:
            line.append((" " * gap, ""))
        line.append(cell)
    return tuple(line)


def paragraph(text: str, width: int, style: str = "text", *, most: int = 0) -> list[Line]:
    """Return `text` wrapped, at most `most` lines of it with a mark where it was cut."""
    spans = wrap(text, width)
    lines: list[Line] = [((text[start:end], style),) for start, end in spans]
    if most and len(lines) > most:
        start, end = spans[most - 1]
        lines = lines[:most]
        lines[-1] = ((fitted(text[start:end] + " …", width).rstrip(), style),)
    return lines


def _flat(text: str) -> str:
    # What is drawn is made visible first: a control character has no width to reckon with.
    return visible(text).replace("\n", " ").replace("\t", " ")
