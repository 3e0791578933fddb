"""The loom's part that shows, on a very wide screen, what the next request would hold."""

import asyncio
from pathlib import Path

from textual.timer import Timer

from storyloom.generate.plan import of_model, settings_for, short
from storyloom.generate.request import known_facts, request_for
from storyloom.models import tokens
from storyloom.models.protocol import Facts
from storyloom.story import marks
from storyloom.text import Refusal
from storyloom.tui.screens.bench import Bench
from storyloom.tui.widgets.blocks import BlocksPane

__all__ = ["Inspecting"]

WIDEST = 140
"""Columns from which there is room for a fourth pane."""
_RESTS = 0.4
"""Seconds that the cursor rests before the request is put together: not at each step."""


class Inspecting(Bench):
    """The blocks that the plan's first model would be sent from the cursor."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._resting: Timer | None = None
        self.facts: dict[str, Facts] = {}
        """What is known of models since they were asked here, by their names."""

    def on_mount(self) -> None:
        """Nobody moves in this pane; `I` opens it whole."""
        # Textual calls this handler of every class by itself.
        self.query_one(BlocksPane).marked = False

    def redraw(self, *, changed: bool = False) -> None:
        """Show the panes for the cursor, and soon what is sent from there."""
        super().redraw(changed=changed)
        wide = self.app.size.width >= WIDEST
        self.set_class(wide, "-four")
        if wide:
            if self._resting is not None:
                self._resting.stop()
            self._resting = self.set_timer(_RESTS, self._inspect)

    async def _inspect(self) -> None:
        if self._shut:
            return
        pane, node = self.query_one(BlocksPane), self.cursor
        part = self.plan().parts[0]
        entry = self.settings.entry(part.model)
        pane.title = (f"{self.keys_of['context']} {short(entry.name)} is sent", "title")
        facts = known_facts(entry) or self.facts.get(entry.model)
        if facts is None:
            pane.show(f"{self.keys_of['context']} asks what {short(entry.name)} can hold.")
            return
        settings = of_model(settings_for(self.story, self.settings, node), part)
        why = marks.text_of(self.story, node, "why")
        try:
            made = await asyncio.to_thread(
                request_for, self.story, settings, node, entry, facts, why=why
            )
        except Refusal as refusal:
            made = refusal
        if node == self.cursor and not self._shut:
            pane.show(made, exact=tokens.exact(entry.model))
