"""A label and the box that it is of, on one row; the label says where the focus is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import LinePane

__all__ = ["FieldRow"]

_LABEL = 16


class FieldRow(Horizontal):
    """The box keeps its own id; `refused` puts a mark before the label."""

    DEFAULT_CSS = """
    FieldRow { height: 1; width: 1fr; }
    FieldRow > .label { width: 16; height: 1; }
    """

    def __init__(self, label: str, box: Widget, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.box = box
        self._label, self._pane = label, LinePane(classes="label")
        self._refused = False

    def compose(self) -> ComposeResult:
        yield self._pane
        yield self.box

    def on_mount(self) -> None:
        self._draw()

    def on_descendant_focus(self) -> None:
        self._draw()

    def on_descendant_blur(self) -> None:
        self._draw()

    @property
    def refused(self) -> bool:
        """Whether what stands in the box could not be taken."""
        return self._refused

    @refused.setter
    def refused(self, refused: bool) -> None:
        self._refused = refused
        self._draw()

    def _draw(self) -> None:
        focus = self.box.has_focus
        mark = "!" if self._refused else ">" if focus else " "
        style = "warning" if self._refused else "title" if focus else "dim"
        self._pane.show_lines([((mark, style), (left(self._label, _LABEL - 1), style))])
