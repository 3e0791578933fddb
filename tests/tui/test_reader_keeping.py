"""The reader's place: one for each weave, found again when the story has changed, and let go."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from storyloom.story import marks, place, shape, weaves
from storyloom.story.story import Story
from storyloom.tui.screens import book, reader
from storyloom.tui.screens.reader import ReaderScreen
from storyloom.tui.widgets.lines import LinePane
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import saltmarsh


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A story of ten passages, each longer than a page."""
    path = tmp_path / "long.loom"
    with Story.create(path, title="Long", opening="It began.\n\n") as story:
        node = 1
        for number in range(10):
            text = "".join(f"Line {at} of {number}.\n\n" for at in range(40))
            node = shape.write_child(story, node, text)
        weaves.set_weave(story, node)
        weaves.set_weave(story, 6, "darker")
    return path


def page(app: Stage) -> list[str]:
    """Return the lines of the page that say something."""
    lines = app.screen.query_one("#page", LinePane).lines
    return [said for line in lines if (said := "".join(text for text, _ in line).strip())]


async def left_at(path: Path, words: str, **asked: Any) -> str:
    """Open a book, go to a place that has those words when there are any, leave it there, and
    return the first line of the page.
    """
    app = Stage(ReaderScreen(path, **asked))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        if words:
            await pilot.press("slash")
            app.screen.query_one(Input).value = words
            await pilot.press("enter")
            await until(pilot, lambda: "place 1 of 1" in shown(app))
        top = page(app)[0]
        await pilot.press("q")
        await until(pilot, lambda: bool(app.results))
    return top


async def test_every_weave_has_a_place_of_its_own(long: Path) -> None:
    main = await left_at(long, "line 30 of 8")
    darker = await left_at(long, "line 9 of 2", weave="darker")
    assert main != darker
    assert await left_at(long, "") == main
    assert await left_at(long, "", weave="darker") == darker
    assert "of 1." in await left_at(long, "line 30 of 1", node=3)
    assert await left_at(long, "") == main, "what was read to a node is no weave's place"


async def test_a_place_that_is_not_in_the_weave_any_more_is_left_where_the_ways_part(
    long: Path,
) -> None:
    await left_at(long, "line 30 of 8")
    with Story(long) as story:
        other = shape.write_child(story, 6, "Another way on.\n\n" * 40)
        weaves.set_weave(story, other)
    assert await left_at(long, "") == "Another way on."
    with Story(long) as story:
        place.remember(story, reader=[10, 0])
        weaves.end_weave(story, 6)
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        assert page(app)[-1] == "Line 39 of 4.", "a full page, the last one"


async def test_a_place_in_a_passage_that_has_become_short_stays_in_it(long: Path) -> None:
    await left_at(long, "line 30 of 8")
    with Story(long) as story:
        shape.edit(story, 10, "Short.\n\n")
    assert await left_at(long, "") in ("Short.", "Line 0 of 9.")


@pytest.mark.parametrize(
    "kept", [7, [], [1], ["a", "b"], [1, None], {"a": 1}, [10**30, -1], [2, -5]]
)
async def test_a_place_that_makes_no_sense_is_passed_over(long: Path, kept: object) -> None:
    with Story(long) as story:
        place.remember(story, reader=kept)
    assert await left_at(long, "") in ("Long", "Line 0 of 0.")


async def test_a_book_that_is_left_while_it_is_opened_is_closed(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, closed = threading.Event(), threading.Event()
    noted, close = book.noted, Story.close

    def slow(*asked: Any) -> Any:
        assert go.wait(30)
        return noted(*asked)

    def closing(story: Story) -> None:
        close(story)
        closed.set()

    monkeypatch.setattr(book, "noted", slow)
    monkeypatch.setattr(Story, "close", closing)
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "v", "slash", "n", "q")
        await until(pilot, lambda: app.results == [None])
        assert not closed.is_set()
        go.set()
        await until(pilot, closed.is_set, "the story to be closed")


async def test_a_book_may_be_left_while_words_are_looked_for(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, folded = threading.Event(), reader.folded

    def slow(text: str) -> str:
        assert go.wait(30)
        return folded(text)

    monkeypatch.setattr(reader, "folded", slow)
    screen = ReaderScreen(long)
    app = Stage(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        finding = asyncio.ensure_future(screen.do_find("line"))
        await pilot.press("q")
        await until(pilot, lambda: app.results == [None])
        go.set()
        await finding


@pytest.mark.parametrize("size", SIZES)
async def test_no_words_take_the_marks_off(long: Path, size: tuple[int, int]) -> None:
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(page(app)))

        def marked() -> bool:
            lines = app.screen.query_one("#page", LinePane).lines
            return any("selection" in style for line in lines for _, style in line)

        await pilot.press("slash", *"began", "enter")
        await until(pilot, marked)
        await pilot.press("slash", "enter")
        await until(pilot, lambda: not marked())
        assert not app.screen.query_one(Input).has_focus
        await pilot.press("n")
        assert "Nothing has been found" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_left_and_whose_it_is_are_in_the_header(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "words.loom"
    with Story.create(
        path, title="Words", opening="ten words to a line, and no more than that. " * 4_000
    ):
        pass
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "human 100%" in shown(app))
        assert "2 h left" in shown(app)
        await pilot.press("end")
        assert "left" not in shown(app).splitlines()[0]


async def test_notes_of_the_chapter_stand_beside_it(tmp_path: Path) -> None:
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        marks.set_text(story, 2, "note", "[/]\x1b eels: too cute?")
        marks.set_text(story, 3, "note", "off the weave")
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "> n2 [/]␛ eels" in shown(app))
        assert "off the weave" not in shown(app)
        await pilot.press("}", "}")
        await until(pilot, lambda: "eels: too" not in shown(app))


async def test_a_book_of_many_chapters_is_gone_through(tmp_path: Path) -> None:
    path = tmp_path / "many.loom"
    with Story.create(path, title="Many", opening="Begin.\n\n") as story:
        node = 1
        for number in range(60):
            node = shape.write_child(story, node, f"In {number}.\n\n")
            marks.set_chapter(story, node, f"Of {number}")
        weaves.set_weave(story, node)
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        for number in range(60):
            await pilot.press("}")
            assert page(app)[1] == f"Of {number}"
        for number in reversed(range(59)):
            await pilot.press("{")
            assert page(app)[1] == f"Of {number}"


async def test_margins_that_a_resize_makes_room_for_are_whole(tmp_path: Path) -> None:
    app = Stage(ReaderScreen(saltmarsh(tmp_path / "saltmarsh.loom")))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press("p")
        for size in ((120, 40), (80, 24), (160, 50), (112, 30)):
            await pilot.resize_terminal(*size)
            wide = size[0] > 80
            await until(pilot, lambda wide=wide: ("2 Low bel" in shown(app)) == wide, str(size))
            # What stands in the margins at last, and not on the way there.
            await until(pilot, lambda: "gpt-4o" in shown(app))
            margin = app.screen.query_one("#chapters", LinePane)
            assert bool(margin.size.width) == wide


async def test_what_was_put_off_until_after_a_frame_does_not_miss_the_book(long: Path) -> None:
    screen = ReaderScreen(long)
    app = Stage(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        await pilot.press("q")
        await until(pilot, lambda: app.results == [None])
        screen._resized()
        screen._draw()


async def test_however_often_the_size_changes_the_place_does_not(tmp_path: Path) -> None:
    path = tmp_path / "one.loom"
    Story.create(path, opening=" ".join(f"word{n}" for n in range(3_000))).close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(page(app)))
        await pilot.press("space", "space", "j")
        before = page(app)
        for width in (61, 120, 70, 80, 66, 160, 63, 80):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda width=width: app.screen.size.width == width)
            await pilot.pause()
            assert before[0].split()[0] in page(app)[0].split()
        await until(pilot, lambda: page(app) == before)
        await pilot.press("q")
        await until(pilot, lambda: bool(app.results))
    for size in ((61, 16), (120, 40), (70, 24), (80, 24)):
        app = Stage(ReaderScreen(path))
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: bool(page(app)))  # noqa: B023
            top = page(app)[0]
            assert before[0].split()[0] in top.split()
            await pilot.press("q")
            await until(pilot, lambda: bool(app.results))  # noqa: B023
    assert top == before[0]
