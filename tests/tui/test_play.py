"""Play: choices by number, the way back, endings counted, the place kept."""

from pathlib import Path

import pytest

from storyloom.story.story import Story
from storyloom.tui.screens.play import PlayScreen
from tests.story.trees import grown
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.test_snapshots import Compare, compared


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks and three endings."""
    path = tmp_path / "ferry.loom"
    with Story.create(path, title="The ferry", opening="The bell rang.") as story:
        grown(story, 1, " She rowed out.", " She waited. It rained.")
        grown(story, 2, " A lamp burned.", " Nobody was there.")
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_a_story_is_played_to_its_endings_and_back(path: Path, size: tuple[int, int]) -> None:
    app = Stage(PlayScreen(path, "The ferry"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "2   She waited." in shown(app))
        await pilot.press("2")
        await until(pilot, lambda: "THE END   1 of 3 endings seen" in shown(app))
        assert "It rained." in shown(app)
        await pilot.press("1")
        await until(pilot, lambda: "This is an ending" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: "2 v She waited." in shown(app))
        await pilot.press("1")
        await until(pilot, lambda: "Nobody was there." in shown(app))
        await pilot.press("1")
        await until(pilot, lambda: "2 of 3 endings seen" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: bool(app.results))
    again = Stage(PlayScreen(path))
    async with again.run_test(size=size) as pilot:
        await until(pilot, lambda: "2 of 3 endings seen" in shown(again))
        await pilot.press("<")
        await until(pilot, lambda: "1 v She rowed out." in shown(again))
        await pilot.press("u")
        await until(pilot, lambda: "where it begins" in shown(again))


async def test_o_leaves_for_the_passage_and_t_writes_what_was_read(
    path: Path, tmp_path: Path
) -> None:
    app = Stage(PlayScreen(path))
    target = tmp_path / "read.txt"
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "She waited." in shown(app))
        await pilot.press("2")
        await until(pilot, lambda: "THE END" in shown(app))
        screen = app.screen
        assert isinstance(screen, PlayScreen)
        await screen.do("transcript", str(target))
        await until(pilot, target.exists)
        await screen.do("transcript", str(target))
        # Where the line ends depends on how long the folder's name is.
        await until(pilot, lambda: "istherealready" in "".join(shown(app).split()))
        await pilot.press("o")
        await until(pilot, lambda: bool(app.results))
    assert app.results == [3]
    assert target.read_text() == "The bell rang.\n\n> She waited.\n\n She waited. It rained.\n"


@pytest.fixture
def broad(tmp_path: Path) -> Path:
    """A story with a fork of a dozen ways on."""
    path = tmp_path / "doors.loom"
    with Story.create(path, title="Doors", opening="A long hall.") as story:
        grown(story, 1, *(f" Door {number} opened. Behind it, snow." for number in range(1, 31)))
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_of_more_than_nine_choices_each_can_be_taken(
    broad: Path, size: tuple[int, int]
) -> None:
    app = Stage(PlayScreen(broad))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Door 9 opened." in shown(app))
        # No number that begins with it is one of a choice.
        await pilot.press("4")
        await until(pilot, lambda: "Door 4 opened. Behind" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: " 4 v Door 4" in shown(app))
        await pilot.press("2")
        await until(pilot, lambda: "choose 1 to 30: 2" in shown(app))
        await pilot.press("7", "enter")
        await until(pilot, lambda: "Door 27 opened. Behind" in shown(app))
        await pilot.press("u")
        await until(pilot, lambda: "Door 2 opened." in shown(app))
        await pilot.press("enter")
        assert "mark one with Tab" in shown(app)
        await pilot.press("shift+tab")
        await until(pilot, lambda: ">30   Door 30 opened." in shown(app))
        await pilot.press("tab", "tab")
        await until(pilot, lambda: "> 2   Door 2 opened." in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Door 2 opened. Behind" in shown(app))
        await pilot.press("tab")
        assert "nothing to choose" in shown(app)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_how_it_looks(snap_compare: Compare, broad: Path, size: tuple[int, int]) -> None:
    keys = ("5", "u", "tab", "tab")
    assert compared(snap_compare, PlayScreen(broad, "Doors"), size, "Door 9", *keys)
