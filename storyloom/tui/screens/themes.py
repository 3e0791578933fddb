"""The colour themes, each shown on the whole screen while the cursor is on it."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom import configuring
from storyloom.text import Refusal
from storyloom.tui import theme_sample
from storyloom.tui.commands import THEMES
from storyloom.tui.keys import bindings
from storyloom.tui.screens.listed import Listed
from storyloom.tui.themes import LoomTheme
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["ThemesScreen"]


class ThemesScreen(Listed):
    """Lists the themes beside a bit of a story. It is dismissed with a sentence about the theme
    that was kept and its severity, or None where nothing was.
    """

    TABLE = THEMES
    BINDINGS: ClassVar = bindings(THEMES)
    DEFAULT_CSS = """
    ThemesScreen #chooser { height: 1fr; }
    ThemesScreen #themes { width: 24; height: 100%; }
    ThemesScreen #sample { width: 1fr; height: 100%; padding: 0 0 0 2; }
    ThemesScreen.-wide #themes { width: 30; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._before = ""
        self._themes: list[LoomTheme] = []

    @property
    def loom(self) -> "Loom":
        """The application."""
        return cast("Loom", self.app)

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="chooser"):
            yield Listing(id="themes")
            yield LinePane(id="sample")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Read the themes' files once more: an author at work on one sees what came of it."""
        self._before = self.loom.theme
        refused = self.loom.load_themes()
        self._themes = sorted(
            self.loom.loom_themes.values(), key=lambda theme: theme.title.casefold()
        )
        names = [theme.name for theme in self._themes]
        listing = self.query_one(Listing)
        # Selected before it is shown, as a move would change the theme.
        listing.selected = names.index(self._before) if self._before in names else 0
        listing.fill(len(names), self._row, head=_head, moved=self._look)
        self._look()
        if refused:
            self.say(refused[0], "warning")
        elif not self.loom.has_colours:
            self.say(
                "There are no colours here: NO_COLOR is set, or the terminal has none.", "warning"
            )

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show_sample)

    @property
    def selected(self) -> LoomTheme:
        """The theme under the cursor."""
        return self._themes[self.query_one(Listing).selected]

    def _row(self, index: int, width: int) -> Line:
        theme = self._themes[index]
        kept = theme.name == self._before
        room = width - 2 - (7 if kept else 0)
        row: Line = ((f" {left(theme.title, room)}", "text"),)
        return (*row, (" in use", "dim")) if kept else row

    def _look(self) -> None:
        theme = self.selected
        self.loom.use_theme(theme.name)
        kind = "16 colours" if theme.native else "dark" if theme.dark else "light"
        self.query_one("#header", Header).show(
            (("themes", "title"), (theme.name, "text"), (theme.about, "dim")), ((kind, "dim"),)
        )
        self._show_sample()

    def _show_sample(self) -> None:
        pane = self.query_one("#sample", LinePane)
        pane.show_lines(theme_sample.lines(pane.size.width, pane.size.height))

    async def do_accept(self, _: str) -> None:
        """Keep this theme, for later sessions too."""
        theme = self.selected
        try:
            await asyncio.to_thread(configuring.set_theme, theme.name)
        except Refusal as refusal:
            said = f"{theme.title} until you leave; it could not be kept. {refusal}", "warning"
        else:
            self.loom.settings = replace(self.loom.settings, theme=theme.name)
            said = f"{theme.title} is the theme from now on.", "information"
        self.dismiss(said)

    async def on_listing_picked(self, event: Listing.Picked) -> None:
        """Keep the theme that was clicked on twice."""
        event.stop()
        await self.do("accept")

    def do_back(self, _: str) -> None:
        """Go back to the theme that there was."""
        if self._before in self.loom.loom_themes:
            self.loom.use_theme(self._before)
        self.dismiss(None)


def _head(width: int) -> list[Line]:
    return [((left(" themes", width), "title bar"),)]
