"""A story's recorded batches asked for once more: of another model, or of the same to compare.

As *siblings*, what was sent is sent again to the letter to one other model, and its answers hang
beside those that are there; nothing else moves. To *verify*, each model is sent what it was sent
with the parameters of then, and what comes is pruned at once: it is there to be compared alone.
`parallel` is the third way, a new story. Each batch says in the log which run it is of and what it
repeats, so a run that was stopped goes on where it ended.
"""

import asyncio
from collections.abc import Callable, Sequence

from storyloom.generate import caps
from storyloom.generate.batch import Aim, Batch, Branch
from storyloom.generate.branch import settled
from storyloom.generate.calls import Ask
from storyloom.generate.cassette import Cassette, Found, missing, told
from storyloom.generate.plan import settings_for
from storyloom.generate.repeating import asks_of
from storyloom.generate.rerun_preview import Due, Preview
from storyloom.models.client import Client
from storyloom.settings import Settings
from storyloom.story import batches, growth, shape
from storyloom.story.growth import Result
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Rerun", "Run", "played"]

_ONE_BATCH = frozenset({"bad_request", "context_too_long", "refused", "cut_off"})
"""Faults of one request: the next may well be answered."""


class Run:
    """What all runs have in common: batches asked for one after the other, and what ends them."""

    def __init__(
        self, story: Story, source: Client | Cassette, settings: Settings, preview: Preview
    ) -> None:
        """Take the story that the branches go into, and who is asked."""
        self.story = story
        self.preview = preview
        self.done = 0
        """Batches that were asked for and have ended."""
        self.logged = False
        """Whether the story's log knows of it, so that it can be gone on with."""
        self.halted = ""
        """Why it ended before all were asked for; empty when it did not."""
        self.failed = 0
        """Branches that ended by a fault or were stopped."""
        self.spent = preview.spent
        """US dollars, as far as they are known."""
        self._untold = 0.0
        """US dollars at most of what nobody told the cost of, as of a branch that was stopped."""
        self.batch: Batch | None = None
        """The one that is under way, where a model is asked."""
        self.nodes: list[int] = []
        """Those of the batch that was asked for last."""
        self._source, self._settings = source, settings
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
        """Ask for all that is due. May be cancelled at any moment: what had arrived is kept.

        A cap, or a fault that the next batch would meet too, ends it early; `halted` says so then.
        Raises Refusal when what came cannot be saved.
        """
        raise NotImplementedError

    async def stop(self) -> None:
        """Ask for nothing more; what is being written stops, and what had arrived stays."""
        self._stop = True
        if self.batch is not None:
            await self.batch.stop()

    def aim(self, due: Due, parent: int, towards: int = 0, after: str = "") -> Aim:
        """Return where the branches of a batch go, and what the log is to say of it."""
        wish, batch = self.preview.wish, due.batch
        known = self.preview.models.get((wish.model, False))
        facts = known.facts if known is not None else None
        said = {"id": self.preview.run, "of": batch.op, "which": list(due.which), **wish.kept}
        said |= {} if facts is None else {"facts": told(facts)}
        return Aim(parent, batch.why, towards, batch.sketch, said, after)

    async def ask(self, due: Due, aim: Aim, asks: Sequence[Ask], turns: Sequence[int]) -> list[int]:
        """Ask for a batch to its end and return its nodes in order; none when that was not to be,
        and `halted` says why. With a cassette, `turns` says how often each was asked for before.
        """
        if self._stop:
            self.halted = "Stopped."
        elif why := self._beyond(due):
            self.halted = why
        elif isinstance(self._source, Cassette):
            self._begun(due, None)
            nodes = await asyncio.to_thread(self._play, self._source, aim, asks, turns)
            self.done += 1
            return nodes
        else:
            return await self._grow(self._source, due, aim, asks)
        return []

    def _beyond(self, due: Due) -> str:
        cap = self.preview.wish.cap
        most = sum(price.each or 0.0 for price in due.prices)
        spent = self.spent + self._untold
        if cap is None or spent + most <= cap:
            return ""
        return (
            f"The next batch may cost up to {caps.dollars(most)}, and {caps.dollars(spent)} "
            f"of this run's cap of {caps.exactly(cap)} is spent."
        )

    async def _grow(self, client: Client, due: Due, aim: Aim, asks: Sequence[Ask]) -> list[int]:
        settings = settings_for(self.story, self._settings, aim.parent)
        placing = asyncio.ensure_future(
            Batch.placed(self.story, client, settings, aim, asks, due.prices)
        )
        try:
            batch = await asyncio.shield(placing)
        except Refusal as refusal:
            self.halted = str(refusal)
            return []
        except asyncio.CancelledError:
            # Its branches may be in the story by then, and nobody else would close them.
            await asyncio.wait([placing])
            if not placing.cancelled() and placing.exception() is None:
                self.logged = True
                await placing.result().abandon()
            raise
        self.logged = True
        if self._stop:
            await batch.abandon()
            self.halted = "Stopped."
            return []
        self.batch, self.nodes = batch, [branch.node for branch in batch.branches]
        batch.listen(self._changed)
        try:
            self._begun(due, batch)
            await batch.run()
        finally:
            self.batch = None
            self.spent += sum(branch.cost or 0.0 for branch in batch.branches)
            self._untold += _untold(batch.branches, due.prices)
        self.done += 1
        self.failed += sum(branch.state in ("failed", "stopped") for branch in batch.branches)
        self.halted = _fault(self.story, batch)
        return self.nodes

    def _play(
        self, cassette: Cassette, aim: Aim, asks: Sequence[Ask], turns: Sequence[int]
    ) -> list[int]:
        """Put the answers of a cassette where a model's would go."""
        found = [_heard(cassette, ask, turn) for ask, turn in zip(asks, turns, strict=True)]
        places = growth.request(
            self.story, aim.parent, [ask.asked for ask in asks], why=aim.why,
            towards=aim.towards, sketch=aim.sketch, run=aim.run,
        )  # fmt: skip
        self.logged = True
        self.nodes = [place.node for place in places]
        for place, each in zip(places, found, strict=True):
            growth.finish(self.story, place, each.answer.text, played(each))
        return self.nodes


class Rerun(Run):
    """A run whose branches hang beside those of then."""

    async def run(self) -> None:
        """Ask for each batch that is due, see `Run.run`."""
        if self.preview.wish.mode == "verify":
            await asyncio.to_thread(self._tidy)
        for due in self.preview.due:
            asks = await asyncio.to_thread(self._asks, due)
            towards = 0 if batches.gone(self.story, due.batch.towards) else due.batch.towards
            aim = self.aim(due, due.fork, towards)
            try:
                await self.ask(due, aim, asks, due.turns)
            finally:
                if self.preview.wish.mode == "verify":
                    # It came to be compared alone.
                    shape.prune_all(self.story, self.nodes)
                self.nodes = []
            if self.halted:
                return

    def _tidy(self) -> None:
        """Prune what a killed program had left of the run."""
        of = (b for b in batches.batches(self.story) if b.run.get("id") == self.preview.run)
        left = [node for batch in of for node in batches.never_pruned(self.story, batch)]
        if left:
            shape.prune_all(self.story, left)

    def _asks(self, due: Due) -> list[Ask]:
        made = asks_of(self.story, self._settings, self.preview.wish, due.batch,
                       self.preview.models)  # fmt: skip
        if isinstance(made, str):
            raise Refusal(f"Event {due.batch.op} cannot be asked for any more: {made}.")
        return [made[index] for index in due.which]


def _untold(branches: Sequence[Branch], prices: Sequence[caps.Price]) -> float:
    """Return what those branches may have cost of which nobody told."""
    pairs = zip(branches, prices, strict=True)
    return sum(price.each or 0.0 for branch, price in pairs if settled(branch) is None)


def _fault(story: Story, batch: Batch) -> str:
    """Return why nothing more is asked for, when all of a batch met one fault at once."""
    if any(branch.state != "failed" or branch.raw for branch in batch.branches):
        return ""
    kinds = {growth.result_of(story, branch.node).get("kind") for branch in batch.branches}
    return "" if kinds <= _ONE_BATCH else batch.branches[0].say


def _heard(cassette: Cassette, ask: Ask, turn: int) -> Found:
    found = cassette.find(ask.asked, turn)
    if found is None:
        raise missing("A branch", ask.entry.name)
    return found


_PLAYED = ("cut", "returned", "provider", "dropped")


def played(found: Found) -> Result:
    """Return how a branch ends whose answer was recorded: as it did then, and for nothing."""
    facts = {key: found.answer.facts[key] for key in _PLAYED if key in found.answer.facts}
    say = found.answer.facts.get("say")
    return Result(found.answer.finish or "stop", say if isinstance(say, str) else "",
                  {**facts, "cost": 0.0, "cassette": True})  # fmt: skip
