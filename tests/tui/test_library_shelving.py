"""What is done with whole stories in the library: sorted, put away, taken out, brought in."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom import paths
from storyloom.exchange import importing
from storyloom.exchange.importing import Imported
from storyloom.story import archive, shape
from storyloom.story.story import Story
from storyloom.tui.app import Loom
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.widgets.lines import LinePane
from storyloom.tui.widgets.progress import ProgressLine
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, saltmarsh
from tests.tui.test_library import begun, many, told


@pytest.fixture
def stories() -> list[Path]:
    """Three stories, the last of which was written to last."""
    made = [begun("pig", "The 92nd Little Pig"), begun("zebra", "“Apple”")]
    with Story(made[1]) as story:
        for _ in range(9):
            shape.write_child(story, 1, "More.")
    return [*made, saltmarsh(paths.saves_dir() / "saltmarsh.loom")]


def rows(app: Loom) -> list[str]:
    """Return the titles in the list from the top."""
    named = ("Pig", "Apple", "Saltmarsh", "story-")
    lines = shown(app).splitlines()
    end = next(n for n, line in enumerate(lines) if "this story" in line and n > 2) if (
        app.size.width < 100
    ) else len(lines)  # fmt: skip
    wide = app.size.width if app.size.width < 100 else app.size.width - 46
    found = [name for line in lines[:end] for name in named if name in line[:wide]]
    return list(dict.fromkeys(found))


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize("size", [(60, 16), *SIZES])
async def test_s_goes_through_the_orders_and_the_header_says_which(size: tuple[int, int]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "169" in shown(app) and "92nd" in shown(app))
        assert rows(app)[0] == "Saltmarsh"
        assert "by last opened" in shown(app)
        await pilot.press("j", "s")
        # As in a shop: neither an article nor a quotation mark counts.
        assert rows(app) == ["Pig", "Apple", "Saltmarsh"]
        assert "by title" in shown(app).splitlines()[0]
        assert "> The 92nd Little Pig" in shown(app)
        await pilot.press("s")
        assert rows(app) == ["Apple", "Saltmarsh", "Pig"]
        assert "by size" in shown(app).splitlines()[0]
        await pilot.press("s")
        assert rows(app)[0] == "Saltmarsh"
        await pilot.press("colon", *"sort size", "enter")
        await until(pilot, lambda: "by size" in shown(app).splitlines()[0])
        await pilot.press("colon", *"sort colour", "enter")
        await until(pilot, lambda: "There is no order 'colour'" in shown(app))


async def test_an_order_stays_and_so_does_the_selection_when_the_library_comes_back(
    stories: list[Path],
) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app) and "92nd" in shown(app))
        await pilot.press("s", "s", ">", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        with Story(stories[0]) as story:
            for _ in range(20):
                shape.write_child(story, 1, "More.")
        await pilot.press("q")
        await until(pilot, lambda: rows(app) == ["Pig", "Apple", "Saltmarsh"])
        assert "> The 92nd Little Pig" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_x_puts_a_story_away_and_brings_it_back(
    size: tuple[int, int], stories: list[Path]
) -> None:
    app = Stage(LibraryScreen())
    kept = stories[2].read_bytes()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "169" in shown(app) and "92nd" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "1 archived" in shown(app).splitlines()[0])
        assert "2 stories" in shown(app)
        assert "Saltmarsh is in the archive" in " ".join(shown(app).split())
        away = archive.archive_of(paths.saves_dir()) / "saltmarsh.loom"
        assert away.read_bytes() == kept
        assert not stories[2].exists()
        await pilot.press("A")
        await until(pilot, lambda: "> Saltmarsh" in shown(app))
        assert "archive" in shown(app).splitlines()[0]
        assert "1 story" in shown(app)
        assert "q back" in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: "The archive is empty." in shown(app))
        assert stories[2].read_bytes() == kept
        await pilot.press("x")
        await until(pilot, lambda: "There is no story in the archive" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: "3 stories" in shown(app))
        assert "archived" not in shown(app).splitlines()[0]
        assert "q quit" in shown(app)


async def test_a_story_that_is_open_elsewhere_stays(stories: list[Path]) -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        with Story(stories[2]) as story:
            shape.write_child(story, 1, "While it is open.")
            await pilot.press("x")
            await until(pilot, lambda: "Another program has" in shown(app))
        assert stories[2].exists()
        assert "archived" not in shown(app).splitlines()[0]


@pytest.mark.usefixtures("stories")
async def test_an_archive_that_cannot_be_made_is_said() -> None:
    (paths.saves_dir() / archive.FOLDER).write_text("in the way")
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "has to be a folder" in " ".join(shown(app).split()))
        assert "3 stories" in shown(app)


@pytest.mark.usefixtures("stories")
async def test_a_story_begun_from_the_archive_comes_into_the_library() -> None:
    app = Loom(paths.saves_dir(), Stage(LibraryScreen()).settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("A")
        await until(pilot, lambda: "The archive is empty." in shown(app))
        await pilot.press("n")
        assert isinstance(app.screen, NewStoryScreen)
        await pilot.press(*"Bell", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        await pilot.press("q")
        await until(pilot, lambda: "> Bell" in shown(app))
        assert "4 stories" in shown(app)


# Bringing in.


async def brought_in(app: Stage, pilot: object, name: str) -> None:
    """Type a file's name at the import's line."""
    await pilot.press("i")  # type: ignore[attr-defined]
    app.screen.query_one(Input).value = name
    await pilot.press("enter")  # type: ignore[attr-defined]


NOVEL = "---\ntitle: Low Water\n---\n\n# One\n\nThe tide went out.\n\n# Two\n\nIt came back.\n"


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["~/low water.md", "'~/low water.md'", "~/low\\ water.md"])
async def test_a_file_becomes_a_story_and_is_selected(
    size: tuple[int, int], name: str, home: Path
) -> None:
    (home / "low water.md").write_text(NOVEL)
    app = Stage(LibraryScreen())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await brought_in(app, pilot, name)
        await until(pilot, lambda: "> Low Water" in shown(app))
        await until(pilot, lambda: "2 Two" in shown(app))
        assert "Low Water is here now" in " ".join(shown(app).split())
        assert (paths.saves_dir() / "low-water.loom").exists()
        assert "4 stories" in shown(app)


@pytest.mark.usefixtures("stories")
async def test_a_file_that_cannot_be_brought_in_says_why(home: Path) -> None:
    (home / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    app = Stage(LibraryScreen())
    before = sorted(paths.saves_dir().iterdir())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        for name, why in (
            ("~/picture.png", "is not text"),
            ("~/nowhere.md", "no file"),
            ("~", "is a folder"),
            (str(paths.saves_dir() / "pig.loom"), "is in this library already"),
        ):
            await brought_in(app, pilot, name)
            await until(pilot, lambda why=why: why in " ".join(shown(app).split()), why)
    assert sorted(paths.saves_dir().iterdir()) == before


class Slow:
    """An import that goes on step by step, as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.step = threading.Semaphore(0)
        self.stopped = False
        monkeypatch.setattr(importing, "bring_in", self._bring_in)

    def _bring_in(self, _: Path, folder: Path, progress: Callable[..., object]) -> Imported:
        for number in range(4):
            try:
                progress("writing", number * 1_000, 4_000)
            except Exception:
                self.stopped = True
                raise
            assert self.step.acquire(timeout=30)
        return Imported(folder / "pig.loom", "markdown", 3)


@pytest.mark.usefixtures("stories")
async def test_a_long_one_shows_how_far_it_is_and_is_stopped(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    (home / "a.md").write_text("x")
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await brought_in(app, pilot, "~/a.md")
        await until(pilot, lambda: "writing a.md" in shown(app) and "0%" in shown(app))
        slow.step.release()
        await until(pilot, lambda: "25%" in shown(app))
        # The library goes on meanwhile, and one at a time is brought in.
        await pilot.press("j", "i")
        assert "is being brought in; ^g stops it" in shown(app)
        await pilot.press("ctrl+g")
        slow.step.release(9)
        await until(pilot, lambda: "nothing of it is left" in shown(app))
        assert not app.screen.query_one(ProgressLine).display
        assert slow.stopped


@pytest.mark.usefixtures("stories")
async def test_the_same_progress_is_not_drawn_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    (home / "a.md").write_text("x")
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await brought_in(app, pilot, "~/a.md")
        await until(pilot, lambda: "writing a.md" in shown(app))
        line, drawn = app.screen.query_one(ProgressLine), list[object]()
        monkeypatch.setattr(line, "refresh", lambda *regions, **_: drawn.append(regions))
        screen = app.screen
        assert isinstance(screen, LibraryScreen)
        assert screen._import is not None
        for _ in range(3):
            screen._show_import(screen._import)
        assert drawn == []
        slow.step.release(9)
        await until(pilot, lambda: "is here now" in shown(app))


@pytest.mark.usefixtures("stories")
async def test_leaving_ends_an_import(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    (home / "a.md").write_text("x")
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await brought_in(app, pilot, "~/a.md")
        await until(pilot, lambda: "writing a.md" in shown(app))
        await pilot.press("q")
        slow.step.release(9)
        await until(pilot, lambda: slow.stopped)
    assert app.return_code == 0


@pytest.mark.usefixtures("stories")
async def test_a_terminal_that_goes_away_leaves_nothing_half_brought_in(home: Path) -> None:
    (home / "long.md").write_text("# One\n\n" + "Bells and eels. " * 900_000)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        before = sorted(paths.saves_dir().iterdir())
        await brought_in(app, pilot, "~/long.md")
        screen = app.screen
        assert isinstance(screen, LibraryScreen)
        await until(pilot, lambda: screen._import is not None)
        app.save_at_once()
        assert sorted(paths.saves_dir().iterdir()) == before
        await until(pilot, lambda: "nothing of it is left" in shown(app))


# What is told of the selected one.


@pytest.mark.usefixtures("stories")
async def test_there_is_a_closer_look_at_the_selected_story() -> None:
    app = Stage(LibraryScreen())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "1 session" not in told(app) and "session 1" in shown(app))
        ending = app.screen.query_one("#ending", LinePane)
        words = " ".join(text for line in ending.lines for text, _ in line)
        assert words.endswith("facing the wrong way.")
        assert "gpt-4o-mini" in told(app)
        assert "human" in told(app)
        assert "tip n5" in shown(app)
        await pilot.press("j")
        await until(pilot, lambda: "10 nodes" in shown(app))
        assert "tip n1 " in shown(app)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "1 session" in told(app))
        assert "growth  " in told(app)


async def test_a_closer_look_at_hostile_words_draws_them_as_they_are() -> None:
    path = begun("evil", HOSTILE, HOSTILE)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "session 1" in shown(app))
        assert not {"\x1b", "\u202e", "\x00"} & set(shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "1 archived" in shown(app))
        assert not {"\x1b", "\u202e", "\x00"} & set(shown(app))
    assert not path.exists()


async def test_running_through_a_long_list_starts_no_crowd_of_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from storyloom.story.glimpse import Glimpse
    from storyloom.tui.screens import shelves

    stories = many(60)
    gate, looked = threading.Event(), list[Path]()

    def look(path: Path) -> Glimpse:
        looked.append(path)
        assert gate.wait(30)
        return Glimpse()

    monkeypatch.setattr(shelves, "glimpse", look)
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(looked) == 1)
        await pilot.press(*"jjjjjjjjjj")
        assert len(looked) == 1
        gate.set()
        await until(pilot, lambda: len(looked) == 2)
        assert looked == [stories[0], stories[10]]


async def test_a_folder_that_vanishes_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    folder.mkdir()
    saltmarsh(folder / "saltmarsh.loom")
    app = Stage(LibraryScreen(folder))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        shutil.rmtree(folder)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "not there any more" in " ".join(shown(app).split()))
        await pilot.press("x")
        await until(pilot, lambda: "There is no story here yet" in shown(app))
