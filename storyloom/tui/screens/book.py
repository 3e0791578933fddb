"""A strand as a book on the screen: its pages, and what is said of them around them."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.story import marks, place, reading, tips, weaves
from storyloom.story.noted import noted
from storyloom.story.offered import offered
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, grouped, one_line
from storyloom.tui.legend import Legend
from storyloom.tui.margins import contents
from storyloom.tui.pages import MEASURE, Anchor, Pages, Row
from storyloom.tui.paint import Paint
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import centred, left
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.page import HIT, PLACE, MarginPane, PagePane

__all__ = ["Book", "place_key"]

_GUTTER = 4
_SIDE = 20
"""The least width at which a margin has something to say."""
_MOST_NODES = 1 << 63
"""No number of a node is larger."""
_CHARACTERS_A_MINUTE = 230 * 5.7


class Book(CommandScreen):
    """A strand laid out as pages, and what stands in the margins; the reader moves through it.

    Takes a story's file or an open story; it reads through a connection of its own either way, so
    that a long book is fetched without the screen standing still.
    """

    DEFAULT_CSS = """
    Book #book { height: 1fr; align-horizontal: center; }
    Book #page { padding: 1 1 0 1; }
    Book .margin { width: 1fr; padding: 1 1 0 1; display: none; }
    Book.-margins .margin { display: block; }
    Book #key { height: 1; padding: 0 1; display: none; }
    Book.-painted #key { display: block; }
    Book.-painted.-margins #key { display: none; }
    """

    def __init__(self, source: Path | Story, node: int | None = None, *, weave: str = MAIN) -> None:
        super().__init__()
        self._weave = weave
        self._tip = 0
        """The last node of what is read."""
        self._with_forks = False
        self._fork: int | None = None
        """Which fork was gone to last, as long as the page begins there."""
        self._folded = ""
        self._hits: list[tuple[int, int]] = []
        self._hit = 0
        self._path = source if isinstance(source, Path) else source.path
        self._to = node
        self._story: Story | None = None
        self._pages: Pages | None = None
        self._paint: Paint | None = None
        self._page_width = 0
        self._left = False
        """Whether the book was closed, perhaps before it was open."""
        self._anchor = Anchor(0)
        self._kept = self._anchor, 0
        """Where lines made anew have put the page, and the code point that it was to begin with."""
        self._painted = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="key")
        with Horizontal(id="book"):
            yield MarginPane(id="chapters", classes="margin")
            page = PagePane(id="page")
            # Textual learns of the size only after a first layout, which would be drawn in vain.
            self._page_width, margins, _ = _measures(self.app.size.width)
            page.styles.width = self._page_width
            self.set_class(margins, "-margins")
            yield page
            yield MarginPane(id="origins", classes="margin")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.run_worker(self._open(), exit_on_error=False)

    async def _open(self) -> None:
        width, height = self.app.size
        book = asyncio.ensure_future(
            asyncio.to_thread(_opened, self._path, self._to, self._weave, width, height)
        )
        # A thread cannot be stopped: what it opens for a reader who has gone is closed again.
        book.add_done_callback(self._close_late)
        try:
            opened = await asyncio.shield(book)
        except Refusal as refusal:
            self.say(str(refusal), "error")
            return
        if self._left:
            opened.story.close()
            return
        self._story, self._paint, self._pages = opened.story, opened.paint, opened.pages
        self._tip, self._anchor = opened.tip, opened.pages.at(opened.offset)
        self._kept = self._anchor, opened.offset
        self._with_forks, self._painted = opened.pages.with_forks, opened.painted
        self.set_class(self._painted, "-painted")
        self._lay_out()
        if all(row.kind == "blank" for row in opened.pages.page(self._anchor, self._height)):
            # The weave ends now where it was left.
            self._anchor = opened.pages.last(self._height)
        self._draw()
        if not opened.pages.text.strip():
            self.say("There is nothing to read here yet.")

    def _close_late(self, book: "asyncio.Future[_Opened]") -> None:
        if self._left and not book.cancelled() and book.exception() is None:
            book.result().story.close()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        if self._gone:
            return
        self._lay_out_again()

    def on_margin_pane_resized(self) -> None:
        """Write in the margins what fits them now."""
        self._draw()

    def _lay_out_again(self) -> None:
        """Make the lines anew for what has changed; the page begins where it did."""
        pages = self._pages
        if pages is None:
            self._lay_out()
            return
        offset, fork = self._begins(pages), self._at_fork(pages)
        self._lay_out()
        self._anchor = pages.at(offset) if fork is None else pages.at_fork(fork)
        self._kept = self._anchor, offset
        self._draw()

    def _begins(self, pages: Pages) -> int:
        """Return the code point that the page begins with.

        A line of another width may begin earlier than what it has to show. That is not taken for
        the place as long as the reader stays, or every resize would lead a little farther back.
        """
        anchor, offset = self._kept
        return offset if anchor == self._anchor else pages.row_at(self._anchor).start

    def _at_fork(self, pages: Pages) -> int | None:
        """Return which fork was gone to last, None when the page begins elsewhere by now."""
        if self._fork is None or self._anchor != pages.at_fork(self._fork):
            return None
        return self._fork

    def _lay_out(self) -> None:
        """Give the page its measure; the margins have the rest, or nothing."""
        page, margins, measure = _measures(self.size.width)
        if page != self._page_width:
            # Every word to Textual about a size has it draw the whole screen again.
            self._page_width = page
            self.query_one("#page").styles.width = page
        self.set_class(margins, "-margins")
        if self._pages is not None:
            self._pages.width = measure
            self._pages.show_forks(self._with_forks, offers=margins)

    @property
    def _height(self) -> int:
        return max(1, self.query_one("#page").size.height)

    # What is on the screen.

    @property
    def _gone(self) -> bool:
        """Whether there is no screen any more for what was put off until after a frame."""
        return self._left or not self.is_attached

    def _draw(self) -> None:
        pages = self._pages
        if pages is None or self._gone:
            return
        rows = pages.page(self._anchor, self._height)
        paint = self._paint if self._painted else None
        labels = [paint.label(row) if paint and row.kind == "text" else ("", "") for row in rows]
        lines = [self._line(pages, *each) for each in zip(rows, labels, strict=True)]
        self.query_one("#page", LinePane).show_lines(lines)
        top, bottom = rows[0].start, rows[-1].end
        self._draw_header(pages, top, bottom)
        self._draw_margins(pages, top, bottom, [label for label, _ in labels])

    def _line(self, pages: Pages, row: Row, label: tuple[str, str]) -> Line:
        gutter: Part = (" " * _GUTTER, "")
        if row.kind == "text":
            paint = self._paint
            if paint is None or not label[0]:
                spans = [(row.start, row.end, "text")]
                return (gutter, *self._found_in(pages.text, spans))
            painted = [
                (first, last, paint.style(origin))
                for first, last, origin in pages.hands.spans(row.start, row.end)
            ]
            return ((left(label[0], _GUTTER), label[1]), *self._found_in(pages.text, painted))
        if row.kind == "fork":
            return (gutter, (left(row.text, pages.width), "why"))
        style = {"number": "dim", "heading": "title", "break": "dim"}.get(row.kind, "")
        return (gutter, (centred(row.text, pages.width), style))

    def _found_in(self, text: str, spans: Sequence[tuple[int, int, str]]) -> list[Part]:
        """Return stretches of the text in their styles, what was searched for marked in them."""
        parts: list[Part] = []
        here = self._hits[self._hit] if self._hits else None
        for start, end, style in spans:
            at = start
            near = max(0, bisect_left(self._hits, (start, 0)) - 1)
            for hit in islice(self._hits, near, None):
                first, last = max(hit[0], at), min(hit[1], end)
                if hit[0] >= end:
                    break
                if first < last:
                    marked = PLACE if hit == here else HIT
                    parts += [(text[at:first], style), (text[first:last], f"{style} {marked}")]
                    at = last
            parts.append((text[at:end], style))
        return [part for part in parts if part[0]]

    def _draw_header(self, pages: Pages, top: int, bottom: int) -> None:
        length = max(1, len(pages.text))
        minutes = round((length - bottom) / _CHARACTERS_A_MINUTE)
        chapter = pages.chapter_at(top)
        what = f"weave {one_line(self._weave)}" if self._to is None else f"to n{self._to}"
        figures: list[Part] = [(f"human {pages.hands.human_part() * 100:.0f}%", "dim")]
        if minutes:
            figures.append((_time_left(minutes), "dim"))
        if chapter >= 0:
            figures.append((pages.chapters[chapter].label, "text"))
        figures.append((f"{min(100, bottom * 100 // length)}%", "title"))
        self.query_one("#header", Header).show(((pages.title, "title"), (what, "dim")), (*figures,))

    def _draw_margins(self, pages: Pages, top: int, bottom: int, labels: list[str]) -> None:
        """Say what there is beside the page; who wrote it also on a line above a narrow one."""
        pane, hands = self.query_one("#chapters", LinePane), self.query_one("#origins", LinePane)
        beside, paint = self.has_class("-margins"), self._paint if self._painted else None
        width, height = pane.size
        pane.show_lines(contents(pages, top, bottom, width, height) if beside else [])
        width, height = hands.size
        chapter = pages.chapter_at(top)
        told = paint.margin(chapter, labels, width, height) if paint and beside else []
        hands.show_lines(told)
        if paint and not beside:
            key = self.query_one("#key", LinePane)
            key.show_lines([paint.key(labels, self.size.width - 2)])


def _measures(total: int) -> tuple[int, bool, int]:
    """Return the cells of the page, whether there is room for margins, and those of a line."""
    page = min(total, MEASURE + _GUTTER + 2)
    return page, (total - page) // 2 >= _SIDE, max(8, min(MEASURE, total - _GUTTER - 2))


def _time_left(minutes: int) -> str:
    return f"{minutes} min left" if minutes < 120 else f"{grouped(round(minutes / 60))} h left"


class _Opened(NamedTuple):
    """What a thread has made ready."""

    story: Story
    paint: Paint
    pages: Pages
    tip: int
    offset: int
    """Where it was left."""
    painted: bool


def _opened(path: Path, node: int | None, weave: str, width: int, height: int) -> _Opened:
    """Open a book for a screen of that size, where it was left."""
    story = Story(path)
    try:
        if node is None and weave not in [each.name for each in weaves.weaves(story)]:
            raise Refusal(f"There is no weave {one_line(weave)!r} in this story.")
        if node is not None and not reading.exists(story, node):
            raise Refusal(f"There is no node n{node} in this story.")
        tip = tips.weave_tip(story, weave) if node is None else node
        pieces = reading.strand(story, tip)
        strand = [piece.node for piece in pieces]
        title = one_line(marks.story_text(story, "title"))
        pages = Pages(title, pieces, offered(story, strand), noted(story, strand))
        kept = place.recalled(story)
        _, margins, pages.width = _measures(width)
        pages.show_forks(kept.get("reader forks") is True, offers=margins)
        offset = _left_at(story, pages, kept.get(place_key(weave)))
        # A paragraph may be a whole book: the first lines that are asked for are made here.
        pages.page(pages.at(offset), height)
        pages.last(height)
        painted = kept.get("reader painted") is True
        return _Opened(story, Paint(pages, Legend(story)), pages, tip, offset, painted)
    except BaseException:
        story.close()
        raise


def place_key(weave: str) -> str:
    """Return the name that the place in a weave is kept under."""
    return "reader" if weave == MAIN else f"reader of {weave}"


def _left_at(story: Story, pages: Pages, kept: object) -> int:
    """Return the code point of the place that was kept, the first when there is no such place.

    Where its node is not on the strand any more, that is where the strand leaves the way to it.
    """
    match kept:
        case [int(node), int(within)] if 0 < node < _MOST_NODES:
            offset = pages.offset_of(node, within)
            if offset is not None:
                return offset
            ends = map(pages.end_of_node, reversed(reading.path(story, node)))
            return next((end for end in ends if end is not None), 0)
        case _:
            return 0
