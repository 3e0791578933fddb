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
        self._top = 0
        """The wrapped line that is drawn first."""
        self._start = 0
        """The wrapped line on which the branch under the cursor begins."""
        self.complete = False
        """Whether the pieces begin at the root."""

    @property
    def wanted(self) -> int:
        """Code points of text that fill the pane as it is scrolled, and some more."""
        return (self.size.height + max(0, len(self._wrapped) - self._top)) * MEASURE + 2_000

    def show(
        self, pieces: Sequence[Piece], role: str, *, complete: bool, growing: bool = False
    ) -> None:
        """Show these pieces, of which the last is the branch under the cursor."""
        node = pieces[-1].node if pieces else 0
        # A branch is laid out anew when the cursor comes to it and when it is finished.
        anew = node != self._node or (self._growing and not growing)
        self._pieces, self._node, self._role = pieces, node, role
        self._growing, self.complete = growing, complete
        self._lay_out(anew=anew)

    def _lay_out(self, *, anew: bool) -> None:
        above = self._start - self._top
        self._wrap()
        height, lines = self.size.height, len(self._wrapped)
        if anew and self._growing:
            self._top = self._start - height // 3
        elif anew:
            # One that fits is read together with what leads to it, a longer one from its start.
            fits = lines - self._start + 2 <= height
            self._top = lines - height if fits else self._start - 2
        else:
            self._top = self._start - above
            if self._growing and lines > self._top + height:
                # Half a page at once: a line at a time would draw the whole pane for each.
                self._top = lines - height // 2
        self._top = max(0, self._top)
        self._draw()

    def scroll_by(self, lines: int) -> bool:
        """Move the view down by that many lines; false when it needs more text above."""
        top = self._top + lines
        self._top = max(0, min(top, len(self._wrapped) - self.size.height))
        self._draw()
        return top >= 0 or self.complete

    def on_resize(self) -> None:
        self._lay_out(anew=True)

    def _wrap(self) -> None:
        width = min(MEASURE, self.size.width - _GUTTER)
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
        own_lines = (at for at, (_, own) in enumerate(self._wrapped) if own)
        self._start = next(own_lines, len(self._wrapped))

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
        self.show_lines([line for line, _ in self._wrapped[self._top : self._top + height]])
        hidden = len(self._wrapped) - self._top - height
        self.border_subtitle = f"{hidden} lines below, PgDn" if hidden > 0 else ""
