"""How alike the compared branches are, in a few lines below them."""

from collections.abc import Sequence

from rich.cells import cell_len

from storyloom.curate.alike import Alike
from storyloom.tui.abreast import GAP
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted

__all__ = ["LikenessPane"]

_HOW = "share of content words that both have"
_ROOM = 100
"""Cells from which it is said what the figures are."""
_ROWS = 7
"""Lines from which each branch gets one of its own."""


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
        lines = [self._pairs(alike, width)]
        if height >= _ROWS:
            lines.append(_said("shared:", alike.shared, width))
            lines += [self._alone(alike, at, width) for at in self._near(height - 2)]
        else:
            lines += [_said("shared:", alike.shared, width), self._below(alike)]
        self.show_inside(lines[:height])

    def _near(self, room: int) -> range:
        """Return the branches to be told of: the current one among as many as there is room for."""
        first = max(0, min(self._current - room // 2, len(self._labels) - room))
        return range(first, min(len(self._labels), first + room))

    def _pairs(self, alike: Alike, width: int) -> Line:
        """Name the pairs, those of the current branch first, twins as such."""
        at = self._current
        pairs = sorted(
            alike.pairs, key=lambda pair: (at not in (pair.one, pair.other), -pair.figure)
        )
        parts: list[Part] = []
        room = width - 2
        for pair in pairs:
            text = f"{self._labels[pair.one]}-{self._labels[pair.other]} {pair.figure:.2f}"
            text += " twins" if pair.twins else ""
            if cell_len(text) + 3 > room:
                parts.append(("…", "dim"))
                break
            room -= cell_len(text) + 3
            parts.append((f"{text}   ", "warning" if pair.twins else "text"))
        return (("  ", ""), *parts)

    def _below(self, alike: Alike) -> Line:
        """Return the words that one alone has, each branch's below its column."""
        parts: list[Part] = [(" ", "")]
        for at in self._shown:
            label, room = f" only {self._labels[at]}: ", max(0, self._wide)
            parts.append((fitted(label, min(room, cell_len(label))), "dim"))
            listed = " ".join(alike.alone[at]) or "–"
            parts.append((fitted(listed, max(0, room - cell_len(label))), "text"))
            parts.append((" " * GAP, ""))
        return tuple(parts)

    def _alone(self, alike: Alike, at: int, width: int) -> Line:
        return _said(f"only {self._labels[at]}:", alike.alone[at], width)


def _said(label: str, words: Sequence[str], width: int) -> Line:
    head = f"  {fitted(label, max(8, cell_len(label)))} "
    listed = " ".join(words) or "–"
    return ((head, "dim"), (fitted(listed, max(4, width - cell_len(head))), "text"))
