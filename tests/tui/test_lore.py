"""The lore of a story on a screen: what would fire is told, and each change is one step."""

from pathlib import Path
from typing import Any

import pytest

from storyloom.settings import PlanPart, Settings
from storyloom.story import history, log, lore, marks, reading
from storyloom.story.story import Story
from storyloom.tui.screens import lore as lore_screen
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.lore import LoreScreen
from storyloom.tui.screens.lore_entry import LoreEntryScreen
from storyloom.tui.widgets.listing import Listing
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh

MARA: dict[str, Any] = {
    "title": "Mara Quill", "keys": ["Mara", "Quill"], "secondary_keys": [],
    "content": "Mara Quill keeps the ferry and never says the word.",
    "comment": "of another tool", "extensions": {"depth": [1, None]},
}  # fmt: skip
KING: dict[str, Any] = {"title": "The king", "keys": ["king"], "content": "He is long dead."}
STYLE: dict[str, Any] = {"title": "House style", "constant": True, "content": "Plain words."}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story whose strand at the cursor has Mara, and no king."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        for entry in (MARA, KING, STYLE):
            lore.set_entry(story, entry)
    return path


async def opened(hand: Hand, *words: str) -> LoreScreen:
    await hand.press("L")
    screen = hand.app.screen
    assert isinstance(screen, LoreScreen)
    await hand.shows(*(words or ("Mara Quill", "3 entries")))
    return screen


def line_of(hand: Hand, words: str) -> str:
    """Return the list's row that has those words, empty when there is none."""
    listing = hand.app.screen.query_one(Listing)
    width, top = listing.size.width, listing.region.y
    rows = hand.screen.splitlines()[top + 1 : top + listing.size.height]
    return next((row[:width] for row in rows if words in row[:width]), "")


def titles(hand: Hand) -> list[str]:
    return [entry["title"] for entry in lore.entries(hand.story).values()]


def steps(hand: Hand) -> list[str]:
    """Return what the log says was done, but for programs that began and ended."""
    kinds = [operation.kind for operation in log.operations(hand.story)]
    return [kind for kind in kinds if not kind.startswith("session.")]


@pytest.mark.parametrize("size", SIZES)
async def test_each_entry_says_whether_it_fires_at_the_cursor_and_why(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, " at n5")
        assert "3 entries" in hand.screen
        assert "2 fire at n5" in hand.screen
        assert line_of(hand, "Mara Quill").startswith("> + Mara Quill")
        assert "Mara" in line_of(hand, "Mara Quill").removeprefix("> + Mara Quill")
        assert line_of(hand, "The king").startswith("  - The king")
        assert line_of(hand, "House style").startswith("  + House style")
        await hand.press("q")
        assert isinstance(hand.app.screen, LoomScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_what_fires_is_asked_of_where_the_cursor_is(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        lore.set_entry(story, {**KING, "title": "Only on this branch", "keys": ["Mara"],
                               "valid_from": 2})  # fmt: skip
    async with at_the_loom(path, size) as hand:
        await opened(hand, " at n5")
        assert line_of(hand, "Only on this").startswith("  + ")
        await hand.press("q")
        await hand.goes(3)
        await hand.press("L")
        await hand.shows(" at n3")
        assert line_of(hand, "Only on this").startswith("  - ")


@pytest.mark.parametrize("size", SIZES)
async def test_all_of_an_entry_can_be_read(path: Path, size: tuple[int, int]) -> None:
    words = " ".join(f"word{number}" for number in range(3_000))
    with Story(path) as story:
        lore.set_entry(story, {**MARA, "content": words}, "1")
    async with at_the_loom(path, size) as hand:
        await opened(hand, "word0 ", "key")
        await hand.shows("fires here")
        before, seen = "", hand.screen
        while hand.screen != before:
            before = hand.screen
            await hand.press("l")
            seen += hand.screen
        for part in ("word1500 ", "word2999", "of another tool", "extensions"):
            assert part in seen, part
        await hand.press("h")
        assert hand.screen != before
        await hand.press("j", "k")
        await hand.shows("word0 ")


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_lore_says_what_lore_is_and_how_it_begins(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(saltmarsh(tmp_path / "a.loom"), size) as hand:
        await opened(hand, "what is true in this story's world", "n begins the first")
        for key in ("enter", "space", "x", "D", "y"):
            await hand.press(key)
            assert "There is no entry here" in hand.foot
        await hand.press("u")
        assert "not one of the lore" in hand.foot
        await hand.press("n")
        assert isinstance(hand.app.screen, LoreEntryScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_an_entry_is_removed_in_one_step_and_comes_back_here_and_in_the_loom(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        before = steps(hand)
        await hand.press("x")
        assert "Mara Quill is out of the lore" in hand.foot
        assert titles(hand) == ["The king", "House style"]
        assert steps(hand) == [*before, "lore.set"]
        assert line_of(hand, "The king").startswith(">")
        await hand.press("u")
        assert "Taken back" in hand.foot
        assert lore.entries(hand.story)["1"] == MARA
        assert line_of(hand, "Mara Quill").startswith(">")
        await hand.press("ctrl+r")
        assert titles(hand) == ["The king", "House style"]
        await hand.press("q", "u")
        assert lore.entries(hand.story)["1"] == MARA


@pytest.mark.parametrize("size", SIZES)
async def test_space_turns_an_entry_off_and_on_again(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, " at n5")
        await hand.press("space")
        assert "Mara Quill is off" in hand.foot
        assert lore.entries(hand.story)["1"] == {**MARA, "enabled": False}
        await hand.until(lambda: line_of(hand, "Mara Quill").startswith("> - "))
        await hand.press("space")
        assert lore.entries(hand.story)["1"] == {**MARA, "enabled": True}
        await hand.until(lambda: line_of(hand, "Mara Quill").startswith("> + "))


async def test_a_step_that_is_not_the_lores_is_left_to_the_loom(path: Path) -> None:
    async with at_the_loom(path) as hand:
        marks.set_text(hand.story, 5, "note", "Not to be taken back out of sight.")
        await opened(hand)
        await hand.press("u")
        assert "a note, not one of the lore" in hand.foot
        assert history.undoable(hand.story) == "note.set"


async def test_a_copy_is_added_with_all_that_the_entry_has(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("D")
        assert "A copy is entry 4" in hand.foot
        assert lore.entries(hand.story)["4"] == {**MARA, "title": "Mara Quill (copy)"}
        assert line_of(hand, "Mara Quill (copy)").startswith(">")


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_narrows_while_words_are_typed(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("slash")
        await hand.types("DEAD")
        await hand.until(lambda: not line_of(hand, "House style"))
        assert line_of(hand, "The king").startswith(">")
        await hand.press("escape")
        await hand.shows("House style")
        await hand.press("slash")
        await hand.answers("long king")
        await hand.until(lambda: not line_of(hand, "House style"))
        await hand.press("slash")
        await hand.answers("nothing of the kind")
        await hand.shows("No entry here has the words")
        await hand.press("slash")
        await hand.answers("")
        await hand.shows("House style")


@pytest.mark.parametrize("size", SIZES)
async def test_only_what_fires_may_be_shown(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, " at n5")
        await hand.press("f")
        assert "The king" not in hand.screen
        assert "Mara Quill" in hand.screen
        assert "what fires here" in hand.screen
        await hand.press("f")
        assert "The king" in hand.screen


@pytest.fixture
def thousand(path: Path) -> Path:
    with Story(path) as story, story.act("lore.set") as act:
        for number in range(10, 1_010):
            act.change(0, f"lore:{number}", f'{{"title":"Entry {number}","keys":["k{number}"]}}')
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_of_a_thousand_entries_only_those_in_sight_are_drawn(
    thousand: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    row = lore_screen.row

    def counted(entry: Any, *arguments: Any, **named: Any) -> Any:
        made.append(entry["title"])
        return row(entry, *arguments, **named)

    monkeypatch.setattr(lore_screen, "row", counted)
    async with at_the_loom(thousand, size) as hand:
        await opened(hand, "1 003 entries")
        await hand.press("greater_than_sign")
        await hand.shows("Entry 1009")
        assert line_of(hand, "Entry 1009").startswith(">")
        assert len(set(made)) <= 2 * size[1]
        await hand.press("pageup", "pageup")
        assert "Entry 1009" not in hand.screen.splitlines()[2]
        await hand.press("less_than_sign")
        assert line_of(hand, "Mara Quill").startswith(">")
        assert len(set(made)) <= 5 * size[1]


@pytest.mark.parametrize("size", SIZES)
async def test_what_another_program_changes_is_shown(path: Path, size: tuple[int, int]) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand)
        await hand.press("j")
        with Story(path) as other:
            lore.set_entry(other, {**MARA, "title": "Mara the keeper"}, "1")
            lore.remove_entry(other, "3")
        await hand.shows("Mara the keeper", "2 entries")
        assert "House style" not in hand.screen
        assert line_of(hand, "The king").startswith(">")


async def test_an_entry_that_is_gone_already_is_said_and_not_made_again(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand)
        # As if the other program had been quicker than the next look at what it does.
        screen._shut = True
        with Story(path) as other:
            lore.remove_entry(other, "1")
        await hand.press("space")
        assert "removed elsewhere" in hand.foot
        await hand.press("x")
        assert "There is no lore entry" in hand.foot
        assert titles(hand) == ["The king", "House style"]


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_texts_are_only_shown(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        lore.set_entry(story, {"title": HOSTILE, "keys": [HOSTILE], "content": HOSTILE * 3,
                               HOSTILE: HOSTILE})  # fmt: skip
        lore.set_entry(story, {"title": "From elsewhere"}, HOSTILE[:40])
    async with at_the_loom(path, size) as hand:
        await opened(hand, "5 entries")
        for _ in range(4):
            await hand.press("j")
            assert "\x1b" not in hand.screen
            assert "\u202e" not in hand.screen
        assert "]52;c;" in hand.screen
        await hand.press("k", "slash")
        await hand.answers("]52;c;")
        assert "\x1b" not in hand.screen
        await hand.press("space")
        assert "\x1b" not in hand.screen
        await hand.press("enter")
        await hand.shows("would fire here")
        assert "\x1b" not in hand.screen


async def test_a_file_that_cannot_be_written_to_can_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        monkeypatch.setattr(hand.story, "readonly", True)
        for key in ("n", "enter"):
            await hand.press(key)
            assert "cannot be written to" in hand.foot
        assert isinstance(hand.app.screen, LoreScreen)
        monkeypatch.undo()


async def test_the_entrys_text_is_copied(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand)
        await hand.press("y")
        assert hand.app.clipboard == MARA["content"]


async def test_the_lore_opens_by_its_name_too(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.command("lore")
        assert isinstance(hand.app.screen, LoreScreen)
        await hand.command("q")
        assert isinstance(hand.app.screen, LoomScreen)
        assert reading.exists(hand.story, 5)


async def test_that_the_embedded_model_is_sent_no_lore_is_said(path: Path) -> None:
    async with at_the_loom(path, (80, 24)) as hand:
        await opened(hand)
        await hand.shows("the plan's is too small to be told")
        await hand.press("j")
        assert "too small" not in hand.screen
    larger = Settings(plan=(PlanPart("openai/gpt-4o-mini", 1),))
    async with at_the_loom(path, (80, 24), larger) as hand:
        await opened(hand, "Mara Quill", "fire at")
        assert "too small" not in hand.screen
