"""A damaged story gives a sound one with all that its log still proves, or a sentence."""

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import (
    check,
    growth,
    log,
    marks,
    purging,
    reading,
    recovery,
    salvage,
    search,
    shape,
)
from storyloom.story.growth import Asked
from storyloom.story.schema import GONE
from storyloom.story.shelf import facts
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import grown
from tests.story.wrecks import (
    PAGE,
    TEXTS,
    as_it_was,
    damaged,
    laid,
    leaves_of,
    pages_of,
    recovered,
    rows,
    undone_to_the_end,
)


@pytest.fixture(autouse=True)
def _come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    real = salvage.Wreck.rows

    def counted(wreck: salvage.Wreck, *given: str) -> Iterator[tuple[Any, ...]]:
        for number, row in enumerate(real(wreck, *given)):
            assert number < 50_000, "the same rows are read without end"
            yield row

    monkeypatch.setattr(salvage.Wreck, "rows", counted)


@pytest.fixture
def target(path: Path) -> Path:
    """Where what is recovered goes."""
    return path.with_name("saved.loom")


def test_an_undamaged_story_comes_out_as_it_is(path: Path, target: Path) -> None:
    laid(path)
    found = recovered(path, target)
    assert found
    assert (found.texts_lost, found.ops_lost) == (0, 0)
    assert found.proven == found.ops == rows(path, "SELECT count(*) FROM op")[0][0]
    assert found.nodes == rows(path, f"SELECT count(*) FROM node WHERE NOT flags & {GONE}")[0][0]
    for table in ("change", "rev", "gen", "request", "node", "attr", "undoable", "redoable"):
        query = f"SELECT * FROM {table}"
        assert rows(target, query) == rows(path, query)
    # That it was opened once more is all that the log has to add.
    query = f"SELECT * FROM op WHERE id <= {found.ops}"
    assert rows(target, query) == rows(path, query)
    with Story(path) as story, Story(target) as saved:
        nodes = [0, *reading.children(story, 1), 1]
        assert reading.below(saved, nodes) == reading.below(story, nodes)
        assert search.search(saved, "went on") == search.search(story, "went on")
    undone_to_the_end(target)


def _safe(path: Path, sound: bytes, damage: bytes, target: Path, *, undo: bool) -> bool:
    originals = {rev: (node, text) for rev, node, text in rows(path, TEXTS)}
    path.write_bytes(damage)
    target.unlink(missing_ok=True)
    # Whatever else looks at the file says what is wrong with it, and raises nothing.
    facts(path)
    check.check_file(path)
    path.write_bytes(damage)
    for aside in ("-wal", "-shm"):
        path.with_name(path.name + aside).unlink(missing_ok=True)
    found = recovered(path, target)
    if found:
        for rev, node, text in rows(target, TEXTS):
            assert not text or originals.get(rev) == (node, text)
        if undo:
            undone_to_the_end(target)
    path.write_bytes(sound)
    return found is not None


@pytest.mark.parametrize("part", range(4))
def test_any_page_may_be_empty(path: Path, target: Path, part: int) -> None:
    sound = laid(path)
    assert 50 < len(sound) // PAGE < 90
    chance = random.Random(1)
    for page in range(part, len(sound) // PAGE, 4):
        damage = damaged(sound, page, "zeroed", chance)
        assert _safe(path, sound, damage, target, undo=page % 8 == 0), page


@pytest.mark.parametrize("how", ["random", "swapped", "wrong bytes", "half zeroed"])
def test_any_page_may_be_wrong(path: Path, target: Path, how: str) -> None:
    sound = laid(path)
    chance = random.Random(how)
    saved = 0
    pages = range(chance.randrange(5), len(sound) // PAGE, 5)
    for page in pages:
        saved += _safe(path, sound, damaged(sound, page, how, chance), target, undo=False)
    assert saved > len(pages) // 2


@pytest.mark.parametrize("size", [18, 100, PAGE])
def test_a_lost_beginning_costs_nothing_of_the_tree(path: Path, target: Path, size: int) -> None:
    sound = laid(path)
    path.write_bytes(bytes(size) + sound[size:])
    assert recovered(path, target)
    as_it_was(path, sound, target)
    undone_to_the_end(target)


@pytest.mark.parametrize("table", ["rev", "change", "op"])
def test_a_lost_root_costs_nothing_of_the_tree(path: Path, target: Path, table: str) -> None:
    sound = laid(path)
    root = pages_of(path, table)[0]
    assert root not in leaves_of(path, table)
    path.write_bytes(damaged(sound, root, "zeroed", random.Random(1)))
    found = recovered(path, target)
    assert found
    assert (found.texts_lost, found.ops_lost) == (0, 0)
    assert found.proven == found.ops
    as_it_was(path, sound, target)


def test_lost_texts_are_told_of_and_an_earlier_one_is_shown(path: Path, target: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        node = shape.write_child(story, 1, "At first.")
        for number in range(12):
            shape.write_child(story, 1, f"{number}. " + "word " * 700)
        shape.edit(story, node, "At last.")
    sound = path.read_bytes()
    (at,) = [
        page
        for page in leaves_of(path, "rev")
        if b"At last." in sound[page * PAGE : (page + 1) * PAGE]
    ]
    path.write_bytes(damaged(sound, at, "zeroed", random.Random(1)))
    found = recovered(path, target)
    assert found
    assert found.texts_lost >= 1
    with Story(target) as story:
        assert reading.pieces(story, [node])[0].text == "At first."
        assert "lost" in marks.text_of(story, node, "note")
        kinds = [operation.kind for operation in log.operations(story)]
        assert kinds[-2:] == ["story.recover", "session.end"] or "story.recover" in kinds


def test_tables_that_are_not_ours_are_read_by_their_pages_alone(path: Path, target: Path) -> None:
    sound = laid(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE trap(x)")
    db.execute("CREATE TRIGGER sprung AFTER INSERT ON op BEGIN DELETE FROM node; END")
    db.close()
    assert salvage._opened(path) is None
    assert recovered(path, target)
    as_it_was(path, sound, target)
    assert rows(target, "SELECT name FROM sqlite_schema WHERE name IN ('trap', 'sprung')") == []


@pytest.mark.parametrize("part", [0.1, 0.5, 0.85, 0.95, 0.99])
def test_a_cut_off_file_gives_what_is_left(path: Path, target: Path, part: float) -> None:
    sound = laid(path)
    left = sound[: int(len(sound) * part)]
    assert _safe(path, sound, left, target, undo=True) or part <= 0.5


def test_texts_are_saved_though_no_operation_is_left(path: Path, target: Path) -> None:
    sound = bytearray(laid(path))
    texts = {text for _, _, text in rows(path, TEXTS) if text}
    for page in pages_of(path, "op"):
        sound[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    path.write_bytes(sound)
    found = recovered(path, target)
    assert found
    assert found.proven == 0
    assert {text for _, _, text in rows(target, TEXTS) if text} == texts
    undone_to_the_end(target)


def test_a_branch_that_was_being_written_is_closed(path: Path, target: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "p"})])
        growth.flush(story, {branch.rev: "What had arrived."})
    assert recovered(path, target)
    with Story(target) as story:
        (card,) = reading.cards(story, [branch.node])
        assert (card.preview, card.finish, card.streaming) == (
            "What had arrived.", "interrupted", False
        )  # fmt: skip


def test_what_is_still_in_the_side_file_is_saved_too(path: Path, target: Path) -> None:
    crashed = path.with_name("crashed.loom")
    with Story.create(path, opening="Begin.") as story:
        node = shape.write_child(story, 1, "Only in the side file.")
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", f"{crashed}{suffix}")
    before = Path(f"{crashed}-wal").read_bytes()
    assert b"Only in" in before
    assert b"Only in" not in crashed.read_bytes()
    assert recovered(crashed, target)
    assert Path(f"{crashed}-wal").read_bytes() == before
    with Story(target) as story:
        assert reading.strand_text(story, node) == "Begin.Only in the side file."


def test_what_was_purged_stays_purged(path: Path, target: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        (node,) = grown(story, 1, "Purgedword.", prompt="promptword")
        marks.set_text(story, node, "note", "Noteword.")
        shape.prune(story, node)
        purging.purge(story, [node])
        purging.scrub(story)
    found = recovered(path, target)
    assert found
    assert (found.texts_lost, found.ops_lost) == (0, 0)
    for word in (b"Purgedword", b"Noteword"):
        assert word not in target.read_bytes()
    with Story(target) as story:
        assert not reading.exists(story, node)


@pytest.mark.parametrize("table", ["op", "change", "rev", "gen", "node"])
def test_rows_in_a_wrong_order_are_not_read_without_end(
    path: Path, target: Path, table: str
) -> None:
    sound = laid(path)
    for page in leaves_of(path, table):
        content = bytearray(sound)
        cells = int.from_bytes(content[page * PAGE + 3 : page * PAGE + 5], "big")
        first, last = page * PAGE + 8, page * PAGE + 6 + 2 * cells
        content[first : first + 2], content[last : last + 2] = (
            sound[last : last + 2],
            sound[first : first + 2],
        )
        assert _safe(path, sound, bytes(content), target, undo=False)


def test_undo_ends_where_changes_were_lost(path: Path, target: Path) -> None:
    sound = laid(path)
    for page in leaves_of(path, "change"):
        damage = damaged(sound, page, "zeroed", random.Random(1))
        assert _safe(path, sound, damage, target, undo=True)


@pytest.mark.parametrize("name", [b"rev_no_delete", b"change_altered", b"rev_fts_data"])
@pytest.mark.parametrize("verb", [b"CREATE", b"CREXTE"])
def test_a_name_that_is_no_text_is_a_sentence(
    path: Path, target: Path, name: bytes, verb: bytes
) -> None:
    sound = laid(path)
    damage = sound.replace(name, b"\xcd" + name[1:])
    assert damage != sound
    for kind in (b" TRIGGER ", b" INDEX ", b" TABLE ", b" TABLE '"):
        # SQLite names what it cannot read, byte by byte.
        damage = damage.replace(b"CREATE" + kind + b"\xcd", verb + kind + b"\xcd")
    path.write_bytes(damage)
    with pytest.raises(Refusal):
        Story(path)
    assert facts(path).error
    assert check.check_file(path).faults
    path.write_bytes(damage)
    assert recovered(path, target)
    as_it_was(path, sound, target)


def test_what_is_no_story_is_refused_and_leaves_nothing(path: Path, target: Path) -> None:
    def refused(sentence: str) -> None:
        names = sorted(os.listdir(path.parent))
        with pytest.raises(Refusal, match=sentence):
            recovery.recover(path, target)
        assert sorted(os.listdir(path.parent)) == names

    refused("no file")
    path.write_bytes(b"")
    refused("empty")
    path.write_bytes(random.Random(1).randbytes(50_000))
    refused("Nothing of a story")
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE other(id INTEGER PRIMARY KEY, x TEXT)")
    db.execute("INSERT INTO other VALUES(1, 'x')")
    db.commit()
    db.close()
    refused("Nothing of a story")
    path.unlink()
    laid(path)
    target.write_text("mine")
    refused("there already")
    assert target.read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_file_whose_name_is_no_text_is_recovered(path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/st\xffry.loom"))
    try:
        laid(odd)
    except OSError:
        pytest.skip("a file system whose names are text")
    assert recovered(odd, path)
