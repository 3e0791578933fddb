"""What the author puts elsewhere, marks, and deletes for good, by `:` commands of the loom."""

from pathlib import Path

import pytest

from storyloom.story import growth, marks, reading, shape, tips
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from tests.tui.looming import at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.mark.parametrize("size", SIZES)
async def test_a_branch_moves_among_those_of_its_fork_and_back(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(ROPE)
        await hand.command("move-down")
        assert hand.kids(ROOT) == [EELS, ROPE, HABIT]
        assert hand.cursor == ROPE
        await hand.command("move-up")
        await hand.command("move-up")
        assert hand.kids(ROOT) == [ROPE, EELS, HABIT]
        assert "first branch" in hand.foot
        await hand.press("u", "u")
        assert hand.kids(ROOT) == [ROPE, EELS, HABIT]


async def test_a_branch_is_hung_elsewhere_and_one_is_copied(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await hand.goes(OTHER)
        await hand.command("move-to n3")
        assert hand.kids(EELS) == [OTHER]
        assert hand.cursor == OTHER
        await hand.goes(ROPE)
        await hand.command("copy-to n6")
        (copy,) = hand.kids(OTHER)
        assert hand.cursor == copy
        assert hand.text == hand.text_of(ROPE)
        assert "Copied" in hand.foot
        await hand.command("move-to n99")
        assert "no node" in hand.foot
        await hand.command("move-to n6")
        assert hand.kids(OTHER) == [copy]
        await hand.goes(ROOT)
        await hand.command("move-to n5")
        assert "hang on itself" in hand.foot
        await hand.press("u", "u")
        assert state(hand.story) == before


async def test_tags_and_bookmarks_are_set_and_taken_away(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(ROPE)
        await hand.command("tag slack water")
        assert marks.tags(hand.story, ROPE) == ["slack water"]
        await hand.command("tag")
        assert "it has slack water" in hand.screen
        await hand.answers("slack water")
        assert marks.tags(hand.story, ROPE) == []
        await hand.command("bookmark the bells")
        assert marks.bookmarks(hand.story) == [(ROPE, "the bells")]
        await hand.command("bookmark")
        assert marks.bookmarks(hand.story) == []
        await hand.press("u")
        assert marks.bookmarks(hand.story) == [(ROPE, "the bells")]


async def test_another_weave_is_led_by_its_name(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(HABIT)
        await hand.command("weave darker ending")
        assert tips.weave_tip(hand.story, "darker ending") == HABIT
        assert tips.weave_tip(hand.story) == BELLS
        await hand.press("w")
        assert tips.weave_tip(hand.story) == HABIT


@pytest.mark.parametrize("size", SIZES)
async def test_a_purge_names_the_count_and_takes_no_other_answer(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(ROPE)
        await hand.command("purge")
        assert "Nothing is pruned at this fork" in hand.foot
        await hand.goes(OTHER)
        await hand.press("x")
        await hand.goes(EELS)
        await hand.press("x")
        await hand.command("purge")
        assert "Purge 1 node" in hand.screen
        await hand.answers("y")
        assert "Nothing was purged" in hand.foot
        assert reading.pruned_children(hand.story, ROOT) == [EELS]
        await hand.command("purge")
        await hand.answers("1")
        await hand.shows("1 purged for good")
        assert reading.pruned_children(hand.story, ROOT) == []
        await hand.goes(BELLS)
        await hand.command("purge")
        await hand.answers("1")
        await hand.shows("1 purged for good")
    assert b"I keep eels" not in path.read_bytes()


async def test_a_search_tells_where_it_was_found_and_what_is_pruned(path: Path) -> None:
    with Story(path) as story:
        marks.set_text(story, HABIT, "note", "Quicksilver?")
        shape.prune(story, HABIT)
    async with at_the_loom(path) as hand:
        await hand.press("slash")
        await hand.answers("quicksilver")
        assert "hit 1 of 1, in its note, pruned" in hand.foot
        assert hand.cursor == HABIT
        await hand.press("slash")
        await hand.answers("w bells")
        assert hand.cursor == BELLS
        await hand.press("slash")
        await hand.answers("w quicksilver")
        assert "On the weave nothing" in hand.foot


async def test_a_fold_tells_how_many_nodes_it_hides(path: Path) -> None:
    with Story(path) as story:
        for number in range(5):
            shape.write_child(story, BELLS, f"And {number}.")
    async with at_the_loom(path, (120, 40)) as hand:
        await hand.goes(ROPE)
        await hand.press("z")
        await hand.goes(ROOT)
        assert "+7 " in hand.screen


async def test_what_another_program_writes_is_seen_without_a_key(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(ROPE)
        with Story(path) as other:
            (place,) = growth.request(other, ROOT, [Asked("m/one", {"prompt": "p"})])
            growth.finish(other, place, "Written elsewhere.", Result("stop"))
        await hand.shows("Written elsewhere.")
