"""Pruning, restoring, joining, splitting, weaving from keys, and taking all of it back."""

from pathlib import Path

import pytest

from storyloom.story import marks, tips
from storyloom.story.story import Story
from tests.tui.looming import at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import grown, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.mark.parametrize("size", SIZES)
async def test_x_prunes_at_once_what_the_weave_does_not_go_through(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(EELS)
        await hand.press("x")
        assert hand.kids(ROOT) == [ROPE, HABIT]
        assert hand.cursor == HABIT
        await hand.shows("1 pruned")
        await hand.press("x")
        assert hand.kids(ROOT) == [ROPE]
        assert hand.cursor == ROPE
        await hand.shows("2 pruned")


async def test_x_on_the_weave_asks_first_and_only_y_prunes(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        for answer in ("n", "", "no", "k"):
            await hand.press("x")
            assert "The weave goes through here. Prune it? y/n" in hand.foot
            await hand.answers(answer)
            assert state(hand.story) == before
        await hand.press("x", "escape")
        assert state(hand.story) == before
        await hand.press("x")
        await hand.press("y")
        await hand.until(lambda: hand.kids(ROPE) == [OTHER])
        assert hand.cursor == OTHER
        assert tips.weave_tip(hand.story) == ROPE


async def test_the_only_story_there_is_cannot_be_pruned(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("<", "x")
        await hand.press("y")
        await hand.shows("The opening is all this story has")
        assert hand.cursor == ROOT


async def test_capital_x_keeps_one_and_capital_u_brings_the_others_back(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(EELS)
        await hand.press("X")
        # The weave goes through one of the others, so it is asked for; n leaves all as it is.
        await hand.press("n")
        assert hand.kids(ROOT) == [ROPE, EELS, HABIT]
        await hand.press("X")
        await hand.press("y")
        await hand.until(lambda: hand.kids(ROOT) == [EELS])
        assert "2 others pruned; u brings them back." in hand.foot
        await hand.press("U")
        assert hand.kids(ROOT) == [ROPE, EELS, HABIT]
        assert "2 brought back." in hand.foot
        await hand.press("U")
        assert "Nothing is pruned here." in hand.foot


async def test_capital_u_on_a_parent_brings_back_what_is_below_it(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("j", "x", "x")
        await hand.press("y")
        await hand.until(lambda: hand.cursor == ROPE)
        assert hand.kids(ROPE) == []
        await hand.press("U")
        assert hand.kids(ROPE) == [BELLS, OTHER]


@pytest.mark.parametrize("size", SIZES)
async def test_s_splits_at_the_mark_and_capital_j_joins_again(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(ROPE)
        text, runs, kids = hand.text, hand.runs_of(ROPE), hand.kids(ROPE)
        await hand.press("s")
        await hand.shows(f"split n{ROPE}")
        await hand.press("k", "k", *("h" * 16), "l", "enter")
        await hand.shows("Split; the cursor is on the first half.")
        first = hand.cursor
        (second,) = hand.kids(first)
        assert hand.text_of(first) == "Mara looked"
        assert hand.text_of(first) + hand.text_of(second) == text
        assert [length for _, length in hand.runs_of(first)] == [11]
        assert hand.runs_of(second) == [(runs[0][0], runs[0][1] - 11)]
        assert hand.kids(second) == kids
        assert hand.card.woven
        await hand.goes(second)
        await hand.press("J")
        joined = hand.cursor
        assert (hand.text_of(joined), hand.runs_of(joined)) == (text, runs)
        assert hand.kids(joined) == kids


async def test_leaving_the_split_changes_nothing(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(ROPE)
        before = state(hand.story)
        for key in ("q", "escape", "ctrl+g"):
            await hand.press("s")
            await hand.shows(f"split n{ROPE}")
            await hand.press("l", key)
            await hand.until(lambda: hand.app.screen is hand.loom)
            assert state(hand.story) == before


async def test_a_text_of_one_character_cannot_be_split_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "short.loom"
    Story.create(path, title="Short", opening="A").close()
    async with at_the_loom(path) as hand:
        await hand.press("s", "enter")
        await hand.shows("A split needs text on both of its sides")
        assert hand.kids(ROOT) == []


async def test_a_join_at_a_fork_is_refused_with_a_sentence(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await hand.press("J")
        assert state(hand.story) == before
        assert "other branch" in hand.foot, hand.foot
        await hand.press("<", "J")
        assert "The root has no parent to be joined with." in hand.foot


@pytest.mark.parametrize("size", SIZES)
async def test_w_leads_the_weave_to_the_cursor(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(HABIT)
        assert "*weave" not in hand.screen.splitlines()[0]
        await hand.press("w")
        assert tips.weave_tip(hand.story) == HABIT
        assert "*weave" in hand.screen.splitlines()[0]
        assert "The weave leads here." in hand.foot


STEPS = ("a chapter mark", "where a weave leads", "a join", "a split", "a pruning", "a note")


async def test_six_steps_are_taken_back_one_by_one_and_made_again_to_the_same_state(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        states = [state(hand.story)]

        def there() -> bool:
            return hand.app.screen is hand.loom

        async def done(*keys: str) -> None:
            await hand.press(*keys)
            await hand.until(lambda: there() and state(hand.story) != states[-1])
            states.append(state(hand.story))

        await hand.command("note an echo")
        assert state(hand.story) != states[-1]
        states.append(state(hand.story))
        await hand.goes(HABIT)
        await done("x")
        await hand.goes(ROPE)
        await done("s", "enter")
        await hand.press("l")
        await done("J")
        await hand.goes(EELS)
        await done("w")
        await hand.command("chapter Eels")
        states.append(state(hand.story))

        for step, before in zip(STEPS, reversed(states[:-1]), strict=True):
            await hand.press("u")
            assert hand.foot.endswith(f"Taken back: {step}.")
            assert state(hand.story) == before
        for step, after in zip(reversed(STEPS), states[1:], strict=True):
            await hand.press("ctrl+r")
            assert hand.foot.endswith(f"Made again: {step}.")
            assert state(hand.story) == after
        await hand.press("ctrl+r")
        assert "There is nothing to make again." in hand.foot


async def test_undo_goes_on_after_the_story_was_closed_and_ends_with_a_sentence(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await hand.press("j", "x")
    async with at_the_loom(path) as hand:
        await hand.press("u")
        assert state(hand.story) == before
        assert hand.cursor == OTHER
        for _ in range(20):
            await hand.press("u")
        assert "There is nothing to take back." in hand.foot


async def test_undoing_a_pruning_puts_the_cursor_on_what_came_back(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(EELS)
        await hand.press("x", "<", "u")
        assert hand.cursor == EELS


async def test_a_weave_that_led_below_a_pruned_branch_ends_above_it(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(ROPE)
        await hand.press("x")
        await hand.press("y")
        await hand.until(lambda: hand.cursor == EELS)
        await hand.press(">")
        assert hand.cursor == ROOT


async def test_a_story_changed_by_another_program_is_shown_as_it_now_is(path: Path) -> None:
    async with at_the_loom(path, (120, 40)) as hand:
        with Story(path) as other:
            (made,) = grown(other, ROPE, "openai/gpt-4o-mini", "Written elsewhere.")
            marks.set_text(other, 0, "title", "Renamed elsewhere")
        await hand.shows("Written elsewhere.", "Renamed elsewhere")
        assert hand.kids(ROPE) == [BELLS, OTHER, made]


async def test_a_file_that_cannot_be_written_to_is_shown_and_every_change_refused(
    path: Path,
) -> None:
    path.parent.chmod(0o500)
    path.chmod(0o400)
    try:
        with Story(path) as story:
            if not story.readonly:
                pytest.skip("this user may write to anything")
        async with at_the_loom(path) as hand:
            assert "cannot be written to" in hand.foot
            before = state(hand.story)
            for key in ("x", "w", "X", "J", "u", "space", "s"):
                await hand.press(key)
                assert state(hand.story) == before
    finally:
        path.parent.chmod(0o700)
