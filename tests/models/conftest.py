"""One worker and one provider for all tests of the models, as a worker takes seconds to start."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from storyloom.models.client import Client
from tests.models.asking import CANARY, OTHER_CANARY
from tests.servers.provider import Provider


def environment(**more: str) -> dict[str, str]:
    """Return a worker's environment: no key of the machine's owner, two planted ones."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith(("_KEY", "_TOKEN", "_SECRET"))}
    return {
        **kept,
        "STORYLOOM_RETRY": "1",
        "OPENAI_API_KEY": CANARY,
        "MY_SERVER_KEY": OTHER_CANARY,
        **more,
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> AsyncIterator[Client]:
    """A client whose worker is shared by the session."""
    client = Client(environ=environment())
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider that has answered nothing yet."""
    async with Provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN", "_SECRET")):
            monkeypatch.delenv(name)
