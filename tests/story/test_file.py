"""What is no story is refused with a sentence, and its bytes stay as they were."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from storyloom.story import check, file, reading, schema, shape
from storyloom.story.story import Story
from storyloom.text import Refusal


def fingerprint(path: Path) -> tuple[str, list[str]]:
    """The bytes of a file and the names beside it."""
    return hashlib.sha256(path.read_bytes()).hexdigest(), sorted(os.listdir(path.parent))


def refused(path: Path) -> str:
    """The sentence that opening a file is refused with, which leaves it alone."""
    before = fingerprint(path)
    with pytest.raises(Refusal) as caught:
        Story(path)
    assert fingerprint(path) == before
    said = str(caught.value)
    assert said.endswith(".")
    assert path.name in said
    return said


def altered(path: Path, *statements: str) -> Path:
    """A story whose file was altered behind the program's back."""
    Story.create(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path


def test_a_text_file_is_no_story(path: Path) -> None:
    path.write_text("Once upon a time, " * 100)
    assert "not a story" in refused(path)


def test_an_empty_file_is_no_story(path: Path) -> None:
    path.write_bytes(b"")
    assert "empty" in refused(path)


def test_a_cut_off_file_is_damaged(path: Path) -> None:
    Story.create(path).close()
    path.write_bytes(path.read_bytes()[:100])
    assert "damaged" in refused(path) or "not a story" in refused(path)


def test_a_missing_file_says_how_to_begin(path: Path) -> None:
    with pytest.raises(Refusal, match="storyloom new"):
        Story(path)
    assert os.listdir(path.parent) == []


def test_a_folder_is_no_story(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Refusal, match="folder"):
        Story(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(Refusal, match="not a file"):
        Story(path)


def test_another_programs_database_is_not_touched(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(x)")
    connection.close()
    assert "another program" in refused(path)


def test_a_newer_version_is_not_touched(path: Path) -> None:
    assert "newer" in refused(altered(path, "PRAGMA user_version = 99"))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra(x)",
        "CREATE VIEW extra AS SELECT 1",
        "CREATE TRIGGER extra AFTER INSERT ON ui BEGIN DELETE FROM fold; END",
        # Under the name of what is not looked at: the list of migrations, the index's tables.
        "CREATE TRIGGER _sqlite_migrations2 AFTER INSERT ON _sqlite_migrations "
        "BEGIN DELETE FROM fold; END",
        "CREATE INDEX extra ON node(flags)",
        "ALTER TABLE node ADD COLUMN extra TEXT",
    ],
)
def test_tables_that_are_not_ours_are_not_touched(path: Path, statement: str) -> None:
    assert "did not make" in refused(altered(path, statement))


def test_a_trigger_that_calls_itself_a_table_is_seen(path: Path) -> None:
    altered(
        path,
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_schema VALUES('table', 'sqlite_stat1', 'sqlite_stat1', 0, "
        "'CREATE TRIGGER sneaky AFTER INSERT ON ui BEGIN DELETE FROM fold; END')",
    )
    refused(path)


def test_statistics_of_another_tool_are_tolerated_and_cleared(path: Path) -> None:
    altered(path, "ANALYZE")
    with Story(path) as story:
        assert story.read.execute("SELECT count(*) FROM sqlite_stat1").fetchone() == (0,)


def test_a_damaged_page_is_a_sentence_when_it_is_read(path: Path) -> None:
    with Story.create(path, opening="x" * 100) as story:
        for _ in range(30):
            shape.write_child(story, 1, "some text " * 300)
    content = bytearray(path.read_bytes())
    for page in range(4096 * 30, len(content), 4096):
        content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    before = fingerprint(path)
    with Story(path) as story, pytest.raises(Refusal, match="damaged"):
        reading.pieces(story, list(range(1, 32)))
    assert fingerprint(path) == before
    with Story(path) as story:
        assert check.check(story).faults


def test_creating_takes_no_place_that_is_taken(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(Refusal, match="there already"):
        Story.create(path)
    assert path.read_text() == "mine"
    assert os.listdir(path.parent) == [path.name]


def test_creating_in_no_folder_is_a_sentence(path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be created"):
        Story.create(path.parent / "missing" / "a.loom")


def test_a_file_that_appears_meanwhile_is_kept(path: Path) -> None:
    with pytest.raises(Refusal, match="there already"), file.draft(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert os.listdir(path.parent) == [path.name]


def test_creation_that_fails_leaves_no_file(path: Path) -> None:
    with pytest.raises(RuntimeError), file.draft(path):
        raise RuntimeError
    assert os.listdir(path.parent) == []


def test_a_story_is_its_owners_alone(path: Path) -> None:
    Story.create(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_closing_leaves_one_file(path: Path) -> None:
    with Story.create(path) as story:
        shape.write_child(story, 1, "More.")
    assert os.listdir(path.parent) == [path.name]


def test_a_look_leaves_nothing_beside_the_file(path: Path) -> None:
    Story.create(path).close()
    file.open_reader(path).close()
    assert os.listdir(path.parent) == [path.name]


def test_the_fingerprint_is_the_schemas(path: Path) -> None:
    Story.create(path).close()
    connection = sqlite3.connect(path)
    assert schema.fingerprint(connection) == schema.FINGERPRINTS[schema.VERSION]
    connection.close()


def test_a_readonly_file_can_be_read_and_says_why_it_cannot_be_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(path, opening="Read me.").close()
    # The superuser may write to any file, so what the system answers is stood in for.
    real = os.access
    monkeypatch.setattr(
        "os.access", lambda where, mode: mode != os.W_OK and bool(real(where, mode))
    )
    before = fingerprint(path)
    with Story(path) as story:
        assert story.readonly
        assert reading.strand_text(story, 1) == "Read me."
        with pytest.raises(Refusal, match="read-only"):
            shape.write_child(story, 1, "No.")
    assert fingerprint(path) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_a_full_disk_loses_only_the_change_that_did_not_fit(path: Path) -> None:
    Story.create(path, opening="Begin.").close()
    program = """
import resource, sys
from pathlib import Path
from storyloom.story import check, reading, shape
from storyloom.story.story import Story
from storyloom.text import Refusal
story = Story(Path(sys.argv[1]))
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, resource.RLIM_INFINITY))
written = 0
try:
    while True:
        shape.write_child(story, 1, "word " * 4000)
        written += 1
except Refusal as refusal:
    print(refusal)
print(written, len(reading.children(story, 1)))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
shape.write_child(story, 1, "There is room again.")
story.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sentence, counts = done.stdout.strip().splitlines()
    written, kept = map(int, counts.split())
    assert "was not saved" in sentence
    assert written == kept > 0
    with Story(path) as story:
        assert check.check(story).faults == []
        assert len(reading.children(story, 1)) == written + 1


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_creating_on_a_full_disk_leaves_no_file(path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
import sqlite_utils
from storyloom.story.story import Story
from storyloom.text import Refusal
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    Story.create(Path(sys.argv[1]))
except Refusal as refusal:
    print(refusal)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be created" in done.stdout
    assert os.listdir(path.parent) == []


def test_without_a_lock_the_story_does_without_wal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(path).close()
    monkeypatch.setattr("storyloom.story.guard.fcntl", None)
    with Story(path) as story:
        shape.write_child(story, 1, "Still saved.")
        assert story.read.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert check.check(story).faults == []


def test_an_unusable_runtime_folder_keeps_nobody_from_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(path).close()
    monkeypatch.setattr("storyloom.paths.runtime_dir", lambda: Path("/dev/null/run"))
    with Story(path) as story:
        shape.write_child(story, 1, "Saved.")
        shape.write_child(story, 1, "Saved again.")
        assert story.live_others() == []
        kinds = story.read.execute("SELECT kind FROM op WHERE kind = 'session.start'").fetchall()
        assert len(kinds) == 2
        assert check.check(story).faults == []


def test_opening_imports_nothing_heavy(path: Path) -> None:
    Story.create(path).close()
    program = """
import sys
from pathlib import Path
from storyloom.story import check, growth, history, marks, place, reading, rows, shape, shelf
from storyloom.story.story import Story
with Story(Path(sys.argv[1])) as story:
    shape.write_child(story, 1, "More.")
heavy = {"sqlite_utils", "litellm", "tiktoken", "textual", "numpy"} & set(sys.modules)
print(sorted(heavy))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
