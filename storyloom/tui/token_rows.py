"""How the tokens of a passage are drawn: coloured and marked by how likely each was."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from storyloom.generate.branching import ends, percent, spelled
from storyloom.story.drawn import Drawn, DrawnToken
from storyloom.text import visible
from storyloom.tui.widgets.columns import left, right
from storyloom.tui.widgets.lines import Line, Part
from storyloom.tui.wrapping import Span, wrap

__all__ = ["LEGEND", "SURPRISING", "Rows", "alternatives", "step"]


class _Step(NamedTuple):
    """A stretch of probabilities that are drawn alike."""

    least: float
    style: str
    mark: str
    """What stands under a token, for who has no colours; nothing where there is nothing to see."""
    name: str


_STEPS = (
    _Step(0.8, "likely-1", " ", "80 % and more"),
    _Step(0.5, "likely-2", ".", "50"),
    _Step(0.2, "likely-3", "-", "20"),
    _Step(0.05, "likely-4", "=", "5"),
    _Step(0.0, "likely-5", "#", "less"),
)
SURPRISING = 0.2
"""The probability below which a token is a surprise."""
LEGEND: tuple[Part, ...] = tuple(
    (f"{each.mark} {each.name}".strip() + "   ", each.style) for each in _STEPS
)
_BAR = 20
"""Cells of the bar of a certainty."""


def step(logprob: float) -> _Step:
    """Return how a token of that logprob is drawn."""
    share = math.exp(logprob)
    return next(each for each in _STEPS if share >= each.least)


class Rows:
    """The lines of a passage at one width, each with the tokens in it."""

    def __init__(self, drawn: Drawn, width: int) -> None:
        self._drawn = drawn
        # A cell is kept for the sign of a line end.
        self._spans: Sequence[Span] = wrap(drawn.text, max(8, width - 1))
        self._starts = [token.start for token in drawn.tokens]
        self._heads = [start for start, _ in self._spans]

    def __len__(self) -> int:
        return len(self._spans)

    def line_of(self, token: DrawnToken) -> int:
        """Return the line that a token is in; one over two lines is where it can be seen."""
        text = self._drawn.text
        at = token.start
        while at < token.end - 1 and text[at] == " ":
            at += 1
        return max(0, bisect_right(self._heads, at) - 1)

    def column_of(self, token: DrawnToken) -> int:
        """Return the characters before a token on its line."""
        return max(0, token.start - self._heads[self.line_of(token)])

    def nearest(self, line: int, column: int) -> int:
        """Return the token that is on that line, or before it, and nearest to a column."""
        line = max(0, min(line, len(self._spans) - 1))
        start, end = self._spans[line]
        return max(0, bisect_right(self._starts, min(start + column, max(start, end - 1))) - 1)

    def draw(self, line: int, current: int, *, marks: bool) -> list[Line]:
        """Return a line, with `marks` the one below it too; `current` is the token picked."""
        start, end = self._spans[line]
        following = self._spans[line + 1][0] if line + 1 < len(self._spans) else end
        parts: list[Part] = []
        below: list[Part] = []
        for first, last, number in self._pieces(start, following):
            text = self._drawn.text[first : min(last, end)] if first < end else ""
            if "\n" in self._drawn.text[max(first, end) : last]:
                text += "⏎"
            if not text:
                continue
            style, mark = "text", " "
            if number is not None:
                drawn = step(self._drawn.tokens[number].logprob)
                style, mark = drawn.style, drawn.mark
            picked = " selection" if number == current else ""
            parts.append((text, style + picked))
            below.append((mark * cell_len(visible(text)), style))
        return [tuple(parts), tuple(below)] if marks else [tuple(parts)]

    def _pieces(self, start: int, end: int) -> list[tuple[int, int, int | None]]:
        """Return the stretches of a line, each with its token's number, None where it has none."""
        out: list[tuple[int, int, int | None]] = []
        number = max(0, bisect_right(self._starts, start) - 1)
        at = start
        tokens = self._drawn.tokens
        while at < end:
            while number < len(tokens) and tokens[number].end <= at:
                number += 1
            if number == len(tokens) or tokens[number].start >= end:
                out.append((at, end, None))
                break
            token = tokens[number]
            if token.start > at:
                out.append((at, token.start, None))
                at = token.start
            out.append((at, min(token.end, end), number))
            at = token.end
        return out


def alternatives(drawn: Drawn, current: int, chosen: int, width: int) -> list[tuple[Line, int]]:
    """Return the rows of a token's alternatives, the likeliest first and itself among them, each
    with the alternative's number, -1 for itself.
    """
    token = drawn.tokens[current]
    own = drawn.text[token.start : token.end]
    rows = [(text, logprob, number) for number, (text, logprob) in enumerate(token.others)]
    rows.append((own, token.logprob, -1))
    rows.sort(key=lambda row: -row[1])
    names = max(8, min(28, width - _BAR - 18))
    return [
        (_alternative(text, logprob, number, number == chosen, (names, width)), number)
        for text, logprob, number in rows
    ]


def _alternative(
    text: str, logprob: float, number: int, picked: bool, widths: tuple[int, int]
) -> Line:
    own = number < 0
    names, width = widths
    style = step(logprob).style
    name = "(the end)" if ends(text) else spelled(text)
    digit = "*" if own else f"{number + 1}"
    bar = "█" * round(math.exp(logprob) * _BAR)
    cells: list[Part] = [
        (">" if picked else " ", "title"),
        (f" {right(digit, 2)}  ", "weave" if own else "dim"),
        (left(name, names), "weave" if own else "text"),
        (" " * (8 - len(percent(logprob))), ""),
        (percent(logprob), style),
        ("  ", ""),
        (bar, style),
        (left(" " * (_BAR - len(bar)) + ("  written" if own else ""), width - names - 16), "dim"),
    ]
    return tuple((part, f"{name} selection".strip() if picked else name) for part, name in cells)
