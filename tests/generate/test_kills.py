"""The models' process is killed at any moment: nothing that was shown is lost, and one goes on."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from storyloom.generate.batch import Batch, Branch
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Settings
from storyloom.story import growth, reading
from storyloom.story.check import check
from storyloom.story.schema import STREAMING
from storyloom.story.story import Story
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Text, refuses, says

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
]

PARTS = (PlanPart("one", 2), PlanPart("base", 1))


@pytest_asyncio.fixture(loop_scope="session")
async def mortal() -> AsyncIterator[Client]:
    """A client whose worker may be killed, and asks again what may pass."""
    client = Client(environ=environment(STORYLOOM_RETRY="4,1"))
    yield client
    await client.close()


async def running(client: Client) -> int:
    """Return the worker's process once it has been started."""
    await client.warm()
    assert client._worker is not None
    return client._worker._process.pid


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


class Shown:
    """What a batch has shown: the longest text of each branch that its listener was told of."""

    def __init__(self, batch: Batch) -> None:
        self.texts: dict[int, str] = {}
        self._batch = batch
        self._news = asyncio.Event()
        batch.listen(self._heard)

    def _heard(self, branch: Branch) -> None:
        if branch.running:
            self.texts[branch.node] = branch.text
        self._news.set()

    async def until(self, holds: Callable[[list[Branch]], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds(self._batch.branches):
                self._news.clear()
                await self._news.wait()


async def killed(
    story: Story, client: Client, batch: Batch, moment: Callable[[Shown], Awaitable[None]]
) -> list[int]:
    """Run a batch, kill the worker at a moment, and check what has to hold of every moment; return
    the branches that were cut short.
    """
    shown = Shown(batch)
    process = await running(client)
    run = asyncio.ensure_future(batch.run())
    await moment(shown)
    kill(process)
    async with asyncio.timeout(60):
        await run
    with pytest.raises(ProcessLookupError):
        os.killpg(process, 0)
    short = [branch for branch in batch.branches if branch.state != "done"]
    for branch in short:
        result = growth.result_of(story, branch.node)
        assert (branch.finish, branch.fault) == ("interrupted", "interrupted")
        assert (result["finish"], result["kind"]) == ("interrupted", "worker_died")
        assert "has ended; what had arrived is kept" in result["say"]
    for branch in batch.branches:
        before = shown.texts.get(branch.node, "")
        kept = reading.pieces(story, [branch.node])[0].text
        assert kept == branch.text
        assert kept.startswith(before)
        assert reading.exists(story, branch.node) == bool(kept.strip())
    streaming = f"SELECT count(*) FROM node WHERE flags & {STREAMING}"
    assert story.read.execute(streaming).fetchone() == (0,)
    assert check(story).faults == []
    return [branch.node for branch in short]


async def test_killed_at_any_moment_it_loses_nothing_that_was_shown(
    story: Story, mortal: Client, settings: Settings, provider: Provider
) -> None:
    never = asyncio.Event()

    # While it is asked what the models are: another one is, and nobody notices.
    beginning = asyncio.ensure_future(Batch.begin(story, mortal, settings, 1, PARTS))
    kill(await running(mortal))
    batch = await beginning

    # Ready, and before the first byte of an answer.
    provider.answer(lambda _: Reply((Hold(never),)))

    async def asked(_: Shown) -> None:
        await provider.wait(lambda it: len(it.requests) == 3)

    nodes = await killed(story, mortal, batch, asked)
    assert len(nodes) == 3
    assert reading.children(story, 1) == []

    # Before it is ready.
    async def at_once(_: Shown) -> None:
        await asyncio.sleep(0)

    batch = await Batch.again(story, mortal, settings, nodes)
    nodes = await killed(story, mortal, batch, at_once)
    assert len(nodes) == 3

    # In the middle of one text, between another's last words and its end, and after a third's end.
    whole = " The bell rang, and it was late."
    provider.script(
        Reply((Text(" The bell"), Text(" rang,"), Hold(never))),
        Reply((Text(whole), Hold(never))),
        says(" It was still."),
    )

    async def in_the_middle(shown: Shown) -> None:
        await shown.until(
            lambda branches: (
                {branch.text for branch in branches} == {" The bell rang,", whole, " It was still."}
            )
        )
        await shown.until(lambda branches: any(not branch.running for branch in branches))

    batch = await Batch.again(story, mortal, settings, nodes)
    nodes = await killed(story, mortal, batch, in_the_middle)
    texts = {piece.text for piece in reading.pieces(story, reading.children(story, 1))}
    assert texts == {" The bell rang,", whole, " It was still."}
    assert len(nodes) == 2

    # While it waits to ask again.
    provider.answer(lambda _: refuses(429, "slow down", retry_after="50"))

    async def waiting(shown: Shown) -> None:
        await shown.until(lambda branches: all(branch.again is not None for branch in branches))

    batch = await Batch.again(story, mortal, settings, nodes)
    nodes = await killed(story, mortal, batch, waiting)
    assert len(nodes) == 2

    # While it is asked for the catalogue.
    asking = asyncio.ensure_future(mortal.catalogue())
    kill(await running(mortal))
    assert len(await asking) > 100

    # And one goes on.
    provider.answer(lambda _: says(" It rang."))
    batch = await Batch.again(story, mortal, settings, nodes)
    await batch.run()
    assert [branch.text for branch in batch.branches] == [" It rang."] * 2
    assert check(story).faults == []
