"""How alike the compared branches are, in a few lines below them."""

from collections.abc import Sequence

from rich.cells import cell_len

from storyloom.curate.alike import Alike
from storyloom.tui.abreast import GAP
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted

__all__ = ["LikenessPane"]

_HOW = "share of content words that both have"
_ROOM = 100
"""Cells from which it is said what the figures are."""
_ROWS = 9
"""Lines from which there is room for a table."""
_CELL = 7
"""Cells of a figure in it."""


class LikenessPane(TitledPane):
    """Figures of pairs, the words that all have, and those that one has alone."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="alike")
        self._alike: Alike | None = None
        self._labels: Sequence[str] = ()
        self._current = 0
        self._shown = range(0)
        self._wide = 0

    def show(
        self, alike: Alike | None, labels: Sequence[str], current: int, shown: range, wide: int
    ) -> None:
        """Show what was found of the branches of those labels; None while it is worked out.

        `shown` are the places of those that are in columns, each that many cells wide.
        """
        self._alike, self._labels, self._current = alike, labels, current
        self._shown, self._wide = shown, wide
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        alike, width, height = self._alike, self.room.width, self.room.height
        if width <= 0 or height <= 0:
            return
        if alike is None or len(alike.alone) != len(self._labels):
            self.note = ("…", "dim")
            self.show_inside([])
            return
        if len(self._labels) < 2:
            self.note = ("there is no other branch to compare this one with", "dim")
            self.show_inside([])
            return
        twins = [pair for pair in alike.pairs if pair.twins]
        many = len(twins)
        said = f"{many} pair{'s' if many != 1 else ''} of twins" if many else "no twins"
        figures = f"mean {alike.mean:.2f}   distinct {alike.distinct:.2f}   {said}"
        self.note = (figures if width < _ROOM else f"{figures}   ({_HOW})", "dim")
        lines = self._figures(alike, width) if height >= _ROWS else [self._pairs(alike, width)[0]]
        lines.append(_said("shared:", alike.shared, width))
        lines += self._below(alike, height - len(lines))
        self.show_inside(lines)

    def _figures(self, alike: Alike, width: int) -> list[Line]:
        """Return the columns' figures as a table, and beside it the pairs of all branches."""
        figures = {frozenset((pair.one, pair.other)): pair for pair in alike.pairs}
        head = "".join(f"{self._labels[at]:>{_CELL}}" for at in self._shown)
        table: list[Line] = [((f"{'':{_CELL}}{head}", "dim"),)]
        for one in self._shown:
            row: list[Part] = [(f"{self._labels[one]:>{_CELL}}", "dim")]
            for other in self._shown:
                pair = figures.get(frozenset((one, other)))
                if pair is None:
                    row.append((f"{'-':>{_CELL}}", "dim"))
                else:
                    shown = f"{'=' if pair.twins else ''}{pair.figure:.2f}"
                    row.append((f"{shown:>{_CELL}}", "warning" if pair.twins else "text"))
            table.append(tuple(row))
        room = width - _CELL * (len(self._shown) + 1)
        beside = self._pairs(alike, room, len(table))
        return [(*row, *line) for row, line in zip(table, beside, strict=True)]

    def _pairs(self, alike: Alike, width: int, rows: int = 1) -> list[Line]:
        """Name the pairs in that many rows, the most alike first, twins as such.

        In one row those of the current branch come first of all.
        """
        at = self._current
        pairs = sorted(
            alike.pairs,
            key=lambda pair: (rows == 1 and at not in (pair.one, pair.other), -pair.figure),
        )
        lines: list[list[Part]] = [[("  ", "")]]
        room = width - 2
        for pair in pairs:
            text = f"{self._labels[pair.one]}-{self._labels[pair.other]} {pair.figure:.2f}"
            text += " twins" if pair.twins else ""
            # The last line keeps a cell for the mark that there are more.
            if cell_len(text) + 3 + (len(lines) == rows) > room:
                if len(lines) == rows:
                    lines[-1].append(("…", "dim"))
                    break
                lines.append([("  ", "")])
                room = width - 2
            room -= cell_len(text) + 3
            lines[-1].append((f"{text}   ", "warning" if pair.twins else "text"))
        return [*map(tuple, lines), *[()] * (rows - len(lines))]

    def _below(self, alike: Alike, rows: int) -> list[Line]:
        """Return the words that one alone has, each branch's below its column."""
        columns: list[list[Line]] = []
        for at in self._shown:
            label = f"only {self._labels[at]}: "
            listed = " ".join(alike.alone[at]) or "–"
            own = paragraph(label + listed, max(4, self._wide - 1), "text", most=rows)
            text = own[0][0][0]
            columns.append([((text[: len(label)], "dim"), (text[len(label) :], "text")), *own[1:]])
        out: list[Line] = []
        for y in range(rows):
            line: list[Part] = [("  ", "")]
            for own in columns:
                cell = own[y] if y < len(own) else ()
                used = sum(cell_len(text) for text, _ in cell)
                line += [*cell, (" " * (self._wide + GAP - used), "")]
            out.append(tuple(line))
        return out


def _said(label: str, words: Sequence[str], width: int) -> Line:
    head = f"  {fitted(label, max(8, cell_len(label)))} "
    listed = " ".join(words) or "–"
    return ((head, "dim"), (fitted(listed, max(4, width - cell_len(head))), "text"))
