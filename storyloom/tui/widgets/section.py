"""One of the lists of a screen that has several: keys go through the one that is active."""

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from storyloom.tui.widgets.lines import Line, Part, edge
from storyloom.tui.widgets.listing import Listing

__all__ = ["Section"]


class Section(Listing):
    """A list under a line with its title and a note; only the active one marks its row."""

    class Entered(Message):
        """The author clicked into this list."""

        def __init__(self, section: "Section") -> None:
            super().__init__()
            self.section = section

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.active = False
        self._above: Callable[[int], Sequence[Line]] = lambda _: ()
        self._title: Part = ("", "title")
        self._note: Part = ("", "dim")

    def show_rows(
        self,
        count: int,
        row: Callable[[int, int], Line],
        title: str,
        note: str = "",
        *,
        above: Callable[[int], Sequence[Line]] | None = None,
        moved: Callable[[], object] | None = None,
    ) -> None:
        """Show at least one row; `above` makes the lines between the title and the rows."""
        self._title, self._note = (title, "title"), (note, "dim")
        self._above = above or self._above
        self.fill(count, row, head=self._headed, moved=moved)

    def activate(self, *, active: bool) -> None:
        """Let keys go through this list, or no more."""
        if self.active != active:
            self.active = active
            self.draw_again()

    def _headed(self, width: int) -> list[Line]:
        return [edge(self._title, self._note, width, active=self.active), *self._above(width)]

    def _shown(self, index: int, width: int) -> Line:
        if self.active:
            return super()._shown(index, width)
        return ((" ", ""), *self._row(index, width))

    def on_click(self, event: events.Click) -> None:
        """Make it the one that keys go through, before the row under the pointer is selected."""
        if not self.active:
            event.prevent_default()
            self.post_message(self.Entered(self))
