"""A strand as a book on the screen: its pages, its chapters, and who wrote what."""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.story import marks, origins, place, reading, tips
from storyloom.story.offered import offered
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line
from storyloom.tui.legend import Legend
from storyloom.tui.pages import MEASURE, WRITING, Anchor, Pages, Row, origin_name
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import centred, grouped, left
from storyloom.tui.widgets.lines import Line, LinePane, Part

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
        self._fork: int | None = None
        """Which fork was gone to last, as long as the page begins there."""
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
            yield LinePane(id="page")
            yield LinePane(id="origins", classes="margin")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.run_worker(self._open(), exit_on_error=False)

    async def _open(self) -> None:
        try:
            story, legend, pages, left_at = await asyncio.to_thread(
                _opened, self._path, self._to, self._weave
            )
        except Refusal as refusal:
            self.say(str(refusal), "error")
            return
        self._story, self._legend, self._pages = story, legend, pages
        kept = place.recalled(story)
        pages.with_forks = bool(kept.get("reader forks"))
        if kept.get("reader painted"):
            self._painted = True
            self.add_class("-painted")
        self._lay_out()
        if left_at is not None:
            offset = pages.offset_of(*left_at)
            self._anchor = pages.at(offset) if offset is not None else pages.first()
        self._draw()
        if not pages.text.strip():
            self.say("There is nothing to read here yet.")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        pages = self._pages
        offset = pages.row_at(self._anchor).start if pages is not None else 0
        self._lay_out()
        if pages is not None:
            self._anchor = pages.at(offset)
            self._draw()

    def _lay_out(self) -> None:
        """Give the page its measure; the margins have the rest, or nothing."""
        total = self.size.width
        page = min(total, MEASURE + _GUTTER + 2)
        self.query_one("#page").styles.width = page
        self.set_class((total - page) // 2 >= _SIDE, "-margins")
        if self._pages is not None:
            self._pages.width = max(8, min(MEASURE, total - _GUTTER - 2))

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
        self._draw_margins(pages, top)

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
        for start, end, style in spans:
            at = start
            near = bisect_left(self._hits, (start, 0))
            for first, last in self._hits[max(0, near - 1) :]:
                if first >= end:
                    break
                if last <= at:
                    continue
                first, last = max(first, at), min(last, end)
                parts += [(text[at:first], style), (text[first:last], f"{style} selection")]
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
            models = [each for each in pages.origins() if each.startswith("model:")]
            return f"m{models.index(origin) + 1}"
        return {origins.HUMAN: "H", origins.PASTE: "P", WRITING: "…"}.get(origin, "I")

    def _style(self, origin: str) -> str:
        if origin.startswith("model:") and self._legend is not None:
            return self._legend.role(origin.removeprefix("model:"))
        return {origins.HUMAN: "human", origins.PASTE: "why"}.get(origin, "dim")

    def _draw_header(self, pages: Pages, top: int, bottom: int) -> None:
        length = max(1, len(pages.text))
        minutes = round((length - bottom) / _CHARACTERS_A_MINUTE)
        chapter = pages.chapter_at(top)
        what = "weave" if self._weave == MAIN else f"weave {one_line(self._weave)}"
        what = what if self._to is None else f"to n{self._to}"
        figures: list[Part] = []
        if minutes:
            figures.append((f"{grouped(minutes)} min left", "dim"))
        if chapter >= 0:
            figures.append((pages.chapters[chapter].label, "text"))
        figures.append((f"{min(100, bottom * 100 // length)}%", "title"))
        self.query_one("#header", Header).show(((pages.title, "title"), (what, "dim")), (*figures,))

    def _draw_margins(self, pages: Pages, top: int) -> None:
        chapter = pages.chapter_at(top)
        pane = self.query_one("#chapters", LinePane)
        width, height = pane.size.width, pane.size.height
        lines: list[Line] = []
        if self.has_class("-margins") and pages.chapters:
            lines = [(("chapters", "dim"),), ()]
            room = max(1, height - 2)
            first = max(0, min(chapter - room // 2, len(pages.chapters) - room))
            for number in range(first, min(first + room, len(pages.chapters))):
                here = number == chapter
                text = ("> " if here else "  ") + pages.chapters[number].label
                lines.append(((left(text, width), "text" if here else "dim"),))
        pane.show_lines(lines)
        self._draw_origins(pages, chapter)

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


def _opened(
    path: Path, node: int | None, weave: str
) -> tuple[Story, Legend, Pages, tuple[int, int] | None]:
    story = Story(path)
    try:
        to = tips.weave_tip(story, weave) if node is None else node
        pieces = reading.strand(story, to)
        forks = offered(story, [piece.node for piece in pieces])
        pages = Pages(one_line(marks.story_text(story, "title")), pieces, forks)
        kept = place.recalled(story).get("reader")
        left_at = None
        if isinstance(kept, list) and len(kept) == 2:
            left_at = int(kept[0]), int(kept[1])
        return story, Legend(story), pages, left_at
    except BaseException:
        story.close()
        raise
