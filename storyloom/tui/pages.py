"""A strand laid out as the pages of a book; a paragraph is wrapped when it is shown, not before."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from storyloom.exchange.book import SCENE_BREAK
from storyloom.story.noted import Note
from storyloom.story.offered import Fork
from storyloom.story.reading import Piece
from storyloom.text import words
from storyloom.tui.fork_rows import fork_rows
from storyloom.tui.hands import Hands
from storyloom.tui.wrapping import wrap

__all__ = ["MEASURE", "Anchor", "Pages", "Part", "Row"]

MEASURE = 66
"""The widest line of a page, in cells: what a printed book has."""

_SPACE = re.compile(r"\s*")

Kind: TypeAlias = Literal["text", "blank", "number", "heading", "break", "fork"]


class Anchor(NamedTuple):
    """A place on a page: a block, and one of its rows."""

    block: int
    row: int = 0


class Row(NamedTuple):
    """One line of a page."""

    kind: Kind
    start: int
    """Its first code point in the whole text, for a heading the one after it."""
    end: int
    text: str = ""
    """What a heading says; a line of prose is `Pages.text[start:end]`."""


class Part(NamedTuple):
    """A chapter, or what stands before the first one."""

    start: int
    title: str
    number: int | None

    @property
    def label(self) -> str:
        """The chapter in a few words: `2 Low bells`."""
        return f"{self.number or ''} {self.title}".strip() or "—"


class _Block(NamedTuple):
    kind: Literal["text", "chapter", "break", "title"]
    start: int
    end: int
    part: int = -1


class Pages:
    """The whole text of a strand and its blocks in order, with what belongs to its places."""

    def __init__(
        self,
        title: str,
        pieces: Sequence[Piece],
        forks: Sequence[Fork] = (),
        notes: Sequence[Note] = (),
    ) -> None:
        self.title = title
        self.text = "".join(piece.text for piece in pieces)
        self.hands = Hands(pieces)
        """Who wrote what of it."""
        self._nodes: list[tuple[int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}
        """Where each node's text begins and ends."""
        self.chapters = self._taken(pieces)
        self.forks = [(self._places[fork.node][0], fork) for fork in forks]
        """The forks of the strand, each with the code point at which its branch begins."""
        self.notes = [(self._places[note.node][0], note) for note in notes]
        """The author's notes, each with the code point at which what it is on begins."""
        self._with_forks = self._with_offers = False
        self._blocks = [_Block("title", 0, 0), *self._divided()]
        self._starts = [block.start for block in self._blocks]
        self.words = [
            words(self.text[part.start : self.end_of(number)])
            for number, part in enumerate(self.chapters)
        ]
        """The words of each chapter."""
        self._offered: dict[int, list[Fork]] = {}
        for at, fork in self.forks:
            self._offered.setdefault(self._block_above(at), []).append(fork)
        self._wrapped: dict[int, list[Row]] = {}
        self._width = 0

    def _taken(self, pieces: Sequence[Piece]) -> list[Part]:
        """Note where the pieces are, and return the chapters that begin in them."""
        found: list[tuple[int, str, bool]] = []
        at = 0
        for piece in pieces:
            self._nodes.append((at, piece.node))
            found += [(at + mark.offset, mark.title, mark.numbered) for mark in piece.marks]
            self._places[piece.node] = at, at + len(piece.text)
            at += len(piece.text)
        found.sort()
        parts: list[Part] = []
        number = 0
        for start, title, numbered in found:
            number += numbered
            parts.append(Part(start, " ".join(title.split()), number if numbered else None))
        return parts

    def _begins(self, at: int) -> int:
        """Return where what can be seen of a text begins: the line of its first word, or that."""
        match = _SPACE.match(self.text, at)
        seen = match.end() if match is not None else at
        line = self.text.rfind("\n", 0, seen) + 1
        return line if not self.text[line:seen].strip() else seen

    def _block_above(self, at: int) -> int:
        """Return the block below which it is told that a branch begins at a code point.

        A branch that begins with a paragraph is told of above that, with any other below it.
        """
        block = max(0, bisect_left(self._starts, self._begins(at)) - 1)
        while self._blocks[block].kind == "chapter":
            block -= 1
        return block

    def _divided(self) -> Iterator[_Block]:
        """Yield the blocks of the text: chapters' heads, scene breaks and paragraphs."""
        starts = [part.start for part in self.chapters] + [len(self.text)]
        yield from self._paragraphs(0, starts[0])
        for number, part in enumerate(self.chapters):
            yield _Block("chapter", part.start, part.start, number)
            yield from self._paragraphs(part.start, starts[number + 1])

    def _paragraphs(self, at: int, end: int) -> Iterator[_Block]:
        begun: int | None = None
        last = at
        while at < end:
            stop = self.text.find("\n", at, end)
            stop = end if stop < 0 else stop
            line = self.text[at:stop]
            blank = not line.strip()
            scene = not blank and SCENE_BREAK.fullmatch(line) is not None
            if begun is not None and (blank or scene):
                yield _Block("text", begun, last)
                begun = None
            if scene:
                yield _Block("break", at, stop)
            elif not blank:
                begun = at if begun is None else begun
                last = stop
            at = stop + 1
        if begun is not None:
            yield _Block("text", begun, last)

    @property
    def width(self) -> int:
        """The measure that rows are made for."""
        return self._width

    @width.setter
    def width(self, width: int) -> None:
        if width != self._width:
            self._width = width
            self._wrapped.clear()

    @property
    def with_forks(self) -> bool:
        """Whether rows are made that tell of other branches."""
        return self._with_forks

    def show_forks(self, shown: bool, *, offers: bool) -> None:
        """Make rows that tell of forks, or none; with `offers` also how other branches begin."""
        if (shown, offers) != (self._with_forks, self._with_offers):
            self._with_forks, self._with_offers = shown, offers
            self._wrapped.clear()

    def rows(self, block: int) -> list[Row]:
        """Return a block's rows at the present width, the last of them blank."""
        rows = self._wrapped.get(block)
        if rows is None:
            if len(self._wrapped) > 2_000:
                self._wrapped.clear()
            rows = self._wrapped[block] = list(self._made(self._blocks[block]))
            if self._with_forks:
                rows += self._told(block)
        return rows

    def _made(self, block: _Block) -> Iterator[Row]:
        start, end = block.start, block.end
        blank = Row("blank", start, start)
        if block.kind == "title":
            yield Row("heading", 0, 0, self.title)
        elif block.kind == "chapter":
            part = self.chapters[block.part]
            yield blank
            if part.number is not None:
                yield Row("number", start, start, str(part.number))
            if part.title or part.number is None:
                yield Row("heading", start, start, part.title or "—")
        elif block.kind == "break":
            yield Row("break", start, end, "*   *   *")
        else:
            at = start
            for line in self.text[start:end].split("\n"):
                # Two spaces and more at a line's beginning are the author's own: verse, a letter.
                skip = 0 if line.startswith("  ") else len(line) - len(line.lstrip())
                for first, last in wrap(line[skip:].rstrip(), max(4, self._width)):
                    yield Row("text", at + skip + first, at + skip + last)
                at += len(line) + 1
        yield Row("blank", end, end)

    def _told(self, block: int) -> Iterator[Row]:
        """Yield what is told below a block of the forks there."""
        end = self._blocks[block].end
        for fork in self._offered.get(block, ()):
            for line in fork_rows(fork, self._width, offers=self._with_offers):
                yield Row("fork", end, end, line)
            yield Row("blank", end, end)

    def first(self) -> Anchor:
        """Return the first row's place."""
        return Anchor(0)

    def moved(self, anchor: Anchor, rows: int) -> Anchor:
        """Return the place that many rows on, or back; it stops at both ends."""
        block, row = anchor
        row += rows
        while row < 0 and block > 0:
            block -= 1
            row += len(self.rows(block))
        while row >= len(self.rows(block)) and block + 1 < len(self._blocks):
            row -= len(self.rows(block))
            block += 1
        return Anchor(block, max(0, min(row, len(self.rows(block)) - 1)))

    def last(self, height: int) -> Anchor:
        """Return the place from which a page of that height ends with the text."""
        block = len(self._blocks) - 1
        # The blank row behind the last paragraph needs no place.
        return self.moved(Anchor(block, len(self.rows(block)) - 1), -height)

    def at(self, offset: int) -> Anchor:
        """Return the place of a code point."""
        block = max(0, bisect_right(self._starts, offset) - 1)
        # Of blocks with one start, a chapter's head stands before the paragraph it heads.
        while block > 0 and self._starts[block - 1] == offset and offset > 0:
            block -= 1
        if offset <= 0:
            return self.first()
        if self._blocks[block].kind != "text":
            return Anchor(block)
        texts = [row.start for row in self.rows(block) if row.kind == "text"]
        # What is behind the last line is the blank one below it.
        behind = offset >= self._blocks[block].end
        return Anchor(block, len(texts) if behind else max(0, bisect_right(texts, offset) - 1))

    def at_fork(self, number: int) -> Anchor:
        """Return the place of a fork: where it is told of, else where its branch begins."""
        at, fork = self.forks[number]
        if not self._with_forks:
            return self.at(self._begins(at))
        block = self._block_above(at)
        told = [row for row, each in enumerate(self.rows(block)) if each.kind == "fork"]
        before = self._offered[block][: self._offered[block].index(fork)]
        skipped = sum(len(fork_rows(each, 8, offers=self._with_offers)) for each in before)
        return Anchor(block, told[skipped])

    def prose(self, rows: Sequence[Row]) -> str:
        """Return what rows say, the lines of a paragraph joined again, nothing of forks."""
        lines: list[str] = []
        last = -1
        for row in rows:
            if row.kind == "fork":
                continue
            said = self.text[row.start : row.end] if row.kind == "text" else row.text
            if row.kind == "text" and last >= 0 and "\n" not in self.text[last : row.start]:
                lines[-1] += self.text[last : row.start] + said
            else:
                lines.append(said)
            last = row.end if row.kind == "text" else -1
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

    def page(self, anchor: Anchor, height: int) -> list[Row]:
        """Return the rows of a page that begins there."""
        out: list[Row] = []
        block, row = anchor
        while len(out) < height and block < len(self._blocks):
            out += self.rows(block)[row:]
            block, row = block + 1, 0
        return out[:height]

    def row_at(self, anchor: Anchor) -> Row:
        """Return the row of that place."""
        return self.rows(anchor.block)[anchor.row]

    def chapter_at(self, offset: int) -> int:
        """Return the index of the chapter a code point is in, -1 before the first."""
        return bisect_right([part.start for part in self.chapters], offset) - 1

    def end_of(self, chapter: int) -> int:
        """Return where a chapter ends; -1 is what stands before the first."""
        after = chapter + 1
        return self.chapters[after].start if after < len(self.chapters) else len(self.text)

    def node_at(self, offset: int) -> tuple[int, int]:
        """Return the node a code point belongs to and how far in it is; 0 when there is none."""
        at = bisect_right(self._nodes, (offset, 1 << 62)) - 1
        if at < 0:
            return 0, 0
        start, node = self._nodes[at]
        return node, offset - start

    def offset_of(self, node: int, within: int = 0) -> int | None:
        """Return the code point that far in a node's text, at most its end; None where it is not
        on the strand.
        """
        place = self._places.get(node)
        return min(max(place[0], place[0] + within), place[1]) if place is not None else None

    def end_of_node(self, node: int) -> int | None:
        """Return the code point behind a node's text, None where it is not on the strand."""
        place = self._places.get(node)
        return place[1] if place is not None else None
