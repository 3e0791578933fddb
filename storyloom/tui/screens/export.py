"""The export of a story: what of it, in which formats, how and where to, chosen and written."""

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from storyloom.exchange.book import Book, chapter_range
from storyloom.exchange.formats import EVERY, SESSION
from storyloom.text import Refusal
from storyloom.tui.commands import EXPORT
from storyloom.tui.completing import complete_path
from storyloom.tui.exporting import Target
from storyloom.tui.keys import bindings
from storyloom.tui.manuscripts import keep
from storyloom.tui.screens.export_view import WHOLE, ExportView
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.scrolled import ScrolledPane

__all__ = ["ExportScreen"]

_FAR = 1 << 20
"""More rows than any pane has."""


class ExportScreen(ExportView):
    """Takes what `ExportView` does, and is dismissed with None."""

    TABLE = EXPORT
    BINDINGS: ClassVar = bindings(EXPORT)

    # Moving.

    def _move(self, rows: int) -> None:
        if self._pane == "left":
            self.query_one("#choices", Listing).move(rows)
        else:
            self.query_one(f"#{self._pane}", ScrolledPane).move(rows)

    def _a_page(self) -> int:
        if self._pane == "left":
            return self.query_one("#choices", Listing).page
        return self.query_one(f"#{self._pane}", ScrolledPane).page

    def do_next(self, _: str) -> None:
        """The next row, or a line on."""
        self._move(1)

    def do_previous(self, _: str) -> None:
        """The row before, or a line back."""
        self._move(-1)

    def do_page_down(self, _: str) -> None:
        """A page on."""
        self._move(self._a_page())

    def do_page_up(self, _: str) -> None:
        """A page back."""
        self._move(-self._a_page())

    def do_first(self, _: str) -> None:
        """The first row, or the top of the pane."""
        self._move(-_FAR)

    def do_last(self, _: str) -> None:
        """The last row, or the end of the pane."""
        self._move(_FAR)

    def do_pane_after(self, _: str) -> None:
        """Give j and k to the next pane."""
        self._next_pane(1)

    def do_pane_before(self, _: str) -> None:
        """Give them to the pane before."""
        self._next_pane(-1)

    def _next_pane(self, step: int) -> None:
        panes = self._panes
        self._pane = panes[(panes.index(self._pane) + step) % len(panes)]
        self._show_active()

    async def do_view(self, _: str) -> None:
        """Show what would be written in the next format; where there is room for one pane alone,
        the account again after the last of them.
        """
        here = self._panes
        if "preview" in here and (self._kind + 1 < len(EVERY) or len(here) > 2):
            self._kind = (self._kind + 1) % len(EVERY)
        else:
            self._kind = 0 if "preview" in here else self._kind
            self.toggle_class("-preview")
        if self._pane not in self._panes:
            self._pane = self._panes[-1]
        self.query_one("#preview", ScrolledPane).to_top()
        self._show_active()
        await self._look()

    # Choosing.

    async def do_toggle(self, argument: str) -> None:
        """Take this source or format, or the next of what there is; else type another."""
        row, choices = self._row, self._choices
        if row.kind == "source":
            if row.number != choices.source:
                choices.source = row.number
                self.run_worker(self._read(), exit_on_error=False)
        elif row.kind == "format":
            choices.tick(EVERY[row.number])
            self._show()
        elif row.kind == "scenes":
            choices.next_break()
            await self._look()
        elif row.kind == "quotes":
            choices.next_quotes()
            await self._look()
        else:
            await self.do_edit(argument)
        self._show()

    async def do_edit(self, argument: str) -> None:
        """Type what this row is to be."""
        row, choices = self._row, self._choices
        if row.kind == "chapters":
            first = "-".join(map(str, choices.chapters or ()))
            self.ask("which chapters, such as 1-2; nothing for all", self.do_chapters, begun=first)
        elif row.kind in ("source", "format", "quotes"):
            await self.do_toggle(argument)
        else:
            label, begun_ = {
                "title": ("title", choices.title),
                "scenes": ("sign between two scenes", choices.break_sign),
                "folder": ("folder", str(choices.folder)),
                "name": ("name of the files", choices.stem),
            }[row.kind]

            async def take(typed: str) -> None:
                choices.take(row.kind, typed)
                self._show()
                await self._look()

            complete = complete_path if row.kind == "folder" else None
            self.ask(label, take, begun=begun_, complete=complete)

    async def do_chapters(self, typed: str) -> None:
        """Export some chapters alone, or all of them."""
        text = self._text
        if text is None:
            raise Refusal("The text is still being read.")
        wanted = chapter_range(typed) if typed.strip() and typed.strip() != "all" else None
        if wanted is not None:
            # Refused before anything changes.
            text.book.only(*wanted)
        self._choices.chapters = wanted
        await self._reckon()

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.run_worker(self.do("edit"), exit_on_error=False)

    # Writing.

    def to_write(self) -> tuple[Book, list[Target]]:
        if self._text is None:
            raise Refusal("The text is still being read.")
        if not self._text.book.length:
            raise Refusal("There is no text here to export yet.")
        targets = self._choices.targets
        if not targets:
            raise Refusal("No format is ticked; Space on one ticks it.")
        if self._partly:
            raise Refusal(WHOLE)
        of = self._path, self._text.source.node
        targets = [replace(each, of=of) if each.kind is SESSION else each for each in targets]
        return self._choices.book(self._text.book), targets

    def was_written(self) -> None:
        kept = self._choices.kept()
        # A story that cannot be written to can be exported all the same.
        self.run_worker(_remembered(self._path, kept), exit_on_error=False, group="keep")


async def _remembered(path: Path, kept: dict[str, Any]) -> None:
    with contextlib.suppress(Refusal):
        await asyncio.to_thread(keep, path, kept)
