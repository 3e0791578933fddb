"""The settings of a place: each with where it comes from, set, inherited and taken back."""

from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom.generate.plan import plan_for, set_plan, settings_for
from storyloom.settings import PlanPart, Preset, Settings
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.tui.screens.generation import GenerationScreen
from storyloom.tui.screens.models import ModelPicker
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story of which the whole has words, and ROPE has a temperature and a plan."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        marks.set_setting(story, "words", 90)
        marks.set_setting(story, "temperature", 1.2, ROPE)
        set_plan(story, ROPE, (PlanPart("openai/gpt-4o-mini", 2),))
    return path


async def opened(hand: Hand, node: int = BELLS) -> None:
    await hand.goes(node)
    await hand.press("G")
    assert isinstance(hand.app.screen, GenerationScreen)
    await hand.shows("temperature")


def row(hand: Hand, label: str) -> list[str]:
    """Return a setting's value and source as they are on the screen."""
    rows = [line.lstrip(" >") for line in hand.screen.splitlines()[1:10]]
    (line,) = [line for line in rows if line.startswith(label)]
    return line.removeprefix(label).split()


@pytest.mark.parametrize("size", SIZES)
async def test_each_row_says_what_is_in_force_and_where_it_comes_from(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        assert row(hand, "models") == ["gpt-4o-mini", "x2", "set", "at", f"n{ROPE}"]
        assert row(hand, "length") == ["90", "the", "story's", "own"]
        assert row(hand, "temperature") == ["1.2", "set", "at", f"n{ROPE}"]
        assert row(hand, "top p")[:3] == ["the", "model's", "own"]
        assert row(hand, "trim")[0] == "yes"
        assert f"from n{BELLS} down" in hand.screen


@pytest.mark.parametrize("size", SIZES)
async def test_a_value_is_set_for_the_place_in_one_step_that_u_takes_back(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("j", "enter")
        assert hand.app.screen.query_one(Input).value == "90"
        await hand.answers("150")
        await hand.until(lambda: row(hand, "length") == ["150", "set", "here"], "the value")
        assert settings_for(hand.story, Settings(), BELLS).words == 150
        assert settings_for(hand.story, Settings(), ROPE).words == 90
        await hand.press("q", "u")
        assert settings_for(hand.story, Settings(), BELLS).words == 90


async def test_what_cannot_be_is_said_and_what_was_typed_stays_to_be_put_right(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("j", "enter")
        for wrong, why in (("5", "from 20 to 600"), ("many", "a whole number"), (HOSTILE, "whole")):
            await hand.answers(wrong)
            await hand.shows(why)
            assert hand.app.screen.query_one(Input).has_focus
        await hand.answers("60")
        await hand.until(lambda: row(hand, "length")[0] == "60", "the value")
        await hand.press("enter")
        await hand.answers("")
        await hand.until(lambda: row(hand, "length")[0] == "90", "what is inherited")


async def test_a_question_of_yes_or_no_takes_one_key(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press(*"jjjjj", "enter", "n")
        await hand.until(lambda: row(hand, "trim") == ["no", "set", "here"], "the value")
        assert not settings_for(hand.story, Settings(), BELLS).trim
        assert settings_for(hand.story, Settings(), ROPE).trim


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_set_here_is_inherited_again_and_what_is_not_says_so(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, ROPE)
        await hand.press("j", "I")
        assert "inherited already: the story's own" in hand.foot
        await hand.press("j", "I")
        await hand.until(lambda: row(hand, "temperature")[0] == "the", "the model's own")
        await hand.press("k", "k", "I")
        await hand.until(lambda: "smollm2" in row(hand, "models"), "the models of the story")
        assert plan_for(hand.story, BELLS, Settings()).owner is None


@pytest.mark.parametrize("size", SIZES)
async def test_s_goes_to_the_whole_storys_settings_and_back(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("s")
        await hand.shows("for the whole story")
        assert row(hand, "length") == ["90", "set", "here"]
        assert row(hand, "temperature")[0] == "the"
        await hand.press("j", "j", "enter")
        await hand.answers("0.4")
        await hand.until(lambda: row(hand, "temperature") == ["0.4", "set", "here"], "the value")
        await hand.press("s")
        await hand.until(lambda: row(hand, "temperature")[0] == "1.2", "that of the place")


PRESETS = Settings(
    presets=(
        Preset("fork", (PlanPart("openai/gpt-4o-mini", 2), PlanPart("tide", 1))),
        Preset("dry \x1b[31m[/]", values={"temperature": 0.2, "words": 40}),
    )
)


@pytest.mark.parametrize("size", SIZES)
async def test_a_preset_is_taken_by_its_digit_and_taken_back_by_u(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size, PRESETS) as hand:
        await hand.goes(OTHER)
        await hand.press("p")
        assert "1 fork 2 dry ␛[31m[/]" in hand.foot
        await hand.press("2")
        await hand.until(lambda: "from here down" in hand.foot, "the answer")
        assert settings_for(hand.story, PRESETS, OTHER).temperature == 0.2
        assert settings_for(hand.story, PRESETS, ROPE).temperature == 1.2
        await hand.command("preset fork")
        await hand.until(lambda: "gpt-4o-mini x2 + tide x1" in hand.foot, "the plan")
        assert plan_for(hand.story, OTHER, PRESETS).owner == OTHER
        await hand.press("u", "u")
        assert plan_for(hand.story, OTHER, PRESETS).owner == ROPE
        assert settings_for(hand.story, PRESETS, OTHER).temperature == 1.2
        await hand.command("preset none")
        assert "There is no preset 'none'; there are fork, dry" in hand.foot


async def test_without_a_preset_it_is_said_where_one_comes_from(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("p")
        assert "[[preset]] table in the config file" in hand.foot


@pytest.mark.parametrize("keys", ["m", "\r"])
async def test_the_models_are_chosen_in_their_own_screen(path: Path, keys: str) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("enter" if keys == "\r" else keys)
        await hand.until(lambda: isinstance(hand.app.screen, ModelPicker), "the picker")
