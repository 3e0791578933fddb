"""The loom: one story's tree, strand and branches, and all the author does to them."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.generate.plan import Plan, plan_for, set_plan, with_count
from storyloom.settings import PlanPart
from storyloom.story import growth, history, jumps, marks, place, reading, rows, shape
from storyloom.story.reading import Card, Piece
from storyloom.story.story import Changed, Story
from storyloom.text import Refusal
from storyloom.tui import exporting
from storyloom.tui.keys import LOOM, Command, bindings
from storyloom.tui.legend import Legend
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.screens.growing import Growing
from storyloom.tui.screens.rewriting import Rewriting
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Part
from storyloom.tui.widgets.siblings import SiblingsPane
from storyloom.tui.widgets.strand import MEASURE, StrandPane
from storyloom.tui.widgets.tree import TreePane

__all__ = ["LoomScreen"]

T = TypeVar("T")

_MOST_KEPT = 40_000
"""Code points of the strand that are kept while the cursor goes down, before it is read anew."""


class LoomScreen(Growing, Rewriting, CommandScreen):
    """One open story. The cursor is a node; every pane shows the tree from there."""

    TABLE: ClassVar[tuple[Command, ...]] = LOOM
    BINDINGS = bindings(LOOM)
    DEFAULT_CSS = """
    LoomScreen #panes { height: 1fr; }
    LoomScreen #side { width: 38; }
    LoomScreen.-narrow #panes { layout: vertical; }
    LoomScreen.-narrow #strand { height: 1fr; }
    LoomScreen.-narrow #siblings { height: 10; }
    LoomScreen.-narrow TreePane { display: none; }
    LoomScreen.-narrow.-tree TreePane { display: block; height: 1fr; }
    LoomScreen.-narrow.-tree #siblings { display: none; }
    LoomScreen.-narrow.-tree #strand { height: 10; }
    LoomScreen.-wide #panes { layout: horizontal; }
    LoomScreen.-wide TreePane { width: 1fr; max-width: 44; margin: 0 1 0 0; }
    LoomScreen.-wide #strand { width: 2fr; max-width: 74; margin: 0 1 0 0; }
    LoomScreen.-wide #siblings { width: 1fr; min-width: 34; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.story = Story(path)
        self.legend = Legend(self.story)
        self.cursor = 0
        self.unread: set[int] = set()
        self._went_to: dict[int, int] = {}
        self._depths: dict[int, int] = {}
        self._cards: list[Card] = []
        self._pieces: list[Piece] = []
        self._hits: list[int] = []
        self._touched: frozenset[int] = frozenset()
        self._shut = False
        self._redrawing = False
        self._begun = False
        self.begin_growing()
        self.story.listen(self._note_change)

    # What is on the screen.

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
            node = reading.weave_tip(self.story) or reading.root(self.story)
        self.set_class(bool(left.get("tree")), "-tree")
        if left.get("cursor") == node and left.get("top"):
            self.query_one(StrandPane).hold(tuple(left["top"]))
        self.cursor = node
        # Each pane draws what it is given here as soon as it knows its size.
        self.redraw(changed=True)
        self.call_after_refresh(self._begin)
        self._kept_cursor = node
        self.set_interval(1.0, self._look_around)
        self._version = self._data_version()
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
        pane.show(self._pieces, self.legend.role(card.model), complete=complete, growing=growing)

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

    # Changes.

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

    def _settle_cursor(self) -> None:
        """Move the cursor up from what is no longer there."""
        node = self.cursor
        while node:
            card = reading.cards(self.story, [node])
            if card and reading.exists(self.story, node) and not card[0].pruned:
                break
            row = self.story.read.execute(
                "SELECT parent FROM node WHERE id = ?", (node,)
            ).fetchone() if not card else (card[0].parent,)  # fmt: skip
            node = row[0] if row else 0
        self.cursor = node or reading.root(self.story)

    def _data_version(self) -> int:
        return self.story.read.execute("PRAGMA data_version").fetchone()[0]

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
        version = self._data_version()
        if version != self._version:
            self._version = version
            if not self.live_branches():
                self._settle_cursor()
                self.redraw(changed=True)

    # Moving.

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
        tip = reading.weave_tip(self.story)
        self._jump(tip if tip != self.cursor else reading.leftmost_leaf(self.story, self.cursor))

    def do_fork_before(self, _: str) -> None:
        self._jump(jumps.fork_before(self.story, self.cursor))

    def do_fork_after(self, _: str) -> None:
        self._jump(jumps.fork_after(self.story, self.cursor))

    def do_chapter_before(self, _: str) -> None:
        found = [node for node, _ in reading.chapters(self.story, self.cursor)]
        earlier = [node for node in found if node != self.cursor]
        self._jump(earlier[-1] if earlier else reading.root(self.story))

    def do_chapter_after(self, _: str) -> None:
        leaf = reading.leftmost_leaf(self.story, self.cursor)
        below = set(reading.path(self.story, leaf)) - set(reading.path(self.story, self.cursor))
        later = [node for node, _ in reading.chapters(self.story, leaf) if node in below]
        if later:
            self._jump(later[0])
        else:
            self.say("There is no chapter further on.")

    def do_nth(self, number: str) -> None:
        at = int(number) - 1 if number.isdigit() else -1
        if 0 <= at < len(self._cards):
            self.go(self._cards[at].id)

    def do_go(self, node: str) -> None:
        wanted = node.lstrip("n")
        if not wanted.isdecimal() or not reading.exists(self.story, int(wanted)):
            raise Refusal(f"There is no node {node!r} in this story.")
        self._jump(int(wanted))

    def _jump(self, node: int) -> None:
        rows.unfold_to(self.story, node)
        self.go(node)

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
        self._hits = reading.search(self.story, words)
        if not self._hits:
            self.say(f"Nothing in this story has {words!r}.")
            return
        self._hit(1)

    def do_search_next(self, _: str) -> None:
        self._hit(1)

    def do_search_previous(self, _: str) -> None:
        self._hit(-1)

    def _hit(self, step: int) -> None:
        if not self._hits:
            self.say("Nothing has been searched for yet; / does.")
            return
        hits = self._hits
        if self.cursor in hits:
            at = (hits.index(self.cursor) + step) % len(hits)
        else:
            at = 0 if step > 0 else len(hits) - 1
        self._jump(hits[at])
        self.say(f"hit {at + 1} of {len(hits)}")

    # Shaping.

    async def do_prune(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        if card is None:
            return
        if card.woven:

            def answer(given: str) -> object:
                return self._prune_here() if given.strip().lower().startswith("y") else None

            self.ask("The weave goes through here. Prune it? y/n", answer)
            return
        await self._prune_here()

    async def _prune_here(self) -> None:
        node = self.cursor
        await self.stop_below(node)
        ids = [card.id for card in self._cards]
        at = ids.index(node)
        beside = ids[at + 1 : at + 2] or ids[at - 1 : at] if len(ids) > 1 else []
        parent = self._cards[at].parent
        await asyncio.to_thread(shape.prune, self.story, node)
        self.cursor = beside[0] if beside else parent or self.cursor
        self._after_change()
        self.say("Pruned; u brings it back.")

    async def do_keep_only(self, _: str) -> None:
        count = await self.act(shape.keep_only, self.cursor)
        self.say(f"{count} other{'s' if count != 1 else ''} pruned; u brings them back.")

    async def do_restore(self, _: str) -> None:
        card = next((card for card in self._cards if card.id == self.cursor), None)
        parent = card.parent if card is not None else 0
        pruned = reading.pruned_children(self.story, parent)
        if not pruned:
            pruned = reading.pruned_children(self.story, self.cursor)
        if not pruned:
            self.say("Nothing is pruned here.")
            return
        count = await self.act(shape.restore, pruned)
        self.say(f"{count} brought back.")

    async def do_join(self, _: str) -> None:
        joined = await self.act(shape.join, self.cursor)
        if joined.left_aside:
            self.say("Joined; the pruned branches stay with the old parent, pruned.")

    async def do_weave(self, _: str) -> None:
        await self.act(marks.set_weave, self.cursor)
        self.say("The weave leads here.")

    async def do_undo(self, _: str) -> None:
        await self._history(history.undo, "Taken back", "There is nothing to take back.")

    async def do_redo(self, _: str) -> None:
        await self._history(history.redo, "Made again", "There is nothing to make again.")

    async def _history(self, step: Callable[[Story], str | None], did: str, nothing: str) -> None:
        self._touched = frozenset()
        kind = await asyncio.to_thread(step, self.story)
        if kind is None:
            self.say(nothing)
            return
        if kind.startswith("node."):
            back = [
                card.id
                for card in reading.cards(self.story, sorted(self._touched - {0}))
                if not card.pruned and reading.exists(self.story, card.id)
            ]
            if back and self.cursor not in back:
                self.cursor = back[0]
        self._after_change()
        self.say(f"{did}: {STEPS.get(kind, kind)}.")

    # Saying.

    async def do_why(self, text: str) -> None:
        self.loom.warm()
        await self._say_of(self.cursor, "why", "why the next fork from here", text)

    async def do_reason(self, text: str) -> None:
        await self._say_of(self.cursor, "reason", "why this branch", text)

    async def do_note(self, text: str) -> None:
        await self._say_of(self.cursor, "note", "note", text)

    async def do_title(self, text: str) -> None:
        await self._say_of(0, "title", "title", text)

    async def do_premise(self, text: str) -> None:
        await self._say_of(0, "premise", "premise", text)

    async def do_style(self, text: str) -> None:
        await self._say_of(0, "style", "style", text)

    async def _say_of(self, owner: int, key: str, label: str, text: str) -> None:
        if text:
            await self.act(marks.set_text, owner, key, text)
            return
        begun = marks.text_of(self.story, owner, key)
        self.ask(label, lambda answer: self.act(marks.set_text, owner, key, answer), begun=begun)

    async def do_chapter(self, title: str) -> None:
        if title:
            await self.act(marks.set_chapter, self.cursor, title)
            return
        card = reading.cards(self.story, [self.cursor])[0]
        begun = next((mark.title for mark in card.marks if mark.offset == 0), None)

        def answer(given: str) -> object:
            given = given.strip()
            taken_away = not given and begun is not None
            return self.act(marks.set_chapter, card.id, None if taken_away else given)

        self.ask("chapter title, empty takes the mark away", answer, begun=begun or "")

    # Looking.

    def do_view(self, _: str) -> None:
        if self.has_class("-wide"):
            self.say("Tree and branches are both here; on a narrow screen v changes between them.")
            return
        self.toggle_class("-tree")
        self._redraw_soon()

    def do_fold(self, _: str) -> None:
        kids = reading.children(self.story, self.cursor)
        if not kids:
            self.say("There is nothing below to fold.")
            return
        away = not rows.folded(self.story, self.cursor)
        rows.fold(self.story, self.cursor, away)
        self.redraw(changed=True)
        if not self.query_one(TreePane).display:
            self.say(f"{'Folded' if away else 'Unfolded'} in the tree; v shows it.")

    async def do_models(self, _: str) -> None:
        from storyloom.tui.screens.models import ModelPicker

        picker = ModelPicker(self.story, self.cursor, self.settings, self.loom.client)
        self.app.push_screen(picker, self._planned)

    async def _planned(self, chosen: object) -> None:
        if not isinstance(chosen, tuple):
            return
        where, parts = chosen
        self.next_count = None
        owner = 0 if where == "story" else self.cursor
        given: tuple[PlanPart, ...] | None = parts
        try:
            await self.act(set_plan, owner, given)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        self.say(f"From here down: {self.plan().label}." if owner else f"{self.plan().label}.")

    def do_read(self, _: str) -> None:
        from storyloom.tui.screens.reader import ReaderScreen

        def back(node: object) -> None:
            if isinstance(node, int):
                self._jump(node)

        self.app.push_screen(ReaderScreen(self.story), back)

    async def do_export(self, name: str) -> None:
        if name:
            self.say(await exporting.export(self.story.path, name))
            return
        title = marks.story_text(self.story, "title")
        self.ask("write to", self.do_export, begun=exporting.default_name(title))

    # Leaving.

    async def do_library(self, _: str) -> None:
        from storyloom.tui.screens.library import LibraryScreen

        await self.closing()
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.switch_screen(LibraryScreen())

    async def do_quit(self, _: str) -> None:
        await self.loom.leave()

    def remember(self) -> None:
        """Keep where the author is."""
        with contextlib.suppress(Refusal):
            place.remember(
                self.story,
                cursor=self.cursor,
                tree=self.has_class("-tree"),
                top=self.query_one(StrandPane).place,
            )

    async def closing(self) -> None:
        """Put everything in order before the screen goes."""
        if self._shut:
            return
        await self.end_growing()
        self.remember()
        self._shut = True
        self.story.close()

    def save_at_once(self) -> None:
        """Bring what has streamed in into the file, now."""
        if self._shut:
            return
        self.interrupt_growing()
        self.remember()
        self.story.close()


STEPS = {
    "node.create": "a passage written",
    "node.text": "an edit",
    "node.split": "a split",
    "node.join": "a join",
    "node.prune": "a pruning",
    "node.restore": "a restoring",
    "gen.request": "a batch, which is pruned",
    "weave.set": "where the weave leads",
    "chapter.set": "a chapter mark",
    "plan.set": "a plan",
    "why.set": "a why",
    "reason.set": "a reason",
    "note.set": "a note",
    "settings.set": "a text of the story",
}
"""What undo and redo say of each kind of step."""
