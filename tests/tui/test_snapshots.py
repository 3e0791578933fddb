"""How the screens look, at three sizes, in both themes. Renew with --snapshot-update and look."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from storyloom import paths
from storyloom.generate.plan import set_plan
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story.story import Story
from storyloom.tui.commands import LOOM
from storyloom.tui.screens.base import SMALLEST
from storyloom.tui.screens.fetch import FetchScreen
from storyloom.tui.screens.found import FoundScreen
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.models import ModelPicker
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.screens.reader import ReaderScreen
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import saltmarsh

LARGE = (160, 50)
NOW = 1_790_000_000.0
WORKER = str(Path(__file__).with_name("worker.py"))
Compare = Callable[..., bool]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of three stories, all of one fixed day."""
    monkeypatch.setattr(time, "time_ns", lambda: int(NOW * 1e9))
    folder = paths.made(paths.saves_dir())
    Story.create(folder / "pig.loom", title="The 92nd Little Pig", opening="Once.").close()
    Story.create(folder / "news.loom", title="News from Nowhere, again", opening="So.").close()
    return saltmarsh(folder / "saltmarsh.loom")


def compared(
    compare: Compare,
    screen: Screen[object],
    size: tuple[int, int],
    shows: str | tuple[str, ...],
    *keys: str,
    theme: str = "dusk",
    client: Client | None = None,
) -> bool:
    """Compare a screen with its picture, once it shows those words, after those keys."""
    app = Stage(screen, Settings(theme=theme), client)
    awaited = (shows,) if isinstance(shows, str) else shows

    async def ready(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: all(each in shown(app) for each in awaited), str(shows))
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=ready)


@pytest.fixture(params=[SMALLEST, *SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The least size, the two that the screens are made for, and a large one."""
    return request.param


@pytest.mark.usefixtures("path")
def test_library(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    screen = LibraryScreen(clock=lambda: NOW + 3600)
    # Whose it is comes last, where there is room for it.
    shows = "169" if size == SMALLEST else "human"
    assert compared(snap_compare, screen, size, shows, theme=theme)


@pytest.mark.usefixtures("path")
def test_found(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stories = sorted(paths.saves_dir().iterdir())
    screen = FoundScreen("mara", stories, {})
    assert compared(snap_compare, screen, size, "in 1 story ", "j", theme=theme)


def test_empty_library(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert compared(snap_compare, LibraryScreen(), size, "n begins one.", theme=theme)


def test_new_story(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    keys = (*"Bell", "tab", "tab", "tab", *"Once")
    assert compared(snap_compare, NewStoryScreen(), size, "title", *keys, theme=theme)


def test_reader(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    assert compared(snap_compare, ReaderScreen(path), size, "Tobin", theme=theme)


def test_reader_with_origins(
    snap_compare: Compare, path: Path, size: tuple[int, int], theme: str
) -> None:
    assert compared(snap_compare, ReaderScreen(path), size, "Tobin", "p", "}", "}", theme=theme)


def test_help(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert compared(snap_compare, HelpScreen(LOOM), size, "Moving", theme=theme)


def test_models(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    client = Client(command=(sys.executable, WORKER))
    home = ModelEntry("home", "openai/qwen", "http://127.0.0.1:8080/v1", mode="text", window=32_768)
    den = ModelEntry("den", "openai/qwen2.5-7b", "http://127.0.0.1:9090/v1")
    story = Story(path)
    set_plan(story, 0, (PlanPart("anthropic/claude-sonnet-4-5", 2),))
    screen = ModelPicker(story, 3, Settings(models=(home, den)), client)
    keys = ("j", "j", "j", "j", "2", "k", "k", "k", "k")
    # What litellm, the story and the server say.
    shows = ("3.00 / 15.00", "50 % of 2", "9 of 9")
    assert compared(snap_compare, screen, size, shows, *keys, client=client, theme=theme)


def test_fetch(
    snap_compare: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/a/home/of/ones/own/share")
    assert compared(snap_compare, FetchScreen(), size, "not here yet", theme=theme)


def test_too_small(snap_compare: Compare) -> None:
    assert compared(snap_compare, LibraryScreen(), (40, 10), "60 columns")
