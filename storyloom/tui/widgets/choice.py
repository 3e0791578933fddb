"""A box with one of a few words, which Space and the arrows change."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from storyloom.tui.widgets.lines import LinePane

__all__ = ["Choice"]


class Choice(LinePane, can_focus=True):
    """Space and Right go on to the next word, Left to the one before; a letter to one of its own.

    The focus is told by the arrows beside the word, not by colour alone.
    """

    DEFAULT_CSS = "Choice { height: 1; width: 1fr; }"

    class Changed(Message):
        """Another word stands there."""

    def __init__(self, words: Sequence[str], chosen: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        # A word from elsewhere that is none of them stays until the author chooses another.
        self._words = [*words] if chosen in words else [chosen, *words]
        self._at = self._words.index(chosen)
        self._here = False

    @property
    def value(self) -> str:
        """The word that stands there."""
        return self._words[self._at]

    @value.setter
    def value(self, word: str) -> None:
        if word not in self._words:
            self._words.insert(0, word)
        self._go(self._words.index(word))

    def on_mount(self) -> None:
        self._draw()

    def on_focus(self) -> None:
        # Before Textual itself notes it.
        self._here = True
        self._draw()

    def on_blur(self) -> None:
        self._here = False
        self._draw()

    def on_click(self) -> None:
        self._go((self._at + 1) % len(self._words))

    def on_key(self, event: events.Key) -> None:
        """Choose; a key that means nothing here goes on to the screen."""
        steps = {"space": 1, "right": 1, "left": -1}
        if event.key in steps:
            at = (self._at + steps[event.key]) % len(self._words)
        else:
            letter = (event.character or "").lower()
            turns = [*range(self._at + 1, len(self._words)), *range(self._at + 1)]
            own = [at for at in turns if letter and self._words[at].startswith(letter)]
            if not own:
                return
            at = own[0]
        event.stop()
        event.prevent_default()
        self._go(at)

    def _go(self, at: int) -> None:
        if at == self._at:
            return
        self._at = at
        self._draw()
        self.post_message(self.Changed())

    def _draw(self) -> None:
        before, behind = ("< ", " >") if self._here else ("  ", "  ")
        style = "title" if self._here else "text"
        self.show_lines([((before, style), (self.value, style), (behind, style))])
