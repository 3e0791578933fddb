"""Caps on money: what a batch may cost, and the rule that refuses it before anything is sent.

An estimate is an upper bound: the tokens of the request at their price, and all the room that is
kept for the answer at its own, for each branch. It is held until the batch has ended, so that two
at once do not pass a cap that each alone would keep. Models that run here cost nothing and are
never refused; one of unknown price is, once a cap is used up, as nobody can tell what it adds.
"""

import asyncio
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakSet

from storyloom.generate import ledger
from storyloom.generate.plan import short
from storyloom.models.protocol import Facts
from storyloom.models.routes import runs_here
from storyloom.settings import RANGES, ModelEntry, Settings
from storyloom.story import growth, marks
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["Hold", "Price", "Standing", "amount", "beyond", "cost_of", "dollars", "exactly",
           "free_here",
           "held", "standing"]  # fmt: skip


@dataclass(frozen=True)
class Price:
    """What calls to one model may cost."""

    model: str
    """The name the author knows it by."""
    count: int
    """How many calls."""
    each: float | None
    """Dollars that one costs at most; None when the price is unknown."""

    @classmethod
    def of(cls, entry: ModelEntry, facts: Facts, count: int, tokens: int, room: int) -> "Price":
        """Return the price of `count` calls that send `tokens` and leave `room` for an answer."""
        if runs_here(entry.model, entry.api_base):
            return cls(entry.name, count, 0.0)
        if facts.in_price is None or facts.out_price is None:
            return cls(entry.name, count, None)
        return cls(entry.name, count, facts.in_price * tokens + facts.out_price * room)


@dataclass(frozen=True)
class Standing:
    """How a story stands with its cap, and the day with its own."""

    spent: float
    unpriced: int
    """Branches with text whose price is not known; they are not in `spent`."""
    cap: float | None
    own_cap: bool
    """Whether the cap is the story's own, and not the config file's."""
    today: float
    cap_per_day: float | None


def standing(story: Story, settings: Settings) -> Standing:
    """Return how things stand; `settings` are the user's. Reads a small file: not for each key."""
    spent, own = growth.spent(story), marks.settings_of(story).get("cap")
    cap = own if own is not None else settings.cap
    return Standing(
        spent.dollars, spent.unpriced, cap, own is not None, ledger.today(), settings.cap_per_day
    )


def free_here(settings: Settings, name: str) -> bool:
    """Whether the model of that name runs on a machine of the author's own, and costs nothing."""
    entry = settings.entry(name)
    return runs_here(entry.model, entry.api_base)


def cost_of(entry: ModelEntry, told: float | None) -> float | None:
    """Return what a call cost, as far as it is known: what was `told` of it, and nothing where the
    model runs on a machine of the author's own, however the call ended.
    """
    if told is None and runs_here(entry.model, entry.api_base):
        return 0.0
    return told


class Hold:
    """Money kept back for calls that are to be made, until it is known what they have cost."""

    def __init__(self, story: Story, prices: Sequence[Price]) -> None:
        self.estimates = [price.each for price in prices for _ in range(price.count)]
        """What each call may cost, in the order in which they are made."""
        self.dollars = sum(each or 0.0 for each in self.estimates)
        self._began = time.time()
        self._story = story
        self._settled = False

    def take(self) -> None:
        """Keep the money back."""
        with _lock:
            _held.setdefault(self._story, WeakSet()).add(self)
        if self.dollars:
            ledger.add(self.dollars, self._began)

    def settle(self, costs: Sequence[float | None]) -> None:
        """Say what each call has cost: 0 for one that cost nothing, None where nobody knows, which
        then stays counted as it was estimated. What is settled already stays so.
        """
        if self._settled:
            return
        self._settled = True
        with _lock:
            _held.get(self._story, WeakSet[Hold]()).discard(self)
        pairs = zip(costs, self.estimates, strict=True)
        spent = sum(cost if cost is not None else estimate or 0.0 for cost, estimate in pairs)
        if spent != self.dollars:
            ledger.add(spent - self.dollars, self._began)

    def drop(self) -> None:
        """Give the money back: nothing was sent."""
        self.settle([0.0] * len(self.estimates))


_held: WeakKeyDictionary[Story, WeakSet[Hold]] = WeakKeyDictionary()
_lock = threading.RLock()


async def held(story: Story, settings: Settings, prices: Sequence[Price]) -> Hold:
    """Keep the money for some calls back; `settings` are those of the story.

    Raises Refusal, with nothing kept back, when they might pass a cap.
    """
    hold = Hold(story, prices)
    taking = asyncio.ensure_future(asyncio.to_thread(_take, hold, story, settings, prices))
    try:
        await asyncio.shield(taking)
    except asyncio.CancelledError:
        await asyncio.wait([taking])
        if taking.exception() is None:
            hold.drop()
        raise
    return hold


def beyond(story: Story, settings: Settings, prices: Sequence[Price]) -> str:
    """Return why some calls would not be made as things stand, as `held` refuses them; empty when
    they would be. Reads a small file: not for each key.
    """
    try:
        with _lock:
            _refuse_beyond(story, settings, prices)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _take(hold: Hold, story: Story, settings: Settings, prices: Sequence[Price]) -> None:
    with _lock:
        _refuse_beyond(story, settings, prices)
        hold.take()


def _refuse_beyond(story: Story, settings: Settings, prices: Sequence[Price]) -> None:
    """Refuse calls that might pass the story's cap or the day's."""
    if all(price.each == 0 for price in prices):
        return
    under_way = sum(hold.dollars for hold in _held.get(story, ()))
    for cap, spent, whose, raised in (
        (
            settings.cap,
            growth.spent(story).dollars + under_way,
            "this story's cap",
            "c on the cost screen ($) or 'storyloom about FILE --cap DOLLARS' raises it",
        ),
        (
            settings.cap_per_day,
            ledger.today() if settings.cap_per_day is not None else 0.0,
            "today's cap",
            "C on the cost screen ($) or cap_per_day in the config file raises it",
        ),
    ):
        if cap is not None and (why := _beyond(cap, spent, prices)):
            raise Refusal(
                f"Nothing was sent: {why}, and {dollars(spent)} of {whose} of {exactly(cap)} is "
                f"spent or under way; {raised}."
            )


def _beyond(cap: float, spent: float, prices: Sequence[Price]) -> str:
    """Return why calls cannot be made under a cap; empty when they can."""
    estimate = sum(price.count * (price.each or 0.0) for price in prices)
    if estimate and spent + estimate > cap:
        return f"this may cost up to {dollars(estimate)}"
    unknown = [price.model for price in prices if price.each is None]
    if unknown and spent >= cap:
        return f"nobody knows what {short(unknown[0])} costs"
    return ""


def dollars(sum_: float) -> str:
    """Return an amount as it is said in a sentence: `$0.83`, below ten cents with more places."""
    if 0 < sum_ < 0.00005:
        return "<$0.0001"
    return f"${sum_:.4f}" if 0 < sum_ < 0.1 else f"${sum_:.2f}"


def exactly(cap: float) -> str:
    """Return a cap as it was set: `$5.00`, `$0.125`."""
    return f"${cap:.2f}" if round(cap, 2) == cap else f"${cap:.9f}".rstrip("0")


_AMOUNT = re.compile(r"\$? ?(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}) ?\$?")


def amount(text: str) -> float | None:
    """Return the dollars that `5`, `$5` or `0.50` says, None for `none` or nothing.

    Raises Refusal for anything else.
    """
    text = text.strip()
    if text.lower() in ("", "none", "no", "off", "-"):
        return None
    found = _AMOUNT.fullmatch(text)
    low, high = RANGES["cap"]
    if found is None or not low <= float(found[1]) <= high:
        raise Refusal(
            f"A cap is an amount of dollars such as 5 or 0.50, or none, not {one_line(text)!r}."
        )
    return float(found[1])
