"""What a library knows of a folder, whatever lies in it."""

import os
import sqlite3
from pathlib import Path

import pytest

from storyloom.story import shape
from storyloom.story.shelf import Facts, facts, free_name, is_among, shelf, spent
from storyloom.story.story import Story
from storyloom.text import Refusal


def named(folder: Path) -> list[str]:
    return [entry.path.name for entry in shelf(folder)]


def test_the_last_changed_story_is_first_also_while_a_program_has_it_open(path: Path) -> None:
    folder = path.parent
    with Story.create(path, opening="Once.") as story:
        for age, name in enumerate(("new", "old", "older")):
            (folder / f"{name}.loom").write_bytes(b"")
            os.utime(folder / f"{name}.loom", (1_700_000_000 - age,) * 2)
        os.utime(path, (1_600_000_000,) * 2)
        shape.write_child(story, 1, "More.")
        assert named(folder) == ["story.loom", "new.loom", "old.loom", "older.loom"]
        before = {each.name for each in folder.iterdir()}
        assert facts(path).nodes == 2
        assert {each.name for each in folder.iterdir()} == before


def test_only_story_files_are_listed(path: Path) -> None:
    folder = path.parent
    for name in ("a.loom", ".hidden.loom", "b.loom-wal", "notes.txt", "c.LOOM.bak"):
        (folder / name).write_text("x")
    (folder / "gone.loom").symlink_to(folder / "nowhere")
    (folder / "folder.loom").mkdir()
    assert sorted(named(folder)) == ["a.loom", "folder.loom"]


def test_a_folder_that_is_not_there_has_no_stories_and_what_is_none_is_refused(path: Path) -> None:
    assert shelf(path.parent / "missing") == []
    path.write_text("x")
    with pytest.raises(Refusal, match="is not a folder"):
        shelf(path)
    with pytest.raises(Refusal, match="cannot be read"):
        shelf(Path("a\0b"))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_a_folder_that_may_not_be_read_is_refused(path: Path) -> None:
    path.parent.chmod(0)
    try:
        with pytest.raises(Refusal, match="cannot be read"):
            shelf(path.parent)
    finally:
        path.parent.chmod(0o700)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.unlink(missing_ok=True), "no file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"no story" * 100), "not a story"),
        (lambda path: path.mkdir(), "is a folder"),
        (make_pipe, "not a file that can hold a story"),
    ],
    ids=["gone", "empty", "other", "folder", "pipe"],
)
def test_what_is_no_story_says_so(path: Path, make: object, said: str) -> None:
    make(path)  # type: ignore[operator]
    found = facts(path)
    assert said in found.error
    assert found == Facts("story", error=found.error)


@pytest.mark.parametrize(
    "values",
    [
        "INSERT OR REPLACE INTO attr VALUES(0, 'spent', 9e999)",
        "INSERT OR REPLACE INTO attr VALUES(0, 'spent', hex(zeroblob(400)) || '1e9')",
        "INSERT OR REPLACE INTO attr VALUES(0, 'unpriced', 'many')",
        f"INSERT OR REPLACE INTO attr VALUES(1, 'chapters', '{'[' * 100_000}')",
        "INSERT OR REPLACE INTO attr VALUES(1, 'chapters', '{\"a\": 1}')",
        "INSERT OR REPLACE INTO attr VALUES(1, 'chapters', '[1]')",
        "INSERT OR REPLACE INTO attr VALUES(0, 'title', CAST(x'fffe' AS TEXT))",
    ],
    ids=["infinite", "huge", "word", "deep", "object", "number", "bytes"],
)
def test_values_that_no_story_has_are_a_fault_of_the_file(path: Path, values: str) -> None:
    Story.create(path, title="Salt", opening="Once.").close()
    with sqlite3.connect(path) as db:
        db.execute(values)
    db.close()
    assert facts(path).error


def test_what_is_told_is_text_and_a_time_that_a_clock_can_show(path: Path) -> None:
    Story.create(path, title="Salt", opening="Once.").close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT OR REPLACE INTO attr VALUES(1, 'chapters', '[[0, 17, true]]')")
        db.execute("INSERT OR REPLACE INTO attr VALUES(0, 'title', 17)")
        db.execute(
            "INSERT INTO op SELECT id + 1, 9000000000000000000, session, actor, kind, reverts, "
            "data, hash FROM op ORDER BY id DESC LIMIT 1"
        )
    db.close()
    found = facts(path)
    assert (found.error, found.title, found.chapters) == ("", "17", ("17",))
    assert 0 < found.opened < 253_402_300_800_000


@pytest.mark.skipif(os.name != "posix", reason="names of files are text here")
def test_a_name_in_no_encoding_breaks_nothing(path: Path) -> None:
    Story.create(path, opening="Once.").close()
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff.loom"))
    try:
        odd.write_bytes(path.read_bytes())
    except OSError:
        pytest.skip("this file system wants its names in UTF-8")
    assert {facts(entry.path).nodes or bool(facts(entry.path).error) for entry in shelf(odd.parent)}


def test_a_very_long_text_is_estimated_from_its_beginning(path: Path) -> None:
    Story.create(path, opening="word " * 20_000).close()
    assert facts(path).words == 20_000


def test_what_was_spent_says_what_is_not_known() -> None:
    assert spent(Facts("")) == "–"
    assert spent(Facts("", models=1)) == "$0.00"
    assert spent(Facts("", models=1, spent=1.5)) == "$1.50"
    assert spent(Facts("", models=1, unpriced=2)) == "?"
    assert spent(Facts("", models=1, spent=1.5, unpriced=2)) == "$1.50?"


def test_a_free_name_is_none_that_a_story_has_or_had(path: Path) -> None:
    folder = path.parent
    assert free_name(folder, "tide") == folder / "tide.loom"
    (folder / "tide.loom").write_text("x")
    # Changes that a crash left beside a story that is gone would be taken for the new one's.
    (folder / "tide-2.loom-wal").write_text("x")
    (folder / "tide-3.loom").symlink_to(folder / "nowhere")
    assert free_name(folder, "tide") == folder / "tide-4.loom"


def test_a_story_is_among_those_of_its_own_folder_however_that_is_spelled(path: Path) -> None:
    folder = path.parent
    (folder / "link").symlink_to(folder, target_is_directory=True)
    assert is_among(path, folder)
    assert is_among(folder / "link" / path.name, folder)
    assert not is_among(folder / "notes.md", folder)
    assert not is_among(path, folder.parent)
    assert not is_among(folder / "missing" / "a.loom", folder)
