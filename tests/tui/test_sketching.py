"""Sketches and what branches differ in, on the loom: marked, written out with Enter, set in G."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.generate.plan import settings_for
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, reading
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.tui.screens.generation import GenerationScreen
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import says
from tests.tui.looming import at_the_loom
from tests.tui.stories import saltmarsh

pytestmark = pytest.mark.asyncio(loop_scope="session")

BELLS = 5


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> AsyncIterator[Client]:
    """A client with the real models' process, which takes seconds to start."""
    client = Client(environ=environment())
    yield client
    await client.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two sketches below BELLS, the first told to be dry."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        asked = [Asked("tide", {"prompt": "p"}, vary=vary) for vary in ("tone: dry", "")]
        placed = growth.request(story, BELLS, asked, sketch=True)
        for branch, text in zip(placed, ("She rows out.", "He drowns."), strict=True):
            growth.finish(story, branch, text, Result("stop"))
    return path


async def test_enter_writes_a_sketch_out_below_it_and_a_dot_asks_for_prose_again(
    path: Path, client: Client
) -> None:
    async with Provider() as provider:
        provider.answer(lambda _: says("She pushed off."))
        settings = Settings(
            words=0,
            plan=(PlanPart("tide", 1),),
            models=(ModelEntry("tide", "openai/tide", api_base=provider.base),),
        )
        async with at_the_loom(path, settings=settings, client=client) as hand:
            node = hand.kids(BELLS)[0]
            await hand.goes(node)
            await hand.press("enter")
            await hand.until(lambda: not hand.loom._branches and hand.kids(node) != [])
            (prose,) = hand.kids(node)
            assert hand.text_of(prose).strip() == "She pushed off."
            assert not reading.cards(hand.story, [prose])[0].sketch
            assert hand.cursor == prose
            assert "Write out this sketch of what comes next: She rows out." in (
                provider.requests[0].prompt
            )
            await hand.press("full_stop")
            await hand.until(lambda: not hand.loom._branches and len(hand.kids(node)) == 2)
            assert [card.sketch for card in reading.cards(hand.story, hand.kids(node))] == [
                False,
                False,
            ]


async def test_sketches_are_told_from_prose_in_every_pane(path: Path) -> None:
    async with at_the_loom(path) as hand:
        dry, other = hand.kids(BELLS)
        await hand.goes(dry)
        await hand.shows("S  She rows out.", "tone: dry", f"n{dry}")
        header = hand.screen.splitlines()[0]
        assert "sketch" in header
        (branch,) = [line for line in hand.screen.splitlines() if "1 " in line and "rows" in line]
        assert "sketch" in branch
        assert "3w" not in branch
        await hand.press("v")
        await hand.shows("S She rows out.", "S He drowns.")
        await hand.press("c")
        await hand.shows("alike")
        assert "sketch" in hand.screen
        assert "tone: dry" in hand.screen
        await hand.press("q")
        await hand.command("sketch")
        assert not hand.card.sketch
        await hand.press("u")
        assert hand.card.sketch
        assert hand.cursor == dry
        await hand.goes(other)
        await hand.press("h")
        await hand.command("expand")
        assert "This is for a sketch" in hand.foot


async def test_length_and_vary_are_set_by_name_on_the_generation_screen(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(BELLS)
        await hand.press("G")
        assert isinstance(hand.app.screen, GenerationScreen)
        await hand.shows("vary by")
        await hand.press("j", "enter")
        await hand.answers("sketch")
        await hand.shows("sketch, 2 lines")
        await hand.press(*"jjjjjjj", "enter")
        await hand.answers("tone")
        assert "has to be a name, a colon" in hand.foot
        await hand.answers("tone: dry / tender / afraid / cruel")
        await hand.shows("tone: dry / tender")
        found = settings_for(hand.story, Settings(), BELLS)
        assert (found.words, found.vary) == (0, "tone: dry / tender / afraid / cruel")
