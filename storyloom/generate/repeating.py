"""What a recorded batch is asked for with when it is asked for once more.

To one other model goes what was sent, to the letter, wherever it takes a request of that shape;
parameters are adapted to it. A base model takes no messages and a chat model no prompt: then the
request is put together anew, from the strand as it stands.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from storyloom.generate import filling
from storyloom.generate.calls import Ask, call_for, mode_of
from storyloom.generate.plan import drawn, settings_for
from storyloom.generate.request import request_for, reserve
from storyloom.models.protocol import Facts
from storyloom.models.routes import is_local
from storyloom.settings import SKETCH, ModelEntry, Settings
from storyloom.story import batches
from storyloom.story.growth import Asked
from storyloom.story.story import Story

__all__ = ["Known", "Mode", "Wish", "adapted", "asks_of", "forked"]

Mode: TypeAlias = Literal["siblings", "parallel", "verify"]


_MODES: dict[str, Mode] = {"parallel": "parallel", "verify": "verify"}


@dataclass(frozen=True)
class Wish:
    """What a re-run is to do."""

    mode: Mode = "siblings"
    model: str = ""
    """Whom to ask, by the name that the author knows it by; nothing to verify."""
    cap: float | None = None
    """US dollars that the run may cost in all."""
    forks: tuple[int, ...] = ()
    """The forks to be grown again; empty for all."""
    pruned: bool = False
    """Whether those below what is pruned are grown too."""

    @property
    def kept(self) -> dict[str, Any]:
        """What the log keeps of it."""
        said = {"mode": self.mode, "model": self.model, "cap": self.cap,
                "forks": list(self.forks), "pruned": self.pruned}  # fmt: skip
        return {key: value for key, value in said.items() if value not in (None, "", [], False)}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Wish":
        """Return the wish that a log kept. A file from elsewhere may hold anything there."""
        model, cap, forks = said.get("model"), said.get("cap"), said.get("forks")
        return cls(
            _MODES.get(str(said.get("mode")), "siblings"),
            model if isinstance(model, str) else "",
            _dollars(cap),
            tuple(each for each in _listed(forks) if isinstance(each, int)),
            said.get("pruned") is True,
        )


def _dollars(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A number of JSON may be one that no float holds, or none at all.
    return float(value) if 0 <= value < 1e12 else None


def _listed(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


class Known(NamedTuple):
    """A model that is asked."""

    entry: ModelEntry
    facts: Facts | None
    """None where a cassette does not know them: it then takes what was sent as it was."""


def asks_of(
    story: Story,
    settings: Settings,
    wish: Wish,
    batch: batches.Batch,
    models: Mapping[tuple[str, bool], Known],
) -> list[Ask] | str:
    """Return what is asked for each branch of a batch, or why it cannot be asked. Counts tokens
    where a request is put together anew: call it in a thread.
    """
    settings = settings_for(story, settings, batch.parent)
    asks: list[Ask] = []
    for branch in batch.branches:
        sent = batches.asked(story, branch)
        if sent is None:
            return "what was sent is purged"
        name = branch.model if wish.mode == "verify" else wish.model
        entry, facts = models[name, bool(batch.towards)]
        if wish.mode == "verify":
            asked, shape_ = sent, mode_of(sent.body)
            facts = replace(facts, mode=shape_) if facts else Facts(entry.model, shape_)
        else:
            asked, facts = _asked_of(story, settings, batch, branch.index, sent, entry, facts)
        call = call_for(entry, asked.body, asked.params)
        asks.append(Ask(entry, facts, asked, call, asked.body is not sent.body))
    return forked(story, batch, asks)


def _asked_of(
    story: Story,
    settings: Settings,
    batch: batches.Batch,
    index: int,
    sent: Asked,
    entry: ModelEntry,
    facts: Facts | None,
) -> tuple[Asked, Facts]:
    """Return what another model is asked in place of the one of then."""
    shape = mode_of(sent.body)
    if facts is None:
        return replace(sent, model=entry.name), Facts(entry.model, shape)
    params = adapted(settings, sent, batch, facts)
    if (shape == "text") == (facts.mode == "text") and (
        "suffix" not in sent.body or filling.fills(entry)
    ):
        # A model that is not begun for answers such a request as any chat.
        mode = shape if facts.mode in (shape, "text") else "chat"
        return Asked(entry.name, sent.body, params, sent.vary), replace(facts, mode=mode)
    own = replace(settings, words=SKETCH) if batch.sketch else settings
    towards = 0 if batches.gone(story, batch.towards) else batch.towards
    made = request_for(
        story, own, batch.parent, entry, facts, why=batch.why, towards=towards, branch=index
    )
    params["max_tokens"] = reserve(own, facts)
    return Asked(entry.name, made.body, params, sent.vary), facts


def adapted(settings: Settings, sent: Asked, batch: batches.Batch, facts: Facts) -> dict[str, Any]:
    """Return the parameters of then as another model takes them."""
    own = ("logprobs", "top_logprobs")
    params = {key: value for key, value in sent.params.items() if key not in own}
    local = facts.provider == "embedded"
    if local:
        # One seed for all branches of a fork, which the embedded engine draws one after the other.
        params["seed"] = _seed(batch)
    elif is_local(settings.entry(sent.model).model):
        # There the seed was only drawn to be kept; no author has set it.
        params.pop("seed", None)
    heat = params.get("temperature")
    if facts.hottest is not None and isinstance(heat, int | float) and heat > facts.hottest:
        params["temperature"] = facts.hottest
    return params | drawn(settings, facts.mode, embedded=local)


def _seed(batch: batches.Batch) -> int:
    """Return a seed for a batch that is the same whenever it is asked for, and another than that
    of a batch that was sent the same.
    """
    sent = "".join((str(batch.op), *(branch.request for branch in batch.branches)))
    return int.from_bytes(hashlib.sha256(sent.encode()).digest()[:4], "big") >> 2


def forked(story: Story, batch: batches.Batch, asks: list[Ask]) -> list[Ask]:
    """Let the embedded engine draw together what was drawn together: what has one seed."""
    groups: dict[tuple[str, Any], list[int]] = {}
    for number, ask in enumerate(asks):
        if ask.facts.provider == "embedded":
            groups.setdefault((ask.entry.name, ask.call.params.get("seed")), []).append(number)
    for group, numbers in enumerate(groups.values()):
        fork = f"{story.session}.again{batch.op}.{group}"
        for index, number in enumerate(numbers):
            call = replace(asks[number].call, fork=fork, index=index, of=len(numbers))
            asks[number] = replace(asks[number], call=call)
    return asks
