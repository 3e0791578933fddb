"""A story that has something of everything, and ways to damage its file and to save it again."""

import os
import random
import sqlite3
from pathlib import Path
from typing import Any

from storyloom.story import (
    check,
    history,
    lore,
    marks,
    placing,
    reading,
    recovery,
    shape,
    weaves,
)
from storyloom.story.recovery import Recovered
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import grown, step

PAGE = 4096
_made: list[bytes] = []
EVERYTHING = "SELECT * FROM node ORDER BY id"
SAID = "SELECT * FROM attr ORDER BY owner, key"
TEXTS = "SELECT id, node, text FROM rev ORDER BY id"


def laid(path: Path) -> bytes:
    """Lay a story of some sixty pages at a path, and return its bytes; they are always the same."""
    if not _made:
        write(path)
        _made.append(path.read_bytes())
    path.write_bytes(_made[0])
    return _made[0]


def write(path: Path) -> None:
    chance = random.Random(1)
    with Story.create(
        path, title="Salt", premise="A ferry.", opening="The sea was iron. It was cold."
    ) as story:
        node = 1
        for number in range(45):
            step(story, chance)
            if number % 8 == 0:
                node = shape.write_child(story, 1, f"Long {number}. " + "It went on. " * 300)
                shape.edit(story, node, f"Longer {number}. " + "It went on. " * 310)
                marks.set_text(story, node, "note", f"Note {number}.")
                marks.tag(story, node, "sea")
                grown(story, node, f"Grown {number}.", why=f"Why {number}?", prompt="é" * number)
                lore.set_entry(story, {"title": f"Salt {number}"})
        weaves.set_weave(story, node)
        with story.act("label.set") as act:
            # So that the log's changes fill several pages.
            for number in range(250):
                act.change(node, "label", f"Label {number}")
        top = shape.write_child(story, 1, "To be copied.")
        shape.write_child(story, top, "Below it.")
        placing.copy(story, top, node)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a sound file answers, read without the program."""
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    found = db.execute(query).fetchall()
    db.close()
    return found


def pages_of(path: Path, table: str) -> list[int]:
    """The pages of a table's tree, its root first, counted from 0."""
    content = path.read_bytes()
    (root,) = rows(path, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")[0]
    out: list[int] = []
    waiting = [root - 1]
    while waiting:
        number = waiting.pop()
        out.append(number)
        page = content[number * PAGE : (number + 1) * PAGE]
        if page[0] == 0x05:
            waiting.append(int.from_bytes(page[8:12], "big") - 1)
            for cell in range(int.from_bytes(page[3:5], "big")):
                at = int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell], "big")
                waiting.append(int.from_bytes(page[at : at + 4], "big") - 1)
    return out


def leaves_of(path: Path, table: str) -> list[int]:
    """The pages that hold a table's rows."""
    content = path.read_bytes()
    return [number for number in pages_of(path, table) if content[number * PAGE] == 0x0D]


def damaged(sound: bytes, page: int, how: str, chance: random.Random) -> bytes:
    """The bytes of a file of which one page, counted from 0, was damaged."""
    content = bytearray(sound)
    at = page * PAGE
    if how == "zeroed":
        content[at : at + PAGE] = bytes(PAGE)
    elif how == "half zeroed":
        content[at + PAGE // 2 : at + PAGE] = bytes(PAGE // 2)
    elif how == "random":
        content[at : at + PAGE] = chance.randbytes(PAGE)
    elif how == "swapped":
        other = chance.randrange(len(sound) // PAGE) * PAGE
        content[at : at + PAGE], content[other : other + PAGE] = (
            sound[other : other + PAGE],
            sound[at : at + PAGE],
        )
    else:
        for _ in range(chance.choice([1, 8, 40])):
            content[at + chance.randrange(PAGE)] = chance.randrange(256)
    return bytes(content)


def forged(path: Path, table: str, statement: str) -> None:
    """Change rows of a table as no program of ours would, also into what its types forbid."""
    db = sqlite3.connect(path, isolation_level=None)
    triggers = db.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    loose = sql.replace(" STRICT, WITHOUT ROWID", " WITHOUT ROWID").removesuffix(" STRICT")
    for spelled in (loose, sql):
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (spelled, table))
        db.execute("PRAGMA writable_schema = RESET")
        if spelled == loose:
            assert db.execute(statement).rowcount, "the statement changes a row"
    for _, trigger in triggers:
        db.execute(trigger)
    db.close()


def recovered(path: Path, target: Path) -> Recovered | None:
    """Recover a file, and see to it that the result is sound and the file as it was."""
    before = path.read_bytes()
    names = os.listdir(path.parent)
    found, said = None, "."
    try:
        found = recovery.recover(path, target)
    except Refusal as refusal:
        said = str(refusal)
    assert said.endswith(".")
    assert path.read_bytes() == before
    made = {target.name} if found else set()
    # Where a side file lies, SQLite lays its index beside that.
    assert set(os.listdir(path.parent)) - {f"{path.name}-shm"} == {*names} | made
    if found:
        with Story(target) as story:
            assert check.check(story).faults == []
            assert reading.root(story)
    return found


def undone_to_the_end(path: Path) -> None:
    """Take back all that a recovered story says can be taken back."""
    with Story(path) as story:
        while history.undo(story) is not None:
            pass
        while history.redo(story) is not None:
            pass
        assert check.check(story).faults == []


def as_it_was(path: Path, sound: bytes, target: Path) -> None:
    """The tree and all that is said of it came out whole."""
    whole = path.with_name("whole.loom")
    whole.write_bytes(sound)
    for query in (EVERYTHING, SAID, TEXTS):
        assert rows(target, query) == rows(whole, query)
    whole.unlink()
