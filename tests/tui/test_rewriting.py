"""Writing by hand: who wrote each character stays known, and no word typed is ever lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from storyloom.generate.joining import joined
from storyloom.story import origins, reading, weaves
from storyloom.story.story import Story
from storyloom.tui.screens import rewriting
from storyloom.tui.screens.editor import EditorScreen, Passage
from tests.tui.looming import Hand, at_the_loom, state
from tests.tui.stage import SIZES
from tests.tui.stories import grown

MODEL = "model:openai/gpt-4o-mini"
ORIGIN = st.sampled_from(["human", "paste", MODEL])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An opening by hand and a model's `iron`, woven."""
    path = tmp_path / "iron.loom"
    with Story.create(path, title="Iron", opening="The gate was made of ") as story:
        weaves.set_weave(story, grown(story, 1, "openai/gpt-4o-mini", "iron", "salt")[0])
    return path


async def opens(hand: Hand, key: str) -> Passage:
    """Press a key that opens the editor, and return its text area."""
    await hand.press(key)
    await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
    return hand.app.screen.query_one(Passage)


async def keeps(hand: Hand) -> None:
    """Keep the text and wait for the loom."""
    await hand.press("ctrl+o")
    await hand.until(lambda: hand.app.screen is hand.loom, "the loom")
    await hand.pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_inside_a_models_word_is_the_authors_and_the_rest_the_models(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        before = state(hand.story)
        passage = await opens(hand, "e")
        assert passage.text == "iron"
        await hand.press("left", "left", "X", "X")
        await keeps(hand)
        assert hand.text == "irXXon"
        assert hand.runs_of(hand.cursor) == [(MODEL, 2), ("human", 2), (MODEL, 2)]
        assert hand.card.edited
        await hand.press("u")
        assert state(hand.story) == before


async def test_a_long_paste_is_marked_as_one_and_a_short_one_counts_as_typed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Keys right after a paste are taken for its rest; a test is quicker than any author.
    monkeypatch.setattr("storyloom.tui.screens.base._PASTE_SECONDS", 0)
    async with at_the_loom(path) as hand:
        passage = await opens(hand, "e")
        for text in (" " + "p" * 19, " short"):
            had = len(passage.text)
            hand.app.post_message(events.Paste(text))
            await hand.until(lambda had=had, text=text: len(passage.text) == had + len(text))
            await hand.pilot.pause()
        await keeps(hand)
        assert hand.runs_of(hand.cursor) == [(MODEL, 4), ("paste", 20), ("human", 6)]


async def test_what_was_copied_in_the_story_keeps_its_author_where_a_part_of_it_is_pasted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storyloom.tui.screens.base._PASTE_SECONDS", 0)
    async with at_the_loom(path) as hand:
        words = hand.text.strip()[:3]
        await hand.press("y")
        passage = await opens(hand, "o")
        await hand.types("He said ")
        for text in (words, "q" * 20):
            had = len(passage.text)
            hand.app.post_message(events.Paste(text))
            await hand.until(lambda had=had, text=text: len(passage.text) == had + len(text))
            await hand.pilot.pause()
        await keeps(hand)
        assert hand.text == f"He said {words}{'q' * 20}"
        assert hand.runs_of(hand.cursor) == [("human", 8), (MODEL, 3), ("paste", 20)]


async def test_taking_back_inside_the_editor_gives_the_model_its_characters_again(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        passage = await opens(hand, "e")
        await hand.press("backspace", "backspace")
        await hand.pilot.pause()
        assert [(run.origin, run.length) for run in passage.runs] == [(MODEL, 2)]
        for _ in range(3):
            await hand.press("ctrl+z")
        assert passage.text == "iron"
        assert [(run.origin, run.length) for run in passage.runs] == [(MODEL, 4)]
        await hand.press("y")
        await keeps(hand)
        assert hand.runs_of(hand.cursor) == [(MODEL, 4), ("human", 1)]


async def test_replacing_a_whole_passage_leaves_nothing_of_the_models(path: Path) -> None:
    async with at_the_loom(path) as hand:
        passage = await opens(hand, "e")
        passage.select_all()
        await hand.types("glass")
        await keeps(hand)
        assert (hand.text, hand.runs_of(hand.cursor)) == ("glass", [("human", 5)])


@pytest.mark.parametrize("text", ["déjà 👩‍👩‍👧 vu", "湖の水", "e\u0301e\u0301", "שלום"])
async def test_origins_count_characters_of_every_script(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.loom"
    with Story.create(path, title="Script", opening="Once ") as story:
        weaves.set_weave(story, grown(story, 1, "openai/gpt-4o-mini", text)[0])
    async with at_the_loom(path) as hand:
        stored = hand.text
        await opens(hand, "e")
        await hand.types("!")
        await keeps(hand)
        assert hand.text == stored + "!"
        assert hand.runs_of(hand.cursor) == [(MODEL, len(stored)), ("human", 1)]


async def test_leaving_keeps_a_draft_that_is_offered_again_and_then_forgotten(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await opens(hand, "e")
        await hand.types("works")
        await hand.press("ctrl+g")
        await hand.until(lambda: hand.app.screen is hand.loom)
        assert state(hand.story) == before
    async with at_the_loom(path) as hand:
        passage = await opens(hand, "e")
        assert passage.text == "ironworks"
        await hand.shows("This is your draft")
        await keeps(hand)
        assert hand.text == "ironworks"
        assert hand.runs_of(hand.cursor) == [(MODEL, 4), ("human", 5)]
        passage = await opens(hand, "e")
        assert passage.text == "ironworks"
        assert "draft" not in hand.foot


@pytest.mark.parametrize("size", SIZES)
async def test_a_draft_is_forgotten_when_that_is_asked_and_answered(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        before = state(hand.story)
        passage = await opens(hand, "e")
        await hand.types("works")
        await hand.press("ctrl+l")
        assert "Forget what was changed here? y/n" in hand.foot
        await hand.press("n")
        await hand.until(lambda: passage.has_focus, "the text")
        await hand.types("!")
        assert passage.text == "ironworks!"
        await hand.press("ctrl+l", "y")
        await hand.until(lambda: hand.app.screen is hand.loom)
        assert state(hand.story) == before
        passage = await opens(hand, "e")
        assert passage.text == "iron"
        await hand.press("ctrl+l")
        await hand.until(lambda: hand.app.screen is hand.loom)


async def test_a_draft_that_is_taken_back_step_by_step_is_none_any_more(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opens(hand, "e")
        await hand.types("!")
        await hand.press("ctrl+g", "e")
        await hand.shows("This is your draft")
        await hand.press("backspace", "ctrl+g", "e")
        await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
        assert hand.app.screen.query_one(Passage).text == "iron"
        assert "draft" not in hand.foot


async def test_leaving_unchanged_keeps_nothing(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        for key in ("ctrl+o", "ctrl+g"):
            await opens(hand, "e")
            await hand.press(key)
            await hand.until(lambda: hand.app.screen is hand.loom)
            assert state(hand.story) == before
        await hand.press("u")
        assert "Taken back: an edit" not in hand.foot


async def test_an_emptied_passage_is_refused_with_a_sentence_and_not_lost(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        passage = await opens(hand, "e")
        passage.select_all()
        await hand.press("backspace", "ctrl+o")
        assert isinstance(hand.app.screen, EditorScreen)
        assert "There is no text to keep" in hand.foot
        assert state(hand.story) == before


async def test_line_ends_that_the_editor_cannot_show_stay_when_nothing_was_typed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ends.loom"
    text = "One.\u2028Two.\x0bThree.\n\n"
    Story.create(path, title="Ends", opening=text).close()
    async with at_the_loom(path) as hand:
        kept = hand.text
        await opens(hand, "e")
        await keeps(hand)
        assert hand.text == kept


@pytest.mark.parametrize("size", SIZES)
async def test_i_writes_a_child_and_o_a_sibling_by_hand(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        iron, salt = hand.kids(1)
        await opens(hand, "i")
        assert "The gate was made of iron" in hand.screen
        await hand.types("and it sang.")
        await keeps(hand)
        child = hand.cursor
        assert hand.kids(iron) == [child]
        assert hand.text == " and it sang."
        assert hand.runs_of(child) == [("human", 13)]
        await hand.press("h")
        await opens(hand, "o")
        await hand.types("bone.")
        await keeps(hand)
        assert hand.kids(1) == [iron, hand.cursor, salt]
        assert hand.text == "bone."
        assert hand.card.model == ""


@pytest.mark.parametrize("key", ["i", "o"])
async def test_a_long_paste_into_a_new_branch_is_marked_as_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr("storyloom.tui.screens.base._PASTE_SECONDS", 0)
    async with at_the_loom(path) as hand:
        passage = await opens(hand, key)
        hand.app.post_message(events.Paste("p" * 20))
        await hand.until(lambda: passage.text == "p" * 20)
        await hand.types("!")
        await keeps(hand)
        lead = [("human", 1)] if key == "i" else []
        assert hand.text == " " * len(lead) + "p" * 20 + "!"
        assert hand.runs_of(hand.cursor) == [*lead, ("paste", 20), ("human", 1)]


@given(
    st.sampled_from(["", "iron", "iron ", "iron\n", "iron\n\n", "iron “"]),
    st.lists(st.tuples(st.sampled_from(["  ", "\n\n\n", " \n", "word", "“Oh", "湖"]), ORIGIN)),
)
def test_origins_go_along_when_a_text_is_made_fit_to_follow(
    before: str, parts: list[tuple[str, str]]
) -> None:
    text = "".join(part for part, _ in parts)
    runs = origins.joined(*(origins.whole(part, origin) for part, origin in parts))
    fit, fitted = rewriting._fitted(before, text, runs)
    assert fit == joined(before, text)
    assert len(fit) == sum(run.length for run in fitted)
    body = len(text.lstrip())
    assert origins.split(fitted, len(fit) - body)[1] == origins.split(runs, len(text) - body)[1]
    if fit == text:
        assert fitted == runs
    if len(fit) == len(text) + 1:
        assert fitted == origins.joined(origins.whole(" ", "human"), runs)


async def test_nothing_written_makes_no_branch(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = state(hand.story)
        await opens(hand, "i")
        await hand.press("ctrl+o")
        assert "There is no text to keep" in hand.foot
        await hand.press("ctrl+g")
        await hand.until(lambda: hand.app.screen is hand.loom)
        assert state(hand.story) == before


async def test_a_new_branch_that_was_left_is_offered_again(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opens(hand, "i")
        await hand.types("begun")
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.loom)
        passage = await opens(hand, "i")
        assert passage.text == "begun"
        await keeps(hand)
        assert hand.text.strip() == "begun"
        passage = await opens(hand, "i")
        assert passage.text == ""


async def test_what_is_typed_is_in_the_file_before_it_is_kept(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opens(hand, "e")
        await hand.types("master")
        hand.app.save_at_once()
        with Story(path) as other:
            drafts = other.read.execute("SELECT value FROM ui WHERE key LIKE 'draft:%'").fetchall()
        assert any("ironmaster" in value for (value,) in drafts)


async def test_an_edit_of_what_another_program_changed_meanwhile_loses_neither(
    path: Path,
) -> None:
    async with at_the_loom(path) as hand:
        await opens(hand, "e")
        await hand.types("works")
        with Story(path) as other:
            from storyloom.story import shape

            shape.edit(other, 2, "steel")
        await keeps(hand)
        with Story(path) as other:
            texts = [text for (text,) in other.read.execute("SELECT text FROM rev")]
            drafts = [str(value) for (value,) in other.read.execute("SELECT value FROM ui")]
        assert "steel" in texts
        assert "ironworks" in texts or any("ironworks" in draft for draft in drafts)


async def test_without_an_editor_of_ones_own_the_passage_is_edited_here(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    async with at_the_loom(path) as hand:
        passage = await opens(hand, "E")
        assert passage.text == "iron"
        assert "edited here" in hand.foot


async def test_the_opening_is_edited_like_any_passage(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.press("<")
        await opens(hand, "e")
        await hand.types("old ")
        await keeps(hand)
        assert reading.strand_text(hand.story, 2) == "The gate was made of old iron"


@pytest.mark.parametrize("size", SIZES)
async def test_a_key_draws_only_the_lines_it_changes_and_none_stays_as_it_was(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.loom"
    lines = "\n".join(f"Line {number} of the passage." for number in range(60))
    Story.create(path, title="Long", opening=lines).close()
    async with at_the_loom(path, size) as hand:
        passage = await opens(hand, "e")
        await hand.pilot.pause()
        drawn: list[int] = []
        refresh_lines = passage.refresh_lines

        def noted(start: int, count: int = 1) -> None:
            drawn.append(start)
            refresh_lines(start, count)

        monkeypatch.setattr(passage, "refresh_lines", noted)
        await hand.press("x")
        await hand.until(lambda: bool(drawn))
        assert set(drawn) == {59}
        keys = ("up", "up", "y", "enter", "left", "backspace", "ctrl+z", "home", "shift+down")
        for key in (*keys, "z", "pageup", "q"):
            await hand.press(key)
            await hand.pilot.pause()
            seen = hand.screen
            passage.refresh(passage.size.region)
            await hand.pilot.pause()
            assert hand.screen == seen, key
