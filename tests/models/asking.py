"""What the tests of the models share: making a call and gathering its events."""

import itertools
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from storyloom.models.client import Client
from storyloom.models.protocol import Call, Delta, Done, Event, Failed, First
from tests.servers.provider import Provider

CANARY = "sk-canary-0123456789abcdef"
OTHER_CANARY = "canary/of+another=server"

_numbers = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """All that came of one call."""

    events: list[Event]

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def end(self) -> Done | Failed:
        end = self.events[-1]
        assert isinstance(end, Done | Failed)
        return end

    @property
    def done(self) -> Done:
        assert isinstance(self.end, Done), self.end
        return self.end

    @property
    def failed(self) -> Failed:
        assert isinstance(self.end, Failed), self.end
        return self.end


def call(provider: Provider, model: str = "openai/story-model", **fields: Any) -> Call:
    """Return a call to `provider`, a chat unless a prompt is given."""
    if "prompt" not in fields:
        fields.setdefault("messages", [{"role": "user", "content": "Go on."}])
    fields = {"api_base": provider.base_for(model), "params": {"max_tokens": 50}, **fields}
    return Call(id=f"c{next(_numbers)}", model=model, **fields)


async def ask(client: Client, call: Call) -> Outcome:
    """Return everything that `call` brings, having checked that it ends once and in order."""
    async with aclosing(client.stream(call)) as events:
        seen = [event async for event in events]
    assert all(event.id == call.id for event in seen)
    assert sum(isinstance(event, Done | Failed) for event in seen) == 1
    firsts = [index for index, event in enumerate(seen) if isinstance(event, First)]
    assert firsts == ([0] if any(isinstance(event, Delta) for event in seen) else [])
    return Outcome(seen)
