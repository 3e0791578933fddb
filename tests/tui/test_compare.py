"""The branches of a fork side by side, compared, chosen, pruned, blind."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from storyloom.curate.worddiff import word_diff
from storyloom.story import growth, reading, shape, tips
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.tui import clipboard
from storyloom.tui.abreast import GAP, against, in_sight, lines_of, widths
from storyloom.tui.screens import side_by_side
from storyloom.tui.screens.compare import CompareScreen
from storyloom.tui.screens.loom import LoomScreen
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, grown, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, of which the model's text was edited."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


async def compared(hand: Hand, node: int, *shows: str) -> CompareScreen:
    await hand.goes(node)
    await hand.press("c")
    await hand.shows(*shows)
    screen = hand.app.screen
    assert isinstance(screen, CompareScreen)
    await hand.until(lambda: screen._alike is not None, "the figures")
    return screen


def test_a_line_keeps_its_styles_wherever_it_breaks() -> None:
    text = against(word_diff("The tide went out slowly.", "The tide came back slowly."))
    whole = "".join(part for part, _ in text)
    for width in range(4, 40):
        lines = lines_of(text, width)
        shown = " ".join("".join(part for part, _ in line) for line in lines)
        assert shown.replace(" ", "") == whole.replace(" ", "").replace("\n", "")
        for line in lines:
            for part, style in line:
                bare = part.strip()
                if "came" in bare:
                    assert style == "unread"
                if "went" in bare:
                    assert style == "pruned"


def test_columns_are_as_many_as_can_be_read() -> None:
    assert [widths(total, 9)[0] for total in (58, 78, 98, 118, 158)] == [2, 2, 3, 4, 5]
    assert widths(158, 2) == (2, 68)
    assert widths(20, 3) == (1, 20)
    assert [in_sight(0, at, 2, 5) for at in range(5)] == [0, 0, 1, 2, 3]
    assert in_sight(3, 0, 2, 5) == 0


@pytest.mark.parametrize(("size", "many"), [((80, 24), 2), ((120, 40), 4)])
async def test_as_many_branches_as_fit_are_beside_each_other(
    path: Path, size: tuple[int, int], many: int
) -> None:
    with Story(path) as story:
        grown(story, ROOT, "openai/gpt-4o-mini", "A fourth way.", "A fifth way.")
    async with at_the_loom(path, size) as hand:
        await compared(hand, ROPE, "Mara looked", f"1-{many} of 5")
        head = hand.screen.splitlines()[1]
        assert head.startswith(" > 1*")
        await hand.press("l", "l", "l", "l")
        assert f"{6 - many}-5 of 5" in hand.screen
        assert "> 5" in hand.screen.splitlines()[1]
        assert "A fifth way." in hand.screen
        await hand.press("h", "h", "h", "h", "h")
        assert hand.screen.splitlines()[1].startswith(" > 1*")


@pytest.mark.parametrize("size", SIZES)
async def test_enter_and_digits_choose_and_go_back_with_it(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await compared(hand, ROPE, "I keep eels")
        await hand.press("3")
        assert isinstance(hand.app.screen, LoomScreen)
        assert hand.cursor == HABIT
        await compared(hand, HABIT, "habit")
        await hand.press("9")
        assert "There is no branch 9 here." in hand.foot
        await hand.press("h", "enter")
        assert hand.cursor == EELS
        await compared(hand, EELS, "I keep eels")
        await hand.press("l", "q")
        assert hand.cursor == EELS, "leaving chooses nothing"


@pytest.mark.parametrize("size", SIZES)
async def test_figures_name_pairs_shared_words_and_those_of_one_alone(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        text = reading.pieces(story, [EELS])[0].text
        shape.write_child(story, ROOT, text.replace("list", "ledger"))
    async with at_the_loom(path, size) as hand:
        await compared(hand, EELS, "I keep eels")
        assert "2-4 0." in hand.screen
        assert "twins" in hand.screen
        assert "only 2:" in hand.screen
        if size[1] >= 30:
            assert "=0.71" in hand.screen, "twins are marked in the table as well"
            assert "only 4: ledger" in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_d_marks_what_the_others_have_and_have_not(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        text = reading.pieces(story, [EELS])[0].text
        other = shape.write_sibling(story, EELS, text.replace("list", "ledger"))
    async with at_the_loom(path, size) as hand:
        await compared(hand, other, "I keep eels")
        await hand.press("d")
        await hand.shows("[ledger]", "list", "bold: not in 3")
        await hand.press("d")
        await hand.until(lambda: "[ledger]" not in hand.screen)


@pytest.mark.parametrize("size", SIZES)
async def test_e_sets_a_passage_beside_its_first_version(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await compared(hand, BELLS, "mislaid")
        await hand.press("e")
        await hand.shows("first version", "n5 now", "[lost", "mislaid")
        await hand.press("e")
        await hand.shows("I keep eels")
        await hand.press("l", "e")
        assert "never edited" in hand.foot


async def test_an_edited_branch_alone_is_set_beside_its_first_version_at_once(path: Path) -> None:
    with Story(path) as story:
        shape.prune(story, OTHER)
    async with at_the_loom(path) as hand:
        await hand.goes(BELLS)
        await hand.press("c")
        await hand.shows("first version", "[lost")
        for key in ("d", "e"):
            await hand.press(key)
            assert "No other branch is here" in hand.foot
            assert "first version" in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_blind_hides_who_wrote_what_until_one_is_chosen(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        screen = await compared(hand, ROPE, "gpt-4o-mini")
        await hand.press("Z")
        await hand.until(lambda: "gpt-4o-mini" not in hand.screen, "no model's name")
        heads = hand.screen.splitlines()[1]
        assert "*" not in heads
        assert "31w" not in hand.screen
        order = [column.node for column in screen._columns]
        assert sorted(order) == [ROPE, EELS, HABIT]
        await hand.press("r")
        await hand.shows("gpt-4o-mini")
        await hand.press("Z")
        await hand.until(lambda: "gpt-4o-mini" not in hand.screen, "no model's name")
        assert [column.node for column in screen._columns] == order
        await hand.press("1")
        assert hand.cursor == order[0]


@pytest.mark.parametrize("size", SIZES)
async def test_branches_are_woven_pruned_and_brought_back_from_here(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await compared(hand, EELS, "I keep eels")
        await hand.press("w")
        await hand.until(lambda: tips.weave_tip(hand.story) == EELS, "the weave")
        await hand.shows("2*")
        await hand.press("x")
        await hand.press("n")
        assert len(hand.kids(ROOT)) == 3
        await hand.press("l", "x")
        await hand.until(lambda: len(hand.kids(ROOT)) == 2, "one pruned")
        await hand.until(lambda: "1-2 of 2" in hand.screen)
        await hand.press("u")
        await hand.until(lambda: len(hand.kids(ROOT)) == 3, "it back")
        await hand.press("X")
        if "y/n" in hand.foot:
            await hand.press("y")
        await hand.until(lambda: len(hand.kids(ROOT)) == 1, "one kept")


async def test_a_long_column_says_how_much_is_below_and_is_scrolled(path: Path) -> None:
    with Story(path) as story:
        long = shape.write_child(story, ROOT, "".join(f"Line {n}.\n\n" for n in range(900)))
    async with at_the_loom(path) as hand:
        await compared(hand, long, "Line 0.")
        assert "more lines" in hand.screen
        for _ in range(150):
            await hand.press("space")
        assert "Line 899." in hand.screen
        assert "more lines" not in hand.screen
        await hand.press("y")
        assert clipboard.copied_file().read_text().startswith("Line 0.")


async def test_a_fork_of_sixty_is_gone_through(path: Path) -> None:
    with Story(path) as story:
        grown(
            story, BELLS, "openai/gpt-4o-mini", *(f"Way {n}. {'Bell. ' * 900}" for n in range(60))
        )
        first = reading.children(story, BELLS)[0]
    async with at_the_loom(path, (120, 40)) as hand:
        await compared(hand, first, "Way 0.", "of 60")
        for _ in range(59):
            await hand.press("l")
        assert "57-60 of 60" in hand.screen
        assert "Way 59." in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_text_that_would_control_the_terminal_is_shown(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        node = shape.write_child(story, ROOT, HOSTILE)
    async with at_the_loom(path, size) as hand:
        await compared(hand, node, "app.bell")
        assert "\x1b" not in hand.screen
        await hand.press("d")
        await hand.shows("app.bell")
        assert "\x1b" not in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_a_blind_reading_gives_nothing_away(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        screen = await compared(hand, EELS, "I keep eels")
        await hand.press("Z")
        assert screen._current == 0, "the mark does not follow the branch it was on"
        await hand.press("e")
        assert "r ends the blind reading" in hand.foot
        order = [column.node for column in screen._columns]
        labels = [column.label for column in screen._columns]
        assert labels == ["1", "2", "3"]
        await hand.press("l")
        if order[1] == ROPE:
            await hand.press("l")
        gone = screen._current
        await hand.press("x")
        await hand.until(lambda: len(hand.kids(ROOT)) == 2, "one pruned")
        await hand.until(lambda: len(screen._columns) == 2)
        assert [column.node for column in screen._columns] == [
            node for at, node in enumerate(order) if at != gone
        ], "the others stay where they were"
        assert [column.label for column in screen._columns] == [
            label for at, label in enumerate(labels) if at != gone
        ]
        await hand.press("w")
        await hand.shows("gpt-4o-mini")


async def test_differences_are_marked_in_columns_that_come_into_sight(path: Path) -> None:
    with Story(path) as story:
        text = reading.pieces(story, [EELS])[0].text
        for word in ("ledger", "roll", "tally", "book"):
            shape.write_child(story, ROOT, text.replace("list", word))
    async with at_the_loom(path) as hand:
        screen = await compared(hand, EELS, "I keep eels")
        await hand.press("d", "l", "l")
        await hand.press("l")
        assert screen._columns[screen._current].label == "5"
        await hand.shows("[roll]", "ledger")
        await hand.pilot.resize_terminal(160, 50)
        await hand.shows("tally", "book")
        assert hand.screen.count("[roll]") >= 3


@pytest.mark.parametrize("size", SIZES)
async def test_a_branch_being_written_is_shown_and_said_to_be(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        branch = growth.request(hand.story, ROOT, [Asked("openai/gpt-4o-mini", {"messages": []})])[
            0
        ]
        growth.flush(hand.story, {branch.rev: "So far the"})
        await hand.goes(branch.node)
        await hand.press("c")
        await hand.shows("So far the", "being written")


@pytest.mark.parametrize("size", SIZES)
async def test_what_arrives_is_shown_and_its_end(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        asked = [Asked("openai/gpt-4o-mini", {"messages": []})]
        (branch,) = growth.request(hand.story, BELLS, asked)
        growth.flush(hand.story, {branch.rev: "So far the"})
        await hand.goes(branch.node)
        screen = await compared(hand, branch.node, "So far the", "being written")
        screen.refresh_texts({branch.node: "So far the tide, which the loom knows of"})
        await hand.shows("loom knows of", "9w")
        screen.refresh_texts({branch.node: "So far the"})
        await hand.pilot.pause()
        assert "loom knows of" in hand.screen, "what was shown is not taken back"
        growth.flush(hand.story, {branch.rev: "So far the tide, which the loom knows of, has kept"})
        await hand.shows("has kept", "being written")
        growth.finish(hand.story, branch, "So far the tide has kept out.", Result("stop"))
        await hand.until(lambda: "being written" not in hand.screen)
        await hand.shows("kept out.", "7w")


async def test_what_is_still_written_is_stopped_before_it_is_pruned(path: Path) -> None:
    with_one = [Asked("openai/gpt-4o-mini", {"messages": []})]
    async with at_the_loom(path) as hand:
        (branch,) = growth.request(hand.story, ROOT, with_one)
        growth.flush(hand.story, {branch.rev: "So far the"})
        await hand.goes(branch.node)
        screen = await compared(hand, branch.node, "So far the")
        screen.stop_below = None
        for key in ("x", "u"):
            await hand.press(key)
            assert "still being written" in hand.foot
            assert branch.node in hand.kids(ROOT)

        async def stop(node: int) -> None:
            if node == branch.node:
                growth.finish(hand.story, branch, "So far the", Result("stopped"))

        screen.stop_below = stop
        await hand.press("x")
        await hand.until(lambda: branch.node not in hand.kids(ROOT), "it pruned")
        await hand.until(lambda: "So far the" not in hand.screen, "its column gone")


async def test_blind_says_that_a_text_goes_on_but_not_how_far(path: Path) -> None:
    with Story(path) as story:
        long = shape.write_child(story, ROOT, "".join(f"Line {n}.\n\n" for n in range(90)))
    async with at_the_loom(path) as hand:
        await compared(hand, long, "more lines")
        await hand.press("Z")
        await hand.until(lambda: "more lines" not in hand.screen)
        while "Line 0." not in hand.screen:
            await hand.press("l")
        assert "… more" in hand.screen


async def test_a_column_whose_beginning_is_above_says_how_far(path: Path) -> None:
    with Story(path) as story:
        long = shape.write_child(story, ROOT, "".join(f"Line {n}.\n\n" for n in range(90)))
    async with at_the_loom(path) as hand:
        await compared(hand, long, "Line 0.")
        await hand.press("j", "j", "j")
        long_head, short_head = hand.screen.splitlines()[1][40:], hand.screen.splitlines()[1][:40]
        assert "↑3" in long_head
        assert "↑2" in short_head, "all of a branch of two lines is above"
        await hand.press("k", "k", "k")
        assert "↑" not in hand.screen


async def test_a_passage_of_the_author_s_alone_is_set_beside_its_first_version(path: Path) -> None:
    with Story(path) as story:
        node = shape.write_child(story, BELLS, "The tide went out.")
        shape.edit(story, node, "The tide came back.")
    async with at_the_loom(path) as hand:
        await hand.goes(node)
        await hand.press("c")
        await hand.shows("first version", "[went out]", "came back")


@pytest.mark.parametrize("size", SIZES)
async def test_columns_stand_straight_beside_characters_that_are_shown_as_others(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        hostile = shape.write_child(story, BELLS, HOSTILE * 3)
        shape.write_child(story, BELLS, "Bell. " * 200)
    async with at_the_loom(path, size) as hand:
        screen = await compared(hand, hostile, "app.bell")
        lines = hand.screen.splitlines()[2:8]
        _, wide = widths(size[0] - 2, 2)
        assert screen._columns[1].node != hostile
        for line in lines:
            assert cell_len(line[: line.index("Bell.")]) == 1 + wide + GAP


async def test_a_key_that_is_quicker_than_the_branches_waits_for_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = threading.Event()
    branches = side_by_side._fork

    def slow(*given: Any) -> Any:
        assert read.wait(30)
        return branches(*given)

    done = CompareScreen.do
    called = asyncio.Event()

    async def told(screen: CompareScreen, name: str, argument: str = "") -> None:
        called.set()
        await done(screen, name, argument)

    monkeypatch.setattr(side_by_side, "_fork", slow)
    monkeypatch.setattr(CompareScreen, "do", told)
    async with at_the_loom(path, (80, 24)) as hand:
        await hand.goes(ROPE)
        await hand.press("c")
        pressed = asyncio.create_task(hand.press("2"))
        await called.wait()
        read.set()
        await pressed
        assert isinstance(hand.app.screen, LoomScreen)
        assert hand.app.screen.cursor == EELS
