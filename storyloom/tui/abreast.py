"""Texts in columns beside each other: what stands in each, and how it becomes lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from storyloom.curate.worddiff import Stretch
from storyloom.text import one_line, visible
from storyloom.tui.widgets.lines import Line, Part, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["GAP", "Column", "against", "drawn", "in_sight", "widths"]

GAP = 2
_LEAST = 28
"""Cells of the narrowest column."""
_MOST = 68
"""Cells of the widest: what can be read."""
_OPENING = frozenset("\"'“‘«(")
"""Marks that stand before a word."""


@dataclass(frozen=True)
class Column:
    """One text, and what its head says of it."""

    node: int
    label: str
    """What it is called: its number, or what version it is."""
    about: str
    """Who wrote it, how long it is; empty where that is hidden."""
    style: str
    text: Sequence[Part]


def widths(total: int, count: int) -> tuple[int, int]:
    """Return how many of `count` columns there is room for, and how wide each is."""
    many = max(1, min(count, (total + GAP) // (_LEAST + GAP)))
    return many, max(4, min(_MOST, (total - GAP * (many - 1)) // many))


def in_sight(first: int, current: int, many: int, count: int) -> int:
    """Return the first column to be drawn, so that the current one is among them."""
    first = min(first, current)
    first = max(first, current - many + 1)
    return max(0, min(first, count - many))


def against(stretches: Sequence[Stretch]) -> list[Part]:
    """Return a text with what another has not, and what it has not of the other, marked by more
    than colour: the one bold, the other struck and in brackets.
    """
    parts: list[Part] = []
    for at, stretch in enumerate(stretches):
        if stretch.kind == "same":
            parts.append((stretch.text, "text"))
        elif stretch.kind == "added":
            parts.append((stretch.text, "unread"))
        elif stretch.text.strip():
            before = parts[-1][0] if parts else " "
            parts.append(("" if before[-1:].isspace() else " ", "text"))
            parts.append((f"[{stretch.text.strip()}]", "pruned"))
            # What comes next may be a mark, which stands at the word before it.
            after = stretches[at + 1].text[:1] if at + 1 < len(stretches) else ""
            parts.append((" " if after.isalnum() or after in _OPENING else "", "text"))
    return [part for part in parts if part[0]]


def lines_of(text: Sequence[Part], width: int) -> list[Line]:
    """Return the parts of a text broken into lines of that width."""
    # What is drawn in place of a control character has another width.
    text = [(visible(part), style) for part, style in text]
    whole = "".join(part for part, _ in text)
    starts: list[int] = []
    at = 0
    for part, _ in text:
        starts.append(at)
        at += len(part)
    lines: list[Line] = []
    first = 0
    for start, end in wrap(whole, width):
        while first < len(text) - 1 and starts[first] + len(text[first][0]) <= start:
            first += 1
        line: list[Part] = []
        for number in range(first, len(text)):
            begin = starts[number]
            if begin >= end:
                break
            piece = whole[max(start, begin) : min(end, begin + len(text[number][0]))]
            if piece:
                line.append((piece, text[number][1]))
        lines.append(tuple(line))
    return lines


def drawn(
    columns: Sequence[Column], made: Sequence[Sequence[Line]], current: int, top: int,
    width: int, height: int, *, counted: bool = True,
) -> list[Line]:  # fmt: skip
    """Return the lines of columns beside each other: a head each, and what is in sight of `made`,
    their lines, from `top` on. A column that goes on below says so in its last line, and how far
    unless that is not to be `counted`; one that begins further up says so in its head.
    """
    heads: list[Part] = []
    for number, column in enumerate(columns):
        above = min(top, len(made[number]))
        heads += _head(column, width, above, selected=number == current)
        heads.append((" " * GAP, ""))
    out: list[Line] = [tuple(heads[:-1])]
    room = max(1, height - 1)
    for y in range(room):
        line: list[Part] = []
        for own in made:
            below = len(own) - top - room
            if y == room - 1 and below > 0:
                more = f"{below + 1} more lines" if counted else "more"
                line += _cell(((f"… {more}", "dim"),), width)
            else:
                line += _cell(own[top + y] if 0 <= top + y < len(own) else (), width)
            line.append((" " * GAP, ""))
        out.append(tuple(line[:-1]))
    return out


def _head(column: Column, width: int, above: int, *, selected: bool) -> list[Part]:
    lit = " selection" if selected else " bar"
    up = f" ↑{above} " if above else ""
    label = f"{'>' if selected else ' '} {one_line(column.label)}  "
    room = max(0, width - cell_len(label) - len(up))
    return [
        (fitted(label, min(width, cell_len(label))), f"title{lit}"),
        (fitted(one_line(column.about), room), f"{column.style}{lit}"),
        *([(up, f"dim{lit}")] if up else []),
    ]


def _cell(line: Line, width: int) -> list[Part]:
    used = sum(cell_len(text) for text, _ in line)
    return [*line, (" " * max(0, width - used), "")]
