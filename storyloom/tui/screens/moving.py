"""The loom's part that moves the cursor through the tree."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from storyloom.story import jumps, marks, past, reading, search, tips
from storyloom.story.search import Found, Hit
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line
from storyloom.tui.screens.bench import Bench
from storyloom.tui.widgets.strand import StrandPane
from storyloom.tui.widgets.timeline import TimelinePane
from storyloom.tui.widgets.tree import TreePane

__all__ = ["Moving"]


class Moving(Bench):
    """Steps, jumps, paging and searching."""

    _hits: Mapping[int, Hit] = MappingProxyType({})
    """What was last searched for, by node, in the order of the tree."""
    _nothing = "Nothing has been searched for yet; / does."
    """What is said where there is no hit to go to."""
    _more_hits = False
    """Whether there were more than are kept."""

    def _sibling(self, step: int) -> None:
        ids = [card.id for card in self._cards]
        lost = {each.node: each for each in self.failures(self._cards[0].parent)} if ids else {}
        ids += lost
        here = self.lost or self.cursor
        at = ids.index(here) + step if here in ids else 0
        if not 0 <= at < len(ids):
            return
        left, self.lost = self.lost, ids[at] if ids[at] in lost else 0
        if self.lost:
            self.redraw()
            self.say(lost[self.lost].say)
        elif left and ids[at] == self.cursor:
            self.redraw()
        else:
            self.go(ids[at])

    def do_parent(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        if card is not None and card.parent:
            self._went_to[card.parent] = card.id
            self.go(card.parent)

    def do_next(self, _: str) -> None:
        self._step(1)

    def do_previous(self, _: str) -> None:
        self._step(-1)

    def _step(self, step: int) -> None:
        """Go on in the pane that has `j` and `k`."""
        if self.pane == "strand":
            self._read_on(step)
        elif self.pane == "tree":
            self.go(self.query_one(TreePane).beside(step))
        elif self.pane == "timeline":
            self.query_one(TimelinePane).move(step)
        else:
            self._sibling(step)

    def do_pane_after(self, _: str) -> None:
        self._go_to_pane(1)

    def do_pane_before(self, _: str) -> None:
        self._go_to_pane(-1)

    def _go_to_pane(self, step: int) -> None:
        names = self.panes()
        at = names.index(self.pane) if self.pane in names else 0
        self.pane = names[(at + step) % len(names)]
        self.settle_pane()
        self.redraw()
        through = {"branches": "the branches of this fork", "strand": "the text, line by line",
                   "tree": "the rows of the tree",
                   "timeline": "what was done"}  # fmt: skip
        self.say(f"j and k go through {through[self.pane]}.")

    def do_to_bookmark(self, name: str) -> None:
        kept = [mark for mark in marks.bookmarks(self.story)
                if reading.exists(self.story, mark.node)]  # fmt: skip
        if not kept:
            raise Refusal("There is no bookmark yet; b sets one.")
        names = [mark.name or f"n{mark.node}" for mark in kept]
        if not name and len(kept) > 1:
            self.ask(f"go to {', '.join(names[:12])}", self.do_to_bookmark, choices=names)
            return
        found = [mark for mark, own in zip(kept, names, strict=True) if own.startswith(name)]
        exact = [mark for mark, own in zip(kept, names, strict=True) if own == name]
        if not found:
            raise Refusal(f"There is no bookmark {one_line(name)!r}; there are {', '.join(names)}.")
        self._jump((exact or found)[0].node)

    def do_child(self, _: str) -> None:
        if self.pane == "timeline":
            self.do_visit("")
            return
        kids = reading.children(self.story, self.cursor)
        if not kids:
            return
        onward = self.onward(self.cursor)
        self.go(onward if onward in kids else kids[0])

    def do_visit(self, _: str) -> None:
        if self.pane != "timeline" and (self.hurry() or self.write_out()):
            return
        pane = self.query_one(TimelinePane)
        if not pane.display:
            self.say(f"{self.keys_of['view']} shows the timeline; this key goes to what a step of "
                     "it was done to.")  # fmt: skip
        elif pane.chosen is not None:
            self._visit(pane.chosen.node)

    def _visit(self, node: int) -> None:
        """Go to a node that the log names, or say why one cannot and what brings it back."""
        where = past.whereabouts(self.story, node) if node else None
        if where is None:
            self.say("That was done to the story as a whole; there is no passage to go to.")
        elif where.fate == "there":
            self._jump(node)
        elif where.fate == "pruned":
            self._visit_pruned(node, where)
        else:
            self.say(f"n{node} {_FATES[where.fate]}")

    def _visit_pruned(self, node: int, where: past.Whereabouts) -> None:
        """Go to where what is pruned can be brought back from."""
        self._jump(where.beside or where.parent)
        what = "is pruned" if where.top == node else f"is below n{where.top}, which is pruned"
        key = self.keys_of["restore"]
        around = reading.parent(self.story, where.parent)
        if not where.beside and reading.pruned_children(self.story, around):
            # From there the key looks at the fork that the parent is in first.
            key = f"{key} a second time"
        self.say(f"n{node} {what}; from here {key} brings it back.")

    def do_root(self, _: str) -> None:
        if self.pane == "timeline":
            self.query_one(TimelinePane).first()
            self.say(f"The first step; {self.keys_of['pane-after']} gives the keys to the text.")
            return
        self._jump(reading.root(self.story))

    def do_tip(self, _: str) -> None:
        if self.pane == "timeline":
            self.query_one(TimelinePane).last()
            self.say(f"The newest step; {self.keys_of['pane-after']} gives the keys to the text.")
            return
        tip = tips.weave_tip(self.story)
        self._jump(tip if tip != self.cursor else jumps.leftmost_leaf(self.story, self.cursor))

    def do_fork_before(self, _: str) -> None:
        self._jump(jumps.fork_before(self.story, self.cursor))

    def do_fork_after(self, _: str) -> None:
        self._jump(jumps.fork_after(self.story, self.cursor))

    def do_chapter_before(self, _: str) -> None:
        self._jump(jumps.chapter_before(self.story, self.cursor))

    def do_chapter_after(self, _: str) -> None:
        later = jumps.chapter_after(self.story, self.cursor)
        if later:
            self._jump(later)
        else:
            self.say("There is no chapter further on.")

    def do_nth(self, number: str) -> None:
        at = int(number) - 1 if number.isdigit() else -1
        if 0 <= at < len(self._cards):
            self.go(self._cards[at].id)

    def do_go(self, node: str) -> None:
        self._jump(self.node_named(node))

    def do_page_down(self, _: str) -> None:
        self._page(1)

    def do_page_up(self, _: str) -> None:
        self._page(-1)

    def _page(self, step: int) -> None:
        tree = self.query_one(TreePane)
        if self.pane == "tree":
            self.go(tree.beside(step * max(1, tree.room.height - 2)))
            return
        if self.pane == "timeline":
            timeline = self.query_one(TimelinePane)
            timeline.move(step * timeline.page)
            return
        self._read_on(step * max(1, self.query_one(StrandPane).room.height - 2))

    def _read_on(self, lines: int) -> None:
        """Scroll the strand, and read more of it where it begins above what was read."""
        pane = self.query_one(StrandPane)
        if not pane.scroll_by(lines):
            card = next((card for card in self._cards if card.id == self.cursor), None)
            if card is not None:
                self._show_strand(card, changed=True)

    async def do_search(self, words: str) -> None:
        if not words:
            self.ask("find", self.do_search)
            return
        weave = words.startswith("w ") and words[2:].strip()
        found = await asyncio.to_thread(_found, self.story.path, words, weave or "")
        if self._shut:
            return
        hits: dict[int, Hit] = {}
        for hit in found.hits:
            if hit.node:
                # One stop for each node, however often it has the words.
                hits.setdefault(hit.node, hit)
        self._hits = hits
        self._more_hits = found.more
        if not self._hits:
            where = "On the weave nothing" if weave else "Nothing in this story"
            self._nothing = f"{where} has {weave or words!r}."
            self.say(self._nothing)
            return
        self._hit(1)

    def do_search_next(self, _: str) -> None:
        self._hit(1)

    def do_search_previous(self, _: str) -> None:
        self._hit(-1)

    def _hit(self, step: int) -> None:
        if not self._hits:
            self.say(self._nothing)
            return
        nodes = list(self._hits)
        if self.cursor in nodes:
            at = (nodes.index(self.cursor) + step) % len(nodes)
        else:
            at = 0 if step > 0 else len(nodes) - 1
        hit = self._hits[nodes[at]]
        self._jump(hit.node)
        where = "" if hit.where == "text" else f", in its {hit.where.replace(':', ' ')}"
        many = f"{len(nodes)}{' and more' if self._more_hits else ''}"
        self.say(f"hit {at + 1} of {many}{where}{', pruned' if hit.pruned else ''}")


_FATES = {
    "purged": "was purged: its text was deleted for good.",
    "gone": "is not in the story now: it was taken back, joined with another, or brought no text.",
    "none": "is not in this story any more.",
}
"""What is said of a node that the log names and that nothing brings back from here."""


def _found(path: Path, words: str, weave: str) -> Found:
    """Search through a connection of its own, so that the screen's is free meanwhile."""
    with Story(path) as story:
        return search.search(story, weave or words, weave=MAIN if weave else None)
