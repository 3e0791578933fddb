"""Ways on from the cursor in the editor: asked for, chosen, taken, and gone when they are not."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import weaves
from storyloom.story.story import Story
from storyloom.tui.screens.editor import EditorScreen, Passage
from storyloom.tui.widgets.offers import OffersPane
from tests.servers.provider import Provider
from tests.servers.script import End, Hold, Reply, Text, refuses, says
from tests.tui.looming import Hand, at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, grown
from tests.whole.terminal import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="session")

MODEL = "model:openai/gpt-4o-mini"
TIDE = "model:tide"


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[Provider]:
    """A provider that has answered nothing yet."""
    async with Provider() as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider) -> Settings:
    """Settings with one model at the provider."""
    entry = ModelEntry("tide", "openai/tide", api_base=provider.base)
    return Settings(plan=(PlanPart("tide", 5),), models=(entry,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An opening by hand and a model's `iron`, woven."""
    path = tmp_path / "iron.loom"
    with Story.create(path, title="Iron", opening="The gate was made of ") as story:
        weaves.set_weave(story, grown(story, 1, "openai/gpt-4o-mini", "iron", "salt")[0])
    return path


async def edits(hand: Hand, key: str = "e") -> Passage:
    """Open the editor and return its text area."""
    await hand.press(key)
    await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
    return hand.app.screen.query_one(Passage)


def offers(hand: Hand) -> OffersPane:
    return hand.app.screen.query_one(OffersPane)


async def keeps(hand: Hand) -> None:
    await hand.press("ctrl+o")
    await hand.until(lambda: hand.app.screen is hand.loom, "the loom")
    await hand.pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_tab_asks_and_enter_takes_the_chosen_one_as_the_models_characters(
    path: Path, client: Client, provider: Provider, settings: Settings, size: tuple[int, int]
) -> None:
    provider.script(says(" and rust."), says(" and rust."), says(" and rust."))
    async with at_the_loom(path, size, settings, client) as hand:
        passage = await edits(hand)
        await hand.press("left", "left", "tab")
        await hand.shows(">1 tid", "the same as 1", "from tide")
        await hand.press("down", "enter")
        assert not offers(hand).is_open
        assert passage.text == "ir and rust. on"
        await hand.types("!")
        await keeps(hand)
        assert hand.text == "ir and rust. !on"
        assert hand.runs_of(hand.cursor) == [(MODEL, 2), (TIDE, 11), ("human", 1), (MODEL, 2)]


async def test_what_was_offered_and_not_taken_is_nowhere(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says(" and quicksilver."))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        before = state(hand.story)
        await edits(hand)
        await hand.press("tab")
        await hand.shows("and quicksilver.")
        await hand.press("escape")
        assert "quicksilver" not in hand.screen
        assert isinstance(hand.app.screen, EditorScreen)
        await hand.press("ctrl+g")
        await hand.until(lambda: hand.app.screen is hand.loom)
        now = state(hand.story)
        # Only what it cost, here nothing, is added up.
        assert now["marks"].pop((0, "spent"), 0) == 0
        assert now == before
    assert b"quicksilver" not in b"".join(
        file.read_bytes() for file in path.parent.iterdir() if file.is_file()
    )


async def test_one_undo_takes_back_all_of_it_and_only_it(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says(" and rust."))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.types("s")
        await hand.press("tab")
        await hand.shows("and rust.")
        await hand.press("tab")
        assert passage.text == "irons and rust."
        await hand.types(" So")
        await hand.press("ctrl+z", "ctrl+z")
        assert passage.text == "irons"
        assert [(run.origin, run.length) for run in passage.runs] == [(MODEL, 4), ("human", 1)]
        await hand.press("ctrl+y")
        await hand.until(lambda: len(passage.runs) == 3)
        assert [(run.origin, run.length) for run in passage.runs][2] == (TIDE, 10)


@pytest.mark.parametrize("key", ["x", "ctrl+g", "ctrl+o", "left", "backspace"])
async def test_typing_leaving_and_saving_stop_the_providers(
    path: Path, client: Client, provider: Provider, settings: Settings, key: str
) -> None:
    held = asyncio.Event()
    provider.answer(lambda _: Reply((Text(" and"), Text(" rust"), Hold(held), End())))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.types("y")
        await hand.press("tab")
        await hand.until(lambda: hand.screen.count("and rust …") == 3)
        await hand.press(key)
        await asyncio.wait_for(provider.wait(lambda it: it.left == 3), 60)
        if key == "ctrl+o":
            await hand.until(lambda: hand.app.screen is hand.loom)
            assert hand.text == "irony"
        else:
            # The first ^g is for the list alone.
            assert isinstance(hand.app.screen, EditorScreen)
            assert not offers(hand).is_open
            assert passage.text == {"x": "ironyx", "backspace": "iron"}.get(key, "irony")
    held.set()


async def test_one_that_is_still_being_written_is_taken_with_its_whole_words(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    held = asyncio.Event()
    provider.answer(lambda _: Reply((Text(" and green ru"), Hold(held), End())))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.press("tab")
        await hand.shows("and green ru …")
        await hand.press("enter")
        assert passage.text == "iron and green"
    held.set()


async def test_enter_before_anything_is_here_neither_breaks_the_line_nor_closes(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    held = asyncio.Event()
    provider.answer(lambda _: Reply((Hold(held), End())))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.press("tab")
        await hand.shows("waiting …")
        await hand.press("enter")
        assert passage.text == "iron"
        assert offers(hand).is_open
        assert "not here yet" in hand.foot
        held.set()


async def test_a_refusing_provider_is_told_in_the_list(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: refuses(401, "no"))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.press("tab")
        await hand.until(
            lambda: all(way.say for way in offers(hand).ways) and bool(offers(hand).ways)
        )
        await hand.pilot.pause()
        assert offers(hand).ways[0].say[:20] in hand.screen
        await hand.press("enter", "escape")
        assert passage.text == "iron"


async def test_missing_weights_are_told_and_nothing_hangs(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await edits(hand)
        await hand.press("tab")
        await hand.shows("weights are not here yet")
        assert not offers(hand).is_open


@pytest.mark.parametrize(("key", "strand"), [("i", "was made of iron"), ("o", "was made of")])
@pytest.mark.parametrize("size", SIZES)
async def test_a_branch_written_by_hand_can_be_gone_on_from_too(
    path: Path,
    client: Client,
    provider: Provider,
    settings: Settings,
    key: str,
    strand: str,
    size: tuple[int, int],
) -> None:
    provider.answer(lambda _: says(" and rust."))
    async with at_the_loom(path, size, settings, client) as hand:
        iron, salt = hand.kids(1)
        passage = await edits(hand, key)
        await hand.types("but old")
        await hand.press("tab")
        await hand.shows("and rust.")
        sent = str(provider.requests[-1].body["messages"])
        assert strand in sent
        assert "but old" in sent
        assert ("iron" in sent) == (key == "i")
        await hand.press("tab")
        assert passage.text == "but old and rust."
        await keeps(hand)
        lead = 1 if key == "i" else 0
        assert hand.text == " " * lead + "but old and rust."
        assert hand.runs_of(hand.cursor) == [("human", 7 + lead), (TIDE, 10)]
        assert hand.cursor in (hand.kids(iron) if key == "i" else hand.kids(1))
        await hand.press("u")
        assert (hand.kids(1), hand.kids(iron)) == ([iron, salt], [])


async def test_a_branch_that_is_all_a_models_is_stored_as_that(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says("And rust."))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand, "i")
        await hand.press("tab")
        await hand.shows("And rust.")
        await hand.press("tab")
        assert passage.text == " And rust."
        await keeps(hand)
        assert hand.runs_of(hand.cursor) == [(TIDE, 10)]


async def test_another_beginning_can_be_asked_for(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says("Once"))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        await hand.press("<")
        passage = await edits(hand, "o")
        await hand.press("tab")
        await hand.shows("Once")
        await hand.press("tab")
        await keeps(hand)
        assert passage.text == hand.text == "Once"
        assert hand.runs_of(hand.cursor) == [(TIDE, 4)]


async def test_the_opening_can_be_gone_on_from(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says("old"))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        await hand.press("<")
        passage = await edits(hand)
        await hand.press("ctrl+t")
        await hand.until(lambda: bool(offers(hand).ways) and not offers(hand).ways[0].running)
        await hand.press("tab")
        assert passage.text == "The gate was made of old"


async def test_hostile_ways_on_are_shown_as_they_are_and_stored_clean(
    path: Path, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: says(f" a {HOSTILE} z"))
    async with at_the_loom(path, settings=settings, client=client) as hand:
        passage = await edits(hand)
        await hand.press("tab")
        await hand.shows("[@click=app.bell]x[/]")
        assert "\x1b" not in hand.screen.replace("\n", "")
        assert "\u202e" not in hand.screen
        await hand.press("enter")
        assert sum(run.length for run in passage.runs) == len(passage.text)
        await keeps(hand)
        assert "\x1b" not in hand.text


@pytest.mark.parametrize("size", SIZES)
async def test_a_letter_beside_each_line_and_the_shares_say_whose_it_is(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "letters.loom"
    with Story.create(path, title="Letters", opening="One.\nTwo.\nThree.") as story:
        weaves.set_weave(story, grown(story, 1, "openai/gpt-4o-mini", "A\nBB\nCCC")[0])
    async with at_the_loom(path, size) as hand:
        passage = await edits(hand)
        await hand.press("up", "y")
        await hand.pilot.pause()
        rows = [" ".join(line.split()) for line in hand.screen.splitlines()]
        assert passage.text == "A\nBBy\nCCC"
        assert [row for row in rows if row in ("g4o A", "+ BBy", "g4o CCC")] == [
            "g4o A", "+ BBy", "g4o CCC",
        ]  # fmt: skip
        assert any(row.startswith("g4o gpt-4o-mini 88% H human 11% cursor: H") for row in rows)


@pytest.mark.pty
async def test_what_follows_an_escape_that_ends_a_paste_never_reaches_a_command(
    path: Path,
) -> None:
    program = Path(sys.executable).with_name("storyloom")
    if not program.exists():
        pytest.skip("storyloom is not installed beside this Python")
    async with Terminal([program, path], {**os.environ, "TERM": "xterm-256color"}) as terminal:
        await terminal.shows("Iron")
        await terminal.press("e", "1 word")
        # Its own end in the middle; behind it ^o, which keeps and leaves, and ^g, which leaves.
        terminal.paste("one\x1b[201~ two \x0f three \x07 four")
        await terminal.shows("edit n2", "ironone two  three  four")
