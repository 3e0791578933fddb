"""The search over all stories: what it finds, in which order, and what can be done there."""

import threading
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.story import across, marks, shape
from storyloom.story.across import Place
from storyloom.story.story import Story
from storyloom.tui.found_rows import around, row
from storyloom.tui.screens import found
from storyloom.tui.screens.found import FoundScreen
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.widgets.lines import Line
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, saltmarsh


@pytest.fixture
def stories() -> list[Path]:
    """Three stories: one with bells in its title, one with bells in its texts, one with none."""
    folder = paths.made(paths.saves_dir())
    Story.create(folder / "bells.loom", title="Bells of Ys", opening="Once.").close()
    Story.create(folder / "pig.loom", title="The Pig", opening="An oink.").close()
    return [folder / "bells.loom", folder / "pig.loom", saltmarsh(folder / "saltmarsh.loom")]


def over(stories: list[Path], phrase: str) -> Stage:
    return Stage(FoundScreen(phrase, stories, {}))


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize("size", SIZES)
async def test_titles_come_first_then_the_places_in_texts(
    size: tuple[int, int], stories: list[Path]
) -> None:
    app = over(stories[::-1], "bells")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "3 places in 2 stories" in shown(app), "the end of the search")
        rows = [line for line in shown(app).splitlines() if "Ys" in line or "Saltmarsh" in line]
        assert "> Bells of Ys" in rows[0]
        assert "the title has the words" in rows[0]
        assert all("Saltmarsh" in line for line in rows[1:3])
        assert "chapter" in "".join(rows)
        assert "Pig" not in shown(app)
        await pilot.press(">")
        assert "Bells at slack water" in " ".join(shown(app).split())


async def test_enter_opens_the_loom_there_and_leaving_it_comes_back(stories: list[Path]) -> None:
    app = over(stories, "slack water")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 place in 1 story" in shown(app))
        screen = app.screen
        assert isinstance(screen, FoundScreen)
        node = screen._spots[0].node
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LoomScreen))
        loom = app.screen
        assert isinstance(loom, LoomScreen)
        await until(pilot, lambda: loom.cursor == node)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        assert "1 place in 1 story" in shown(app)


async def test_the_library_asks_for_words_and_comes_back(stories: list[Path]) -> None:
    del stories
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "169" in shown(app))
        await pilot.press("/", *"oink", "enter")
        await until(pilot, lambda: "1 place in 1 story" in shown(app))
        assert "> The Pig" in shown(app)
        await pilot.press("/", "backspace", "backspace", "backspace", "backspace", *"nowhere")
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing in 3 stories has all these words." in shown(app))
        await pilot.press("q")
        assert isinstance(app.screen, LibraryScreen)


class Gate:
    """Lets texts be searched one story at a time, from the second on only when it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.searched: list[Path] = []
        self.open = threading.Event()
        self._places = across.places
        monkeypatch.setattr(across, "places", self._look)
        monkeypatch.setattr(found, "_GLANCE_SECONDS", 0.0)

    def _look(self, path: Path, phrase: str, limit: int) -> tuple[list[Place], bool]:
        assert not self.searched or self.open.wait(30)
        self.searched.append(path)
        return self._places(path, phrase, limit)


async def test_what_is_found_is_shown_while_the_rest_is_searched(
    stories: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    app = over(stories[::-1], "bells")
    async with app.run_test(size=(80, 24)) as pilot:
        # The titles are gone through first, and nothing is in the first of them.
        await until(pilot, lambda: "1 of 3 searched" in shown(app) and "Saltmarsh" in shown(app))
        gate.open.set()
        await until(pilot, lambda: "searched" not in shown(app))
        assert gate.searched == stories[::-1]


@pytest.mark.parametrize("key", ["ctrl+g", "q"])
async def test_a_search_is_stopped(
    key: str, stories: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    app = over(stories[::-1], "bells")
    async with app.run_test(size=(80, 24)) as pilot:
        # The titles are gone through first, and nothing is in the first of them.
        await until(pilot, lambda: "1 of 3 searched" in shown(app) and "Saltmarsh" in shown(app))
        await pilot.press(key)
        if key == "ctrl+g":
            assert "stopped" in shown(app).splitlines()[0]
            assert "Saltmarsh" in shown(app)
            await pilot.press(key)
        assert app.results == [None]
        gate.open.set()
    assert len(gate.searched) <= 2


async def test_a_story_that_cannot_be_read_is_said_and_the_others_are_found(
    stories: list[Path],
) -> None:
    stories[1].write_bytes(b"no story at all, but long enough" * 40)
    app = over(stories, "bells")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "is not a story" in " ".join(shown(app).split()))
        assert "3 places in 2 stories" in shown(app)


async def test_of_a_story_full_of_places_some_are_listed_and_said_to_be_some(
    stories: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Story(stories[1]) as story:
        for _ in range(4):
            shape.write_child(story, 1, "Oink, oink.")
    monkeypatch.setattr(found, "_IN_ONE", 2)
    app = over(stories, "oink")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "2 places in 1 story" in shown(app))
        assert "and more; / in its loom finds them" in shown(app)


async def test_a_node_that_went_away_is_said(stories: list[Path]) -> None:
    with Story(stories[1]) as story:
        node = shape.write_child(story, 1, "A second oinking.")
    app = over(stories, "oinking")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 place in 1 story" in shown(app))
        stories[1].unlink()
        await pilot.press("enter")
        await until(pilot, lambda: "There is no file" in shown(app))
        assert isinstance(app.screen, FoundScreen)
    assert node


async def test_hostile_words_are_drawn_as_they_are(stories: list[Path]) -> None:
    with Story(stories[1]) as story:
        marks.set_text(story, 0, "title", HOSTILE)
        shape.write_child(story, 1, f"quagga {HOSTILE}")
    app = over(stories, "quagga")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "1 place in 1 story" in shown(app))
        assert "[@click=app.bell]x" in shown(app)
        assert not {"\x1b", "\u202e", "\x00"} & set(shown(app))


def test_the_words_are_seen_in_a_row_however_far_they_stand() -> None:
    excerpt = (("word " * 30, False), ("bells", True), (" and more", False))
    assert "bells and" in text(row("Tide", 12, "text", excerpt, 76))[:76]
    joined = (("門" * 90, False), ("bells", True), (" and more", False))
    assert "bells" in text(row("Tide", 12, "text", joined, 76))
    assert "pruned: " in text(row("Tide", 12, "note", excerpt, 76, pruned=True))
    assert "n12 note" in text(row("Tide", 12, "note", excerpt, 76))
    assert " lore " in text(row("Tide", 0, "lore:3", excerpt, 76))


def test_the_words_around_are_wrapped_and_set_apart() -> None:
    excerpt = (("one two ", False), ("three", True), (" four five six seven", False))
    lines = around("Tide", 3, "text", excerpt, 16, 9, pruned=False)
    assert [text(line) for line in lines] == ["Tide  n3", "one two three", "four five six", "seven"]
    assert ("three", "title") in lines[1]
    wide = around("Tide", 3, "text", (("word " * 90, False),), 150, 9, pruned=False)
    assert 60 < max(len(text(line)) for line in wide) <= 68
