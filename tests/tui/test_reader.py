"""The reader: a strand as a book, at any width, and the way back to where it was left."""

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from storyloom.story import marks, place, shape, weaves
from storyloom.story.story import Story
from storyloom.tui.screens.reader import ReaderScreen
from storyloom.tui.widgets.lines import LinePane
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import grown, saltmarsh


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story of two chapters, by an author and two models."""
    return saltmarsh(tmp_path / "saltmarsh.loom")


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A story of twenty chapters, a hundred and twenty thousand words."""
    path = tmp_path / "long.loom"
    paragraph = "The keeper counted the bells and wrote the number down in a book of his own. " * 4
    with Story.create(path, title="Long", opening="It began.\n\n") as story:
        node = 1
        for number in range(20):
            text = "".join(f"{number} {at}. {paragraph}\n\n" for at in range(100))
            node = shape.write_child(story, node, text)
            marks.set_chapter(story, node, f"Chapter of {number}")
        weaves.set_weave(story, node)
    return path


def page(app: Stage) -> list[str]:
    """Return the lines of the page."""
    lines = app.screen.query_one("#page", LinePane).lines
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize("size", SIZES)
async def test_the_weave_is_set_as_a_book(path: Path, size: tuple[int, int]) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        lines = page(app)
        assert lines[0].strip() == "Saltmarsh"
        number, title = lines.index(next(x for x in lines if x.strip() == "1")), "The ferry"
        assert lines[number + 1].strip() == title
        assert any(line.strip() == "*   *   *" for line in lines)
        assert max(cell_len(line) for line in lines) <= 66 + 4
        await pilot.press(">")
        assert "100%" in shown(app)
        assert page(app)[-1].strip() or size == (120, 40)
        assert "mislaid" in shown(app)
        assert "eels" not in shown(app)


async def test_a_strand_to_a_node_is_read_when_one_is_named(path: Path) -> None:
    app = Stage(ReaderScreen(path, 3))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "eels" in shown(app))
        assert "Low bells" not in shown(app)
        assert "to n3" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_origins_have_letters_and_a_legend(path: Path, size: tuple[int, int]) -> None:
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Tobin" in shown(app))
        await pilot.press("p")
        await pilot.pause()
        text = shown(app)
        assert "H   The tide" in text
        assert "m1  Mara looked" in text
        for word in ("human", "gpt-4o-mini", "claude-sonnet", "%"):
            assert word in text
        await pilot.press(">")
        await pilot.pause()
        # Edited by hand: the line is the model's and the author's.
        assert "m2~ parish that" in shown(app)
        assert "~   edited by hand" in shown(app) or "~ edited" in shown(app)
        await pilot.press("<", "p")
        await pilot.pause()
        assert "H   The tide" not in shown(app)


async def test_pasted_and_imported_text_have_letters_of_their_own(tmp_path: Path) -> None:
    from storyloom.story.origins import PASTE, Run

    path = tmp_path / "mixed.loom"
    with Story.create(path, title="Mixed", opening="Typed. Pasted. Taken over.") as story:
        runs = (Run("human", 7), Run(PASTE, 8), Run("import:loomsidian", 11))
        shape.edit(story, 1, "Typed, Pasted. Taken over.", runs)
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Typed" in shown(app))
        await pilot.press("p")
        await pilot.pause()
        for word in ("pasted", "human", "imported looms"):
            assert word in shown(app)


async def test_chapters_are_gone_to_one_by_one(long: Path) -> None:
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "It began" in shown(app))
        for number in range(3):
            await pilot.press("}")
            assert page(app)[1].strip() == str(number + 1)
            assert page(app)[2].strip() == f"Chapter of {number}"
        await pilot.press("space", "{")
        assert page(app)[2].strip() == "Chapter of 2", "first to the beginning of this one"
        await pilot.press("{")
        assert page(app)[2].strip() == "Chapter of 1"
        await pilot.press(">")
        last = page(app)
        await pilot.press("}")
        assert "last chapter" in shown(app)
        assert page(app) == last


async def test_paging_on_and_back_passes_every_line_once(long: Path) -> None:
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "It began" in shown(app))
        first = page(app)
        await pilot.press("space")
        assert page(app)[:2] == first[-2:]
        await pilot.press("j")
        await pilot.press("k")
        assert page(app)[:2] == first[-2:]
        await pilot.press("b")
        assert page(app) == first
        await pilot.press("k", "b")
        assert page(app) == first


@pytest.mark.parametrize("width", [70, 100, 140])
async def test_another_width_keeps_the_place(long: Path, width: int) -> None:
    app = Stage(ReaderScreen(long))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "It began" in shown(app))
        await pilot.press("}", "}", "}", "space", "space", "space")
        here = next(line for line in page(app) if line.strip()).split()[:3]
        await pilot.resize_terminal(width, 30)
        await pilot.pause()
        assert " ".join(here) in " ".join(" ".join(page(app)).split()[:30])


async def test_the_place_is_remembered(long: Path) -> None:
    for keys in (("}", "}", "}", "}"), ()):
        app = Stage(ReaderScreen(long))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: bool(page(app)))  # noqa: B023
            await pilot.press(*keys)
            await pilot.pause()
            assert page(app)[2].strip() == "Chapter of 3"
            await pilot.press("q")
            await until(pilot, lambda: bool(app.results))  # noqa: B023
        assert app.results == [None]
    with Story(long) as story:
        assert place.recalled(story)["reader"] == [5, 0]


async def test_enter_gives_the_node_at_the_top_of_the_page(long: Path) -> None:
    with Story(long) as story:
        app = Stage(ReaderScreen(story))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "It began" in shown(app))
            await pilot.press("}", "}", "enter")
            await until(pilot, lambda: bool(app.results))
        assert app.results == [3]
        assert story.read.execute("SELECT 1").fetchone(), "the loom's own story stays open"


async def test_a_text_that_is_still_being_written_can_be_read(tmp_path: Path) -> None:
    from storyloom.story import growth
    from storyloom.story.growth import Asked

    path = tmp_path / "growing.loom"
    with Story.create(path, title="Growing", opening="Once. ") as story:
        branch = growth.request(story, 1, [Asked("openai/gpt-4o-mini", {"prompt": "x"})])[0]
        growth.flush(story, {branch.rev: "And then"})
        app = Stage(ReaderScreen(path, branch.node))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "Once. And then" in shown(app))
            await pilot.press("p")
            await pilot.pause()
            assert "being written" in shown(app)


async def test_a_story_without_words_says_so(tmp_path: Path) -> None:
    path = tmp_path / "blank.loom"
    Story.create(path, title="Blank").close()
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "nothing to read" in shown(app))
        await pilot.press("space", "b", "}", "{", "p", ">", "<", "j", "k")
        await pilot.press("q")


async def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    app = Stage(ReaderScreen(tmp_path / "none.loom"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no file" in shown(app))
        await pilot.press("space", "b", "}", "{", "p", ">", "enter")
    assert app.results == [None]


@pytest.mark.parametrize("way", [{"node": 3}, {"weave": "darker"}], ids=str)
async def test_what_is_read_is_what_is_exported(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Story(path) as story:
        weaves.set_weave(story, 4, "another")
        if "weave" in way:
            weaves.set_weave(story, 3, "darker")
    app = Stage(ReaderScreen(path, **way))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "eels" in shown(app))
        await pilot.press("E")
        await until(pilot, lambda: "characters" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Written: " in shown(app))
        (made,) = tmp_path.glob("*.md")
        assert "eels" in made.read_text("utf-8")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ReaderScreen))


async def test_models_are_told_apart_by_number_as_well_as_by_colour(tmp_path: Path) -> None:
    path = tmp_path / "many.loom"
    with Story.create(path, title="Many", opening="Once.\n\n") as story:
        node = 1
        for number in range(12):
            node = grown(story, node, f"lab/model-{number}", f"By number {number}.\n\n")[0]
        weaves.set_weave(story, node)
    app = Stage(ReaderScreen(path))
    async with app.run_test(size=(120, 50)) as pilot:
        await until(pilot, lambda: "By number 11" in shown(app))
        await pilot.press("p")
        await pilot.pause()
        for number in range(12):
            assert f"m{number + 1}".ljust(4) + f"By number {number}." in shown(app)
