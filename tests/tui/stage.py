"""The application with one screen on it, for tests of that screen alone."""

import asyncio
import inspect
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from storyloom.models.client import Client
from storyloom.settings import Settings
from storyloom.tui.app import Loom

__all__ = ["SIZES", "Stage", "shown", "until"]

SIZES = ((80, 24), (120, 40))


class Stage(Loom):
    """Shows one screen and keeps what it is dismissed with; no worker is started."""

    CSS_PATH = Path(str(inspect.getfile(Loom))).with_name("loom.tcss")

    def __init__(
        self,
        screen: Screen[object],
        settings: Settings | None = None,
        client: Client | None = None,
    ) -> None:
        # Without a client, a models' process that ends at once: nothing is asked of it.
        client = client or Client(command=(sys.executable, "-c", ""))
        super().__init__(None, settings or Settings(), client)
        self._first = screen
        self.results: list[object] = []

    def get_default_screen(self) -> Screen[object]:
        """Put nothing below the screen that is tested."""
        return Screen()

    def on_mount(self, event: events.Mount) -> None:  # pyright: ignore
        event.prevent_default()
        self.push_screen(self._first, self.results.append)

    async def on_unmount(self) -> None:
        await self.client.close()


def shown(app: Loom) -> str:
    """Return the lines of the screen as they go to the terminal."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(pilot: Pilot[int], holds: Callable[[], bool], what: str = "it") -> None:
    """Wait until `holds()`; fail with the screen when it never does."""
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            screen = shown(pilot.app)  # pyright: ignore[reportArgumentType]
            raise AssertionError(f"waited in vain for {what}; the screen is\n{screen}")
        await asyncio.sleep(0.01)
        await pilot.pause()
