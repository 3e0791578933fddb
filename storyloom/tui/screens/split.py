"""Choosing where a passage is split: a mark that moves by word or by sentence."""

import re
from typing import ClassVar

from textual.app import ComposeResult

from storyloom.tui.commands import SPLIT
from storyloom.tui.keys import Command, bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.wrapping import wrap

__all__ = ["SplitScreen"]

_WORD_START = re.compile(r"(?<=\s)(?=\S)")
_SENTENCE_START = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)|\n+(?=\S)")


class SplitScreen(CommandScreen):
    """Dismissed with the code point before which the passage is split, or with None."""

    TABLE: ClassVar[tuple[Command, ...]] = SPLIT
    BINDINGS = bindings(SPLIT)
    CSS = "SplitScreen #text { height: 1fr; }"

    def __init__(self, node: int, text: str) -> None:
        super().__init__()
        self._node, self._text = node, text
        inner = [m.start() for m in _WORD_START.finditer(text) if 0 < m.start() < len(text)]
        # The space before a word belongs to the half that it begins, as with a model's answer.
        self._words = [_before_space(text, at) for at in inner if _before_space(text, at) > 0]
        sentences = {_before_space(text, m.end()) for m in _SENTENCE_START.finditer(text)}
        self._sentences = sorted(at for at in sentences if 0 < at < len(text))
        middle = len(text) // 2
        marks = self._sentences or self._words
        self._at = min(marks, key=lambda at: abs(at - middle)) if marks else middle

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="text", classes="pane")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self.query_one(Header).show(
            ((f"split n{self._node}", "title"), ("where the second half begins", "dim")),
            ((f"{self._at} of {len(self._text)} characters", "dim"),),
        )
        pane = self.query_one("#text", LinePane)
        width = min(68, pane.size.width)
        spans = wrap(self._text, width)
        here = next((n for n, (a, b) in enumerate(spans) if self._at <= b), len(spans) - 1)
        height = max(1, pane.size.height)
        top = max(0, min(here - height // 2, len(spans) - height))
        pane.show_lines([self._line(a, b) for a, b in spans[top : top + height]])

    def _line(self, start: int, end: int) -> Line:
        at = min(max(self._at, start), end)
        mark = (("│", "weave"),) if start <= self._at <= end and at == self._at else ()
        return ((self._text[start:at], "text"), *mark, (self._text[at:end], "model-1"))

    def _move(self, marks: list[int], step: int) -> None:
        if step > 0:
            self._at = next((at for at in marks if at > self._at), self._at)
        else:
            self._at = next((at for at in reversed(marks) if at < self._at), self._at)
        self._show()

    def do_word_after(self, _: str) -> None:
        self._move(self._words, 1)

    def do_word_before(self, _: str) -> None:
        self._move(self._words, -1)

    def do_sentence_after(self, _: str) -> None:
        self._move(self._sentences, 1)

    def do_sentence_before(self, _: str) -> None:
        self._move(self._sentences, -1)

    def do_split(self, _: str) -> None:
        self.dismiss(self._at)

    def do_back(self, _: str) -> None:
        self.dismiss(None)


def _before_space(text: str, at: int) -> int:
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return at
