"""Replay: tree, text and log go on together, and nothing is written."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story.story import Story
from storyloom.tui.screens.replay import ReplayScreen
from tests.replay.sessions import ferry
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import Compare, compared


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story whose times are known."""
    return ferry(tmp_path)


class Now:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("size", SIZES)
async def test_events_are_seen_one_by_one_in_both_directions(
    path: Path, size: tuple[int, int]
) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "event 0/" in shown(app))
        assert "Mara" not in shown(app)
        await pilot.press("L")
        await until(pilot, lambda: "Mara counted" in shown(app))
        await pilot.press("L")
        await until(pilot, lambda: shown(app).count("writing ...") == 3)
        assert "grew 3 of gpt-3" in shown(app)
        await pilot.press("H")
        await until(pilot, lambda: "event 2/" in shown(app) and "grew" not in shown(app))


async def test_a_branch_grows_while_it_was_being_written(path: Path) -> None:
    now = Now()
    app = Stage(ReplayScreen(path, now=now))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("g", *"3", "enter")
        await until(pilot, lambda: "event 3/" in shown(app))
        await pilot.press("space")
        now.seconds = 0.5
        await until(pilot, lambda: "Nobod" in shown(app))
        assert "Nobody" not in shown(app)
        now.seconds = 1.01
        await until(pilot, lambda: "It was six." in shown(app))


async def test_it_plays_to_its_end_at_any_speed_and_stops_there(path: Path) -> None:
    now = Now()
    app = Stage(ReplayScreen(path, now=now))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("+", "+")
        await until(pilot, lambda: "4x" in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "playing" in shown(app))
        now.seconds = 100
        await until(pilot, lambda: "paused" in shown(app))
        await until(pilot, lambda: "Then the bells began." in " ".join(shown(app).split()))


async def test_choices_times_and_shares_are_gone_to(path: Path) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[1]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("]")
        await until(pilot, lambda: "wove to n3" in shown(app))
        await pilot.press("]")
        await until(pilot, lambda: "next choice" not in shown(app))
        await pilot.press("]")
        await until(pilot, lambda: "no choice after" in shown(app))
        await pilot.press("[", "0")
        await until(pilot, lambda: "event 0/" in shown(app))
        await pilot.press("g", *"nonsense", "enter")
        await until(pilot, lambda: "is no place of a replay" in shown(app))
        await pilot.press(">")
        await until(pilot, lambda: "next choice" not in shown(app))


async def test_o_leaves_for_the_node_that_is_seen(path: Path) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("o")
        assert "no node yet" in shown(app)
        await pilot.press("]")
        await until(pilot, lambda: "wove to n3" in shown(app))
        await pilot.press("o")
        await until(pilot, lambda: bool(app.results))
    assert app.results == [3]


async def test_nothing_of_the_story_is_written(tmp_path: Path) -> None:
    path = saltmarsh(tmp_path / "saltmarsh.loom")

    def contents() -> list[tuple[object, ...]]:
        with Story(path) as story:
            return [
                row
                for table in ("op", "change", "rev", "node", "attr", "undoable", "ui", "fold")
                for row in story.read.execute(f"SELECT * FROM {table}").fetchall()
            ]

    before = contents()
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "event 0/" in shown(app))
        await pilot.press("L", "L", ">", "a", "5", "space", "q")
        await until(pilot, lambda: bool(app.results))
    assert contents() == before


async def test_a_file_that_is_no_story_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.loom"
    path.write_text("nothing")
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "no SQLite file" in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "still being read" in shown(app))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_how_it_looks(snap_compare: Compare, path: Path, size: tuple[int, int]) -> None:
    keys = ("a", "right_square_bracket", "L", "L", "b")
    assert compared(snap_compare, ReplayScreen(path, "Low bells"), size, "next choice", *keys)
