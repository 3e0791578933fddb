"""Short ways on from the cursor of a text that is being written: asked for and streamed.

They are no nodes and none of their text is stored: whoever asked puts the one that the author
takes into the text, with the model's origin. What they cost is journaled.
"""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from storyloom.generate import caps, joining
from storyloom.generate.calls import call_for
from storyloom.generate.plan import Plan, of_model, sampled, settings_for, with_count
from storyloom.generate.request import request_for, reserve
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.models.protocol import Call, Delta, Done, Drawn, Event, Facts, Failed, First, Waiting
from storyloom.settings import ModelEntry, Settings
from storyloom.story import asides, marks, origins, reading
from storyloom.story.asides import Aside
from storyloom.story.kept import kept
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["MANY", "WORDS", "Asking", "Offer", "Place", "shortened"]

MANY = 3
"""How many are asked for, whatever the plan's number."""
WORDS = 20
"""How long one should be."""
_FEWEST_WORDS = 12
_MOST_WORDS = 30
_TAIL = 800
"""Code points before the cursor that the seam and repetitions are looked for in."""
_SENTENCE = re.compile(r"[.!?…。！？][\"'”’)\]」』]*(?=\s|$)")


@dataclass(frozen=True)
class Place:
    """Where in a story somebody is writing."""

    parent: int
    """The node that what is written follows; 0 for the beginning."""
    before: str
    """What is written up to the cursor and is in no node yet."""
    after: str = ""
    """What is written behind the cursor."""


@dataclass
class Offer:
    """One way on, as far as it has come."""

    entry: ModelEntry
    facts: Facts
    call: Call
    text: str = ""
    """Ready to be put in at the cursor, spaces at both seams included."""
    state: str = "waiting"
    """waiting, writing, done, or failed."""
    say: str = ""
    """The sentence for the author, when nothing came or it waits to be asked again."""
    cost: float | None = None
    """US dollars, None when unknown."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    asked: bool = False
    """Whether the request has gone out."""
    raw: list[str] = field(default_factory=list[str])

    @property
    def origin(self) -> str:
        """The origin of its characters once they are taken."""
        return origins.model_origin(kept(self.entry.name))

    @property
    def running(self) -> bool:
        """Whether more may still come."""
        return self.state in ("waiting", "writing")


class Asking:
    """Ways on that have been asked for. Make it with `Asking.begin`, then await `run`.

    Cancel the task that runs it and the providers are told to stop.
    """

    _story: Story | None = None
    _hold: caps.Hold | None = None
    _parent = 0

    def __init__(self, client: Client, offers: list[Offer], before: str, after: str) -> None:
        self.offers = offers
        self._client = client
        self._before = before
        self._after = after

    @classmethod
    async def begin(
        cls, story: Story, client: Client, settings: Settings, plan: Plan, place: Place
    ) -> "Asking":
        """Make the requests to the models of `plan`; nothing is sent yet.

        Raises Refusal when the embedded model is asked and its weights are not here, when the
        worker cannot answer, what is to be sent cannot fit, or it might pass a cap on money.
        """
        parts = with_count(plan, MANY)
        settings = replace(settings_for(story, settings, place.parent), vary="")
        entries = [settings.entry(part.model) for part in parts]
        if any(entry.model == weights.EMBEDDED for entry in entries) and not weights.present():
            raise Refusal(
                "The embedded model's weights are not here yet: Space in the loom fetches them, "
                "and so does 'storyloom models fetch'."
            )
        offers: list[Offer] = []
        prices: list[caps.Price] = []
        fork = f"{story.session}.ways.{time.monotonic_ns()}"
        for number, (part, entry) in enumerate(zip(parts, entries, strict=True)):
            facts = await client.describe(entry)
            own = of_model(settings, part, words=WORDS)
            call, tokens = await asyncio.to_thread(_call, story, own, place, entry, facts)
            room = reserve(own, facts)
            prices.append(caps.Price.of(entry, facts, part.count, tokens, room))
            for index in range(part.count):
                name = f"{fork}.{number}.{index}"
                group = f"{fork}.{number}" if facts.provider == "embedded" else ""
                one = replace(call, id=name, fork=group, index=index, of=part.count)
                offers.append(Offer(entry, facts, one))
        before = await asyncio.to_thread(_end, story, place)
        asking = cls(client, offers, before, place.after)
        asking._story, asking._parent = story, place.parent
        asking._hold = await caps.held(story, settings, prices)
        return asking

    async def run(self, changed: Callable[[], None]) -> None:
        """Stream all to their ends; `changed` is called on the event loop whenever one changed.

        However it ends, what was asked is journaled with what it cost.
        """
        tasks = [asyncio.create_task(self._stream(offer, changed)) for offer in self.offers]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            noting = asyncio.ensure_future(asyncio.to_thread(self._note))
            try:
                await asyncio.shield(noting)
            except asyncio.CancelledError:
                await asyncio.wait([noting])
                raise

    def _note(self) -> None:
        """Journal what was asked, and give back what is left of the money that was held."""
        asked = [offer for offer in self.offers if offer.asked]
        if self._hold is not None:
            self._hold.settle([_settled(offer) for offer in self.offers])
        if self._story is None or not asked:
            return
        # A file that cannot be written to keeps nobody from reading what came.
        with contextlib.suppress(Refusal):
            asides.note(
                self._story,
                self._parent,
                [
                    Aside(
                        offer.entry.name, offer.tokens_in, offer.tokens_out, _cost(offer),
                        any(piece.strip() for piece in offer.raw),
                    )
                    for offer in asked
                ],
            )  # fmt: skip

    @property
    def cost(self) -> float | None:
        """What those that have ended cost in US dollars; None while one of them is unknown."""
        costs = [offer.cost for offer in self.offers if offer.state == "done"]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None

    async def _stream(self, offer: Offer, changed: Callable[[], None]) -> None:
        offer.asked = True
        async for event in self._client.stream(offer.call):
            self._take(offer, event)
            changed()

    def _take(self, offer: Offer, event: Event) -> None:
        match event:
            case First():
                offer.state, offer.say = "writing", ""
            case Delta():
                offer.raw.append(event.text)
                offer.text = self._text(offer, ended=False)
                offer.state = "writing"
            case Done():
                offer.cost = event.cost
                offer.tokens_in, offer.tokens_out = event.in_tokens, event.out_tokens
                offer.text = self._text(offer, ended=True, cut=event.finish != "stop")
                offer.state = "done" if offer.text.strip() else "failed"
                if not offer.text.strip():
                    offer.say = "The model gave no text."
            case Failed():
                # Its beginning is worth as much as one that was stopped.
                offer.text = self._text(offer, ended=True, cut=True)
                offer.state = "done" if offer.text.strip() else "failed"
                offer.say = event.say
            case Waiting():
                # It stands there as one that is waited for; the editor's author writes on.
                offer.say = event.say
            case Drawn():
                pass  # never asked for here: what is taken becomes the author's own text

    def settled(self, offer: Offer) -> str:
        """Return an offer's text to be taken now; of one still being written its whole words."""
        return offer.text if not offer.running else self._text(offer, ended=True, cut=True)

    def _text(self, offer: Offer, *, ended: bool, cut: bool = False) -> str:
        answer = "".join(offer.raw)
        text = joining.continuation(self._before, answer, offer.facts.mode, ended=ended)
        text = shortened(text)
        if cut:
            text, _ = joining.without_unfinished(text)
        text = text.rstrip()
        return text + _seam(text, self._after) if text.strip() and ended else text


def shortened(text: str) -> str:
    """Return a text cut after a sentence that ends within 12 to 30 words, else after 30 words."""
    found = list(re.finditer(r"\S+", text))
    if len(found) <= _MOST_WORDS:
        return text
    most = text[: found[_MOST_WORDS - 1].end()]
    least = found[_FEWEST_WORDS - 1].end()
    ends = [match.end() for match in _SENTENCE.finditer(most) if match.end() >= least]
    return most[: ends[-1]] if ends else most


def _seam(text: str, after: str) -> str:
    """Return the space that what follows the cursor needs before it, if any."""
    head = after[:40]
    return " " if head and joining.joined(text, head) == f" {head}" else ""


def _end(story: Story, place: Place) -> str:
    if len(place.before) >= _TAIL or not place.parent:
        return place.before[-_TAIL:]
    return (reading.strand_text(story, place.parent, least=_TAIL) + place.before)[-_TAIL:]


def _call(
    story: Story, settings: Settings, place: Place, entry: ModelEntry, facts: Facts
) -> tuple[Call, int]:
    """Return the call for a model, and how many tokens it sends."""
    why = marks.text_of(story, place.parent, "why") if place.parent else ""
    made = request_for(story, settings, place.parent, entry, facts, why=why, typed=place.before)
    params = sampled(settings, reserve(settings, facts))
    if facts.provider == "embedded":
        params.setdefault("seed", random.randrange(1 << 30))
    return call_for(entry, made.body, params), made.tokens


def _cost(offer: Offer) -> float | None:
    return caps.cost_of(offer.entry, offer.cost)


def _settled(offer: Offer) -> float | None:
    """Return what an offer counts for caps: one that failed or was never asked is not charged."""
    if not offer.asked or (offer.state == "failed" and not offer.raw):
        return _cost(offer) or 0.0
    return _cost(offer)
