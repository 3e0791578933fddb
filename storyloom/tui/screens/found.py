"""The places that a search over all stories of a library has found."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from textual import events
from textual.app import ComposeResult

from storyloom.story import across, shelf
from storyloom.story.across import Excerpt
from storyloom.text import Refusal, grouped, one_line
from storyloom.tui.commands import FOUND
from storyloom.tui.found_rows import around, head, row
from storyloom.tui.keys import bindings
from storyloom.tui.landing import open_at
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["FoundScreen", "Spot"]

_GLANCE_SECONDS = 0.1
"""How long stories are searched until what was found is shown."""
_IN_ONE = 50
"""Places that are listed of one story; its loom finds the others."""
_MOST = 5_000
"""Places after which a search ends."""


class Spot(NamedTuple):
    """One place that was found."""

    path: Path
    title: str
    node: int
    """0 for what is said of the story itself."""
    where: str
    """As `search.Hit` has it; `more` for a story that has more places than are listed."""
    pruned: bool
    excerpt: Excerpt


class FoundScreen(Listed):
    """Lists stories whose titles have the words, then the places in texts, as they are found."""

    TABLE = FOUND
    BINDINGS: ClassVar = bindings(FOUND)
    DEFAULT_CSS = """
    FoundScreen #places { height: 1fr; padding: 1 1 0 1; }
    FoundScreen #around { height: 6; border-title-color: $loom-dim; }
    """

    def __init__(self, phrase: str, stories: Sequence[Path], titles: Mapping[Path, str]) -> None:
        """`titles` are those of the stories that have been looked into already."""
        super().__init__()
        self._phrase = phrase
        self._stories = list(stories)
        self._titles = dict(titles)
        self._spots: list[Spot] = []
        self._refused: list[str] = []
        self._searched = 0
        self._state = ""
        """How the search ended, or nothing yet."""
        self._halt = threading.Event()

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Listing(id="places")
        yield LinePane(id="around", classes="pane")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#around").border_title = "around it"
        self.query_one(Listing).fill(0, self._line, head=head, moved=self._show_around)
        self._begin()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    # The search.

    def _begin(self) -> None:
        self._halt.set()
        self._halt = threading.Event()
        self._spots, self._refused, self._searched, self._state = [], [], 0, ""
        self.run_worker(
            self._search(self._halt), exclusive=True, exit_on_error=False, group="search"
        )

    async def _search(self, halt: threading.Event) -> None:
        """Look through the titles of all stories, then through their texts."""
        self.call_after_refresh(self._show)
        for look in (self._in_titles, self._in_texts):
            waiting = deque(self._stories)
            self._searched = 0
            while waiting and not halt.is_set() and len(self._spots) < _MOST:
                found, count = await asyncio.to_thread(look, list(waiting), halt)
                if halt is not self._halt:
                    return
                for _ in range(count):
                    waiting.popleft()
                self._searched += count
                self._spots += found
                self._show()
        if not self._state:
            self._state = "stopped" if halt.is_set() else "done"
        self._show()
        if self._refused:
            more = len(self._refused) - 1
            self.say(self._refused[0] + (f" And {more} more." if more else ""), "warning")

    def _in_titles(self, stories: list[Path], halt: threading.Event) -> tuple[list[Spot], int]:
        """Return the stories among the first of these whose titles have the words, and how many
        were looked at in a moment. Called in a thread, as is `_in_texts`.
        """
        found: list[Spot] = []
        end = time.monotonic() + _GLANCE_SECONDS
        for number, path in enumerate(stories, 1):
            if path not in self._titles:
                self._titles[path] = shelf.facts(path).title
            title = self._titles[path]
            if across.in_title(title, self._phrase):
                found.append(Spot(path, title, 0, "title", pruned=False, excerpt=()))
            if halt.is_set() or time.monotonic() > end:
                return found, number
        return found, len(stories)

    def _in_texts(self, stories: list[Path], halt: threading.Event) -> tuple[list[Spot], int]:
        found: list[Spot] = []
        end = time.monotonic() + _GLANCE_SECONDS
        for number, path in enumerate(stories, 1):
            title = self._titles.get(path, path.stem)
            try:
                places, more = across.places(path, self._phrase, _IN_ONE)
            except Refusal as refusal:
                places, more = [], False
                self._refused.append(str(refusal))
            found += [Spot(path, title, *place) for place in places]
            if more:
                found.append(Spot(path, title, 0, "more", pruned=False, excerpt=()))
            if halt.is_set() or time.monotonic() > end:
                return found, number
        return found, len(stories)

    # What is on the screen.

    def _show(self) -> None:
        # The author may have left while a story was searched.
        if not self.is_attached:
            return
        self.query_one(Listing).fill(
            len(self._spots), self._line, empty=self._nothing() if self._state else []
        )
        self._show_header()
        self._show_around()

    def _show_header(self) -> None:
        places = sum(spot.where != "more" for spot in self._spots)
        stories = len({spot.path for spot in self._spots})
        figures = f"{_many(places, 'place')} in {_many(stories, 'story', 'stories')}"
        if self._state == "stopped":
            figures += ", stopped"
        elif not self._state:
            figures += f", {grouped(self._searched)} of {grouped(len(self._stories))} searched"
        elif len(self._spots) >= _MOST:
            figures += " and more"
        self.query_one("#header", Header).show(
            (("find", "title"), (one_line(self._phrase), "text")), ((figures, "dim"),)
        )

    def _nothing(self) -> list[Line]:
        where = _many(len(self._stories), "story", "stories")
        said = f"Nothing in {where} has all these words." if self._state == "done" else "Stopped."
        return [(("  " + said, "title"),), (), (("  / finds other words.", "dim"),)]

    def _line(self, index: int, width: int) -> Line:
        spot = self._spots[index]
        known = index > 0 and self._spots[index - 1].path == spot.path
        return row(spot.title, spot.node, spot.where, spot.excerpt, width,
                   pruned=spot.pruned, again=known)  # fmt: skip

    def _show_around(self) -> None:
        pane = self.query_one("#around", LinePane)
        spot = self._spots[self.query_one(Listing).selected] if self._spots else None
        if spot is None:
            pane.show_lines([])
            return
        pane.show_lines(
            around(spot.title, spot.node, spot.where, spot.excerpt, pane.size.width,
                   pane.size.height, pruned=spot.pruned)
        )  # fmt: skip

    # Commands.

    def do_first(self, argument: str) -> None:
        """Go to the first place."""
        del argument
        self.query_one(Listing).select(0)

    def do_last(self, argument: str) -> None:
        """Go to the last place so far."""
        del argument
        self.query_one(Listing).select(len(self._spots) - 1)

    def do_open(self, argument: str) -> None:
        """Open the loom of the story at the place; leaving it comes back here."""
        del argument
        if not self._spots:
            raise Refusal("Nothing is found yet; / finds other words.")
        spot = self._spots[self.query_one(Listing).selected]
        open_at(cast("Loom", self.app), spot.path, spot.node)

    def do_find(self, words: str) -> None:
        """Find other words."""
        if not words.strip():
            self.ask("find in all stories", self._find, begun=self._phrase)
            return
        self._find(words)

    def _find(self, words: str) -> None:
        if words.strip():
            self._phrase = words.strip()
            self.query_one(Listing).selected = 0
            self._begin()

    def do_stop(self, argument: str) -> None:
        """Stop the search; what was found stays. When it is over, go back."""
        del argument
        if self._state:
            self.dismiss(None)
            return
        self._halt.set()
        self._state = "stopped"
        self._show()

    def do_back(self, argument: str) -> None:
        """Back to the library."""
        del argument
        self._halt.set()
        self.dismiss(None)

    async def closing(self) -> None:
        """End the search."""
        self._halt.set()

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.run_worker(self.do("open"), exit_on_error=False)


def _many(count: int, one: str, several: str = "") -> str:
    return f"{grouped(count)} {one if count == 1 else several or one + 's'}"
