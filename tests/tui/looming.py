"""A hand on the loom for its tests: it opens a story, presses keys, and reads what is there."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from storyloom.models.client import Client
from storyloom.settings import Settings
from storyloom.story import reading
from storyloom.story.reading import Card
from storyloom.story.story import Story
from storyloom.tui.app import Loom
from storyloom.tui.screens.loom import LoomScreen
from tests.tui.stage import shown

__all__ = ["Hand", "at_the_loom", "state"]

_PATIENCE = 30.0


class Hand:
    """Presses keys on an open loom and waits until they have had their effect."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        app = pilot.app
        assert isinstance(app, Loom)
        self.app = app
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        self.loom = loom

    @property
    def story(self) -> Story:
        """The open story."""
        return self.loom.story

    @property
    def cursor(self) -> int:
        """The node the cursor is on."""
        return self.loom.cursor

    @property
    def card(self) -> Card:
        """What is known of the cursor's node."""
        return reading.cards(self.story, [self.cursor])[0]

    @property
    def text(self) -> str:
        """The text of the cursor's node."""
        return self.text_of(self.cursor)

    @property
    def screen(self) -> str:
        """All lines as they are on the screen."""
        return shown(self.app)

    @property
    def foot(self) -> str:
        """The last lines of the screen, where sentences, keys and questions stand, as one."""
        return " ".join(" ".join(line.split()) for line in self.screen.splitlines()[-3:])

    def text_of(self, node: int) -> str:
        """Return a node's text."""
        return reading.pieces(self.story, [node])[0].text

    def runs_of(self, node: int) -> list[tuple[str, int]]:
        """Return who wrote a node's text: origins and lengths."""
        return [(run.origin, run.length) for run in reading.pieces(self.story, [node])[0].runs]

    def kids(self, node: int) -> list[int]:
        """Return a node's children that are not pruned."""
        return reading.children(self.story, node)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before is done with."""
        for key in keys:
            await self.pilot.press(key)

    async def types(self, text: str) -> None:
        """Type text into whatever has the focus."""
        names = {" ": "space", "\n": "enter"}
        await self.pilot.press(*(names.get(character, character) for character in text))

    async def answers(self, text: str) -> None:
        """Put text on the line that is asked for, in place of what stands there, and enter it."""
        line = self.app.screen.query_one(Input)
        assert line.has_focus, self.foot
        line.value = text
        await self.press("enter")

    async def command(self, line: str) -> None:
        """Enter a `:` line."""
        await self.press("colon")
        await self.answers(line)

    async def goes(self, node: int) -> None:
        """Go to a node by its number."""
        await self.command(f"go n{node}")
        assert self.cursor == node, self.foot

    async def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Wait until `holds()`; fail with the screen when it never does."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the screen is\n{self.screen}")
            await asyncio.sleep(0.01)
            await self.pilot.pause()

    async def shows(self, *words: str) -> None:
        """Wait until all those words are on the screen."""
        await self.until(lambda: all(word in self.screen for word in words), repr(words))


@contextlib.asynccontextmanager
async def at_the_loom(
    path: Path,
    size: tuple[int, int] = (80, 24),
    settings: Settings | None = None,
    client: Client | None = None,
) -> AsyncIterator[Hand]:
    """Open a story on the loom; at the end it is left as an author leaves it.

    Without a client the models' process is one that ends at once: nothing is asked of it.
    """
    client = client or Client(command=(sys.executable, "-c", ""))
    app = Loom(path, settings or Settings(), client)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        hand = Hand(pilot)
        await hand.until(lambda: bool(hand.loom.cursor and hand.loom._cards), "the first frame")
        try:
            yield hand
        finally:
            for screen in reversed(app.screen_stack):
                closing = getattr(screen, "closing", None)
                if closing is not None:
                    await closing()


def state(story: Story) -> dict[str, Any]:
    """Return all that an author sees of a story, to be compared: tree, texts, origins, marks."""
    nodes = {
        node: (parent, order, flags, text, json.loads(runs))
        for node, parent, order, flags, text, runs in story.read.execute(
            "SELECT node.id, parent, ord, flags, text, runs FROM node "
            "JOIN rev ON rev.id = node.rev WHERE NOT flags & 2"
        )
    }
    marks = {
        (owner, key): value
        for owner, key, value in story.read.execute("SELECT owner, key, value FROM attr")
        if owner == 0 or owner in nodes
    }
    return {"nodes": nodes, "marks": marks}
