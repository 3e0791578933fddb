"""What a batch asks of each model of its plan, and what that may cost."""

import random
import time
from dataclasses import replace

from storyloom.generate import caps, filling
from storyloom.generate.calls import Ask, call_for
from storyloom.generate.estimate import prepared
from storyloom.generate.plan import drawn, sampled
from storyloom.models.protocol import Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story.growth import Asked
from storyloom.story.story import Story

__all__ = ["requests"]


def requests(
    story: Story,
    settings: Settings,
    parent: int,
    parts: tuple[PlanPart, ...],
    entries: list[ModelEntry],
    facts: list[Facts],
    why: str,
    towards: int,
) -> tuple[list[Ask], list[caps.Price]]:
    """Return what is asked of each model of a plan, its branches in order, and what that may cost.

    `entries` and `facts` belong to `parts`, one each. Raises Refusal when it cannot fit.
    """
    asks: list[Ask] = []
    prices: list[caps.Price] = []
    fork = f"{story.session}.{parent}.{time.monotonic_ns()}"
    first = 0
    for number, (part, entry, fact) in enumerate(zip(parts, entries, facts, strict=True)):
        ready = prepared(story, settings, parent, part, entry, fact,
                         why=why, towards=towards, first=first)  # fmt: skip
        first += part.count
        room, seeded = ready.room, ready.settings
        prices.append(ready.price)
        local = fact.provider == "embedded"
        # The embedded engine draws the branches of a fork from one seed, one after the other.
        if local and seeded.seed is None:
            seeded = replace(seeded, seed=random.randrange(1 << 30))
        for index, (made, vary) in enumerate(ready.branches):
            params = sampled(seeded, room, 0 if local else index)
            params |= drawn(settings, fact.mode, embedded=local)
            if towards and fact.mode == "text" and not made.suffix:
                params["stop"] = [filling.STOP]
            call = replace(
                call_for(entry, made.body, params),
                fork=f"{fork}.{number}" if local else "",
                index=index,
                of=part.count,
            )
            asks.append(Ask(entry, fact, Asked(entry.name, made.body, params, vary), call))
    return asks, prices
