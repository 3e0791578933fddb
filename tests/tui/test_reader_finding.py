"""In the reader: from fork to fork, what else was offered, words found, a page copied."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from storyloom.story import shape, weaves
from storyloom.story.story import Story
from storyloom.tui import clipboard
from storyloom.tui.screens.reader import ReaderScreen
from storyloom.tui.widgets.lines import LinePane
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
        assert "no fork after this place" in shown(app)
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
        await until(pilot, lambda: "| fork: 3 other ways from here" in shown(app))
        pane = app.screen.query_one("#page", LinePane)
        page = "".join(text for line in pane.lines for text, _ in line)
        for part in ("I keep eels", "gpt-4o-mini", "human"):
            assert (part in page) == (size == (120, 40))
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
        page = screen.query_one("#page", LinePane)
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
        assert "no forks here" in shown(app)
        await pilot.press("[")
        assert "no forks here" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_the_place_gone_to_is_told_from_the_others_without_colour(
    path: Path, size: tuple[int, int]
) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press("p")
        await finds(pilot, app, "the rope")
        pane = app.screen.query_one("#page", LinePane)
        found = [
            pane._style(names)
            for line in pane.lines
            for text, names in line
            if text.lower() == "the rope"
        ]
        assert [(style.bold, style.underline) for style in found] == [(True, True), (True, None)]


async def test_words_that_run_over_the_border_of_two_passages_are_found(tmp_path: Path) -> None:
    path = tmp_path / "two.loom"
    with Story.create(path, opening="At the tide’s") as story:
        weaves.set_weave(story, shape.write_child(story, 1, " É\u0301dge she stood."))
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "At the" in shown(app))
        await finds(pilot, app, "TIDE'S edge")
        assert "place 1 of 1" in shown(app)


async def finds(pilot: Pilot[int], app: Stage, words: str) -> None:
    """Enter words to be found, and wait until they are."""
    await pilot.press("slash")
    app.screen.query_one(Input).value = words
    await pilot.press("enter")
    await until(pilot, lambda: "place 1 of" in shown(app))


async def test_forks_shown_and_hidden_keep_the_place(path: Path) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press(*"jjjj")
        pane = app.screen.query_one("#page", LinePane)
        top = pane.lines[0]
        await pilot.press("v")
        assert pane.lines[0] == top
        assert "| fork" in shown(app)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pane.size.height < 30)
        assert pane.lines[0] == top
        await pilot.press("v")
        assert pane.lines[0] == top
        assert "| fork" not in shown(app)
        await pilot.press("]", "v")
        assert "".join(text for text, _ in pane.lines[0]).strip().startswith("| fork: 2 other")
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "gpt-4o-mini" in shown(app))
        assert "".join(text for text, _ in pane.lines[0]).strip().startswith("| fork: 2 other")


async def test_paint_is_on_again_when_the_book_is_opened_again(path: Path) -> None:
    for key in ("p", ""):
        app = Stage(ReaderScreen(path))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "Tobin" in shown(app))  # noqa: B023
            await pilot.press(*key)
            await until(pilot, lambda: "m1  Mara looked" in shown(app))  # noqa: B023
            await pilot.press("q")
            await until(pilot, lambda: bool(app.results))  # noqa: B023


async def test_the_margin_has_the_chapters_words_and_forks(path: Path) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))

        def margin() -> list[str]:
            lines = app.screen.query_one("#chapters", LinePane).lines
            return [" ".join("".join(text for text, _ in line).split()) for line in lines]

        await until(pilot, lambda: "2 Low bells 61" in margin())
        assert "> 1 The ferry 108" in margin()
        assert "> n2 3 ways" in margin()
        assert not any("n5" in line for line in margin()), "a fork of the other chapter"
        await pilot.press("}", "}")
        assert "> n5" in shown(app)


async def test_a_named_weave_is_exported_as_it_is_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Story(path) as story:
        weaves.set_weave(story, 3, "darker")
    app = Stage(ReaderScreen(path, weave="darker"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "I keep eels" in shown(app))
        await pilot.press("colon")
        app.screen.query_one(Input).value = "export out.md"
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "out.md").exists())
        await until(pilot, lambda: "out.md." in "".join(shown(app).split()))
    assert "eels" in (tmp_path / "out.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [({"weave": "[/]\x1b"}, "There is no weave '[/]"), ({"node": 99}, "There is no node n99")],
)
async def test_what_there_is_not_is_said(path: Path, asked: dict[str, Any], sentence: str) -> None:
    app = Stage(ReaderScreen(path, **asked))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: sentence in shown(app))
        await pilot.press("right_square_bracket", "v", "y", "n", "q")
        await until(pilot, lambda: bool(app.results))


async def test_a_weave_that_changes_meanwhile_is_read_as_it_was_opened(path: Path) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        with Story(path) as other:
            shape.prune(other, 2)
        await pilot.press("v", ">")
        assert "mislaid" in shown(app)
        await pilot.press("<", "]", "enter")
        await until(pilot, lambda: bool(app.results))
        assert app.results == [2], "the loom finds out what has become of it"


async def test_a_weave_of_ten_thousand_passages_and_forks_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ten.loom"
    story = Story.create(path, opening="Begin.")
    with story.act("node.create") as act:
        for node in range(1, 20_000, 2):
            act.add(node - (node > 1), "b00001", f"\n\nPassage {node} goes on.")
            act.add(node - (node > 1), "b00002", "Not this one.")
    weaves.set_weave(story, 20_000)
    story.close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Passage 1 " in shown(app))
        await pilot.press("v", ">")
        await until(pilot, lambda: "100%" in shown(app))
        await pilot.press("left_square_bracket")
        assert " of 10000: 1 other way beside n199" in shown(app)


async def test_enter_opens_the_loom_at_the_words_that_were_found(path: Path) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press("/", *"parish", "enter")
        await until(pilot, lambda: "place 1 of 2" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.results))
    assert app.results == [5]


async def test_enter_at_the_end_of_a_book_opens_the_loom_at_its_last_passage(path: Path) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press(">", "enter")
        await until(pilot, lambda: bool(app.results))
    assert app.results == [5]
