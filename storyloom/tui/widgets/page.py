"""The page of a book: a pane of lines in which the place that was searched for stands out."""

from rich.style import Style

from storyloom.tui.widgets.lines import LinePane

__all__ = ["HIT", "PLACE", "PagePane"]

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
