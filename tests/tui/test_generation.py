"""The settings of a place: each with where it comes from, set, inherited and taken back."""

import sys
from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom.generate.plan import in_force, plan_for, set_plan, settings_for
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Preset, Settings, load
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.tui.screens.generation import GenerationScreen
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.models import ModelPicker
from storyloom.tui.widgets.section import Section
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


def box(hand: Hand, selector: str) -> list[str]:
    """Return the lines of a part of the screen."""
    where = hand.app.screen.query_one(selector).region
    lines = hand.screen.splitlines()[where.y : where.bottom]
    return [line[where.x : where.right] for line in lines]


def row(hand: Hand, label: str) -> list[str]:
    """Return a setting's value and source as they are on the screen."""
    rows = [line.lstrip(" >") for line in box(hand, "#settings")]
    (line,) = [line for line in rows if line.startswith(label)]
    return line.removeprefix(label).split()


def model(hand: Hand, name: str) -> list[str]:
    """Return a model's tick, count and values as they are on the screen."""
    lines = [line for line in box(hand, "#plan") if name in line]
    assert lines, hand.screen
    cells = lines[0].replace("[", " ").replace("]", " ").lstrip(" >").split()
    return [cells[0], *cells[2:6]] if cells[0] == "x" else ["-", *cells[1:5]]


def parts(hand: Hand, node: int = BELLS) -> tuple[PlanPart, ...]:
    """Return the plan in force at a node."""
    return plan_for(hand.story, node, Settings()).parts


@pytest.mark.parametrize("size", SIZES)
async def test_each_row_says_what_is_in_force_and_where_it_comes_from(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        assert model(hand, "gpt-4o-mini") == ["x", "2", "1.2", "-", "90"]
        assert "2 of 9 branches" in hand.screen
        assert f"set at n{ROPE}" in box(hand, "#plan")[0]
        assert row(hand, "length") == ["90", "the", "story's", "own"]
        assert row(hand, "temperature") == ["1.2", "set", "at", f"n{ROPE}"]
        assert row(hand, "top p")[:3] == ["the", "model's", "own"]
        assert row(hand, "trim")[0] == "yes"
        assert f"from n{BELLS} down" in hand.screen


async def test_every_setting_that_is_inherited_has_a_row(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        rows = [each.name for each in in_force(hand.story, Settings(), BELLS)]
        assert hand.app.screen.query_one("#settings", Section).count == len(rows)


@pytest.mark.parametrize("size", SIZES)
async def test_a_models_own_value_is_set_in_place_and_inherited_again(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("l", "0")
        await hand.answers("0.9")
        await hand.until(lambda: model(hand, "gpt-4o-mini")[2] == "0.9", "the value")
        assert parts(hand) == (PlanPart("openai/gpt-4o-mini", 2, {"temperature": 0.9}),)
        assert parts(hand, ROPE) == (PlanPart("openai/gpt-4o-mini", 2),)
        assert "set here" in box(hand, "#plan")[0]
        assert "has a plan of its own now; I lets it inherit again" in hand.foot
        await hand.press("l", "l", "enter")
        await hand.answers("5")
        assert "words has to be from 20 to 600" in hand.foot
        await hand.answers("120")
        await hand.until(lambda: model(hand, "gpt-4o-mini")[4] == "120", "the length")
        await hand.press("h", "h", "I")
        await hand.until(lambda: model(hand, "gpt-4o-mini")[2] == "1.2", "what holds for all")
        assert parts(hand)[0].values == {"words": 120}
        await hand.press("q", "u", "u", "u")
        assert plan_for(hand.story, BELLS, Settings()).owner == ROPE


async def test_a_digit_counts_branches_and_space_takes_a_model_out_and_in(path: Path) -> None:
    async with at_the_loom(path) as hand:
        set_plan(hand.story, BELLS, (PlanPart("one", 1, {"words": 30}), PlanPart("two", 2)))
        await opened(hand)
        await hand.press("3")
        await hand.until(lambda: model(hand, "one")[1] == "3", "the count")
        await hand.press("space")
        await hand.until(lambda: model(hand, "one")[0] == "-", "no tick")
        assert parts(hand) == (PlanPart("two", 2),)
        await hand.press("j", "space")
        assert "one model at the least" in hand.foot
        await hand.press("8", "k", "space")
        assert "1 to 9 branches, not 11" in hand.foot
        await hand.press("1")
        await hand.until(lambda: model(hand, "one")[:2] == ["x", "1"], "the tick")
        assert parts(hand) == (PlanPart("one", 1, {"words": 30}), PlanPart("two", 8))
        await hand.press("0")
        assert "asked for 1 to 9 branches" in hand.foot


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
        await hand.press("tab", "enter")
        for wrong, why in (("5", "from 20 to 600"), ("many", "a whole number"), (HOSTILE, "whole")):
            await hand.answers(wrong)
            await hand.shows(why)
            assert hand.app.screen.query_one(Input).has_focus
        await hand.answers("60")
        await hand.until(lambda: row(hand, "length")[0] == "60", "the value")
        await hand.press("enter")
        await hand.answers("")
        await hand.until(lambda: row(hand, "length")[0] == "90", "what is inherited")


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_goes_into_a_box_and_then_selects_and_edits(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        for _ in range(3):
            await hand.pilot.click("#settings", offset=(5, 2))
        assert hand.app.screen.query_one(Input).has_focus
        await hand.answers("0.5")
        await hand.until(lambda: row(hand, "temperature") == ["0.5", "set", "here"], "the value")


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
        await hand.until(lambda: model(hand, "smollm2")[1] == "3", "the models of the story")
        assert plan_for(hand.story, BELLS, Settings()).owner is None


@pytest.mark.parametrize("size", SIZES)
async def test_the_whole_storys_settings_are_one_key_away_and_so_are_those_of_the_place(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("S")
        await hand.shows("for the whole story")
        assert row(hand, "length") == ["90", "set", "here"]
        assert row(hand, "temperature")[0] == "the"
        await hand.press("g")
        assert f"S goes back to n{BELLS}" in hand.foot
        await hand.press("tab", "j", "enter")
        await hand.answers("0.4")
        await hand.until(lambda: row(hand, "temperature") == ["0.4", "set", "here"], "the value")
        await hand.press("S")
        await hand.until(lambda: row(hand, "temperature")[0] == "1.2", "that of the place")


async def test_a_why_is_said_taken_again_and_taken_away(path: Path) -> None:
    async with at_the_loom(path) as hand:
        for node, why in ((ROOT, "the parish forgets"), (ROPE, "make him older")):
            marks.set_text(hand.story, node, "why", why)
        await opened(hand)
        await hand.press("a")
        await hand.answers(HOSTILE)
        await hand.until(lambda: bool(marks.text_of(hand.story, BELLS, "why")), "the why")
        await hand.press("shift+tab", "2")
        await hand.until(
            lambda: marks.text_of(hand.story, BELLS, "why") == "the parish forgets", "the earlier"
        )
        assert "1 make him older" in " ".join(hand.screen.split())
        await hand.press("9")
        assert "no earlier why of number 9" in hand.foot
        await hand.press("enter")
        await hand.answers("")
        await hand.until(lambda: not marks.text_of(hand.story, BELLS, "why"), "none")


async def test_what_a_batch_would_cost_and_what_stands_in_its_way_is_said(path: Path) -> None:
    worker = Client(command=(sys.executable, "-m", "tests.tui.worker"))
    async with at_the_loom(path, (120, 40), client=worker) as hand:
        claude = PlanPart("anthropic/claude-sonnet-4-5", 2, {"temperature": 1.5})
        set_plan(hand.story, BELLS, (PlanPart("gpt-4o-mini", 2), claude))
        marks.set_setting(hand.story, "seed", 7)
        marks.set_setting(hand.story, "cap", 5)
        await opened(hand)
        await hand.shows("est. $0.0", "in 4 calls", "$5.00 left of cap")
        assert [" ".join(line.split()) for line in box(hand, "#checks")[1:5]] == [
            "warn gpt-4o-mini needs OPENAI_API_KEY: storyloom keys set openai",
            "warn claude-sonnet-4-5 needs ANTHROPIC_API_KEY: storyloom keys set anthropic",
            "warn claude-sonnet-4-5: temperature 1.5 is above 1, the most anthropic takes",
            "note claude-sonnet-4-5 takes no seed: it is left out",
        ]
        assert "gpt-4o-mini is sent" in hand.screen
        marks.set_setting(hand.story, "cap", 0.001)
        await hand.press("1")
        await hand.shows("Nothing was sent: this may cost up to $0.0", "in 3 calls")
        await hand.press("j")
        assert "claude-sonnet-4-5 is sent" in hand.screen


async def test_g_grows_branches_from_there_as_it_is_shown(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("2", "g")
        # Without a models' process nothing comes, but it was asked for.
        await hand.until(lambda: isinstance(hand.app.screen, LoomScreen), "the loom")
        await hand.until(lambda: "ended" in hand.foot or "worker" in hand.foot, "the answer")


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
        assert ":preset save NAME, keeps what is in force" in hand.foot


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config file, which is not there yet."""
    file = tmp_path / "config.toml"
    monkeypatch.setenv("STORYLOOM_CONFIG", str(file))
    return file


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_in_force_is_kept_as_a_preset_and_taken_without_a_restart(
    path: Path, config: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("s")
        await hand.answers("dark  one")
        await hand.shows("p 1 takes dark one")
        text = config.read_text()
        assert text.splitlines() == [
            "[[preset]]", 'name = "dark one"', 'models = { "openai/gpt-4o-mini" = 2 }',
            "words = 90", "temperature = 1.2",
        ]  # fmt: skip
        assert "preset 'dark one'" in box(hand, "#plan")[0]
        await hand.press("tab", "1")
        await hand.answers("150")
        await hand.until(lambda: row(hand, "length")[0] == "150", "the value")
        assert "preset" not in box(hand, "#plan")[0]
        await hand.press("p", "1")
        await hand.until(lambda: row(hand, "length")[0] == "90", "the preset's")
        await hand.press("q")
        await hand.goes(OTHER)
        await hand.press("p", "1")
        await hand.until(lambda: "dark one from here down" in hand.foot, "the answer")
        assert settings_for(hand.story, Settings(), OTHER).temperature == 1.2


async def test_a_preset_of_that_name_is_replaced_only_when_asked_for(
    path: Path, config: Path
) -> None:
    config.write_text("[[preset]]\nname = 'dry'\nwords = 40 # few\n")
    async with at_the_loom(path, settings=load()) as hand:
        await hand.command("preset save dry")
        assert "There is a preset dry. Replace it? y/n" in hand.foot
        await hand.press("n")
        assert "words = 40" in config.read_text()
        await hand.command("preset save dry")
        await hand.press("y")
        await hand.until(lambda: "words = 90" in config.read_text(), "the new one")
        await hand.command(f"preset save {'x' * 41}")
        assert "name has 1 to 40 characters" in hand.foot
        assert len(load().presets) == 1


async def test_there_is_no_tenth_preset_and_a_file_that_cannot_be_written_says_so(
    path: Path, config: Path
) -> None:
    nine = "".join(f"[[preset]]\nname = 'p{n}'\nwords = 40\n" for n in range(9))
    config.write_text(nine)
    async with at_the_loom(path, settings=load()) as hand:
        await hand.command("preset save more")
        assert "nine presets, one for each digit" in hand.foot
        config.write_text("words = [")
        await hand.command("preset save p1")
        await hand.press("y")
        await hand.until(lambda: "not right as TOML" in hand.foot, "why not")
        assert config.read_text() == "words = ["


async def test_the_models_are_chosen_in_their_own_screen_and_shown_here(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("l", "enter")
        await hand.answers("0.3")
        await hand.press("m")
        await hand.until(lambda: isinstance(hand.app.screen, ModelPicker), "the picker")
        await hand.press("3", "enter")
        await hand.until(lambda: isinstance(hand.app.screen, GenerationScreen), "the settings")
        await hand.until(lambda: model(hand, "gpt-4o-mini")[1] == "3", "the count")
        assert parts(hand) == (PlanPart("openai/gpt-4o-mini", 3, {"temperature": 0.3}),)
