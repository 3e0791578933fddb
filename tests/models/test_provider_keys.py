"""A key that a provider sends back is told nowhere, however it comes."""

from pathlib import Path

import pytest

from storyloom.models.client import Client
from tests.models.asking import CANARY, OTHER_CANARY, ask
from tests.models.conftest import environment
from tests.models.ways import BEGUN, WAYS, asking, met
from tests.servers.provider import Provider
from tests.servers.script import Fault, Pause, Raw, Reply, refuses

pytestmark = pytest.mark.asyncio(loop_scope="session")

ECHO = f"wrong key {OTHER_CANARY} or {CANARY} for you"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_a_key_in_a_refusal(
    client: Client, provider: Provider, way: str, status: int
) -> None:
    outcome = await met(client, provider, way, refuses(status, ECHO))
    assert status in (401,) or "***" in outcome.failed.say


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_inside_the_stream(client: Client, provider: Provider, way: str) -> None:
    outcome = await met(client, provider, way, Reply((*BEGUN, Fault(ECHO))))
    assert outcome.text == "Once upon"
    assert "***" in outcome.failed.say


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_that_comes_in_two_pieces(client: Client, provider: Provider, way: str) -> None:
    said = f'{{"type": "error", "error": {{"message": "wrong {OTHER_CANARY}"}}}}\n\n'.encode()
    if not way.startswith("ollama"):
        said = b"data: " + said
    half = said.index(OTHER_CANARY.encode()) + 7
    parts = (Raw(said[:half]), Pause(0.05), Raw(said[half:]))
    outcome = await met(client, provider, way, Reply((*BEGUN, *parts)))
    assert outcome.text == "Once upon"
    assert outcome.failed.say.endswith("wrong ***")


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_in_a_header(client: Client, provider: Provider, way: str) -> None:
    reply = refuses(429, "slow", retry_after=OTHER_CANARY, x_echo=OTHER_CANARY)
    outcome = await met(client, provider, way, reply)
    assert outcome.failed.retry_after is None


@pytest.mark.parametrize("way", WAYS)
async def test_half_a_key_at_the_end_of_what_is_looked_at(
    client: Client, provider: Provider, way: str
) -> None:
    for shift in range(2030, 2048, 3):
        outcome = await met(client, provider, way, refuses(400, " " * shift + OTHER_CANARY))
        assert OTHER_CANARY[:5] not in outcome.failed.say


async def test_the_workers_log_has_no_key_and_no_forgotten_exception(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    client = Client(environ=environment(STORYLOOM_WORKER_LOG=str(log)))
    try:
        async with Provider() as provider:
            for way in WAYS:
                for reply in (refuses(401, ECHO), Reply((*BEGUN, Fault(ECHO))), Reply(BEGUN)):
                    provider.script(reply)
                    await ask(client, asking(provider, way))
    finally:
        await client.close()
    said = log.read_text()
    assert OTHER_CANARY not in said
    assert CANARY not in said
    assert "never retrieved" not in said
    assert "Unclosed" not in said
