"""The weave, or the strand to a node, read as a book."""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right
from typing import ClassVar

from textual import events

from storyloom.story import place
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line
from storyloom.tui import clipboard, exporting
from storyloom.tui.commands import READER
from storyloom.tui.fork_rows import ways
from storyloom.tui.keys import bindings
from storyloom.tui.pages import Anchor, Pages, Part
from storyloom.tui.places import MOST, folded, places
from storyloom.tui.screens.book import Book, place_key

__all__ = ["ReaderScreen"]


_NO_FORKS = "There are no forks here: nothing else was offered."


class ReaderScreen(Book):
    """Dismissed with the node at the top of the page, or None."""

    TABLE = READER
    BINDINGS: ClassVar = bindings(READER)

    # Moving.

    def _go(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._draw()

    def _scroll(self, rows: int) -> None:
        pages = self._pages
        if pages is None:
            return
        anchor = pages.moved(self._anchor, rows)
        if rows > 0:
            # A jump to the last chapter may have gone beyond the last full page: stay there.
            anchor = min(anchor, max(pages.last(self._height), self._anchor))
        self._go(anchor)

    def do_down(self, argument: str) -> None:
        """One line on."""
        del argument
        self._scroll(1)

    def do_up(self, argument: str) -> None:
        """One line back."""
        del argument
        self._scroll(-1)

    def do_page_down(self, argument: str) -> None:
        """A page on; two lines stay, to find the place by."""
        del argument
        self._scroll(max(1, self._height - 2))

    def do_page_up(self, argument: str) -> None:
        """A page back."""
        del argument
        self._scroll(-max(1, self._height - 2))

    def do_top(self, argument: str) -> None:
        """The beginning."""
        del argument
        if self._pages is not None:
            self._go(self._pages.first())

    def do_bottom(self, argument: str) -> None:
        """The end."""
        del argument
        if self._pages is not None:
            self._go(self._pages.last(self._height))

    def do_chapter_before(self, argument: str) -> None:
        """The beginning of this chapter, or of the one before."""
        del argument
        pages = self._pages
        if pages is None:
            return
        earlier = bisect_left(pages.chapters, self._anchor, key=self._at_part)
        self._go(self._at_part(pages.chapters[earlier - 1]) if earlier else pages.first())

    def do_chapter_after(self, argument: str) -> None:
        """The beginning of the next chapter."""
        del argument
        pages = self._pages
        if pages is None:
            return
        later = bisect_right(pages.chapters, self._anchor, key=self._at_part)
        if later < len(pages.chapters):
            self._go(self._at_part(pages.chapters[later]))
        elif pages.chapters:
            self.say("This is the last chapter.")
        else:
            self.say("There are no chapters yet; C in the loom begins one.")

    def _at_part(self, part: Part) -> Anchor:
        assert self._pages is not None
        return self._pages.at(part.start)

    def do_fork_before(self, _: str) -> None:
        """The fork before."""
        self._go_to_fork(-1)

    def do_fork_after(self, _: str) -> None:
        """The next fork."""
        self._go_to_fork(1)

    def _go_to_fork(self, step: int) -> None:
        pages = self._pages
        if pages is None:
            return
        at = self._at_fork(pages)
        if at is not None:
            at += step
        else:
            here = pages.row_at(self._anchor).start
            starts = [start for start, _ in pages.forks]
            at = bisect_right(starts, here) if step > 0 else bisect_left(starts, here) - 1
        if not pages.forks:
            self.say(_NO_FORKS)
            return
        if not 0 <= at < len(pages.forks):
            self.say(f"There is no fork {'after' if step > 0 else 'before'} this place.")
            return
        fork = pages.forks[at][1]
        self._go(pages.at_fork(at))
        self._fork = at
        shows = "" if pages.with_forks else ", v tells of them here"
        self.say(
            f"fork {at + 1} of {len(pages.forks)}: {ways(fork)} beside n{fork.node}; "
            f"Enter opens the loom there{shows}."
        )

    async def do_find(self, words: str) -> None:
        """Go to the next place that has some words; without any, ask for them."""
        if self._pages is None:
            return
        if not words:
            self.ask("find", self._find)
            return
        await self._find(words)

    async def _find(self, words: str) -> None:
        """Find words; none take the marks off what was found."""
        pages = self._pages
        if pages is None:
            return
        if words.strip() and not self._folded:
            self._folded = await asyncio.to_thread(folded, pages.text)
        found = await asyncio.to_thread(places, self._folded, words) if words.strip() else []
        if self._left:
            return
        self._hit, self._hits = 0, found
        if not self._hits:
            self._draw()
            if words.strip():
                self.say(f"Nothing in this book has {one_line(words)!r}.")
            return
        here = pages.row_at(self._anchor).start
        self._hit = bisect_left(self._hits, (here, 0)) % len(self._hits)
        self._show_hit()

    def do_find_next(self, _: str) -> None:
        """The next place."""
        self._next_hit(1)

    def do_find_previous(self, _: str) -> None:
        """The place before."""
        self._next_hit(-1)

    def _next_hit(self, step: int) -> None:
        if not self._hits:
            self.say("Nothing has been found yet; / finds words.")
            return
        self._hit = (self._hit + step) % len(self._hits)
        self._show_hit()

    def _show_hit(self) -> None:
        """Show the page with the place; it stays where it is when the place is on it."""
        pages = self._pages
        if pages is None:
            return
        self._fork = None
        if not self._hit_in_sight(pages):
            start = self._hits[self._hit][0]
            self._go(pages.moved(pages.at(start), -(self._height // 3)))
        else:
            self._draw()
        more = " and more" if len(self._hits) == MOST else ""
        self.say(f"place {self._hit + 1} of {len(self._hits)}{more}")

    def _hit_in_sight(self, pages: Pages) -> bool:
        """Whether the place that was found last is on the page."""
        if not self._hits:
            return False
        start = self._hits[self._hit][0]
        rows = pages.page(self._anchor, self._height)
        return any(row.kind == "text" and row.start <= start < row.end for row in rows)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    # Doing.

    def do_origins(self, argument: str) -> None:
        """Show who wrote each line, or hide it."""
        del argument
        self._painted = not self._painted
        self.set_class(self._painted, "-painted")
        self.call_after_refresh(self._draw)

    def do_forks(self, _: str) -> None:
        """Show what else was offered, or hide it."""
        pages = self._pages
        if pages is None:
            return
        if not pages.forks:
            self.say(_NO_FORKS)
            return
        self._with_forks = not self._with_forks
        self._lay_out_again()

    def do_copy(self, _: str) -> None:
        """Copy the page to the clipboard."""
        pages = self._pages
        if pages is None:
            return
        rows = pages.page(self._anchor, self._height)
        text = pages.prose(rows)
        if not text:
            raise Refusal("There is no text here to copy.")
        self.say(clipboard.copy(self.app, text))

    async def do_export(self, name: str) -> None:
        """Choose how to write what is read here; with a name, write it there at once."""
        if name:
            to = self._tip if self._to is None and self._weave != MAIN else self._to
            self.say(await exporting.export(self._path, name, to))
            return
        from storyloom.tui.screens.export import ExportScreen

        to_node = self._to is not None
        self.app.push_screen(ExportScreen(self._path, self._to, weave=self._weave, to_node=to_node))

    async def do_open(self, argument: str) -> None:
        """Open the loom at the fork gone to, at the words found, or at the page's first passage."""
        del argument
        node = self._here()[0]
        pages = self._pages
        if pages is not None:
            fork = self._at_fork(pages)
            if fork is not None:
                node = pages.forks[fork][1].node
            elif self._hit_in_sight(pages):
                node = pages.node_at(self._hits[self._hit][0])[0]
            elif self._anchor == pages.last(self._height) != pages.first():
                # Nothing more can be read on to; its last words are where the author is.
                rows = pages.page(self._anchor, self._height)
                ends = [row.start for row in rows if row.kind == "text"]
                node = pages.node_at(ends[-1])[0] if ends else node
        await self.closing()
        self.dismiss(node or None)

    async def do_back(self, argument: str) -> None:
        """Go back to where this was opened from."""
        del argument
        await self.closing()
        self.dismiss(None)

    def _here(self) -> tuple[int, int]:
        pages = self._pages
        return pages.node_at(self._begins(pages)) if pages is not None else (0, 0)

    async def closing(self) -> None:
        """Keep the place, and close the file."""
        self.save_at_once()

    def save_at_once(self) -> None:
        """Keep the place now."""
        self._left = True
        story, self._story = self._story, None
        if story is None:
            return
        state: dict[str, object] = {
            "reader forks": self._with_forks,
            "reader painted": self._painted,
        }
        if self._to is None:
            # What is read to some node is no weave's place.
            state[place_key(self._weave)] = self._here()
        with contextlib.suppress(Refusal):
            place.remember(story, **state)
        story.close()
