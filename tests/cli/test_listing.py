"""The command list, and a folder in a story's place."""

import json
import os
import shutil
from pathlib import Path

import pytest

from storyloom.cli import listing, screens
from storyloom.cli.cells import cells
from storyloom.story import shelf
from storyloom.story.shelf import Facts
from storyloom.story.story import Story
from tests.cli.conftest import Run

HOSTILE = "evil\x1b]0;title\x07\x9b31m\u202e\u200b"


def aged(path: Path, age: int) -> Path:
    """Let a file have been written to that many seconds ago."""
    os.utime(path, (1_700_000_000 - age,) * 2)
    return path


@pytest.fixture
def drafts(run: Run, tide: str, folder: Path) -> Path:
    """A folder of three files, the newest first: a small story, one with no title, and no story."""
    drafts = folder / "drafts"
    drafts.mkdir()
    shutil.move(folder / tide, drafts / tide)
    aged(drafts / tide, 0)
    run("new", "drafts/bell", "--opening", "Bells.", "--title", "The Bell", "--premise", "A bell.")
    aged(drafts / "bell.loom", 10)
    (drafts / "broken.loom").write_bytes(b"no story" * 100)
    aged(drafts / "broken.loom", 20)
    return drafts


def test_list_has_one_line_a_story_the_newest_first(run: Run, drafts: Path) -> None:
    ran = run("list", "drafts")
    assert (ran.code, ran.err) == (0, "")
    tide, bell, broken = ran.out.splitlines()
    assert tide.split()[:5] == ["tide", "4", "9", "–", "–"]
    assert tide.endswith("  tide.loom")
    assert bell.startswith("The Bell ")
    assert bell.split()[2:4] == ["1", "1"]
    assert tide.index("tide.loom") == bell.index("bell.loom")
    assert broken.startswith("broken ")
    assert broken.endswith("  broken.loom is not a story: it is no SQLite file.")
    assert {each.name for each in drafts.iterdir()} == {"tide.loom", "bell.loom", "broken.loom"}


@pytest.mark.usefixtures("drafts")
def test_list_as_json_has_all_facts_and_the_path(run: Run, folder: Path) -> None:
    tide, bell, broken = map(json.loads, run("list", "--json", "drafts").out.splitlines())
    assert set(tide) == set(Facts.__dataclass_fields__) - {"error"} | {"path"}
    assert (tide["path"], tide["nodes"]) == (str(folder / "drafts" / "tide.loom"), 4)
    assert tide["opened"].endswith("Z")
    assert (bell["title"], bell["premise"], bell["spent"]) == ("The Bell", "A bell.", 0.0)
    assert set(broken) == {"path", "title", "error"}
    assert "not a story" in broken["error"]


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_each_line_is_there_before_the_next_story_is_read(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    look, printed = shelf.facts, [""]

    def noted(path: Path) -> Facts:
        printed.append(capsys.readouterr().out)
        return look(path)

    monkeypatch.setattr(shelf, "facts", noted)
    last = run("list", "drafts", *arguments).out
    assert [each.count("\n") for each in [*printed[1:], last]] == [0, 1, 1, 1]


def test_without_a_folder_the_library_is_listed(run: Run, tmp_path: Path) -> None:
    ran = run("list")
    assert (ran.code, ran.out) == (0, "")
    assert "There is no story in" in ran.err
    assert "saves yet; 'storyloom try' begins one." in ran.err
    saves = tmp_path / "home" / "storyloom" / "saves"
    saves.mkdir(parents=True)
    run("new", str(saves / "tide"), "--opening", "The tide went out.")
    assert run("list").out.startswith("tide ")


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_an_empty_folder_is_a_sentence(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "empty").mkdir()
    ran = run("list", "empty", *arguments)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "There is no story in empty yet; 'storyloom new empty/NAME' begins one.\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "There is no folder missing"),
        ("tide.loom", "tide.loom is not a folder"),
        ("a\0b", "cannot be read"),
        ("\x1b[31m", "␛[31m"),
    ],
)
@pytest.mark.usefixtures("tide")
def test_what_is_no_folder_is_refused(run: Run, name: str, said: str) -> None:
    ran = run("list", name)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err


def test_nothing_hostile_is_listed(run: Run, folder: Path) -> None:
    run("new", "evil", "--opening", HOSTILE, "--title", HOSTILE, "--premise", HOSTILE)
    (folder / "\x1b[31m\x7f.loom").write_bytes(b"no story" * 100)
    (folder / "two\nlines.loom").write_bytes(b"no story" * 100)
    if os.name == "posix":
        (folder / "\udcff.loom").write_bytes((folder / "evil.loom").read_bytes())
    for arguments in ((), ("--json",)):
        out = run("list", ".", *arguments).out
        assert out.count("\n") == len(list(folder.iterdir()))
        assert not {c for c in out if c != "\n" and (c < " " or "\x7f" <= c < "\xa0")}
        assert not set(out) & {"\u202e", "\u200b"}
    found = [json.loads(line) for line in run("list", ".", "--json").out.splitlines()]
    assert {Path(each["path"]) for each in found} == set(folder.iterdir())


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_columns_fit_the_terminal(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    for name, title in (("lake", "湖" * 40), ("tide", "Tide")):
        Story.create(folder / f"{name}.loom", title=title, opening="Once.").close()
    monkeypatch.setattr(listing, "is_terminal", lambda _: True)
    monkeypatch.setattr(listing, "width", lambda: columns)
    head, *lines = run("list", ".").out.splitlines()
    assert head.split() == ["title", "nodes", "words", "models", "spent", "last", "opened", "file"]
    assert len(lines) == 2
    for line in lines:
        assert cells(line.rpartition("  ")[0]) == head.index("  file")
        assert cells(line) <= max(columns, 70)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """What was opened on the screen, which a terminal seems to be there for."""
    opened: list[Path | None] = []
    monkeypatch.setattr(screens, "has_screen", lambda: True)
    monkeypatch.setattr(screens, "_run", lambda path, **_: opened.append(path) or 0)
    return opened


@pytest.mark.usefixtures("drafts")
def test_a_folder_opens_as_the_library(run: Run, folder: Path, opened: list[Path | None]) -> None:
    for name in ("drafts", "./drafts/", "drafts/..", "."):
        assert run(name).code == 0
    assert opened == [folder / "drafts", folder / "drafts", folder, folder]


def test_a_story_goes_before_a_folder_of_its_name(
    run: Run, tide: str, folder: Path, opened: list[Path | None]
) -> None:
    (folder / "tide").mkdir()
    assert run("tide").code == 0
    assert opened == [Path(tide)]


@pytest.mark.usefixtures("drafts")
def test_without_a_terminal_a_folder_is_to_be_listed(run: Run) -> None:
    ran = run("drafts")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.endswith("without one, use 'storyloom list drafts'.\n")
    assert "'storyloom list'" in run().err
