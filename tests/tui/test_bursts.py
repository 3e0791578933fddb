"""Keys that come many at once, as a slow link delivers them, do what they do one by one."""

from pathlib import Path

import pytest
from textual import events
from textual.screen import Screen

from storyloom import paths
from storyloom.story import reading
from storyloom.story.story import Story
from storyloom.tui.ahead import Ahead
from storyloom.tui.app import Loom
from storyloom.tui.screens.editor import EditorScreen
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.screens.reader import ReaderScreen
from storyloom.tui.widgets.passage import Passage
from tests.tui.looming import at_the_loom
from tests.tui.stage import Stage, shown, until
from tests.tui.stories import saltmarsh

_NAMES = {
    ":": "colon",
    " ": "space",
    "\t": "tab",
    "\r": "enter",
    "}": "right_curly_bracket",
    ".": "full_stop",
    "\x0f": "ctrl+o",
}


def burst(app: Loom, text: str) -> None:
    """Let the keys of `text` arrive before any of them can have been dealt with."""
    for letter in text:
        app.post_message(events.Key(_NAMES.get(letter, letter), letter))


@pytest.fixture
def library() -> Stage:
    """The library with one story."""
    saltmarsh(paths.made(paths.saves_dir()) / "saltmarsh.loom")
    return Stage(LibraryScreen())


async def test_letters_behind_a_colon_are_no_commands(library: Stage) -> None:
    async with library.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(library))
        # Among them are n (a new story), r (the reader), E (export) and Enter (open).
        burst(library, ":theme paper\r")
        await until(pilot, lambda: library.theme == "paper")
        assert isinstance(library.screen, LibraryScreen)
        burst(library, ":nErq")
        await until(pilot, lambda: "nErq" in shown(library))
        assert isinstance(library.screen, LibraryScreen)


@pytest.mark.parametrize(
    ("keys", "expected"), [("iOnce more.", "Once more."), ("ext", "xt"), ("oJoin x", "Join x")]
)
async def test_letters_behind_the_key_that_opens_the_editor_are_its_text(
    tmp_path: Path, keys: str, expected: str
) -> None:
    async with at_the_loom(saltmarsh(tmp_path / "saltmarsh.loom")) as hand:
        before = hand.text if keys[0] == "e" else ""
        burst(hand.app, keys)
        await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
        editor = hand.app.screen
        await hand.until(lambda: editor.query_one(Passage).text == before + expected, "the text")
        assert not any(card.pruned for card in reading.cards(hand.story, [hand.cursor]))


@pytest.mark.parametrize("again", [False, True])
async def test_letters_behind_the_key_that_keeps_a_text_are_no_part_of_it(
    tmp_path: Path, *, again: bool
) -> None:
    async with at_the_loom(saltmarsh(tmp_path / "saltmarsh.loom")) as hand:
        burst(hand.app, "i")
        await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
        if again:
            # Refused, as there is no text yet: the writing goes on.
            burst(hand.app, "\x0fzz")
            await hand.until(lambda: "There is no text" in hand.screen, "the refusal")
        burst(hand.app, "Once.\x0fzz")
        await hand.until(lambda: not isinstance(hand.app.screen, EditorScreen), "the loom")
        await hand.until(lambda: hand.text == "Once." or hand.text == " Once.", "the text")


async def test_a_correction_is_made_where_it_was_typed_however_fast(tmp_path: Path) -> None:
    async with at_the_loom(saltmarsh(tmp_path / "saltmarsh.loom")) as hand:
        burst(hand.app, "i")
        await hand.until(lambda: isinstance(hand.app.screen, EditorScreen), "the editor")
        passage = hand.app.screen.query_one(Passage)
        burst(hand.app, "word")
        for key in ("backspace", "k", "home", "d", "x", "left", "delete", "end", "s"):
            hand.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await hand.until(lambda: passage.text.endswith("s"), "all that was typed")
        assert passage.text == "dworks"


async def test_a_whole_form_is_filled_in_at_one_burst(library: Stage) -> None:
    async with library.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(library))
        burst(library, "nBell\tAbout it\tPlain\tOnce")
        await until(pilot, lambda: isinstance(library.screen, NewStoryScreen))
        form = library.screen
        assert isinstance(form, NewStoryScreen)
        await until(pilot, lambda: form.typed() == ("Bell", "About it", "Plain", "Once"))


async def test_what_was_typed_for_a_form_that_is_gone_is_for_no_other_screen() -> None:
    ahead, form, other = Ahead(), EditorLike(), Screen[object]()
    assert ahead.holds(form, events.Key("x", "x"))
    assert not ahead.holds(other, events.Key("j", "j"))
    assert not list(ahead.released(other))
    assert not list(ahead.released(form))


class EditorLike(Screen[object]):
    """A form that has no box yet."""

    FORM = True


async def test_letters_behind_a_tab_are_for_the_next_box() -> None:
    app = Stage(NewStoryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        form = app.screen
        assert isinstance(form, NewStoryScreen)
        burst(app, "Bell\tAbout it\tPlain\tOnce")
        await until(pilot, lambda: form.typed() == ("Bell", "About it", "Plain", "Once"))


async def test_many_page_keys_are_all_obeyed() -> None:
    path = paths.made(paths.saves_dir()) / "long.loom"
    Story.create(path, opening="\n\n".join(f"Paragraph {n}." for n in range(500))).close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Paragraph 3." in shown(app))
        burst(app, " " * 20)
        await until(pilot, lambda: "Paragraph 200." in shown(app) or "Paragraph 195." in shown(app))


async def test_keys_behind_the_enter_that_closes_the_line_are_commands(library: Stage) -> None:
    async with library.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(library))
        burst(library, ":theme paper\rn")
        await until(pilot, lambda: library.theme == "paper")
        await until(pilot, lambda: isinstance(library.screen, NewStoryScreen))
