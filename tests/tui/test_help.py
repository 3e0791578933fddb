"""The help: every command of the screen below, at any size."""

import pytest

from storyloom.tui.commands import SCREENS
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.signs import LEGENDS
from tests.tui.stage import SIZES, Stage, shown


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
@pytest.mark.parametrize("name", SCREENS)
async def test_every_command_of_a_screen_is_there(name: str, size: tuple[int, int]) -> None:
    app = Stage(HelpScreen(SCREENS[name]))
    seen = ""
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        while True:
            page = shown(app)
            seen += page
            await pilot.press("space")
            await pilot.pause()
            if shown(app) == page:
                break
        assert "…" not in seen
        for command in SCREENS[name]:
            assert f":{command.name}" in seen
            assert command.help.split()[0] in seen
        for sign, meaning in LEGENDS.get(name, ()):
            assert any(
                line.strip().startswith(sign) and meaning.split()[0] in line
                for line in seen.splitlines()
            ), sign
        await pilot.press("q")
    assert app.results == [None]


async def test_it_scrolls_by_lines_and_pages_and_stops_at_the_ends() -> None:
    app = Stage(HelpScreen(SCREENS["loom"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        first = shown(app)
        await pilot.press("j", "j", "space", "b", "k", "k", "k", "b")
        assert shown(app) == first
        await pilot.press(*["space"] * 9)
        assert "100%" in shown(app)
