"""The library: the author's stories, what they are about, and how far they have come."""

import asyncio
import contextlib
import itertools
import time
from collections import deque
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
from storyloom.tui import exporting, library_rows
from storyloom.tui.commands import LIBRARY
from storyloom.tui.keys import bindings
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import left, paragraph
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["LibraryScreen"]

_GLANCE_SECONDS = 0.05
"""How long files are read until what was found is shown, and what is in sight is asked again."""
_MOST_AT_ONCE = 200
"""How many stories out of sight may be read in that time."""


class LibraryScreen(Listed):
    """Lists the stories of a folder, the user's own or one that is given; the selected one is told
    about beside the list.
    """

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

    def __init__(
        self, folder: Path | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._given = folder
        self._clock = clock
        self._entries: list[Entry] = []
        self._facts: dict[Entry, Facts] = {}
        """What is known of each story as it was when it was last written to."""
        self._begun: Path | None = None
        """A story that was made here and not listed yet."""
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
        self.query_one(Listing).fill(0, self._line, head=library_rows.head, moved=self._show_about)

    def on_screen_resume(self) -> None:
        """Read the folder whenever the library comes back: a story has grown meanwhile."""
        self.run_worker(self._read(), exclusive=True, exit_on_error=False, group="shelf")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    # What there is.

    @property
    def _folder(self) -> Path:
        return self._given or paths.saves_dir()

    async def _read(self) -> None:
        """List the folder, then look into its stories."""
        entries: list[Entry] = []
        try:
            entries = await asyncio.to_thread(shelf.shelf, self._folder)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
        # Only now, as a key may have moved the selection meanwhile.
        wanted = self._begun or (chosen.path if (chosen := self._chosen()) else None)
        self._entries = entries
        self._begun = None
        self._read_once = True
        stories = [entry.path for entry in self._entries]
        if wanted in stories:
            self.query_one(Listing).selected = stories.index(wanted)
        self._facts = {entry: self._facts[entry] for entry in self._entries if entry in self._facts}
        self._show()
        await self._look()

    async def _look(self) -> None:
        """Look into each story that is not known yet: those in sight first, then from the top."""
        waiting = deque(entry for entry in self._entries if entry not in self._facts)
        while waiting:
            if waiting[0] in self._facts:
                waiting.popleft()
                continue
            unknown = [entry for entry in self._in_sight() if entry not in self._facts]
            if not unknown:
                next_ones = itertools.islice(waiting, _MOST_AT_ONCE)
                unknown = [entry for entry in next_ones if entry not in self._facts]
            found = await asyncio.to_thread(_glances, unknown)
            self._facts.update(found)
            # Most are out of sight; to draw for them would cost more than to read them.
            if not found.keys().isdisjoint(self._in_sight()):
                self.query_one(Listing).draw_again()
                self._show_about()

    def _in_sight(self) -> Sequence[Entry]:
        """Return the selected story, then the others on the screen."""
        rows = self.query_one(Listing).in_sight
        entries = self._entries[rows.start : rows.stop]
        chosen = self._chosen()
        return entries if chosen is None else list(dict.fromkeys((chosen, *entries)))

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
        listing.fill(count, self._line, empty=library_rows.welcome(width, height) if empty else [])
        listing.border_subtitle = f"{count} stor{'y' if count == 1 else 'ies'}" if count else ""
        header = self.query_one("#header", Header)
        folder = library_rows.short(self._folder, header.size.width * 2 // 3)
        header.show((("Storyloom", "title"), ("library", "dim")), ((folder, "dim"),))
        self._show_about()

    def _line(self, index: int, width: int) -> Line:
        entry = self._entries[index]
        return library_rows.row(entry, self._facts.get(entry), width, self._clock())

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
            name = one_line(chosen.path.name)
            error = facts.error.replace(one_line(str(chosen.path)), name)
            told = paragraph(one_line(error), width, "warning")
            pane.show_lines([((left(name, width), "title"),), (), *told])
        else:
            pane.show_lines(library_rows.told(facts, chosen, width, height))

    # Commands.

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
        path = self._path()
        try:
            self._loom.open_story(path)
        except Refusal:
            if not path.exists():
                self.on_screen_resume()
            raise

    def do_new(self, argument: str) -> None:
        """Begin a new story."""
        del argument
        from storyloom.tui.screens.new_story import NewStoryScreen

        self.app.push_screen(NewStoryScreen(self._folder), self._select_begun)

    def _select_begun(self, path: object) -> None:
        """Have the story that was begun selected when the library comes back."""
        self._begun = path if isinstance(path, Path) else None

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


def _glances(entries: Sequence[Entry]) -> dict[Entry, Facts]:
    """Look into the first of these stories, as many as a moment has room for and one at least."""
    found: dict[Entry, Facts] = {}
    end = time.monotonic() + _GLANCE_SECONDS
    for entry in entries:
        found[entry] = shelf.facts(entry.path)
        if time.monotonic() > end:
            break
    return found
