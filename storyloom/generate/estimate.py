"""What one model of a plan is to be sent, and what that may cost: told before anything is."""

from dataclasses import dataclass

from storyloom.generate.caps import Price
from storyloom.generate.context import Context
from storyloom.generate.plan import of_model
from storyloom.generate.request import request_for, reserve
from storyloom.models.protocol import Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story.story import Story

__all__ = ["Prepared", "prepared"]


@dataclass(frozen=True)
class Prepared:
    """One model's requests, which are all alike."""

    settings: Settings
    """Those that the model is asked with: its own before those for all."""
    made: Context
    room: int
    """Tokens that an answer may have."""
    price: Price


def prepared(
    story: Story,
    settings: Settings,
    parent: int,
    part: PlanPart,
    entry: ModelEntry,
    facts: Facts,
    *,
    why: str = "",
) -> Prepared:
    """Put together what a model of a plan is sent to go on from `parent`; `settings` are those in
    force there. Takes as long and raises as `request_for` does.
    """
    own = of_model(settings, part)
    made = request_for(story, own, parent, entry, facts, why=why)
    room = reserve(own, facts)
    return Prepared(own, made, room, Price.of(entry, facts, part.count, made.tokens, room))
