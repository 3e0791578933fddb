"""Whatever is answered in place of a stream has its label and one clear sentence."""

import json

import pytest

from storyloom.models.client import Client
from storyloom.models.protocol import Failed
from tests.models.asking import ask
from tests.models.ways import WAYS, asking, goes_on, holds, met
from tests.servers.provider import Provider
from tests.servers.script import Reply, page, refuses, says

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.parametrize("way", WAYS)]

LONG = "This model's maximum context length is 4096 tokens, you asked for 5000."
GARBAGE = b"\x00no gzip at all" * 20
REFUSALS = {
    400: "bad_request", 401: "auth", 402: "auth", 403: "auth", 404: "not_found", 408: "timeout",
    413: "context_too_long", 422: "bad_request", 429: "rate_limit", 500: "server", 502: "server",
    503: "server", 529: "server",
}  # fmt: skip


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refused_request(client: Client, provider: Provider, way: str, status: int) -> None:
    # Twice, as litellm would ask once more after a 422 of OpenAI's chat.
    provider.script(*[refuses(status, "not like this")] * 2)
    outcome = await ask(client, asking(provider, way))
    holds(outcome)
    assert len(provider.requests) == 1
    assert (outcome.failed.kind, outcome.text) == (REFUSALS[status], "")
    if REFUSALS[status] in ("bad_request", "not_found", "server"):
        assert outcome.failed.say.endswith("It says: not like this")
    provider.reset()
    await goes_on(client, provider, way)


async def test_a_story_that_is_too_long(client: Client, provider: Provider, way: str) -> None:
    outcome = await met(client, provider, way, refuses(400, LONG, "context_length_exceeded"))
    assert outcome.failed.kind == "context_too_long"


async def test_the_wait_a_provider_asks_for(client: Client, provider: Provider, way: str) -> None:
    outcome = await met(client, provider, way, refuses(429, "slow", retry_after="7"))
    assert (outcome.failed.kind, outcome.failed.retry_after) == ("rate_limit", 7)
    assert "7 seconds" in outcome.failed.say


async def test_a_page_with_status_200_is_no_story(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await met(client, provider, way, page("<html><title>Log in</title></html>"))
    assert (outcome.failed.kind, outcome.text) == ("server", "")
    assert "a web page: check the address" in outcome.failed.say


@pytest.mark.parametrize(
    "error", [{"error": {"message": "Odd", "code": 200}}, {"error": "Odd"}], ids=["table", "text"]
)
async def test_an_error_with_status_200_is_a_fault(
    client: Client, provider: Provider, way: str, error: object
) -> None:
    outcome = await met(client, provider, way, page(json.dumps(error), "application/json"))
    assert (outcome.failed.kind, outcome.text) == ("server", "")
    assert outcome.failed.say.endswith(" says: Odd")


async def test_json_with_status_200_that_is_no_story(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await met(client, provider, way, page('{"detail": "No"}', "application/json"))
    assert (outcome.failed.kind, outcome.text) == ("server", "")
    assert "check the address" in outcome.failed.say


async def test_an_error_page_of_megabytes(client: Client, provider: Provider, way: str) -> None:
    outcome = await met(client, provider, way, page("<html>" + "x " * 60_000, status=502))
    assert outcome.failed.kind == "server"


@pytest.mark.parametrize("status", [200, 500])
async def test_a_body_that_cannot_be_unpacked(
    client: Client, provider: Provider, way: str, status: int
) -> None:
    reply = Reply(status=status, headers={"content-encoding": "gzip"}, body=GARBAGE)
    outcome = await met(client, provider, way, reply)
    assert (outcome.failed.kind, outcome.text) == ("server", "")


async def test_an_error_in_escape_sequences_is_told_in_plain_characters(
    client: Client, provider: Provider, way: str
) -> None:
    message = "bad \x1b]0;title\x07 \ud800 \x00 \u202e end"
    outcome = await met(client, provider, way, refuses(400, message))
    assert outcome.failed.kind == "bad_request"
    assert outcome.failed.say.endswith("end")


async def test_a_redirect_to_another_server_is_not_followed(
    client: Client, provider: Provider, way: str
) -> None:
    async with Provider() as elsewhere:
        for status in (302, 307, 308):
            place = elsewhere.base_for(WAYS[way][0])
            reply = Reply(status=status, headers={"location": f"{place}/there"}, body=b"")
            outcome = await met(client, provider, way, reply)
            assert (outcome.failed.kind, outcome.text) == ("not_found", "")
            assert "sends requests on to 127.0.0.1" in outcome.failed.say
        assert elsewhere.requests == elsewhere.asides == []


async def test_a_redirect_on_the_same_server_is_followed(
    client: Client, provider: Provider, way: str
) -> None:
    provider.script(says("a"))
    await ask(client, asking(provider, way))
    place = provider.requests[0].path.replace("/v1", "/v2", 1)
    provider.reset()
    provider.script(Reply(status=307, headers={"location": place}, body=b""), says("Once"))
    outcome = await ask(client, asking(provider, way))
    holds(outcome)
    assert (outcome.done.finish, outcome.text) == ("stop", "Once")
    assert provider.requests[1].path == place


@pytest.mark.parametrize("place", ["nobody", "tls", "name"])
async def test_a_server_that_cannot_be_reached(
    client: Client, provider: Provider, way: str, place: str
) -> None:
    base = provider.base_for(WAYS[way][0])
    gone = Provider()
    async with gone:
        port = gone.address.rpartition(":")[2]
    base = {
        "nobody": base.replace(provider.address, f"http://127.0.0.1:{port}"),
        "tls": base.replace("http:", "https:"),
        # No name under .invalid is ever found.
        "name": base.replace("127.0.0.1", "storyloom.invalid"),
    }[place]
    outcome = await ask(client, asking(provider, way, api_base=base))
    holds(outcome)
    assert (outcome.failed.kind, outcome.text) == ("connection", "")
    assert ("storyloom.invalid" if place == "name" else "127.0.0.1") in outcome.failed.say
    provider.reset()
    await goes_on(client, provider, way)


async def test_no_sentence_holds_a_traceback(client: Client, provider: Provider, way: str) -> None:
    for reply in (refuses(500, "oops"), refuses(400, "oops"), page("<html>", status=503)):
        outcome = await met(client, provider, way, reply)
        assert isinstance(outcome.end, Failed)
        assert "Traceback" not in outcome.end.say
