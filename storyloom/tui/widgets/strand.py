"""The story so far, and under it the branch the cursor is on, as one text."""

from collections.abc import Sequence

from storyloom.story.reading import Piece
from storyloom.tui.widgets.lines import Line, LinePane, Part, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["MEASURE", "StrandPane"]

MEASURE = 68
"""The widest line of prose, in cells; longer ones lose the reader on the way back."""
_GUTTER = 2


class StrandPane(LinePane):
    """Shows the end of a strand. Lines of the branch under the cursor have a bar beside them."""

    BORDER_TITLE = "strand"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._pieces: Sequence[Piece] = ()
        self._node = 0
        self._role = "text"
        self._growing = False
        self._wrapped: list[tuple[Line, bool]] = []
        self._below = 0
        """Wrapped lines that are below the last line drawn."""
        self.complete = False
        """Whether the pieces begin at the root."""

    @property
    def wanted(self) -> int:
        """Code points of text that fill the pane as it is scrolled, and some more."""
        return max(1, self.size.height + max(self._below, 0)) * MEASURE + 2_000

    def show(
        self, pieces: Sequence[Piece], role: str, *, complete: bool, growing: bool = False
    ) -> None:
        """Show these pieces, of which the last is the branch under the cursor."""
        node = pieces[-1].node if pieces else 0
        moved = node != self._node
        self._pieces, self._node, self._role = pieces, node, role
        self._growing = growing
        self.complete = complete
        self._wrap()
        height = self.size.height
        start = next((at for at, (_, own) in enumerate(self._wrapped) if own), len(self._wrapped))
        own = len(self._wrapped) - start
        if moved:
            # A branch that fits is read together with what leads to it; a longer one, or one
            # still being written, from its beginning.
            room = height // 3 if growing else 2
            self._below = max(0, own - height + room)
            if growing:
                self._below = own - height + room
        elif growing and self._below > 0:
            # Half a page at once: a line at a time would draw the whole pane for each.
            self._below = -(height // 2)
        self._draw()

    def scroll_by(self, lines: int) -> bool:
        """Move the view down by that many lines; false when it needs more text above."""
        most = max(0, len(self._wrapped) - self.size.height)
        below = self._below - lines
        self._below = max(min(below, most), 0)
        self._draw()
        return below <= most or self.complete

    def on_resize(self) -> None:
        self._wrap()
        self._draw()

    def _wrap(self) -> None:
        width = min(MEASURE, self.size.width - _GUTTER)
        before = len(self._wrapped)
        self._wrapped = []
        if width <= 4:
            return
        for text, own_from, title in self._blocks():
            if title is not None:
                heading = f"— {title or '*'} —"
                self._wrapped.append((((" " * _GUTTER, ""),), False))
                centred = fitted(heading, width).rstrip().center(width)
                self._wrapped.append((((" " * _GUTTER + centred, "title"),), False))
                self._wrapped.append((((" " * _GUTTER, ""),), False))
            for start, end in wrap(text, width):
                own = end > own_from or (start == end and start > own_from)
                self._wrapped.append((self._line(text, start, end, own_from, own), own))
        if self._growing and self._below > 0:
            self._below += len(self._wrapped) - before

    def _line(self, text: str, start: int, end: int, own_from: int, own: bool) -> Line:
        bar: Part = ("▌ ", self._role) if own else ("  ", "")
        cut = min(max(start, own_from), end)
        return (bar, (text[start:cut], "text"), (text[cut:end], "fresh"))

    def _blocks(self) -> list[tuple[str, int, str | None]]:
        """Return stretches of text between chapter marks: text, where the branch under the cursor
        begins in it, and the title before it.
        """
        blocks: list[tuple[str, int, str | None]] = []
        text, own_from, title = "", 1 << 60, None
        for piece in self._pieces:
            own = piece.node == self._node
            if own:
                own_from = min(own_from, len(text))
            at = 0
            for mark in piece.marks:
                text += piece.text[at : mark.offset]
                if text.strip() or title is not None:
                    blocks.append((text.rstrip("\n"), own_from, title))
                text, title, at = "", mark.title, mark.offset
                own_from = 0 if own else 1 << 60
            rest = piece.text[at:]
            text += rest.lstrip("\n") if not text else rest
        blocks.append((text, own_from, title))
        return blocks

    def _draw(self) -> None:
        height = self.size.height
        end = max(0, len(self._wrapped) - self._below)
        start = max(0, end - height)
        if self._below < 0:
            start = max(0, len(self._wrapped) - self._below - height)
        shown = [line for line, _ in self._wrapped[start : start + height]]
        self.show_lines(shown)
        hidden = len(self._wrapped) - start - height
        self.border_subtitle = f"{hidden} lines below, PgDn" if hidden > 0 else ""
