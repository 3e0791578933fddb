"""What a batch would be before it is asked for: its requests, its price, what stands in its way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from storyloom.generate import caps
from storyloom.generate.estimate import Prepared, prepared
from storyloom.generate.plan import of_model, settings_for, short
from storyloom.generate.request import known_facts
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.models.protocol import SAMPLED, Facts
from storyloom.models.variables import settable
from storyloom.settings import PlanPart, Settings
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Check", "Foreseen", "foresee"]


class Check(NamedTuple):
    """One thing that is known of a batch before it is asked for."""

    kind: str
    """`ok`, `note`, or `warn` for what keeps a branch from coming."""
    say: str


@dataclass(frozen=True)
class Foreseen:
    """A batch that nobody has asked for yet. The lists are in the order of its plan's models."""

    settings: Settings
    """Those in force where it would grow."""
    parts: tuple[PlanPart, ...]
    facts: list[Facts | None]
    """None where nobody could tell them."""
    made: list[Prepared | Refusal | None]
    """What each model would be sent, or why it cannot be; None without facts."""
    stands: caps.Standing
    beyond: str = ""
    """Why it would pass a cap on money; empty when it would not."""
    trouble: str = ""
    """Why facts are missing."""

    @property
    def calls(self) -> int:
        """How many requests it has."""
        return sum(part.count for part in self.parts)

    @property
    def dollars(self) -> float:
        """What the calls of known price may cost at most."""
        return sum(price.count * (price.each or 0.0) for price in self._prices)

    @property
    def unpriced(self) -> int:
        """How many calls have a price that nobody knows."""
        known = sum(price.count for price in self._prices if price.each is not None)
        return self.calls - known

    @property
    def tokens(self) -> int:
        """How many tokens the longest of the requests has."""
        return max((each.made.tokens for each in self._ready), default=0)

    @property
    def left(self) -> float | None:
        """Dollars that are left of the story's cap or of the day's, whichever is less; None
        without one.
        """
        stands = self.stands
        left = [cap - spent for cap, spent in (
            (stands.cap, stands.spent), (stands.cap_per_day, stands.today),
        ) if cap is not None]  # fmt: skip
        return max(0.0, min(left)) if left else None

    @property
    def checks(self) -> list[Check]:
        """What is known of it, what keeps branches from coming first."""
        found = [Check("warn", self.beyond)] if self.beyond else []
        for part, facts, made in zip(self.parts, self.facts, self.made, strict=True):
            if facts is not None:
                found += _of_model(of_model(self.settings, part), part, facts)
            if isinstance(made, Refusal):
                found.append(Check("warn", f"{short(part.model)}: {made}"))
        if self.trouble:
            found.append(Check("note", self.trouble))
        found += self._well()
        order = ("warn", "note", "ok")
        return sorted(dict.fromkeys(found), key=lambda check: order.index(check.kind))

    def _well(self) -> list[Check]:
        """What is as it should be."""
        found: list[Check] = []
        known = [facts for facts in self.facts if facts is not None]
        asked = sorted({f.provider for f in known if f.provider not in ("embedded", "local", "")})
        if asked and not any(facts.key_missing for facts in known):
            found.append(Check("ok", f"no key is missing for {', '.join(asked)}"))
        if self.left is not None and not self.beyond and not self.unpriced:
            found.append(Check("ok", "it keeps within the cap, even if every answer is long"))
        return found

    @property
    def _ready(self) -> list[Prepared]:
        return [each for each in self.made if isinstance(each, Prepared)]

    @property
    def _prices(self) -> list[caps.Price]:
        return [each.price for each in self._ready]


def _of_model(settings: Settings, part: PlanPart, facts: Facts) -> list[Check]:
    name, found = short(part.model), list[Check]()
    if facts.key_missing:
        variable = facts.key_missing
        found.append(
            Check("warn", f"{name} needs {variable}: storyloom keys set {settable(variable)}")
        )
    heat = settings.temperature
    if heat is not None and facts.hottest is not None and heat > facts.hottest:
        above = f"is above {facts.hottest:g}, the most {facts.provider} takes"
        found.append(Check("warn", f"{name}: temperature {heat:g} {above}"))
    found += [
        Check("note", f"{name} takes no {key}: it is left out")
        for key in SAMPLED
        if key in facts.refuses and getattr(settings, key) is not None
    ]
    if settings.entry(part.model).model == weights.EMBEDDED and not weights.present():
        found.append(Check("note", "the embedded model is fetched first, 93 MB"))
    return found


async def foresee(
    story: Story,
    client: Client,
    settings: Settings,
    node: int,
    parts: tuple[PlanPart, ...],
    why: str = "",
) -> Foreseen:
    """Return what a batch of `parts` from `node` would be; `settings` are the user's.

    The first call takes seconds, as the models' process starts; nothing is sent to any provider.
    """
    facts: list[Facts | None] = []
    trouble = ""
    for part in parts:
        entry = settings.entry(part.model)
        found = known_facts(entry)
        if found is None and not trouble:
            try:
                found = await client.describe(entry)
            except Refusal as refusal:
                trouble = str(refusal)
        facts.append(found)
    return await asyncio.to_thread(_foreseen, story, settings, node, parts, facts, why, trouble)


def _foreseen(
    story: Story,
    settings: Settings,
    node: int,
    parts: tuple[PlanPart, ...],
    facts: Sequence[Facts | None],
    why: str,
    trouble: str,
) -> Foreseen:
    here = settings_for(story, settings, node)
    made: list[Prepared | Refusal | None] = []
    for part, known in zip(parts, facts, strict=True):
        if known is None:
            made.append(None)
            continue
        try:
            entry = settings.entry(part.model)
            made.append(prepared(story, here, node, part, entry, known, why=why))
        except Refusal as refusal:
            made.append(refusal)
    prices = [each.price for each in made if isinstance(each, Prepared)]
    stands = caps.standing(story, settings)
    beyond = caps.beyond(story, here, prices) if prices else ""
    return Foreseen(here, parts, list(facts), made, stands, beyond, trouble)
