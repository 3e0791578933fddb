"""The form that begins a story: nothing typed into it is lost."""

import os
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from storyloom import paths
from storyloom.story import marks, reading
from storyloom.story.story import Story
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.new_story import NewStoryScreen, Typed, create
from tests.tui.stage import SIZES, Stage, shown, until


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_becomes_a_story_and_its_loom_opens(size: tuple[int, int]) -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=size) as pilot:
        await pilot.press(*"Bell", "tab", *"About", "tab", *"Plain", "tab")
        await pilot.press("O", "n", "c", "e", "enter", "x")
        assert "2 words" in shown(app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        story = loom.story
        assert story.path == paths.saves_dir() / "bell.loom"
        assert [marks.story_text(story, key) for key in ("title", "premise", "style")] == [
            "Bell", "About", "Plain",
        ]  # fmt: skip
        assert reading.strand_text(story, reading.root(story)) == "Once\nx"
        await loom.closing()


async def test_a_title_pasted_in_several_lines_is_kept_whole() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("A")
        app.post_message(events.Paste(" keeper \r\n\r\n  of eels\n"))
        await pilot.pause()
        assert app.screen.query_one("#title", Input).value == "A keeper of eels"
        assert "A keeper of eels" in shown(app)


async def test_the_key_that_quits_asks_first_when_something_was_typed() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Tide", "ctrl+q")
        assert "This is in no file yet" in shown(app)
        await pilot.press("s")
        assert "no file yet" not in shown(app)
        assert app.screen.query_one("#title", Input).value == "Tides"
        await pilot.press("ctrl+q", "ctrl+q")
    assert app.results == [None]


async def test_a_title_may_be_left_out_for_the_openings_first_words() -> None:
    story = create(paths.saves_dir(), Typed("", "", "", "The tide went out, and stayed there."))
    with story:
        assert marks.story_text(story, "title") == "The tide went out, and stayed there"
        assert story.path.name == "the-tide-went-out-and-stayed-there.loom"


async def test_a_name_that_is_taken_gets_a_number() -> None:
    typed = Typed("The Bell!", "", "", "")
    names = []
    for _ in range(3):
        with create(paths.saves_dir(), typed) as story:
            names.append(story.path.name)
    assert names == ["the-bell.loom", "the-bell-2.loom", "the-bell-3.loom"]


async def test_a_title_in_any_script_gives_a_plain_file_name() -> None:
    for title in ("../../etc/passwd", "好漢", "a" * 300, "\x1b[31m", "."):
        with create(paths.saves_dir(), Typed(title, "", "", "x")) as story:
            assert story.path.parent == paths.saves_dir()
            assert set(story.path.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


async def test_nothing_typed_is_refused_and_leaves_no_file() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+o")
        assert "A title or a first sentence" in shown(app)
        assert not paths.saves_dir().exists()
        await pilot.press("ctrl+g")
    assert app.results == [None]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
async def test_a_folder_that_cannot_be_written_to_loses_nothing(home: Path) -> None:
    home.chmod(0o500)
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Bell", "ctrl+o")
        assert "cannot be made" in shown(app)
        assert app.screen.query_one("#title", Input).value == "Bell"
    home.chmod(0o700)


async def test_a_file_in_the_folders_place_is_said_and_loses_nothing() -> None:
    paths.made(paths.data_dir())
    paths.saves_dir().write_text("in the way")
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Bell", "ctrl+o")
        await until(pilot, lambda: "has to be a folder" in shown(app))
        assert app.screen.query_one("#title", Input).value == "Bell"


@pytest.mark.parametrize("key", ["ctrl+g", "escape"])
async def test_leaving_asks_once_when_something_was_typed(key: str) -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("B", key)
        assert app.results == []
        assert "in no file yet" in shown(app)
        await pilot.press("e", key)
        assert app.results == [], "what was typed since has to be asked for again"
        await pilot.press(key)
        assert app.results == [None]
    assert not paths.saves_dir().exists()


async def test_a_terminal_that_goes_away_leaves_a_story() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Bell")
        app.save_at_once()
    with Story(paths.saves_dir() / "bell.loom") as story:
        assert marks.story_text(story, "title") == "Bell"


async def test_pasted_text_is_cleaned_on_its_way_into_the_story() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one("#opening", TextArea).insert("a\x1b[31mb\r\nc\x9b")
        await pilot.press(*"T", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        text = reading.strand_text(loom.story, 1)
        assert "\x1b" not in text
        assert "\x9b" not in text
        assert text.startswith("a␛[31mb\nc")
        await loom.closing()
