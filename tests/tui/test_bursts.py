"""Keys that come many at once, as a slow link delivers them, do what they do one by one."""

import pytest
from textual import events

from storyloom import paths
from storyloom.story.story import Story
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.screens.reader import ReaderScreen
from tests.tui.stage import Stage, shown, until
from tests.tui.stories import saltmarsh

_NAMES = {":": "colon", " ": "space", "\t": "tab", "\r": "enter", "}": "right_curly_bracket"}


def burst(app: Stage, text: str) -> None:
    """Let the keys of `text` arrive before any of them can have been dealt with."""
    for letter in text:
        app.post_message(events.Key(_NAMES.get(letter, letter), letter))


@pytest.fixture
def library() -> Stage:
    """The library with one story."""
    saltmarsh(paths.made(paths.saves_dir()) / "saltmarsh.loom")
    return Stage(LibraryScreen())


async def test_letters_behind_a_colon_are_no_commands(library: Stage) -> None:
    async with library.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(library))
        # Among them are n (a new story), r (the reader), E (export) and Enter (open).
        burst(library, ":theme paper\r")
        await until(pilot, lambda: library.theme == "paper")
        assert isinstance(library.screen, LibraryScreen)
        burst(library, ":nErq")
        await until(pilot, lambda: "nErq" in shown(library))
        assert isinstance(library.screen, LibraryScreen)


async def test_letters_behind_a_tab_are_for_the_next_box() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        form = app.screen
        assert isinstance(form, NewStoryScreen)
        burst(app, "Bell\tAbout it\tPlain\tOnce")
        await until(pilot, lambda: form.typed() == ("Bell", "About it", "Plain", "Once"))


async def test_many_page_keys_are_all_obeyed() -> None:
    path = paths.made(paths.saves_dir()) / "long.loom"
    Story.create(path, opening="\n\n".join(f"Paragraph {n}." for n in range(500))).close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Paragraph 3." in shown(app))
        burst(app, " " * 20)
        await until(pilot, lambda: "Paragraph 200." in shown(app) or "Paragraph 195." in shown(app))


async def test_keys_behind_the_enter_that_closes_the_line_are_commands(library: Stage) -> None:
    async with library.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(library))
        burst(library, ":theme paper\rn")
        await until(pilot, lambda: library.theme == "paper")
        await until(pilot, lambda: isinstance(library.screen, NewStoryScreen))
