"""The tokens of one passage: how likely each was, and what might have stood in its place."""

import math
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult

from storyloom.generate.branching import ends, percent, spelled
from storyloom.story.drawn import Drawn
from storyloom.text import Refusal
from storyloom.tui.commands import TOKENS
from storyloom.tui.keys import Command, bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.token_rows import LEGEND, SURPRISING, Rows, alternatives, step
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Line, LinePane, TitledPane
from storyloom.tui.widgets.strand import MEASURE

__all__ = ["Chosen", "TokensScreen"]


class Chosen(NamedTuple):
    """A branch that is to be grown."""

    token: int
    other: int
    grows: bool
    """Whether the models go on from it."""


class TokensScreen(CommandScreen):
    """Dismissed with a `Chosen`, or with None."""

    TABLE: ClassVar[tuple[Command, ...]] = TOKENS
    BINDINGS = bindings(TOKENS)
    DEFAULT_CSS = """
    TokensScreen #text { height: 1fr; padding: 1 1 0 1; }
    TokensScreen #scale { height: 1; padding: 0 1; }
    TokensScreen #others { height: 8; padding: 0 1; }
    TokensScreen.-tall #others { height: 14; }
    """

    def __init__(self, node: int, model: str, drawn: Drawn) -> None:
        super().__init__()
        self._node, self._model, self._drawn = node, model, drawn
        self.current = 0
        """The number of the token that the cursor is on, from 0."""
        self.chosen = 0
        """The number of the alternative that is picked, from 0."""
        self._marks: bool | None = None
        self._rows: Rows | None = None
        self._width = 0
        self._column = 0

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="text")
        yield LinePane(id="scale")
        yield TitledPane(id="others")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # What is drawn.

    @property
    def _with_marks(self) -> bool:
        """Whether marks stand under the text: as the author said, else where colours are none."""
        return not getattr(self.app, "has_colours", True) if self._marks is None else self._marks

    def _show(self) -> None:
        self._show_header()
        self._show_text()
        self._show_others()

    def _show_header(self) -> None:
        tokens = self._drawn.tokens
        rare = sum(math.exp(token.logprob) < SURPRISING for token in tokens)
        self.query_one("#header", Header).show(
            ((f"tokens n{self._node}", "title"), (self._model, "text")),
            ((f"{self.current + 1} of {len(tokens)}", "dim"), (f"{rare} below 20 %", "dim")),
        )
        scale = self.query_one("#scale", LinePane)
        edited = () if self._drawn.present else (("as it was written; changed since", "warning"),)
        scale.show_lines([(*LEGEND, *edited)])

    def _show_text(self) -> None:
        pane = self.query_one("#text", LinePane)
        width = min(MEASURE, pane.size.width)
        if self._rows is None or width != self._width:
            self._rows, self._width = Rows(self._drawn, width), width
        rows, marks = self._rows, self._with_marks
        room = max(1, pane.size.height // (2 if marks else 1))
        here = rows.line_of(self._drawn.tokens[self.current])
        top = max(0, min(here - room // 2, len(rows) - room))
        lines: list[Line] = []
        for line in range(top, min(top + room, len(rows))):
            lines += rows.draw(line, self.current, marks=marks)
        pane.show_lines(lines)

    def _show_others(self) -> None:
        pane = self.query_one("#others", TitledPane)
        token = self._drawn.tokens[self.current]
        text = spelled(self._drawn.text[token.start : token.end])
        pane.title = (f"{text}  {percent(token.logprob)}", step(token.logprob).style)
        many = len(token.others)
        pane.note = (f"{many} alternatives" if many else "no alternatives were told", "dim")
        rows = alternatives(self._drawn, self.current, self.chosen, pane.size.width)
        at = next((row for row, (_, number) in enumerate(rows) if number == self.chosen), 0)
        room = max(1, pane.room.height)
        top = max(0, min(at - room // 2, len(rows) - room))
        pane.show_inside([line for line, _ in rows[top : top + room]])

    # Moving.

    def _go(self, token: int, *, column: bool = True) -> None:
        self.current = max(0, min(token, len(self._drawn.tokens) - 1))
        self.chosen = 0
        if column and self._rows is not None:
            self._column = self._rows.column_of(self._drawn.tokens[self.current])
        self._show()

    def do_token_after(self, _: str) -> None:
        self._go(self.current + 1)

    def do_token_before(self, _: str) -> None:
        self._go(self.current - 1)

    def do_line_after(self, _: str) -> None:
        self._go_line(1)

    def do_line_before(self, _: str) -> None:
        self._go_line(-1)

    def _go_line(self, by: int) -> None:
        if self._rows is None:
            return
        tokens = self._drawn.tokens
        line = self._rows.line_of(tokens[self.current]) + by
        found = self._rows.nearest(line, self._column)
        while by > 0 and found <= self.current < len(tokens) - 1 and line < len(self._rows):
            # A line of which no token is known, or a token that goes over several.
            line += 1
            found = self._rows.nearest(line, self._column)
        if (found - self.current) * by > 0:
            self._go(found, column=False)

    def do_surprise_after(self, _: str) -> None:
        self._surprise(range(self.current + 1, len(self._drawn.tokens)))

    def do_surprise_before(self, _: str) -> None:
        self._surprise(range(self.current - 1, -1, -1))

    def _surprise(self, numbers: range) -> None:
        tokens = self._drawn.tokens
        found = next((n for n in numbers if math.exp(tokens[n].logprob) < SURPRISING), None)
        if found is None:
            raise Refusal("No token that way was less likely than 20 %.")
        self._go(found)

    def do_first(self, _: str) -> None:
        self._go(0)

    def do_last(self, _: str) -> None:
        self._go(len(self._drawn.tokens) - 1)

    def do_other_after(self, _: str) -> None:
        self._choose(1)

    def do_other_before(self, _: str) -> None:
        self._choose(-1)

    def _choose(self, by: int) -> None:
        many = len(self._drawn.tokens[self.current].others)
        if many:
            self.chosen = (self.chosen + by) % many
            self._show_others()

    def do_marks(self, _: str) -> None:
        self._marks = not self._with_marks
        self._show_text()

    # Growing.

    def do_grow(self, _: str) -> None:
        self._take(self.chosen, grows=True)

    def do_grow_nth(self, number: str) -> None:
        if not number.isdecimal():
            raise Refusal("Say the number of an alternative: grow-nth 2.")
        self._take(int(number[:4]) - 1, grows=True)

    def do_branch(self, _: str) -> None:
        self._take(self.chosen, grows=False)

    def _take(self, other: int, *, grows: bool) -> None:
        others = self._drawn.tokens[self.current].others
        if not self._drawn.present:
            raise Refusal("The passage was changed since, so no branch can be grown from here.")
        if not others:
            raise Refusal("No alternative to this token was told.")
        if not 0 <= other < len(others):
            raise Refusal(f"This token has {len(others)} alternatives.")
        if ends(others[other][0]):
            raise Refusal("With that one the model would have ended; take another.")
        self.dismiss(Chosen(self.current, other, grows))

    def do_back(self, _: str) -> None:
        self.dismiss(None)
