"""The command export: formats, chapters, folders, and what is said of it."""

from pathlib import Path

import pytest

from storyloom.cli.progress import Bar
from storyloom.exchange import formats
from storyloom.exchange.book import Book
from tests.cli.conftest import Run
from tests.exchange.quill import played


@pytest.fixture
def chaptered(run: Run, tide: str) -> str:
    """The story with its weave led to n4 and a chapter begun at n2 and n4."""
    run("weave", tide, "--node", "n4")
    run("chapter", tide, "--node", "n2", "--title", "Out")
    run("chapter", tide, "--node", "n4", "--title", "Farther")
    return tide


@pytest.mark.parametrize("given", [["--format", "md,txt"], ["--format", "md", "--format", "txt"]])
def test_each_format_is_one_file(run: Run, tide: str, given: list[str]) -> None:
    run("about", tide, "--title", "The Tide")
    ran = run("export", tide, *given)
    assert (ran.code, ran.out) == (0, "the-tide.md\nthe-tide.txt\n")
    assert Path("the-tide.md").read_text().startswith("---\n")
    assert Path("the-tide.txt").read_text().startswith("The tide went out")


def test_no_file_is_written_where_one_of_them_is_there_already(run: Run, tide: str) -> None:
    run("about", tide, "--title", "The Tide")
    Path("the-tide.txt").write_text("old")
    ran = run("export", tide, "--format", "md,txt")
    assert ran.code == 2
    assert "the-tide.txt is there already" in ran.err
    assert not Path("the-tide.md").exists()
    assert run("export", tide, "--format", "md,txt", "--force").code == 0
    assert Path("the-tide.txt").read_text() != "old"


def test_what_no_format_is_called_is_refused_with_those_there_are(run: Run, tide: str) -> None:
    ran = run("export", tide, "--format", "md,\x1b[31mpdf")
    assert ran.code == 2
    assert "there are md, txt" in ran.err
    assert "\x1b" not in ran.err


def test_several_formats_go_into_a_folder_and_not_to_one_name(run: Run, tide: str) -> None:
    Path("books").mkdir()
    run("about", tide, "--title", "The Tide")
    assert "one name for 2 files" in run("export", tide, "--format", "md,txt", "-o", "x.md").err
    assert "say which one" in run("export", tide, "--format", "md,txt", "-o", "-").err
    assert run("export", tide, "--format", "md,txt", "-o", "books").code == 0
    assert sorted(each.name for each in Path("books").iterdir()) == ["the-tide.md", "the-tide.txt"]


def test_chapters_are_taken_by_their_numbers(run: Run, chaptered: str) -> None:
    text = run("export", chaptered, "--chapters", "2", "--format", "txt", "-o", "-").out
    assert text.split() == "Farther Far out she saw it.".split()
    both = run("export", chaptered, "--chapters", "1-2", "--format", "txt", "-o", "-").out
    assert both.startswith("Out\n")
    assert "Farther" in both
    assert "The tide went out" not in both
    for wrong in ("0", "3", "2-1", "x", "1,2"):
        ran = run("export", chaptered, "--chapters", wrong)
        assert ran.code == 2, wrong
    assert not list(Path().glob("*.md"))


def test_what_the_weave_leaves_out_is_said_where_nobody_chose_the_end(run: Run, tide: str) -> None:
    ran = run("export", tide)
    assert "The weave ends at n1; 3 passages go on below it.\n" in ran.err
    assert "below it" not in run("export", tide, "--node", "n2", "--force").err
    run("weave", tide, "--node", "n4")
    assert "below it" not in run("export", tide, "--force").err


def test_interrupted_it_leaves_nothing_and_says_so_in_one_sentence(
    run: Run, tide: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(book: Book, kind: formats.Format, path: Path, **_: object) -> None:
        def progress(_: int, __: int) -> None:
            raise KeyboardInterrupt

        write(book, kind, path, progress=progress)

    write = formats.write
    monkeypatch.setattr(formats, "write", interrupted)
    ran = run("export", tide)
    assert (ran.code, ran.out, ran.err) == (130, "", "storyloom: interrupted.\n")
    assert [each.name for each in folder.iterdir()] == ["tide.loom"]


# The history of a weave, event by event.


@pytest.fixture
def woven(run: Run, tide: str) -> str:
    """The story with its title, its weave led to n4, and two chapters."""
    run("about", tide, "--title", "The Tide")
    run("weave", tide, "--node", "n4")
    run("chapter", tide, "--node", "n1", "--title", "In")
    run("chapter", tide, "--node", "n4", "--title", "Out")
    return tide


def test_a_coauthor_log_is_asked_for_by_its_name_or_by_that_of_the_file(
    run: Run, woven: str
) -> None:
    ran = run("export", woven, "--format", "coauthor")
    assert (ran.code, ran.out) == (0, "the-tide.jsonl\n")
    assert "The Tide is written.\n" in ran.err
    assert run("export", woven, "-o", "by-name.jsonl").code == 0
    log = Path("the-tide.jsonl").read_text()
    assert Path("by-name.jsonl").read_text() == log
    assert run("export", woven, "--format", "coauthor", "-o", "-").out == log
    out = played(log.splitlines())
    assert out.text == (
        "The tide went out and did not come back. She walked after it. Far out she saw it."
    )
    assert out.names == ["system-initialize", "text-insert", "text-insert"]


def test_a_coauthor_log_is_written_beside_a_book_and_replaces_nothing(run: Run, woven: str) -> None:
    Path("the-tide.jsonl").write_text("old")
    ran = run("export", woven, "--format", "txt,coauthor")
    assert ran.code == 2
    assert "the-tide.jsonl is there already" in ran.err
    assert not Path("the-tide.txt").exists()
    assert run("export", woven, "--format", "txt,coauthor", "--force").code == 0
    assert Path("the-tide.txt").read_text().startswith("In\n")
    assert Path("the-tide.jsonl").read_text().startswith('{"eventName": "system-initialize"')


def test_a_coauthor_log_is_that_of_the_weave_the_node_or_the_moment_asked_for(
    run: Run, woven: str
) -> None:
    def text(*options: str) -> str:
        ran = run("export", woven, "--format", "coauthor", "-o", "-", *options)
        assert ran.code == 0
        return played(ran.out.splitlines()).text

    run("weave", woven, "--name", "stays", "--node", "n3")
    assert text("--weave", "stays").endswith("He stayed. The bell rang twice.")
    assert text("--node", "n2").endswith("She walked after it.")
    assert text("--at", "2") == "The tide went out and did not come back."
    assert "n99" in run("export", woven, "--format", "coauthor", "--node", "n99").err


def test_a_coauthor_log_has_no_chapters(run: Run, chaptered: str, folder: Path) -> None:
    ran = run("export", chaptered, "--format", "md,coauthor", "--chapters", "1")
    assert ran.code == 2
    assert ran.err == (
        "storyloom: A CoAuthor log is the history of a whole text, and has no chapters; leave "
        "--chapters out.\n"
    )
    assert [each.name for each in folder.iterdir()] == ["tide.loom"]


def test_a_coauthor_log_that_is_interrupted_leaves_nothing(
    run: Run, woven: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "show", interrupted)
    ran = run("export", woven, "--format", "coauthor")
    assert (ran.code, ran.out) == (130, "")
    assert [each.name for each in folder.iterdir()] == ["tide.loom"]


# The bar that is drawn meanwhile.


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who sees stderr, and a clock that moves on by a second with each look at it."""
    for module in ("progress", "safety"):
        monkeypatch.setattr(f"storyloom.cli.{module}.can_draw", lambda: True)
    ticks = iter(range(100_000))
    monkeypatch.setattr("storyloom.cli.progress.time.monotonic", lambda: float(next(ticks)))


@pytest.mark.usefixtures("terminal")
def test_a_bar_says_what_is_done_and_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.show("copying", 0, 0)
        bar.show("copying", 30, 60)
        bar.part("copying", 2.0)
    drawn = capsys.readouterr().err.split("\r\x1b[K")[1:]
    assert drawn == [
        "copying ...",
        f"copying [{'#' * 15}{'.' * 15}]  50%",
        f"copying [{'#' * 30}] 100%",
        "",
    ]


@pytest.mark.usefixtures("terminal")
def test_a_bar_is_taken_away_when_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with Bar() as bar:
            bar.part("copying", 0.5)
            assert capsys.readouterr().err.startswith("\r\x1b[Kcopying [")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err == "\r\x1b[K"


def test_nobody_sees_a_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar._shown = -1e9
        bar.show("copying", 1, 2)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", ["check", "rebuild", "backup", "export"])
def test_a_bar_is_drawn_of_what_takes_long(
    run: Run, tide: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("storyloom.story.watched._STEPS", 1)
    arguments = ["check", tide, "--rebuild"] if command == "rebuild" else [command, tide]
    ran = run(*arguments)
    assert ran.code == 0
    drawn = ran.err
    words = {"check": "checking tide.loom [", "backup": "copying tide.loom [",
             "rebuild": "making its tables again [", "export": "writing "}  # fmt: skip
    assert words[command] in drawn
    assert "%" in drawn
    assert drawn.rpartition("\r\x1b[K")[2].count("[") == 0


@pytest.mark.parametrize("command", ["check", "rebuild", "backup"])
def test_interrupted_it_leaves_the_story_as_it_was(
    run: Run, tide: str, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupted(_: Bar, word: str, __: float) -> None:
        if command != "rebuild" or word.startswith("making"):
            raise KeyboardInterrupt

    monkeypatch.setattr("storyloom.story.watched._STEPS", 1)
    monkeypatch.setattr(Bar, "part", interrupted)
    before = Path(tide).read_bytes()
    arguments = ["check", tide, "--rebuild"] if command == "rebuild" else [command, tide]
    ran = run(*arguments)
    assert ran.code == 130
    assert ran.err == "storyloom: interrupted.\n"
    assert [each.name for each in folder.iterdir()] == ["tide.loom"]
    assert Path(tide).read_bytes() == before


def test_a_rebuilt_file_that_is_not_checked_to_its_end_does_not_stay(
    run: Run, tide: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Bar, word: str, __: float) -> None:
        if word.startswith("checking what was made"):
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "part", interrupted)
    assert run("check", tide, "--rebuild").code == 130
    assert [each.name for each in folder.iterdir()] == ["tide.loom"]
