"""A strand as a book on the screen: its pages, its chapters, and who wrote what."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.story import marks, origins, place, reading, tips, weaves
from storyloom.story.offered import offered
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line
from storyloom.tui.legend import Legend
from storyloom.tui.margins import contents
from storyloom.tui.pages import MEASURE, WRITING, Anchor, Pages, Row, origin_name
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import centred, grouped, left
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.page import HIT, PLACE, PagePane

__all__ = ["Book"]

_GUTTER = 4
_SIDE = 20
"""The least width at which a margin has something to say."""
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
        self._numbers: dict[str, int] = {}
        """The number of each model in the order in which they come in the text."""
        self._folded = ""
        self._hits: list[tuple[int, int]] = []
        self._hit = 0
        self._path = source if isinstance(source, Path) else source.path
        self._to = node
        self._story: Story | None = None
        self._pages: Pages | None = None
        self._legend: Legend | None = None
        self._anchor = Anchor(0)
        self._painted = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="key")
        with Horizontal(id="book"):
            yield LinePane(id="chapters", classes="margin")
            yield PagePane(id="page")
            yield LinePane(id="origins", classes="margin")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.run_worker(self._open(), exit_on_error=False)

    async def _open(self) -> None:
        try:
            opened = await asyncio.to_thread(_opened, self._path, self._to, self._weave)
        except Refusal as refusal:
            self.say(str(refusal), "error")
            return
        if not self.is_mounted:
            opened.story.close()
            return
        self._story, self._legend, self._pages = opened.story, opened.legend, opened.pages
        self._tip, kept, pages = opened.tip, opened.kept, opened.pages
        self._with_forks = kept.get("reader forks") is True
        self._painted = kept.get("reader painted") is True
        self.set_class(self._painted, "-painted")
        self._lay_out()
        offset = _left_at(pages, kept.get("reader"))
        self._anchor = pages.first() if offset is None else pages.at(offset)
        self._draw()
        # The margins have their widths only now that they are laid out.
        self.call_after_refresh(self._draw)
        if not pages.text.strip():
            self.say("There is nothing to read here yet.")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._lay_out_again)

    def _lay_out_again(self) -> None:
        """Make the lines anew for what has changed; the page begins where it did."""
        pages = self._pages
        if pages is None:
            self._lay_out()
            return
        offset, fork = pages.row_at(self._anchor).start, self._at_fork(pages)
        self._lay_out()
        self._anchor = pages.at(offset) if fork is None else pages.at_fork(fork)
        self._draw()

    def _at_fork(self, pages: Pages) -> int | None:
        """Return which fork was gone to last, None when the page begins elsewhere by now."""
        if self._fork is None or self._anchor != pages.at_fork(self._fork):
            return None
        return self._fork

    def _lay_out(self) -> None:
        """Give the page its measure; the margins have the rest, or nothing."""
        total = self.size.width
        page = min(total, MEASURE + _GUTTER + 2)
        self.query_one("#page").styles.width = page
        self.set_class((total - page) // 2 >= _SIDE, "-margins")
        if self._pages is not None:
            self._pages.width = max(8, min(MEASURE, total - _GUTTER - 2))
            self._pages.show_forks(self._with_forks, offers=self.has_class("-margins"))

    @property
    def _height(self) -> int:
        return max(1, self.query_one("#page").size.height)

    # What is on the screen.

    def _draw(self) -> None:
        pages = self._pages
        if pages is None:
            return
        rows = pages.page(self._anchor, self._height)
        self.query_one("#page", LinePane).show_lines([self._line(pages, row) for row in rows])
        top, bottom = rows[0].start, rows[-1].end
        self._draw_header(pages, top, bottom)
        self._draw_margins(pages, top, bottom)

    def _line(self, pages: Pages, row: Row) -> Line:
        gutter: Part = (" " * _GUTTER, "")
        if row.kind == "text":
            if not self._painted or row.start == row.end:
                spans = [(row.start, row.end, "text")]
                return (gutter, *self._found_in(pages.text, spans))
            label, style = self._origin_of(pages, row)
            painted = [
                (first, last, self._style(origin))
                for first, last, origin in pages.spans(row.start, row.end)
            ]
            return ((left(label, _GUTTER), style), *self._found_in(pages.text, painted))
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

    def _origin_of(self, pages: Pages, row: Row) -> tuple[str, str]:
        """Return the letter of who wrote most of a line, with + when others wrote of it too."""
        counts: dict[str, int] = {}
        for first, last, origin in pages.spans(row.start, row.end):
            seen = len(pages.text[first:last].replace(" ", ""))
            counts[origin] = counts.get(origin, 0) + seen
        counts = {origin: count for origin, count in counts.items() if count}
        if not counts:
            return "", ""
        most = max(counts, key=lambda origin: counts[origin])
        return self._letter(pages, most) + ("+" if len(counts) > 1 else ""), self._style(most)

    def _letter(self, pages: Pages, origin: str) -> str:
        if origin.startswith("model:"):
            if not self._numbers:
                models = [each for each in pages.origins() if each.startswith("model:")]
                self._numbers = {each: number for number, each in enumerate(models, 1)}
            return f"m{self._numbers[origin]}"
        return {origins.HUMAN: "H", origins.PASTE: "P", WRITING: "…"}.get(origin, "I")

    def _style(self, origin: str) -> str:
        if origin.startswith("model:") and self._legend is not None:
            return self._legend.role(origin.removeprefix("model:"))
        return {origins.HUMAN: "human", origins.PASTE: "why"}.get(origin, "dim")

    def _draw_header(self, pages: Pages, top: int, bottom: int) -> None:
        length = max(1, len(pages.text))
        minutes = round((length - bottom) / _CHARACTERS_A_MINUTE)
        chapter = pages.chapter_at(top)
        what = f"weave {one_line(self._weave)}" if self._to is None else f"to n{self._to}"
        figures: list[Part] = []
        if minutes:
            figures.append((f"{grouped(minutes)} min left", "dim"))
        if chapter >= 0:
            figures.append((pages.chapters[chapter].label, "text"))
        figures.append((f"{min(100, bottom * 100 // length)}%", "title"))
        self.query_one("#header", Header).show(((pages.title, "title"), (what, "dim")), (*figures,))

    def _draw_margins(self, pages: Pages, top: int, bottom: int) -> None:
        pane = self.query_one("#chapters", LinePane)
        beside = self.has_class("-margins")
        width, height = pane.size.width, pane.size.height
        pane.show_lines(contents(pages, top, bottom, width, height) if beside else [])
        self._draw_origins(pages, pages.chapter_at(top))

    def _draw_origins(self, pages: Pages, chapter: int) -> None:
        """Say who wrote how much: in the margin, or on a line above the page."""
        pane, line = self.query_one("#origins", LinePane), self.query_one("#key", LinePane)
        if not self._painted:
            pane.show_lines([])
            return
        whole = pages.shares(0, len(pages.text))
        start = pages.chapters[chapter].start if chapter >= 0 else 0
        here = {share.origin: share.length for share in pages.shares(start, pages.end_of(chapter))}
        total, total_here = max(1, len(pages.text)), max(1, sum(here.values()))
        width = pane.size.width
        lines: list[Line] = [(("who wrote it", "dim"),), ()]
        parts: list[Part] = []
        room = self.size.width - 3
        for share in sorted(whole, key=lambda share: -share.length):
            letter, style = self._letter(pages, share.origin), self._style(share.origin)
            name = origin_name(share.origin)
            percent = f"{share.length * 100 / total:.1f}%"
            lines.append(((left(letter, 4), style), (left(name, width - 4), style)))
            also = f"   here {here.get(share.origin, 0) * 100 / total_here:.0f}%"
            lines.append(((f"    {percent:>5}{also if pages.chapters else ''}", "dim"),))
            brief = f"{left(name, min(16, cell_len(name)))} {percent}   "
            room -= cell_len(letter) + 1 + cell_len(brief)
            if room > 0:
                parts += [(f"{letter} ", style), (brief, "dim")]
            elif parts and parts[-1][0] != "…":
                parts.append(("…", "dim"))
        if any("+" in label for label in self._labels(pages)):
            lines += [(), (("+   others wrote too", "dim"),)]
        line.show_lines([tuple(parts)])
        pane.show_lines(lines if self.has_class("-margins") else [])

    def _labels(self, pages: Pages) -> list[str]:
        rows = pages.page(self._anchor, self._height)
        return [self._origin_of(pages, row)[0] for row in rows if row.kind == "text"]


class _Opened(NamedTuple):
    """What a thread has made ready."""

    story: Story
    legend: Legend
    pages: Pages
    tip: int
    kept: dict[str, Any]
    """How the screen was left."""


def _opened(path: Path, node: int | None, weave: str) -> _Opened:
    story = Story(path)
    try:
        if node is None and weave not in [each.name for each in weaves.weaves(story)]:
            raise Refusal(f"There is no weave {one_line(weave)!r} in this story.")
        if node is not None and not reading.exists(story, node):
            raise Refusal(f"There is no node n{node} in this story.")
        tip = tips.weave_tip(story, weave) if node is None else node
        pieces = reading.strand(story, tip)
        forks = offered(story, [piece.node for piece in pieces])
        pages = Pages(one_line(marks.story_text(story, "title")), pieces, forks)
        return _Opened(story, Legend(story), pages, tip, place.recalled(story))
    except BaseException:
        story.close()
        raise


def _left_at(pages: Pages, kept: object) -> int | None:
    """Return the code point that a kept place is at, None when there is no such place."""
    if isinstance(kept, list) and len(kept) == 2 and all(isinstance(each, int) for each in kept):
        return pages.offset_of(kept[0], kept[1])
    return None
