"""What litellm asks an Ollama server besides the story holds nothing up."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from storyloom.models.client import Client
from storyloom.settings import ModelEntry
from tests.models.asking import ask, call
from tests.models.conftest import environment
from tests.servers.provider import Provider

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def own(provider: Provider) -> AsyncIterator[Client]:
    """A client for whose worker the provider is the Ollama server of this machine."""
    client = Client(environ=environment(OLLAMA_API_BASE=provider.address))
    yield client
    await client.close()


@pytest.mark.parametrize("api_base", [None, "its own"])
async def test_a_server_that_does_not_say_what_its_models_are_holds_up_no_branch(
    own: Client, provider: Provider, api_base: str | None
) -> None:
    provider.aside = asyncio.Event()
    base = provider.address if api_base else None
    entries = [ModelEntry(f"m{n}", f"ollama/m{n}", base) for n in range(12)]
    told = [asyncio.create_task(own.describe(entry)) for entry in entries]
    for model, prompt in (("ollama_chat/m", None), ("ollama/m", "x"), ("openai/m", None)):
        fields = {"prompt": prompt} if prompt else {}
        one = call(provider, model, **fields)
        if model.startswith("ollama"):
            one = call(provider, model, api_base=base, **fields)
        outcome = await ask(own, one)
        assert (outcome.text, outcome.done.finish) == ("Once upon a time.", "stop")
    facts = await asyncio.gather(*told)
    assert {fact.provider for fact in facts} == {"ollama"}
    print("asides", [a.path for a in provider.asides])
