"""The library: what it lists, what it tells, and what can be done from it."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom import paths
from storyloom.settings import Settings
from storyloom.story import marks, place, shape, shelf
from storyloom.story.shelf import Facts
from storyloom.story.story import Story
from storyloom.tui.app import Loom
from storyloom.tui.library_rows import short, when
from storyloom.tui.screens import shelves
from storyloom.tui.screens.export import ExportScreen
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.screens.library import LibraryScreen
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
async def test_the_story_is_exported_as_it_is_chosen_or_to_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        await until(pilot, lambda: "by chapter" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: (tmp_path / "saltmarsh.md").exists())
        await until(pilot, lambda: "Written: " in shown(app))
        text = (tmp_path / "saltmarsh.md").read_text("utf-8")
        assert "# Low bells" in text
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        for name, said in (("saltmarsh.md", "isthere"), ("two.md", "two.md.")):
            await pilot.press("colon")
            app.screen.query_one(Input).value = f"export {name}"
            await pilot.press("enter")
            await until(pilot, lambda said=said: said in "".join(shown(app).split()))
        assert (tmp_path / "saltmarsh.md").read_text("utf-8") == text
        assert (tmp_path / "two.md").read_text("utf-8") == text


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


def many(count: int) -> list[Path]:
    """Put that many stories into the library, the last written to first."""
    first = begun("first")
    model = first.read_bytes()
    made = [first.with_name(f"story-{number:03}.loom") for number in range(count)]
    for age, path in enumerate(made):
        path.write_bytes(model)
        os.utime(path, (1_700_000_000 - age,) * 2)
    first.unlink()
    return made


class Glances:
    """Notes which files are looked into, one by one; the one behind `free` waits for `gate`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.read: list[Path] = []
        self.gate = threading.Event()
        self._free = free
        self._facts = shelf.facts
        monkeypatch.setattr(shelf, "facts", self._look)
        monkeypatch.setattr(shelves, "_GLANCE_SECONDS", 0.0)

    def _look(self, path: Path) -> Facts:
        self.read.append(path)
        assert len(self.read) <= self._free or self.gate.wait(30)
        return self._facts(path)


async def test_many_stories_are_listed_before_any_is_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many(300)
    glances = Glances(monkeypatch, 0)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "300 stories" in shown(app))
        assert "> story-000" in shown(app)
        await pilot.press(">")
        assert "> story-299" in shown(app)
        assert len(glances.read) <= 1
        glances.gate.set()
        await until(pilot, lambda: len(glances.read) == 300)


async def test_what_is_in_sight_is_looked_into_first(monkeypatch: pytest.MonkeyPatch) -> None:
    stories = many(300)
    glances = Glances(monkeypatch, 20)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(glances.read) == 21)
        first = app.screen.query_one(Listing).in_sight
        assert 5 < len(first) < 20
        await pilot.press(">")
        last = app.screen.query_one(Listing).in_sight
        assert last == range(300 - len(first), 300)
        glances.gate.set()
        await until(pilot, lambda: len(glances.read) == 300)
    assert glances.read[:21] == stories[:21]
    assert glances.read[21] == stories[299]
    assert set(glances.read[21 : 21 + len(last)]) == {stories[row] for row in last}
    assert sorted(glances.read) == stories


async def test_a_story_out_of_sight_is_looked_into_without_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many(300)
    glances = Glances(monkeypatch, 30)
    draw, draws = Listing.draw_again, [0]

    def counted(listing: Listing) -> None:
        draws[0] += 1
        draw(listing)

    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(glances.read) == 31)
        monkeypatch.setattr(Listing, "draw_again", counted)
        glances.gate.set()
        await until(pilot, lambda: len(glances.read) == 300)
        await pilot.press("j")
        assert draws == [1]


async def test_pages_go_through_the_list() -> None:
    many(60)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "60 stories" in shown(app))
        listing = app.screen.query_one(Listing)
        await pilot.press("pagedown", "ctrl+f")
        assert listing.selected == 2 * listing.page
        await pilot.press("pageup", "ctrl+e", "pageup")
        assert listing.selected == 0


@pytest.mark.parametrize("size", SIZES)
async def test_a_folder_that_is_given_is_the_library_and_gets_the_new_stories(
    size: tuple[int, int], tmp_path: Path
) -> None:
    begun("elsewhere")
    folder = tmp_path / "drafts"
    folder.mkdir()
    saltmarsh(folder / "saltmarsh.loom")
    app = Loom(folder, Settings())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        assert "drafts" in shown(app).splitlines()[0]
        assert "1 story" in shown(app)
        await pilot.press("n", *"Bell", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        await pilot.press("q")
        await until(pilot, lambda: "> Bell" in shown(app))
        assert "2 stories" in shown(app)
    assert (folder / "bell.loom").exists()
    assert [path.name for path in paths.saves_dir().iterdir()] == ["elsewhere.loom"]


async def test_a_terminal_that_goes_away_leaves_the_new_story_in_the_folder(
    tmp_path: Path,
) -> None:
    app = Stage(NewStoryScreen(tmp_path / "drafts"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Bell")
        app.save_at_once()
    assert (tmp_path / "drafts" / "bell.loom").exists()


async def test_a_folder_that_cannot_be_read_says_why() -> None:
    paths.made(paths.data_dir())
    paths.saves_dir().write_text("in the way")
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "is not a folder" in shown(app))
        paths.saves_dir().unlink()
        begun("tide", "Tide")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "> Tide" in shown(app))


async def test_a_story_that_went_away_is_said_and_no_longer_listed(stories: list[Path]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "92nd" in shown(app))
        stories[1].unlink()
        await pilot.press("j", "enter")
        await until(pilot, lambda: "2 stories" in shown(app))
        assert isinstance(app.screen, LibraryScreen)
        assert "There is no file" in shown(app)
        assert "> The 92nd Little Pig" in shown(app)


def test_a_long_folder_is_told_by_its_end(home: Path) -> None:
    assert short(home / "stories", 40) == "~/stories"
    assert short(home, 40) == "~"
    assert short(Path("/a/very/long/way/to/stories"), 12) == "…/to/stories"
    assert short(Path("/湖/湖湖湖"), 6) == "…湖湖"
    assert "\x1b" not in short(Path("/\x1b[31m"), 40)


def test_dates_are_said_as_in_a_diary() -> None:
    now = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
    hour, day = 3_600.0, 86_400.0
    assert when(now, now) == "today 14:13"
    assert when(now - 14 * hour, now) == "today 00:13"
    assert when(now - 15 * hour, now) == "yesterday"
    assert when(now - 3 * day, now) == "3 days ago"
    assert when(now - 30 * day, now) == "Aug 22"
    assert when(now - 300 * day, now) == "2025-11-25"
    assert when(0, now) == "–"


@pytest.mark.usefixtures("stories")
async def test_q_leaves_the_program() -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("q")
        await asyncio.sleep(0)
    assert app.return_code == 0
