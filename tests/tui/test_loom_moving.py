"""Every way of moving through the tree, at both sizes, and coming back to the same place."""

from pathlib import Path
from typing import NoReturn

import pytest

from storyloom.story import rows, weaves
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.widgets.tree import TreePane
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import grown, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6
"""The nodes of saltmarsh: the opening, its three branches, and the two of the first one's."""


def drawn(hand: Hand, pane: str) -> list[str]:
    """Return the lines of one pane."""
    region = hand.loom.query_one(pane).region
    lines = hand.screen.splitlines()[region.y : region.bottom]
    return [line[region.x : region.right] for line in lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.mark.parametrize("size", SIZES)
async def test_it_opens_at_the_weaves_tip_with_strand_branches_and_title(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        assert hand.cursor == BELLS
        screen = hand.screen
        assert "Saltmarsh" in screen
        assert f"n{BELLS}" in screen
        assert "depth 3" in screen
        assert "mislaid the book" in screen
        assert '"I keep eels,"' in screen


@pytest.mark.parametrize("size", SIZES)
async def test_hjkl_and_the_arrows_go_to_parent_siblings_and_child(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        visited: list[int] = []
        for key in ("j", "j", "k", "h", "j", "j", "j", "k", "k", "k", "h", "h", "l", "l", "l"):
            await hand.press(key)
            visited.append(hand.cursor)
        there = [OTHER, OTHER, BELLS, ROPE, EELS, HABIT, HABIT, EELS, ROPE, ROPE, ROOT, ROOT]
        assert visited == [*there, ROPE, BELLS, BELLS]
        arrows: list[int] = []
        for key in ("down", "up", "left", "right"):
            await hand.press(key)
            arrows.append(hand.cursor)
        assert arrows == [OTHER, BELLS, ROPE, BELLS]


async def test_the_child_gone_to_is_the_one_last_looked_at(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("j", "h", "l")
        assert hand.cursor == OTHER
        await hand.press("h", "h", "l")
        assert hand.cursor == ROPE


@pytest.mark.parametrize("size", SIZES)
async def test_beginning_tip_forks_and_chapters_are_one_key_away(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        for key, node in (
            ("<", ROOT), (">", BELLS), ("[", ROPE), ("[", ROOT), ("[", ROOT), ("]", ROPE),
            ("]", BELLS), ("{", ROOT), ("}", BELLS),
        ):  # fmt: skip
            await hand.press(key)
            assert hand.cursor == node, key
        await hand.press("}")
        assert hand.cursor == BELLS
        assert "There is no chapter further on." in hand.foot


async def test_a_digit_goes_to_the_branch_of_that_number_and_no_further(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("h")
        visited: list[int] = []
        for key in "3129":
            await hand.press(key)
            visited.append(hand.cursor)
        assert visited == [HABIT, ROPE, EELS, EELS]


async def test_go_takes_a_node_and_says_when_there_is_none(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.command("go n4")
        assert hand.cursor == HABIT
        await hand.command("go 2")
        assert hand.cursor == ROPE
        for wrong in ("go n99", "go here", "go", "go -1", "go ²"):
            await hand.command(wrong)
            assert hand.cursor == ROPE
            assert "There is no node" in hand.foot, wrong


@pytest.mark.parametrize("size", SIZES)
async def test_the_strand_pages_through_a_text_longer_than_the_pane(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "long.loom"
    with Story.create(path, title="Long", opening="Once.\n\n") as story:
        text = "\n\n".join(f"Paragraph {n} of a long branch." for n in range(40))
        weaves.set_weave(story, grown(story, 1, "openai/gpt-4o-mini", text)[0])
    async with at_the_loom(path, size) as hand:
        assert "Paragraph 0 " in hand.screen
        seen: set[int] = set()
        for _ in range(12):
            seen |= {n for n in range(40) if f"Paragraph {n} of" in hand.screen}
            await hand.press("pagedown")
        assert seen == set(range(40))
        assert "Paragraph 39 of" in hand.screen
        for _ in range(12):
            await hand.press("pageup")
        assert "Once." in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_a_search_goes_from_hit_to_hit_also_into_a_fold(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(ROOT)
        await hand.press("z")
        assert rows.folded(hand.story, ROOT)
        await hand.press("slash")
        await hand.answers("eels")
        hits = [hand.cursor]
        assert "hit 1 of 2" in hand.foot
        for _ in range(2):
            await hand.press("n")
            hits.append(hand.cursor)
        assert sorted(hits[:2]) == [EELS, OTHER]
        assert hits[2] == hits[0]
        await hand.press("N")
        assert hand.cursor == hits[1]
        assert not rows.folded(hand.story, ROOT)
        await hand.command("search parlour")
        assert "Nothing in this story has 'parlour'." in hand.foot


async def test_the_next_hit_without_a_search_says_how_to_search(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("n")
        assert "/ does" in hand.foot


async def test_a_fold_hides_what_is_below_in_the_tree_and_shows_it_again(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(ROPE)
        await hand.press("Z")
        whole = [row.node for row in hand.loom.query_one("#tree").rows]
        assert {BELLS, OTHER} <= set(whole)
        await hand.press("z")
        folded = [row.node for row in hand.loom.query_one("#tree").rows]
        assert not {BELLS, OTHER} & set(folded)
        assert "+2 " in hand.screen
        await hand.press("z")
        assert [row.node for row in hand.loom.query_one("#tree").rows] == whole
        await hand.press("l", "z")
        assert "nothing below to fold" in hand.foot


@pytest.mark.parametrize("size", SIZES)
async def test_a_step_into_a_fold_opens_it(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        if size == SIZES[0]:
            await hand.press("v")
        await hand.goes(ROPE)
        await hand.press("z")
        assert BELLS not in [row.node for row in hand.loom.query_one(TreePane).rows]
        assert "+2 " in hand.screen
        await hand.press("l")
        assert not rows.folded(hand.story, ROPE)
        drawn_rows = [row.node for row in hand.loom.query_one(TreePane).rows]
        assert {ROPE, BELLS, OTHER} <= set(drawn_rows)
        assert "+2 " not in hand.screen


async def test_what_is_written_below_a_fold_opens_it(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(ROPE)
        await hand.press("z", "i")
        await hand.types("Then")
        await hand.press("ctrl+o")
        await hand.until(lambda: hand.text.strip() == "Then", "the new passage")
        assert not rows.folded(hand.story, ROPE)
        assert hand.cursor in [row.node for row in hand.loom.query_one(TreePane).rows]


async def test_a_fold_that_cannot_be_opened_is_gone_into_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> NoReturn:
        raise Refusal("It can only be read.")

    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(ROPE)
        await hand.press("z")
        monkeypatch.setattr(hand.story, "quick", refused)
        await hand.press("l")
        assert hand.cursor == BELLS
        assert "mislaid the book" in hand.screen
        monkeypatch.undo()


async def test_a_story_opens_again_at_the_same_node_and_view_and_folds(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("v")
        await hand.goes(ROOT)
        await hand.press("z")
        await hand.goes(EELS)
        await hand.press("h", "z", "l", "j", "k")
        left, tree = hand.cursor, drawn(hand, "#tree")
    async with at_the_loom(path) as hand:
        assert hand.cursor == left
        assert hand.loom.has_class("-tree")
        assert drawn(hand, "#tree") == tree


async def test_resizing_to_the_small_screen_and_back_keeps_the_place(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(EELS)
        before = hand.screen
        await hand.pilot.resize_terminal(80, 24)
        await hand.shows('"I keep eels,"')
        assert hand.cursor == EELS
        await hand.pilot.resize_terminal(20, 5)
        await hand.shows("Storyloom needs")
        await hand.pilot.resize_terminal(120, 40)
        await hand.until(
            lambda: hand.screen.splitlines()[:-1] == before.splitlines()[:-1], "the old screen"
        )


@pytest.mark.parametrize("size", SIZES)
async def test_the_cursors_row_of_a_deep_bushy_tree_shows_its_text(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "deep.loom"
    with Story.create(path, title="Deep", opening="The beginning.") as story:
        node = 1
        for depth in range(40):
            node, _ = grown(story, node, "openai/gpt-4o-mini", f" Deep {depth}.", " Aside.")
        weaves.set_weave(story, node)
    async with at_the_loom(path, size) as hand:
        if size[0] < 100:
            await hand.press("v")
        for _ in range(16):
            tree = drawn(hand, "#tree")
            depth = int(hand.text.split()[1].rstrip("."))
            assert any(">" in line and f"Deep {depth}" in line for line in tree), "\n".join(tree)
            await hand.press("h")
