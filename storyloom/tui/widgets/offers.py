"""A short list of ways on, one of which the author may take, filled while they are written."""

from collections.abc import Sequence
from typing import NamedTuple

from storyloom.text import one_line
from storyloom.tui.widgets.lines import Line, TitledPane, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["OffersPane", "Way"]

_MEASURE = 68
_LINES = 2
"""Rows of each: what 25 words need at 80 columns."""


class Way(NamedTuple):
    """One way on, as it is shown."""

    text: str
    code: str
    """The model's letters."""
    role: str
    """The model's style."""
    running: bool
    say: str = ""
    """Why nothing came, or what it waits for."""


class OffersPane(TitledPane):
    """Hidden until `open`; its height stays the same while it is filled."""

    DEFAULT_CSS = """
    OffersPane { display: none; height: 7; }
    OffersPane.-open { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="ways on")
        self.selected = 0
        """Index of the one that would be taken."""
        self.ways: Sequence[Way] = ()
        self._waiting = ""
        self._note = ""

    @property
    def is_open(self) -> bool:
        """Whether the author is being offered something."""
        return self.has_class("-open")

    def open(self, waiting: str) -> None:
        """Show the list with nothing in it yet but a sentence."""
        self.selected, self.ways = 0, ()
        self._waiting, self._note = waiting, "Esc or ^g: none"
        self.add_class("-open")
        self.call_after_refresh(self._draw)

    def close(self) -> None:
        """Hide the list and forget what was in it."""
        self.ways = ()
        self.remove_class("-open")

    def show(self, ways: Sequence[Way], note: str = "") -> None:
        """Show these, and a few words behind the title of what they are."""
        self.ways, self._note = ways, note
        self._draw()

    def move(self, step: int) -> None:
        """Select the next one, or the one before."""
        if self.ways:
            self.selected = max(0, min(len(self.ways) - 1, self.selected + step))
            self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_open or self.size.width <= 0:
            return
        self.note = (self._note, "dim")
        lines: list[Line] = [((f" {self._waiting}", "dim"),)] if not self.ways else []
        for index in range(len(self.ways)):
            lines += self._way(index)
        self.show_inside(lines)

    def _way(self, index: int) -> list[Line]:
        way = self.ways[index]
        chosen = index == self.selected
        mark = (">" if chosen else " ", "title" if chosen else "")
        head: Line = (mark, (f"{index + 1} ", "title" if chosen else "dim"),
                      (f"{fitted(way.code, 3)} ", way.role))  # fmt: skip
        text, style = self._said(index)
        width = max(10, min(_MEASURE, self.size.width - 7))
        spans = list(wrap(text, width))
        shown = [text[start:end] for start, end in spans[:_LINES]]
        if len(spans) > _LINES:
            shown[-1] = fitted(shown[-1] + " …", width).rstrip()
        shown += [""] * (_LINES - len(shown))
        return [(*head, (shown[0], style)), *(((" " * 7, ""), (each, style)) for each in shown[1:])]

    def _said(self, index: int) -> tuple[str, str]:
        way = self.ways[index]
        text = one_line(way.text)
        if way.say and not text:
            again = "waits to be asked again: " if way.running else ""
            return f"{again}{one_line(way.say)}", "warning"
        if not text:
            return "waiting …", "dim"
        if way.running:
            return f"{text} …", "text"
        same = [n for n in range(index) if one_line(self.ways[n].text) == text]
        if same:
            return f"the same as {same[0] + 1}", "dim"
        return text, "fresh" if index == self.selected else "text"
