"""What the loom draws: the panes around one cursor, each from what the story says of it."""

import contextlib
from collections.abc import Container, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.generate.plan import Plan, plan_for, with_count
from storyloom.settings import Settings
from storyloom.story import growth, marks, reading, rows
from storyloom.story.reading import Card, Piece
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.hints import Hints
from storyloom.tui.keys import shown_key
from storyloom.tui.legend import Legend
from storyloom.tui.purse import purse
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.blocks import BlocksPane
from storyloom.tui.widgets.lines import LinePane, Part
from storyloom.tui.widgets.notes import Notes, NotesPane
from storyloom.tui.widgets.siblings import Live, Lost, SiblingsPane
from storyloom.tui.widgets.strand import MEASURE, StrandPane
from storyloom.tui.widgets.timeline import TimelinePane
from storyloom.tui.widgets.tree import TreePane

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["PANES", "Panes"]

PANES = ("branches", "strand", "tree", "timeline")
"""What `j` and `k` may go through, in the order in which Tab goes."""
_MOST_KEPT = 40_000
"""Code points of the strand that are kept while the cursor goes down, before it is read anew."""


class Panes(CommandScreen):
    """One open story, its cursor, a node, and the panes that show it.

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
        self.lost = 0
        """The branch without text whose row the cursor was moved to, no node of the story; 0 when
        it is where it is.
        """
        self.pane = "branches"
        """Which of PANES `j` and `k` go through."""
        self.hints = Hints()
        self._went_to: dict[int, int] = {}
        self._depths: dict[int, int] = {}
        self._chapters: dict[int, str | None] = {}
        self._cards: list[Card] = []
        self._pieces: list[Piece] = []
        self._shut = False

    def _settle_cursor(self) -> None:
        """Move the cursor up from what is no longer there."""
        self.cursor = reading.standing(self.story, self.cursor)

    @property
    def loom(self) -> "Loom":
        """The application."""
        return cast("Loom", self.app)

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.loom.settings

    def live_branches(self, anew: Container[int] | None = None) -> dict[int, Live]:
        """Return the branches that are being written, by node.

        With `anew`, those of these nodes are as they are now, the others as they were shown last.
        """
        del anew
        return {}

    def failures(self, parent: int) -> list[Lost]:
        """Return the branches of that parent that brought no text."""
        del parent
        return []

    def to_ask_again(self) -> tuple[tuple[int, ...], str]:
        """Return the failed branches that are asked for again from here, and what is said of it."""
        return (), ""

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="panes"):
            yield TreePane(id="tree")
            yield TimelinePane(id="timeline")
            yield StrandPane(id="strand")
            yield SiblingsPane(id="siblings")
            yield BlocksPane(id="sends")
        yield NotesPane(id="notes")
        yield LinePane(id="hint")
        yield from self.compose_foot()

    def redraw(self, *, changed: bool = False) -> None:
        """Show the panes for the cursor; `changed` says that the tree is not what it was."""
        if self._shut or not self.cursor:
            return
        if changed or len(self._chapters) > _MOST_KEPT:
            self._chapters.clear()
        story, node = self.story, self.cursor
        here = reading.cards(story, [node])
        if not here:
            self._settle_cursor()
            here = reading.cards(story, [node := self.cursor])
        card = here[0]
        parent = card.parent
        if parent and rows.folded(story, parent):
            # A step into a fold opens it, as branches grown there do; where the story is only
            # read it stays shut.
            with contextlib.suppress(Refusal):
                rows.unfold_to(story, node)
                changed = True
        if changed or not self._cards or self._cards[0].parent != parent:
            ids = reading.children(story, parent)
            if node not in ids:
                ids.append(node)
            self._cards = reading.cards(story, ids)
        live = self.live_branches()
        self._show_siblings(parent, live)
        self._show_strand(card, changed=changed)
        self._show_notes(card)
        self.query_one(TreePane).show(
            story, self.legend, node, live=live, unread=frozenset(self.unread),
            onward=self.onward, changed=changed,
        )  # fmt: skip
        self.query_one(TimelinePane).show(story, changed=changed)
        self._show_header(card)

    def _show_siblings(self, parent: int, live: Mapping[int, Live]) -> None:
        keys = self.keys_of
        lost = self.failures(parent)
        if self.lost not in [each.node for each in lost]:
            self.lost = 0
        self.query_one(SiblingsPane).show(
            self._cards, self.lost or self.cursor, self.legend, live=live,
            unread=frozenset(self.unread), lost=lost, broken=self.to_ask_again()[1],
            again=keys["again"], pruned=len(reading.pruned_children(self.story, parent)),
            why=marks.text_of(self.story, parent, "why") if parent else "",
            asks="none of these?  {write-sibling} writes one, {again} asks again"
            .format_map(keys) if parent else "",
        )  # fmt: skip

    def redraw_live(self, nodes: set[int]) -> None:
        """Show what has streamed into those nodes, nothing else."""
        if self._shut or not self._cards:
            return
        live = self.live_branches(nodes)
        parent = self._cards[0].parent
        self._show_siblings(parent, live)
        if self.cursor in nodes:
            card = next((card for card in self._cards if card.id == self.cursor), None)
            if card is not None:
                self._show_strand(card, changed=False)
        tree = self.query_one(TreePane)
        if tree.display and any(row.node in nodes for row in tree.rows):
            tree.show(self.story, self.legend, self.cursor, live=live,
                      unread=frozenset(self.unread))  # fmt: skip

    def _show_strand(self, card: Card, *, changed: bool) -> None:
        pane = self.query_one(StrandPane)
        kept = [] if changed else self._kept_before(card)
        if not kept and card.parent:
            kept = reading.strand(self.story, card.parent, least=pane.wanted, sketches=True)
        own = reading.pieces(self.story, [card.id])
        live = self.live_branches(()).get(card.id)
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
        left: list[Part] = [(marks.story_text(self.story, "title"), "title")]
        chapter = self._chapter(card)
        if chapter is not None:
            left.append((f"# {chapter}".rstrip(), "text"))
        left += [
            (f"n{card.id}", "text"),
            (f"depth {self.depth(card)}", "dim"),
        ]
        if card.sketch:
            left.append(("sketch", "why"))
        if card.woven:
            left.append(("*weave", "weave"))
        noted = self.query_one(NotesPane).display
        if not noted and card.model and (ends := growth.between(self.story, card.id)):
            left.append((f"between n{ends[0]} and n{ends[1]}", "dim"))
        if card.pruned:
            left.append(("pruned", "warning"))
        if card.finish in ("interrupted", "cut_off", "error", "refused", "stopped"):
            left.append((card.finish.replace("_", " "), "warning"))
        if " note " in card.extras and not noted:
            left.append((f"note: {marks.text_of(self.story, card.id, 'note')}", "why"))
        right: list[Part] = []
        writing = sum(
            live.state in ("waiting", "writing") for live in self.live_branches(()).values()
        )
        if writing:
            right.append((f"{writing} writing", "unread"))
        cap = marks.settings_of(self.story).get("cap", self.settings.cap)
        right += purse(growth.spent(self.story), cap)
        right.append((plan.label, self.legend.role(plan.parts[0].model)))
        self.query_one(Header).show(tuple(left), tuple(right))

    def _chapter(self, card: Card) -> str | None:
        """Return the chapter a node is in; below a known node it is that one's, or its own."""
        known = self._chapters
        if card.marks:
            known[card.id] = card.marks[-1].title
        elif card.parent in known:
            known[card.id] = known[card.parent]
        elif card.id not in known:
            known[card.id] = reading.chapter_of(self.story, card.id)
        return known[card.id]

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

    def onward(self, node: int) -> int:
        """Return the child with which the strand goes on: the one last looked at, else the woven
        one; 0 for none.
        """
        last = self._went_to.get(node, 0)
        if last and last in reading.children(self.story, node):
            return last
        return reading.weave_child(self.story, node)

    # Which pane `j` and `k` go through.

    def settle_pane(self) -> None:
        """Have a pane that is on the screen be the one that `j` and `k` go through, and marked."""
        shown = self.panes()
        if self.pane not in shown:
            # The tree and the timeline take each other's place; where the branches are not on the
            # screen, j and k go through them beside the tree all the same.
            log = "timeline" in shown and (self.pane == "tree" or "branches" not in shown)
            tree = "tree" in shown and self.pane == "timeline"
            self.pane = "timeline" if log else "tree" if tree else "branches"
        self.query_one(TreePane).active = self.pane == "tree"
        self.query_one(TimelinePane).active = self.pane == "timeline"
        self.query_one(StrandPane).active = self.pane == "strand"
        self.query_one(SiblingsPane).active = self.pane == "branches"

    def panes(self) -> list[str]:
        """Return the names of the panes on the screen, in the order in which Tab goes."""
        log = self.has_class("-timeline")
        hidden = {"tree" if log else "timeline"}
        if not self.has_class("-wide"):
            hidden.add("branches" if log or self.has_class("-tree") else "tree")
        return [name for name in PANES if name not in hidden]

    @cached_property
    def keys_of(self) -> dict[str, str]:
        """The first key of each command as authors know it, its `:` line where it has none."""
        return {
            command.name: shown_key(command.keys[0]) if command.keys else f":{command.name}"
            for command in self.commands
        }

    # Hints for the first steps.

    def show_hint(self) -> None:
        """Show what a new author may try next, or nothing."""
        hint = self.hints.next(self.keys_of)
        self.set_class(bool(hint), "-hinting")
        self.query_one("#hint", LinePane).show_lines([((hint, "unread"),)] if hint else [])

    def _show_notes(self, card: Card) -> None:
        pane = self.query_one(NotesPane)
        if not pane.display:
            return
        story, parent, extras = self.story, card.parent, card.extras
        pruned = len(reading.pruned_children(story, parent))
        mark = marks.text_of(story, card.id, "bookmark") if " bookmark " in extras else None
        ends = growth.between(story, card.id) if card.model else None
        notes = Notes(
            why=marks.text_of(story, parent, "why") if parent else "",
            reason=marks.text_of(story, card.id, "reason") if " reason " in extras else "",
            note=marks.text_of(story, card.id, "note") if " note " in extras else "",
            tags=tuple(marks.tags(story, card.id)) if " tag:" in extras else (),
            bookmark=mark,
            drafted=len(self._cards) + pruned,
            pruned=pruned,
            told=(
                *((f"written between n{ends[0]} and n{ends[1]}",) if ends else ()),
                *((f"varied by {one_line(card.vary)}",) if card.vary else ()),
            ),
        )
        pane.show(notes, self.keys_of)
