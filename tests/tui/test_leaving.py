"""From the loom to the library and back, however the program was begun."""

from pathlib import Path

from storyloom import paths
from storyloom.settings import Settings
from storyloom.story.story import Story
from storyloom.tui.app import Loom
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.loom import LoomScreen


def saved(name: str) -> Path:
    path = paths.made(paths.saves_dir()) / name
    Story.create(path, title="Tide", opening="The tide went out.").close()
    return path


async def test_the_library_opens_from_the_loom_that_the_program_began_with() -> None:
    app = Loom(saved("tide.loom"), Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        first = app.screen
        assert isinstance(first, LoomScreen)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LibraryScreen)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, LoomScreen)
        assert app.screen is not first
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LibraryScreen)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 0


async def test_the_loom_opens_from_the_library_that_the_program_began_with() -> None:
    saved("tide.loom")
    app = Loom(None, Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, LibraryScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, LoomScreen)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LibraryScreen)
