"""The export on a screen: what is chosen, shown beforehand, and written."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from storyloom.exchange import formats
from storyloom.exchange.book import Book, book_of
from storyloom.exchange.writers.markdown import markdown
from storyloom.story import growth, marks, reading, shape, tips, weaves
from storyloom.story.growth import Asked
from storyloom.story.story import Story
from storyloom.tui.screens.export import ExportScreen
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.widgets.lines import LinePane
from storyloom.tui.widgets.scrolled import ScrolledPane
from tests.exchange.quill import played
from tests.tui.looming import at_the_loom
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, grown, saltmarsh
from tests.tui.test_guard import DANGEROUS

ROOT, ROPE, EELS, HABIT, BELLS, OTHER = 1, 2, 3, 4, 5, 6
WIDE = (160, 50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story woven to BELLS, with a second weave to EELS."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        weaves.set_weave(story, EELS, "darker ending")
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the program is started in."""
    folder = tmp_path / "books"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def written(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def the_screen(app: Stage) -> ExportScreen:
    assert isinstance(app.screen, ExportScreen)
    return app.screen


def unwrapped(screen: str) -> str:
    """What is on a screen without its spaces: a long path is broken where its line ends."""
    return "".join(screen.split())


async def ready(pilot: Pilot[int], app: Stage) -> None:
    """Wait until all of the screen is there."""
    screen = the_screen(app)
    await until(pilot, lambda: screen._account is not None and bool(screen._begun[0]))
    await pilot.pause()


def select(app: Stage, kind: str, number: int = 0) -> None:
    """Go to a row."""
    screen = the_screen(app)
    (index,) = [n for n, row in enumerate(screen._rows) if row == (kind, number)]
    screen.query_one("#choices").select(index)  # pyright: ignore[reportAttributeAccessIssue]


async def answers(pilot: Pilot[int], text: str) -> None:
    """Put text on the line that is asked for, in place of what stands there, and enter it."""
    await pilot.pause()
    line = pilot.app.screen.query_one(Input)
    assert line.has_focus
    line.value = text
    await pilot.press("enter")
    await pilot.pause()


async def exported(pilot: Pilot[int], app: Stage) -> None:
    """Press x and wait until it is said where the files are."""
    await pilot.press("x")
    await until(pilot, lambda: "Written: " in shown(app))


def flat(app: Stage, pane: str = "keys") -> str:
    """What a pane says, without where its lines end."""
    lines = app.screen.query_one(f"#{pane}", LinePane).lines
    return "".join("".join(text for text, _ in line) for line in lines).replace(" ", "")


@pytest.mark.parametrize("size", [*SIZES, WIDE, (60, 16)])
async def test_all_of_it_is_on_the_screen_and_no_line_is_longer(
    path: Path, folder: Path, size: tuple[int, int]
) -> None:
    app = Stage(ExportScreen(path, BELLS))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        lines = shown(app).split("\n")
        assert [cell_len(line) for line in lines] == [size[0]] * size[1]
        for said in ("weave main", "darker", "Markdown", "plain text", "by chapter"):
            assert said in shown(app), said
        assert f"{folder}/saltmarsh.md".replace(" ", "") in flat(app, "files")
        assert ("title: " in shown(app)) == (size[0] >= 112)


async def test_the_first_page_is_of_the_very_bytes_that_are_written(
    path: Path, folder: Path
) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot, app)
        page = the_screen(app)._begun[0]
        assert 'title: "Saltmarsh"' in shown(app)
        await exported(pilot, app)
        assert f"Written:{folder}/saltmarsh.md." in flat(app)
    text = (folder / "saltmarsh.md").read_text("utf-8")
    assert text == page
    with Story(path) as story:
        assert text == markdown(book_of(story))
    assert app.results == []


@pytest.mark.parametrize("size", SIZES)
async def test_another_source_is_written_under_another_name(
    path: Path, folder: Path, size: tuple[int, int]
) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        await pilot.press("j", "space")
        await until(pilot, lambda: the_screen(app)._choices.source == 1)
        await ready(pilot, app)
        await exported(pilot, app)
    assert written(folder) == ["saltmarsh-darker-ending.md"]
    text = (folder / "saltmarsh-darker-ending.md").read_text("utf-8")
    assert "I keep eels" in text
    assert "Bells at slack" not in text


async def test_each_format_that_is_ticked_has_a_file(path: Path, folder: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        select(app, "format", 0)
        await pilot.press("space")
        await until(pilot, lambda: "No format is ticked;" in shown(app))
        await pilot.press("x")
        assert "Noformatisticked" in flat(app)
        await pilot.press("space", "j", "space")
        # A long path is broken where its column ends.
        await until(pilot, lambda: ".txt" in shown(app) and ".md" in shown(app))
        await exported(pilot, app)
    assert written(folder) == ["saltmarsh.md", "saltmarsh.txt"]
    assert "# Low bells" not in (folder / "saltmarsh.txt").read_text("utf-8")


@pytest.mark.parametrize("size", SIZES)
async def test_chapters_are_taken_by_number_and_reckoned_alone(
    path: Path, folder: Path, size: tuple[int, int]
) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        select(app, "chapters")
        await pilot.press("enter")
        await answers(pilot, "2-9")
        await until(pilot, lambda: "it has 1 to 2" in shown(app))
        await pilot.press("enter")
        await answers(pilot, "2")
        await until(pilot, lambda: "2 alone" in shown(app))
        await ready(pilot, app)
        account = the_screen(app)._account
        assert account is not None
        assert (account.words, account.passages) == (61, 1)
        await exported(pilot, app)
        assert written(folder) == ["saltmarsh-chapter-2.md"]
        await pilot.press("colon")
        await answers(pilot, "chapters all")
        await until(pilot, lambda: "all 2" in shown(app))
    assert "The ferry" not in (folder / "saltmarsh-chapter-2.md").read_text("utf-8")


@pytest.mark.parametrize("size", SIZES)
async def test_a_history_is_seen_first_and_written_of_the_source_that_is_chosen(
    path: Path, folder: Path, size: tuple[int, int]
) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        await pilot.press("j", "space")
        await until(pilot, lambda: the_screen(app)._choices.source == 1)
        await ready(pilot, app)
        select(app, "format", 2)
        await pilot.press("space")
        await until(pilot, lambda: the_screen(app)._begun[0].startswith('{"eventName"'))
        page = the_screen(app)._begun[0]
        await exported(pilot, app)
    assert written(folder) == ["saltmarsh-darker-ending.jsonl", "saltmarsh-darker-ending.md"]
    log = (folder / "saltmarsh-darker-ending.jsonl").read_text("utf-8")
    assert log.startswith(page)
    with Story(path) as story:
        tip = tips.weave_tip(story, "darker ending")
        assert played(log.splitlines()).text == reading.strand_text(story, tip)


async def test_a_history_has_no_chapters(path: Path, folder: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        select(app, "format", 2)
        await pilot.press("space", "colon")
        await answers(pilot, "chapters 2")
        await until(pilot, lambda: "A CoAuthor log is the history" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Written: " not in shown(app) and "untickit." in flat(app))
        assert written(folder) == []
        await pilot.press("colon")
        await answers(pilot, "chapters all")
        await until(pilot, lambda: "all 2" in shown(app))
        await exported(pilot, app)
    assert written(folder) == ["saltmarsh.jsonl", "saltmarsh.md"]


async def test_a_history_that_cannot_be_told_yet_says_so_where_it_would_be_seen(
    path: Path, folder: Path
) -> None:
    with Story(path) as story:
        (place,) = growth.request(story, tips.weave_tip(story), [Asked("lab/m", {"prompt": "p"})])
        weaves.set_weave(story, place.node)
        app = Stage(ExportScreen(path))
        async with app.run_test(size=WIDE) as pilot:
            await ready(pilot, app)
            select(app, "format", 2)
            await until(pilot, lambda: "is still being written" in shown(app))
            await pilot.press("space", "x")
            await until(pilot, lambda: "stopitfirst" in flat(app))
    assert written(folder) == ["saltmarsh.md"]


async def test_title_sign_quotes_folder_and_name_are_as_they_are_chosen(
    path: Path, folder: Path
) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot, app)
        for kind, typed in (("title", "The Bell"), ("name", "draft 2.md"), ("scenes", "~ ~")):
            select(app, kind)
            await pilot.press("enter")
            await answers(pilot, typed)
        select(app, "quotes")
        await pilot.press("space", "space")
        await until(pilot, lambda: "curly" in shown(app) and "“You keep it,”" in shown(app))
        select(app, "folder")
        await pilot.press("enter")
        await answers(pilot, str(folder / "new" / "one"))
        await pilot.press("x")
        await until(pilot, lambda: "make it?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "Written: " in shown(app))
    text = (folder / "new" / "one" / "draft 2.md").read_text("utf-8")
    assert 'title: "The Bell"' in text
    assert "\n~ ~\n" in text.replace("\\", "")
    assert "“You keep it,” he said." in text


async def test_a_name_with_a_folder_in_it_is_refused(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        select(app, "name")
        await pilot.press("enter")
        await answers(pilot, "../saltmarsh")
        await until(pilot, lambda: "A name is that of a file alone" in shown(app))
        assert the_screen(app)._choices.stem == "saltmarsh"


# What is there already.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["y", "n", "escape"])
async def test_a_file_that_is_there_is_asked_about(
    path: Path, folder: Path, key: str, size: tuple[int, int]
) -> None:
    there = folder / "saltmarsh.md"
    there.write_text("old")
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        await pilot.press("x")
        await until(pilot, lambda: "saltmarsh.md is there" in shown(app))
        assert there.read_text() == "old"
        await pilot.press(key)
        if key == "y":
            await until(pilot, lambda: "Written: " in shown(app))
        elif key == "n":
            await until(pilot, lambda: "Nothing was written" in shown(app))
        await pilot.pause()
    assert (there.read_text() == "old") == (key != "y")
    assert written(folder) == ["saltmarsh.md"]


async def test_another_name_is_asked_for_until_it_is_free(path: Path, folder: Path) -> None:
    for name in ("saltmarsh.md", "second.md"):
        (folder / name).write_text("old")
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("x")
        await until(pilot, lambda: "saltmarsh.md is there" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query_one(Input).value == "saltmarsh.md")
        await answers(pilot, "second.md")
        await until(pilot, lambda: "second.md is there" in shown(app))
        await pilot.press("r")
        await answers(pilot, "third.md")
        await until(pilot, lambda: "Written: " in shown(app))
    assert written(folder) == ["saltmarsh.md", "second.md", "third.md"]
    assert [(folder / name).read_text() for name in ("saltmarsh.md", "second.md")] == ["old"] * 2
    assert "Saltmarsh" in (folder / "third.md").read_text("utf-8")


async def test_of_two_formats_one_can_be_left_as_it_is(path: Path, folder: Path) -> None:
    (folder / "saltmarsh.md").write_text("old")
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        select(app, "format", 1)
        await pilot.press("space", "x")
        await until(pilot, lambda: "saltmarsh.md is there" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: "Written: " in shown(app))
    assert (folder / "saltmarsh.md").read_text() == "old"
    assert written(folder) == ["saltmarsh.md", "saltmarsh.txt"]


async def test_what_cannot_be_written_is_said(path: Path, folder: Path) -> None:
    (folder / "saltmarsh.md").mkdir()
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("x")
        await until(pilot, lambda: "is a folder" in shown(app))
        select(app, "folder")
        await pilot.press("enter")
        await answers(pilot, str(path))
        await pilot.press("x")
        await until(pilot, lambda: "isnofolder" in flat(app))


# Long exports.


class Held:
    """Holds a writer up until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        write = formats.write

        def held(book: Book, kind: formats.Format, path: Path, **options: object) -> None:
            progress = options["progress"]
            assert callable(progress)

            def wait(done: int, whole: int) -> None:
                progress(done, whole)
                if done > whole // 3:
                    self.reached.set()
                    assert self.go.wait(30)
                    progress(done, whole)

            write(book, kind, path, replace=bool(options["replace"]), progress=wait)

        monkeypatch.setattr(formats, "write", held)


@pytest.mark.parametrize("size", SIZES)
async def test_an_export_is_watched_and_stopped_and_leaves_nothing(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    held = Held(monkeypatch)
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        await pilot.press("x")
        await until(pilot, held.reached.is_set)
        await until(pilot, lambda: "writing saltmarsh.md, ^g stops" in shown(app))
        assert "%" in shown(app).split("\n")[-2]
        await pilot.press("q")
        assert "It is being written" in shown(app)
        assert not (folder / "saltmarsh.md").exists()
        await pilot.press("ctrl+g")
        held.go.set()
        await until(pilot, lambda: "nothing half-written is left" in shown(app))
        assert written(folder) == []
        assert app.results == []
        await pilot.press("ctrl+g")
        assert app.results == [None]


async def test_what_was_whole_before_it_was_stopped_stays_and_is_named(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, second = formats.write, threading.Event()
    app = Stage(ExportScreen(path))

    def stopped(book: Book, kind: formats.Format, path: Path, **options: object) -> None:
        if kind.name == "txt":
            job = the_screen(app)._job
            assert job is not None
            job.stop()
            second.set()
        write(book, kind, path, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(formats, "write", stopped)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        select(app, "format", 1)
        await pilot.press("space", "x")
        await until(pilot, lambda: "It was stopped" in shown(app))
        assert second.is_set()
        assert f"Written:{folder}/saltmarsh.md." in flat(app)
    assert written(folder) == ["saltmarsh.md"]


async def test_a_dying_terminal_leaves_nothing_half_written(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("x")
        await until(pilot, held.reached.is_set)
        job = the_screen(app)._job
        assert job is not None
        dying = asyncio.get_running_loop().run_in_executor(None, app.save_at_once)
        await until(pilot, job._stop.is_set)
        held.go.set()
        await dying
        assert written(folder) == []


# What is said of it.


async def test_what_the_weave_leaves_out_is_said(path: Path) -> None:
    with Story(path) as story:
        on = shape.write_child(story, BELLS, " She went on.")
        shape.write_child(story, on, " And on.")
    app = Stage(ExportScreen(path, on))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        said = f"Theweaveendsatn{BELLS};2passagesgoonbelowit."
        assert said in flat(app, "files")
        assert f"to n{on}, 1 passage on" in shown(app)
        select(app, "source", 2)
        await pilot.press("space")
        await until(pilot, lambda: "Thestrandends" in flat(app, "files"))
        assert f"atn{on};1passagegoesonbelowit." in flat(app, "files")
        assert said not in flat(app, "files")


async def test_the_account_says_only_what_the_story_holds(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        text = shown(app)
        assert "gpt-4o-mini" in text
        assert "claude-sonnet-4-5" in text
        assert "rewritten or cut" in text
        assert "pasted" not in text
        assert "whys" not in text
        with Story(path) as story:
            marks.set_text(story, ROOT, "why", "A way out")
        await pilot.press("j", "space")
        await until(pilot, lambda: "whys written" in shown(app))


async def test_an_empty_story_has_nothing_to_export(tmp_path: Path, folder: Path) -> None:
    Story.create(tmp_path / "empty.loom", title="Empty").close()
    app = Stage(ExportScreen(tmp_path / "empty.loom"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no text here yet" in shown(app))
        await pilot.press("x", "v", "tab", "j", "k")
        assert written(folder) == []


async def test_a_story_that_is_gone_is_said(tmp_path: Path) -> None:
    app = Stage(ExportScreen(tmp_path / "none.loom"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is no file" in shown(app))
        await pilot.press("j", "k", "space", "enter", "x", "v", "tab", "less_than_sign", "q")
        await until(pilot, lambda: app.results == [None])


# Going about.


async def test_one_pane_is_shown_after_the_other_where_there_is_room_for_one(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        assert "whose text it is" in shown(app)
        await pilot.press("v")
        await until(pilot, lambda: "preview: Markdown" in shown(app) and "title: " in shown(app))
        assert "whose text it is" not in shown(app)
        await pilot.press("v")
        await until(pilot, lambda: "preview: plain text" in shown(app))
        await until(pilot, lambda: "title: " not in shown(app))
        await pilot.press("v")
        await until(pilot, lambda: "preview: CoAuthor log" in shown(app))
        await pilot.press("v")
        await until(pilot, lambda: "whose text it is" in shown(app))


async def test_the_format_under_the_cursor_is_the_one_that_is_previewed(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot, app)
        select(app, "format", 1)
        await until(pilot, lambda: "preview: plain text" in shown(app))
        await until(pilot, lambda: "title: " not in shown(app))
        select(app, "format", 0)
        await until(pilot, lambda: "title: " in shown(app))


@pytest.mark.parametrize("size", SIZES)
async def test_tab_gives_the_keys_to_the_next_pane(path: Path, size: tuple[int, int]) -> None:
    with Story(path) as story:
        node = BELLS
        for number in range(60):
            node = grown(story, node, "lab/m", f"\n\nPassage {number}. " + "It rang. " * 30)[0]
            marks.set_chapter(story, node, f"Chapter {number}")
        weaves.set_weave(story, node)
    app = Stage(ExportScreen(path))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        before = the_screen(app)._row
        await pilot.press("tab")
        assert ">whose text it is" in shown(app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: "rewritten or cut" in shown(app))
        await pilot.press("less_than_sign", "j", "pagedown", "pageup", "k")
        assert "characters" in shown(app)
        assert the_screen(app)._row == before
        await pilot.press("v")
        if size[0] == 80:
            assert ">preview" in shown(app)
        else:
            await pilot.press("tab")
            assert ">preview" in shown(app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: "more follows" in shown(app))
        await pilot.press("tab", "j")
        assert ">what and how" in shown(app)
        assert the_screen(app)._row != before


async def test_a_new_size_keeps_what_is_chosen(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot, app)
        await pilot.press("tab", "tab")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: ">what and how" in shown(app))
        assert "preview" in shown(app).split("\n")[-1]
        await pilot.resize_terminal(59, 15)
        await until(pilot, lambda: "needs 60 columns" in shown(app))
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "title: " in shown(app) and "by chapter" in shown(app))


async def test_many_weaves_are_scrolled_through(path: Path) -> None:
    with Story(path) as story:
        for number in range(60):
            weaves.set_weave(story, EELS, f"ending {number:02}")
    app = Stage(ExportScreen(path, HABIT))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        assert "saltmarsh.md" in unwrapped(shown(app))
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: "name " in shown(app))
        assert "saltmarsh.md" in unwrapped(shown(app))
        await pilot.press("less_than_sign")
        await until(pilot, lambda: "(•) weave main" in shown(app))


# Where it is come from, and what is remembered.


async def test_the_loom_offers_what_leads_to_its_cursor(path: Path, folder: Path) -> None:
    async with at_the_loom(path) as hand:
        await hand.goes(HABIT)
        await hand.command("export")
        await hand.shows("(•) weave main", f"( ) to n{HABIT}, the cursor", "by chapter")
        await hand.press("q")
        assert isinstance(hand.app.screen, LoomScreen)
        assert hand.cursor == HABIT
        await hand.command("export out.txt")
        await hand.until((folder / "out.txt").exists)
        await hand.until(lambda: "out.txt." in unwrapped(hand.screen), "the file's name")
        await hand.command("export out.jsonl")
        await hand.until((folder / "out.jsonl").exists)
        await hand.command("export out.pdf")
        await hand.shows("No format is written to .pdf files")
    assert written(folder) == ["out.jsonl", "out.txt"]
    assert (folder / "out.jsonl").read_text("utf-8").startswith('{"eventName": "system-initialize"')
    assert "# " not in (folder / "out.txt").read_text("utf-8")


async def test_an_export_by_name_says_what_the_weave_leaves_out(path: Path, folder: Path) -> None:
    with Story(path) as story:
        shape.write_child(story, BELLS, " She went on.")
    async with at_the_loom(path) as hand:
        await hand.command("export out.md")
        await hand.until((folder / "out.md").exists)
        await hand.until(lambda: "1passagegoesonbelowit." in unwrapped(hand.screen), "the end")


async def test_how_it_was_exported_is_remembered(path: Path, folder: Path, tmp_path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        choices = the_screen(app)._choices
        choices.formats, choices.folder, choices.quotes = {"txt"}, tmp_path, "straight"
        await exported(pilot, app)
        screen = the_screen(app)
        await until(pilot, lambda: all(worker.is_finished for worker in screen.workers))
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        choices = the_screen(app)._choices
        assert (choices.formats, choices.folder) == ({"txt"}, tmp_path)
        assert (choices.quotes, choices.break_sign) == ("straight", "* * *")
    assert written(folder) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write to anything")
async def test_a_story_that_cannot_be_written_to_is_exported(path: Path, folder: Path) -> None:
    path.chmod(0o400)
    app = Stage(ExportScreen(path))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await exported(pilot, app)
    assert written(folder) == ["saltmarsh.md"]


@pytest.mark.parametrize("size", [*SIZES, WIDE])
async def test_hostile_text_is_drawn_as_text(
    tmp_path: Path, folder: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "evil.loom"
    with Story.create(path, title=HOSTILE, opening=f"{HOSTILE}\n\n***\n\n{HOSTILE}") as story:
        node = grown(story, 1, f"evil/{HOSTILE}", HOSTILE, HOSTILE)[0]
        marks.set_chapter(story, 1, HOSTILE)
        marks.set_chapter(story, node, "[/]")
        weaves.set_weave(story, node)
        weaves.set_weave(story, node, HOSTILE[:50])
    app = Stage(ExportScreen(path, 1))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        select(app, "scenes")
        await pilot.press("enter")
        await answers(pilot, HOSTILE)
        for kind in ("Markdown", "plain text"):
            if f"preview: {kind}" not in shown(app):
                await pilot.press("v")
            await until(pilot, lambda kind=kind: f"preview: {kind}" in shown(app))
            assert DANGEROUS.search(shown(app)) is None
        assert "[@click=app.bell]" in flat(app, "preview")
        await exported(pilot, app)
        assert DANGEROUS.search(shown(app)) is None
    (name,) = written(folder)
    assert name.isascii()
    assert "\x1b" not in (folder / name).read_text("utf-8")


async def test_only_lines_that_changed_are_drawn_again(path: Path) -> None:
    app = Stage(ExportScreen(path))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot, app)
        pane = app.screen.query_one("#preview", ScrolledPane)
        drawn: list[object] = []
        pane.refresh = lambda *regions, **_: drawn.append(regions) or pane  # type: ignore[method-assign]
        select(app, "quotes")
        await pilot.press("space")
        await pilot.pause()
        await until(pilot, lambda: "straight" in shown(app))
        assert drawn == []
