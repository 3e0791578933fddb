"""In the reader: from fork to fork, what else was offered, words found, a page copied."""

from pathlib import Path

import pytest
from textual.widgets import Input

from storyloom.story import shape, weaves
from storyloom.story.story import Story
from storyloom.tui import clipboard
from storyloom.tui.screens.reader import ReaderScreen
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, saltmarsh


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story of two chapters and two forks, by an author and two models."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.mark.parametrize("size", SIZES)
async def test_brackets_go_from_fork_to_fork_and_enter_opens_the_loom_there(
    path: Path, size: tuple[int, int]
) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press("]")
        assert "fork 1 of 2: 2 other ways beside n2" in shown(app)
        await pilot.press("]")
        assert "fork 2 of 2: 1 other way beside n5" in shown(app)
        await pilot.press("]")
        assert "no other fork that way" in shown(app)
        await pilot.press("[", "]", "enter")
        await until(pilot, lambda: bool(app.results))
        assert app.results == [5]


@pytest.mark.parametrize("size", SIZES)
async def test_v_shows_what_else_was_offered_where_it_was(
    path: Path, size: tuple[int, int]
) -> None:
    with Story(path) as story:
        shape.write_child(story, 1, HOSTILE)
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        assert "other ways" not in shown(app)
        await pilot.press("v", "]")
        await until(pilot, lambda: "| 3 other ways from here" in shown(app))
        for part in ("I keep eels", "gpt-4o-mini", "human"):
            assert part in shown(app)
        assert "\x1b" not in shown(app)
        await pilot.press("q")
        await until(pilot, lambda: bool(app.results))
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "other ways from here" in shown(app), "it shown as it was left")


@pytest.mark.parametrize("size", SIZES)
async def test_words_are_found_over_line_ends_and_gone_through(
    path: Path, size: tuple[int, int]
) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        for words, said in (("The ROPE", "place 1 of 2"), ("nothing of this", "Nothing in this")):
            await pilot.press("slash")
            app.screen.query_one(Input).value = words
            await pilot.press("enter")
            await until(pilot, lambda said=said: said in shown(app), said)
        await pilot.press("n")
        assert "Nothing has been found" in shown(app)
        await pilot.press("slash")
        app.screen.query_one(Input).value = "the rope"
        await pilot.press("enter")
        await until(pilot, lambda: "place 1 of 2" in shown(app))
        for key, said in (("n", "2 of 2"), ("n", "1 of 2"), ("N", "2 of 2")):
            await pilot.press(key)
            assert f"place {said}" in shown(app)
        screen = app.screen
        assert isinstance(screen, ReaderScreen)
        page = screen.query_one("#page")
        marked = [text for line in page.lines for text, style in line if "selection" in style]
        assert "".join(marked).lower().count("the rope") == 2


async def test_a_page_is_copied_and_a_named_weave_is_read(path: Path) -> None:
    with Story(path) as story:
        weaves.set_weave(story, 3, "darker")
    app = Stage(ReaderScreen(path, weave="darker"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "I keep eels" in shown(app))
        assert "weave darker" in shown(app)
        assert "mislaid" not in shown(app)
        await pilot.press("y")
        assert "Copied" in shown(app)
        kept = clipboard.copied_file().read_text(encoding="utf-8")
        assert "The tide had gone out" in kept
        assert "I keep eels" in kept


async def test_a_book_without_forks_says_so(tmp_path: Path) -> None:
    path = tmp_path / "one.loom"
    Story.create(path, opening="Once.").close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Once." in shown(app))
        await pilot.press("v")
        assert "no forks" in shown(app)
        await pilot.press("[")
        assert "no other fork" in shown(app)
