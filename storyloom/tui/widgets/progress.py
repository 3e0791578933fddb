"""One line that says how far something has come, there only while it runs."""

from rich.cells import cell_len
from textual import events

from storyloom.text import one_line
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, LinePane

__all__ = ["ProgressLine", "bar"]


def bar(word: str, done: int, whole: int, width: int) -> Line:
    """Return a word, a bar and its part in percent; the word alone where `whole` is not known."""
    word = one_line(word)
    if whole <= 0:
        return ((left(f"{word} …", width), "text"),)
    done = max(0, min(done, whole))
    label, figure = left(word, min(cell_len(word), width // 2)), f"  {done * 100 // whole:3d}%"
    room = max(0, width - cell_len(label) - len(figure) - 2)
    full = done * room // whole
    return (
        (f"{label}  ", "text"),
        ("█" * full, "title"),
        ("·" * (room - full), "dim"),
        (figure, "text"),
    )


class ProgressLine(LinePane):
    """Hidden until `show`. What is the same as before costs nothing."""

    DEFAULT_CSS = """
    ProgressLine { display: none; height: 1; padding: 0 1; background: $panel; }
    ProgressLine.-running { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._state = ("", 0, 0)

    def show(self, word: str, done: int, whole: int) -> None:
        """Show how far it is."""
        self._state = (word, done, whole)
        self.set_class(True, "-running")
        self._draw()

    def hide(self) -> None:
        """Give the line back."""
        self.set_class(False, "-running")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._draw()

    def _draw(self) -> None:
        if self.size.width > 0:
            self.show_lines([bar(*self._state, self.size.width)])
