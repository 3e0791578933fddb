"""A titled pane with more lines than it may have room for, moved through line by line."""

from collections.abc import Callable

from textual import events

from storyloom.tui.widgets.lines import Line, TitledPane

__all__ = ["ScrolledPane"]


class ScrolledPane(TitledPane):
    """Its lines are made for its width, anew for each one it gets."""

    def __init__(self, *, id: str | None = None, title: str = "") -> None:  # noqa: A002
        super().__init__(id=id, title=title)
        self._make: Callable[[int], list[Line]] = lambda _: []
        self._top = 0

    def fill(self, make: Callable[[int], list[Line]]) -> None:
        """Show the lines that `make(width)` returns.

        It stays where it was moved to; `to_top` begins again.
        """
        self._make = make
        self.draw_again()

    def to_top(self) -> None:
        """Show the first lines from the next time on."""
        self._top = 0

    def move(self, rows: int) -> None:
        """Move that many lines on, as far as there are lines."""
        self._top += rows
        self.draw_again()

    @property
    def page(self) -> int:
        """How many lines a page is; one stays, to find the place by."""
        return max(1, self.room.height - 1)

    def draw_again(self) -> None:
        """Make the lines anew; those that come out the same cost nothing more."""
        width, height = self.room
        if width <= 0 or height <= 0:
            return
        lines = self._make(width)
        self._top = max(0, min(self._top, len(lines) - height))
        shown = lines[self._top : self._top + height]
        where = f"{self._top + 1}-{self._top + len(shown)} of {len(lines)}"
        self.note = (where if len(lines) > height else "", "dim")
        self.show_inside(shown)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.draw_again()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)
