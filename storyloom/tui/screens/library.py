"""The library: the author's stories, what they are about, and how far they have come."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from storyloom.story import archive, shelf
from storyloom.text import Refusal, one_line
from storyloom.tui import exporting, library_rows
from storyloom.tui.commands import LIBRARY
from storyloom.tui.completing import complete_path, typed_path
from storyloom.tui.importing import Import, Stopped, sentence
from storyloom.tui.keys import bindings
from storyloom.tui.landing import open_at
from storyloom.tui.screens.shelves import Shelves
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.progress import ProgressLine

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["LibraryScreen"]

_A_SECOND = 4
"""Draws of an import's progress; more of them would only cost a thin line its bytes."""


_CLEARED_UP = 2.0
"""Seconds that a dying program waits for what it was making to be taken away."""


class LibraryScreen(Shelves):
    """Lists stories; the selected one is told about beside the list, and all of them are opened,
    begun, brought in, put away and searched from here.
    """

    TABLE = LIBRARY
    BINDINGS: ClassVar = bindings(LIBRARY)
    _import: Import | None = None
    """A file that is being brought in."""

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
        """Begin a new story, which comes into the library."""
        del argument
        from storyloom.tui.screens.new_story import NewStoryScreen

        self.app.push_screen(NewStoryScreen(self._library), self._select_begun)

    def _select_begun(self, path: object) -> None:
        """Have the story that was begun selected when the library comes back."""
        if isinstance(path, Path):
            self._begun = path
            self._in_archive = False

    def do_read(self, argument: str) -> None:
        """Read the weave of the story as a book."""
        del argument
        from storyloom.tui.screens.reader import ReaderScreen

        path = self._path()
        self.app.push_screen(ReaderScreen(path), lambda node: self._open_at(path, node))

    def do_replay(self, place: str) -> None:
        """Watch the story grow again."""
        from storyloom.tui.screens.replay import ReplayScreen

        path = self._path()
        screen = ReplayScreen(path, at=place)
        self.app.push_screen(screen, lambda node: self._open_at(path, node))

    def do_play(self, _: str) -> None:
        """Play the story as a choose-your-path book."""
        from storyloom.tui.screens.play import PlayScreen

        path = self._path()
        self.app.push_screen(PlayScreen(path), lambda node: self._open_at(path, node))

    def _open_at(self, path: Path, node: object) -> None:
        """Open the loom at the node that the reader was left at, if it was left for the loom."""
        if not isinstance(node, int):
            return
        try:
            open_at(self._loom, path, node)
        except Refusal as refusal:
            self.say(str(refusal), "warning")

    async def do_export(self, name: str) -> None:
        """Choose what of the story to write, and how; its weave at once to a file that is named."""
        path = self._path()
        if name:
            self.say(await exporting.export(path, name))
            return
        from storyloom.tui.screens.export import ExportScreen

        self.app.push_screen(ExportScreen(path))

    # Looking.

    def do_find(self, words: str) -> None:
        """Find words in all stories that are shown."""
        if not self._entries:
            raise Refusal("There is no story here that could be searched.")
        if not words.strip():
            self.ask("find in all stories", self._find)
            return
        self._find(words)

    def _find(self, words: str) -> None:
        from storyloom.tui.screens.found import FoundScreen

        if words.strip():
            stories = [entry.path for entry in self._entries]
            titles = {entry.path: facts.title for entry, facts in self._facts.items()}
            self.app.push_screen(FoundScreen(words.strip(), stories, titles))

    def do_sort(self, argument: str) -> None:
        """Sort by the next of last opened, title and size, or by the one that is named."""
        orders = library_rows.ORDERS
        wanted = argument.strip().lower()
        if wanted and wanted not in orders:
            raise Refusal(f"There is no order {one_line(wanted)!r}; there are {', '.join(orders)}.")
        self._order = wanted or orders[(orders.index(self._order) + 1) % len(orders)]
        # The list is looked at anew, from its top.
        self.query_one(Listing).selected = 0
        self._put_in_order(None)

    def do_archived(self, argument: str) -> None:
        """Show the archive, or the library again."""
        del argument
        self._in_archive = not self._in_archive
        self.query_one(Listing).selected = 0
        self._entries, self._read_entries, self._read_once = [], [], False
        self._show()
        self.on_screen_resume()

    def do_reload(self, argument: str) -> None:
        """Read the folder again."""
        del argument
        self._facts.clear()
        self._glimpses.clear()
        self.on_screen_resume()

    # Putting away, and taking out again.

    async def do_archive(self, argument: str) -> None:
        """Put the story away in the archive, or take it out again; no file is ever deleted."""
        del argument
        path, title, out = self._path(), self._title(), self._in_archive
        try:
            moved = await asyncio.to_thread(archive.take_out if out else archive.put_away, path)
        except Refusal:
            if not path.exists():
                self.on_screen_resume()
            raise
        self.on_screen_resume()
        renamed = f" as {one_line(moved.name)}" if moved.name != path.name else ""
        if out:
            self.say(f"{title} is in the library again{renamed}.")
        else:
            self.say(f"{title} is in the archive{renamed}; A shows it, and x there brings it back.")

    # Bringing in.

    def do_import(self, typed: str) -> None:
        """Bring in a story from a text, a Markdown or another story file."""
        if self._import is not None:
            raise Refusal(f"{one_line(self._import.path.name)} is being brought in; ^g stops it.")
        if not typed.strip():
            asked = "bring in a .md, .txt or .loom file"
            self.ask(asked, self._begin_import, complete=complete_path)
            return
        self._begin_import(typed)

    def _begin_import(self, typed: str) -> None:
        if not typed.strip():
            return
        path = typed_path(typed)
        if shelf.is_among(path, self._library):
            raise Refusal(f"{one_line(path.name)} is in this library already.")
        self._import = Import(path, self._library)
        self.run_worker(self._bring_in(self._import), exit_on_error=False, group="import")

    async def _bring_in(self, coming: Import) -> None:
        timer = self.set_interval(1 / _A_SECOND, lambda: self._show_import(coming))
        try:
            made = await coming.run()
        except Stopped:
            self._tell("It was stopped, and nothing of it is left.")
        except Refusal as refusal:
            self._tell(str(refusal), "warning")
        except Exception as error:
            self._tell(f"It was not brought in: {one_line(str(error))}", "warning")
        else:
            self._begun, self._in_archive = made.path, False
            if self.is_current:
                self.on_screen_resume()
            facts = await asyncio.to_thread(shelf.facts, made.path)
            self._tell(sentence(made, one_line(facts.title)))
        finally:
            timer.stop()
            self._import = None
            if self.is_attached:
                self.query_one(ProgressLine).hide()

    def _tell(self, said: str, severity: str = "information") -> None:
        """Say how an import ended, on whatever screen the author is by now."""
        if self.is_current or not self.is_attached:
            if self.is_attached:
                self.say(said, severity)
            return
        kind = "warning" if severity == "warning" else "information"
        self.app.notify(said, severity=kind, markup=False)

    def _show_import(self, coming: Import) -> None:
        what, done, whole = coming.told
        name = one_line(coming.path.name)
        self.query_one(ProgressLine).show(f"{what} {name}, ^g stops", done, whole)

    def do_stop(self, argument: str) -> None:
        """Stop bringing a story in."""
        del argument
        if self._import is not None:
            self._import.stop()

    async def do_quit(self, argument: str) -> None:
        """Leave Storyloom, or the archive for the library."""
        if self._in_archive:
            self.do_archived(argument)
            return
        await self._loom.leave()

    async def closing(self) -> None:
        """Stop what is being brought in; nothing of it is left."""
        self.do_stop("")

    def save_at_once(self) -> None:
        """Stop it when the terminal is going away, and let it clear up: the program ends then."""
        if self._import is not None:
            self._import.stop(_CLEARED_UP)

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.run_worker(self.do("open"), exit_on_error=False)

    @property
    def _loom(self) -> "Loom":
        return cast("Loom", self.app)
