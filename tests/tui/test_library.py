"""The library: what it lists, what it tells, and what can be done from it."""

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom import paths
from storyloom.story import marks, place, shape
from storyloom.story.story import Story
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.screens.library import LibraryScreen, _when
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.screens.reader import ReaderScreen
from storyloom.tui.widgets.lines import LinePane
from storyloom.tui.widgets.listing import Listing
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import saltmarsh


def begun(name: str, title: str = "", opening: str = "Once.") -> Path:
    """Put a story into the library."""
    path = paths.made(paths.saves_dir()) / f"{name}.loom"
    Story.create(path, title=title, opening=opening).close()
    return path


def told(app: Stage) -> str:
    """Return what the pane beside the list says."""
    lines = app.screen.query_one("#about", LinePane).lines
    return " ".join("".join(text for text, _ in line) for line in lines)


@pytest.fixture
def stories() -> list[Path]:
    """Three stories, the last of which was written to last."""
    made = [begun("pig", "The 92nd Little Pig"), begun("untitled")]
    return [*made, saltmarsh(paths.saves_dir() / "saltmarsh.loom")]


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize("size", SIZES)
async def test_it_lists_every_story_and_tells_about_the_selected_one(
    size: tuple[int, int],
) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "169" in shown(app) and "92nd" in shown(app))
        screen = shown(app)
        assert "3 stories" in screen
        assert "> Saltmarsh" in screen
        assert "untitled" in screen
        assert "A ferry keeper in a drowned town" in screen
        assert "1 The ferry" in screen
        assert "2 Low bells" in screen
        assert "6 nodes, 169 words on the weave" in screen
        assert "today" in screen


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_library_says_how_a_story_begins(size: tuple[int, int]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "n begins one." in shown(app))
        await pilot.press("enter")
        assert "n begins one" in shown(app).splitlines()[-1]
        await pilot.press("n")
        assert isinstance(app.screen, NewStoryScreen)


async def test_keys_select_and_enter_opens(stories: list[Path]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "92nd" in shown(app))
        listing = app.screen.query_one(Listing)
        await pilot.press("j", "j", "j", "j")
        assert listing.selected == 2
        await pilot.press("k")
        assert listing.selected == 1
        await pilot.press("<")
        assert listing.selected == 0
        await pilot.press(">")
        assert "> The 92nd Little Pig" in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, LoomScreen)
        assert app.screen.story.path == stories[0]
        await app.screen.closing()


@pytest.mark.usefixtures("stories")
async def test_a_click_selects_and_a_second_one_opens() -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "92nd" in shown(app))
        listing = app.screen.query_one(Listing)
        await pilot.click(listing, offset=(5, 4))
        assert listing.selected == 2
        await pilot.click(listing, offset=(5, 4))
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        await loom.closing()


async def test_what_changed_meanwhile_is_shown_when_the_library_comes_back(
    stories: list[Path],
) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "92nd" in shown(app))
        await pilot.press("j", "j", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        with Story(stories[0]) as story:
            marks.set_text(story, 0, "title", "The 93rd Little Pig")
            shape.write_child(story, 1, "Then there were more.")
        await pilot.press("q")
        await until(pilot, lambda: "> The 93rd Little Pig" in shown(app))


@pytest.mark.usefixtures("stories")
async def test_a_file_that_is_no_story_says_why_and_harms_nothing() -> None:
    (paths.saves_dir() / "broken.loom").write_bytes(b"no story at all, but long enough" * 40)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "cannot be opened" in shown(app))
        assert "> broken" in shown(app)
        assert "broken.loom is not a story" in told(app)
        await pilot.press("enter")
        assert isinstance(app.screen, LibraryScreen)
        assert "no SQLite file" in " ".join(shown(app).split())


async def test_the_loom_opens_where_the_reader_was_left(stories: list[Path]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Tobin" in shown(app))
        assert isinstance(app.screen, ReaderScreen)
        await pilot.press("}", "}")
        await until(pilot, lambda: "Bells at slack" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        await until(pilot, lambda: loom.cursor == 5)
        await loom.closing()
        with Story(stories[2]) as story:
            assert place.recalled(story)["cursor"] == 5


@pytest.mark.usefixtures("stories")
async def test_the_weave_is_exported_to_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("E")
        assert app.screen.query_one(Input).value == "saltmarsh.md"
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "saltmarsh.md").exists())
        text = (tmp_path / "saltmarsh.md").read_text("utf-8")
        assert "# Low bells" in text
        await pilot.press("E", "enter")
        await until(pilot, lambda: "is there already" in shown(app))
        assert (tmp_path / "saltmarsh.md").read_text("utf-8") == text


@pytest.mark.usefixtures("stories")
async def test_only_themes_with_the_looms_colours_can_be_chosen() -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        for name, chosen in (("paper", "paper"), ("nord", "paper"), ("dusk", "dusk")):
            await pilot.press("colon", *"theme", "space", *name, "enter")
            await pilot.pause()
            assert app.theme == chosen
            if chosen != name:
                assert "There is no theme 'nord'" in shown(app)


async def test_a_thousand_stories_are_listed_before_they_are_looked_into() -> None:
    folder = paths.made(paths.saves_dir())
    begun("first")
    model = (folder / "first.loom").read_bytes()
    for number in range(300):
        (folder / f"story-{number:03}.loom").write_bytes(model)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "301 stories" in shown(app))
        await pilot.press(">")
        assert app.screen.query_one(Listing).selected == 300


def test_dates_are_said_as_in_a_diary() -> None:
    now = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
    hour, day = 3_600.0, 86_400.0
    assert _when(now, now) == "today 14:13"
    assert _when(now - 14 * hour, now) == "today 00:13"
    assert _when(now - 15 * hour, now) == "yesterday 23:13"
    assert _when(now - 3 * day, now) == "3 days ago"
    assert _when(now - 30 * day, now) == "Aug 22"
    assert _when(now - 300 * day, now) == "2025-11-25"
    assert _when(0, now) == "–"


@pytest.mark.usefixtures("stories")
async def test_q_leaves_the_program() -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("q")
        await asyncio.sleep(0)
    assert app.return_code == 0
