"""The library: the author's stories, what they are about, and how far they have come."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from storyloom import paths
from storyloom.story import place, shelf
from storyloom.story.shelf import Entry, Facts
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui import exporting
from storyloom.tui.keys import LIBRARY, bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import centred, columns, grouped, left, paragraph, right
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["LibraryScreen"]

_COLUMNS = (("nodes", 7), ("words", 8), ("models", 6), ("spent", 7), ("last opened", 15))
"""What stands behind a title, and in how many cells."""
_LEAST_TITLE = {"spent": 24, "models": 20}
"""Columns that are told beside the list only, where a title would get less than so many cells."""


class LibraryScreen(CommandScreen):
    """Lists the stories of the library's folder; the selected one is told about beside the list."""

    TABLE = LIBRARY
    BINDINGS: ClassVar = bindings(LIBRARY)
    DEFAULT_CSS = """
    LibraryScreen #shelf { height: 1fr; layout: vertical; }
    LibraryScreen #stories { height: 1fr; }
    LibraryScreen #about { height: 1fr; max-height: 11; }
    LibraryScreen.-wide #shelf { layout: horizontal; }
    LibraryScreen.-wide #stories { width: 1fr; height: 100%; }
    LibraryScreen.-wide #about { width: 44; height: 100%; max-height: 100%; }
    LibraryScreen.-empty #about { display: none; }
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._entries: list[Entry] = []
        self._facts: dict[Entry, Facts] = {}
        """What is known of each story as it was when it was last written to."""
        self._read_once = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="shelf"):
            yield Listing(id="stories", classes="pane")
            yield LinePane(id="about", classes="pane")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#stories").border_title = "stories"
        self.query_one("#about").border_title = "this story"
        self.query_one(Listing).fill(0, self._line, head=_head, moved=self._show_about)

    def on_screen_resume(self) -> None:
        """Read the folder whenever the library comes back: a story has grown meanwhile."""
        self.run_worker(self._read(), exclusive=True, exit_on_error=False, group="shelf")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    # What there is.

    async def _read(self) -> None:
        chosen = self._chosen()
        self._entries = await asyncio.to_thread(shelf.shelf, paths.saves_dir())
        self._read_once = True
        stories = [entry.path for entry in self._entries]
        if chosen is not None and chosen.path in stories:
            self.query_one(Listing).selected = stories.index(chosen.path)
        self._facts = {entry: self._facts[entry] for entry in self._entries if entry in self._facts}
        self._show()
        while (entry := self._next_unknown()) is not None:
            self._facts[entry] = await asyncio.to_thread(shelf.facts, entry.path)
            self._show()

    def _next_unknown(self) -> Entry | None:
        """Return the story to look into next: the selected one, then from the top."""
        chosen = self._chosen()
        if chosen is not None and chosen not in self._facts:
            return chosen
        return next((entry for entry in self._entries if entry not in self._facts), None)

    def _chosen(self) -> Entry | None:
        if not self._entries:
            return None
        return self._entries[min(self.query_one(Listing).selected, len(self._entries) - 1)]

    # What is on the screen.

    def _show(self) -> None:
        listing = self.query_one(Listing)
        count = len(self._entries)
        empty = self._read_once and not count
        self.set_class(empty, "-empty")
        width, height = listing.size.width, listing.size.height
        listing.fill(count, self._line, empty=_welcome(width, height) if empty else [])
        listing.border_subtitle = f"{count} stor{'y' if count == 1 else 'ies'}" if count else ""
        folder = str(paths.saves_dir())
        home = str(Path.home())
        if folder.startswith(home + "/"):
            folder = "~" + folder[len(home) :]
        self.query_one("#header", Header).show(
            (("Storyloom", "title"), ("library", "dim")), ((folder, "dim"),)
        )
        self._show_about()

    def _line(self, index: int, width: int) -> Line:
        entry = self._entries[index]
        facts = self._facts.get(entry)
        shown, title = _layout(width)
        if facts is not None and facts.error:
            said = (left(entry.path.stem, title), "dim"), ("cannot be opened", "warning")
            return ((" ", ""), *columns(said))
        if facts is None:
            return ((" ", ""), (left(entry.path.stem, title), "dim"))
        more = "+" if facts.more else ""
        figures = {
            "nodes": grouped(facts.nodes) + more,
            "words": grouped(facts.words) + more,
            "models": str(facts.models) if facts.models else "–",
            "spent": _spent(facts),
            "last opened": _when(facts.opened / 1000 or entry.changed, self._clock()),
        }
        cells: list[Part] = [(left(facts.title, title), "text")]
        for name, room in shown:
            cells.append((right(figures[name], room), "dim" if name == "last opened" else "text"))
        return ((" ", ""), *columns(cells))

    def _show_about(self) -> None:
        pane = self.query_one("#about", LinePane)
        chosen = self._chosen()
        if chosen is None:
            pane.show_lines([])
            return
        facts = self._facts.get(chosen)
        width, height = pane.size.width, pane.size.height
        if facts is None:
            pane.show_lines([(("reading …", "dim"),)])
        elif facts.error:
            error = facts.error.replace(str(chosen.path), chosen.path.name)
            told = paragraph(one_line(error), width, "warning")
            pane.show_lines([((left(chosen.path.name, width), "title"),), (), *told])
        else:
            pane.show_lines(_told(facts, chosen, width, height))

    # Commands.

    def do_next(self, argument: str) -> None:
        """Go to the next story."""
        del argument
        self.query_one(Listing).move(1)

    def do_previous(self, argument: str) -> None:
        """Go to the previous story."""
        del argument
        self.query_one(Listing).move(-1)

    def do_first(self, argument: str) -> None:
        """Go to the first story."""
        del argument
        self.query_one(Listing).select(0)

    def do_last(self, argument: str) -> None:
        """Go to the last story."""
        del argument
        self.query_one(Listing).select(len(self._entries) - 1)

    def do_open(self, argument: str) -> None:
        """Open the loom of the story."""
        del argument
        self._loom.open_story(self._path())

    def do_new(self, argument: str) -> None:
        """Begin a new story."""
        del argument
        from storyloom.tui.screens.new_story import NewStoryScreen

        self.app.push_screen(NewStoryScreen())

    def do_read(self, argument: str) -> None:
        """Read the weave of the story as a book."""
        del argument
        from storyloom.tui.screens.reader import ReaderScreen

        path = self._path()
        self.app.push_screen(ReaderScreen(path), lambda node: self._open_at(path, node))

    def _open_at(self, path: Path, node: object) -> None:
        """Open the loom at the node that the reader was left at, if it was left for the loom."""
        if not isinstance(node, int):
            return
        try:
            with Story(path) as story, contextlib.suppress(Refusal):
                place.remember(story, cursor=node)
            self._loom.open_story(path)
        except Refusal as refusal:
            self.say(str(refusal), "warning")

    async def do_export(self, name: str) -> None:
        """Write the weave of the story to a Markdown file."""
        path = self._path()
        if name:
            self.say(await exporting.export(path, name))
            return
        chosen = self._chosen()
        facts = self._facts.get(chosen) if chosen is not None else None
        title = facts.title if facts is not None else path.stem
        self.ask("write to", self.do_export, begun=exporting.default_name(title))

    def do_reload(self, argument: str) -> None:
        """Read the folder again."""
        del argument
        self._facts.clear()
        self.on_screen_resume()

    async def do_quit(self, argument: str) -> None:
        """Leave Storyloom."""
        del argument
        await self._loom.leave()

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.run_worker(self.do("open"), exit_on_error=False)

    @property
    def _loom(self) -> "Loom":
        return cast("Loom", self.app)

    def _path(self) -> Path:
        chosen = self._chosen()
        if chosen is None:
            raise Refusal("There is no story here yet; n begins one.")
        return chosen.path


def _layout(width: int) -> tuple[Sequence[tuple[str, int]], int]:
    """Return the columns behind the title, and how many cells that has."""
    shown = _COLUMNS
    title = width - 2 - sum(room + 2 for _, room in shown)
    for name, least in _LEAST_TITLE.items():
        if title < least:
            shown = tuple(column for column in shown if column[0] != name)
            title = width - 2 - sum(room + 2 for _, room in shown)
    return shown, max(8, title)


def _head(width: int) -> list[Line]:
    shown, title = _layout(width)
    cells: list[Part] = [(left("title", title), "dim")]
    cells += [(right(name, room), "dim") for name, room in shown]
    return [(("  ", ""), *columns(cells))]


def _welcome(width: int, height: int) -> list[Line]:
    """Say what to do where there is no story yet."""
    said: list[Part] = [
        ("Nothing has been written here yet.", "title"),
        ("", ""),
        ("A story begins with a few words of yours;", "text"),
        ("models go on from there, and you choose.", "text"),
        ("", ""),
        ("n begins one.", "fresh"),
    ]
    lines: list[Line] = [()] * max(0, (height - len(said)) // 2 - 1)
    return lines + [((centred(text, width), style),) for text, style in said]


def _told(facts: Facts, entry: Entry, width: int, height: int) -> list[Line]:
    """Return what the pane says of a story: premise, chapters, figures, its file."""
    low = height < 16
    lines: list[Line] = [((left(facts.title, width), "title"),)]
    if facts.premise:
        lines += paragraph(one_line(facts.premise), width, "text", most=2 if low else 8)
    lines += _chapters(facts.chapters, width, 1 if low else height // 2)
    more = "more than " if facts.more else ""
    figures = f"{more}{_many(facts.nodes, 'node')}, {_many(facts.words, 'word')} on the weave"
    lines += [(), ((left(figures, width), "text"),)]
    if facts.models:
        cost = _many(facts.models, "model")
        if facts.spent or not facts.unpriced:
            cost += f", ${facts.spent:.2f} spent"
        if facts.unpriced:
            cost += f", {_many(facts.unpriced, 'branch', 'branches')} of unknown price"
        lines += paragraph(cost, width, "text", most=2)
    if len(lines) + 2 <= height:
        lines.append(())
    lines.append(((left(entry.path.name, width), "dim"),))
    return lines[:height]


def _many(count: int, one: str, several: str = "") -> str:
    return f"{grouped(count)} {one if count == 1 else several or one + 's'}"


def _spent(facts: Facts) -> str:
    """Return what was spent; a ? where prices of some branches are not known."""
    if not facts.models:
        return "–"
    if facts.unpriced and not facts.spent:
        return "?"
    return f"${facts.spent:.2f}" + ("?" if facts.unpriced else "")


def _chapters(titles: Sequence[str], width: int, most: int) -> list[Line]:
    """Return the chapters: one below the other where there is room, else in a row."""
    if not titles:
        return []
    named = [f"{number} {one_line(title) or '—'}" for number, title in enumerate(titles, 1)]
    if most == 1:
        return [(), *paragraph("   ".join(named), width, "text", most=1)]
    lines: list[Line] = [(), *(((left(each, width), "text"),) for each in named[:most])]
    if len(named) > most:
        lines[-1] = ((f"… and {len(named) - most + 1} more", "dim"),)
    return lines


def _when(moment: float, now: float) -> str:
    """Return when that was, in the words of a diary."""
    if not moment:
        return "–"
    then, today = time.localtime(moment), time.localtime(now)
    days = (time.mktime((*today[:3], 12, 0, 0, 0, 0, -1))
            - time.mktime((*then[:3], 12, 0, 0, 0, 0, -1))) / 86_400  # fmt: skip
    clock = time.strftime("%H:%M", then)
    if round(days) == 0:
        return f"today {clock}"
    if round(days) == 1:
        return f"yesterday {clock}"
    if 1 < days < 7:
        return f"{round(days)} days ago"
    if then.tm_year == today.tm_year:
        return f"{_MONTHS[then.tm_mon - 1]} {then.tm_mday}"
    return time.strftime("%Y-%m-%d", then)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
