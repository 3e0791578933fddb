"""A text area that knows who wrote each character."""

from collections.abc import Callable
from typing import Self

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Document

from storyloom.story import origins
from storyloom.story.origins import HUMAN, PASTE, PASTE_LENGTH, Runs
from storyloom.text import clean

__all__ = ["Passage", "as_edited"]

_REMEMBERED = 5_000
"""Earlier texts whose origins are kept for undo to find again: more than it goes back."""


class Passage(TextArea):
    """A text area that knows who wrote each character, through every edit, undo and redo."""

    def __init__(self, text: str, runs: Runs) -> None:
        super().__init__(clean(text), id="passage", soft_wrap=True, show_line_numbers=False)
        self.cursor_blink = False
        self.runs = runs
        self.wants_key: Callable[[str], bool] = lambda _: False
        """Asked first for each key; what it takes does not reach the text."""
        self.ends: Callable[[str], bool] = lambda _: False
        """Whether a key ends the writing: what comes behind it in the same burst is no text."""
        self.ended = False
        """Whether such a key came and takes its way to the screen, as slowly as the line is."""
        self.when_pasted: Callable[[], None] = lambda: None
        """Called before the key behind a paste is looked at."""
        self.known_of: Callable[[str], Runs | None] = lambda _: None
        """Asked who wrote a text that is pasted; None where nobody knows."""
        self._known = self.text
        # An undo inside the editor comes back to a text seen before, with the runs it had then.
        self._seen: dict[tuple[int, int], Runs] = {}
        self._remember()
        self._pasting = False
        self._pasted: Runs = ()
        """Who wrote what is being pasted, where that is known."""
        self._drawn: dict[int, Strip] = {}
        """The lines as they were drawn last."""
        self._comparing = False

    @property
    def offset_of_cursor(self) -> int:
        """How many code points stand before the cursor."""
        return self.index_of(self.cursor_location)

    def index_of(self, location: tuple[int, int]) -> int:
        """Return how many code points stand before a line and column."""
        assert isinstance(self.document, Document)
        return self.document.get_index_from_location(location)

    def put(self, text: str, origin: str) -> None:
        """Put text of that origin in at the cursor, as a step that one undo takes back."""
        # What was typed just before is not this text's.
        self._attribute(HUMAN)
        at = self.offset_of_cursor
        text = as_edited(text)
        self.history.checkpoint()
        self.insert(text, self.cursor_location, maintain_selection_offset=False)
        self.history.checkpoint()
        self.runs = origins.spliced(self.runs, at, 0, origins.whole(text, origin))
        self._known = self.text
        self._remember()
        self.scroll_cursor_visible()

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Draw again; where nothing else is said, only the lines that look different now.

        A text area draws all of itself for every key, which a thin line would carry each time.
        """
        if regions or layout or recompose or not repaint or not getattr(self, "_drawn", None):
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if not self._comparing:
            self._comparing = True
            # After the edit that asked for it, of which half may still have to be done.
            self.call_next(self._refresh_changed)
        return self

    def _refresh_changed(self) -> None:
        self._comparing = False
        top = round(self.scroll_y)
        for y in range(self.size.height):
            if super().render_line(y) != self._drawn.get(y):
                self.refresh_lines(top + y)

    def render_line(self, y: int) -> Strip:
        """Draw one line; called by Textual."""
        strip = self._drawn[y] = super().render_line(y)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls the text area's own handler after this one, unless it is prevented.
        if self.ended or self.wants_key(event.key):
            event.stop()
            event.prevent_default()
        elif self.ends(event.key):
            self.ended = True
        # Textual looks for a box's own keys, such as Backspace, only after the box has been given
        # the letters that came behind them; here all keys are obeyed in their order.
        elif (own := self._bindings.key_to_bindings.get(event.key)) and await self.app.run_action(
            own[0].action, default_namespace=self
        ):
            event.stop()
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        # What Rich leaves out of a line would still be counted; and a vertical tab would break it.
        event.text = clean(event.text)
        # Textual calls the text area's own handler after this one; to call it here pastes twice.
        self._pasting = len(event.text) >= PASTE_LENGTH
        pasted = as_edited(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        self._pasted = self.known_of(pasted) or ()
        self.when_pasted()

    def on_text_area_changed(self) -> None:
        """Attribute what has just changed: one stretch deleted, one inserted."""
        self._attribute(PASTE if self._pasting else HUMAN)
        self._pasting, self._pasted = False, ()

    def _attribute(self, origin: str) -> None:
        new = self.text
        if new == self._known:
            return
        seen = self._seen.get(_mark(new))
        if seen is not None:
            self.runs = seen
        else:
            at, deleted, inserted = _difference(self._known, new)
            whose = origins.whole(new[at : at + inserted], origin)
            if self._pasted and sum(run.length for run in self._pasted) == inserted:
                whose = self._pasted
            self.runs = origins.spliced(self.runs, at, deleted, whose)
        self._known = new
        self._remember()

    def _remember(self) -> None:
        if len(self._seen) >= _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[_mark(self._known)] = self.runs


def _mark(text: str) -> tuple[int, int]:
    # Thousands of versions of a long passage would be a hundred megabytes.
    return len(text), hash(text)


def as_edited(text: str) -> str:
    """Return `text` as a text area gives it back untouched: with one kind of line end."""
    return clean(text).replace("\u2028", "\n").replace("\u2029", "\n")


def _difference(old: str, new: str) -> tuple[int, int, int]:
    """Return where two texts differ, how much of the old and how much of the new is between."""
    most = min(len(old), len(new))
    at = 0
    while at < most and old[at] == new[at]:
        at += 1
    end = 0
    while end < most - at and old[-1 - end] == new[-1 - end]:
        end += 1
    return at, len(old) - at - end, len(new) - at - end
