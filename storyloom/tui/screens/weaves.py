"""The weaves of a story: where each leads, and begun, renamed and deleted here."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult

from storyloom.story import reading, tips, weaves
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import WEAVES
from storyloom.tui.keys import bindings
from storyloom.tui.legend import Legend
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import columns, left, right
from storyloom.tui.widgets.lines import Line
from storyloom.tui.widgets.listing import Listing

__all__ = ["WeavesScreen"]


@dataclass(frozen=True)
class _Row:
    """What is known of one weave."""

    name: str
    tip: int
    depth: int
    parts_at: int
    """The last node it shares with the main weave; 0 for the main weave itself."""
    text: str
    """The beginning of its last passage."""


class WeavesScreen(Listed):
    """Dismissed with the node to go to, or None. Weaves begun here lead to `cursor`."""

    TABLE = WEAVES
    BINDINGS: ClassVar = bindings(WEAVES)
    DEFAULT_CSS = "WeavesScreen #weaves { height: 1fr; padding: 1 1 0 1; }"

    def __init__(self, story: Story, cursor: int, legend: Legend) -> None:
        super().__init__()
        self.story, self._cursor, self._legend = story, cursor, legend
        self._rows: list[_Row] = []

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Listing(id="weaves")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#header", Header).show(
            (("weaves", "title"), ("each a story that can be read and exported", "dim")),
            ((f"cursor on n{self._cursor}", "dim"),),
        )
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self, select: str = "") -> None:
        self._rows = await asyncio.to_thread(_rows, self.story)
        listing = self.query_one(Listing)
        names = [row.name for row in self._rows]
        if select in names:
            listing.selected = names.index(select)
        listing.fill(len(self._rows), self._line, head=_head)

    def _line(self, index: int, width: int) -> Line:
        row = self._rows[index]
        parts = f"n{row.parts_at}" if row.parts_at else "–"
        style = "weave" if row.name == MAIN else "text"
        cells = [
            (left(row.name, 20), style),
            (right(str(row.depth), 6), "text"),
            (right(f"n{row.tip}", 8), "dim"),
            (right(parts, 10), "dim"),
            (left(one_line(row.text), max(4, width - 54)), "text"),
        ]
        return ((" ", ""), *columns(cells))

    def _chosen(self) -> _Row:
        if not self._rows:
            raise Refusal("The weaves are still being read.")
        return self._rows[self.query_one(Listing).selected]

    def do_open(self, _: str) -> None:
        """Go to the tip of the weave."""
        self.dismiss(self._chosen().tip or None)

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.do_open("")

    def do_read(self, _: str) -> None:
        """Read the weave as a book."""
        from storyloom.tui.screens.reader import ReaderScreen

        def back(node: object) -> None:
            if isinstance(node, int):
                self.dismiss(node)

        self.app.push_screen(ReaderScreen(self.story, weave=self._chosen().name), back)

    async def do_new(self, name: str) -> None:
        """Begin a weave that leads to where the cursor is."""
        if not name:
            self.ask("name of the weave that leads to the cursor", self.do_new)
            return
        known = [row.name for row in self._rows]
        if weaves.weave_name(name) in known:
            raise Refusal(f"There is a weave {one_line(name)!r} already; choose another name.")
        await asyncio.to_thread(weaves.set_weave, self.story, self._cursor, name)
        await self._read(weaves.weave_name(name))
        self.say(
            f"The weave {one_line(name)} leads to n{self._cursor}; u in the loom takes it back."
        )

    async def do_rename(self, name: str) -> None:
        """Give the weave another name."""
        row = self._chosen()
        if not name:
            self.ask(f"another name for {row.name}", self.do_rename, begun=row.name)
            return
        if weaves.weave_name(name) != row.name:
            await asyncio.to_thread(weaves.rename_weave, self.story, row.name, name)
            await self._read(weaves.weave_name(name))

    async def do_delete(self, _: str) -> None:
        """Delete the weave; the passages stay."""
        row = self._chosen()
        if row.name == MAIN:
            raise Refusal("The weave main is the story itself and stays; lead it elsewhere with w.")
        await asyncio.to_thread(weaves.delete_weave, self.story, row.name)
        await self._read()
        self.say(f"The weave {one_line(row.name)} is deleted; u in the loom brings it back.")

    def do_compare(self, _: str) -> None:
        """Show the branches with which this weave and the main one go on where they part."""
        row = self._chosen()
        if row.name == MAIN:
            raise Refusal("Choose a weave beside main; c shows where the two part.")
        story, at = self.story, row.parts_at
        ways = [reading.weave_child(story, at, name) for name in (MAIN, row.name)]
        if not at or not all(ways):
            ends = "begin apart" if not at else "do not part: one ends on the other"
            raise Refusal(f"{one_line(row.name)} and main {ends}.")

        from storyloom.tui.screens.compare import CompareScreen

        def back(node: object) -> None:
            if isinstance(node, int):
                self.dismiss(node)

        self.app.push_screen(CompareScreen(story, ways, ways[1], self._legend), back)

    def do_back(self, _: str) -> None:
        """Back to the loom."""
        self.dismiss(None)


def _head(width: int) -> list[Line]:
    last = left("its last passage", max(4, width - 54))
    names = [left("weave", 20), right("depth", 6), right("tip", 8), right("parts at", 10), last]
    return [(("  ", ""), *columns([(name, "dim") for name in names]))]


def _rows(story: Story) -> list[_Row]:
    found: list[_Row] = []
    main = set(reading.path(story, tips.weave_tip(story)))
    for weave in weaves.weaves(story):
        tip = tips.weave_tip(story, weave.name)
        path = reading.path(story, tip)
        shared = [node for node in path if node in main]
        cards = reading.cards(story, [tip])
        text = cards[0].preview if cards else ""
        parts_at = shared[-1] if shared and weave.name != MAIN else 0
        found.append(_Row(weave.name, tip, len(path), parts_at, text))
    return found
