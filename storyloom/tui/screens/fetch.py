"""Asks whether the embedded model's weights may be fetched, and fetches them."""

import asyncio
import threading
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from storyloom import paths
from storyloom.models import weights
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import FETCH
from storyloom.tui.keys import bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import paragraph
from storyloom.tui.widgets.lines import Line, LinePane

__all__ = ["FetchScreen"]

_MEASURE = 66
_ABOUT = "It runs on this machine, needs no key, and writes rough drafts."
_A_SECOND = 4
"""Draws of the progress line; more of them would only cost a thin line its bytes."""


class _StoppedByAuthor(Exception):
    """Ends a fetch from inside its progress call."""


class FetchScreen(CommandScreen):
    """Dismissed with True when the weights are here and the author goes on, else False."""

    TABLE = FETCH
    BINDINGS: ClassVar = bindings(FETCH)
    CSS = """
    FetchScreen { align: center middle; }
    FetchScreen #box { height: 14; width: 100%; max-width: 72; padding: 1 2; }
    FetchScreen #header { dock: top; }
    FetchScreen #keys, FetchScreen #prompt { dock: bottom; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._done, self._total = 0, None
        self._fetching = False
        self._here = False
        self._failure = ""
        self._stop = threading.Event()
        self._leaving = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="box", classes="pane")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one("#box").border_title = "the embedded model"
        self.query_one("#header", Header).show((("fetch", "title"), ("local/smollm2", "dim")))
        self.call_after_refresh(self._draw)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        pane = self.query_one("#box", LinePane)
        width = min(_MEASURE, pane.size.width)
        lines: list[Line]
        if self._here:
            lines = [
                (("It is here, and its hash is right.", "fresh"),),
                (),
                *paragraph(f"It lies in {paths.shown(paths.models_dir())}.", width, "dim"),
                (),
                (("Enter goes on.", "title"),),
            ]
        elif self._fetching:
            lines = [
                (("Fetching; the hash is checked at the end." if not self._stop.is_set() else
                  "Stopping …", "text"),),
                (),
                self._bar(width),
                (),
                (("q stops it, and leaves nothing behind.", "dim"),),
            ]  # fmt: skip
        elif self._failure:
            lines = [
                (("It was not fetched.", "fresh"),),
                (),
                *paragraph(self._failure, width, "warning", most=6),
                (),
                (("Enter tries again, q goes back.", "title"),),
            ]
        else:
            lines = [
                (("The embedded model is not here yet.", "fresh"),),
                (),
                *paragraph(weights.describe(), width, most=4),
                (),
                *paragraph(_ABOUT, width, "dim"),
                (),
                (("Enter fetches it, q goes back.", "title"),),
            ]
        pane.show_lines(lines)

    def _bar(self, width: int) -> Line:
        done, total = self._done, self._total
        figures = f"{done / 1e6:.0f} MB"
        if not total:
            return ((figures, "text"),)
        figures = f"  {done / 1e6:.0f} of {total / 1e6:.0f} MB  {done * 100 // total:3d}%"
        room = max(0, width - len(figures))
        full = min(room, done * room // total)
        on, off = ("#", ".") if self._plain else ("━", "─")
        return ((on * full, "title"), (off * (room - full), "dim"), (figures, "text"))

    @property
    def _plain(self) -> bool:
        return bool(getattr(getattr(self.app, "settings", None), "ascii", False))

    def do_fetch(self, argument: str) -> None:
        """Fetch the weights; once they are here, go on."""
        del argument
        if self._here:
            self.dismiss(True)
        elif not self._fetching:
            self._fetching, self._failure = True, ""
            self._stop.clear()
            self._draw()
            self.run_worker(self._fetch(), exit_on_error=False, group="fetch")

    async def _fetch(self) -> None:
        timer = self.set_interval(1 / _A_SECOND, self._draw)
        try:
            await asyncio.to_thread(weights.fetch, self._progress)
            self._here = True
        except _StoppedByAuthor:
            pass
        except Refusal as refusal:
            self._failure = str(refusal)
        except Exception as error:
            self._failure = f"It could not be fetched: {one_line(str(error))}"
        timer.stop()
        self._fetching = False
        if self._leaving:
            self.dismiss(False)
        else:
            self._draw()

    def _progress(self, done: int, total: int | None) -> None:
        # Called in the fetching thread; what it raises ends the fetch and removes what there was.
        if self._stop.is_set():
            raise _StoppedByAuthor
        self._done, self._total = done, total

    def do_back(self, argument: str) -> None:
        """Go back; a fetch that runs is stopped first."""
        del argument
        if self._fetching:
            self._leaving = True
            self._stop.set()
            self._draw()
        else:
            self.dismiss(False)

    async def closing(self) -> None:
        """Stop a fetch that runs."""
        self._stop.set()
