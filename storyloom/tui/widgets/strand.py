"""The story so far, and under it the branch the cursor is on, as one text."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from textual.geometry import Size

from storyloom.story.reading import Piece
from storyloom.tui.legend import SKETCH
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["MEASURE", "StrandPane"]

MEASURE = 68
"""The widest line of prose, in cells; longer ones lose the reader on the way back."""
_GUTTER = 2
_LINES = 80
"""Lines of text that are read at least, for a pane that does not know its height yet."""
_NOWHERE = 1 << 60


@dataclass
class _Block:
    """A stretch of text without a chapter mark in it."""

    title: str | None = None
    """The title of the chapter that begins with it."""
    text: str = ""
    starts: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Where pieces begin: code point of the text, node, code point of the node."""
    own_from: int = _NOWHERE
    """Where the branch under the cursor begins."""
    sketches: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Where sketches begin and end, each of which has lines of its own."""

    @property
    def ends_sketched(self) -> bool:
        """Whether the last of its text is a sketch."""
        return bool(self.sketches) and self.sketches[-1][1] == len(self.text)

    def place(self, at: int) -> tuple[int, int]:
        """Return the node that a code point of the text is in, and where in it."""
        if not self.starts:
            return 0, at
        start, node, offset = self.starts[max(0, bisect_right(self.starts, (at, _NOWHERE, 0)) - 1)]
        return node, offset + at - start


@dataclass(frozen=True)
class _Wrapped:
    """One line of the pane."""

    line: Line
    own: bool
    """Whether it holds something of the branch under the cursor."""
    place: tuple[int, int]
    """The node it begins in and the code point in it; stays the same when text is added."""


class StrandPane(TitledPane):
    """Shows the end of a strand. Lines of the branch under the cursor have a bar beside them."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="strand")
        self._pieces: Sequence[Piece] = ()
        self._node = 0
        self._growing = False
        self._wrapped: list[_Wrapped] = []
        self._top = 0
        """The wrapped line that is drawn first."""
        self._start = 0
        """The wrapped line on which the branch under the cursor begins."""
        self._laid_out_for: Size | None = None
        self._held: tuple[int, int] | None = None
        self.complete = False
        """Whether the pieces begin at the root."""

    @property
    def wanted(self) -> int:
        """Code points of text that fill the pane as it is scrolled, and some more."""
        lines = max(_LINES, self.room.height) + max(0, len(self._wrapped) - self._top)
        return lines * MEASURE

    @property
    def place(self) -> tuple[int, int] | None:
        """The node, and the code point in it, that the first line drawn begins with."""
        return self._wrapped[self._top].place if self._top < len(self._wrapped) else None

    def hold(self, place: tuple[int, int]) -> None:
        """Begin with the line of that place when the pane is first drawn."""
        self._held = place

    def show(self, pieces: Sequence[Piece], *, complete: bool, growing: bool = False) -> None:
        """Show these pieces, of which the last is the branch under the cursor."""
        node = pieces[-1].node if pieces else 0
        finished = self._growing and not growing and node == self._node
        changed = node != self._node or (not growing and pieces != self._pieces)
        self._pieces, self._node = pieces, node
        self._growing, self.complete = growing, complete
        self._lay_out(anew=changed, filled=finished)

    def scroll_by(self, lines: int) -> bool:
        """Move the view down by that many lines; false when it needs more text above."""
        top = self._top + lines
        self._top = max(0, min(top, len(self._wrapped) - self.room.height))
        self._draw()
        return top >= 0 or self.complete

    def on_resize(self) -> None:
        if self.screen.has_class("-small"):
            # Nothing is drawn there, and what was read is to be in its place afterwards.
            return
        if self._wrapped and self.room == self._laid_out_for:
            self._draw()
            return
        self._wrapped = []
        self._lay_out(anew=True)

    def _lay_out(self, *, anew: bool, filled: bool = False) -> None:
        """Break the text into lines and choose which is the first one drawn: again, when the
        branch under the cursor is `anew` there, and with no empty lines below when it is `filled`.

        What is on the screen stays where it is as long as the branch under the cursor fits below:
        text that jumps about loses its reader, and costs a thin line the whole pane.
        """
        held, restored = self.place, False
        self._wrap()
        if self._held is not None and self._wrapped:
            held, self._held, restored = self._held, None, True
        height, lines = self.room.height, len(self._wrapped)
        top = next((at for at, line in enumerate(self._wrapped) if line.place == held), None)
        if restored and top is not None and top >= self._start:
            # The author had paged on into a passage longer than the pane.
            anew = False
        own = lines - self._start
        if filled:
            top = None
        if top is None or (anew and not (top < self._start and lines <= top + height)):
            if own + 2 > height:
                top = self._start - 2
            elif self._growing or (top is not None and lines > height):
                # Room is left below for what comes next, so that it need not move again.
                top = self._start - max(2, min(height // 3, height - own))
            else:
                top = lines - height
        elif self._growing and lines > top + height:
            # Half a page at once: a line at a time would draw the whole pane for each.
            top = lines - height // 2
        self._top = max(0, top)
        self._draw()

    def _wrap(self) -> None:
        self._laid_out_for = self.room
        width = min(MEASURE, self.room.width - _GUTTER)
        self._wrapped = [line for block in self._blocks() for line in self._lines(block, width)]
        own = (at for at, line in enumerate(self._wrapped) if line.own)
        self._start = next(own, len(self._wrapped))

    def _lines(self, block: _Block, width: int) -> Iterator[_Wrapped]:
        if width <= 4:
            return
        if block.title is not None:
            heading = fitted(f"— {block.title or '*'} —", width).rstrip().center(width)
            node = block.starts[0][1] if block.starts else 0
            for at, text in ((-3, ""), (-2, " " * _GUTTER + heading), (-1, "")):
                yield _Wrapped(((text, "title"),), False, (node, at))
        for start, end in wrap(block.text, width):
            own = end > block.own_from or start == end > block.own_from
            bar: Part = ("▌ ", "text") if own else ("  ", "text")
            # The bar says which lines are the branch's, and a line that has both is in two inks:
            # to draw all others anew at each step would be most of what a step sends.
            cut = min(max(start, block.own_from), end) if own else end
            ink = "past" if cut > start and own else "text"
            rest = "text"
            if any(begin <= start < stop for begin, stop in block.sketches):
                ink = rest = "why"
            parts = (bar, (block.text[start:cut], ink), (block.text[cut:end], rest))
            yield _Wrapped(parts, own, block.place(start))

    def _blocks(self) -> list[_Block]:
        blocks: list[_Block] = []
        block = _Block()
        for piece in map(_apart, self._pieces):
            at = 0
            for mark in (*piece.marks, None):
                end = mark.offset if mark is not None else len(piece.text)
                text = piece.text[at:end]
                apart = bool(text and block.text) and (piece.sketch or block.ends_sketched)
                if apart:
                    newlines = len(block.text) - len(block.text.rstrip("\n"))
                    block.text += "\n" * max(0, 2 - newlines)
                if not block.text or apart:
                    # Neither the top of the pane nor a heading wants space below it.
                    at += len(text) - len(text.lstrip())
                    text = text.lstrip()
                if piece.node == self._node and block.own_from == _NOWHERE:
                    block.own_from = len(block.text)
                block.starts.append((len(block.text), piece.node, at))
                if piece.sketch and text:
                    begin = len(block.text)
                    block.sketches.append((begin, begin + len(text)))
                block.text += text
                if mark is not None:
                    if block.text.strip() or block.title is not None:
                        block.text = block.text.rstrip("\n")
                        blocks.append(block)
                    block, at = _Block(title=mark.title), end
        return [*blocks, block]

    def _draw(self) -> None:
        height = self.room.height
        shown = self._wrapped[self._top : self._top + height]
        hidden = len(self._wrapped) - self._top - height
        self.note = (
            f"{hidden} line{'s' if hidden > 1 else ''} below, PgDn" if hidden > 0 else "",
            "dim",
        )
        self.show_inside([wrapped.line for wrapped in shown])


def _apart(piece: Piece) -> Piece:
    """Return a sketch as it stands in the strand, apart from the story's text and marked."""
    if not piece.sketch:
        return piece
    marks = tuple(mark._replace(offset=0) for mark in piece.marks)
    return piece._replace(text=f"{SKETCH}  {piece.text.strip()}", marks=marks)
