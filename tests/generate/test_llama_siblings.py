"""Siblings of one batch by two providers: llama.cpp's own server, and the scripted one."""

from dataclasses import replace

import pytest

from storyloom.generate.batch import Batch
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, origins, reading
from storyloom.story.check import check
from storyloom.story.story import Story
from tests.models.asking import OTHER_CANARY
from tests.models.local_weights import real_weights
from tests.servers.llama import ALIAS, LlamaServer, running
from tests.servers.provider import Provider
from tests.servers.script import says

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def server() -> LlamaServer:
    """The server, which takes the key in MY_SERVER_KEY only."""
    return running(real_weights(), OTHER_CANARY)


@pytest.fixture
def settings(server: LlamaServer, provider: Provider) -> Settings:
    """Settings with a base model and a chat model of the real server, and a scripted one."""
    return Settings(
        models=(
            ModelEntry("base", "llamafile/x", server.base, "MY_SERVER_KEY", "text", window=1_000),
            ModelEntry("chat", "openai/x", server.base, "MY_SERVER_KEY", window=1_000),
            ModelEntry("scripted", "anthropic/m", provider.address, "MY_SERVER_KEY", window=4_000),
        ),
        words=12,
    )


async def test_each_sibling_is_stored_as_its_own_providers(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(lambda _: says(" It", " rained.", usage=(7, 3)))
    plan = (PlanPart("base", 2), PlanPart("scripted"), PlanPart("chat"))
    batch = await Batch.begin(story, client, settings, 1, plan)
    for branch in batch.branches:
        if branch.entry.name != "scripted":
            # A model of 135M may also repeat the story and say nothing more; this one cannot.
            params = {**branch.call.params, "grammar": 'root ::= " It snowed."'}
            branch.call = replace(branch.call, params=params)
    await batch.run()
    assert [branch.say for branch in batch.branches] == [""] * 4
    kids = reading.children(story, 1)
    names = ["base", "base", "scripted", "chat"]
    pieces = reading.pieces(story, kids)
    assert [set(origins.by_origin(piece.runs)) for piece in pieces] == [
        {f"model:{name}"} for name in names
    ]
    snowed = " It snowed."
    assert [piece.text for piece in pieces] == [snowed, snowed, " It rained.", snowed]
    facts = [growth.result_of(story, kid) for kid in kids]
    assert [fact["provider"] for fact in facts] == ["llamafile", "llamafile", "anthropic", "openai"]
    assert [fact["returned"] for fact in facts] == [ALIAS, ALIAS, "m", ALIAS]
    assert [fact["cost"] for fact in facts] == [0.0] * 4, "nobody sells what runs here"
    assert (facts[2]["in"], facts[2]["out"]) == (7, 3)
    for branch, fact in zip(batch.branches, facts, strict=True):
        assert fact["finish"] == "stop"
        assert 0 < fact["out"] <= branch.call.params["max_tokens"]
        assert fact["in"] > 0
    # The base model reads the story alone, so its prompt is shorter than the chat's.
    assert facts[0]["in"] == facts[1]["in"] < facts[3]["in"]
    assert check(story).faults == []
