"""One provider for each test of the models, and what the process that asks it is told."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

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
