"""What the tests of the whole program share: a home, and a provider on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers.provider import Provider
from tests.servers.script import Reply, Request, says
from tests.whole.at_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with nothing in it but a key in its environment."""
    return Home(tmp_path)


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    """A provider whose models say who they are, each time another thing."""
    async with Provider() as provider:

        def answer(request: Request) -> Reply:
            number = len(provider.requests)
            model = request.body["model"]
            return says(f" The {model} said", f" its word {number}.", " And then it was still.")

        provider.answer(answer)
        yield provider
