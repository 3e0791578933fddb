"""The ways in which a model is asked, and what holds of every fault in each of them."""

from typing import Any

from storyloom.models.client import Client
from storyloom.models.protocol import Call, Failed
from tests.models.asking import CANARY, OTHER_CANARY, Outcome, ask, call
from tests.servers.provider import Provider
from tests.servers.script import End, Reply, Text, Usage

WAYS = {
    "chat": ("openai/m", None),
    "completion": ("openai/m", "x"),
    "own-handler": ("hosted_vllm/m", None),
    "router": ("openrouter/m", None),
    "anthropic": ("anthropic/m", None),
    "gemini": ("gemini/m", None),
    "ollama-chat": ("ollama_chat/m", None),
    "ollama-generate": ("ollama/m", "x"),
}
"""Model and prompt; OpenAI's protocol by its own client, and by litellm's handlers."""

BEGUN = (Text("Once"), Text(" upon"))
ENDED = (Usage(11, 4), End())


def asking(provider: Provider, way: str, **fields: Any) -> Call:
    """Return a call to `provider` in one of the `WAYS`, with a key of its own."""
    model, prompt = WAYS[way]
    if prompt is not None:
        fields["prompt"] = prompt
    return call(provider, model, **{"key_env": "MY_SERVER_KEY", **fields})


async def met(client: Client, provider: Provider, way: str, reply: Reply, **fields: Any) -> Outcome:
    """Return what comes of `reply`, having checked what has to hold of every fault.

    That is: one request, a short and printable sentence, no key in any event, and a worker that
    goes on.
    """
    provider.script(reply)
    outcome = await ask(client, asking(provider, way, **fields))
    assert len(provider.requests) == 1
    holds(outcome)
    await goes_on(client, provider, way)
    return outcome


def holds(outcome: Outcome) -> None:
    """Check what has to hold of every end."""
    assert CANARY not in str(outcome.events)
    assert OTHER_CANARY not in str(outcome.events)
    if isinstance(outcome.end, Failed):
        assert 0 < len(outcome.end.say) <= 200
        assert outcome.end.say.isprintable()


async def goes_on(client: Client, provider: Provider, way: str) -> None:
    """Check that the next branch, asked of the same worker, works."""
    provider.reset()
    after = await ask(client, asking(provider, way))
    assert (after.text, after.done.finish) == ("Once upon a time.", "stop")
    provider.reset()
