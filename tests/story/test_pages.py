"""Rows read from the raw pages of a file are those that SQLite reads, and garbage does no harm."""

import io
import random
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import growth, history, lore, marks, pages, rebuild, shape
from storyloom.story.growth import Asked
from storyloom.story.story import Story
from tests.story.trees import grown, planted, step

TABLES = ("op", "rev", "gen", "change", "node")
PAGE = 4096
# Where a record just fits a page, and where it takes another page more.
EDGES = [*range(PAGE - 110, PAGE + 10, 3), *range(2 * PAGE - 130, 2 * PAGE, 5), 3 * PAGE, 50_000]


def vacuumed(story: Story) -> Path:
    """A copy of a story with no page that is not in use."""
    target = story.path.with_name("vacuumed.loom")
    rebuild.back_up(story.path, target)
    return target


def by_table(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    out: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    for table, row in pages.found(path):
        out[table].append(row)
    return {table: sorted(rows) for table, rows in out.items()}


def agrees(story: Story) -> None:
    found = by_table(vacuumed(story))
    for table in TABLES:
        rows = story.read.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        assert found[table] == rows


def test_every_row_of_a_sound_file_is_found_once(story: Story) -> None:
    shape.write_child(story, 1, "Written é界🜁.")
    grown(story, 1, "Grown.", "Grown too.", "", why="Why?")
    marks.set_setting(story, "temperature", 0.7)
    marks.set_setting(story, "words", 200)
    marks.set_text(story, 1, "note", "x" * 9_000)
    marks.tag(story, 1, "sea")
    lore.set_entry(story, {"title": "Salt", "content": "y" * 5_000})
    (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "p"}, {"x": [1.5, None]})])
    growth.flush(story, {branch.rev: "Still being written. " * 400})
    shape.prune(story, 2)
    history.undo(story)
    agrees(story)


def test_texts_of_every_length_about_a_page_are_found(story: Story) -> None:
    chance = random.Random(1)
    with story.act("node.create") as act:
        for number, length in enumerate(EDGES):
            text = "".join(chance.choice("ab é界🜁\n") for _ in range(length))
            # As many bytes as characters in every other one, so that all edges are met.
            act.add(1, f"b{number + 1:04}1", text if number % 2 else "z" * length)
    agrees(story)


@pytest.mark.parametrize("seed", range(4))
def test_any_story_is_found(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with planted(path, [1] * 30) as story:
        for number in range(60):
            step(story, chance)
            if number % 6 == 0:
                text = "".join(chance.choice("ab é界🜁\n") for _ in range(chance.randint(1, 9_000)))
                shape.write_child(story, 1, text + ".")
        grown(story, 1, "Grown.")
        agrees(story)


def test_numbers_of_every_size_are_found(story: Story) -> None:
    values = [0, 1, -1, 2, 127, -128, 128, 32_767, -32_769, 1 << 23, -(1 << 31), 1 << 40, 1 << 47,
              -(1 << 55), (1 << 63) - 1, -(1 << 63), 0.5, -1e300, 1.0, "", "x"]  # fmt: skip
    with story.act("settings.set") as act:
        for number, value in enumerate(values):
            act.change(0, f"setting:{number}", value)
    agrees(story)
    found = {row[3]: row[5] for row in by_table(story.path.with_name("vacuumed.loom"))["change"]}
    assert [found[f"setting:{number}"] for number in range(len(values))] == values


def test_a_page_of_any_size_is_read(story: Story) -> None:
    story.read.execute("PRAGMA query_only = OFF")
    grown(story, 1, "Grown. " * 2_000)
    for size in (512, 1024, 8192, 65536):
        target = story.path.with_name(f"{size}.loom")
        # Also a page size that the program never makes, as a file may come from elsewhere.
        story.read.execute(f"PRAGMA page_size = {size}")
        story.read.execute("VACUUM INTO ?", (str(target),))
        assert int.from_bytes(target.read_bytes()[16:18], "big") in (size, 1)
        for table, rows in by_table(target).items():
            assert rows == story.read.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


@pytest.mark.parametrize("seed", range(8))
def test_garbage_is_no_harm(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for size in (0, 1, 17, 18, 99, 100, 101, 511, 512, PAGE, PAGE + 1, 20 * PAGE):
        garbage = bytearray(chance.randbytes(size))
        for at in range(0, size, PAGE):
            # So that the pages are looked into at all.
            garbage[at] = 0x0D
        if size > 100:
            garbage[100] = 0x0D
        path.write_bytes(garbage)
        list(pages.found(path))


@pytest.mark.parametrize("seed", range(6))
def test_a_file_with_wrong_bytes_gives_rows_or_none(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Story.create(path, opening="Begin.") as story:
        shape.write_child(story, 1, "word " * 4_000)
        grown(story, 1, "Grown.", "Grown too.")
        for _ in range(20):
            step(story, chance)
    sound = path.read_bytes()
    for _ in range(25):
        damaged = bytearray(sound)
        for _ in range(chance.choice([1, 20, 400])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        for table, row in pages.found(path):
            assert table in TABLES
            assert isinstance(row[0], int)


def test_overflow_pages_that_lead_in_a_circle_come_to_an_end(path: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        shape.write_child(story, 1, "word " * 4_000)
    content = bytearray(path.read_bytes())
    before = list(pages.found(path))
    overflows = 0
    for number in range(1, len(content) // PAGE):
        if content[number * PAGE] != 0:
            continue
        # An overflow page says which one follows it: now that is itself.
        content[number * PAGE : number * PAGE + 4] = (number + 1).to_bytes(4, "big")
        overflows += 1
    assert overflows >= 4
    path.write_bytes(content)
    assert len(list(pages.found(path))) <= len(before)


def test_a_cell_that_claims_more_than_the_file_holds_is_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(path, opening="Begin.").close()
    content = bytearray(path.read_bytes())
    size = len(content)
    claimed = b"\x9f\xff\xff\x7f"  # 64 MB less one byte.
    last = size // PAGE + 1
    page = bytearray(PAGE)
    page[0] = 0x0D
    cells = 12
    page[3:5] = cells.to_bytes(2, "big")
    for cell in range(cells):
        page[8 + 2 * cell : 10 + 2 * cell] = (1_000).to_bytes(2, "big")
    page[1_000 : 1_000 + len(claimed)] = claimed
    for at in range(1_010, PAGE - 4, 4):
        page[at : at + 4] = last.to_bytes(4, "big")
    circle = bytearray(PAGE)
    circle[:4] = last.to_bytes(4, "big")
    path.write_bytes(bytes(content) + bytes(circle) + bytes(page))
    monkeypatch.setattr(pages, "open", lambda where, _: Counted(where), raising=False)
    list(pages.found(path))
    assert 0 < Counted.reads < 20 * size // PAGE


class Counted(io.FileIO):
    """A file that counts how often it is read from."""

    reads = 0

    def read(self, count: int = -1, /) -> bytes:
        Counted.reads += 1
        return super().read(count)
