"""Every screen at the least size and at a large one, and through a size that is too small."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from storyloom.story import weaves
from storyloom.story.story import Story
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stories import grown

LEAST, LARGE, SMALLER = (60, 16), (200, 60), (59, 15)
SAID = "Storyloom needs 60 columns"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with more branches, models and words than the least size has room for."""
    path = tmp_path / "salt.loom"
    words = "The bell rang under the water, and nobody came. " * 40
    with Story.create(
        path, title="A title that is longer than sixty columns " * 3, opening=words
    ) as story:
        node = 1
        for number in range(4):
            texts = [f"{number} {each}. {words}" for each in range(12)]
            made = grown(story, node, f"desk/model-{number}-of-a-rather-long-name", *texts)
            node = made[5]
        weaves.set_weave(story, node)
    return path


async def opened(hand: Hand, screen: str) -> None:
    """Go from the loom to another screen."""
    keys = {"reader": "r", "help": "question_mark", "models": "m", "generation": "G", "write": "i",
            "edit": "e", "split": "s", "tree": "v"}  # fmt: skip
    if screen in ("themes", "timeline"):
        await hand.command("theme" if screen == "themes" else "log")
    elif screen != "loom":
        await hand.press(keys[screen])
    if screen == "generation":
        await hand.until(lambda: "3 calls" in hand.screen, "what a batch comes to")
    await hand.pilot.pause()
    await hand.pilot.pause()


def holds(hand: Hand, size: tuple[int, int]) -> None:
    """Hold that a screen fills its size: no line is longer, and none of the feet is missing."""
    lines = hand.screen.split("\n")
    assert [cell_len(line) for line in lines] == [size[0]] * size[1]
    assert lines[0].strip()
    assert lines[-1].strip()


@pytest.mark.parametrize("size", [LEAST, LARGE], ids=["60x16", "200x60"])
@pytest.mark.parametrize(
    "screen",
    ["reader", "help", "models", "generation", "write", "edit", "split", "themes", "loom", "tree",
     "timeline"],
)  # fmt: skip
async def test_a_screen_fills_its_size_and_comes_back_from_one_too_small(
    path: Path, screen: str, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, screen)
        holds(hand, size)
        assert SAID not in hand.screen
        before, cursor = hand.screen, hand.cursor
        await hand.pilot.resize_terminal(*SMALLER)
        await hand.shows(SAID)
        await hand.pilot.resize_terminal(*size)
        if screen in ("loom", "tree", "timeline"):
            # The strand may begin with another line then.
            await hand.until(lambda: SAID not in hand.screen)
            holds(hand, size)
            assert hand.cursor == cursor
        else:
            await hand.until(lambda: hand.screen == before, "what there was")


@pytest.mark.parametrize("size", [LEAST, LARGE], ids=["60x16", "200x60"])
async def test_the_palette_goes_through_a_size_too_small(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.press("ctrl+p")
        await hand.pilot.pause()
        holds(hand, size)
        await hand.pilot.resize_terminal(*SMALLER)
        await hand.pilot.pause()
        await hand.pilot.resize_terminal(*size)
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.loom)
        await hand.shows("> 6*")
