"""What the loom shows beside the text: the strand among its forks, notes, marks, copies, panes."""

import random
from pathlib import Path

import pytest

from storyloom.settings import PlanPart, Settings
from storyloom.story import growth, marks, reading, shape, weaves
from storyloom.story.rows import Row
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui import clipboard
from storyloom.tui.widgets.siblings import SiblingsPane
from storyloom.tui.widgets.strand import StrandPane
from storyloom.tui.widgets.tree import TreePane, _guides
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, grown, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6
"""The nodes of saltmarsh: the opening, its three branches, and the two of the first one's."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


def tree_rows(hand: Hand) -> list[Row]:
    return list(hand.loom.query_one(TreePane).rows)


async def to_tree(hand: Hand, size: tuple[int, int]) -> None:
    if size[0] < 100:
        await hand.press("v")


@pytest.mark.parametrize("size", SIZES)
async def test_the_tree_shows_the_strand_among_its_forks_and_z_the_whole(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await to_tree(hand, size)
        assert [row.node for row in tree_rows(hand)] == [ROOT, ROPE, EELS, HABIT, BELLS, OTHER]
        await hand.press("Z")
        assert [row.node for row in tree_rows(hand)] == [ROOT, ROPE, BELLS, OTHER, EELS, HABIT]
        await hand.press("Z")
        assert [row.node for row in tree_rows(hand)] == [ROOT, ROPE, EELS, HABIT, BELLS, OTHER]


@pytest.mark.parametrize("size", SIZES)
async def test_going_up_and_down_a_strand_leaves_the_rows_where_they_are(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        off = shape.write_child(story, EELS, "She counted them again.")
        shape.write_child(story, off, "And again.")
    async with at_the_loom(path, size) as hand:
        await to_tree(hand, size)
        await hand.goes(off)
        await hand.press("h")
        before = tree_rows(hand)
        assert Row(off) in before
        await hand.press("h", "l", "l", "h")
        assert hand.cursor == EELS
        assert tree_rows(hand) == before
        assert BELLS not in [row.node for row in before]


async def test_a_branch_off_the_strand_tells_how_many_nodes_it_has(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(HABIT)
        assert "+2 Mara looked" in hand.screen
        await hand.goes(ROPE)
        assert "+2 Mara looked" not in hand.screen


async def test_a_strand_of_five_hundred_forks_is_read_without_indentation(tmp_path: Path) -> None:
    path = tmp_path / "deep.loom"
    with Story.create(path, opening="Begin.") as story:
        node = 1
        for number in range(500):
            first = shape.write_child(story, node, f" On {number}.")
            shape.write_child(story, node, f" Off {number}.")
            node = first
        weaves.set_weave(story, node)
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(node)
        lines = hand.screen.splitlines()
        assert any(line.startswith("* ├ On 490") for line in lines)
        assert any(line.startswith(" ‹ n") for line in lines), "the forks above are named"
        await hand.press("Z")
        lines = hand.screen.splitlines()
        assert any("On 490." in line[:40] for line in lines)


@pytest.mark.parametrize("size", SIZES)
async def test_tab_gives_j_and_k_to_the_next_pane(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        long = shape.write_child(story, BELLS, "Line after line. " * 400)
    async with at_the_loom(path, size) as hand:
        await to_tree(hand, size)
        await hand.goes(long)
        panes = {"tree": TreePane, "strand": StrandPane, "branches": SiblingsPane}
        seen: list[str] = []
        for _ in range(3):
            await hand.press("tab")
            (active,) = [name for name, pane in panes.items() if hand.loom.query_one(pane).active]
            seen.append(active)
            place = hand.loom.query_one(StrandPane).place
            await hand.press("j")
            if active == "strand":
                assert hand.cursor == long
                assert hand.loom.query_one(StrandPane).place != place
            await hand.press("k")
            if active == "tree":
                assert hand.cursor == OTHER
                await hand.goes(long)
        assert set(seen) >= {"tree", "strand"}
        await hand.press("shift+tab")
        assert hand.loom.pane == seen[-2]


async def test_the_pane_and_the_view_are_there_the_next_time(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("v", "Z", "tab", "tab")
        pane = hand.loom.pane
        hand.loom.unread = {EELS}
    async with at_the_loom(path) as hand:
        assert hand.loom.pane == pane
        assert hand.loom.has_class("-tree")
        assert not hand.loom.query_one(TreePane).only_strand
        assert hand.loom.unread == {EELS}


@pytest.mark.parametrize("size", SIZES)
async def test_bookmarks_are_set_named_gone_to_and_taken_away(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.press("apostrophe")
        assert "no bookmark yet" in hand.foot
        await hand.goes(EELS)
        await hand.press("b")
        await hand.answers("e")
        await hand.goes(BELLS)
        await hand.press("apostrophe")
        assert hand.cursor == EELS, "one bookmark alone needs no name"
        await hand.goes(HABIT)
        await hand.press("b")
        await hand.answers("")
        await hand.press("apostrophe")
        await hand.answers("e")
        assert hand.cursor == EELS
        await hand.command(f"to-bookmark n{HABIT}")
        assert hand.cursor == HABIT
        await hand.command("to-bookmark nowhere")
        assert "no bookmark 'nowhere'" in hand.foot
        await hand.press("b")
        assert [mark.node for mark in marks.bookmarks(hand.story)] == [EELS]
        await hand.press("u")
        assert len(marks.bookmarks(hand.story)) == 2


@pytest.mark.parametrize("size", SIZES)
async def test_t_gives_a_tag_and_takes_it_away(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        for expected in (["sea"], []):
            await hand.press("t")
            await hand.answers("sea")
            assert marks.tags(hand.story, hand.cursor) == expected


@pytest.mark.parametrize("size", SIZES)
async def test_y_copies_the_passage_to_terminal_and_file(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(EELS)
        await hand.press("y")
        assert hand.app.clipboard == hand.text.strip("\n")
        assert clipboard.copied_file().read_text(encoding="utf-8") == hand.text.strip("\n")
        assert "Copied" in hand.foot


async def test_on_a_high_screen_why_reason_note_and_marks_stand_below(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(EELS)
        for key, text in (("A", "the rope does the talking"), ("semicolon", HOSTILE)):
            await hand.press(key)
            await hand.answers(text)
        await hand.press("h", "a")
        await hand.answers("she must answer without the word")
        await hand.goes(EELS)
        screen = hand.screen
        for said in ("the rope does the talking", "she must answer without the word", "3 drafted"):
            assert said in screen
        assert "app.bell" in screen
        assert "\x1b" not in screen
    async with at_the_loom(path, (120, 24)) as hand:
        assert "why and notes" not in hand.screen


async def test_q_on_the_line_goes_where_the_key_q_goes(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.command("q")
        await hand.shows("Storyloom", "library")
        assert hand.app.is_running


async def test_ctrl_c_says_how_to_leave_in_our_own_words(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("ctrl+c")
        assert "q leaves this screen" in hand.foot
        await hand.press("e", "ctrl+c")
        assert "^g leaves this screen" in hand.foot
        assert "ctrl+q" not in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_the_header_names_the_chapter(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        assert "# Low bells" in hand.screen.splitlines()[0]
        await hand.press("h")
        assert "# The ferry" in hand.screen.splitlines()[0]
        await hand.press("l")
        assert "# Low bells" in hand.screen.splitlines()[0]


async def test_a_story_of_many_forks_is_gone_through_with_the_rows_right(tmp_path: Path) -> None:
    rng = random.Random(4)
    path = tmp_path / "many.loom"
    with Story.create(path, opening="Begin.") as story:
        nodes = [1]
        for number in range(120):
            parent = rng.choice(nodes[-20:])
            nodes += grown(story, parent, "openai/x", f" {number} a.", f" {number} b.")
        for node in rng.sample(nodes[1:], 12):
            if reading.standing(story, node) == node:
                shape.prune(story, node)
        weaves.set_weave(story, reading.standing(story, nodes[-1]))
    async with at_the_loom(path, (120, 40)) as hand:
        for _ in range(150):
            await hand.press(rng.choice("hjkllljh[]{}<>zZ"))
            rows = tree_rows(hand)
            assert Row(hand.cursor) in rows
            lines = hand.screen.splitlines()[1:]
            assert sum(line.startswith(">") and "branches" not in line[:12] for line in lines) == 1
            tree = hand.loom.query_one(TreePane)
            tree._load()
            assert tree.rows == rows or set(tree.rows) == set(rows), "what was kept is as if read"


async def test_two_hundred_resizes_lose_neither_cursor_nor_place(path: Path) -> None:
    rng = random.Random(2)
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(EELS)
        for _ in range(200):
            await hand.pilot.resize_terminal(rng.randint(20, 200), rng.randint(5, 60))
        await hand.pilot.resize_terminal(120, 40)
        await hand.pilot.pause()
        assert hand.cursor == EELS
        assert '▌ "I keep eels," she said' in hand.screen
        assert "Space grow" in hand.screen.splitlines()[-1]


async def test_on_a_very_wide_screen_the_next_request_stands_beside_the_branches(
    path: Path,
) -> None:
    async with at_the_loom(path, (160, 50)) as hand:
        await hand.shows("smollm2 is sent", "premise", "story")
        pane = hand.loom.query_one("#sends")
        assert pane.region.right <= 160
        await hand.pilot.resize_terminal(120, 40)
        await hand.pilot.pause()
        assert "is sent" not in hand.screen
        await hand.pilot.resize_terminal(160, 50)
        await hand.shows("smollm2 is sent")


async def test_a_model_that_was_never_asked_is_not_asked_for_the_pane(path: Path) -> None:
    settings = Settings(plan=(PlanPart("openai/gpt-4o-mini", 2),))
    async with at_the_loom(path, (160, 50), settings) as hand:
        await hand.shows("I asks what gpt-4o-mini can hold")


async def test_a_story_opens_though_what_a_crash_left_open_cannot_be_closed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Story) -> list[int]:
        raise Refusal("Nothing was saved: the disk is full.")

    monkeypatch.setattr(growth, "recover", full)
    async with at_the_loom(path, (80, 24)) as hand:
        await hand.shows("Bells at slack water", "Nothing was saved: the disk is full.")
        await hand.press("h")
        assert hand.cursor != BELLS


@pytest.mark.parametrize("whole", [False, True])
async def test_a_fork_that_goes_on_below_the_window_has_no_last_branch_in_it(
    path: Path, whole: bool
) -> None:
    with Story(path) as story:
        names = ("sea", "salt", "gold", "iron", "rope", "bell")
        kids = [shape.write_child(story, BELLS, f"Of {name}.") for name in names]
    async with at_the_loom(path, (60, 16)) as hand:
        await hand.goes(BELLS)
        await hand.press("v", *(["Z"] if whole else []))
        seen: set[str] = set()
        for kid in kids:
            await hand.goes(kid)
            rows = [line for line in hand.screen.splitlines() if " Of " in line][:6]
            shown = {line.split(" Of ")[1].split(".")[0]: line for line in rows if "─ " in line
                     or "├ " in line or "└ " in line}  # fmt: skip
            # The whole tree begins the window's first row at its edge, and its siblings too.
            assert whole or names[kids.index(kid)] in shown, hand.screen
            seen |= shown.keys()
            for name, line in shown.items():
                assert ("└ " in line) == (name == "bell"), hand.screen
        assert seen >= ({"sea", "salt"} if whole else set(names)), seen


def test_lines_go_down_to_branches_below_the_window() -> None:
    rows = [0, 1, 2, 2], [False, True, True, True]
    assert _guides(*rows) == ["", "└ ", "  ├ ", "  └ "]
    assert _guides(*rows, {0}) == ["", "├ ", "│ ├ ", "│ └ "]
    assert _guides(*rows, {1}) == ["", "└ ", "  ├ ", "  ├ "]
