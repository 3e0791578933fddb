"""Ends of connections that cost no story its label, and error pages told in our words."""

import pytest

from storyloom.models.client import Client
from tests.models.ways import BEGUN, ENDED, WAYS, met
from tests.servers.provider import Provider
from tests.servers.script import Drop, Pause, Reply, page

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.parametrize("way", WAYS)]


async def test_a_connection_that_breaks_after_the_end_was_said_has_cost_nothing(
    client: Client, provider: Provider, way: str
) -> None:
    outcome = await met(client, provider, way, Reply((*BEGUN, *ENDED, Pause(0.1), Drop())))
    assert (outcome.done.finish, outcome.text) == ("stop", "Once upon")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("<!DOCTYPE html><html><title>502 Bad\n Gateway &amp; co</title>x", "text/html",
         "502 Bad Gateway & co (a web page)"),
        ("<html>nginx", "text/html", "(a web page)"),
        ("no healthy upstream", "text/plain", "no healthy upstream"),
    ],
)  # fmt: skip
async def test_an_error_page_is_told_in_our_words(
    client: Client, provider: Provider, way: str, body: str, kind: str, said: str
) -> None:
    outcome = await met(client, provider, way, page(body, kind, status=502))
    assert (outcome.failed.kind, outcome.failed.status) == ("server", 502)
    assert outcome.failed.say.endswith(f"try again later. It says: {said}")
