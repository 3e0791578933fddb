"""What the library shows: the stories of a folder, and the selected one beside them."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from storyloom import paths
from storyloom.story import archive, shelf
from storyloom.story.glimpse import Glimpse, glimpse
from storyloom.story.shelf import Entry, Facts
from storyloom.text import Refusal, grouped, one_line
from storyloom.tui import growth_rows, library_rows
from storyloom.tui.keys import Table
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header, KeyLine
from storyloom.tui.widgets.columns import left, paragraph
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.progress import ProgressLine

__all__ = ["Shelves"]

_GLANCE_SECONDS = 0.05
"""How long files are read until what was found is shown, and what is in sight is asked again."""
_MOST_AT_ONCE = 200
"""How many stories out of sight may be read in that time."""


class Shelves(Listed):
    """A folder of stories, the user's own or one that is given, or the archive in it."""

    DEFAULT_CSS = """
    Shelves #shelf { height: 1fr; layout: vertical; }
    Shelves #stories { height: 1fr; }
    Shelves #beside { height: 1fr; max-height: 11; }
    Shelves #about { height: 1fr; }
    Shelves #ending, Shelves #growth { display: none; }
    Shelves.-wide #shelf { layout: horizontal; }
    Shelves.-wide #stories { width: 1fr; height: 100%; }
    Shelves.-wide #beside {
        width: 35%; min-width: 44; max-width: 60; height: 100%; max-height: 100%;
    }
    Shelves.-wide.-tall #about { height: 15; }
    Shelves.-wide.-tall #ending { display: block; height: 1fr; }
    Shelves.-wide.-tall #growth { display: block; height: 9; }
    Shelves.-empty #beside { display: none; }
    """

    def __init__(
        self, folder: Path | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._given = folder
        self._clock = clock
        self._in_archive = False
        self._order = library_rows.ORDERS[0]
        self._read_entries: list[Entry] = []
        """The stories as they were read, the last changed one first."""
        self._entries: list[Entry] = []
        self._facts: dict[Entry, Facts] = {}
        """What is known of each story as it was when it was last written to."""
        self._glimpses: dict[Entry, Glimpse] = {}
        self._looking_closer = False
        self._put_away = 0
        self._begun: Path | None = None
        """A story that is to be selected when the folder has been read again."""
        self._read_once = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="shelf"):
            yield Listing(id="stories", classes="pane")
            with Container(id="beside"):
                yield LinePane(id="about", classes="pane")
                yield LinePane(id="ending", classes="pane")
                yield LinePane(id="growth", classes="pane")
        yield ProgressLine(id="progress")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#about").border_title = "this story"
        self.query_one("#ending").border_title = "last lines on the weave"
        self.query_one("#growth").border_title = "growth"
        self.query_one(Listing).fill(0, self._line, head=library_rows.head, moved=self._show_about)

    def on_screen_resume(self) -> None:
        """Read the folder whenever the library comes back: a story has grown meanwhile."""
        self.run_worker(self._read(), exclusive=True, exit_on_error=False, group="shelf")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    # What there is.

    @property
    def _library(self) -> Path:
        """The folder that new stories come into."""
        return self._given or paths.saves_dir()

    @property
    def _folder(self) -> Path:
        """The folder that is shown."""
        return archive.archive_of(self._library) if self._in_archive else self._library

    async def _read(self) -> None:
        """List the folder, then look into its stories."""
        entries: list[Entry] = []
        try:
            entries, self._put_away, gone = await asyncio.to_thread(
                _listed, self._folder, self._library
            )
            if gone and self._given is not None:
                shown = one_line(str(self._given))
                self.say(f"The folder {shown} is not there any more; ^l reads again.", "warning")
        except Refusal as refusal:
            self.say(str(refusal), "warning")
        # Only now, as a key may have moved the selection meanwhile.
        wanted = self._begun or (chosen.path if (chosen := self._chosen()) else None)
        self._read_entries = entries
        self._facts = {entry: self._facts[entry] for entry in entries if entry in self._facts}
        self._begun = None
        self._read_once = True
        self._put_in_order(wanted)
        await self._look()
        if self._order != library_rows.ORDERS[0]:
            # Not while it is read, when rows would jump about under the author's eyes.
            chosen = self._chosen()
            self._put_in_order(chosen.path if chosen is not None else None)

    def _put_in_order(self, wanted: Path | None) -> None:
        """Show the stories in the order that is wanted, one of them selected."""
        self._entries = list(library_rows.ordered(self._read_entries, self._facts, self._order))
        stories = [entry.path for entry in self._entries]
        if wanted in stories:
            self.query_one(Listing).selected = stories.index(wanted)
        self._show()

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

    async def _look_closer(self) -> None:
        """Have a closer look into the selected story, and the one selected then, until it is known.

        One after the other: whoever runs through a long list starts no crowd of them.
        """
        try:
            while (chosen := self._chosen()) is not None and chosen not in self._glimpses:
                found = await asyncio.to_thread(glimpse, chosen.path)
                if len(self._glimpses) > _MOST_AT_ONCE:
                    self._glimpses.clear()
                self._glimpses[chosen] = found
        finally:
            self._looking_closer = False
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

    def _path(self) -> Path:
        chosen = self._chosen()
        if chosen is None:
            where = "in the archive; A goes back" if self._in_archive else "here yet; n begins one"
            raise Refusal(f"There is no story {where}.")
        return chosen.path

    def _title(self) -> str:
        """Return the selected story's title, or its file's name as long as that is not known."""
        chosen = self._chosen()
        facts = self._facts.get(chosen) if chosen is not None else None
        return one_line(facts.title if facts is not None else self._path().stem)

    @property
    def commands(self) -> Table:
        """This screen's commands; in the archive, what quits goes back."""
        commands = super().commands
        if not self._in_archive:
            return commands
        back = {"short": "back", "help": "Back to the library"}
        return tuple(replace(each, **back) if each.name == "quit" else each for each in commands)

    # What is on the screen.

    def _show(self) -> None:
        listing = self.query_one(Listing)
        count = len(self._entries)
        empty = self._read_once and not count
        self.set_class(empty, "-empty")
        width, height = listing.size.width, listing.size.height
        welcome = library_rows.welcome(width, height, archive=self._in_archive) if empty else []
        listing.border_title = "put away" if self._in_archive else "stories"
        self.query_one(KeyLine).offer(self.commands)
        listing.fill(count, self._line, empty=welcome)
        stories = f"{grouped(count)} stor{'y' if count == 1 else 'ies'}"
        listing.border_subtitle = f"{stories}, by {self._order}" if count else ""
        self._show_header()
        self._show_about()

    def _show_header(self) -> None:
        header = self.query_one("#header", Header)
        where: list[Part] = [("Storyloom", "title")]
        where += [("archive", "warning")] if self._in_archive else [("library", "dim")]
        room = header.size.width * 2 // 3
        if self._order != library_rows.ORDERS[0]:
            where.append((f"by {self._order}", "dim"))
            room = header.size.width * 2 // 5
        folder = library_rows.short(self._folder, room)
        figures: list[Part] = [(folder, "dim")]
        if self._put_away and not self._in_archive:
            figures.append((f"{grouped(self._put_away)} archived", "dim"))
        header.show(tuple(where), tuple(figures))

    def _line(self, index: int, width: int) -> Line:
        entry = self._entries[index]
        return library_rows.row(entry, self._facts.get(entry), width, self._clock())

    def _show_about(self) -> None:
        chosen = self._chosen()
        facts = self._facts.get(chosen) if chosen is not None else None
        known = chosen is not None and facts is not None and not facts.error
        closer = self._glimpses.get(chosen) if chosen is not None and known else None
        if known and closer is None and not self._looking_closer:
            self._looking_closer = True
            self.run_worker(self._look_closer(), exit_on_error=False, group="closer")
        pane = self.query_one("#about", LinePane)
        pane.show_lines(self._about(chosen, facts, closer, pane.size.width, pane.size.height))
        self._show_closer(closer or Glimpse())

    def _about(
        self, chosen: Entry | None, facts: Facts | None, closer: Glimpse | None, width: int,
        height: int,
    ) -> list[Line]:  # fmt: skip
        if chosen is None:
            return []
        if facts is None:
            return [(("reading …", "dim"),)]
        if not facts.error:
            drawn = self.has_class("-wide") and self.has_class("-tall")
            return library_rows.told(
                facts, chosen, width, height, self._clock(), closer, growth=not drawn
            )
        name = one_line(chosen.path.name)
        error = facts.error.replace(one_line(str(chosen.path)), name)
        told = paragraph(one_line(error), width, "warning")
        return [((left(name, width), "title"),), (), *told]

    def _show_closer(self, closer: Glimpse) -> None:
        """Show the last lines and the sessions, where there is room for them."""
        if not (self.has_class("-wide") and self.has_class("-tall")):
            return
        ending = self.query_one("#ending", LinePane)
        ending.border_subtitle = f"tip n{closer.tip}" if closer.tip else ""
        ending.show_lines(growth_rows.ending(closer.ending, ending.size.width, ending.size.height))
        growth = self.query_one("#growth", LinePane)
        growth.show_lines(
            growth_rows.session_rows(
                closer.grown, growth.size.width, growth.size.height, self._clock()
            )
        )


def _listed(folder: Path, library: Path) -> tuple[list[Entry], int, bool]:
    """Return a folder's stories, how many are put away in the library, and whether that is gone."""
    return shelf.shelf(folder), archive.archived(library), not library.exists()


def _glances(entries: Sequence[Entry]) -> dict[Entry, Facts]:
    """Look into the first of these stories, as many as a moment has room for and one at least."""
    found: dict[Entry, Facts] = {}
    end = time.monotonic() + _GLANCE_SECONDS
    for entry in entries:
        found[entry] = shelf.facts(entry.path)
        if time.monotonic() > end:
            break
    return found
