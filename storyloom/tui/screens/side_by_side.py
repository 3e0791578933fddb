"""Branches in columns beside each other: their texts, what differs, and how alike they are."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult

from storyloom.curate.alike import Alike, compare
from storyloom.curate.worddiff import word_diff
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line, words
from storyloom.tui import clipboard
from storyloom.tui.abreast import Column, against, drawn, in_sight, lines_of, widths
from storyloom.tui.compared import Branch, branches, column, first_text, ordered
from storyloom.tui.copied import copied
from storyloom.tui.legend import Legend
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.likeness import LikenessPane
from storyloom.tui.widgets.lines import Line, LinePane

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["SideBySide"]

_LOOKS = 0.5
"""Seconds between two looks at branches that are being written."""


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
        self._branches: dict[int, Branch] = {}
        self._why = ""
        self._columns: list[Column] = []
        self._lines: dict[int, list[Line]] = {}
        """The lines of the columns that were in sight, by their places."""
        self._marked: set[int] = set()
        """Columns in which is marked what differs from the current one."""
        self._current = self._first = self._top = self._width = 0
        self._diff = self._blind = self._versions = False
        self._alike: Alike | None = None
        self._begun = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="columns")
        yield LikenessPane(id="alike")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.run_worker(self._begin(), exit_on_error=False)
        self._looks = self.set_interval(_LOOKS, self._look_on)

    async def closing(self) -> None:
        """Look at the story no more: it is closed next, and the program may take a while to end."""
        self._looks.stop()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._resized)

    async def _resized(self) -> None:
        await self._mark()
        self._lay_out()

    async def _begin(self) -> None:
        try:
            await self._read()
            if len(self._branches) == 1:
                # A branch alone has nothing beside it but what it was.
                with contextlib.suppress(Refusal):
                    await self._show_versions()
        finally:
            self._begun.set()

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command; one whose key is quicker than the first reading waits for it."""
        if name != "back":
            await self._begun.wait()
        await super().do(name, argument)

    # What is compared.

    async def _read(self) -> None:
        """Read the branches that are there and show them; how alike they are is shown later."""
        self._branches, self._why = await asyncio.to_thread(_fork, self.story, self._given)
        if not self._branches:
            self.dismiss(None)
            return
        self._versions = False
        self._alike = None
        await self._make()
        self._work_out([self._branches[column.node].text for column in self._columns])

    def _work_out(self, texts: list[str]) -> None:
        """Show how alike these texts are as soon as it is known; keys need not wait for it."""

        async def work() -> None:
            self._alike = await asyncio.to_thread(compare, texts)
            self._show_alike()

        self.run_worker(work(), group="figures", exclusive=True, exit_on_error=False)

    async def _make(self) -> None:
        """Make the columns anew and draw them."""
        if not self._branches:
            return
        legend = None if self._blind else self.legend
        self._columns = [
            column(self._branches[node], number, legend)
            for number, node in enumerate(ordered(self._given, blind=self._blind), 1)
            if node in self._branches
        ]
        ids = [column.node for column in self._columns]
        self._current = ids.index(self._wanted) if self._wanted in ids else 0
        self._wanted = ids[self._current]
        self._marked = set()
        await self._mark()
        self._lay_out()

    def refresh_texts(self, live: Mapping[int, str]) -> None:
        """Show what has arrived of branches that are being written, by node."""
        for at, shown in enumerate(self._columns):
            branch, text = self._branches.get(shown.node), live.get(shown.node, "").strip()
            # What is kept may lag behind what was shown already.
            if branch is None or len(text) <= len(branch.text):
                continue
            branch = replace(branch, text=text, words=words(text))
            self._branches[shown.node] = branch
            if not self._versions and at not in self._marked:
                about = column(branch, 0, None if self._blind else self.legend).about
                self._columns[at] = replace(shown, text=[(text, "text")], about=about)
                self._lines.pop(at, None)
        if self._columns and self._width:
            self._draw()

    async def _look_on(self) -> None:
        """Show how branches that are being written go on; read all again when one has ended."""
        growing = [node for node, branch in self._branches.items() if branch.card.streaming]
        if not growing or self.app.screen is not self:
            return
        found = await asyncio.to_thread(branches, self.story, growing)
        if all(node in found and found[node].card.streaming for node in growing):
            self.refresh_texts({node: branch.text for node, branch in found.items()})
        elif not self._versions:
            await self._read()

    async def _mark(self) -> None:
        """Mark what differs from the current column in those in sight; a fork may have many."""
        if not self._diff or self._versions or not self._columns:
            return
        columns, current = self._columns, self._current
        own = self._branches[columns[current].node].text
        texts = {
            at: self._branches[columns[at].node].text
            for at in self._in_sight()
            if at != current and at not in self._marked
        }
        found = await asyncio.to_thread(
            lambda: {at: against(word_diff(own, text)) for at, text in texts.items()}
        )
        if columns is not self._columns or current != self._current:
            return
        for at, text in found.items():
            self._columns[at] = replace(self._columns[at], text=text)
            self._lines.pop(at, None)
        self._marked |= found.keys()

    async def _show_versions(self) -> None:
        """Put a branch's first text and its present one beside each other."""
        node = self._node()
        if self._blind:
            raise Refusal("An earlier version would say who wrote this; r ends the blind reading.")
        first = await asyncio.to_thread(first_text, self.story, node)
        present = self._branches[node].text
        if not first or first == present or self._branches[node].card.streaming:
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
        lines = drawn(
            shown, made, self._current - self._first, self._top, self._width, pane.size.height,
            counted=not self._blind,
        )  # fmt: skip
        pane.show_lines(lines)
        self._show_header(len(shown))

    def _show_header(self, many: int) -> None:
        count = len(self._columns)
        parent = next(iter(self._branches.values())).card.parent
        where = f"n{parent}" if parent else "the beginning"
        left = [("compare", "title"), (f"branches of {where}", "text")]
        if self._versions:
            left[1] = (f"n{self._node()} and what it was", "text")
        if self._why:
            left.append((f"why: {one_line(self._why)}", "why"))
        last = min(count, self._first + many)
        right = [(f"{self._first + 1}-{last} of {count}", "dim")]
        if self._diff or self._versions:
            than = self._label(self._current)
            told = f"bold: not in {than}, [struck]: only there"
            right.insert(0, ("bold: new, [struck]: gone" if self._versions else told, "dim"))
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

    async def _leave_versions(self) -> None:
        """Go back from a passage's versions to the branches, where there are any beside it."""
        if len(self._branches) == 1:
            raise Refusal("No other branch is here, so it is compared with what it was.")
        await self._read()

    async def do_diff(self, _: str) -> None:
        if self._versions:
            await self._leave_versions()
            return
        self._diff = not self._diff
        await self._make()

    async def do_first_version(self, _: str) -> None:
        if self._versions:
            await self._leave_versions()
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
        node = self._node()
        cast("Loom", self.app).copied = copied(self.story, node)
        self.say(clipboard.copy(self.app, self._branches[node].text))


def _fork(story: Story, nodes: Sequence[int]) -> tuple[dict[int, Branch], str]:
    """Return the branches, and what their fork is for."""
    found = branches(story, nodes)
    parent = next((branch.card.parent for branch in found.values()), 0)
    return found, marks.text_of(story, parent, "why") if parent else ""
