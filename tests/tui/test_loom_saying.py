"""What the author says of a story: whys, notes, chapters, the `:` line, the palette, themes."""

from pathlib import Path

import pytest
from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from storyloom.exchange.importing import bring_in
from storyloom.story import marks, reading, tips, weaves
from storyloom.story.story import Story
from storyloom.tui.commands import LOOM
from storyloom.tui.screens.help import HelpScreen
from tests.tui.looming import at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, grown, saltmarsh

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, woven to BELLS, two chapters."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.mark.parametrize("size", SIZES)
async def test_a_why_is_said_of_the_next_fork_and_stands_above_it(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await hand.goes(ROPE)
        await hand.press("a")
        await hand.types("make him older")
        await hand.press("enter")
        assert marks.text_of(hand.story, ROPE, "why") == "make him older"
        await hand.press("l")
        assert "make him older" in hand.screen
        await hand.press("h", "a")
        line = hand.app.screen.query_one(Input)
        assert line.value == "make him older"
        await hand.press("escape")
        assert marks.text_of(hand.story, ROPE, "why") == "make him older"


async def test_a_note_shows_in_the_header_of_its_passage_and_a_reason_is_kept(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("semicolon")
        await hand.answers("too cute?")
        assert "note: too cute?" in hand.screen.splitlines()[0]
        await hand.press("A")
        await hand.answers("the bells come back")
        assert marks.text_of(hand.story, BELLS, "reason") == "the bells come back"
        await hand.press("semicolon")
        await hand.answers("")
        assert marks.text_of(hand.story, BELLS, "note") == ""
        assert "note:" not in hand.screen.splitlines()[0]


async def test_what_a_choice_is_called_when_the_story_is_played_is_said_in_the_loom(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("colon")
        await hand.answers("label Wait for the bells")
        assert marks.text_of(hand.story, BELLS, "label") == "Wait for the bells"
        await hand.press("colon")
        await hand.answers("label")
        assert hand.app.screen.query_one(Input).value == "Wait for the bells"
        await hand.answers("")
        assert marks.text_of(hand.story, BELLS, "label") == ""


async def test_a_chapter_is_named_renamed_and_taken_away(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(ROPE)
        await hand.press("C")
        await hand.answers("The rope")
        assert (ROPE, "The rope") in [
            (node, mark.title) for node, mark in reading.chapters(hand.story, BELLS)
        ]
        assert "The rope" in hand.screen
        await hand.press("C")
        assert hand.app.screen.query_one(Input).value == "The rope"
        await hand.answers("Paid out")
        assert [mark.title for mark in hand.card.marks] == ["Paid out"]
        await hand.press("C")
        await hand.answers("")
        assert hand.card.marks == ()


async def test_title_premise_and_style_are_changed_by_their_names(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.command("title High water")
        assert "High water" in hand.screen.splitlines()[0]
        await hand.command("style dry")
        assert marks.story_text(hand.story, "style") == "dry"
        await hand.command("premise")
        assert hand.app.screen.query_one(Input).value.startswith("A ferry keeper")
        await hand.answers("Nobody drowns.")
        assert marks.story_text(hand.story, "premise") == "Nobody drowns."


async def test_the_line_completes_with_tab_takes_a_beginning_and_refuses_the_unknown(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await hand.press("colon")
        await hand.types("wea")
        await hand.until(lambda: bool(hand.app.screen.query_one(Input)._suggestion))
        await hand.press("tab")
        assert hand.app.screen.query_one(Input).value == "weave"
        await hand.press("escape")
        assert state(hand.story) == before
        await hand.command("par")
        assert hand.cursor == ROPE
        await hand.command("fly away")
        assert "There is no command 'fly' here; ? shows all." in hand.foot
        await hand.command("p")
        assert "There is no command 'p' here" in hand.foot
        await hand.command("")
        assert hand.cursor == ROPE


async def test_every_command_is_on_the_line_and_in_the_palette(path: Path) -> None:
    async with at_the_loom(path) as hand:
        for command in LOOM:
            assert callable(getattr(hand.loom, f"do_{command.name.replace('-', '_')}"))
        await hand.press("ctrl+p")
        palette = hand.app.screen
        assert isinstance(palette, CommandPalette)
        await hand.types("lead the weave")
        await hand.shows("Lead the weave to here")
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.loom)


async def test_the_palette_does_what_is_chosen_in_it(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(HABIT)
        await hand.press("ctrl+p")
        await hand.types("lead the weave")
        await hand.shows("Lead the weave to here")
        await hand.press("enter")
        await hand.until(lambda: tips.weave_tip(hand.story) == HABIT, "the weave")


async def test_the_question_mark_shows_all_keys_and_goes_back(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("question_mark")
        assert isinstance(hand.app.screen, HelpScreen)
        await hand.press("q")
        assert hand.app.screen is hand.loom


@pytest.mark.parametrize("size", SIZES)
async def test_a_theme_changes_the_colours_at_once_and_an_unknown_one_is_refused(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:

        def colours() -> set[str]:
            return {
                str(segment.style.bgcolor.get_truecolor())
                for strip in hand.app.screen._compositor.render_strips()
                for segment in strip
                if segment.style is not None and segment.style.bgcolor is not None
            }

        await hand.press("h", "l")
        words, dusk = hand.screen, colours()
        await hand.command("theme paper")
        await hand.until(lambda: not colours() & dusk, "other colours")
        assert hand.screen == words
        await hand.command("theme beige")
        assert "There is no theme 'beige'" in hand.foot
        await hand.command("theme dusk")
        await hand.until(lambda: colours() == dusk, "the first colours")


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_everywhere_is_drawn_as_something_harmless(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "hostile.loom"
    with Story.create(path, title=HOSTILE, premise=HOSTILE, opening=HOSTILE) as story:
        one, _ = grown(story, 1, f"openai/{HOSTILE}", HOSTILE, HOSTILE * 3)
        for key in ("why", "note", "reason"):
            marks.set_text(story, 1, key, HOSTILE)
        marks.set_text(story, one, "note", HOSTILE)
        marks.set_chapter(story, one, HOSTILE)
        weaves.set_weave(story, one)
    async with at_the_loom(path, size) as hand:
        for keys in (("v",), ("h",), ("z",), ("z",), ("e",), ("ctrl+g",), ("s",), ("q",), ("a",)):
            await hand.press(*keys)
            drawn = hand.screen.replace("\n", "")
            assert drawn.isprintable(), [c for c in drawn if not c.isprintable()]
            assert not set(drawn) & set("\x1b\x9b\x07\x7f\u202e\u2066\u200b\U000e0041")
            assert "evil" in drawn or "red" in drawn


async def test_a_why_pasted_in_several_lines_is_kept_whole(path: Path) -> None:
    async with at_the_loom(path, (80, 24)) as hand:
        await hand.press("a", "A", "space")
        hand.app.post_message(events.Paste("bell\nrings \n\n once"))
        await hand.press("full_stop", "enter")
        assert marks.text_of(hand.story, hand.cursor, "why") == "A bell rings once."


async def test_a_paste_onto_the_loom_is_no_command(path: Path) -> None:

    async with at_the_loom(path) as hand:
        before = state(hand.story)
        hand.app.post_message(events.Paste("xxXw"))
        await hand.shows("That was pasted")
        await hand.press("x", "w", "u")
        assert state(hand.story) == before


async def test_a_chapter_leaves_its_passage_in_sight(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(BELLS)
        words = hand.text.split()[-3:]
        await hand.shows(*words)
        await hand.command("chapter A new one")
        await hand.shows("A new one", *words)


@pytest.mark.parametrize("size", SIZES)
async def test_a_text_that_was_brought_in_is_said_to_be_so_until_it_is_edited_and_then_both(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "tide.md").write_text("It rose.\n\n***\n\nIt fell.\n")
    made = bring_in(tmp_path / "tide.md", tmp_path)
    async with at_the_loom(made.path, size) as hand:
        await hand.goes(2)
        assert "imported" in hand.screen
        assert "human" not in hand.screen
        if size == SIZES[0]:
            await hand.press("v")
        (line,) = [line for line in hand.screen.splitlines() if "> " in line[:2]]
        assert "It fell." in line
        assert " I" in line.partition("It fell.")[2]
        await hand.press("e")
        await hand.types("So ")
        await hand.press("ctrl+o")
        await hand.until(lambda: "So" in hand.text, "the edit")
        assert "I~" in hand.screen
