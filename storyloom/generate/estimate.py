"""What one model of a plan is to be sent, and what that may cost: told before anything is."""

from dataclasses import dataclass

from storyloom.generate.caps import Price
from storyloom.generate.context import Context
from storyloom.generate.plan import of_model
from storyloom.generate.request import request_for, reserve
from storyloom.models.protocol import Facts
from storyloom.settings import SKETCH, ModelEntry, PlanPart, Settings, vary_for
from storyloom.story.story import Story

__all__ = ["Prepared", "prepared"]


@dataclass(frozen=True)
class Prepared:
    """One model's requests, one for each of its branches."""

    settings: Settings
    """Those that the model is asked with: its own before those for all."""
    branches: tuple[tuple[Context, str], ...]
    """What each is sent, and the value it is varied by; mostly they are all alike."""
    room: int
    """Tokens that an answer may have."""
    price: Price

    @property
    def made(self) -> Context:
        """The longest of them."""
        return max((made for made, _ in self.branches), key=lambda made: made.tokens)


def prepared(
    story: Story,
    settings: Settings,
    parent: int,
    part: PlanPart,
    entry: ModelEntry,
    facts: Facts,
    *,
    why: str = "",
    towards: int = 0,
    first: int = 0,
) -> Prepared:
    """Put together what a model of a plan is sent to go on from `parent`; `settings` are those in
    force there, `first` is the number of its first branch in the batch, and `towards` the branch
    that the passage is to lead to. Takes as long and raises as `request_for` does.
    """
    # A batch is one of sketches or none; a model's own length is one of prose.
    own = of_model(settings, part, **({"words": SKETCH} if settings.words == SKETCH else {}))
    varies = [vary_for(settings.vary, first + index) for index in range(part.count)]
    made = {
        vary: request_for(
            story, own, parent, entry, facts, why=why, towards=towards, branch=first + index
        )
        for index, vary in enumerate(varies)
    }
    room = reserve(own, facts)
    tokens = max(each.tokens for each in made.values())
    price = Price.of(entry, facts, part.count, tokens, room)
    return Prepared(own, tuple((made[vary], vary) for vary in varies), room, price)
