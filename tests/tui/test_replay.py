"""Replay: tree, text and log go on together, and nothing is written."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.replay.scene import Scene, Theatre
from storyloom.story import shape
from storyloom.story.story import Story
from storyloom.tui.screens.replay import ReplayScreen
from tests.replay.sessions import ferry
from tests.story.trees import grown
from tests.tui.looming import at_the_loom
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


async def test_a_frame_that_is_passed_over_in_a_hurry_is_drawn_by_the_next(path: Path) -> None:
    now = Now()
    app = Stage(ReplayScreen(path, at="3 16x", now=now))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: "playing" in shown(app))
        # The clock stands then, so that no later frame has anything new of its own.
        now.seconds = 0.2
        await until(pilot, lambda: "It was six." in shown(app))


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
    again = Stage(ReplayScreen(path))
    async with again.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "where you left it" in shown(again))
        assert "wove to n3" in shown(again)
        await pilot.press("q")
    anew = Stage(ReplayScreen(path))
    async with anew.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "event 0/" in shown(anew))


@pytest.mark.parametrize(
    ("at", "says"), [("3 2x", ("event 3/", " 2x ")), ("soon", ("event 0/", "is no place"))]
)
async def test_it_begins_where_and_as_fast_as_it_was_told(
    path: Path, at: str, says: tuple[str, ...]
) -> None:
    app = Stage(ReplayScreen(path, at=at))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: all(each in shown(app) for each in says))


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


@pytest.mark.parametrize("size", SIZES)
async def test_a_moment_is_taken_back_as_a_branch_that_undo_takes_away(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    async with at_the_loom(path, size) as hand:
        shape.prune(hand.story, 4)
        before = hand.kids(1)
        await hand.press("R")
        await until(hand.pilot, lambda: "event 0/" in hand.screen)
        await hand.press("B")
        assert "no node yet" in hand.screen
        await hand.press("g", *"5", "enter", "B")
        await until(hand.pilot, lambda: "still being written at event 5" in hand.screen)
        await hand.press("g", *"8", "enter", "B")
        await until(hand.pilot, lambda: "as it was at event 8" in hand.screen)
        await hand.press("n")
        assert hand.kids(1) == before
        await hand.press("B", "y")
        await until(hand.pilot, lambda: "Go there?" in hand.screen)
        await hand.press("y")
        await until(hand.pilot, lambda: hand.kids(1) != before)
        await hand.press("u")
        await until(hand.pilot, lambda: "a moment brought back" in hand.screen)
        assert hand.kids(1) == before


async def test_a_moment_is_written_as_a_story_of_its_own(path: Path, tmp_path: Path) -> None:
    app = Stage(ReplayScreen(path, "Low bells"))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("g", *"3", "enter", "W")
        await until(pilot, lambda: "low-bells-" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Open it?" in shown(app))
        await pilot.press("n", "W", "enter")
        await until(pilot, lambda: "is there already" in " ".join(shown(app).split()))
        await pilot.press("q")
        await until(pilot, lambda: bool(app.results))
    assert app.results == [None]
    (made,) = tmp_path.glob("low-bells-*.loom")
    with Story(made) as then, Story(path) as now:
        count = "SELECT count(*) FROM node"
        assert then.read.execute(count).fetchone()[0] == 4
        assert now.read.execute(count).fetchone()[0] > 4


@pytest.mark.parametrize("size", SIZES)
async def test_whose_the_strand_is_is_counted_at_every_moment(
    path: Path, size: tuple[int, int]
) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        if size == SIZES[0]:
            assert "whose" not in shown(app)
            await pilot.press("f")
        await until(pilot, lambda: "nobody has written a word yet" in shown(app))
        await pilot.press(">")
        await until(pilot, lambda: "at work 1:30 of 1:30" in shown(app))
        said = " ".join(shown(app).split())
        assert all(
            each in said for each in ("imported coauthor 70 46%", "gpt-3 66 44%", "human 15 10%")
        )
        await pilot.press("f")
        await until(pilot, lambda: "whose" not in shown(app))


async def test_speed_and_idle_cap_are_typed_and_no_place_moves_with_the_speed(path: Path) -> None:
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        bar = shown(app).splitlines()[20:22]
        await screen.do("speed", "3x")
        await until(pilot, lambda: "3x " in shown(app))
        assert shown(app).splitlines()[20:22] == bar
        await screen.do("speed", "20")
        await until(pilot, lambda: "0.25 to 16" in shown(app))
        await screen.do("idle-cap", "60")
        await until(pilot, lambda: "idle cap 60 s" in shown(app))
        assert "1:24" in shown(app)
        await screen.do("idle-cap", "never")
        await until(pilot, lambda: "is no idle cap" in shown(app))


async def test_sittings_are_marked_and_gone_to(tmp_path: Path) -> None:
    path = tmp_path / "days.loom"
    hour = 3_600_000
    with Story.create(path, opening="One.") as story:
        began = story.clock()
        for day, word in enumerate((" Two.", " Three."), 1):
            story.clock = lambda day=day: began + day * 24 * hour
            grown(story, day, word)
            grown(story, day, " Else.")
    app = Stage(ReplayScreen(path))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "sitting 1 of 3" in shown(app))
        await pilot.press("s", "s")
        await until(pilot, lambda: "sitting 2 of 3" in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: "sitting 3 of 3" in shown(app))
        await pilot.press("s")
        assert "No sitting begins after" in shown(app)
        await pilot.press("S")
        await until(pilot, lambda: "sitting 2 of 3" in shown(app))
        # The third begins at the very end, where a choice is marked.
        await pilot.press("<")
        await until(pilot, lambda: shown(app).splitlines()[-4].count("|") == 3)


async def test_nothing_is_read_for_a_frame_in_which_nothing_happens(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    take = Theatre.scene

    def counted(theatre: Theatre, position: int, *args: Any, **more: Any) -> Scene:
        taken.append(position)
        return take(theatre, position, *args, **more)

    monkeypatch.setattr(Theatre, "scene", counted)
    now = Now()
    app = Stage(ReplayScreen(path, now=now))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "next choice" in shown(app))
        await pilot.press("]", "space")
        await until(pilot, lambda: "playing" in shown(app))
        before = len(taken)
        now.seconds = 0.5
        await until(pilot, lambda: "0:04 left" in shown(app))
        assert len(taken) == before


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
