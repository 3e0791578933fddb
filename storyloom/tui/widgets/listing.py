"""A list of any length of which only the rows on the screen are ever made."""

from collections.abc import Callable

from textual import events
from textual.message import Message

from storyloom.tui.widgets.lines import Line, LinePane

__all__ = ["Listing"]


class Listing(LinePane):
    """Rows of which one is selected, below a head that stays; a row is made when it is drawn."""

    class Picked(Message):
        """The author clicked on the row that was selected already."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.selected = 0
        """Index of the selected row."""
        self.count = 0
        """How many rows there are."""
        self._head: Callable[[int], list[Line]] = lambda _: []
        self._row: Callable[[int, int], Line] = lambda _, __: ()
        self._empty: list[Line] = []
        self._top = 0
        self._moved: Callable[[], object] = lambda: None

    def fill(
        self,
        count: int,
        row: Callable[[int, int], Line],
        *,
        head: Callable[[int], list[Line]] | None = None,
        empty: list[Line] | None = None,
        moved: Callable[[], object] | None = None,
    ) -> None:
        """Show `count` rows. `row(index, width)` makes one, `head(width)` the lines above them,
        `empty` stands where there are no rows, and `moved` is called after each move.
        """
        self.count, self._row = count, row
        self._head = head or self._head
        self._moved = moved or self._moved
        self._empty = empty if empty is not None else self._empty
        self.selected = max(0, min(self.selected, count - 1))
        self.draw_again()

    def select(self, index: int) -> None:
        """Select a row, the nearest there is."""
        index = max(0, min(index, self.count - 1))
        if index != self.selected:
            self.selected = index
            self.draw_again()
            self._moved()

    def move(self, rows: int) -> None:
        """Select the row that many below."""
        self.select(self.selected + rows)

    @property
    def in_sight(self) -> range:
        """The rows that are on the screen."""
        room = self.size.height - len(self._head(self.size.width))
        return range(self._top, min(self.count, self._top + max(1, room)))

    @property
    def page(self) -> int:
        """How many rows a page is."""
        return max(1, self.size.height - len(self._head(self.size.width)) - 1)

    def on_resize(self) -> None:
        self.draw_again()

    def draw_again(self) -> None:
        """Make the rows on the screen anew; those that come out the same cost nothing more."""
        width, height = self.size.width, self.size.height
        if width <= 0 or height <= 0:
            return
        head = self._head(width) if self.count else []
        room = max(1, height - len(head))
        if not self._top <= self.selected < self._top + room:
            below = self.selected >= self._top + room
            self._top = self.selected - room + 1 if below else self.selected
        self._top = max(0, min(self._top, self.count - room))
        rows = [
            self._shown(index, width)
            for index in range(self._top, min(self.count, self._top + room))
        ]
        self.show_lines([*head, *rows] if self.count else self._empty)

    def _shown(self, index: int, width: int) -> Line:
        line = self._row(index, width)
        if index != self.selected:
            return ((" ", ""), *line)
        return ((">", "title selection"), *((text, f"{names} selection") for text, names in line))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-1)

    def on_click(self, event: events.Click) -> None:
        """Select the row under the pointer; a click on the selected one picks it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        index = self._top + at.y - len(self._head(self.size.width))
        if not 0 <= index < self.count or index < self._top:
            return
        if index == self.selected:
            self.post_message(self.Picked())
        else:
            self.select(index)
