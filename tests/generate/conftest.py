"""A story and a provider for each test of batches."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.settings import ModelEntry, Settings
from storyloom.story.story import Story
from tests.servers.provider import Provider

OPENING = "The tide went out and did not come back."


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider that has answered nothing yet."""
    async with Provider() as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider) -> Settings:
    """Settings with a chat model, another one, and a base model, all at the provider."""
    entries = [
        ModelEntry("one", "openai/model-one", provider.base, window=2_000),
        ModelEntry("two", "openai/model-two", provider.base, window=2_000),
        ModelEntry("base", "openai/model-base", provider.base, mode="text", window=2_000),
    ]
    return Settings(models=tuple(entries))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story of one node, n1."""
    with Story.create(tmp_path / "tide.loom", opening=OPENING) as story:
        yield story
