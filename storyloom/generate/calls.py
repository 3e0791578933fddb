"""What one branch asks of one model: the call, what it may cost, and the same once more."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from storyloom.generate import caps
from storyloom.models import tokens
from storyloom.models.protocol import Call, Facts, Mode
from storyloom.settings import ModelEntry
from storyloom.story.growth import Asked

__all__ = ["Ask", "call_for", "mode_of", "price_of", "room_of", "size_of", "the_same"]

_FRAME = 8
"""Tokens that a chat's message takes beside its text, at most."""


@dataclass(frozen=True)
class Ask:
    """One branch that is to be asked for."""

    entry: ModelEntry
    facts: Facts
    asked: Asked
    """What the story file is to know of it."""
    call: Call


def call_for(
    entry: ModelEntry, body: Mapping[str, Any], params: Mapping[str, Any], name: str = ""
) -> Call:
    """Return the call that sends `body`, a request as the story file keeps it, to a model; `name`
    is its id. What the branches of a fork share is left to the caller.
    """
    return Call(
        id=name, model=entry.model, messages=body.get("messages"), prompt=body.get("prompt"),
        suffix=body.get("suffix"), params=dict(params), api_base=entry.api_base,
        key_env=entry.key_env, at_once=entry.at_once,
    )  # fmt: skip


def the_same(asked: Asked, entry: ModelEntry, facts: Facts) -> Ask:
    """Return what was `asked` once, to be asked again of the same model, to the letter.

    The embedded model's branches of a fork are drawn from one seed in turn, so that one of them
    alone would be the fork's first once more: it is drawn anew.
    """
    if facts.provider == "embedded":
        asked = replace(asked, params={**asked.params, "seed": random.randrange(1 << 30)})
    call = call_for(entry, asked.body, asked.params)
    return Ask(entry, replace(facts, mode=mode_of(asked.body)), asked, call)


def mode_of(body: Mapping[str, Any]) -> Mode:
    """Return how a model is made to continue by such a request."""
    messages = body.get("messages")
    if not messages:
        return "text"
    return "prefill" if messages[-1].get("role") == "assistant" else "chat"


def price_of(ask: Ask) -> caps.Price:
    """Return what an ask may cost. Counts tokens: call it in a thread."""
    return caps.Price.of(ask.entry, ask.facts, 1, size_of(ask), room_of(ask))


def size_of(ask: Ask) -> int:
    """Return the tokens that an ask sends, which are counted: call it in a thread."""
    sent = [message["content"] for message in ask.call.messages or ()]
    if ask.call.prompt is not None:
        sent.append(ask.call.prompt)
    return sum(tokens.count(text, ask.entry.model) + _FRAME for text in sent)


def room_of(ask: Ask) -> int:
    """Return the tokens that its answer may have, 0 where nothing says."""
    room = ask.call.params.get("max_tokens")
    return room if isinstance(room, int) else 0
