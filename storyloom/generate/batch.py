"""One batch: N branches of a fork asked for at once, streamed into their nodes.

The batch owns the way from plan to finished nodes. It tells one listener whenever a branch has
changed, always on the event loop; it draws nothing and reads no screen.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from storyloom.generate import caps, filling, joining
from storyloom.generate.aligning import aligned
from storyloom.generate.asking import requests
from storyloom.generate.branch import Branch, settled
from storyloom.generate.calls import Ask, price_of, the_same
from storyloom.generate.plan import prose_words, settings_for
from storyloom.generate.unplaced import unplaced
from storyloom.models import kinds
from storyloom.models.client import Client
from storyloom.models.protocol import Call, Delta, Done, Drawn, Failed, First, Waiting
from storyloom.settings import SKETCH, PlanPart, Settings
from storyloom.story import following, growth, reading
from storyloom.story.drawn import DrawnToken
from storyloom.story.growth import Placeholder, Result
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Aim", "Batch", "Branch"]

_FLUSH_SECONDS = 0.25
_JOIN_CONTEXT = 800
_RUN_INTO = 8_000
"""Code points of what follows that an answer may run into: more than one is long."""


class Aim(NamedTuple):
    """Where a batch grows and what for."""

    parent: int
    why: str
    towards: int
    """The branch that it leads to; 0 for one that only goes on."""
    sketch: bool
    run: Mapping[str, Any] | None = None
    """What a re-run says of itself, see `growth.request`."""
    after: str = ""
    """The text that it leads to where that is in no branch of the parent."""


class Batch:
    """A running batch. Make it with `Batch.begin`, then await `run`."""

    def __init__(
        self,
        story: Story,
        client: Client,
        before: str,
        branches: list[Branch],
        hold: caps.Hold,
        *,
        trim: bool,
        after: str = "",
        towards: int = 0,
        sketch: bool = False,
    ) -> None:
        self.branches = branches
        self.parent_text = before
        self.towards = towards
        """The branch that what is written leads to; 0 for one that only goes on."""
        self._after = after
        self._story = story
        self._client = client
        self._hold = hold
        self._trim = trim
        self.sketch = sketch
        """Whether its branches are sketches."""
        self._dirty: set[int] = set()
        self._listener: Callable[[Branch], None] = lambda _: None

    @classmethod
    async def begin(
        cls,
        story: Story,
        client: Client,
        settings: Settings,
        parent: int,
        parts: tuple[PlanPart, ...],
        *,
        why: str = "",
        towards: int = 0,
        prose: bool = False,
        wanted: Callable[[], bool] = lambda: True,
    ) -> "Batch":
        """Put the batch's placeholders below `parent` and make its requests.

        With `towards`, a branch of `parent`, they are to fill the gap between the two, in prose;
        with `prose` no sketches are asked for though that is the length in force. What the story
        sets for itself goes before `settings`. `wanted` is asked once the models
        are ready, which may take seconds. Raises Refusal when it says no, what is to be sent
        cannot fit, it might pass a cap on money, or the parent is still being written; nothing is
        stored then.
        """
        length = prose_words(story, settings, parent) if prose or towards else None
        settings = settings_for(story, settings, parent)
        settings = settings if length is None else replace(settings, words=length)
        sketch = settings.words == SKETCH
        entries = [settings.entry(part.model) for part in parts]
        if towards:
            following.follower(story, parent, towards)
            entries = [filling.asked_as(entry) for entry in entries]
        facts = [await client.describe(entry) for entry in entries]
        if not wanted():
            raise Refusal("Stopped before anything was asked.")
        asks, prices = await asyncio.to_thread(
            requests, story, settings, parent, parts, entries, facts, why, towards
        )
        aim = Aim(parent, why, towards, sketch)
        return await cls.placed(story, client, settings, aim, asks, prices)

    @classmethod
    async def again(
        cls,
        story: Story,
        client: Client,
        settings: Settings,
        nodes: Sequence[int],
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> "Batch":
        """Ask again for branches of one fork, each of its model with exactly what it was sent.

        They become new branches beside those, which stay as they are. Raises Refusal as `begin`
        does, and when one of them cannot be asked for again.
        """
        found = [growth.earlier(story, node) for node in nodes]
        if len({(each.parent, each.towards, each.sketch) for each in found}) != 1:
            raise Refusal("Only branches of one fork can be asked for again at once.")
        aim = Aim(found[0].parent, found[0].why, found[0].towards, found[0].sketch)
        settings = settings_for(story, settings, aim.parent)
        asks = [
            the_same(each.asked, entry, await client.describe(entry))
            for each in found
            for entry in (settings.entry(each.asked.model),)
        ]
        if not wanted():
            raise Refusal("Stopped before anything was asked.")
        prices = await asyncio.to_thread(lambda: [price_of(ask) for ask in asks])
        return await cls.placed(story, client, settings, aim, asks, prices)

    @classmethod
    async def placed(
        cls,
        story: Story,
        client: Client,
        settings: Settings,
        aim: Aim,
        asks: Sequence[Ask],
        prices: Sequence[caps.Price],
    ) -> "Batch":
        """Hold the money and put the placeholders of what is asked below the parent; `settings`
        are those in force there. Raises Refusal as `begin` does.
        """
        before = await asyncio.to_thread(_strand_end, story, aim.parent)
        after = aim.after or await asyncio.to_thread(_what_follows, story, aim.towards)
        hold = await caps.held(story, settings, prices)
        asked = [ask.asked for ask in asks]
        try:
            placed = await asyncio.to_thread(
                growth.request, story, aim.parent, asked,
                why=aim.why, towards=aim.towards, sketch=aim.sketch, run=aim.run,
            )  # fmt: skip
        except BaseException:
            hold.drop()
            raise
        branches = [
            Branch(place, ask.entry, ask.facts, _named(ask.call, place))
            for place, ask in zip(placed, asks, strict=True)
        ]
        return cls(story, client, before, branches, hold, trim=settings.trim,
                   after=after, towards=aim.towards, sketch=aim.sketch)  # fmt: skip

    def listen(self, listener: Callable[[Branch], None]) -> None:
        """Call `listener` with a branch whenever it has changed."""
        self._listener = listener

    async def run(self) -> None:
        """Stream all branches to their ends; each is closed in the story as it ends.

        When the running task is cancelled, what has arrived is kept and marked interrupted.
        Raises Refusal, after all have ended, when one could not be saved.
        """
        flusher = asyncio.create_task(self._flush_regularly())
        tasks = [asyncio.create_task(self._stream(branch)) for branch in self.branches]
        try:
            # One that cannot be saved must not stop the others.
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            flusher.cancel()
            await asyncio.gather(flusher, return_exceptions=True)
            for branch in self.branches:
                if not branch.closing:
                    # The others are worth closing even when one cannot be.
                    with contextlib.suppress(Refusal):
                        self.interrupt(branch)
            await _surely(self._hold.settle, [settled(branch) for branch in self.branches])
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def abandon(self) -> None:
        """End it before anything is asked, in place of `run`: nothing stays of it but the log."""
        for branch in self.branches:
            with contextlib.suppress(Refusal):
                self.interrupt(branch)
        await _surely(self._hold.drop)

    async def stop(self, node: int | None = None) -> None:
        """Stop one branch, or all; what has arrived stays."""
        for branch in self.branches:
            if branch.running and node in (None, branch.node):
                await self._client.cancel(branch.call.id)

    def hurry(self, branch: Branch) -> None:
        """Let a branch that waits to be asked again wait no longer."""
        self._client.hurry(branch.call.id)

    def interrupt(self, branch: Branch) -> None:
        """Close a branch at once with what has arrived, without waiting for its provider."""
        branch.closing = True
        branch.state, branch.finish, branch.say = "stopped", "interrupted", INTERRUPTED
        branch.fault = kinds.in_words("interrupted")
        # What was held back as a possible greeting is text after all.
        branch.text = self._text(branch, ended=True)
        self._dirty.discard(branch.placeholder.rev)
        try:
            branch.cost = caps.cost_of(branch.entry, None)
            facts = {} if branch.cost is None else {"cost": branch.cost}
            result = Result("interrupted", INTERRUPTED, facts)
            tokens = _tokens_of(branch, branch.text, branch.text)
            growth.finish(self._story, branch.placeholder, branch.text, result, tokens)
        finally:
            branch.ended.set()

    async def _stream(self, branch: Branch) -> None:
        async for event in self._client.stream(branch.call):
            branch.again = None
            match event:
                case Waiting():
                    branch.again = time.monotonic() + event.seconds
                    branch.say = event.say
                case First():
                    branch.first = time.monotonic() - branch.started
                    branch.state, branch.say = "writing", ""
                case Delta():
                    branch.raw.append(event.text)
                    branch.state = "writing"
                    branch.make = partial(self._text, branch, ended=False)
                    self._dirty.add(branch.placeholder.rev)
                case Drawn():
                    branch.tokens += event.tokens
                case Done() | Failed():
                    await self._close(branch, event)
            self._listener(branch)

    def _text(self, branch: Branch, *, ended: bool) -> str:
        text, _ = self._parted(branch, ended=ended)
        return joining.seamed(text, self._after) if ended else text

    def _parted(self, branch: Branch, *, ended: bool) -> tuple[str, str]:
        """Return a branch's text up to where it runs into what follows, and that."""
        answer = "".join(branch.raw)
        mode = branch.facts.mode
        if self.sketch:
            return joining.sketched(answer, mode, ended=ended).text, ""
        text = joining.continuation(self.parent_text, answer, mode, ended=ended)
        return joining.leading_to(text, self._after) if self._after else (text, "")

    async def _close(self, branch: Branch, event: Done | Failed) -> None:
        text, met = self._parted(branch, ended=True)
        full = text
        facts: dict[str, Any] = {"ms": round((time.monotonic() - branch.started) * 1000)}
        if branch.first is not None:
            facts["first_ms"] = round(branch.first * 1000)
        if isinstance(event, Failed):
            # Nobody refused anything where it was our own process that ended.
            branch.finish = "interrupted" if event.kind == "worker_died" else "error"
            branch.state, branch.say = "failed", event.say
            facts["kind"] = event.kind
            if event.status is not None:
                facts["status"] = event.status
            branch.fault = kinds.in_words(branch.finish, event.kind, event.status)
            branch.cost = caps.cost_of(branch.entry, None)
        else:
            branch.finish = event.finish
            branch.state = "stopped" if event.finish == "stopped" else "done"
            branch.say = _SAY.get(event.finish, "")
            facts |= _known(event)
            branch.cost = caps.cost_of(branch.entry, event.cost)
            if self.sketch:
                rest = joining.sketched("".join(branch.raw), branch.facts.mode, ended=True).rest
                if rest.strip():
                    # Whatever the model had more to say, it ends at the length of a sketch.
                    branch.finish, facts["cut"] = "length", rest
            elif self._trim and event.finish == "length" and not met:
                text, cut = joining.without_unfinished(text)
                if cut.strip():
                    facts["cut"] = cut
        if not text.strip() and branch.finish in ("stop", "length"):
            branch.finish, branch.say = "empty", _SAY["empty"]
        branch.text = text = joining.seamed(text, self._after)
        branch.fault = branch.fault or kinds.in_words(branch.finish)
        if branch.cost is not None:
            facts["cost"] = branch.cost
        self._dirty.discard(branch.placeholder.rev)
        result = Result(branch.finish, unplaced(branch.say, branch.entry), facts)
        branch.closing = True
        try:
            tokens = _tokens_of(branch, full, text)
            await _surely(growth.finish, self._story, branch.placeholder, text, result, tokens)
        finally:
            branch.ended.set()

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            # As if all had ended: after a crash, what was held back must be there too.
            texts = {
                branch.placeholder.rev: self._text(branch, ended=True)
                for branch in self.branches
                if branch.placeholder.rev in self._dirty
            }
            self._dirty.clear()
            if texts:
                try:
                    await _surely(growth.flush, self._story, texts)
                except Refusal:
                    # A full disk may have room again by the next time; an end that cannot be
                    # written is reported.
                    self._dirty.update(texts)


def _tokens_of(branch: Branch, full: str, stored: str) -> list[DrawnToken]:
    """Return the tokens of what is stored of a branch; `full` is it before an end was cut off."""
    return aligned(branch.tokens, "".join(branch.raw), full, stored)


async def _surely(write: Callable[..., None], *arguments: Any) -> None:
    """Run `write` in a thread, to its end even when this task is cancelled meanwhile."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, *arguments))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


INTERRUPTED = "The program ended while this was being written; what had arrived is kept."
_SAY = {
    "cut_off": "The stream broke off before the model was done; what had arrived is kept.",
    "empty": "The model gave no text; try again, or another model.",
    "refused": "The model declined to write this.",
    "stopped": "Stopped; what had arrived is kept.",
}


def _known(done: Done) -> dict[str, Any]:
    facts = {
        "returned": done.returned,
        "provider": done.provider,
        "in": done.in_tokens,
        "out": done.out_tokens,
        "dropped": list(done.dropped) or None,
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _named(call: Call, place: Placeholder) -> Call:
    return replace(call, id=f"n{place.node}.{place.gen}")


def _strand_end(story: Story, parent: int) -> str:
    return reading.strand_text(story, parent, least=_JOIN_CONTEXT) if parent else ""


def _what_follows(story: Story, towards: int) -> str:
    return following.text_from(story, towards, most=_RUN_INTO) if towards else ""
