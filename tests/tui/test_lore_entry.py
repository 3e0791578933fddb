"""The form of a lore entry: nothing typed is lost, nothing of others' is overwritten unasked."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input

from storyloom.story import lore, place
from storyloom.story.story import Story
from storyloom.tui.screens.lore import LoreScreen
from storyloom.tui.screens.lore_entry import LoreEntryScreen
from storyloom.tui.widgets.choice import Choice
from storyloom.tui.widgets.field import FieldRow
from storyloom.tui.widgets.passage import Passage
from tests.tui.looming import Hand, at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import HOSTILE, saltmarsh
from tests.tui.test_lore import KING, MARA, line_of, steps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with an entry that fires at the cursor and one that does not."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        for entry in (MARA, KING):
            lore.set_entry(story, entry)
    return path


async def opened(hand: Hand, *keys: str) -> LoreEntryScreen:
    """Open the form from the loom with those keys."""
    await hand.press("L")
    await hand.shows("2 entries")
    await hand.press(*keys)
    screen = hand.app.screen
    assert isinstance(screen, LoreEntryScreen)
    await hand.shows("would fire here (n5): ")
    return screen


def entries(hand: Hand) -> dict[str, Any]:
    return lore.entries(hand.story)


def box(screen: LoreEntryScreen, name: str) -> Input:
    return screen.query_one(f"#box-{name}", Input)


def fires(hand: Hand) -> str:
    (line,) = [line for line in hand.screen.splitlines() if "would fire here" in line]
    return line.split(": ", 1)[1].strip()


def draft(hand: Hand, uid: str) -> Any:
    return place.recalled(hand.story).get(f"draft:lore:{uid}")


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_becomes_an_entry_in_one_step(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, "n")
        before = len(steps(hand))
        await hand.types("The rope\t")
        await hand.types("rope, low bells\t")
        await hand.press("tab", "right", "tab")
        await hand.types("It is paid out.\nNever hauled in.")
        await hand.press("tab", "space", "tab", "tab")
        await hand.types("n2\tn5\t")
        await hand.types("7")
        await hand.press("ctrl+o")
        assert isinstance(hand.app.screen, LoreScreen)
        assert entries(hand)["3"] == {
            "title": "The rope", "keys": ["rope", "low bells"], "logic": "and_all",
            "content": "It is paid out.\nNever hauled in.", "constant": True, "valid_from": 2,
            "valid_until": 5, "order": 7,
        }  # fmt: skip
        assert steps(hand)[before:] == ["lore.set"]
        await hand.shows("3 entries")
        await hand.until(lambda: line_of(hand, "The rope").startswith(">"))
        assert draft(hand, "new") is None
        await hand.press("u")
        assert list(entries(hand)) == ["1", "2"]


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_form_does_not_know_stays_when_an_entry_is_changed(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, "e")
        await hand.press("end")
        await hand.types(" Ever.")
        await hand.press("ctrl+o")
        assert entries(hand)["1"] == {**MARA, "content": MARA["content"] + " Ever."}


async def test_an_entry_that_was_only_looked_at_is_not_changed(path: Path) -> None:
    async with at_the_loom(path) as hand:
        before = steps(hand)
        for key in ("ctrl+o", "ctrl+g", "ctrl+l"):
            await opened(hand, "e")
            await hand.press(key)
            assert isinstance(hand.app.screen, LoreScreen)
            await hand.press("q")
        assert steps(hand) == before
        assert draft(hand, "1") is None


@pytest.mark.parametrize("size", SIZES)
async def test_whether_it_would_fire_is_told_while_it_is_typed(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, "n", "tab")
        await hand.until(lambda: fires(hand).startswith("no"))
        await hand.types("king, mara")
        await hand.until(lambda: fires(hand) == "no content yet, then yes, key mara")
        await hand.press("tab", "tab", "tab")
        await hand.types("She is.")
        await hand.until(lambda: fires(hand) == "yes, key mara")
        await hand.press("shift+tab", "shift+tab", "shift+tab", "ctrl+u")
        await hand.until(lambda: fires(hand) == "no: it has no key")
        await hand.types("king, /mar")
        await hand.until(lambda: fires(hand) == "no: no key is in the last 2 000 characters")
        await hand.types("(/")
        await hand.until(lambda: fires(hand).startswith("no: bad regex /mar(/"))
        assert entries(hand) == {"1": MARA, "2": KING}


async def test_half_a_number_does_not_stop_the_telling(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "e")
        await hand.until(lambda: fires(hand).startswith("yes"))
        screen.set_focus(box(screen, "order"))
        await hand.types("1-")
        screen.set_focus(box(screen, "valid_from"))
        await hand.types("n")
        screen.set_focus(box(screen, "keys"))
        await hand.press("ctrl+u")
        await hand.types("king")
        await hand.until(lambda: fires(hand).startswith("no"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "typed"),
    [("order", "many"), ("valid_from", "n99"), ("valid_until", "here"), ("probability", "200"),
     ("position", "nowhere"), ("scan", "3 pages")],
)  # fmt: skip
async def test_a_wrong_value_is_refused_at_its_field_and_all_stays(
    path: Path, size: tuple[int, int], name: str, typed: str
) -> None:
    async with at_the_loom(path, size) as hand:
        screen = await opened(hand, "e")
        before = steps(hand)
        box(screen, name).value = typed
        await hand.press("ctrl+o")
        assert hand.app.screen is screen
        assert "There is no node n99" in hand.foot or f"{name} of a lore entry has" in hand.foot
        assert screen.focused is box(screen, name)
        row = screen.query_one(f"#row-{name}", FieldRow)
        assert row.refused
        label = "".join(text for text, _ in row._pane.lines[0])
        assert label.startswith("!")
        assert label.strip("! ") in hand.screen
        assert steps(hand) == before
        await hand.press("ctrl+u")
        await hand.pilot.pause()
        assert not row.refused
        assert "^o keep" in hand.foot
        await hand.press("ctrl+o")
        assert isinstance(hand.app.screen, LoreScreen)


async def test_an_entry_without_words_is_refused_at_its_title(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "n", "tab")
        await hand.types("key")
        await hand.press("ctrl+o")
        assert "needs a title or a content" in hand.foot
        assert screen.focused is box(screen, "title")


# Nothing that was typed is lost.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["ctrl+g", "escape"])
async def test_what_is_left_waits_as_a_draft_and_is_gone_on_with(
    path: Path, size: tuple[int, int], key: str
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, "e")
        await hand.press("end")
        await hand.types(" Half")
        await hand.press(key)
        assert "Kept as a draft" in hand.foot
        await hand.shows("draft ")
        assert entries(hand)["1"] == MARA
    async with at_the_loom(path, size) as hand:
        screen = await opened(hand, "e")
        assert "This is your draft" in hand.foot
        assert screen.query_one(Passage).text == MARA["content"] + " Half"
        await hand.press("ctrl+o")
        assert entries(hand)["1"] == {**MARA, "content": MARA["content"] + " Half"}
        assert draft(hand, "1") is None


async def test_a_new_entry_waits_as_a_draft_and_the_list_says_so(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand, "n")
        await hand.types("Iron\tiron")
        await hand.press("ctrl+g")
        await hand.shows("a new entry waits as a draft: n")
        await hand.press("n")
        await hand.shows("This is your draft")
        await hand.press("ctrl+o")
        assert entries(hand)["3"] == {"title": "Iron", "keys": ["iron"]}
        await hand.until(lambda: "waits as a draft" not in hand.screen)


async def test_a_draft_is_kept_while_it_is_typed(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand, "n")
        await hand.types("Iron")
        await hand.until(lambda: draft(hand, "new") is not None)
        assert draft(hand, "new")["typed"]["title"] == "Iron"


async def test_a_terminal_that_goes_away_leaves_a_draft(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand, "n")
        await hand.types("Coal")
        hand.app.save_at_once()
        with Story(path) as other:
            assert place.recalled(other)["draft:lore:new"]["typed"]["title"] == "Coal"


@pytest.mark.parametrize("size", SIZES)
async def test_a_draft_is_forgotten_only_when_asked_and_answered(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        screen = await opened(hand, "e")
        await hand.types("X")
        await hand.press("ctrl+l")
        assert "Forget what was changed here? y/n" in hand.foot
        await hand.press("n")
        await hand.until(lambda: screen.focused is screen.query_one(Passage))
        await hand.types("Y")
        assert screen.query_one(Passage).text.startswith("XY")
        await hand.press("ctrl+g", "e")
        await hand.shows("This is your draft")
        await hand.press("ctrl+l", "y")
        assert isinstance(hand.app.screen, LoreScreen)
        assert draft(hand, "1") is None
        assert entries(hand)["1"] == MARA


async def test_a_draft_that_is_just_being_kept_is_forgotten_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, kept, forgotten = (threading.Event() for _ in range(4))
    remember = place.remember

    def slowly(story: Story, **state: Any) -> None:
        keeps = any(name.startswith("draft:lore:") and value for name, value in state.items())
        if keeps:
            begun.set()
            assert go_on.wait(30)
        remember(story, **state)
        (kept if keeps else forgotten).set()

    monkeypatch.setattr(place, "remember", slowly)
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "e")
        await hand.types("X")
        await hand.until(begun.is_set, "the draft's being kept")
        await hand.press("ctrl+l")
        answer = asyncio.create_task(hand.press("y"))
        async with asyncio.timeout(30):
            while not (screen._shut or forgotten.is_set()):  # noqa: ASYNC110 (a thread's event)
                await asyncio.sleep(0)
        go_on.set()
        await answer
        await hand.until(kept.is_set, "the draft's having been kept")
        await hand.until(lambda: isinstance(hand.app.screen, LoreScreen), "the list")
        assert draft(hand, "1") is None


# What others change meanwhile.


@pytest.mark.parametrize("size", SIZES)
async def test_what_another_program_changed_meanwhile_stays(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        await opened(hand, "e")
        await hand.types("Now ")
        with Story(path) as other:
            lore.set_entry(other, {**MARA, "keys": ["eels"], "group": "sea"}, "1")
        await hand.press("ctrl+o")
        assert isinstance(hand.app.screen, LoreScreen)
        assert entries(hand)["1"] == {
            **MARA, "content": "Now " + MARA["content"], "keys": ["eels"], "group": "sea",
        }  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_asked_before_anothers_change_is_overwritten(
    path: Path, size: tuple[int, int]
) -> None:
    theirs = {**MARA, "content": "Theirs.", "order": 4}
    async with at_the_loom(path, size) as hand:
        screen = await opened(hand, "e")
        await hand.types("Mine. ")
        with Story(path) as other:
            lore.set_entry(other, theirs, "1")
        await hand.press("ctrl+o")
        assert "Changed elsewhere too, meanwhile: content. Keep yours instead? y/n" in hand.foot
        await hand.press("n")
        assert entries(hand)["1"] == theirs
        assert hand.app.screen is screen
        await hand.until(lambda: screen.focused is screen.query_one(Passage))
        await hand.press("ctrl+o", "y")
        await hand.until(lambda: isinstance(hand.app.screen, LoreScreen))
        assert entries(hand)["1"] == {**theirs, "content": "Mine. " + MARA["content"]}


async def test_it_is_asked_before_what_another_removed_is_added_again(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand, "e")
        await hand.types("Mine. ")
        with Story(path) as other:
            lore.remove_entry(other, "1")
        await hand.press("ctrl+o")
        assert "removed elsewhere" in hand.foot
        assert "1" not in entries(hand)
        await hand.press("y")
        await hand.until(lambda: isinstance(hand.app.screen, LoreScreen))
        assert entries(hand)["1"]["content"] == "Mine. " + MARA["content"]


async def test_a_draft_goes_on_from_what_was_changed_since(path: Path) -> None:
    async with at_the_loom(path) as hand:
        await opened(hand, "e")
        await hand.types("Now ")
        await hand.press("ctrl+g")
        with Story(path) as other:
            lore.set_entry(other, {**MARA, "keys": ["eels"]}, "1")
        await hand.press("q")
        screen = await opened(hand, "e")
        assert box(screen, "keys").value == "eels"
        assert screen.query_one(Passage).text.startswith("Now ")
        await hand.press("ctrl+o")
        assert entries(hand)["1"]["keys"] == ["eels"]
        assert entries(hand)["1"]["content"].startswith("Now ")


# From field to field.


@pytest.mark.parametrize("size", SIZES)
async def test_the_rest_of_the_fields_is_shown_when_asked_or_when_it_says_something(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        lore.set_entry(story, {**KING, "probability": 50}, "2")
    async with at_the_loom(path, size) as hand:
        await opened(hand, "e")
        assert "probability" not in hand.screen
        await hand.press("ctrl+t")
        await hand.shows("probability", "no recurse out")
        await hand.press("ctrl+t")
        await hand.until(lambda: "probability" not in hand.screen)
        await hand.press("ctrl+g", "j", "e")
        await hand.shows("probability     50")


async def test_hiding_fields_never_hides_the_one_that_is_typed_in(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "e", "ctrl+t")
        screen.set_focus(box(screen, "group"))
        await hand.press("ctrl+t")
        assert screen.focused is box(screen, "order")


async def test_a_choice_is_changed_by_space_arrows_and_letters(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "e")
        logic = screen.query_one("#box-logic", Choice)
        screen.set_focus(logic)
        await hand.shows("< and_any >")
        await hand.press("space")
        assert logic.value == "and_all"
        await hand.press("left", "left")
        assert logic.value == "not_all"
        await hand.press("n")
        assert logic.value == "not_any"
        await hand.press("z")
        assert logic.value == "not_any"
        await hand.press("enter")
        assert screen.focused is screen.query_one(Passage)


@pytest.mark.parametrize("size", SIZES)
async def test_tab_goes_round_through_every_field_in_sight(
    path: Path, size: tuple[int, int]
) -> None:
    async with at_the_loom(path, size) as hand:
        screen = await opened(hand, "e", "ctrl+t")
        first = screen.focused
        boxes = [row.box for row in screen.query(FieldRow)]
        seen = []
        for _ in boxes:
            seen.append(screen.focused)
            label = "".join(
                text
                for row in screen.query(FieldRow)
                if row.box is screen.focused
                for text, _ in row._pane.lines[0]
            )
            assert label.startswith(">")
            await hand.press("tab")
        assert screen.focused is first
        assert {id(each) for each in seen} == {id(each) for each in boxes}
        await hand.press("shift+tab")
        assert screen.focused is seen[-1]


async def test_a_title_pasted_in_several_lines_is_one(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "n")
        hand.app.post_message(events.Paste("The \r\n low\n bells\n"))
        await hand.pilot.pause()
        assert box(screen, "title").value == "The low bells"


async def test_what_is_pasted_is_made_safe(path: Path) -> None:
    async with at_the_loom(path) as hand:
        screen = await opened(hand, "n")
        hand.app.post_message(events.Paste(HOSTILE))
        await hand.pilot.pause()
        await hand.press("tab")
        hand.app.post_message(events.Paste(HOSTILE))
        screen.set_focus(screen.query_one(Passage))
        hand.app.post_message(events.Paste(HOSTILE))
        await hand.pilot.pause()
        assert "\x1b" not in hand.screen
        # Else the key would be taken for the rest of what was pasted.
        screen._pasted = 0.0
        await hand.press("ctrl+o")
        entry = entries(hand)["3"]
        assert "\x1b" not in str(entry)
        assert "[/] [@click=app.bell]x[/]" in entry["title"]


async def test_values_of_several_lines_stay_when_they_are_not_touched(path: Path) -> None:
    odd = {"title": "two\nlines", "keys": ["a\nb", " c "], "content": "x\r\ny\u2028z"}
    with Story(path) as story:
        uid = lore.set_entry(story, odd)
        kept = lore.entries(story)[uid]
    async with at_the_loom(path) as hand:
        await hand.press("L")
        await hand.shows("3 entries")
        await hand.press("greater_than_sign", "e")
        screen = hand.app.screen
        assert isinstance(screen, LoreEntryScreen)
        box(screen, "order").value = "3"
        await hand.press("ctrl+o")
        assert entries(hand)["3"] == {**kept, "order": 3}
