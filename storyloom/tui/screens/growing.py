"""The loom's part that grows branches: batches, what they stream, how they end."""

import asyncio
import contextlib
import math
import time
from collections.abc import Container
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from storyloom.generate.plan import plan_for
from storyloom.models import weights
from storyloom.settings import PlanPart
from storyloom.story import following, growth, marks, reading
from storyloom.text import Refusal, words
from storyloom.tui.allowance import Allowance
from storyloom.tui.screens.failing import Failing
from storyloom.tui.widgets.siblings import Live

if TYPE_CHECKING:
    from storyloom.generate.batch import Batch, Branch

__all__ = ["Growing"]

_FRAMES_A_SECOND = 6
_IN_A_FRAME = 5
"""Branches whose texts are shown anew at once, beside the one under the cursor."""
_LEAST_SECONDS = 1.5
"""How long a branch is written until its rate says something."""
_SETTLE_SECONDS = 5.0
_BYTES_A_SECOND = 6_000
"""What streams may take of a line on the whole: a thin one has to have room for keys."""


class Aim(NamedTuple):
    """What a batch is for, besides going on with the story."""

    towards: int = 0
    """The branch that it is to lead to."""
    prose: bool = False
    """Whether a sketch is to be written out."""
    again: tuple[int, ...] = ()
    """Branches that are to be asked for once more, as they were; nothing else counts then."""


_ONLY_ON = Aim()


class Growing(Failing):
    """Batches: what they stream, and how they end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._batches: list[tuple[Batch, asyncio.Task[None]]] = []
        self._branches: dict[int, Branch] = {}
        self._last: tuple[int, tuple[PlanPart, ...]] | None = None
        self._towards = 0
        """What the last batch led to, 0 where it only went on."""
        self._written_out = 0
        """The sketch that the last batch was to write out; 0 for none."""
        self._back: dict[int, int] = {}
        """By branches that were asked for again alone, where the cursor was."""
        self._dirty: dict[int, None] = {}
        """Nodes of which there is more to show, the one that waits longest first."""
        self._seen: dict[int, Live] = {}
        """The branches that are being written, as they were shown last."""
        self._ended = False
        self._allowance = Allowance(_BYTES_A_SECOND)
        self._preparing = False
        self._unwanted = False
        """Whether the author has stopped a batch that is still being prepared."""
        self._warned = False
        """Whether it was just said that leaving would stop branches."""

    def live_branches(self, anew: Container[int] | None = None) -> dict[int, Live]:
        self._seen = {
            node: self._seen[node]
            if anew is not None and node not in anew and node in self._seen
            else Live(branch.state, branch.text, branch.say, _rate(branch), _again(branch))
            for node, branch in self._branches.items()
            if branch.running
        }
        return self._seen

    async def do_generate(self, _: str) -> None:
        """Grow the plan's branches from the cursor."""
        plan = self.plan()
        self._start(self.cursor, plan.parts)

    async def do_fill(self, node: str) -> None:
        """Grow what lies between the cursor and the branch that follows it."""
        towards = self.node_named(node) if node else self.follows()
        if not towards:
            raise Refusal(
                f"Nothing follows n{self.cursor} yet, so there is no gap; "
                f"{self.keys_of['generate']} grows what comes next."
            )
        following.follower(self.story, self.cursor, towards)
        self._start(self.cursor, self.plan().parts, Aim(towards))

    async def do_again(self, name: str) -> None:
        """Ask again for what failed here, as it was sent; else at the fork the cursor is a branch
        of, as last time there.
        """
        nodes = self.named_again(name) if name else self.to_ask_again()[0]
        if nodes:
            self._start_again(nodes)
            return
        card = reading.cards(self.story, [self.cursor])[0]
        parent = self.cursor if self.failures(self.cursor) else card.parent
        if not parent:
            self.say("This is the beginning; Space grows branches from it.")
            return
        last = self._last is not None and self._last[0] == parent
        if self._last is not None and last:
            parts = self._last[1]
        else:
            parts = plan_for(self.story, parent, self.settings).parts
        failed = self._towards if last and parent == self.cursor else 0
        sketch = bool(reading.sketched(self.story, parent)) and not card.sketch
        prose = self._written_out == parent or (sketch and card.parent == parent)
        self._start(parent, parts, Aim(failed or self.led_to(self.cursor), prose=prose))

    def do_more(self, _: str) -> None:
        """Ask for one branch more next time."""
        self._count(1)

    def do_fewer(self, _: str) -> None:
        """Ask for one branch fewer next time."""
        self._count(-1)

    def _count(self, step: int) -> None:
        self.loom.warm()
        plan = self.plan()
        self.next_count = max(1, min(9, plan.total + step))
        self.redraw()

    async def do_stop(self, _: str) -> None:
        """Stop what is being written; a branch alone when the cursor is on it."""
        if self._preparing and not self._unwanted:
            self._unwanted = True
            self.say("Stopping before anything is asked.")
            return
        branch = self._branches.get(self.cursor)
        only = self.cursor if branch is not None and branch.running else None
        for batch, _task in self._batches:
            await batch.stop(only)

    def hurry(self) -> bool:
        branch = self._branches.get(self.cursor)
        if branch is None or not branch.running or branch.again is None:
            return False
        for batch, _task in self._batches:
            if branch in batch.branches:
                batch.hurry(branch)
        self.say("Asking again.")
        return True

    def do_now(self, _: str) -> None:
        """Ask again at once for a branch that waits to be asked again."""
        if not self.hurry():
            raise Refusal("This is for a branch that waits to be asked again.")

    def write_out(self) -> bool:
        card = reading.cards(self.story, [self.cursor])[0]
        if not card.sketch or card.streaming:
            return False
        self._start(self.cursor, self.plan().parts, Aim(prose=True))
        return True

    def do_expand(self, _: str) -> None:
        """Write the sketch under the cursor out in prose."""
        if not self.write_out():
            raise Refusal("This is for a sketch; Space grows branches from other passages.")

    async def stop_below(self, node: int) -> None:
        """Stop what is written in a node or below it, and wait until the texts are closed."""
        for batch, _task in self._batches:
            below = [
                branch
                for branch in batch.branches
                if branch.running and node in reading.path(self.story, branch.node)
            ]
            for branch in below:
                await batch.stop(branch.node)
            for branch in below:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(branch.ended.wait(), _SETTLE_SECONDS)

    def _start_again(self, nodes: tuple[int, ...]) -> None:
        earlier = [growth.earlier(self.story, node) for node in nodes]
        parts = tuple(PlanPart(each.asked.model, 1) for each in earlier)
        self._start(earlier[0].parent, parts, Aim(again=nodes))

    def _start(self, parent: int, parts: tuple[PlanPart, ...], aim: Aim = _ONLY_ON) -> None:
        """Grow what `parts` say from `parent`, or what was asked for once more."""
        if self.story.readonly:
            raise Refusal("This file cannot be written to, so nothing can grow in it.")
        if self._preparing:
            self.say("The last batch is still being prepared.")
            return
        entries = [self.settings.entry(part.model) for part in parts]
        if any(entry.model == weights.EMBEDDED for entry in entries) and not weights.present():
            from storyloom.tui.screens.fetch import FetchScreen

            def fetched(there: object) -> None:
                if there:
                    self._start(parent, parts, aim)

            self.app.push_screen(FetchScreen(), fetched)
            return
        self._preparing, self._unwanted = True, False
        self.run_worker(self._grow(parent, parts, aim), exit_on_error=False, group="grow")

    async def _asked_for(self, parent: int, parts: tuple[PlanPart, ...], aim: Aim) -> "Batch":
        from storyloom.generate.batch import Batch

        def wanted() -> bool:
            return not (self._unwanted or self._ended)

        story, client = self.story, self.loom.client
        if aim.again:
            return await Batch.again(story, client, self.settings, aim.again, wanted=wanted)
        why = marks.text_of(story, parent, "why")
        return await Batch.begin(
            story, client, self.settings, parent, parts, why=why, towards=aim.towards,
            prose=aim.prose, wanted=wanted,
        )  # fmt: skip

    async def _grow(self, parent: int, parts: tuple[PlanPart, ...], aim: Aim) -> None:
        say = self.say
        say("Getting the models ready …")
        try:
            batch = await self._asked_for(parent, parts, aim)
        except Refusal as refusal:
            say(str(refusal), "warning")
            return
        finally:
            self._preparing = False
        if not aim.again:
            self._last = (parent, parts)
            self._towards = aim.towards
            self._written_out = parent if aim.prose else 0
        self._take_in(batch, parent, aim.again)
        batch.listen(partial(self._heard, parent))
        task = asyncio.create_task(batch.run())
        self._batches.append((batch, task))
        say(_notice(batch))
        self.redraw(changed=True)
        painter = self.set_interval(1 / _FRAMES_A_SECOND, self._paint)
        try:
            ended = await asyncio.gather(task, return_exceptions=True)
        finally:
            painter.stop()
            self._batches.remove((batch, task))
            self._finish(batch, parent)
        if isinstance(ended[0], Refusal):
            # A branch that could not be saved, as on a full disk: what had been flushed is kept.
            say(str(ended[0]), "error")

    def _take_in(self, batch: "Batch", parent: int, again: tuple[int, ...]) -> None:
        """Know a batch's branches, and go to the first of them from their parent or from the one
        that is asked for again.
        """
        first = batch.branches[0].node
        if self.lost in again or self.cursor in again:
            self._back[first] = self.cursor
        self.forget_lost(again, 0 if again else parent)
        self.next_count = None
        self._warned = False
        for branch in batch.branches:
            if not batch.towards:
                # One that fills a gap may be asked in another way than it is else.
                self.facts[branch.entry.model] = branch.facts
            self._branches[branch.node] = branch
            self.unread.add(branch.node)
        if self.cursor == parent or first in self._back:
            self.cursor = first
        self.unread.discard(self.cursor)

    def _heard(self, parent: int, branch: "Branch") -> None:
        self.lose(branch, parent)
        self._dirty[branch.node] = None

    def _count_down(self) -> None:
        """Have the branches shown anew that wait to be asked again, once a second."""
        for node, branch in self._branches.items():
            seen = self._seen.get(node)
            if branch.running and seen is not None and _again(branch) != seen.again:
                self._dirty[node] = None

    def _paint(self) -> None:
        self._count_down()
        if not self._dirty or not self._allowance.left():
            return
        if any(not self._branches[node].running for node in self._dirty):
            self._dirty.clear()
            for batch, _task in self._batches:
                self._leave_empty(batch)
            self.redraw(changed=True)
            return
        # A frame of all of them would hold a thin line for as long as a key may not wait.
        nodes = {self.cursor, *islice(self._dirty, _IN_A_FRAME)} & self._dirty.keys()
        for node in nodes:
            del self._dirty[node]
        self.redraw_live(nodes)

    def _leave_empty(self, batch: "Batch") -> None:
        """Take the cursor off a branch that ended without text, as its node is gone."""
        here = {branch.node: branch for branch in batch.branches}.get(self.cursor)
        if here is None or here.running or here.text.strip():
            return
        others = [b.node for b in batch.branches if b.running or b.text.strip()]
        back = self._back.get(here.node, 0)
        if others:
            self.cursor = others[0]
        elif reading.exists(self.story, back):
            # It failed once more: back to its row, where the same key asks yet again.
            self.cursor, self.lost = back, here.node

    def _finish(self, batch: "Batch", parent: int) -> None:
        if self._ended:
            return
        failed = [branch for branch in batch.branches if not branch.text.strip()]
        for branch in failed:
            self.lose(branch, parent)
        for branch in batch.branches:
            self._branches.pop(branch.node, None)
        self._dirty.clear()
        came = [branch.node for branch in batch.branches if branch.text.strip()]
        self._leave_empty(batch)
        self._settle_cursor()
        self.redraw(changed=True)
        if came and not failed:
            branches = "branch is" if len(came) == 1 else "branches are"
            on = "w weaves, x prunes, Space goes on"
            if batch.towards:
                on = f"{self.keys_of['between']} puts one before n{batch.towards}, x prunes"
            elif batch.sketch:
                on = "Enter writes one out"
            self.say(f"{len(came)} {branches} here: j k read, {on}.")
        broken = [b for b in batch.branches if b.state == "failed" or b.finish == "cut_off"]
        if broken:
            branch = broken[0]
            again = f"({self.keys_of['again']} asks again)"
            self.say(f"{branch.entry.name}: {branch.say} {again}", "error")

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command. One that leaves is done the second time while branches are written."""
        if name not in ("library", "quit"):
            self._warned = False
        elif not self._warned and (said := self._still_growing()):
            self._warned = True
            again = "q again" if name == "library" else "the same again"
            self.say(f"{said}; {again} leaves, and keeps what has arrived.", "warning")
            return
        await super().do(name, argument)

    def _still_growing(self) -> str:
        """Return what leaving would stop, nothing if there is no such thing."""
        running = sum(branch.running for branch in self._branches.values())
        if running:
            return f"{running} branch{'es are' if running > 1 else ' is'} still being written"
        return "Branches are about to be asked for" if self._preparing else ""

    async def end_growing(self) -> None:
        """Stop all batches; what has arrived is kept and marked interrupted."""
        self._ended = True
        tasks = [task for _, task in self._batches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def interrupt_growing(self) -> None:
        """Close all branches at once with what has arrived, without waiting for anything."""
        self._ended = True
        for batch, _ in self._batches:
            for branch in batch.branches:
                if branch.running:
                    batch.interrupt(branch)


def _rate(branch: "Branch") -> float:
    """Return how many words a second a branch is written at, 0 as long as that says little."""
    if branch.first is None:
        return 0.0
    took = time.monotonic() - branch.started - branch.first
    return words(branch.text) / took if took > _LEAST_SECONDS else 0.0


def _again(branch: "Branch") -> int | None:
    """Return the whole seconds until a branch is asked again, None when it does not wait so."""
    if branch.again is None:
        return None
    return max(0, math.ceil(branch.again - time.monotonic()))


def _notice(batch: "Batch") -> str:
    if any(branch.facts.provider == "embedded" for branch in batch.branches):
        return "The embedded model is small (135M): rough drafts, slowly. m chooses another."
    hosts = sorted({branch.entry.api_base or branch.facts.provider for branch in batch.branches})
    return f"Asking {', '.join(host for host in hosts if host)} … ^g stops."
