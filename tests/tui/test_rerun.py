"""A recorded story asked for again on the screen: foretold, watched, stopped, looked through."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.models.client import Client
from storyloom.settings import ModelEntry, Settings
from storyloom.story import batches, growth, marks, reading
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.tui.screens.rerun import RerunScreen
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Request, Text, says
from tests.tui.looming import Hand, at_the_loom
from tests.tui.test_snapshots import Compare, compared

SIZES = ((80, 24), (120, 40))
asynchronous = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider that says which model it is asked for."""
    async with Provider() as provider:
        provider.answer(lambda asked: says(f"By {asked.model}."))
        yield provider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with three batches of two, one below the other."""
    path = tmp_path / "tide.loom"
    Story.create(path, title="Tide", opening="The tide went out.").close()
    with Story(path) as story:
        at = 1
        for number in range(3):
            body = {"messages": [{"role": "user", "content": f"Go on, {number}."}]}
            asked = [Asked("one", body, {"max_tokens": 90}) for _ in range(2)]
            for place in growth.request(story, at, asked, why=f"Why {number}."):
                growth.finish(story, place, f" Part {number}.", Result("stop"))
                at = place.node
    return path


def settings(provider: Provider) -> Settings:
    """Two models at the provider."""
    return Settings(
        models=tuple(
            ModelEntry(name, f"openai/{name}", provider.base, mode="chat", window=2_000)
            for name in ("one", "two")
        )
    )


async def foretold(hand: Hand, line: str = "rerun two") -> RerunScreen:
    """Open the screen and wait for what it foretells."""
    await hand.command(line)
    await hand.shows("batches", "What comes is chance")
    screen = hand.pilot.app.screen
    assert isinstance(screen, RerunScreen)
    return screen


@asynchronous
@pytest.mark.parametrize("size", SIZES)
async def test_what_is_foretold_is_done_and_enter_goes_to_a_branch_that_came(
    path: Path, client: Client, provider: Provider, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size, settings(provider), client) as hand:
        await foretold(hand)
        await hand.shows("r1 asks two for 6 branches of 3 batches", "it costs nothing")
        assert provider.requests == []
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "By two.")
        assert {request.model for request in provider.requests} == {"two"}
        await hand.press("j", "j", "enter")
        await hand.until(lambda: hand.loom.is_current and hand.cursor == 10, "the new branch")
        with Story(path) as story:
            assert marks.tags(story, 10) == ["run:r1"]
            assert reading.parent(story, 10) == 3


@asynchronous
async def test_a_run_is_stopped_keeps_what_came_and_goes_on(
    path: Path, client: Client, provider: Provider
) -> None:
    def answer(asked: Request) -> Reply:
        if len(provider.requests) > 2:
            return Reply((Text("Half"), Hold(asyncio.Event())))
        return says(f"By {asked.model}.")

    provider.answer(answer)
    async with at_the_loom(path, SIZES[0], settings(provider), client) as hand:
        screen = await foretold(hand)
        await hand.press("g")
        await hand.shows("1 of 3 batches done", "Half")
        await hand.press("m")
        await hand.shows("A run is under way")
        await hand.press("ctrl+g")
        await hand.until(lambda: screen.run_ is None, "the end of the run")
        await hand.shows("2 of 3 batches done", "Stopped")
        provider.answer(lambda asked: says(f"By {asked.model}."))
        provider.reset()
        await hand.press("r")
        await hand.shows("1 batch is there already", "4 branches of 2 batches")
        await hand.press("g")
        await hand.shows("2 of 2 batches done")
        assert len(provider.requests) == 4
        with Story(path) as story:
            assert len([batch for batch in batches.batches(story) if batch.run]) == 4


@asynchronous
async def test_recorded_answers_are_taken_without_asking_anybody(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, SIZES[0], settings(provider), client) as hand:
        await hand.command("rerun")
        await hand.press("j", "j", "j", "j", "enter")
        await hand.command("model one")
        await hand.shows("recorded ones", "from the cassette: no model")
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "equal")
        assert (provider.requests, provider.asides) == ([], [])


@asynchronous
async def test_a_new_story_is_grown_and_a_branch_of_it_is_taken_into_this_one(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, SIZES[1], settings(provider), client) as hand:
        await foretold(hand)
        await hand.press("space")
        await hand.shows("parallel", "It becomes tide-two.loom")
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "t takes a branch here")
        with Story(path.with_name("tide-two.loom")) as grown:
            assert marks.story_text(grown, "title") == "Tide (two)"
            assert len(batches.batches(grown)) == 3
        await hand.press("enter")
        await hand.shows("That is in tide-two.loom")
        await hand.press("t")
        await hand.shows("It is n8 now, below n1")
        with Story(path) as story:
            assert reading.pieces(story, [8])[0].text == " By two."


@asynchronous
async def test_what_was_foretold_is_begun_once_and_g_foretells_the_next_run(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, SIZES[0], settings(provider), client) as hand:
        await foretold(hand)
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "By two.")
        await hand.pilot.resize_terminal(100, 30)
        await hand.shows("3 of 3 batches done", "By two.")
        assert len(provider.requests) == 6
        await hand.press("g")
        await hand.shows("r2 asks two")
        assert len(provider.requests) == 6


@asynchronous
async def test_after_a_new_story_the_branches_of_another_run_are_again_of_this_one(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, SIZES[0], settings(provider), client) as hand:
        await foretold(hand)
        await hand.press("space")
        await hand.shows("It becomes tide-two.loom")
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "t takes a branch here")
        await hand.press("tab", "h")
        await hand.shows("beside those of then.")
        await hand.press("g")
        await hand.shows("3 of 3 batches done", "n10")
        await hand.press("t")
        await hand.shows("It hangs in this story already")
        await hand.press("enter")
        await hand.until(lambda: hand.loom.is_current and hand.cursor == 8, "the new branch")


@asynchronous
async def test_one_fork_alone_a_cap_and_what_cannot_be_are_chosen_and_said(
    path: Path, client: Client, provider: Provider
) -> None:
    async with at_the_loom(path, SIZES[0], settings(provider), client) as hand:
        await hand.command("rerun")
        await hand.shows("names the model that is to be asked")
        await hand.press("g")
        await hand.shows("There is nothing to be begun")
        await hand.press("enter")
        await hand.answers("two")
        await hand.shows("6 branches of 3 batches")
        await hand.press("j", "j", "enter")
        await hand.shows("2 branches of 1 batch", "from n")
        await hand.press("j", "enter")
        await hand.answers("much")
        await hand.shows("A cap is an amount")
        await hand.press("enter")
        await hand.answers("0.5")
        await hand.shows("$0.50")
        await hand.press("h")
        await hand.shows("verify", "asks each model again")
        await hand.press("r")
        await hand.shows("No run of this model and way was stopped")
        await hand.press("tab")
        await hand.shows("Nothing has come yet")
        await hand.press("q")
        await hand.until(lambda: hand.loom.is_current, "the loom")
        assert provider.requests == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_how_it_looks(snap_compare: Compare, path: Path, size: tuple[int, int]) -> None:
    client = Client(command=(sys.executable, "-m", "tests.tui.worker"))
    with Story(path) as story:
        screen = RerunScreen(story, 1, Settings(), client, "gpt-4o-mini")
        assert compared(snap_compare, screen, size, "What comes is chance", "j", client=client)
