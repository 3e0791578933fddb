"""The weaves of a story on a screen: gone to, begun, renamed, deleted, compared."""

from pathlib import Path

import pytest

from storyloom.story import reading, tips, weaves
from storyloom.story.story import Story
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.weaves import WeavesScreen
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story woven to BELLS, with a second weave to EELS."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        weaves.set_weave(story, EELS, "darker ending")
    return path


def names(hand: Hand) -> list[str]:
    return [weave.name for weave in weaves.weaves(hand.story)]


async def opened(hand: Hand) -> None:
    await hand.press("W")
    assert isinstance(hand.app.screen, WeavesScreen)
    await hand.shows("darker ending")


@pytest.mark.parametrize("size", SIZES)
async def test_each_weave_tells_where_it_leads_and_where_it_parts(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        (line,) = [line for line in hand.screen.splitlines() if "darker ending" in line]
        assert f"n{EELS}" in line
        assert f"n{ROOT}" in line
        (main,) = [line for line in hand.screen.splitlines() if "main" in line]
        assert f"n{BELLS}" in main


@pytest.mark.parametrize("size", SIZES)
async def test_enter_goes_to_its_tip(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("j", "enter")
        assert isinstance(hand.app.screen, LoomScreen)
        assert hand.cursor == EELS


@pytest.mark.parametrize("size", SIZES)
async def test_a_weave_is_begun_renamed_and_deleted(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(HABIT)
        await opened(hand)
        await hand.press("n")
        await hand.answers("the waiting")
        await hand.shows("the waiting")
        assert tips.weave_tip(hand.story, "the waiting") == HABIT
        await hand.press("e")
        await hand.answers("patience")
        await hand.shows("patience")
        assert names(hand) == ["main", "darker ending", "patience"]
        await hand.press("x")
        await hand.until(lambda: names(hand) == ["main", "darker ending"])
        assert reading.exists(hand.story, HABIT)


async def test_main_stays_and_a_name_is_not_taken_twice(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("x")
        assert "stays" in hand.foot
        await hand.press("n")
        await hand.answers("darker ending")
        assert "already" in hand.foot
        await hand.press("c")
        assert "beside main" in hand.foot
        assert names(hand) == ["main", "darker ending"]


async def test_where_two_weaves_part_is_compared(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await opened(hand)
        await hand.press("j", "c")
        await hand.shows("I keep eels", "Mara looked at the rope")


async def test_a_weave_that_ends_on_main_has_nothing_to_compare(path: Path) -> None:
    with Story(path) as story:
        weaves.set_weave(story, ROPE, "short")
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("j", "j", "c")
        assert "do not part" in hand.foot


@pytest.mark.parametrize("size", SIZES)
async def test_a_name_of_controls_is_only_shown(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        weaves.set_weave(story, HABIT, HOSTILE[:50])
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        assert "\x1b" not in hand.screen
        assert "]52;c;" in hand.screen
