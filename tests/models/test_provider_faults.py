"""Every fault of a provider gets its label and keeps the text that had arrived."""

import asyncio
import json
import socket

import pytest

from storyloom.models.client import Client
from storyloom.models.protocol import Done, Failed
from tests.models.asking import CANARY, OTHER_CANARY, Outcome, ask, call
from tests.servers.provider import Provider
from tests.servers.script import Cut, Drop, End, Fault, Hold, Raw, Reply, Text, page, refuses, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "This model's maximum context length is 4096 tokens, you asked for 5000."
BEGUN = (Text("Once"), Text(" upon"))
HTML = "<html><title>Log in</title></html>"
ODD_JSON = json.dumps({"error": {"message": "Unexpected endpoint", "code": 200}})

# How a model is asked: (model, prompt or None); OpenAI's way by its client and by litellm's own.
WAYS = {
    "chat": ("openai/m", None),
    "completion": ("openai/m", "x"),
    "own-handler": ("hosted_vllm/m", None),
    "router": ("openrouter/m", None),
    "anthropic": ("anthropic/m", None),
}

REFUSALS = {
    "401": (refuses(401, "bad key"), "auth"),
    "402": (refuses(402, "no money"), "auth"),
    "403": (refuses(403, "not you"), "auth"),
    "404": (refuses(404, "no such model"), "not_found"),
    "400": (refuses(400, "temperature is odd"), "bad_request"),
    "context": (refuses(400, LONG, "context_length_exceeded"), "context_too_long"),
    "429": (refuses(429, "slow down"), "rate_limit"),
    "500": (refuses(500, "oops"), "server"),
    "503": (refuses(503, "overloaded"), "server"),
    "error page": (page("<html>" + "x " * 60_000, status=502), "server"),
}


async def fails(client: Client, provider: Provider, way: str, reply: Reply) -> Outcome:
    model, prompt = WAYS[way]
    provider.script(reply)
    fields = {} if prompt is None else {"prompt": prompt}
    outcome = await ask(client, call(provider, model, **fields))
    assert len(provider.requests) == 1
    if isinstance(outcome.end, Failed):
        assert len(outcome.end.say) <= 200
        assert outcome.end.say.isprintable()
    return outcome


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", REFUSALS)
async def test_a_refused_request(client: Client, provider: Provider, way: str, fault: str) -> None:
    reply, kind = REFUSALS[fault]
    outcome = await fails(client, provider, way, reply)
    assert outcome.failed.kind == kind, outcome.failed.say
    assert outcome.text == ""


@pytest.mark.parametrize("way", WAYS)
async def test_the_wait_a_provider_asks_for(client: Client, provider: Provider, way: str) -> None:
    outcome = await fails(client, provider, way, refuses(429, "slow", retry_after="7"))
    assert outcome.failed.kind == "rate_limit"
    assert outcome.failed.retry_after == 7
    assert "7 seconds" in outcome.failed.say


@pytest.mark.parametrize("way", WAYS)
async def test_a_stream_that_just_ends_is_cut_off(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await fails(client, provider, way, Reply((*BEGUN, Cut())))
    assert outcome.text == "Once upon"
    assert outcome.done.finish == "cut_off"
    assert outcome.done.out_tokens is None


@pytest.mark.parametrize("way", WAYS)
async def test_a_stream_without_text_is_empty(client: Client, provider: Provider, way: str) -> None:
    assert (await fails(client, provider, way, says())).done.finish == "empty"
    provider.reset()
    assert (await fails(client, provider, way, Reply((Cut(),)))).done.finish == "empty"


@pytest.mark.parametrize("way", WAYS)
async def test_a_dropped_connection_keeps_the_text(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await fails(client, provider, way, Reply((*BEGUN, Drop())))
    assert outcome.text == "Once upon"
    assert outcome.failed.kind == "cut_off"
    provider.reset()
    outcome = await fails(client, provider, way, Reply((Drop(),)))
    assert outcome.failed.kind == "connection"


@pytest.mark.parametrize("way", WAYS)
async def test_an_error_inside_the_stream_keeps_the_text(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await fails(client, provider, way, Reply((*BEGUN, Fault("boom"), End())))
    assert outcome.text == "Once upon"
    assert outcome.failed.kind == "server"


@pytest.mark.parametrize("way", ["chat", "completion"])
async def test_a_broken_event_keeps_the_text(client: Client, provider: Provider, way: str) -> None:
    reply = Reply((*BEGUN, Raw(b"data: {broken\n\n"), End()))
    outcome = await fails(client, provider, way, reply)
    assert outcome.text == "Once upon"
    assert outcome.failed.kind == "server"


async def test_an_endless_event_is_given_up(client: Client, provider: Provider) -> None:
    endless = Raw(b'data: {"choices":[{"delta":{"content":"' + b"x" * 6_000_000)
    outcome = await fails(client, provider, "chat", Reply((*BEGUN, endless, Hold(asyncio.Event()))))
    assert outcome.text == "Once upon"
    assert outcome.failed.kind == "server"
    await provider.wait(lambda it: it.left == 1)


@pytest.mark.parametrize("way", WAYS)
async def test_a_page_with_status_200_is_no_story(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await fails(client, provider, way, page(HTML))
    assert outcome.failed.kind == "server"
    assert "address" in outcome.failed.say
    assert outcome.text == ""


@pytest.mark.parametrize("way", WAYS)
async def test_an_error_with_status_200_is_a_fault(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await fails(client, provider, way, page(ODD_JSON, "application/json"))
    assert isinstance(outcome.end, Failed)
    assert outcome.text == ""
    if way in ("chat", "completion"):
        assert "Unexpected endpoint" in outcome.end.say


@pytest.mark.parametrize("way", WAYS)
async def test_a_filtered_end_is_told(client: Client, provider: Provider, way: str) -> None:
    outcome = await fails(client, provider, way, says("Once", end="content_filter"))
    assert outcome.text == "Once"
    assert outcome.done.finish == "refused"


@pytest.mark.parametrize("way", WAYS)
async def test_nobody_at_the_address(client: Client, way: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = Provider(port=bound.getsockname()[1])
        model, prompt = WAYS[way]
        fields = {} if prompt is None else {"prompt": prompt}
        failed = (await ask(client, call(nobody, model, **fields))).failed
    assert failed.kind == "connection"
    assert "127.0.0.1" in failed.say


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_that_is_echoed_is_not_told(
    client: Client, provider: Provider, way: str
) -> None:
    model, prompt = WAYS[way]
    fields = {} if prompt is None else {"prompt": prompt}
    for status in (401, 400, 500):
        message = f"wrong key {CANARY} or {OTHER_CANARY} for you"
        provider.script(refuses(status, message))
        asked = call(provider, model, key_env="MY_SERVER_KEY", **fields)
        outcome = await ask(client, asked)
        assert CANARY not in str(outcome.events)
        assert OTHER_CANARY not in str(outcome.events)


@pytest.mark.parametrize("pings", [False, True])
@pytest.mark.parametrize("way", ["chat", "completion", "own-handler"])
async def test_a_silence_keeps_the_text(
    impatient: Client, provider: Provider, way: str, pings: bool
) -> None:
    reply = Reply((*BEGUN, Hold(asyncio.Event(), pings=pings)))
    outcome = await fails(impatient, provider, way, reply)
    assert outcome.text == "Once upon"
    assert outcome.failed.kind == "stalled"
    await provider.wait(lambda it: it.left == 1)


async def test_no_first_token_in_time(impatient: Client, provider: Provider) -> None:
    outcome = await fails(impatient, provider, "chat", Reply((Hold(asyncio.Event()),)))
    assert outcome.failed.kind == "timeout"
    assert outcome.failed.say
    await provider.wait(lambda it: it.left == 1)


async def test_a_fault_of_one_branch_leaves_the_others_alone(
    client: Client, provider: Provider
) -> None:
    provider.script(refuses(500), Reply((*BEGUN, Drop())), says("Once"))
    ends = [outcome.end for outcome in await _at_once(client, provider, 3)]
    assert sum(isinstance(end, Done) for end in ends) == 1


async def _at_once(client: Client, provider: Provider, number: int) -> list[Outcome]:
    return await asyncio.gather(*(ask(client, call(provider)) for _ in range(number)))
