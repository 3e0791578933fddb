"""How a fork is grown: with which models and settings, as the nearest place says it.

A node may carry a plan; one without uses its nearest ancestor's, then the story's, then the config
file's, then the embedded model. Settings of the story's own go before the config file's.
"""

import json
from dataclasses import dataclass, replace

from storyloom.models.weights import EMBEDDED
from storyloom.settings import MOST_BRANCHES, PlanPart, Settings
from storyloom.story import marks, reading
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["Plan", "plan_for", "set_plan", "settings_for", "with_count"]


@dataclass(frozen=True)
class Plan:
    """Models and counts in the order their branches appear."""

    parts: tuple[PlanPart, ...]
    owner: int | None = None
    """The node that carries the plan, 0 for the story, None when neither does."""
    source: str = "the embedded model, as nothing else is set"
    """Where the plan in force comes from, in words."""

    @property
    def total(self) -> int:
        """How many branches a batch has."""
        return sum(part.count for part in self.parts)

    @property
    def label(self) -> str:
        """The plan in one line, such as `gpt-4o-mini x2 + claude x1`."""
        return " + ".join(f"{short(part.model)} x{part.count}" for part in self.parts)


def short(model: str) -> str:
    """Return a model's name without its provider, safe for a screen."""
    return one_line(model.rsplit("/", 1)[-1])


def plan_for(story: Story, node: int, settings: Settings) -> Plan:
    """Return the plan in force at `node`."""
    found = reading.carried(story, node, "plan")
    if found is not None:
        owner, value = found
        parts = tuple(PlanPart(model, count) for model, count in json.loads(value))
        return Plan(parts, owner, f"set at n{owner}" if owner else "the story's own")
    if settings.plan:
        return Plan(settings.plan, None, "the config file's")
    return Plan((PlanPart(EMBEDDED, settings.count),))


def settings_for(story: Story, settings: Settings) -> Settings:
    """Return the settings in force in a story: its own where it has some, else those given."""
    return replace(settings, **marks.settings_of(story))


def set_plan(story: Story, owner: int, parts: tuple[PlanPart, ...] | None) -> None:
    """Give a node, or the story (owner 0), a plan of its own; None lets it inherit again."""
    total = sum(part.count for part in parts or ())
    if parts is not None and not 1 <= total <= MOST_BRANCHES:
        raise Refusal(f"A plan asks for 1 to {MOST_BRANCHES} branches, not {total}.")
    value = None
    if parts is not None:
        value = json.dumps([[part.model, part.count] for part in parts], ensure_ascii=False)
    with story.act("plan.set") as act:
        if owner:
            act.node(owner)
        act.change(owner, "plan", value)


def with_count(plan: Plan, total: int) -> tuple[PlanPart, ...]:
    """Return the plan's models asked for `total` branches in all, shared out as evenly as before.

    A model keeps at least one branch while there are enough for all; the last ones go first.
    """
    total = max(1, min(MOST_BRANCHES, total))
    counts = [part.count for part in plan.parts]
    while sum(counts) < total:
        counts[counts.index(min(counts))] += 1
    while sum(counts) > total:
        highest = max(counts)
        counts[len(counts) - 1 - counts[::-1].index(highest)] -= 1
    return tuple(
        PlanPart(part.model, count) for part, count in zip(plan.parts, counts, strict=True) if count
    )
