"""A strand laid out as the pages of a book; a paragraph is wrapped when it is shown, not before."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from storyloom.exchange.book import SCENE_BREAK
from storyloom.story import origins
from storyloom.story.offered import Fork
from storyloom.story.reading import Piece
from storyloom.text import first_words, one_line
from storyloom.tui.wrapping import wrap

__all__ = ["MEASURE", "Anchor", "Pages", "Part", "Row", "Share", "origin_name"]

MEASURE = 66
"""The widest line of a page, in cells: what a printed book has."""
WRITING = "writing"
"""Stands for the origin of a text that a model is still writing."""

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


class Share(NamedTuple):
    """How many code points one origin has."""

    origin: str
    length: int


class _Block(NamedTuple):
    kind: Literal["text", "chapter", "break", "title"]
    start: int
    end: int
    part: int = -1


class Pages:
    """The whole text of a strand, its blocks in order, and who wrote what of it."""

    def __init__(self, title: str, pieces: Sequence[Piece], forks: Sequence[Fork] = ()) -> None:
        self.title = title
        offered = {fork.node: fork for fork in forks}
        self.forks: list[tuple[int, Fork]] = []
        """The forks of the strand, each with the code point at which its branch begins."""
        self._with_forks = False
        self.chapters: list[Part] = []
        self._nodes: list[tuple[int, int]] = []
        self._edges: list[int] = []
        self._origins: list[str] = []
        texts: list[str] = []
        at = 0
        number = 0
        for piece in pieces:
            self._nodes.append((at, piece.node))
            if piece.node in offered:
                self.forks.append((at, offered[piece.node]))
            for mark in piece.marks:
                number += mark.numbered
                own = number if mark.numbered else None
                self.chapters.append(Part(at + mark.offset, mark.title, own))
            self._take_runs(piece, at)
            texts.append(piece.text)
            at += len(piece.text)
        self.text = "".join(texts)
        self._blocks = [_Block("title", 0, 0), *self._divided()]
        self._starts = [block.start for block in self._blocks]
        self._wrapped: dict[int, list[Row]] = {}
        self._width = 0

    def _take_runs(self, piece: Piece, at: int) -> None:
        end = at + len(piece.text)
        for run in piece.runs:
            if at < end:
                self._edge(at, run.origin)
            at += run.length
        if at < end:
            self._edge(at, WRITING)

    def _edge(self, at: int, origin: str) -> None:
        if not self._origins or self._origins[-1] != origin:
            self._edges.append(at)
            self._origins.append(origin)

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

    @with_forks.setter
    def with_forks(self, shown: bool) -> None:
        self._with_forks = shown
        self._wrapped.clear()

    def rows(self, block: int) -> list[Row]:
        """Return a block's rows at the present width, the last of them blank."""
        rows = self._wrapped.get(block)
        if rows is None:
            if len(self._wrapped) > 2_000:
                self._wrapped.clear()
            rows = self._wrapped[block] = list(self._made(self._blocks[block]))
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
                lead = len(line) - len(line.lstrip())
                # Two spaces and more at a line's beginning are the author's own: verse, a letter.
                skip = lead if lead < 2 else 0
                for first, last in wrap(line[skip:].rstrip(), max(4, self._width)):
                    yield Row("text", at + skip + first, at + skip + last)
                at += len(line) + 1
        if self._with_forks and block.kind == "text":
            yield from self._offers(start, end)
        yield Row("blank", end, end)

    def _offers(self, start: int, end: int) -> Iterator[Row]:
        """Yield what else was offered where branches begin in a stretch, below its text."""
        first = bisect_left(self.forks, start, key=lambda each: each[0])
        for at, fork in self.forks[first:]:
            # A branch often begins with the blank line before its first paragraph.
            if at >= end:
                break
            ways = "1 other way" if fork.others == 1 else f"{fork.others} other ways"
            yield Row("fork", at, at, f"| {ways} from here")
            for offer in fork.offers:
                name = one_line(offer.model.rsplit("/", 1)[-1]) if offer.model else "human"
                room = max(8, self._width - len(name) - 8)
                text = first_words(offer.text, room)
                yield Row("fork", at, at, f"|   {text}  {name}")

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
        rows = self.rows(block)
        row = next(
            (
                n
                for n in range(len(rows) - 1, -1, -1)
                if rows[n].start <= offset and rows[n].kind == "text"
            ),
            0,
        )
        if self._blocks[block].kind != "text":
            row = 0
        return Anchor(block, row)

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
        """Return where a chapter ends."""
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
        """Return the code point at which a node's text begins, and so much further."""
        return next((start + within for start, own in self._nodes if own == node), None)

    def spans(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """Yield the stretches of one origin between two code points."""
        at = max(0, bisect_right(self._edges, start) - 1)
        while start < end and at < len(self._edges):
            stop = self._edges[at + 1] if at + 1 < len(self._edges) else len(self.text)
            stop = min(stop, end)
            if stop > start:
                yield start, stop, self._origins[at]
                start = stop
            at += 1

    def shares(self, start: int, end: int) -> list[Share]:
        """Return how much each origin has between two code points, in order of appearance."""
        counts: dict[str, int] = {}
        for first, last, origin in self.spans(start, end):
            counts[origin] = counts.get(origin, 0) + last - first
        return [Share(*item) for item in counts.items()]

    def origins(self) -> list[str]:
        """Return every origin in order of its first appearance."""
        return list(dict.fromkeys(self._origins))


def origin_name(origin: str) -> str:
    """Return what a reader is told an origin is: human, pasted, a model's name without provider."""
    if origin.startswith("model:"):
        return one_line(origin.removeprefix("model:").rsplit("/", 1)[-1])
    names = {origins.HUMAN: "human", origins.PASTE: "pasted", WRITING: "being written"}
    return names.get(origin, one_line(origin.replace(":", " ", 1)))
