"""A story grown again from its opening by another model, as a new story beside it.

Passages by hand are copied. Each batch is asked for anew with what stands above it now, and where
the author went on from the third branch, the third one is gone on from. What was done to a model's
words, edits and splits, would mean nothing to other words: it is left out, and told in `notes`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from storyloom.generate.calls import Ask, call_for
from storyloom.generate.cassette import Cassette, Turns
from storyloom.generate.plan import settings_for, short
from storyloom.generate.repeating import adapted, forked
from storyloom.generate.request import request_for, reserve
from storyloom.generate.rerun import Run
from storyloom.generate.rerun_preview import Due, Preview
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.settings import SKETCH, Settings
from storyloom.story import batches, following, growth, marks, regrown
from storyloom.story.growth import Asked
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["Note", "Regrowth", "begun", "opened"]

_LED_TO = 8_000
"""Code points of what follows a gap."""


class Note(NamedTuple):
    """Something of the original that is not in what was grown."""

    node: int
    """Where, in the original."""
    what: str


def begun(path: Path, original: Story, model: str) -> None:
    """Create the story that `original` is to be grown again into. Raises Refusal when the file is
    there.
    """
    title = marks.story_text(original, "title") or original.path.stem
    data = {"regrown": regrown.named(original), "model": model}
    regrown.begin(path, original, f"{title} ({short(model)})", data)


def opened(path: Path, original: Story) -> Story:
    """Open a story that `original` was begun to be grown into. Raises Refusal when it is none."""
    story = Story(path)
    if regrown.beginning(story).get("regrown") != regrown.named(original):
        story.close()
        raise Refusal(f"{one_line(path.name)} was not grown from {one_line(original.path.name)}.")
    # What a killed program left open of it is asked for again.
    growth.recover(story)
    return story


_Read = TypeVar("_Read")


async def _aside(work: Callable[..., _Read], *arguments: Any, **named: Any) -> _Read:
    """Return what `work` does in a thread, to its end even when this task is cancelled meanwhile:
    whoever cancels it closes the story.
    """
    going = asyncio.ensure_future(asyncio.to_thread(work, *arguments, **named))
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        await asyncio.wait([going])
        raise


class Regrowth(Run):
    """A run that grows a new story."""

    def __init__(
        self,
        story: Story,
        original: Story,
        source: Client | Cassette,
        settings: Settings,
        preview: Preview,
    ) -> None:
        super().__init__(story, source, settings, preview)
        self.notes: list[Note] = []
        """What could not be done again, in the order of the story; whole once it has ended."""
        self._original = original
        self._due = {due.batch.op: due for due in preview.due}
        self._branches: dict[int, tuple[batches.Batch, int]] = {}
        self._halves: set[int] = set()
        self._runs: set[int] = set()
        """Branches of re-runs, which nobody went on from."""
        self._bounds: set[int] = set()
        self._at: dict[int, int] = {0: 0}
        """For each passage of the original the one that stands for it."""
        self._grown: dict[tuple[int, int], int] = {}
        """The branches that have come, by the batch of then and their index."""
        self._turns = Turns()

    async def run(self) -> None:
        """Grow what is due from the opening on, see `Run.run`; passages by hand come as well."""
        await _aside(self._recall)
        todo = [0]
        try:
            while todo and not self.halted:
                todo += reversed(await self._below(todo.pop()))
        finally:
            await _aside(self._end)

    def _recall(self) -> None:
        """Look at the original, and at what an earlier sitting has grown."""
        wish = self.preview.wish
        left = {left.batch.op for left in self.preview.left}
        for batch in batches.batches(self._original):
            if batch.run:
                nodes = {branch.node for branch in batch.branches}
                self._runs |= {each for each in nodes if not regrown.shown(self._original, each)}
            elif batch.op not in left:
                for branch in batch.branches:
                    self._branches[branch.node] = batch, branch.index
        self._halves = batches.split_halves(self._original)
        self._bounds = regrown.bounds(self._original)
        self._at |= regrown.taken(self.story)
        for batch in batches.batches(self.story):
            of = batch.run.get("of")
            if batch.run.get("id") != self.preview.run or not isinstance(of, int):
                continue
            for branch in batch.branches:
                self._turns.heard(wish.model, branch.request)
            for index, branch, came in batches.answered(self.story, batch):
                if came.text.strip():
                    self._grown[of, index] = branch.node

    def _end(self) -> None:
        if self._bounds:
            lost = regrown.bind_lore(self.story, self._original, self._at)
            if lost:
                self.notes.append(
                    Note(0, f"{lost} of its lore hold from a passage that is not here")
                )
        regrown.lead_weaves(self.story, self._original, self._at)

    async def _below(self, node: int) -> list[int]:
        """Grow and copy the branches of a passage; return those that stand for some of them."""
        found: list[int] = []
        children = await _aside(
            regrown.shown, self._original, node, pruned=self.preview.wish.pruned
        )
        for child in children:
            if child in self._runs:
                continue
            made = await self._stands_for(child, node)
            if self.halted:
                return []
            if made is not None:
                self._at[child] = made
                found.append(child)
                if child in self._bounds:
                    await _aside(regrown.bind_lore, self.story, self._original, self._at)
        for due in [due for due in self._due.values() if due.fork == node]:
            # Nobody went on from any of those.
            await self._regrow(due, self._at[node])
            if self.halted:
                return []
        return found

    async def _stands_for(self, node: int, parent: int) -> int | None:
        """Return the passage that is to stand for one of the original, None when there is none."""
        place = self._at[parent]
        if node in self._halves:
            self.notes.append(Note(node, "was split; what stands for it is whole"))
            return place
        batch, index = self._branches.get(node, (None, 0))
        if batch is None or self._at.get(batch.parent) != place:
            if node in self._at:
                return self._at[node]
            if not await _aside(regrown.born_by_hand, self._original, node):
                self.notes.append(Note(node, "was moved, joined or copied; it is taken as it is"))
            return await _aside(regrown.take, self.story, self._original, node, place)
        if batch.op in self._due:
            await self._regrow(self._due[batch.op], place)
            if self.halted:
                return None
        made = self._grown.get((batch.op, index))
        if made is None:
            self.notes.append(Note(node, "brought no whole text this time; nothing grows below it"))
            return None
        if await _aside(regrown.edited, self._original, node):
            self.notes.append(Note(node, "was edited; the edit is not applied"))
        await _aside(regrown.mark, self.story, self._original, node, made)
        return made

    async def _regrow(self, due: Due, place: int) -> None:
        """Ask for a batch below the passage that stands for its fork."""
        del self._due[due.batch.op]
        after = await _aside(self._after, due)
        asks = await _aside(self._asks, due, place, after)
        turns = [self._turns.next(ask.asked) for ask in asks]
        nodes = await self.ask(due, self.aim(due, place, after=after), asks, turns)
        for index, node in zip(due.which, nodes, strict=False):
            # What broke off is asked for again another time: what grew below would be lost then.
            if await _aside(self._whole, node):
                self._grown[due.batch.op, index] = node

    def _whole(self, node: int) -> bool:
        finish = growth.result_of(self.story, node).get("finish")
        broken = finish in batches.UNFINISHED or finish == "stopped"
        return not broken and not batches.gone(self.story, node)

    def _after(self, due: Due) -> str:
        towards = due.batch.towards
        if not towards or batches.gone(self._original, towards):
            return ""
        if not regrown.born_by_hand(self._original, towards):
            self.notes.append(Note(towards, "was led to; what leads to it now knows the old words"))
        return following.text_from(self._original, towards, most=_LED_TO)

    def _asks(self, due: Due, place: int, after: str) -> Sequence[Ask]:
        batch = due.batch
        settings = settings_for(self.story, self._settings, place)
        own = replace(settings, words=SKETCH) if batch.sketch else settings
        entry, known = self.preview.models[self.preview.wish.model, bool(batch.towards)]
        facts = known or Facts(entry.model)
        asks: list[Ask] = []
        for index in due.which:
            sent = batches.asked(self._original, batch.branches[index])
            if sent is None:
                raise Refusal(f"Event {batch.op} cannot be asked for any more: it was purged.")
            made = request_for(
                self.story, own, place, entry, facts, why=batch.why, after=after, branch=index
            )
            params = adapted(settings, sent, batch, facts) | {"max_tokens": reserve(own, facts)}
            asked = Asked(entry.name, made.body, params, sent.vary)
            asks.append(Ask(entry, facts, asked, call_for(entry, made.body, params)))
        return forked(self.story, batch, asks)
