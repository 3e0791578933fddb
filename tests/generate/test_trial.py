"""One real request tells whether a model writes, how, and in a sentence what is wrong."""

from collections.abc import Callable

import pytest

from storyloom.generate.trial import OPENING, Trial, tried
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, Settings
from tests.servers.provider import Provider
from tests.servers.script import Cut, Reply, Text, refuses, says

pytestmark = pytest.mark.asyncio(loop_scope="session")


def ticking() -> Callable[[], float]:
    """Return a clock that goes on by a second each time it is looked at."""
    times = iter(range(1000))
    return lambda: float(next(times))


async def trial(client: Client, entry: ModelEntry) -> Trial:
    return await tried(client, entry, ticking())


async def test_a_model_that_writes_is_shown_with_its_words_times_and_cost(
    client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(says("Sure, here is the continuation:\n\n", " rowed", " out."))
    found = await trial(client, settings.entry("one"))
    assert (found.mode, found.fault, found.text) == ("chat", "", " rowed out.")
    assert (found.first, found.seconds) == (1.0, 2.0)
    assert found.cost == 0.0, "a server on this machine sells nothing"
    assert found.done is not None
    assert (found.done.in_tokens, found.done.out_tokens) == (11, 4)
    (request,) = provider.requests
    assert OPENING in request.prompt
    assert "in about 20 words" in request.prompt
    assert request.body["max_tokens"] == 80


async def test_a_base_model_is_asked_with_the_raw_text(
    client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(says(" rowed out."))
    found = await trial(client, settings.entry("base"))
    assert (found.mode, found.text) == ("text", " rowed out.")
    assert provider.requests[0].body["prompt"] == OPENING


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refuses(401, "bad key"), "asks for a key"),
        (refuses(404, "no such model"), "has no model"),
        (says(), "without any text"),
        (says("", " \n "), "without any text"),
        (says(end="content_filter"), "declined"),
        (Reply((Text(" rowed"), Cut())), "broke off"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    client: Client, settings: Settings, provider: Provider, reply: Reply, said: str
) -> None:
    provider.script(reply)
    found = await trial(client, settings.entry("two"))
    assert said in found.fault
    assert "\n" not in found.fault
    assert found.fault.endswith((".", '"')) or "It says" in found.fault
    assert len(provider.requests) == 1


async def test_a_model_that_no_provider_is_known_for_is_told(client: Client) -> None:
    found = await trial(client, ModelEntry("nonsense", "nonsense"))
    assert "No provider is known for nonsense" in found.fault
    assert (found.first, found.done, found.cost) == (None, None, None)
