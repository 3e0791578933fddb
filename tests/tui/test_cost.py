"""The cost screen: read by every view, capped, and never slower than the loom it came from."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storyloom import settings as user_settings
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Settings
from storyloom.story import growth, marks, reading
from storyloom.story.story import Story
from storyloom.tui.purse import purse
from storyloom.tui.screens import cost
from storyloom.tui.screens.cost import CostScreen
from storyloom.tui.screens.loom import LoomScreen
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import says
from tests.spender import MINI, asked, costly
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh

EVERY = [*SIZES, (60, 16), (160, 50)]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file of the test's own, a ledger too, and a fixed zone of time."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    file = tmp_path / "config.toml"
    monkeypatch.setenv("STORYLOOM_CONFIG", str(file))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story that has cost $0.83."""
    return costly(tmp_path / "dear.loom")


async def opened(hand: Hand, shows: str = "claude-sonnet-4-5") -> CostScreen:
    await hand.press("dollar_sign")
    screen = hand.app.screen
    assert isinstance(screen, CostScreen)
    await hand.shows(shows, "this story")
    return screen


def line(hand: Hand, word: str) -> str:
    return next(each for each in hand.screen.splitlines() if word in each)


@pytest.mark.parametrize("size", EVERY)
async def test_each_model_is_told_with_what_it_cost(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        tokens = ["2", "700", "240"] if size[0] > 60 else []
        assert line(hand, ">").split()[2:8][: len(tokens) + 3] == [
            "3", *tokens, "$0.6000", "72%",
        ]  # fmt: skip
        assert "$0.8300 + ?" in line(hand, " all ")
        assert "free here" in line(hand, "smollm2")
        assert line(hand, " tide ").rstrip().endswith("?")
        assert "3 branches are of unknown price" in " ".join(hand.screen.split())


async def test_a_story_that_is_closed_is_looked_at_no_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_LOOKS", 0.01)
    looked = asyncio.Event()
    async with at_the_loom(path) as hand:
        screen = await opened(hand)
        screen.set_interval(0.02, looked.set)
        # As on the way out of the program, which then waits for the models' process.
        for each in (screen, hand.loom):
            await each.closing()
        looked.clear()
        await looked.wait()


@pytest.mark.parametrize("size", SIZES)
async def test_v_shows_it_by_session_chapter_and_what_became_of_it(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("v")
        await hand.shows("by session", "2  Sep 22 14:13", "1  Sep 21 14:13")
        await hand.press("v")
        await hand.shows("by chapter", "# The ferry", "# Low bells")
        await hand.press("v")
        await hand.shows("by what became of it", "kept, on a weave", "ways on (editor)")
        await hand.press("v")
        await hand.shows("by model")


@pytest.mark.parametrize("size", SIZES)
async def test_the_selected_row_is_taken_apart(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        assert "of claude-sonnet-4-5" in hand.screen
        assert "$0.1900" in line(hand, " on no weave")
        await hand.press("j")
        assert "of gpt-4o-mini" in hand.screen
        assert "$0.0300" in line(hand, " ways on (editor)")
        await hand.press("end")
        assert "of smollm2" in hand.screen


async def test_enter_goes_to_a_chapter_and_to_nothing_else(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("enter")
        assert "v shows them" in hand.foot
        await hand.press("v", "v", "end", "enter")
        await hand.until(lambda: isinstance(hand.app.screen, LoomScreen))
        assert marks.text_of(hand.story, hand.cursor, "chapters")
        assert hand.cursor != 1


@pytest.mark.parametrize("size", SIZES)
async def test_c_sets_the_storys_cap_and_the_loom_shows_it(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        assert "$0.83?" in hand.screen.splitlines()[0]
        await opened(hand)
        await hand.press("c")
        await hand.answers("$1")
        await hand.shows("$0.83 of $1.00", "$0.17 is left")
        assert marks.settings_of(hand.story)["cap"] == 1.0
        await hand.press("c")
        assert "(now $1.00)" in hand.foot
        await hand.answers("much")
        assert "amount of dollars" in hand.foot
        await hand.press("q")
        await hand.until(lambda: "$0.83?/1" in hand.screen.splitlines()[0])
        await hand.command("cost")
        await hand.shows("$0.17 is left")
        await hand.command("cap none")
        assert "cap" not in marks.settings_of(hand.story)
        assert "no cap" in line(hand, "this story")
        await hand.press("q", "u")
        await hand.until(lambda: "$0.83?/1" in hand.screen.splitlines()[0])


async def test_an_empty_answer_changes_no_cap(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("c")
        await hand.answers("3")
        await hand.press("c")
        await hand.answers("")
        assert marks.settings_of(hand.story)["cap"] == 3.0


@pytest.mark.parametrize("size", SIZES)
async def test_the_days_cap_goes_into_the_config_file(
    path: Path, file: Path, size: tuple[int, int]
) -> None:
    file.write_text("# Mine.\n\ncount = 5\n")
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("C")
        await hand.answers("2.50")
        await hand.shows("$0.00 of $2.50")
        assert file.read_text() == "# Mine.\n\ncap_per_day = 2.5\ncount = 5\n"
        assert hand.app.settings.cap_per_day == user_settings.load().cap_per_day == 2.5
        assert file.name in hand.foot.replace(" ", "")
        await hand.command("day-cap none")
        assert file.read_text() == "# Mine.\n\ncount = 5\n"
        assert "no cap" in line(hand, "today")


async def test_a_config_file_that_cannot_be_changed_is_left_and_said(
    path: Path, file: Path
) -> None:
    file.write_text("count = \n")
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("C")
        await hand.answers("2")
        assert file.read_text() == "count = \n"
        assert hand.app.settings.cap_per_day is None
        assert "not right as TOML" in hand.foot


async def test_a_cap_that_is_the_config_files_says_so(path: Path) -> None:
    async with at_the_loom(path, settings=Settings(cap=2)) as hand:
        assert "$0.83?/2" in hand.screen.splitlines()[0]
        await opened(hand)
        assert "(config)" in line(hand, "this story")
        await hand.command("cap none")
        assert "the config file's holds" in hand.foot


async def test_a_story_without_a_call_says_what_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "new.loom"
    Story.create(path, opening="Once.").close()
    async with at_the_loom(path) as hand:
        assert "$" not in hand.screen.splitlines()[0]
        await opened(hand, "No model was asked yet")
        await hand.press("j", "v", "end", "enter", "q")
        assert isinstance(hand.app.screen, LoomScreen)


async def test_what_is_spent_meanwhile_is_added(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        asked(hand.story, 1, MINI, 1.0)
        await hand.shows("$1.2300", "$1.8300 + ?")


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
async def test_sixty_models_scroll(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "many.loom"
    with Story.create(path, opening="Once.") as story:
        for number in range(60):
            asked(story, 1, f"lab/model-{number:02}", (60 - number) / 100)
    async with at_the_loom(path, size) as hand:
        await opened(hand, "model-00")
        await hand.press("end")
        assert "model-59" in line(hand, ">")
        assert "model-00" not in hand.screen
        await hand.press("home", "pagedown")
        assert "model-00" not in line(hand, ">")
        assert " all " in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_are_drawn_as_text(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "hostile.loom"
    with Story.create(path, title=HOSTILE, opening="Once.") as story:
        (node,) = asked(story, 1, HOSTILE, 0.5)
        marks.set_chapter(story, node, HOSTILE)
    async with at_the_loom(path, size) as hand:
        await opened(hand, "$0.5000")
        for _ in range(4):
            assert not {"\x1b", "\x07", "\x9b", "\u202e", "\x00"} & set(hand.screen)
            await hand.press("v")
        await hand.press("v", "v")
        await hand.shows("[@click=app.")


async def test_the_loom_shows_no_money_where_nothing_is_known_of_any(tmp_path: Path) -> None:
    async with at_the_loom(saltmarsh(tmp_path / "saltmarsh.loom")) as hand:
        assert "$" not in hand.screen.splitlines()[0]


@pytest.mark.parametrize(
    ("dollars", "unknown", "cap", "said", "style"),
    [
        (0.0, 0, None, "", ""),
        (0.0, 3, None, "", ""),
        (0.83, 0, None, "$0.83", "dim"),
        (0.83, 2, None, "$0.83?", "dim"),
        (0.001, 0, None, "<$0.01", "dim"),
        (0.0, 0, 5.0, "$0.00/5", "dim"),
        (3.99, 0, 5.0, "$3.99/5", "dim"),
        (4.0, 0, 5.0, "$4.00/5", "warning"),
        (0.0, 0, 0.00001, "$0.00/0.00001", "dim"),
        (1.0, 1, 0.25, "$1.00?/0.25", "warning"),
    ],
)
def test_the_purse_says_as_much_as_is_known(
    dollars: float, unknown: int, cap: float | None, said: str, style: str
) -> None:
    shown = purse(growth.Spent(dollars, unknown), cap)
    assert shown == (((said, style),) if said else ())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop() -> AsyncIterator[tuple[Provider, Client]]:
    """A provider that stands where OpenAI does, and a client that believes it."""
    async with Provider() as provider:
        address = provider.base
        client = Client(environ=environment(OPENAI_BASE_URL=address, OPENAI_API_BASE=address))
        yield provider, client
        await client.close()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("size", SIZES)
async def test_space_is_refused_before_anything_is_sent_and_grows_once_the_cap_is_raised(
    tmp_path: Path, shop: tuple[Provider, Client], size: tuple[int, int]
) -> None:
    provider, client = shop
    provider.reset()
    provider.answer(lambda _: says(" It stayed away.", usage=(50, 5)))
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        marks.set_setting(story, "cap", 0.00001)
    settings = Settings(plan=(PlanPart(MINI, 2),))
    async with at_the_loom(path, size, settings, client) as hand:
        before = reading.children(hand.story, hand.cursor)
        await hand.press("space")
        await hand.until(lambda: "Nothing was sent" in hand.foot, "the refusal")
        for words in ("may cost up to $", "$0.00 of this story's cap of $0.00001", "raises it"):
            assert words in hand.foot
        assert provider.requests == []
        assert reading.children(hand.story, hand.cursor) == before
        await opened(hand, "claude")
        await hand.command("cap 1")
        await hand.press("q", "space")
        await hand.until(lambda: growth.spent(hand.story).dollars > 0, "the batch")
        await hand.until(lambda: "/1" in hand.screen.splitlines()[0], "the money")
        assert len(provider.requests) == 2
