"""What a re-run would do, told before anything is sent: calls, tokens, cost, what is left out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from storyloom.generate import filling
from storyloom.generate.calls import room_of, size_of
from storyloom.generate.caps import Price
from storyloom.generate.cassette import Cassette, Turns, missing
from storyloom.generate.repeating import Known, Wish, asks_of
from storyloom.generate.window import window_of
from storyloom.models.client import Client
from storyloom.settings import Settings
from storyloom.story import batches, growth
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["Due", "Left", "Preview", "preview", "resumed", "unfinished"]


@dataclass(frozen=True)
class Due:
    """A batch that is to be asked for."""

    batch: batches.Batch
    """The one that it repeats."""
    which: tuple[int, ...]
    """Its branches that are still to be asked for, by index."""
    turns: tuple[int, ...]
    """How often each was asked for before in this run, for the cassette."""
    tokens: int
    """That are sent for all of them, as counted here."""
    room: int
    """That their answers may have."""
    prices: tuple[Price, ...]
    anew: bool
    """Whether the request is put together anew, as this model takes none of the shape of then."""

    @property
    def fork(self) -> int:
        """The node that it grows from."""
        return self.batch.parent


class Left(NamedTuple):
    """A batch that is left out."""

    batch: batches.Batch
    why: str
    """In a few words."""


@dataclass(frozen=True)
class Preview:
    """What a run would do, told before anything is sent."""

    run: str
    """Its name in the log, such as `r2`."""
    wish: Wish
    due: tuple[Due, ...]
    done: int
    """Batches of it that are there already."""
    left: tuple[Left, ...]
    spent: float
    """US dollars that it has cost so far."""
    models: "Mapping[tuple[str, bool], Known]" = field(repr=False)
    """Each model by its name, and by whether it is asked to fill a gap."""

    @property
    def calls(self) -> int:
        """How many branches are asked for."""
        return sum(len(each.which) for each in self.due)

    @property
    def tokens(self) -> int:
        """How many are sent in all."""
        return sum(each.tokens for each in self.due)

    @property
    def room(self) -> int:
        """How many the answers have at most."""
        return sum(each.room for each in self.due)

    @property
    def dollars(self) -> float | None:
        """What it costs at most; None when nobody knows."""
        each = [price.each for due in self.due for price in due.prices]
        return None if None in each else sum(dollars or 0.0 for dollars in each)

    @property
    def anew(self) -> int:
        """Batches whose requests are put together anew."""
        return sum(each.anew for each in self.due)


def resumed(story: Story, run: str) -> Wish:
    """Return what a run of that name was to do. Raises Refusal when there is none."""
    for batch in batches.batches(story):
        if batch.run.get("id") == run:
            return Wish.of(batch.run)
    known = sorted({str(each.run["id"]) for each in batches.batches(story) if each.run})
    there = f"it has {', '.join(map(one_line, known))}" if known else "it has none"
    raise Refusal(f"There is no re-run {one_line(run)!r} in this story; {there}.")


async def preview(
    story: Story,
    source: Client | Cassette,
    settings: Settings,
    wish: Wish,
    run: str = "",
    into: Story | None = None,
) -> Preview:
    """Return what a run would do; with `run` it goes on with the one of that name, which for a
    parallel one is in the story that it grows, `into`. What that is to send depends on what comes:
    its tokens and cost are those of what was sent then.

    With a cassette as `source` nobody is asked. Takes seconds where the models' process is to be
    started first. Raises Refusal when there is nothing to be asked, what is asked is not on the
    cassette, or a cap cannot be held.
    """
    recorded = await asyncio.to_thread(batches.batches, story)
    own = [batch for batch in recorded if not batch.run]
    names = _models(own) if wish.mode == "verify" else {wish.model}
    if "" in names:
        raise Refusal("Name the model that is to be asked: -m MODEL.")
    gaps = [False, True] if any(batch.towards for batch in own) else [False]
    models = {
        (name, gap): await _known(source, settings, name, gap=gap) for name in names for gap in gaps
    }
    planner = _Planner(story, settings, wish, models, source)
    try:
        found = await asyncio.to_thread(planner.plan, recorded, run, into or story)
    finally:
        # Nobody waits for it any more, and of a big story it would take minutes.
        planner.stopped = True
    if wish.cap is not None and found.dollars is None:
        raise Refusal("Nobody knows what this model costs, so no cap on this run can be held; "
                      "leave the cap out, or choose another model.")  # fmt: skip
    return found


def _models(own: Sequence[batches.Batch]) -> set[str]:
    return {branch.model for batch in own for branch in batch.branches}


async def _known(source: Client | Cassette, settings: Settings, name: str, *, gap: bool) -> Known:
    entry = settings.entry(name)
    entry = filling.asked_as(entry) if gap else entry
    if isinstance(source, Cassette):
        facts = await asyncio.to_thread(source.facts, name)
        if facts is not None and gap and filling.fills(entry):
            facts = replace(facts, mode="text")
        return Known(entry, facts)
    return Known(entry, await source.describe(entry))


@dataclass
class _Planner:
    """Looks at each recorded batch, and at what a run would ask of it."""

    story: Story
    settings: Settings
    wish: Wish
    models: Mapping[tuple[str, bool], Known]
    source: Client | Cassette | None
    stopped: bool = False
    """Whether nobody wants to know any more; set from another thread."""

    def wants(self, batch: batches.Batch) -> bool:
        """Whether a batch is to be asked for as far as can be told without looking at the model."""
        return (
            self._wanted(batch)
            and not self._out(batch)
            and all(batches.asked(self.story, each) for each in batch.branches)
        )

    def plan(self, recorded: Sequence[batches.Batch], run: str, into: Story) -> Preview:
        """Return what is to be done of what is recorded, where `into` has what is done."""
        there = recorded if into is self.story else batches.batches(into)
        done = _done(into, there, run)
        # A run of that name in the story of then is another one than that of a new story.
        own = recorded if into is self.story else ()
        first = next((batch.op for batch in own if run and batch.run.get("id") == run), 0)
        due: list[Due] = []
        left: list[Left] = []
        turns, finished = Turns(), 0
        for batch in recorded:
            if self.stopped:
                raise Refusal("Stopped.")
            # What came after the run had begun is not of it.
            if batch.run or (first and batch.op > first) or not self._wanted(batch):
                continue
            if why := self._out(batch):
                left.append(Left(batch, why))
                continue
            made = self._due(batch, done.get(batch.op, set()), turns)
            if isinstance(made, str):
                left.append(Left(batch, made))
            elif made is None:
                finished += 1
            else:
                due.append(made)
        spent = _spent(into, there, run)
        return Preview(run or _next(there), self.wish, tuple(due), finished, tuple(left), spent,
                       self.models)  # fmt: skip

    def _wanted(self, batch: batches.Batch) -> bool:
        return not self.wish.forks or batch.parent in self.wish.forks

    def _out(self, batch: batches.Batch) -> str:
        """Return why a batch is left out, empty when it is not."""
        if batch.undone:
            return "taken back"
        if batches.gone(self.story, batch.parent):
            return "its fork is gone"
        if not self.wish.pruned and batches.hidden(self.story, batch.parent):
            return "pruned"
        if any(branch.streaming for branch in batch.branches):
            return "still being written"
        return ""

    def _due(self, batch: batches.Batch, done: set[int], turns: Turns) -> "Due | str | None":
        """Return what is to be asked of a batch: nothing when it is done, a reason when it cannot
        be.
        """
        asks = asks_of(self.story, self.settings, self.wish, batch, self.models)
        if isinstance(asks, str):
            return asks
        # Counted for those that are done too, or a run that goes on would hear them again.
        counted = [turns.next(ask.asked) for ask in asks]
        which = [index for index in range(len(asks)) if index not in done]
        if not which:
            return None
        wanted = [asks[index] for index in which]
        sizes = [size_of(ask) for ask in wanted]
        rooms = [room_of(ask) for ask in wanted]
        prices = tuple(
            Price.of(ask.entry, ask.facts, 1, size, room)
            for ask, size, room in zip(wanted, sizes, rooms, strict=True)
        )
        if isinstance(self.source, Cassette):
            # What a parallel run asks for is known only when what is above it has come.
            for index in which if self.wish.mode != "parallel" else ():
                if self.source.find(asks[index].asked, counted[index]) is None:
                    where = f"Branch {index + 1} of event {batch.op}"
                    raise missing(where, asks[index].entry.name)
            prices = tuple(replace(price, each=0.0) for price in prices)
        elif self.wish.mode != "parallel":
            for ask, size, room in zip(wanted, sizes, rooms, strict=True):
                if size + room > window_of(ask.facts, 1 << 62):
                    return f"too long for {one_line(ask.entry.name)}"
        anew = any(ask.anew for ask in asks)
        return Due(batch, tuple(which), tuple(counted[index] for index in which),
                   sum(sizes), sum(rooms), prices, anew)  # fmt: skip


def _done(story: Story, recorded: Sequence[batches.Batch], run: str) -> dict[int, set[int]]:
    """Return the branches that a run has brought to their ends, by the batches they repeat."""
    done: dict[int, set[int]] = {}
    for batch in recorded:
        of = batch.run.get("of")
        if run and batch.run.get("id") == run and isinstance(of, int):
            for index, _, _ in batches.answered(story, batch):
                done.setdefault(of, set()).add(index)
    return done


def _spent(story: Story, recorded: Sequence[batches.Batch], run: str) -> float:
    costs = [
        growth.result_of(story, branch.node).get("cost")
        for batch in recorded
        if run and batch.run.get("id") == run
        for branch in batch.branches
    ]
    return sum(cost for cost in costs if isinstance(cost, int | float))


def _next(recorded: Sequence[batches.Batch]) -> str:
    names = {str(batch.run.get("id")) for batch in recorded if batch.run}
    number = len(names) + 1
    while f"r{number}" in names:
        number += 1
    return f"r{number}"


def unfinished(story: Story, settings: Settings, wish: Wish) -> list[str]:
    """Return the runs of the same wish, but for its cap, that have not asked for all yet."""
    recorded = batches.batches(story)
    planner = _Planner(story, settings, wish, {}, None)
    runs: dict[str, int] = {}
    for batch in recorded:
        name = batch.run.get("id")
        if isinstance(name, str) and _alike(Wish.of(batch.run), wish):
            runs.setdefault(name, batch.op)
    found: list[str] = []
    for name, first in runs.items():
        done = _done(story, recorded, name)
        meant = (b for b in recorded if not b.run and b.op < first and planner.wants(b))
        if any(len(done.get(b.op, ())) < len(b.branches) for b in meant):
            found.append(name)
    return found


def _alike(one: Wish, other: Wish) -> bool:
    return replace(one, cap=None) == replace(other, cap=None)
