"""The loom's part that moves the cursor through the tree."""

from collections.abc import Mapping
from types import MappingProxyType

from storyloom.story import jumps, reading, search, tips
from storyloom.story.search import Hit
from storyloom.story.weaves import MAIN
from storyloom.tui.screens.bench import Bench
from storyloom.tui.widgets.strand import StrandPane

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
        at = ids.index(self.cursor) + step if self.cursor in ids else 0
        if 0 <= at < len(ids):
            self.go(ids[at])

    def do_parent(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        if card is not None and card.parent:
            self._went_to[card.parent] = card.id
            self.go(card.parent)

    def do_next(self, _: str) -> None:
        self._sibling(1)

    def do_previous(self, _: str) -> None:
        self._sibling(-1)

    def do_child(self, _: str) -> None:
        kids = reading.children(self.story, self.cursor)
        if not kids:
            return
        last = self._went_to.get(self.cursor, 0)
        woven = reading.weave_child(self.story, self.cursor)
        self.go(last if last in kids else woven if woven in kids else kids[0])

    def do_root(self, _: str) -> None:
        self._jump(reading.root(self.story))

    def do_tip(self, _: str) -> None:
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
        pane = self.query_one(StrandPane)
        pane.scroll_by(max(1, pane.room.height - 2))

    def do_page_up(self, _: str) -> None:
        pane = self.query_one(StrandPane)
        if not pane.scroll_by(-max(1, pane.room.height - 2)):
            card = next((card for card in self._cards if card.id == self.cursor), None)
            if card is not None:
                self._show_strand(card, changed=True)

    def do_search(self, words: str) -> None:
        if not words:
            self.ask("find", self.do_search)
            return
        weave = words.startswith("w ") and words[2:].strip()
        found = search.search(self.story, weave or words, weave=MAIN if weave else None)
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
