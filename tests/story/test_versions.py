"""A story of an earlier Storyloom is brought up to date on opening, and kept as it was beside."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import (
    check,
    file,
    growth,
    history,
    log,
    marks,
    reading,
    rebuild,
    recovery,
    rows,
    schema,
    search,
    shape,
    tips,
)
from storyloom.story.rows import Row
from storyloom.story.schema import GONE
from storyloom.story.shelf import facts
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import Plain

MADE = Path(__file__).parent / "data" / "version-1.loom"
TABLES = ("op", "change", "rev", "gen", "request", "node", "attr", "undoable", "redoable", "fold",
          "ui")  # fmt: skip


@pytest.fixture
def old(path: Path) -> Path:
    """A story file of version 1."""
    shutil.copyfile(MADE, path)
    return path


def tables(path: Path) -> dict[str, list[Any]]:
    """All rows of a story file, read without any code of the program."""
    # A plain look at a file in WAL mode would leave side files.
    aside = path.with_name(path.name + "-wal").exists()
    db = sqlite3.connect(f"file:{path}?{'mode=ro' if aside else 'immutable=1'}", uri=True)
    found = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    found["schema"] = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 2").fetchall()
    found["version"] = db.execute("PRAGMA user_version").fetchall()
    db.close()
    return found


def story_of(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Those of the rows that an upgrade leaves alone."""
    return {table: found[table] for table in TABLES}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_an_old_story_is_brought_up_to_date_and_kept_beside(old: Path) -> None:
    before = tables(old)
    with Story(old) as story:
        kept = story.upgraded
        assert kept == old.with_name("story.loom.v1")
        assert not story.readonly
        assert check.check(story).faults == []
    assert names(old) == ["story.loom", "story.loom.v1"]
    after = tables(old)
    assert after["version"] == [(schema.VERSION,)]
    assert story_of(after) == story_of(before)
    assert tables(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    with Story(old) as story:
        assert story.upgraded is None
    assert names(old) == ["story.loom", "story.loom.v1"]


def test_the_tree_of_an_old_story_is_what_was_written(old: Path) -> None:
    with Story(old) as story:
        assert marks.story_text(story, "title") == "Salt"
        jon = search.search(story, "Jon came").nodes[0]
        assert reading.strand_text(story, jon) == (
            "The sea was iron. Nobody spoke. Mara laughed. It rained for days. The ferry was late."
            " The bell rang and nobody came. Jon came."
        )
        assert tips.weave_tip(story) == jon
        assert [mark.title for _, mark in reading.chapters(story, jon)] == ["Rain", "The ferry"]
        assert marks.text_of(story, jon, "reason") == "He was promised."
        assert growth.result_of(story, jon)["in"] == 90
        assert growth.spent(story) == (0.0125, 2 + 1)
        (wakened,) = search.search(story, "What had arrived").nodes
        assert reading.cards(story, [wakened])[0].finish == "interrupted"
        (cut,) = [hit.node for hit in search.search(story, "Below the cut").hits if hit.pruned]
        assert reading.depth(story, cut) == 7
        texts = [version.text for version in log.versions(story, reading.path(story, jon)[1])]
        assert texts == [" Nobody spoke, nobody moved.", " Nobody spoke. Mara laughed.",
                         " Mara laughed."]  # fmt: skip


def test_what_follows_from_an_old_log_is_made_and_right(old: Path) -> None:
    with Story(old) as story:
        plain = Plain(story)
        nodes = [0, *plain.alive()]
        assert reading.below(story, nodes) == {node: plain.below(node) for node in nodes}
        for node in nodes[1:]:
            assert reading.depth(story, node) == len(plain.above(node))
        said = {(hit.node, hit.where) for phrase in ("bell", "rain", "ferry", "salt", "dry", "see")
                for hit in search.search(story, phrase).hits if hit.where != "text"}  # fmt: skip
        assert {where for _, where in said} == {
            "note", "chapter", "title", "premise", "style", "why"
        }  # fmt: skip
        folded = story.read.execute("SELECT node FROM fold").fetchone()[0]
        at = rows.following(story, Row(0), 1_000).index(Row(folded))
        assert plain.parent[rows.following(story, Row(0), 1_000)[at + 1].node] != folded


def test_an_old_story_goes_on_as_if_nothing_had_been(old: Path) -> None:
    with Story(old) as story:
        assert history.redo(story) == "node.create"
        new = shape.write_child(story, tips.weave_tip(story), " And more.")
        steps = 0
        while history.undo(story) is not None:
            steps += 1
        assert steps > 60
        assert check.check(story).faults == []
        while history.redo(story) is not None:
            pass
        assert reading.exists(story, new)
        assert check.check(story).faults == []
        alive = story.read.execute(f"SELECT count(*) FROM node WHERE NOT flags & {GONE}")
        assert reading.below(story, [0])[0].whole == alive.fetchone()[0]


def test_looking_at_an_old_story_leaves_it_alone(old: Path) -> None:
    before = digest(old)
    found = facts(old)
    assert (found.title, found.premise, found.error) == ("Salt", "A ferry.", "")
    assert (found.chapters, found.models, found.spent) == (("Rain", "The ferry"), 2, 0.0125)
    assert found.more_nodes is False
    file.open_reader(old).close()
    assert digest(old) == before
    assert names(old) == ["story.loom"]
    with Story(old):
        pass
    assert facts(old) == found


def test_checking_and_backing_up_an_old_story_leave_it_alone(old: Path) -> None:
    before = digest(old)
    copy = old.with_name("copy.loom")
    assert check.check_file(old).faults == []
    rebuild.back_up(old, copy)
    assert tables(copy) == tables(old)
    assert digest(old) == before
    assert names(old) == ["copy.loom", "story.loom"]


def test_rebuilding_and_recovering_an_old_story_leave_it_alone(old: Path) -> None:
    before = digest(old)
    for name, make in (("saved.loom", recovery.recover), ("made.loom", rebuild.rebuild)):
        make(old, old.with_name(name))
        with Story(old.with_name(name)) as story:
            assert story.upgraded is None
            assert check.check(story).faults == []
        for table in ("node", "attr"):
            assert tables(old.with_name(name))[table] == tables(old)[table]
        assert digest(old) == before
    assert names(old) == ["made.loom", "saved.loom", "story.loom"]


def test_recovering_an_old_story_proves_all_of_its_log(old: Path) -> None:
    found = recovery.recover(old, old.with_name("saved.loom"))
    assert (found.texts_lost, found.ops_lost) == (0, 0)
    assert found.proven == found.ops == len(tables(old)["op"])


def test_each_copy_of_an_old_story_is_kept(old: Path) -> None:
    taken = old.with_name("story.loom.v1")
    taken.write_text("mine")
    with Story(old) as story:
        assert story.upgraded == old.with_name("story.loom.v1-2")
    assert taken.read_text() == "mine"
    shutil.copyfile(MADE, old)
    with Story(old) as story:
        assert story.upgraded == old.with_name("story.loom.v1-3")


def test_an_old_story_that_cannot_be_written_to_is_refused_and_left_alone(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser may write to any file, so what the system answers is stood in for.
    real = os.access
    monkeypatch.setattr(
        "os.access", lambda where, mode: mode != os.W_OK and bool(real(where, mode))
    )
    before = digest(old)
    with pytest.raises(Refusal, match=r"earlier Storyloom.*read-only") as caught:
        Story(old)
    assert str(caught.value).endswith(".")
    assert digest(old) == before
    assert names(old) == ["story.loom"]
    assert facts(old).title == "Salt"


_FULL = """
import resource, sys
from pathlib import Path
import sqlite_utils
from storyloom.story import schema
from storyloom.story.story import Story
from storyloom.text import Refusal
path, when, room = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
migrate = schema.migrate
def migrate_on_a_full_disk(connection):
    full()
    migrate(connection)
if when == "copying":
    full()
else:
    schema.migrate = migrate_on_a_full_disk
try:
    Story(path).close()
except Refusal as refusal:
    print(refusal)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
@pytest.mark.parametrize(
    ("when", "room"),
    [("copying", 4_096), ("copying", 60_000), ("upgrading", 0), ("upgrading", 30_000)],
)
def test_a_full_disk_during_the_upgrade_leaves_a_story_as_it_was(
    old: Path, when: str, room: int
) -> None:
    before = tables(old)
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(old), when, str(room)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cannot be created" in done.stdout or "of an earlier Storyloom" in done.stdout
    assert done.stdout.strip().endswith(".")
    assert tables(old) == before
    # SQLite's side files may stay where it could not even begin; they are empty.
    assert [name for name in names(old) if not name.endswith(("-wal", "-shm"))] == ["story.loom"]
    with Story(old) as story:
        assert check.check(story).faults == []
    assert names(old) == ["story.loom", "story.loom.v1"]


def test_an_old_story_that_holds_nonsense_is_refused_and_left_as_it_was(old: Path) -> None:
    db = sqlite3.connect(old, isolation_level=None)
    db.execute("UPDATE attr SET value = 'no JSON' WHERE key = 'chapters'")
    db.close()
    before = tables(old)
    for _ in range(2):
        with pytest.raises(Refusal, match="earlier Storyloom"):
            Story(old)
        assert tables(old) == before
        assert names(old) == ["story.loom"]


def test_two_windows_open_an_old_story_and_one_upgrades_it(old: Path) -> None:
    with Story(old) as first, Story(old) as second:
        assert first.upgraded
        assert second.upgraded is None
        node = shape.write_child(second, 1, "More.")
        assert reading.exists(first, node)
    assert names(old) == ["story.loom", "story.loom.v1"]
