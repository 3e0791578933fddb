"""Rows of styled lines made into what a terminal is sent, without a screen that runs."""

from collections.abc import Sequence

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from storyloom.tui.colourless import Colourless, Native
from storyloom.tui.guard import Guard
from storyloom.tui.replay_frame import Cell, Row
from storyloom.tui.themes import LoomTheme
from storyloom.tui.thin import thinned
from storyloom.tui.widgets.lines import drawn, styles

__all__ = ["END", "Ink", "Sheet"]

_BEGIN = "\x1b[m\x1b[?25l\x1b[2J"
"""Plain, without a cursor and with nothing on it."""
END = "\x1b[m\x1b[?25h"
"""Plain, with a cursor again."""


class Ink:
    """How rows look: in a theme's colours or in none, and in ASCII alone where that is wanted."""

    def __init__(self, theme: LoomTheme, *, colours: bool = True, only_ascii: bool = False) -> None:
        made = theme.to_textual(colours=colours)
        variables = {**made.to_color_system().generate(), **made.variables}
        self._styles = styles(variables)
        self._known: dict[str, Style] = {}
        self._grounds = {
            name: Style(color=self._styles["text"].color, bgcolor=_rich(variables[name]))
            for name in ("background", "panel")
        }
        # Those that stand behind the screens.
        fewer: list[LineFilter] = [Native()] if theme.native else []
        self._filters = [*(fewer if colours else [Colourless()]), Guard(ascii=only_ascii)]

    def row(self, row: Row) -> str:
        """Return a row with its styles, plain at its end, and without control characters else."""
        return "".join(
            segment.style.render(segment.text, color_system=ColorSystem.TRUECOLOR)
            if segment.style
            else segment.text
            for cell in row
            for segment in self._segments(cell)
        )

    def _segments(self, cell: Cell) -> list[Segment]:
        strip = drawn(cell.line, cell.width, self._grounds[cell.ground], self._style)
        segments = list(strip)
        for each in self._filters:
            segments = each.apply(segments, _NONE)
        return segments

    def _style(self, names: str) -> Style:
        if names not in self._known:
            self._known[names] = Style.combine([self._styles[name] for name in names.split()])
        return self._known[names]


class Sheet:
    """A terminal's screen, known by what it was sent, so that only what differs is sent again."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self._rows: list[Row] = []

    def change(self, rows: Sequence[Row]) -> str:
        """Return what makes the screen show these rows; empty when it does already."""
        before: Sequence[Row | None] = self._rows or [None] * len(rows)
        out = [] if self._rows else [_BEGIN]
        for y, (row, old) in enumerate(zip(rows, before, strict=True)):
            if row != old:
                out.append(f"\x1b[{y + 1};1H{self._ink.row(row)}")
        self._rows = list(rows)
        return thinned("".join(out))


def _rich(value: str) -> RichColor:
    return Color.parse(value).rich_color


_NONE = Color(0, 0, 0)
"""Filters of Textual's are told of a background; ours need none."""
