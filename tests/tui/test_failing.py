"""Branches that failed on the loom: what their rows say, and which of them are asked again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.models.client import Client
from storyloom.story import growth, reading
from storyloom.story.story import Story
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import Cut, Hold, Reply, Request, Text, refuses, says
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stories import saltmarsh
from tests.tui.test_growing import BELLS, of, settled

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client() -> AsyncIterator[Client]:
    """A client with the real models' process, which takes seconds to start."""
    client = Client(environ=environment())
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider of which `rope` is out of order."""
    async with Provider() as provider:
        provider.answer(
            lambda asked: refuses(503) if asked.model == "rope" else says("The tide came.")
        )
        yield provider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


def rows(hand: Hand) -> list[str]:
    """Return the rows of branches without text, their gaps left out."""
    return [" ".join(line.split()) for line in hand.screen.splitlines() if " ! " in line]


async def grown(hand: Hand) -> None:
    await hand.press("space")
    await hand.until(lambda: hand.loom._last is not None, "a batch")
    await settled(hand)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_one_of_two_that_failed_is_asked_again_from_its_row_and_the_other_stays(
    path: Path, client: Client, provider: Provider, size: tuple[int, int]
) -> None:
    plan = of(provider, ("tide", 1), ("rope", 2))
    async with at_the_loom(path, size, plan, client) as hand:
        await grown(hand)
        (kid,) = hand.kids(BELLS)
        sentence = "! server error (503) · . asks again"
        assert [sentence[:20] in row for row in rows(hand)] == [True] * 2
        assert hand.screen.count(". asks again") >= 2
        assert size[0] == 120 or all(sentence in row for row in rows(hand))
        assert hand.cursor == kid
        await hand.press("j", "j")
        assert "> ! server" in rows(hand)[1]
        assert hand.cursor == kid, "a branch without text is no node to be on"
        assert "has a fault of its own" in hand.foot
        sent = [request.body for request in provider.requests if request.model == "rope"]
        provider.reset()
        # It fails once more, and the cursor is on its row again.
        await hand.press("full_stop")
        await hand.until(lambda: hand.loom.lost > max(2, kid + 2), "another failure")
        await settled(hand)
        assert hand.cursor == kid
        assert "> ! server" in rows(hand)[1]
        assert [request.body for request in provider.requests] == sent[:1]
        provider.reset()
        provider.script(says("The rope held."))
        await hand.press("full_stop")
        await hand.until(lambda: len(hand.kids(BELLS)) == 2, "a sibling")
        await settled(hand)
        assert [request.body for request in provider.requests] == sent[:1]
        new = hand.kids(BELLS)[1]
        assert hand.cursor == new
        assert hand.text_of(new) == " The rope held."
        assert reading.cards(hand.story, [new])[0].model == "rope"
        assert len(rows(hand)) == 1


async def test_a_row_is_dropped_by_x_and_left_by_any_other_key(
    path: Path, client: Client, provider: Provider
) -> None:
    plan = of(provider, ("tide", 1), ("rope", 2))
    async with at_the_loom(path, (80, 24), plan, client) as hand:
        await grown(hand)
        await hand.press("j", "j", "k")
        assert rows(hand)[0].startswith("> !")
        await hand.press("x")
        assert "nothing to bring back" in hand.foot
        assert len(rows(hand)) == 1
        await hand.press("j", "h")
        assert hand.cursor == BELLS
        await hand.press("l", "j", "w")
        assert "The weave leads here" in hand.foot
        assert hand.card.woven
        assert rows(hand)[0].startswith("! ")
        await hand.press("j", "k", "j", "1")
        assert hand.loom.lost == 0


async def test_a_branch_that_broke_off_is_asked_again_alone_and_stays(
    path: Path, client: Client, provider: Provider
) -> None:
    provider.script(Reply((Text("Half a sen"), Cut())), says("Whole."))
    async with at_the_loom(path, (80, 24), of(provider, ("tide", 2)), client) as hand:
        await grown(hand)
        first, second = hand.kids(BELLS)
        texts = [hand.text_of(node) for node in (first, second)]
        broken = (first, second)[texts.index(" Half a sen")]
        await hand.goes(broken)
        assert f"! n{broken}: cut off · . asks it again" in hand.screen
        provider.reset()
        await hand.press("full_stop")
        await hand.until(lambda: len(hand.kids(BELLS)) == 3, "one sibling")
        await settled(hand)
        assert len(provider.requests) == 1
        assert hand.cursor == hand.kids(BELLS)[2], "the one that is asked anew is looked at"
        assert hand.text_of(broken) == " Half a sen"
        # Behind the command there may be a branch's number, or the plan is meant.
        await hand.command(f"again n{broken}")
        await hand.until(lambda: len(hand.kids(BELLS)) == 4, "one more")
        await settled(hand)
        await hand.command("again all")
        await hand.until(lambda: len(hand.kids(BELLS)) == 6, "the plan")
        await settled(hand)
        for named, why in (("n99", "no node n99"), ("it", "such as n7"), ("n1", "No model")):
            await hand.command(f"again {named}")
            assert why in hand.foot


async def test_a_branch_left_by_a_killed_program_is_asked_again_alone(
    path: Path, client: Client, provider: Provider
) -> None:
    with Story(path) as story:
        asked = [growth.Asked("tide", {"prompt": f"Go on {n}"}, {"seed": n}) for n in range(2)]
        one, _ = growth.request(story, BELLS, asked)
        growth.flush(story, {one.rev: " Half a sen"})
    async with at_the_loom(path, (80, 24), of(provider), client) as hand:
        await hand.goes(one.node)
        assert f"! n{one.node}: interrupted · . asks it again" in hand.screen
        await hand.press("full_stop")
        await hand.until(lambda: len(hand.kids(BELLS)) == 2, "a sibling")
        await settled(hand)
        (request,) = provider.requests
        assert (request.prompt, request.body["seed"]) == ("Go on 0", 0)


async def test_a_row_is_there_while_the_others_are_still_written(
    path: Path, client: Client, provider: Provider
) -> None:
    held = asyncio.Event()

    def answer(request: Request) -> Reply:
        if request.model == "rope":
            return refuses(401)
        return Reply((Text("The tide"), Hold(held), *says(" came.").steps))

    provider.answer(answer)
    plan = of(provider, ("tide", 1), ("rope", 1))
    async with at_the_loom(path, (80, 24), plan, client) as hand:
        await hand.press("space")
        await hand.shows("key not accepted (401) · . asks again", "The tide")
        held.set()
        await settled(hand)
        assert len(rows(hand)) == 1
