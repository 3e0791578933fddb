"""A story's recorded batches asked for once more: of another model, or of the same to compare.

As *siblings*, what was sent is sent again to the letter to one other model, and its answers hang
beside those that are there; nothing else moves. To *verify*, each model is sent what it was sent
with the parameters of then, and what comes is pruned at once: it is there to be compared alone.
`parallel` is the third way, a new story. Each batch says in the log which run it is of and what it
repeats, so a run that was stopped goes on where it ended.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from storyloom.generate import caps
from storyloom.generate.batch import Aim, Batch, Branch
from storyloom.generate.calls import Ask
from storyloom.generate.cassette import Cassette, Found, missing, told
from storyloom.generate.plan import settings_for
from storyloom.generate.repeating import asks_of
from storyloom.generate.rerun_preview import Due, Preview
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.settings import Settings
from storyloom.story import batches, growth, shape
from storyloom.story.growth import Result
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Rerun", "played"]

_ONE_BATCH = frozenset({"bad_request", "context_too_long", "refused", "cut_off"})
"""Faults of one request: the next may well be answered."""


class Rerun:
    """A run. Await `run`; it may be cancelled at any moment, and what had arrived is kept."""

    def __init__(
        self, story: Story, source: Client | Cassette, settings: Settings, preview: Preview
    ) -> None:
        self.preview = preview
        self.done = 0
        """Batches that were asked for and have ended."""
        self.halted = ""
        """Why it ended before all were asked for; empty when it did not."""
        self.failed = 0
        """Branches that ended by a fault or were stopped."""
        self.spent = preview.spent
        self.batch: Batch | None = None
        """The one that is under way, where a model is asked."""
        self._story, self._source, self._settings = story, source, settings
        self._begun: Callable[[Due, Batch | None], object] = lambda _, __: None
        self._changed: Callable[[Branch], None] = lambda _: None
        self._stop = False

    def listen(
        self,
        begun: Callable[[Due, Batch | None], object],
        changed: Callable[[Branch], None] = lambda _: None,
    ) -> None:
        """Call `begun` as each batch begins, without a Batch where a cassette is played, and
        `changed` as `Batch.listen` does.
        """
        self._begun, self._changed = begun, changed

    async def run(self) -> None:
        """Ask for each batch that is due, one after the other, until a cap or a fault that the
        next would meet too ends it. Raises Refusal when what came cannot be saved.
        """
        for due in self.preview.due:
            if self._stop:
                self.halted = "Stopped."
            elif why := self._beyond(due):
                self.halted = why
            if self.halted:
                return
            if isinstance(self._source, Cassette):
                self._begun(due, None)
                await asyncio.to_thread(self._play, self._source, due)
            elif not await self._ask(self._source, due):
                return
            self.done += 1
            self.halted = self._fault()
            if self.halted:
                return

    async def stop(self) -> None:
        """Ask for nothing more; what is being written stops, and what had arrived stays."""
        self._stop = True
        if self.batch is not None:
            await self.batch.stop()

    def _beyond(self, due: Due) -> str:
        cap = self.preview.wish.cap
        most = sum(price.each or 0.0 for price in due.prices)
        if cap is None or self.spent + most <= cap:
            return ""
        return (
            f"The next batch may cost up to {caps.dollars(most)}, and {caps.dollars(self.spent)} "
            f"of this run's cap of {caps.exactly(cap)} is spent."
        )

    def _asks(self, due: Due) -> list[Ask]:
        made = asks_of(self._story, self._settings, self.preview.wish, due.batch,
                       self.preview.models)  # fmt: skip
        if isinstance(made, str):
            raise Refusal(f"Event {due.batch.op} cannot be asked for any more: {made}.")
        return [made[index] for index in due.which]

    def _said(self, due: Due, facts: Facts | None) -> dict[str, Any]:
        known = {} if facts is None else {"facts": told(facts)}
        return {"id": self.preview.run, "of": due.batch.op, "which": list(due.which),
                **self.preview.wish.kept, **known}  # fmt: skip

    def _aim(self, due: Due) -> Aim:
        batch = due.batch
        known = self.preview.models.get((self.preview.wish.model, False))
        towards = 0 if batches.gone(self._story, batch.towards) else batch.towards
        return Aim(batch.parent, batch.why, towards, batch.sketch,
                   self._said(due, known.facts if known else None))  # fmt: skip

    async def _ask(self, client: Client, due: Due) -> bool:
        """Ask for a batch; false when it was not allowed to be."""
        asks = await asyncio.to_thread(self._asks, due)
        settings = settings_for(self._story, self._settings, due.fork)
        try:
            batch = await Batch.placed(self._story, client, settings, self._aim(due), asks,
                                       due.prices)  # fmt: skip
        except Refusal as refusal:
            self.halted = str(refusal)
            return False
        self.batch = batch
        batch.listen(self._changed)
        try:
            self._begun(due, batch)
            await batch.run()
        finally:
            nodes = [branch.node for branch in batch.branches]
            self.spent += sum(branch.cost or 0.0 for branch in batch.branches)
            if self.preview.wish.mode == "verify":
                shape.prune_all(self._story, nodes)
        self.failed += sum(branch.state in ("failed", "stopped") for branch in batch.branches)
        return True

    def _fault(self) -> str:
        """Return why nothing more is asked for, when all that was asked for met one fault."""
        batch, self.batch = self.batch, None
        branches = batch.branches if batch is not None else []
        if not branches or any(branch.state != "failed" or branch.raw for branch in branches):
            return ""
        kinds = {growth.result_of(self._story, branch.node).get("kind") for branch in branches}
        return "" if kinds <= _ONE_BATCH else branches[0].say

    def _play(self, cassette: Cassette, due: Due) -> None:
        """Put the answers of a cassette where a model's would go."""
        asks = self._asks(due)
        found = [
            _heard(cassette, ask, turn, due) for ask, turn in zip(asks, due.turns, strict=True)
        ]
        aim = self._aim(due)
        places = growth.request(
            self._story, aim.parent, [ask.asked for ask in asks], why=aim.why,
            towards=aim.towards, sketch=aim.sketch, run=aim.run,
        )  # fmt: skip
        for place, each in zip(places, found, strict=True):
            growth.finish(self._story, place, each.answer.text, played(each))
        if self.preview.wish.mode == "verify":
            shape.prune_all(self._story, [place.node for place in places])


def _heard(cassette: Cassette, ask: Ask, turn: int, due: Due) -> Found:
    found = cassette.find(ask.asked, turn)
    if found is None:
        raise missing(f"A branch of event {due.batch.op}", ask.entry.name)
    return found


_PLAYED = ("cut", "returned", "provider", "dropped")


def played(found: Found) -> Result:
    """Return how a branch ends whose answer was recorded: as it did then, and for nothing."""
    facts = {key: found.answer.facts[key] for key in _PLAYED if key in found.answer.facts}
    say = found.answer.facts.get("say")
    return Result(found.answer.finish or "stop", say if isinstance(say, str) else "",
                  {**facts, "cost": 0.0, "cassette": True})  # fmt: skip
