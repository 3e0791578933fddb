"""The commands check, backup and recover."""

import re
import sqlite3
from pathlib import Path

import pytest

from storyloom.cli import opening
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.cli.test_changing import TREE, tree


def spoil(path: str, trigger: str, statement: str) -> None:
    """Change a story behind its back, what guards its log put back as it was."""
    with sqlite3.connect(path) as db:
        guards = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchall()
        for _ in guards:
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)
        for (sql,) in guards:
            db.execute(sql)
    db.close()


def stories(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("*.loom"))


def unhang(path: str) -> None:
    """Let the tables be other than the log says."""
    spoil(path, "", "UPDATE node SET parent = 3 WHERE id = 4")


def forge(path: str) -> None:
    """Let the log be another than was written."""
    spoil(path, "op_no_update", "UPDATE op SET data = '{}', ts = 1 WHERE kind = 'node.create'")


def test_several_files_are_checked_and_one_that_is_none_is_a_fault(
    run: Run, tide: str, folder: Path
) -> None:
    run("new", "other", "--opening", "Once.")
    (folder / "broken.loom").write_bytes(b"no story" * 100)
    assert run("check", tide, "other").code == 0
    ran = run("check", "none.loom", tide, "broken.loom", ".", "other")
    assert ran.code == 1
    none, well, broken, here, last = ran.out.splitlines()
    assert none.startswith("There is no file none.loom")
    assert well.startswith("tide.loom: all is well (")
    assert broken == "broken.loom is not a story: it is no SQLite file."
    assert here.startswith(". is a folder")
    assert last.startswith("other: all is well (")
    spoil("other.loom", "", "UPDATE node SET parent = 9")
    ran = run("check", "other.loom", tide)
    assert ran.code == 1
    assert all(line.startswith("other.loom: ") for line in ran.out.splitlines()[:-1])
    assert ran.err.startswith("other.loom: ")
    assert ran.out.splitlines()[-1].startswith("tide.loom: all is well")


def test_tables_are_made_again_from_a_sound_log(run: Run, tide: str, folder: Path) -> None:
    unhang(tide)
    before = (folder / tide).read_bytes()
    ran = run("check", tide, "--rebuild")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "tide-rebuilt.loom")
    assert "n4 in the tables is not what the log says" in ran.out
    assert (folder / tide).read_bytes() == before
    assert run("check", "tide-rebuilt").code == 0
    assert tree(run, "tide-rebuilt.loom") == TREE
    assert run("check", tide, "--rebuild").out.splitlines()[-1] == "tide-rebuilt-2.loom"
    assert run("check", tide, "--rebuild", "-o", "new.loom").out.splitlines()[-1] == "new.loom"
    assert "is there already" in run("check", tide, "--rebuild", "-o", "new.loom").err


def test_nothing_is_made_from_a_faulty_log(run: Run, tide: str, folder: Path) -> None:
    forge(tide)
    ran = run("check", tide, "--rebuild")
    assert ran.code == 2
    assert "is not what was logged" in ran.out
    assert "'storyloom recover tide.loom'" in ran.err
    assert stories(folder) == [tide]
    spoil(tide, "change_no_delete", "DELETE FROM change WHERE owner = 2 AND key = 'add'")
    assert "'storyloom recover tide.loom'" in run("check", tide, "--rebuild").err
    assert stories(folder) == [tide]
    (folder / "broken.loom").write_bytes(b"no story" * 100)
    ran = run("check", "broken.loom", "--rebuild")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "tide.loom", "-o", "new.loom"], "say --rebuild"),
        (["check", "tide.loom", "tide.loom", "--rebuild"], "one file at a time"),
        (["check", "tide.loom", "--rebuild", "-o", "none/new.loom"], "cannot be created"),
        (["check", "tide.loom", "--rebuild", "-o", "a\0b"], "NUL"),
        (["backup", "none"], "no file none"),
        (["backup", "tide.loom", "-o", "tide.loom"], "is there already"),
        (["backup", "tide.loom", "-o", "none/new.loom"], "cannot be created"),
        (["backup", "tide.loom", "-o", "a\0b"], "NUL"),
        (["recover", "none"], "no file none"),
        (["recover", "tide.loom", "-o", "tide.loom"], "is there already"),
        (["recover", "."], "is a folder"),
    ],
)
@pytest.mark.usefixtures("tide")
def test_what_cannot_be_written_or_read_is_refused(
    run: Run, folder: Path, arguments: list[str], said: str
) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert said in ran.err
    assert stories(folder) == ["tide.loom"]


def test_a_backup_is_dated_and_replaces_nothing(run: Run, tide: str, folder: Path) -> None:
    with Story(folder / tide):
        first = run("backup", tide)
    assert first.code == 0
    assert re.fullmatch(r"tide-\d{4}-\d\d-\d\d\.loom\n", first.out)
    second = run("backup", "tide")
    assert second.out == first.out.replace(".loom", "-2.loom")
    assert tree(run, second.out.strip()) == TREE
    (folder / "aside").mkdir()
    assert run("backup", tide, "-o", "aside").out == f"aside/{first.out}"
    assert run("backup", tide, "-o", "copy.loom").out == "copy.loom\n"
    assert run("check", "copy.loom", first.out.strip()).code == 0


def test_a_damaged_story_is_saved_beside_it(run: Run, tide: str, folder: Path) -> None:
    forge(tide)
    before = (folder / tide).read_bytes()
    ran = run("recover", tide)
    assert (ran.code, ran.out) == (0, "tide-recovered.loom\n")
    assert re.match(
        r"Saved: 4 nodes\. Of \d+ operations that could be read, the log's chain proves \d+; ",
        ran.err,
    )
    assert (folder / tide).read_bytes() == before
    assert run("check", "tide-recovered").code == 0
    assert tree(run, "tide-recovered.loom") == TREE
    assert run("recover", tide, "-o", "saved.loom").out == "saved.loom\n"
    (folder / "broken.loom").write_bytes(b"no story" * 100)
    assert run("recover", "broken.loom").code == 2


def test_long_work_on_a_large_file_is_said_before_it_begins(
    run: Run, tide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_LARGE_FILE", 10)
    assert run("check", tide).err == "Checking tide.loom; it is large, so this takes a while.\n"
    assert run("backup", tide).err == "Copying tide.loom; it is large, so this takes a while.\n"
    recovered = run("recover", tide).err
    assert recovered.startswith("Reading tide.loom; it is large, so this takes a while.\n")
    rebuilt = run("check", tide, "--rebuild").err.splitlines()
    assert rebuilt[1].startswith("Making its tables again")


def test_a_story_of_an_earlier_version_says_where_it_lies_as_it_was(
    run: Run, tide: str, folder: Path
) -> None:
    with sqlite3.connect(tide) as db:
        for statement in (
            "DROP INDEX change_owner",
            "DROP TABLE tally",
            "DROP TABLE said_fts",
            "DROP TABLE said",
            "DELETE FROM _sqlite_migrations WHERE name = 'second'",
            "PRAGMA user_version = 1",
        ):
            db.execute(statement)
    db.close()
    ran = run("tree", tide)
    assert ran.err == "tide.loom is brought up to date; tide.loom.v1 is the file as it was.\n"
    assert (ran.code, ran.out.splitlines()) == (0, TREE)
    assert run("tree", tide).err == ""
    assert (folder / "tide.loom.v1").exists()
