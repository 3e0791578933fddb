"""A story made anew from its log is the same one, and a copy of it is of one moment."""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storyloom.story import (
    check,
    growth,
    history,
    place,
    reading,
    rebuild,
    rows,
    search,
    shape,
)
from storyloom.story.growth import Asked, Result
from storyloom.story.rows import Row
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import Plain, contents
from tests.story.wrecks import PAGE, forged, laid

MAKES = [rebuild.rebuild, rebuild.back_up]


@pytest.fixture
def target(path: Path) -> Path:
    """Where the new file goes."""
    return path.with_name("made.loom")


def test_a_rebuilt_story_is_the_same_in_every_way(path: Path, target: Path) -> None:
    laid(path)
    with Story(path) as story:
        rows.fold(story, 2, True)
        place.remember(story, node=3, view="tree")
        history.undo(story)
        nodes = rebuild.rebuild(path, target)
        with Story(target) as made:
            assert check.check(made).faults == []
            theirs, ours = contents(story), contents(made)
            # What is counted where may differ; the numbers do not.
            assert {**ours, "tally": None} == {**theirs, "tally": None}
            plain = Plain(story)
            assert nodes == len(plain.flags)
            asked = [0, *plain.alive()]
            assert reading.below(made, asked) == reading.below(story, asked)
            assert rows.following(made, Row(0), 1_000) == rows.following(story, Row(0), 1_000)
            for phrase in ("went on", "sea", "note", "label", "salt", "ferry", "nothing"):
                found = search.search(made, phrase, limit=1_000)
                assert found == search.search(story, phrase, limit=1_000)
                assert bool(found.hits) == (phrase != "nothing")
            assert place.recalled(made) == {"node": 3, "view": "tree"}


def test_undo_goes_on_in_a_rebuilt_story(path: Path, target: Path) -> None:
    laid(path)
    with Story(path) as story:
        before = contents(story, "node", "attr")
        history.undo(story)
        history.undo(story)
    rebuild.rebuild(path, target)
    with Story(target) as made:
        assert history.redo(made)
        assert history.redo(made)
        assert contents(made, "node", "attr") == before
        while history.undo(made) is not None:
            pass
        assert len(reading.children(made, 0)) == 1
        assert check.check(made).faults == []


def test_tables_that_are_wrong_are_made_right(path: Path, target: Path) -> None:
    sound = laid(path)
    with Story(path) as story:
        before = contents(story, "node", "attr")
        asked = [0, *Plain(story).alive()]
        counts = reading.below(story, asked)
    path.write_bytes(sound)
    for table, statement in (
        ("node", "UPDATE node SET flags = 0, parent = 1 WHERE id > 5"),
        ("attr", "DELETE FROM attr WHERE key LIKE 'n%' OR key LIKE 'weave:%'"),
        ("tally", "UPDATE tally SET shown = 77, whole = 77"),
        ("said", "DELETE FROM said"),
    ):
        forged(path, table, statement)
    with Story(path) as story:
        assert check.check(story).faults
    rebuild.rebuild(path, target)
    with Story(target) as made:
        assert check.check(made).faults == []
        assert contents(made, "node", "attr") == before
        assert reading.below(made, asked) == counts


@pytest.mark.parametrize("make", MAKES)
def test_a_new_file_takes_no_place_that_is_taken(
    path: Path, target: Path, make: Callable[[Path, Path], object]
) -> None:
    laid(path)
    target.write_text("mine")
    for taken in (target, path, path.parent):
        with pytest.raises(Refusal, match="there already"):
            make(path, taken)
    assert target.read_text() == "mine"
    assert sorted(os.listdir(path.parent)) == [target.name, path.name]
    with pytest.raises(Refusal, match="cannot be created"):
        make(path, path.parent / "missing" / "made.loom")


@pytest.mark.parametrize("make", MAKES)
def test_what_cannot_be_read_gives_no_file(
    path: Path, target: Path, make: Callable[[Path, Path], object]
) -> None:
    with pytest.raises(Refusal, match="no file"):
        make(path, target)
    path.write_text("no story " * 100)
    with pytest.raises(Refusal, match="not a story"):
        make(path, target)
    sound = laid(path)
    path.write_bytes(sound[: len(sound) // 2 // PAGE * PAGE])
    with pytest.raises(Refusal, match="damaged"):
        make(path, target)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("change", "UPDATE change SET new = 'no JSON' WHERE key = 'add' AND owner = 5"),
        ("change", "UPDATE change SET owner = 77777 WHERE key = 'add' AND owner = 5"),
        ("change", "UPDATE change SET new = CAST(new AS BLOB) WHERE key = 'place'"),
        ("change", "UPDATE change SET new = '[[' WHERE key LIKE 'lore:%'"),
        ("change", "UPDATE change SET new = '[1]' WHERE key = 'add' AND owner = 5"),
    ],
)
def test_a_log_that_makes_no_story_gives_no_file(
    path: Path, target: Path, table: str, statement: str
) -> None:
    laid(path)
    forged(path, table, statement)
    with pytest.raises(Refusal, match="log") as caught:
        rebuild.rebuild(path, target)
    assert str(caught.value).endswith(".")
    assert os.listdir(path.parent) == [path.name]


def test_making_a_file_leaves_the_story_as_it_was(path: Path, target: Path) -> None:
    sound = laid(path)
    for make in MAKES:
        make(path, target)
        assert path.read_bytes() == sound
        assert sorted(os.listdir(path.parent)) == [target.name, path.name]
        assert target.stat().st_mode & 0o777 == 0o600
        target.unlink()


def test_a_copy_is_the_story_itself(path: Path, target: Path) -> None:
    laid(path)
    rebuild.back_up(path, target)
    with Story(path) as story, Story(target) as copy:
        assert contents(copy) == contents(story)
        assert check.check(copy).faults == []
        assert search.search(copy, "sea") == search.search(story, "sea")


@pytest.mark.parametrize("make", MAKES)
def test_a_file_made_while_another_program_writes_is_of_one_moment(
    story: Story, make: Callable[[Path, Path], object]
) -> None:
    """Each step adds two nodes, and no copy holds one of them alone."""
    begun = threading.Event()

    def write() -> None:
        with Story(story.path) as other:
            for _ in range(15):
                places = growth.request(other, 1, [Asked("m", {"prompt": "p"})] * 2)
                with other.act("node.create") as act:
                    for order in ("c0001", "c0002"):
                        act.add(places[0].node, order, "pair")
                for branch in places:
                    growth.finish(other, branch, "Grown.", Result("stop"))
                shape.edit(other, places[1].node, "Edited.")
                begun.set()

    for number in range(4):
        writer = threading.Thread(target=write)
        writer.start()
        begun.wait()
        target = story.path.with_name(f"{number}.loom")
        make(story.path, target)
        writer.join()
        begun.clear()
        assert target.stat().st_mode & 0o777 == 0o600
        assert not [
            name for name in os.listdir(target.parent) if name.startswith(f"{number}.loom-")
        ]
        with Story(target) as copy:
            assert check.check(copy).faults == []
            pairs = len(search.search(copy, "pair", limit=1_000).hits)
            assert pairs % 2 == 0
            assert 30 * number < pairs <= 30 * (number + 1)
    assert check.check(story).faults == []


def test_a_copy_holds_what_is_only_in_the_side_file(story: Story) -> None:
    node = shape.write_child(story, 1, "Only in the side file.")
    assert b"Only in the side" not in story.path.read_bytes()
    target = story.path.with_name("copy.loom")
    rebuild.back_up(story.path, target)
    assert b"Only in the side" in target.read_bytes()
    db = sqlite3.connect(f"file:{target}?immutable=1", uri=True)
    assert db.execute("SELECT count(*) FROM node WHERE id = ?", (node,)).fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("make", MAKES)
def test_a_story_whose_folder_may_not_be_written_to_can_be_copied_elsewhere(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path, Path], object],
) -> None:
    sound = laid(path)
    # The superuser may write to any file, so what the system answers is stood in for.
    real = os.access
    monkeypatch.setattr(
        "os.access",
        lambda where, mode: (
            (mode != os.W_OK or Path(where).parent != path.parent) and bool(real(where, mode))
        ),
    )
    target = tmp_path / "elsewhere.loom"
    make(path, target)
    assert path.read_bytes() == sound
    assert os.listdir(path.parent) == [path.name]
    with Story(target) as copy:
        assert check.check(copy).faults == []


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
@pytest.mark.parametrize("make", MAKES)
def test_files_whose_names_are_no_text_are_made_and_read(
    path: Path, target: Path, make: Callable[[Path, Path], object]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/st\xffry.loom"))
    try:
        laid(odd)
    except OSError:
        pytest.skip("a file system whose names are text")
    make(odd, target)
    odd.unlink()
    make(target, odd)
    with Story(odd) as story:
        assert check.check(story).faults == []
