"""The timeline of the loom: its window on the log, going through it, and staying in step."""

import re
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import history, log, marks, purging, reading, shape, weaves
from storyloom.story.story import Story
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.widgets import timeline
from storyloom.tui.widgets.siblings import SiblingsPane
from storyloom.tui.widgets.strand import StrandPane
from storyloom.tui.widgets.timeline import TimelinePane, clock, day
from storyloom.tui.widgets.tree import TreePane
from tests.servers.provider import Provider
from tests.servers.script import says
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6
"""The nodes of saltmarsh: the opening, its three branches, and the two of the first one's."""
NOON = 1_790_078_400_000
"""2026-09-22 12:00 in UTC."""
HOUR = 3_600_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story with 300 notes, to be copied."""
    path = tmp_path_factory.mktemp("long") / "long.loom"
    with Story.create(path, title="Long", opening="Once.") as story:
        for number in range(300):
            marks.set_text(story, ROOT, "note", f"Note {number}.")
    return path


@pytest.fixture
def long(written: Path, tmp_path: Path) -> Path:
    """A story with 300 notes."""
    return shutil.copy(written, tmp_path / "long.loom")


def pane(hand: Hand) -> TimelinePane:
    return hand.loom.query_one(TimelinePane)


def drawn(hand: Hand) -> list[str]:
    """The pane's lines, its title's too."""
    return ["".join(text for text, _ in line).rstrip() for line in pane(hand).lines]


def chosen(hand: Hand) -> str:
    """The row that is chosen, without its time."""
    (line,) = [line for line in drawn(hand)[1:] if line.startswith(">")]
    return re.sub(r"^>(\d\d:\d\d |\w{3} \d+ )? *", "", line)


async def opened(hand: Hand) -> None:
    """Show the timeline, with j and k in it."""
    await hand.command("log")
    await hand.until(lambda: bool(pane(hand).ops), "the timeline")
    assert hand.loom.pane == "timeline"


def at(path: Path, *times: int) -> None:
    """Give the operations those times; the last of them to all that are left."""
    with sqlite3.connect(path) as db:
        (guard,) = db.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'op_no_update'"
        ).fetchone()
        db.execute("DROP TRIGGER op_no_update")
        for number, (op,) in enumerate(db.execute("SELECT id FROM op ORDER BY id").fetchall()):
            db.execute(
                "UPDATE op SET ts = ? WHERE id = ?", (times[min(number, len(times) - 1)], op)
            )
        db.execute(guard)
    db.close()


# The view.


async def test_v_goes_through_branches_tree_and_timeline_on_a_narrow_screen(path: Path) -> None:
    async with at_the_loom(path) as hand:
        seen: list[list[str]] = []
        for _ in range(4):
            kinds = {"branches": SiblingsPane, "tree": TreePane, "timeline": TimelinePane}
            seen.append([name for name, kind in kinds.items() if hand.loom.query_one(kind).display])
            assert hand.loom.query_one(StrandPane).display
            await hand.press("v")
        assert seen == [["branches"], ["tree"], ["timeline"], ["branches"]]


async def test_v_goes_through_strand_whole_tree_and_timeline_on_a_wide_one(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        tree = hand.loom.query_one(TreePane)
        for whole, log_shown in ((False, False), (True, False), (True, True), (False, False)):
            assert (tree.only_strand, tree.display) == (not whole, not log_shown)
            assert pane(hand).display == log_shown
            assert hand.loom.query_one(SiblingsPane).display
            await hand.press("v")


async def test_the_timeline_takes_the_keys_where_it_takes_the_place_of_their_pane(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("v", "v")
        assert pane(hand).active
        await hand.press("v")
        assert hand.loom.query_one(SiblingsPane).active
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.press("v", "v")
        assert hand.loom.query_one(SiblingsPane).active
        await hand.press("shift+tab")
        assert pane(hand).active
        await hand.press("v")
        assert hand.loom.query_one(TreePane).active
        assert not pane(hand).active


@pytest.mark.parametrize("size", SIZES)
async def test_the_timeline_is_there_the_next_time_at_its_end(
    long: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(long, size) as hand:
        await opened(hand)
        await hand.press("k", "k")
        assert chosen(hand).endswith("Note 297.")
    async with at_the_loom(long, size) as hand:
        assert pane(hand).display
        assert hand.loom.pane == "timeline"
        await hand.shows("Note 299.")
        assert chosen(hand).endswith("Note 299.")


async def test_a_file_from_elsewhere_may_hold_any_view(path: Path) -> None:
    with Story(path) as story, story.quick() as db:
        db.execute("INSERT INTO ui VALUES('timeline', '[3]'), ('pane', '\"timeline\"')")
    async with at_the_loom(path) as hand:
        assert pane(hand).display
        await hand.press("v")
        assert not pane(hand).display


# Rows.


@pytest.mark.parametrize("size", SIZES)
async def test_each_operation_has_a_row_the_newest_last(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        assert chosen(hand).startswith("wove to n5")
        await hand.press("<")
        assert chosen(hand) == "began the story"
        steps = [log.step_of(hand.story, each) for each in log.span(hand.story, 1, 99)]
        for step in steps:
            assert pane(hand).chosen == step
            await hand.press("j")
        assert pane(hand).chosen == steps[-1]


async def test_rows_say_the_hour_of_today_and_the_day_of_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_ms = 24 * HOUR
    at(path, *[NOON - 400 * day_ms] * 3, *[NOON - day_ms] * 3, NOON)
    monkeypatch.setattr(time, "time", lambda: NOON / 1000 + 60)
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("<")
        lines = drawn(hand)
        assert [line for line in lines if "—" in line] == [
            " — session 1, Aug 18 2025 —", " — session 2, Sep 21 —", " — session 3, Sep 22 —",
        ]  # fmt: skip
        assert lines[0].startswith(">timeline  Aug 18 12:00  2 of ")
        assert lines[2].startswith(">Aug 18 began the story")
        assert lines[4].startswith(" Sep 21 ")
        assert lines[7].startswith(" 12:00  ")
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.shows("— session 2, Sep 21 —")
        # A narrow pane has no room for the day in each row; the rules have it.
        assert any(line.startswith(" grew 3 of") for line in drawn(hand))
        assert any(line.startswith(" 12:00 ") for line in drawn(hand))


@pytest.mark.parametrize("moment", [1 << 62, -(1 << 62), 0])
async def test_a_time_that_no_clock_has_is_drawn_all_the_same(path: Path, moment: int) -> None:
    at(path, moment)
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.shows("wove to n5")


async def test_what_was_taken_back_is_marked_until_it_is_made_again(path: Path) -> None:
    with Story(path) as story:
        shape.prune(story, EELS)
    async with at_the_loom(path) as hand:
        await opened(hand)
        assert chosen(hand) == "pruned n3"
        await hand.press("u")
        assert chosen(hand) == "took back: pruned n3"
        (row,) = [line for line in pane(hand).lines if line[2:] and line[2][0] == "pruned n3"]
        assert row[2][1].split() == ["pruned"]
        assert row[3][0].endswith(" undone")
        await hand.press("ctrl+r")
        assert chosen(hand) == "made again: pruned n3"
        assert " undone" not in "\n".join(drawn(hand))


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_in_the_log_is_drawn_inert(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        marks.set_text(story, 0, "title", HOSTILE)
        marks.set_text(story, BELLS, "note", HOSTILE)
        marks.tag(story, BELLS, HOSTILE[:50])
        weaves.set_weave(story, BELLS, "[/]")
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("k", "k", "enter")
        await hand.shows("note at n5: ", "[31m")
        assert not {"\x1b", "\x07", "\x00", "\u202e", "\u200b"} & set(hand.screen)


# Going through it.


@pytest.mark.parametrize("size", SIZES)
async def test_the_window_follows_the_row_that_is_chosen(long: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(long, size) as hand:
        await opened(hand)
        for key, wanted in (
            ("k", 298), ("k", 297), ("j", 298), ("j", 299), ("j", 299), ("<", None), ("k", None),
            ("pagedown", ...), ("pageup", None), ("j", 0), ("j", 1), (">", 299), ("pageup", ...),
            ("pagedown", 299), ("home", None), ("end", 299),
        ):  # fmt: skip
            await hand.press(key)
            if wanted is None:
                assert chosen(hand) == "began the story"
            elif wanted is not ...:
                assert chosen(hand) == f"note at n1: Note {wanted}."
            assert len(drawn(hand)) <= pane(hand).size.height
        assert hand.cursor == ROOT


async def test_a_narrow_pane_tells_what_is_chosen_in_full_below_its_rows(path: Path) -> None:
    words = "she must answer without the word that she keeps in her mouth"
    with Story(path) as story:
        marks.set_text(story, ROPE, "why", words)
    async with at_the_loom(path, (120, 40)) as hand:
        await opened(hand)
        foot = " ".join(" ".join(drawn(hand)[-4:]).split())
        assert foot.endswith(f"why at n2: {words}")
        await hand.press("k")
        assert " ".join(drawn(hand)[-1].split()) == "wove to n5"
        assert len(drawn(hand)) <= pane(hand).size.height
    async with at_the_loom(path) as hand:
        assert drawn(hand)[-1].startswith(">")


@pytest.mark.parametrize("size", SIZES)
async def test_every_row_is_passed_once_on_the_way_up_and_down(
    long: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(long, size) as hand:
        await opened(hand)
        for key in ("k", "j"):
            notes: list[str] = []
            for _ in range(100):
                notes.append(chosen(hand))
                await hand.press(key)
            assert len(set(notes)) == 100


async def test_a_step_inside_the_window_changes_two_rows_and_the_title(long: Path) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)
        before = list(pane(hand).lines)
        await hand.press("k")
        after = list(pane(hand).lines)
        differ = [at for at, (one, two) in enumerate(zip(before, after, strict=True)) if one != two]
        assert differ == [0, len(after) - 2, len(after) - 1]


async def test_a_step_inside_the_window_reads_nothing(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)

        def never(*_: object) -> None:
            raise AssertionError

        monkeypatch.setattr(log, "span", never)
        monkeypatch.setattr(log, "step_of", never)
        await hand.press("k", "k", "j")
        assert chosen(hand).endswith("Note 298.")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["enter", "l"])
async def test_a_key_goes_to_the_node_that_a_step_was_done_to(
    path: Path, size: tuple[int, int], key: str
) -> None:
    with Story(path) as story:
        marks.set_text(story, HABIT, "note", "Waiting.")
        marks.set_text(story, 0, "style", "Dry.")
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press(key)
        assert "story as a whole" in hand.foot
        assert hand.cursor == BELLS
        await hand.press("k", key)
        assert hand.cursor == HABIT
        assert chosen(hand) == "note at n4: Waiting."
        assert hand.loom.pane == "timeline"


async def test_enter_says_what_it_is_for_where_no_timeline_is(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("enter")
        assert "v shows the timeline" in hand.foot
        assert hand.cursor == BELLS


@pytest.mark.parametrize("size", SIZES)
async def test_of_a_pruned_one_it_says_where_it_can_be_brought_back_from(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        shape.prune(story, ROPE)
        marks.set_text(story, BELLS, "note", "Cut.")
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("enter")
        assert "n5 is below n2, which is pruned; from here U brings it back." in hand.foot
        assert hand.cursor == EELS
        await hand.press("U")
        assert reading.standing(hand.story, BELLS) == BELLS


async def test_of_one_whose_whole_fork_is_pruned_it_says_how_often(path: Path) -> None:
    with Story(path) as story:
        shape.prune(story, BELLS)
        shape.prune(story, OTHER)
        shape.prune(story, EELS)
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("k", "enter")
        assert hand.cursor == ROPE
        assert "n6 is pruned; from here U a second time brings it back." in hand.foot
        await hand.press("U")
        assert reading.standing(hand.story, OTHER) == ROPE
        await hand.press("U")
        assert reading.standing(hand.story, OTHER) == OTHER


async def test_of_a_purged_one_and_one_that_is_gone_it_says_so(path: Path) -> None:
    with Story(path) as story:
        shape.prune(story, HABIT)
        purging.purge(story, [HABIT])
        shape.write_child(story, EELS, "A slip.")
        history.undo(story)
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("enter")
        assert "is not in the story now" in hand.foot
        await hand.press("k", "k", "enter")
        assert "n4 was purged" in hand.foot
        assert hand.cursor == BELLS


# Staying in step.


async def test_what_is_done_appears_and_the_newest_stays_chosen(long: Path) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)
        for number in range(30):
            await hand.command(f"note More {number}.")
            assert chosen(hand) == f"note at n1: More {number}."


async def test_a_row_that_is_not_the_newest_stays_where_it_is(long: Path) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)
        await hand.press("k")
        before = drawn(hand)
        await hand.command("note More.")
        assert drawn(hand)[1:] == before[1:]
        await hand.press(">")
        assert chosen(hand).endswith("More.")


async def test_when_the_pane_is_full_new_rows_have_room_below(long: Path) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)
        await hand.command("note One.")
        top = pane(hand).ops[0]
        for number in range(3):
            await hand.command(f"note More {number}.")
            assert pane(hand).ops[0] == top


async def test_what_another_program_does_appears(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        with Story(path) as other:
            marks.set_text(other, EELS, "note", "From elsewhere.")
        await hand.shows("note at n3: From elsewhere.")
        assert chosen(hand) == "note at n3: From elsewhere."


@pytest.mark.parametrize("size", [(60, 16), (200, 60)])
async def test_a_new_size_keeps_the_row_that_is_chosen(long: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(long) as hand:
        await opened(hand)
        await hand.press("pageup", "pageup", "pageup", "k")
        before = chosen(hand)
        await hand.pilot.resize_terminal(*size)
        await hand.until(lambda: hand.app.size == size and bool(pane(hand).ops))
        await hand.pilot.pause()
        assert chosen(hand) == before
        await hand.press("k", "j")
        assert chosen(hand) == before


async def test_a_long_log_is_looked_through_aside_and_marked_then(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Story(long) as story:
        history.undo(story)
    read_on = timeline.Past.read_on
    monkeypatch.setattr(timeline.Past, "read_on", lambda past, db, _=0: read_on(past, db, 50))
    monkeypatch.setattr(timeline, "_IN_A_THREAD", 50)
    async with at_the_loom(long) as hand:
        await opened(hand)
        await hand.until(lambda: any("undone" in line for line in drawn(hand)), "the mark")
        await hand.press("<")
        assert "— session 1, " in drawn(hand)[1]


@pytest.mark.asyncio(loop_scope="session")
async def test_branches_appear_as_they_come_in(path: Path, client: Client) -> None:
    async with Provider(lambda _: says(" The bell rang once.")) as provider:
        entry = ModelEntry("tide", "openai/tide", api_base=provider.base)
        settings = Settings(plan=(PlanPart("tide", 2),), models=(entry,))
        async with at_the_loom(path, settings=settings, client=client) as hand:
            await opened(hand)
            await hand.press("space")
            await hand.until(lambda: any("grew 2 of tide at n5" in each for each in drawn(hand)))
            await hand.until(
                lambda: sum("tide wrote n" in line for line in drawn(hand)) == 2, "two branches"
            )
            assert chosen(hand).startswith("tide wrote n")


def test_a_day_has_its_year_where_it_is_another() -> None:
    now = NOON / 1000
    assert day(NOON, now) == day(NOON, now, year=True) == "Sep 22"
    assert day(NOON - 300 * 24 * HOUR, now) == "Nov 26"
    assert day(NOON - 300 * 24 * HOUR, now, year=True) == "Nov 26 2025"
    assert clock(NOON) == "12:00"
    assert day(1e30, now) == clock(1e30) == "?"


# How it looks.


@pytest.mark.parametrize("size", [*SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_timeline(
    snap_compare: Compare,
    path: Path,
    size: tuple[int, int],
    theme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Story(path) as story:
        marks.set_text(story, ROPE, "why", "she must answer without the word")
        shape.prune(story, EELS)
        shape.prune(story, HABIT)
        history.undo(story)
    yesterday = NOON - 20 * HOUR
    at(path, *[yesterday] * 12, NOON)
    monkeypatch.setattr(time, "time", lambda: NOON / 1000 + 60)
    keys = ("v", "v", *(("shift+tab",) if size[0] >= 100 else ()), "k")
    # What the next request would hold comes last, where there is room for it.
    last = "kept for the answer" if size == LARGE else "mislaid"
    assert compared(snap_compare, LoomScreen(path), size, last, *keys, theme=theme)
