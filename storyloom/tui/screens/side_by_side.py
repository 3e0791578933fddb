"""Branches in columns beside each other: their texts, what differs, and how alike they are."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace

from textual import events
from textual.app import ComposeResult

from storyloom.curate.alike import Alike, compare
from storyloom.curate.worddiff import word_diff
from storyloom.story import log, marks, reading
from storyloom.story.reading import Card
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line, words
from storyloom.tui import clipboard
from storyloom.tui.abreast import Column, against, drawn, in_sight, lines_of, widths
from storyloom.tui.legend import Legend
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.likeness import LikenessPane
from storyloom.tui.widgets.lines import Line, LinePane

__all__ = ["SideBySide"]


class SideBySide(CommandScreen):
    """Shows the branches of a fork, `nodes` in its order, and moves through them."""

    DEFAULT_CSS = """
    SideBySide #columns { height: 1fr; padding: 0 1; }
    SideBySide #alike { height: 4; }
    SideBySide.-tall #alike { height: 11; }
    """

    def __init__(self, story: Story, nodes: Sequence[int], focus: int, legend: Legend) -> None:
        super().__init__()
        self.story, self.legend = story, legend
        self._given = tuple(nodes)
        self._wanted = focus
        self._cards: list[Card] = []
        self._texts: dict[int, str] = {}
        self._columns: list[Column] = []
        self._lines: dict[int, list[Line]] = {}
        """The lines of the columns that were in sight, by their places."""
        self._marked: set[int] = set()
        """Columns in which is marked what differs from the current one."""
        self._current = self._first = self._top = self._width = 0
        self._diff = self._blind = self._versions = False
        self._alike: Alike | None = None

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="columns")
        yield LikenessPane(id="alike")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.run_worker(self._begin(), exit_on_error=False)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._resized)

    async def _resized(self) -> None:
        await self._mark()
        self._lay_out()

    async def _begin(self) -> None:
        await self._read()
        only = self._cards[0] if len(self._cards) == 1 else None
        if only is not None and only.edited:
            # A branch alone has nothing beside it but what it was.
            with contextlib.suppress(Refusal):
                await self._show_versions()

    # What is compared.

    async def _read(self) -> None:
        """Read the branches that are there and show them; how alike they are is shown later."""
        self._cards, self._texts = await asyncio.to_thread(_branches, self.story, self._given)
        if not self._cards:
            self.dismiss(None)
            return
        self._versions = False
        self._alike = None
        await self._make()
        self._work_out([self._texts[column.node] for column in self._columns])

    def _work_out(self, texts: list[str]) -> None:
        """Show how alike these texts are as soon as it is known; keys need not wait for it."""

        async def work() -> None:
            self._alike = await asyncio.to_thread(compare, texts)
            self._show_alike()

        self.run_worker(work(), group="figures", exclusive=True, exit_on_error=False)

    def _order(self) -> list[int]:
        """Return the branches as they are numbered: in the fork's order, or shuffled when blind."""
        order = list(self._given)
        if self._blind:
            # The same each time for one fork: to look twice is not to be told more.
            random.Random(str(self._given)).shuffle(order)
        return order

    async def _make(self) -> None:
        """Make the columns anew and draw them."""
        if not self._cards:
            return
        cards = {card.id: card for card in self._cards}
        self._columns = [
            self._column(cards[node], number)
            for number, node in enumerate(self._order(), 1)
            if node in cards
        ]
        ids = [column.node for column in self._columns]
        self._current = ids.index(self._wanted) if self._wanted in ids else 0
        self._wanted = ids[self._current]
        self._marked = set()
        await self._mark()
        self._lay_out()

    def _column(self, card: Card, number: int) -> Column:
        text = [(self._texts[card.id], "text")]
        if self._blind:
            return Column(card.id, str(number), "", "dim", text)
        label = f"{number}{'*' if card.woven else ''}"
        return Column(card.id, label, self._about(card), self.legend.role(card.model), text)

    async def _mark(self) -> None:
        """Mark what differs from the current column in those in sight; a fork may have many."""
        if not self._diff or self._versions or not self._columns:
            return
        columns = self._columns
        own = self._texts[columns[self._current].node]
        wanted = {
            at: self._texts[self._columns[at].node]
            for at in self._in_sight()
            if at != self._current and at not in self._marked
        }
        found = await asyncio.to_thread(
            lambda: {at: against(word_diff(own, text)) for at, text in wanted.items()}
        )
        if columns is not self._columns:
            return
        for at, text in found.items():
            self._columns[at] = replace(self._columns[at], text=text)
            self._lines.pop(at, None)
        self._marked |= found.keys()

    def _about(self, card: Card) -> str:
        """Say how a branch stands, where that is not simply finished, who wrote it, how long it is.

        In this order, as a narrow column cuts the end off.
        """
        name = one_line(card.model.rsplit("/", 1)[-1]) if card.model else "human"
        state = "being written" if card.streaming else card.finish.replace("_", " ")
        parts = [
            state if state not in ("", "stop", "length") else "",
            f"{name}{'~' if card.edited else ''} {words(self._texts[card.id])}w",
        ]
        return "  ".join(part for part in parts if part)

    async def _show_versions(self) -> None:
        """Put a branch's first text and its present one beside each other."""
        node = self._node()
        if self._blind:
            raise Refusal("An earlier version would say who wrote this; r ends the blind reading.")
        kept = await asyncio.to_thread(log.versions, self.story, node)
        present = self._texts[node]
        first = next((version.text.strip() for version in kept if version.text), "")
        if first == present:
            raise Refusal("This branch was never edited, so there is no other version of it.")
        changed = await asyncio.to_thread(word_diff, first, present)
        self._versions = True
        self._columns = [
            Column(node, "first version", f"{words(first)}w", "dim", [(first, "text")]),
            Column(node, f"n{node} now", f"{words(present)}w", "human", against(changed)),
        ]
        self._current = 1
        self._alike = None
        self._lay_out()
        self._work_out([first, present])

    # What is on the screen.

    def _lay_out(self) -> None:
        """Break the texts for the width there is, and draw."""
        pane = self.query_one("#columns", LinePane)
        if not self._columns or pane.size.width <= 0:
            return
        _, self._width = widths(pane.size.width, len(self._columns))
        self._lines = {}
        self._draw()
        self._show_alike()

    def _in_sight(self) -> range:
        """Return the places of the columns that there is room for, the current one among them."""
        count = len(self._columns)
        many, _ = widths(self.query_one("#columns", LinePane).size.width, count)
        self._first = in_sight(self._first, self._current, many, count)
        return range(self._first, min(count, self._first + many))

    def _lines_at(self, at: int) -> list[Line]:
        # Only what is seen is broken into lines: a fork may have a hundred thousand words.
        if at not in self._lines:
            self._lines[at] = lines_of(self._columns[at].text, self._width)
        return self._lines[at]

    def _draw(self) -> None:
        pane = self.query_one("#columns", LinePane)
        places = self._in_sight()
        shown = [self._columns[at] for at in places]
        made = [self._lines_at(at) for at in places]
        longest = max(len(lines) for lines in made)
        self._top = max(0, min(self._top, longest - self._page))
        pane.show_lines(
            drawn(
                shown, made, self._current - self._first, self._top, self._width, pane.size.height
            )
        )  # fmt: skip
        self._show_header(len(shown))

    def _show_header(self, many: int) -> None:
        count = len(self._columns)
        parent = self._cards[0].parent
        why = marks.text_of(self.story, parent, "why") if parent else ""
        where = f"n{parent}" if parent else "the beginning"
        left = [("compare", "title"), (f"branches of {where}", "text")]
        if self._versions:
            left[1] = (f"n{self._node()} and what it was", "text")
        if why:
            left.append((f"why: {one_line(why)}", "why"))
        last = min(count, self._first + many)
        right = [(f"{self._first + 1}-{last} of {count}", "dim")]
        if self._diff or self._versions:
            than = "the first version" if self._versions else self._label(self._current)
            right.insert(0, (f"bold: not in {than}, [struck]: only there", "dim"))
        if self._blind:
            right.insert(0, ("blind", "unread"))
        self.query_one(Header).show(tuple(left), tuple(right))

    def _show_alike(self) -> None:
        pane = self.query_one(LikenessPane)
        labels = [self._label(at) for at in range(len(self._columns))]
        pane.show(self._alike, labels, self._current, self._in_sight(), self._width)

    @property
    def _page(self) -> int:
        return max(1, self.query_one("#columns", LinePane).size.height - 1)

    def _label(self, at: int) -> str:
        return self._columns[at].label.rstrip("*")

    def _node(self) -> int:
        if not self._columns:
            raise Refusal("The branches are still being read.")
        return self._columns[self._current].node

    # Moving.

    async def _go(self, column: int) -> None:
        column = max(0, min(column, len(self._columns) - 1))
        if column == self._current or not self._columns:
            return
        self._current = column
        if not self._versions:
            self._wanted = self._columns[column].node
            if self._diff:
                await self._make()
                return
        self._draw()
        self._show_alike()

    async def do_column_after(self, _: str) -> None:
        await self._go(self._current + 1)

    async def do_column_before(self, _: str) -> None:
        await self._go(self._current - 1)

    def _scroll(self, lines: int) -> None:
        if self._columns:
            self._top += lines
            self._draw()

    def do_down(self, _: str) -> None:
        self._scroll(1)

    def do_up(self, _: str) -> None:
        self._scroll(-1)

    def do_page_down(self, _: str) -> None:
        self._scroll(max(1, self._page - 2))

    def do_page_up(self, _: str) -> None:
        self._scroll(-max(1, self._page - 2))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    # Looking.

    async def do_diff(self, _: str) -> None:
        if self._versions:
            await self._read()
            return
        self._diff = not self._diff
        await self._make()

    async def do_first_version(self, _: str) -> None:
        if self._versions:
            await self._read()
        else:
            await self._show_versions()

    async def do_blind(self, _: str) -> None:
        self._blind = not self._blind
        if self._blind:
            # Or the mark would follow the branch and tell which it is.
            self._wanted = 0
        await self._read()
        if self._blind:
            self.say("Shuffled, and who wrote what is hidden until you choose; r shows it.")

    async def do_reveal(self, _: str) -> None:
        if self._blind:
            self._blind = False
            await self._read()

    def do_copy(self, _: str) -> None:
        self.say(clipboard.copy(self.app, self._texts[self._node()]))


def _branches(story: Story, nodes: Sequence[int]) -> tuple[list[Card], dict[int, str]]:
    """Return those of the nodes that are not pruned, and their texts."""
    cards = [card for card in reading.cards(story, list(nodes)) if not card.pruned]
    pieces = reading.pieces(story, [card.id for card in cards])
    return cards, {piece.node: piece.text.strip() for piece in pieces}
