"""The panes of a book: a page in which the place that was searched for stands out, margins."""

from rich.style import Style
from textual.message import Message

from storyloom.tui.widgets.lines import LinePane

__all__ = ["HIT", "PLACE", "MarginPane", "PagePane"]

HIT = "selection"
"""The style of all places that have the words."""
PLACE = "selection place"
"""The style of the one that was gone to."""


class PagePane(LinePane):
    """Knows one style more than other panes: `place` is underlined, whatever the colours."""

    def _style(self, names: str) -> Style:
        if names not in self._styles and names.endswith(" place"):
            style = super()._style(names.removesuffix(" place")) + Style(underline=True)
            self._styles[names] = style
        return super()._style(names)


class MarginPane(LinePane):
    """Says when it has another size, which it learns of only after the screen was laid out."""

    class Resized(Message):
        """What the margin shows does not fit it any more."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())
