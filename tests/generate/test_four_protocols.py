"""Four siblings of one fork from four providers, each in its own protocol, on four servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from storyloom.generate.batch import Batch, Branch
from storyloom.generate.plan import plan_for, set_plan
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, origins, reading, shape
from storyloom.story.check import check
from storyloom.story.story import Story
from tests.servers.provider import Provider
from tests.servers.script import End, Hold, Reply, Text, Usage

pytestmark = pytest.mark.asyncio(loop_scope="session")

MODELS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.0-flash",
    "ollama_chat": "ollama_chat/mistral-nemo",
}
PLAN = tuple(PlanPart(name) for name in MODELS)


@pytest_asyncio.fixture(loop_scope="session")
async def providers() -> AsyncIterator[dict[str, Provider]]:
    """Four servers, each of which writes its own name."""
    async with AsyncExitStack() as stack:
        found: dict[str, Provider] = {}
        for name in MODELS:
            reply = Reply((Text(" By"), Text(f" {name}."), Usage(7, 3), End()))
            found[name] = await stack.enter_async_context(Provider(lambda _, reply=reply: reply))
        yield found


@pytest.fixture
def settings(providers: dict[str, Provider]) -> Settings:
    """Settings that reach each model at its server."""
    return Settings(
        models=tuple(
            ModelEntry(
                name, model, providers[name].base if name == "openai" else providers[name].address,
                key_env="MY_SERVER_KEY", window=4_000,
            )
            for name, model in MODELS.items()
        )
    )  # fmt: skip


async def test_each_sibling_is_its_providers_own_with_text_origin_and_count(
    story: Story, client: Client, settings: Settings, providers: dict[str, Provider]
) -> None:
    batch = await Batch.begin(story, client, settings, 1, PLAN)
    await batch.run()
    kids = reading.children(story, 1)
    assert kids == [branch.node for branch in batch.branches]
    pieces = reading.pieces(story, kids)
    assert [piece.text for piece in pieces] == [f" By {name}." for name in MODELS]
    assert [set(origins.by_origin(piece.runs)) for piece in pieces] == [
        {f"model:{name}"} for name in MODELS
    ]
    for kid, name in zip(kids, MODELS, strict=True):
        facts = growth.result_of(story, kid)
        assert (facts["finish"], facts["in"], facts["out"]) == ("stop", 7, 3), name
        assert facts["provider"] == name
        assert facts["cost"] == 0.0, "a server on this machine sells nothing"
        assert len(providers[name].requests) == 1
        assert "The tide went out" in str(providers[name].requests[0].body)
    assert check(story).faults == []


async def test_one_that_is_stopped_leaves_the_others(
    story: Story, client: Client, settings: Settings, providers: dict[str, Provider]
) -> None:
    go_on = asyncio.Event()
    for name, provider in providers.items():
        late = Reply((Text(" By"), Hold(go_on), Text(f" {name}."), Usage(7, 3), End()))
        provider.answer(lambda _, late=late: late)
    batch = await Batch.begin(story, client, settings, 1, PLAN)
    all_begun = asyncio.Event()

    def heard(_: Branch) -> None:
        if all(branch.text for branch in batch.branches):
            all_begun.set()

    batch.listen(heard)
    running = asyncio.create_task(batch.run())
    for provider in providers.values():
        await provider.wait(lambda seen: seen.open == 1)
    async with asyncio.timeout(30):
        await all_begun.wait()
    stopped = batch.branches[1]
    await batch.stop(stopped.node)
    async with asyncio.timeout(30):
        await stopped.ended.wait()
    await providers["anthropic"].wait(lambda seen: seen.left == 1)
    go_on.set()
    await running
    assert [branch.state for branch in batch.branches] == ["done", "stopped", "done", "done"]
    texts = [piece.text for piece in reading.pieces(story, reading.children(story, 1))]
    assert texts == [" By openai.", " By", " By gemini.", " By ollama_chat."]
    assert check(story).faults == []


async def test_a_plan_that_changes_down_the_tree_asks_other_providers_there(
    story: Story, client: Client, settings: Settings, providers: dict[str, Provider]
) -> None:
    here = shape.write_child(story, 1, " She waited.")
    below = shape.write_child(story, here, " It rose.")
    set_plan(story, 0, PLAN)
    set_plan(story, here, PLAN[:2])
    set_plan(story, below, PLAN[2:])
    for node in (1, here, below):
        batch = await Batch.begin(
            story, client, settings, node, plan_for(story, node, settings).parts
        )
        await batch.run()
    asked = {name: len(provider.requests) for name, provider in providers.items()}
    assert asked == {"openai": 2, "anthropic": 2, "gemini": 2, "ollama_chat": 2}
    models = [card.model for card in reading.cards(story, reading.children(story, below))]
    assert models == ["gemini", "ollama_chat"]
