"""The commands import, archive and bindings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.cli import progress
from storyloom.story.story import Story
from storyloom.tui.commands import SCREENS
from tests.cli.conftest import Run


def test_import_makes_a_story_in_the_library_and_prints_its_path(run: Run, folder: Path) -> None:
    (folder / "tide.md").write_text("# Tide\n\n## One\n\nIt rose.\n\n## Two\n\nIt fell.\n")
    ran = run("import", "tide.md")
    path = paths.saves_dir() / "tide.loom"
    assert (ran.code, ran.out) == (0, f"{path}\n")
    assert ran.err == "tide.md is brought in: 2 passages.\n"
    assert run("read", "tide").out.split() == "One It rose. Two It fell.".split()
    assert run("import", "tide.md").out == f"{path.with_name('tide-2.loom')}\n"


def test_import_writes_where_it_is_told_and_replaces_nothing(run: Run, folder: Path) -> None:
    (folder / "tide.txt").write_text("It rose.")
    (folder / "drafts").mkdir()
    assert run("import", "tide.txt", "-o", "drafts/low").out == "drafts/low.loom\n"
    assert run("import", "tide.txt", "-o", "drafts").out == "drafts/tide.loom\n"
    ran = run("import", "tide.txt", "-o", "drafts/low.loom")
    assert ran.code == 2
    assert "is there already" in ran.err
    copied = run("import", "drafts/low.loom")
    assert copied.out == f"{paths.saves_dir() / 'low.loom'}\n"
    assert copied.err == "drafts/low.loom is copied.\n"


@pytest.mark.parametrize("name", ["gone.md", "", "a\0b", "."])
def test_import_of_nothing_is_one_sentence(run: Run, name: str) -> None:
    ran = run("import", name)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_the_bar_is_drawn_on_a_terminal_alone(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tide.txt").write_text(("word " * 300 + "\n\n") * 50)
    monkeypatch.setattr(progress, "_FRAME_SECONDS", -1.0)
    assert "\x1b" not in run("import", "tide.txt").err
    monkeypatch.setattr(progress, "can_draw", lambda: True)
    shown = run("import", "tide.txt").err
    assert "reading ..." in shown
    assert "writing [" in shown
    assert "]  80%" in shown
    assert "\r\x1b[K" in shown
    assert shown.endswith("passages.\n")


def test_archive_puts_away_lists_and_restores(run: Run, tide: str, folder: Path) -> None:
    saves = paths.made(paths.saves_dir())
    (folder / tide).rename(saves / tide)
    ran = run("archive", "tide")
    assert (ran.code, ran.out) == (0, f"{saves / 'archive' / tide}\n")
    assert run("list").out == ""
    assert run("archive", "--list").out.startswith("tide ")
    assert run("archive", "tide").code == 2
    assert run("archive", "--restore", "tide").out == f"{saves / tide}\n"
    assert run("archive", "--list").err == "The archive is empty.\n"
    assert run("list").out.startswith("tide ")


def test_archive_works_beside_a_story_of_any_folder(run: Run, tide: str, folder: Path) -> None:
    library = paths.made(paths.saves_dir())
    Story.create(library / tide, opening="Another.").close()
    assert run("archive", tide).out == "archive/tide.loom\n"
    assert (folder / "archive" / tide).exists()
    assert run("archive", "--restore", "tide").out == "tide.loom\n"
    assert (library / tide).exists()
    run("archive", tide)
    assert run("archive", "--restore", "archive/tide.loom").out == "tide.loom\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name the stories"),
        (("--list", "tide"), "--list shows"),
        (("--restore", "gone"), "There is no story gone in the archive"),
        (("gone",), "There is no file"),
        (("a\0b",), "NUL"),
    ],
)
def test_archive_says_what_is_wrong(run: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = run("archive", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_bindings_prints_every_command_of_every_screen(run: Run) -> None:
    said = run("bindings").out
    assert [line for line in said.splitlines() if line and line[0] != " "] == list(SCREENS)
    for table in SCREENS.values():
        assert all(f":{each.name}" in said and each.help in said for each in table)
    objects = [json.loads(line) for line in run("bindings", "--json").out.splitlines()]
    assert len(objects) == sum(map(len, SCREENS.values()))
    assert {"screen", "command", "keys", "help", "group", "takes", "own"} == set(objects[0])


def test_bindings_has_an_authors_own_keys_and_says_what_is_wrong_with_them(run: Run) -> None:
    config = paths.made(paths.config_dir()) / "config.toml"
    config.write_text('[keys.loom]\nprune = "d"\nfold = ""\n')
    lines = run("bindings", "loom").out.splitlines()
    prune = next(line for line in lines if ":prune" in line)
    assert prune.split()[:3] == ["*", "d", ":prune"]
    assert next(line for line in lines if ":fold " in line).split()[:2] == ["*", ":fold"]
    assert not any(line.startswith("reader") for line in lines)
    config.write_text('[keys.loom]\nprune = "w"\n')
    ran = run("bindings")
    assert (ran.code, ran.out) == (2, "")
    assert "would be the key of both" in ran.err
    config.write_text("")
    assert "did you mean 'loom'" in run("bindings", "lom").err
    assert "\x1b" not in run("bindings", "\x1b[31m").err


def test_bindings_loads_no_screen() -> None:
    code = (
        "import sys; from storyloom.cli.main import main; main(['bindings']); "
        "sys.exit(any(each.startswith('textual') for each in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
