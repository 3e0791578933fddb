""":cast on the replay's screen: what would be played goes into a file, and the screen answers."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.tui.casting import Cast
from storyloom.tui.screens.replay import ReplayScreen
from storyloom.tui.widgets.bar import KeyLine
from storyloom.tui.widgets.lines import Line
from tests.replay.sessions import ferry
from tests.tui.stage import SIZES, Stage, shown, until


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A story beside an empty folder that the program is in."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return ferry(tmp_path)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Recordings wait for this after their first line."""
    go = threading.Event()
    lines = Cast.lines

    def slow(self: Cast, *given: Any) -> Iterator[str]:
        made = lines(self, *given)
        yield next(made)
        go.wait(30)
        yield from made

    monkeypatch.setattr(Cast, "lines", slow)
    yield go
    go.set()


def read(path: Path) -> tuple[dict[str, Any], list[list[Any]]]:
    head, *events = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return head, events


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_is_of_the_screens_size_and_speed(path: Path, size: tuple[int, int]) -> None:
    app = Stage(ReplayScreen(path, "Low bells"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("+", ":", *"cast", "enter")
        await until(pilot, lambda: "low-bells.cast" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Recorded: 0:0" in shown(app))
    head, events = read(Path("low-bells.cast"))
    assert (head["width"], head["height"]) == size
    sent = "".join(data for _, _, data in events)
    assert re.search(" paused +2x ", sent)
    assert re.search(r"event (\d+)/\1\b", sent)


async def test_the_loop_alone_is_recorded_where_there_is_one(path: Path) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("L", "L", "a", "L", "L", "b")
        await until(pilot, lambda: "loop A..B" in shown(app))
        await pilot.press(":", *"cast part", "enter")
        await until(pilot, lambda: "Recorded" in shown(app))
    sent = "".join(data for _, code, data in read(Path("part.cast"))[1] if code == "o")
    assert "event 3/" in sent
    assert "event 5/" in sent
    assert "event 2/" not in sent
    assert "event 6/" not in sent


async def test_what_is_there_is_replaced_only_when_that_is_answered(path: Path) -> None:
    Path("mine.cast").write_text("mine")
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press(":", *"cast mine.cast", "enter")
        await until(pilot, lambda: "replace it? y/n" in shown(app))
        await pilot.press("n")
        assert Path("mine.cast").read_text() == "mine"
        await pilot.press(":", *"cast mine.cast", "enter")
        await until(pilot, lambda: "replace it? y/n" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "Recorded" in shown(app))
    assert read(Path("mine.cast"))[0]["version"] == 2


async def test_the_screen_answers_while_it_is_written_and_g_stops_it(
    path: Path, held: threading.Event
) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        await screen.do("cast", "out")
        await soon(app, "writing out.cast, ^g stops")
        for name in ("back", "open", "cast"):
            screen.query_one(KeyLine).forget()
            await screen.do(name)
            assert "being recorded; ^g stops" in "".join(text for text, _ in said(screen))
        await screen.do("event-after")
        await soon(app, "event 2/")
        await screen.do("stop")
        held.set()
        await until(pilot, lambda: "nothing half-written is left" in shown(app))
        assert list(Path().iterdir()) == []
        await pilot.press("ctrl+g")
        await until(pilot, lambda: app.results == [None])


async def soon(app: Stage, words: str) -> None:
    """Wait for words alone: `until` would wait for the thread that is held too."""
    for _ in range(3_000):
        if words in shown(app):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"waited in vain for {words}; the screen is\n{shown(app)}")


def said(screen: ReplayScreen) -> Line:
    """What stands in the place of the keys."""
    return screen.query_one(KeyLine).lines[0]


async def test_what_cannot_be_written_is_told(path: Path) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.press(":", *"cast none/out", "enter")
        await until(pilot, lambda: "cannot be written" in shown(app))


async def test_a_program_that_ends_leaves_nothing_half_written(
    path: Path, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storyloom.tui.screens.recording._CLEARED_UP", 30.0)
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        assert isinstance(app.screen, ReplayScreen)
        await app.screen.do("cast", "out")
        await soon(app, "writing out.cast")
        threading.Timer(0.05, held.set).start()
        app.save_at_once()
        assert list(Path().iterdir()) == []
