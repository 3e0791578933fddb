"""The export as it is on the screen: its choices, what would be written, and whose text it is."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from storyloom.exchange.formats import EVERY, SESSION, begun, begun_session
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, grouped, one_line
from storyloom.tui.account_rows import account_lines
from storyloom.tui.export_choices import Choices, Row, begun_with, row_line, rows
from storyloom.tui.legend import Legend
from storyloom.tui.manuscripts import Account, Manuscript, account, desk, manuscript
from storyloom.tui.screens.writing_out import WritingOut
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, Part
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.progress import ProgressLine
from storyloom.tui.widgets.scrolled import ScrolledPane

__all__ = ["WHOLE", "ExportView"]

WHOLE = "A CoAuthor log is the history of a whole text; take all chapters, or untick it."

_THREE = 112
"""Columns from which the preview has a place beside the other panes."""
_FOOT = 7
"""Rows that the list of choices leaves to what is said of them."""
_FIRST_PAGE = 4_000
"""Code points of what would be written that are looked at."""
_MEASURE = 68
"""The widest line of prose."""


class ExportView(WritingOut):
    """Takes a story's file; `node` is where the author is, and `weave` or `to_node` what is chosen
    at first. It is dismissed with None.
    """

    DEFAULT_CSS = """
    ExportView #panes { height: 1fr; }
    ExportView #left { width: 1fr; }
    ExportView #files { height: 1fr; }
    ExportView #account, ExportView #preview { width: 1fr; margin: 0 0 0 1; }
    ExportView #preview { display: none; }
    ExportView.-preview #preview { display: block; }
    ExportView.-preview #account { display: none; }
    ExportView.-three #left { width: 40; }
    ExportView.-three #account { display: block; width: 38; }
    ExportView.-three #preview { display: block; }
    """

    def __init__(
        self, path: Path, node: int | None = None, *, weave: str = MAIN, to_node: bool = False
    ) -> None:
        super().__init__()
        self._path, self._node, self._weave, self._to_node = path, node, weave, to_node
        self._choices = Choices("")
        self._rows: list[Row] = []
        self._legend: Legend | None = None
        self._text: Manuscript | None = None
        self._account: Account | None = None
        self._begun = "", True
        """The first page, and whether it is all."""
        self._kind = 0
        """Which format is looked at."""
        self._begun_kind = 0
        """The one that the first page is of."""
        self._pane = "left"
        self._turn = 0
        """Counts what was asked for: what is read for an earlier one is not shown any more."""

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Listing(id="choices")
                yield ScrolledPane(id="files", title="to be written")
            yield ScrolledPane(id="account", title="whose text it is")
            yield ScrolledPane(id="preview", title="preview")
        yield ProgressLine(id="progress")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.set_class(self.app.size.width >= _THREE, "-three")
        self._show_header()
        self.run_worker(self._open(), exit_on_error=False)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _THREE, "-three")
        if self._pane not in self._panes:
            self._pane = "left"
        self._fit_list()
        self._show_active()

    # Reading.

    async def _open(self) -> None:
        try:
            self._choices, self._legend = await asyncio.to_thread(_opened, self._path, self._node)
        except Refusal as refusal:
            self.say(str(refusal), "error")
            return
        self._choices.at_cursor = not self._to_node
        self._choices.source = self._first_source()
        self._rows = rows(self._choices.sources)
        listing = self.query_one("#choices", Listing)
        listing.selected = self._choices.source
        self._fit_list()
        listing.fill(len(self._rows), self._line, head=self._head, moved=self._moved)
        await self._read()

    def _first_source(self) -> int:
        sources = self._choices.sources
        wanted = "" if self._to_node else self._weave
        for number, source in enumerate(sources):
            if source.weave == wanted or (self._to_node and source.node == self._node):
                return number
        return 0

    async def _read(self) -> None:
        """Read the source that is chosen, then make the account of it."""
        self._turn += 1
        turn = self._turn
        self._text = self._account = None
        self._begun = "", True
        self._show()
        source = self._choices.sources[self._choices.source]
        try:
            text = await asyncio.to_thread(manuscript, self._path, source)
        except Refusal as refusal:
            if turn == self._turn:
                self.say(str(refusal), "error")
            return
        if turn == self._turn:
            self._text = text
            self._choices.chapters = None
            await self._reckon()

    async def _reckon(self) -> None:
        """Make the first page and the account of what is chosen of the source that was read."""
        text = self._text
        if text is None:
            return
        self._turn += 1
        turn = self._turn
        self._account = None
        self._show()
        await self._look()
        book = self._choices.book(text.book)
        made = await asyncio.to_thread(account, self._path, text, book.sections)
        if turn == self._turn:
            self._account = made
            self._show()

    async def _look(self) -> None:
        """Make the first page of the format that is looked at; no more of the book is made."""
        text, turn, kind = self._text, self._turn, self._kind
        if text is None:
            return
        if EVERY[kind] is SESSION:
            page = await asyncio.to_thread(_history_begun, self._path, text.source.node)
        else:
            book = self._choices.book(text.book)
            page = await asyncio.to_thread(begun, book, EVERY[kind], _FIRST_PAGE)
        if turn == self._turn and kind == self._kind:
            self._begun = page[0][: 2 * _FIRST_PAGE], page[1]
            self._begun_kind = kind
            self._show()

    # What is on the screen.

    @property
    def _panes(self) -> list[str]:
        """The panes on the screen, from the left."""
        if self.has_class("-three"):
            return ["left", "account", "preview"]
        return ["left", "preview" if self.has_class("-preview") else "account"]

    def _fit_list(self) -> None:
        """Give the list the rows it needs, as far as the sentences below it keep theirs."""
        room = self.app.size.height - 2 - _FOOT
        height = max(4, min(len(self._rows) + 1, room))
        listing = self.query_one("#choices", Listing)
        if listing.styles.height is None or listing.styles.height.value != height:
            listing.styles.height = height

    def _show(self) -> None:
        if not self.is_attached:
            return
        self.query_one("#choices", Listing).draw_again()
        self.query_one("#files", ScrolledPane).fill(self._file_lines)
        self.query_one("#account", ScrolledPane).fill(self._account_lines)
        preview = self.query_one("#preview", ScrolledPane)
        preview.title = (f"preview: {EVERY[self._begun_kind].title}", "title")
        preview.fill(self._preview_lines)
        self._show_header()

    def _show_header(self) -> None:
        choices, found = self._choices, self._account
        figures: list[Part] = []
        if found is not None:
            counts = (
                (found.words, "word"), (self._numbered, "chapter"), (found.passages, "passage"),
            )  # fmt: skip
            figures = [(_many(*each), "dim") for each in counts if each[0]]
        name = choices.sources[choices.source].label if choices.sources else ""
        self.query_one("#header", Header).show(
            (("export", "title"), (one_line(choices.title), "text"), (name, "dim")),
            tuple(figures),
        )

    def _show_active(self) -> None:
        """Mark the pane that j and k are for."""
        for name in ("account", "preview"):
            pane = self.query_one(f"#{name}", ScrolledPane)
            pane.active = self._pane == name
            pane.draw_again()
        self.query_one("#choices", Listing).draw_again()

    def _head(self, width: int) -> list[Line]:
        mark = ">" if self._pane == "left" else " "
        title = f"{mark}what and how"
        return [((title, "title bar"), (" " * max(0, width - len(title)), "dim bar"))]

    def _line(self, index: int, width: int) -> Line:
        there = self._text.book.chapters if self._text is not None else 0
        return row_line(self._rows[index], self._choices, there, width)

    @property
    def _numbered(self) -> int:
        """How many chapters are chosen."""
        if self._choices.chapters is not None:
            first, last = self._choices.chapters
            return last - first + 1
        return self._text.book.chapters if self._text is not None else 0

    def _file_lines(self, width: int) -> list[Line]:
        if not self._choices.sources:
            return []
        lines: list[Line] = []
        for target in self._choices.targets:
            lines += paragraph(one_line(str(target.path)), width - 1)
        if not lines:
            lines += paragraph("No format is ticked; Space on one ticks it.", width - 1, "warning")
        for sentence in self._warnings():
            lines += [(), *paragraph(sentence, width - 1, "warning")]
        return [((" ", ""), *line) if line else line for line in lines]

    def _warnings(self) -> Iterator[str]:
        text = self._text
        if text is None:
            return
        if not text.book.length:
            yield "There is no text here yet."
        if text.ends and self._choices.chapters is None:
            yield text.ends
        if self._partly:
            yield WHOLE

    @property
    def _partly(self) -> bool:
        """Whether some chapters alone are wanted, and a history, which has none."""
        return self._choices.chapters is not None and SESSION.name in self._choices.formats

    def _account_lines(self, width: int) -> list[Line]:
        if self._account is None or self._legend is None:
            return [((" reading …", "dim"),)] if self._choices.sources else []
        return account_lines(self._account, self._legend, width - 1)

    def _preview_lines(self, width: int) -> list[Line]:
        begun_, all_of_it = self._begun
        measure = min(_MEASURE, width - 2)
        lines = [line for raw in begun_.split("\n") for line in paragraph(raw, measure)]
        if not all_of_it:
            lines += [(), (("the first page; more follows", "dim"),)]
        return [((" ", ""), *line) for line in lines]

    def _moved(self) -> None:
        row = self._row
        if row.kind == "format" and row.number != self._kind:
            self._kind = row.number
            self.run_worker(self._look(), exit_on_error=False)

    @property
    def _row(self) -> Row:
        if not self._rows:
            raise Refusal("The story is still being read.")
        return self._rows[self.query_one("#choices", Listing).selected]


def _opened(path: Path, node: int | None) -> tuple[Choices, Legend]:
    found = desk(path, node)
    return begun_with(found), found.legend


def _history_begun(path: Path, node: int) -> tuple[str, bool]:
    """Return the first page of a strand's history; a sentence where it cannot be told."""
    try:
        with Story(path) as story:
            return begun_session(story, node, _FIRST_PAGE)
    except Refusal as refusal:
        return str(refusal), True


def _many(count: int, what: str) -> str:
    return f"{grouped(count)} {what}{'' if count == 1 else 's'}"
