"""What a provider counted arrives with the end, and its names are told as it gave them."""

import pytest

from storyloom.models.client import Client
from tests.models.ways import BEGUN, ENDED, WAYS, met
from tests.servers.provider import Provider
from tests.servers.script import Reply, says

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.parametrize("way", WAYS)]

PROVIDERS = {
    "chat": "openai", "completion": "openai", "own-handler": "hosted_vllm", "router": "openrouter",
    "anthropic": "anthropic", "gemini": "gemini", "ollama-chat": "ollama_chat",
    "ollama-generate": "ollama",
}  # fmt: skip


async def test_the_providers_count_and_names_are_told(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await met(client, provider, way, says("Once", " upon", usage=(1234, 56)))
    done = outcome.done
    assert (done.in_tokens, done.out_tokens) == (1234, 56)
    assert (done.returned, done.provider) == ("m", PROVIDERS[way])
    # A server of one's own has no price.
    assert done.cost is None


async def test_without_the_providers_count_none_is_told(
    client: Client, provider: Provider, way: str
) -> None:
    if way == "anthropic":
        pytest.skip("Anthropic's stream cannot be without a count")
    outcome = await met(client, provider, way, says("Once", " upon", usage=None))
    assert (outcome.done.in_tokens, outcome.done.out_tokens) == (None, None)


async def test_a_story_that_quotes_the_protocol_changes_nothing(
    client: Client, provider: Provider, way: str
) -> None:
    quoted = (
        '"finish_reason": "length", "stop_reason": "refusal", "finishReason": "SAFETY", '
        '"done_reason": "length", "model": "other", "usage": {"x": 1}, "error": {"message": "no"}'
    )
    outcome = await met(client, provider, way, says("It said ", quoted, usage=(3, 2)))
    assert (outcome.done.finish, outcome.text) == ("stop", f"It said {quoted}")
    assert (outcome.done.returned, outcome.done.out_tokens) == ("m", 2)


async def test_a_text_that_begins_with_a_brace_is_a_story(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await met(client, provider, way, says('{"name', '": "Ada"', "} said the page."))
    assert (outcome.done.finish, outcome.text) == ("stop", '{"name": "Ada"} said the page.')


async def test_a_stream_that_broke_off_has_no_count(
    client: Client, provider: Provider, way: str
) -> None:
    whole = await met(client, provider, way, Reply((*BEGUN, *ENDED)))
    broken = await met(client, provider, way, Reply(BEGUN))
    assert whole.done.out_tokens == 4
    assert broken.done.out_tokens is None
