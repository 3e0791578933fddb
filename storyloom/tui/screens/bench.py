"""What every part of the loom works on: acts on the story, and the cursor that they move."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from storyloom.story import growth, place, reading, rows, tips
from storyloom.story.act import Changed
from storyloom.text import Refusal
from storyloom.tui.screens.panes import PANES, Panes
from storyloom.tui.widgets.strand import StrandPane
from storyloom.tui.widgets.tree import TreePane

__all__ = ["Bench"]

T = TypeVar("T")

_MOST_UNREAD = 1_000
"""Unread branches that are remembered."""
_LOOKS = 0.5
"""Seconds between two looks at what another program has changed in the story."""


class Bench(Panes):
    """One open story and its cursor, a node. The parts of the loom are built on it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._touched: frozenset[int] = frozenset()
        self._redrawing = False
        self._begun = False
        self._heard_op = 0
        self.story.listen(self._note_change)

    def on_mount(self) -> None:
        """Come back to where the author was; close what a crash left open."""
        recovered: list[int] = []
        refused = ""
        try:
            recovered = growth.recover(self.story)
        except Refusal as refusal:
            # As on a full disk. What there is can be read, and the next start tries again.
            refused = str(refusal)
        left = place.recalled(self.story)
        self._recall(left)
        node = left.get("cursor", 0)
        if not node or not reading.exists(self.story, node):
            node = tips.weave_tip(self.story) or reading.root(self.story)
        if left.get("cursor") == node and left.get("top"):
            self.query_one(StrandPane).hold(tuple(left["top"]))
        self.cursor = node
        self.show_hint()
        # Each pane draws what it is given here as soon as it knows its size.
        self.redraw(changed=True)
        self.call_after_refresh(self._begin)
        self._kept_cursor = node
        self.set_interval(_LOOKS, self._look_around)
        self._version = reading.data_version(self.story)
        self._heard_op = reading.last_op(self.story)
        if refused:
            self.say(refused, "error")
        elif recovered:
            many = f"{len(recovered)} branches were" if len(recovered) > 1 else "A branch was"
            self.say(f"{many} interrupted last time; what had arrived is kept. Space goes on from "
                     "it, x prunes it.", "warning")  # fmt: skip
        elif self.story.readonly:
            self.say("This file cannot be written to; you can read it.", "warning")
        elif not left and self.hints.over:
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
        # Too small for anything, it shows nothing, and what the panes have stays as it is.
        if not self.has_class("-small"):
            self.redraw(changed=True)

    async def stop_below(self, node: int) -> None:
        """Stop what is written where it is about to be pruned; the part that grows does it."""

    def hurry(self) -> bool:
        """Ask again at once for the cursor's branch, if it waits for that, and return whether it
        did; the part that grows does it.
        """
        return False

    def write_out(self) -> bool:
        """Begin to write the cursor's sketch out, and return whether it is one; the part that
        grows does it.
        """
        return False

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
        if last > self._heard_op and not self.live_branches(()):
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

    def led_to(self, node: int) -> int:
        """Return the branch beside `node` that it was written to lead to; 0 for none."""
        ends = growth.between(self.story, node)
        if ends is None:
            return 0
        return ends[1] if ends[1] in reading.children(self.story, ends[0]) else 0

    def follows(self) -> int:
        """Return the branch that a passage from the cursor on would lead to, 0 where nothing
        follows: the one last looked at, else the woven one, else the first. What was itself
        written to lead to another stands for that.
        """
        kids = reading.cards(self.story, reading.children(self.story, self.cursor))
        ids = [card.id for card in kids if not card.streaming]
        onward = self.onward(self.cursor)
        found = onward if onward in ids else next(iter(ids), 0)
        return (self.led_to(found) if found else 0) or found

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
                timeline=self.has_class("-timeline"),
                whole=not self.query_one(TreePane).only_strand,
                pane=self.pane,
                unread=sorted(self.unread)[-_MOST_UNREAD:],
                top=self.query_one(StrandPane).place,
            )

    def _recall(self, left: dict[str, Any]) -> None:
        """Have the panes as they were left; a file from elsewhere may hold anything there."""
        self.set_class(bool(left.get("tree")), "-tree")
        self.set_class(bool(left.get("timeline")), "-timeline")
        self.query_one(TreePane).only_strand = not left.get("whole")
        unread = left.get("unread")
        if isinstance(unread, list):
            self.unread = {node for node in unread if isinstance(node, int)}
        if left.get("pane") in PANES:
            self.pane = str(left["pane"])
        self.settle_pane()

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command; the first use of some is noted, as nothing more need be said of them."""
        await super().do(name, argument)
        if not self.hints.over and self.hints.took(name):
            self.show_hint()
            await asyncio.to_thread(self.hints.keep)
