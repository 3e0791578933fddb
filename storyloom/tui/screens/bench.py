"""What every part of the loom works on: the story, the cursor, and the panes that show them."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.generate.plan import Plan, plan_for, with_count
from storyloom.settings import Settings
from storyloom.story import growth, marks, place, reading, rows, tips
from storyloom.story.act import Changed
from storyloom.story.reading import Card, Piece
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.legend import Legend
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Part
from storyloom.tui.widgets.siblings import Live, SiblingsPane
from storyloom.tui.widgets.strand import MEASURE, StrandPane
from storyloom.tui.widgets.tree import TreePane

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["Bench"]

T = TypeVar("T")

_LOOKS = 0.5
"""Seconds between two looks at what another program has changed in the story."""
_MOST_KEPT = 40_000
"""Code points of the strand that are kept while the cursor goes down, before it is read anew."""


class Bench(CommandScreen):
    """One open story and its cursor, a node. The parts of the loom are built on it.

    `live_branches` and `failures` are what is being written now; the part that grows says them.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.story = Story(path)
        self.legend = Legend(self.story)
        self.cursor = 0
        self.unread: set[int] = set()
        self.next_count: int | None = None
        """How many branches the author wants of the next batch, when not the plan's number."""
        self._went_to: dict[int, int] = {}
        self._depths: dict[int, int] = {}
        self._cards: list[Card] = []
        self._pieces: list[Piece] = []
        self._touched: frozenset[int] = frozenset()
        self._shut = False
        self._redrawing = False
        self._begun = False
        self._heard_op = 0
        self.story.listen(self._note_change)

    @property
    def loom(self) -> "Loom":
        """The application."""
        return cast("Loom", self.app)

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.loom.settings

    def live_branches(self) -> dict[int, Live]:
        """Return the branches that are being written, by node."""
        return {}

    def failures(self, parent: int) -> list[str]:
        """Return what is to be said of branches of that parent that brought no text."""
        del parent
        return []

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="panes"):
            yield TreePane(id="tree")
            yield StrandPane(id="strand")
            yield SiblingsPane(id="siblings")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Come back to where the author was; close what a crash left open."""
        recovered = growth.recover(self.story)
        left = place.recalled(self.story)
        node = left.get("cursor", 0)
        if not node or not reading.exists(self.story, node):
            node = tips.weave_tip(self.story) or reading.root(self.story)
        self.set_class(bool(left.get("tree")), "-tree")
        if left.get("cursor") == node and left.get("top"):
            self.query_one(StrandPane).hold(tuple(left["top"]))
        self.cursor = node
        # Each pane draws what it is given here as soon as it knows its size.
        self.redraw(changed=True)
        self.call_after_refresh(self._begin)
        self._kept_cursor = node
        self.set_interval(_LOOKS, self._look_around)
        self._version = reading.data_version(self.story)
        self._heard_op = reading.last_op(self.story)
        if recovered:
            many = f"{len(recovered)} branches were" if len(recovered) > 1 else "A branch was"
            self.say(f"{many} interrupted last time; what had arrived is kept.", "warning")
        elif self.story.readonly:
            self.say("This file cannot be written to; you can read it.", "warning")
        elif not left:
            self.say("Space grows branches from here, hjkl move, ? shows all keys.")

    def _begin(self) -> None:
        """From now on a new size or a return means that everything is shown again."""
        self._begun = True

    def on_resize(self) -> None:
        self._redraw_soon()

    def on_screen_resume(self) -> None:
        self._redraw_soon()

    def _redraw_soon(self) -> None:
        """Read and show everything again, once, however many events ask for it meanwhile."""
        if self._begun and not self._redrawing:
            self._redrawing = True
            self.call_after_refresh(self._redraw_now)

    def _redraw_now(self) -> None:
        self._redrawing = False
        self.redraw(changed=True)

    def redraw(self, *, changed: bool = False) -> None:
        """Show the panes for the cursor; `changed` says that the tree is not what it was."""
        if self._shut or not self.cursor:
            return
        story, node = self.story, self.cursor
        here = reading.cards(story, [node])
        if not here:
            self._settle_cursor()
            here = reading.cards(story, [node := self.cursor])
        card = here[0]
        parent = card.parent
        if changed or not self._cards or self._cards[0].parent != parent:
            ids = reading.children(story, parent)
            if node not in ids:
                ids.append(node)
            self._cards = reading.cards(story, ids)
        live = self.live_branches()
        self.query_one(SiblingsPane).show(
            self._cards, node, self.legend, live=live, unread=frozenset(self.unread),
            failures=self.failures(parent), pruned=len(reading.pruned_children(story, parent)),
            why=marks.text_of(story, parent, "why") if parent else "",
        )  # fmt: skip
        self._show_strand(card, changed=changed)
        self.query_one(TreePane).show(
            story, self.legend, node, live=live, unread=frozenset(self.unread), changed=changed
        )
        self._show_header(card)

    def redraw_live(self, nodes: set[int]) -> None:
        """Show what has streamed into those nodes, nothing else."""
        if self._shut or not self._cards:
            return
        live = self.live_branches()
        parent = self._cards[0].parent
        self.query_one(SiblingsPane).show(
            self._cards, self.cursor, self.legend, live=live, unread=frozenset(self.unread),
            failures=self.failures(parent), pruned=len(reading.pruned_children(self.story, parent)),
            why=marks.text_of(self.story, parent, "why") if parent else "",
        )  # fmt: skip
        if self.cursor in nodes:
            card = next((card for card in self._cards if card.id == self.cursor), None)
            if card is not None:
                self._show_strand(card, changed=False)
        tree = self.query_one(TreePane)
        if tree.display and tree.rows:
            tree.show(self.story, self.legend, self.cursor, live=live,
                      unread=frozenset(self.unread))  # fmt: skip

    def _show_strand(self, card: Card, *, changed: bool) -> None:
        pane = self.query_one(StrandPane)
        kept = [] if changed else self._kept_before(card)
        if not kept and card.parent:
            kept = reading.strand(self.story, card.parent, least=pane.wanted)
        own = reading.pieces(self.story, [card.id])
        live = self.live_branches().get(card.id)
        if live is not None and own:
            own = [own[0]._replace(text=live.text)]
        self._pieces = [*kept, *own]
        complete = not kept or kept[0].node == reading.root(self.story)
        growing = live is not None and live.state in ("waiting", "writing")
        pane.show(self._pieces, complete=complete, growing=growing)

    def _kept_before(self, card: Card) -> list[Piece]:
        """Return what is read already of the strand before a node, if it fills the pane."""
        nodes = [piece.node for piece in self._pieces]
        if card.parent not in nodes:
            return []
        kept = self._pieces[: nodes.index(card.parent) + 1]
        pane = self.query_one(StrandPane)
        length = sum(len(piece.text) for piece in kept)
        enough = length > pane.room.height * MEASURE or kept[0].node == reading.root(self.story)
        return kept if enough and length < _MOST_KEPT else []

    def _show_header(self, card: Card) -> None:
        plan = self.plan()
        left: list[Part] = [
            (marks.story_text(self.story, "title"), "title"),
            (f"n{card.id}", "text"),
            (f"depth {self.depth(card)}", "dim"),
        ]
        if card.woven:
            left.append(("*weave", "weave"))
        if card.pruned:
            left.append(("pruned", "warning"))
        if card.finish in ("interrupted", "cut_off", "error", "refused", "stopped"):
            left.append((card.finish.replace("_", " "), "warning"))
        if " note " in card.extras:
            left.append((f"note: {marks.text_of(self.story, card.id, 'note')}", "why"))
        right: list[Part] = []
        writing = sum(
            live.state in ("waiting", "writing") for live in self.live_branches().values()
        )
        if writing:
            right.append((f"{writing} writing", "unread"))
        right.append((plan.label, self.legend.role(plan.parts[0].model)))
        self.query_one(Header).show(tuple(left), tuple(right))

    def plan(self) -> Plan:
        """Return the plan in force at the cursor, with the count chosen for the next batch."""
        plan = plan_for(self.story, self.cursor, self.settings)
        if self.next_count is not None:
            parts = with_count(plan, self.next_count)
            plan = Plan(parts, plan.owner, plan.source)
        return plan

    def depth(self, card: Card) -> int:
        """Return how deep a node is; neighbours of known ones cost nothing."""
        known = self._depths.get(card.parent) if card.parent else 0
        depth = known + 1 if known is not None else reading.depth(self.story, card.id)
        if len(self._depths) > 50_000:
            self._depths.clear()
        self._depths[card.id] = depth
        if card.parent:
            self._depths[card.parent] = depth - 1
        return depth

    async def act(self, function: Callable[..., T], *arguments: object) -> T:
        """Do one step of the author's in a thread and show the tree as it then is."""
        result = await asyncio.to_thread(function, self.story, *arguments)
        self._after_change()
        return result

    def _after_change(self) -> None:
        self._depths.clear()
        self._settle_cursor()
        self.redraw(changed=True)

    def _note_change(self, changed: Changed) -> None:
        # Called in the thread of the act; what is shown is read again by whoever acted.
        self._touched = changed.nodes
        self._heard_op = max(self._heard_op, changed.op)

    def _settle_cursor(self) -> None:
        """Move the cursor up from what is no longer there."""
        self.cursor = reading.standing(self.story, self.cursor)

    async def _look_around(self) -> None:
        """Keep where the author is, in case the program is killed, and show what another program
        has changed in this story.
        """
        if self._shut:
            return
        if self.cursor != self._kept_cursor:
            self._kept_cursor = self.cursor
            await asyncio.to_thread(self.remember)
            if self._shut:
                return
        version = reading.data_version(self.story)
        if version == self._version:
            return
        self._version = version
        # Our own writes change it too; only an operation that we did not hear of is news.
        last = reading.last_op(self.story)
        if last > self._heard_op and not self.live_branches():
            self._heard_op = last
            self._settle_cursor()
            self.redraw(changed=True)

    def go(self, node: int) -> None:
        """Put the cursor on a node."""
        if not node or node == self.cursor:
            return
        self.cursor = node
        self.unread.discard(node)
        card = next((card for card in self._cards if card.id == node), None)
        parent = card.parent if card is not None else None
        if parent is None:
            found = reading.cards(self.story, [node])
            parent = found[0].parent if found else 0
        self._went_to[parent] = node
        self.redraw()

    def node_named(self, name: str) -> int:
        """Return the node that `n12` or `12` names. Raises Refusal when there is none."""
        wanted = name.strip().lstrip("n")
        if not wanted.isdecimal() or not reading.exists(self.story, int(wanted[:15])):
            raise Refusal(f"There is no node {name!r} in this story.")
        return int(wanted)

    def _jump(self, node: int) -> None:
        rows.unfold_to(self.story, node)
        self.go(node)

    def remember(self) -> None:
        """Keep where the author is."""
        with contextlib.suppress(Refusal):
            place.remember(
                self.story,
                cursor=self.cursor,
                tree=self.has_class("-tree"),
                top=self.query_one(StrandPane).place,
            )
