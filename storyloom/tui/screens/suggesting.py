"""The editor's part that asks the models for ways on from the cursor and puts one in."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from textual import on
from textual.widgets import TextArea
from textual.worker import Worker

from storyloom.text import Refusal, one_line
from storyloom.tui.legend import code_of
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import KeyLine
from storyloom.tui.widgets.offers import OffersPane, Way
from storyloom.tui.widgets.passage import Passage

if TYPE_CHECKING:
    from storyloom.generate.suggestion import Asking

__all__ = ["Ask", "Suggesting"]

Ask: TypeAlias = "Callable[[str, str], Awaitable[Asking]]"
"""Makes the requests for ways on, from what stands before the cursor and what behind it."""

_FRAMES_A_SECOND = 6
_HINT = "Up Down choose, Enter or Tab takes one, Esc none; typing goes on without."


class Suggesting(CommandScreen):
    """Asking, choosing and taking. What is not taken is gone: it is stored nowhere."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._ways: Asking | None = None
        self._working: Worker[None] | None = None
        self._asked_at = (0, 0)
        self._news = False

    def model_role(self, model: str) -> str:
        """Return the style of a model's name."""
        del model
        return "text"

    def do_suggest(self, _: str) -> None:
        """Ask the plan's models for three short ways on from the cursor."""
        passage = self.query_one(Passage)
        self.stop_suggesting()
        text, at = passage.text, passage.offset_of_cursor
        self._asked_at = passage.cursor_location
        self.query_one(OffersPane).open("Getting the models ready …")
        passage.wants_key = self._wants
        self.say(_HINT)
        self.call_after_refresh(passage.scroll_cursor_visible)
        self._working = self.run_worker(
            self._offer(self._ask, text[:at], text[at:]), exit_on_error=False, group="ways"
        )

    def stop_suggesting(self) -> None:
        """Stop what is being written for the list, and close it."""
        if self._working is not None:
            self._working.cancel()
        self._working = self._ways = None
        self.query_one(Passage).wants_key = lambda _: False
        pane = self.query_one(OffersPane)
        if pane.is_open:
            pane.close()
            self.query_one("#keys", KeyLine).forget()

    async def _offer(self, ask: Ask, before: str, after: str) -> None:
        try:
            ways = await ask(before, after)
        except Refusal as refusal:
            self.stop_suggesting()
            self.say(str(refusal), "warning")
            return
        self._ways = ways
        self._show_ways()
        painter = self.set_interval(1 / _FRAMES_A_SECOND, self._paint)
        try:
            await ways.run(self._heard)
        finally:
            painter.stop()
        self._show_ways()

    def _heard(self) -> None:
        self._news = True

    def _paint(self) -> None:
        if self._news:
            self._show_ways()

    def _show_ways(self) -> None:
        ways = self._ways
        if ways is None:
            return
        self._news = False
        names = dict.fromkeys(offer.entry.name for offer in ways.offers)
        note = f"from {', '.join(one_line(name).rsplit('/', 1)[-1] for name in names)}"
        note += "; stored only when taken"
        if ways.cost:
            note += f"; ${ways.cost:.4f}"
        shown = [
            Way(
                offer.text,
                code_of(offer.entry.name),
                self.model_role(offer.entry.name),
                offer.running,
                offer.say,
            )
            for offer in ways.offers
        ]
        self.query_one(OffersPane).show(shown, note)

    def _wants(self, key: str) -> bool:
        """Take the keys that are for the list while it is there; any other one closes it."""
        pane = self.query_one(OffersPane)
        match key:
            case "up" | "down":
                pane.move(1 if key == "down" else -1)
            case "enter" | "tab":
                self._take(pane.selected)
            case "escape" | "ctrl+g":
                self.stop_suggesting()
            case _:
                self.stop_suggesting()
                return False
        return True

    def _take(self, index: int) -> None:
        ways = self._ways
        offer = ways.offers[index] if ways is not None and index < len(ways.offers) else None
        text = ways.settled(offer) if ways is not None and offer is not None else ""
        if offer is None or not text.strip():
            waits = offer is None or offer.running
            self.say("It is not here yet." if waits else "There is nothing in it to take.")
            return
        self.stop_suggesting()
        self.query_one(Passage).put(text, offer.origin)
        self.say(f"Taken, as {one_line(offer.entry.name)}'s words; ^z takes it back.")

    @on(TextArea.SelectionChanged)
    def _see_cursor(self, event: TextArea.SelectionChanged) -> None:
        """Close the list when the cursor has gone from where it was asked for, as by a click."""
        if self.query_one(OffersPane).is_open and event.selection.end != self._asked_at:
            self.stop_suggesting()

    def on_paste(self) -> None:
        """A paste is typing too."""
        self.stop_suggesting()
        super().on_paste()
