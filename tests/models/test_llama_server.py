"""llama.cpp's own server, a real provider which no script of ours plays, is one like any other."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from storyloom.models.client import Client
from storyloom.models.protocol import Call, Delta, Done, Event
from tests.models.asking import OTHER_CANARY, ask
from tests.models.local_weights import real_weights
from tests.servers.llama import ALIAS, WINDOW, LlamaServer, running, serving

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="session")]

WAYS = {
    "chat": ("openai/x", None),
    "completion": ("text-completion-openai/x", "The tide went out."),
    "openai-completion": ("openai/x", "The tide went out."),
    "llamafile": ("llamafile/x", None),
    "llamafile-completion": ("llamafile/x", "The tide went out."),
    "vllm": ("hosted_vllm/x", None),
    "vllm-completion": ("hosted_vllm/x", "The tide went out."),
}
"""Model and prompt: by openai's client, and by litellm's own handlers."""
EITHER = pytest.mark.parametrize("way", ["chat", "completion", "llamafile", "vllm-completion"])
SAYS = 'root ::= " It rained."'
"""Leaves the model nothing else to say, and its end to be its own."""
FOREVER = {"max_tokens": WINDOW - 200, "ignore_eos": True}
_numbers = iter(range(10_000))


@pytest.fixture(scope="module")
def server() -> LlamaServer:
    """The server, which takes the key in MY_SERVER_KEY only."""
    return running(real_weights(), OTHER_CANARY)


def calling(server: LlamaServer, way: str, **fields: Any) -> Call:
    """Return a call to `server` in one of the `WAYS`, with its key."""
    model, prompt = WAYS[way]
    source = {"messages": [{"role": "user", "content": "Go on."}]} if prompt is None else {}
    asked: dict[str, Any] = {"prompt": prompt, "key_env": "MY_SERVER_KEY", **source, **fields}
    return Call(f"l{next(_numbers)}", model, api_base=server.base, **asked)


@pytest.mark.parametrize("way", WAYS)
async def test_it_writes_to_its_own_end_or_to_its_limit_and_counts(
    client: Client, server: LlamaServer, way: str
) -> None:
    params = {"max_tokens": 30, "grammar": SAYS}
    whole = await ask(client, calling(server, way, params=params))
    assert (whole.text, whole.done.finish) == (" It rained.", "stop")
    cut = await ask(client, calling(server, way, params={**params, "max_tokens": 2}))
    assert (cut.done.finish, cut.done.out_tokens) == ("length", 2)
    assert whole.text.startswith(cut.text)
    assert 2 < (whole.done.out_tokens or 0) < 30
    assert cut.done.in_tokens == whole.done.in_tokens
    assert 0 < (cut.done.in_tokens or 0) < 60
    assert (cut.done.returned, cut.done.provider) == (ALIAS, WAYS[way][0].partition("/")[0])
    assert cut.done.cost is None, "a server of one's own has no price in any list"


@EITHER
@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_a_stopped_branch_stops_the_server(
    client: Client, server: LlamaServer, way: str, how: str
) -> None:
    await asyncio.to_thread(server.rest)
    before = server.written()
    call = calling(server, way, params=FOREVER)
    seen: list[Event] = []
    async with aclosing(client.stream(call)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, Delta) and how == "close":
                break
            if isinstance(event, Delta):
                await client.cancel(call.id)
    if how == "cancel":
        assert isinstance(seen[-1], Done)
        assert seen[-1].finish == "stopped"
    await asyncio.to_thread(server.rest)
    assert 0 < server.written() - before < FOREVER["max_tokens"]


@EITHER
async def test_a_wrong_key_names_the_variable(
    client: Client, server: LlamaServer, way: str
) -> None:
    ended = (await ask(client, calling(server, way, key_env="OPENAI_API_KEY"))).failed
    assert ended.kind == "auth"
    assert "did not accept the key in OPENAI_API_KEY for " in ended.say
    assert ended.say.endswith(": check it.")


@EITHER
async def test_where_no_key_was_set_up_it_says_how(
    client: Client, server: LlamaServer, way: str
) -> None:
    ended = (await ask(client, calling(server, way, key_env=None))).failed
    assert ended.kind == "auth"
    assert f" asks for a key for {WAYS[way][0]}: run 'storyloom keys set MY_KEY'" in ended.say
    assert ended.say.endswith('write key_env = "MY_KEY" to the model in config.toml.')


@EITHER
async def test_a_prompt_beyond_the_window_is_too_long(
    client: Client, server: LlamaServer, way: str
) -> None:
    long = "A bell rang. " * WINDOW
    chat = WAYS[way][1] is None
    source = {"messages": [{"role": "user", "content": long}]} if chat else {"prompt": long}
    ended = (await ask(client, calling(server, way, **source))).failed
    assert ended.kind == "context_too_long"
    assert "lower the context" in ended.say


async def test_a_server_that_dies_leaves_what_had_arrived(client: Client) -> None:
    with serving(real_weights(), OTHER_CANARY) as mortal:
        seen: list[Event] = []
        async with aclosing(client.stream(calling(mortal, "chat", params=FOREVER))) as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, Delta):
                    mortal.kill()
    assert any(isinstance(event, Delta) and event.text for event in seen)
    assert getattr(seen[-1], "kind", None) == "cut_off"
    after = await ask(client, calling(mortal, "chat"))
    assert after.failed.kind == "connection"
