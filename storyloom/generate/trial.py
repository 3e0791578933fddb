"""One short real request to a model, to see whether it writes and how."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from storyloom.generate import caps, context
from storyloom.generate.calls import call_for
from storyloom.generate.joining import continuation
from storyloom.generate.plan import sampled
from storyloom.generate.window import reserve
from storyloom.models import tokens
from storyloom.models.client import Client
from storyloom.models.protocol import Delta, Done, Failed, First, Mode
from storyloom.settings import ModelEntry, Settings

__all__ = ["Trial", "tried"]

OPENING = (
    "The tide had gone out farther than it should, and left the bell tower standing in its own "
    "mud. She tied the boat to the rail and"
)
_WORDS = 20


@dataclass(frozen=True)
class Trial:
    """What became of it."""

    mode: Mode
    """How the model was made to continue a text."""
    text: str = ""
    """What it wrote, as it would stand in a story."""
    fault: str = ""
    """What is wrong, as one sentence; empty when nothing is."""
    first: float | None = None
    """Seconds from the request to the first words."""
    seconds: float = 0.0
    """Seconds from the request to the end."""
    done: Done | None = None
    cost: float | None = None
    """US dollars; None when nobody knows the price."""


async def tried(
    client: Client, entry: ModelEntry, clock: Callable[[], float] = time.monotonic
) -> Trial:
    """Ask a model to go on from two sentences, with twenty words, in the way a batch would ask it.

    Faults of providers are in the trial. Raises Refusal when the worker cannot answer.
    """
    facts = await client.describe(entry)
    settings = Settings(words=_WORDS)
    room = reserve(settings, facts)
    made = context.assemble(
        context.Sources(OPENING, words=_WORDS), facts,
        cap=settings.context, reserve=room, count=lambda text: tokens.count(text, entry.model),
    )  # fmt: skip
    call = call_for(entry, made.body, sampled(settings, room), "trial")
    began, first, raw = clock(), None, ""
    end: Done | Failed | None = None
    async with contextlib.aclosing(client.stream(call)) as events:
        async for event in events:
            match event:
                case First():
                    first = clock() - began
                case Delta():
                    raw += event.text
                case Done() | Failed():
                    end = event
                case _:
                    pass
    text = continuation(OPENING, raw, facts.mode, ended=True)
    done = end if isinstance(end, Done) else None
    spent = caps.cost_of(entry, done.cost if done is not None else None)
    return Trial(facts.mode, text, _fault(entry, end, text), first, clock() - began, done, spent)


def _fault(entry: ModelEntry, end: Done | Failed | None, text: str) -> str:
    if not isinstance(end, Done):
        return end.say if end is not None else "It was never answered."
    match end.finish:
        case "refused":
            return f"{entry.name} declined to go on with two sentences about a boat."
        case "cut_off":
            return (
                "Its stream broke off without saying that the text was finished: branches of it "
                "will be marked as cut off."
            )
        case _ if not text.strip():
            return (
                f"{entry.name} answered without any text: check its name, and its mode, which is "
                "chat, text or prefill."
            )
        case _:
            return ""
