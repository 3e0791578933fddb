"""Measures what a story file costs, beside plain SQLite and, where it is there, beside a rival.

    python benchmarks/story_file.py [NODES ...] [--shape spine|bushy|mixed|chain]
    RIVAL_PYTHON=/path/to/its/python python benchmarks/story_file.py 100000 --shape spine

Milliseconds are CPU of this process, the least of several runs for what only reads and the median
for what writes. "plain" is what SQLite itself takes, through Python's sqlite3 and nothing else, to
read the same rows in one query by their keys; for what writes, to store the same text in a table
and commit it as durably; for a search without an index, to scan all texts. `RIVAL_PYTHON` is the
Python of an environment with basemode-loom, which does the same work there (see rival.py).

Every size is measured in a process of its own, whose peak memory is told.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import stories

from storyloom.story import check, history, reading, rebuild, rows, search, shape
from storyloom.story.rows import Row
from storyloom.story.story import Story

PRUNED = 100_000


@dataclass
class Figure:
    """One thing that was measured."""

    name: str
    ours: float
    """CPU milliseconds."""
    plain: float | None = None
    """Those of plain SQLite."""
    rival: str = ""
    """What the rival's script calls it."""


def cpu(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that `work` takes."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1e6


def least(work: Callable[[], object], times: int = 9) -> float:
    """Return the least of several runs: for what changes nothing."""
    return min(cpu(work) for _ in range(times))


def middle(work: Callable[[], object], times: int = 15) -> float:
    """Return the median of several runs: for what changes the file each time."""
    return statistics.median(cpu(work) for _ in range(times))


class Plain:
    """The story file read by SQLite alone, and another file to write to."""

    def __init__(self, path: Path) -> None:
        self._read = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._write = sqlite3.connect(path.with_name("plain.db"), isolation_level=None)
        self._write.execute("PRAGMA journal_mode = WAL")
        self._write.execute("PRAGMA synchronous = FULL")
        self._write.execute("CREATE TABLE text(id INTEGER PRIMARY KEY, text TEXT)")

    def nodes(self, nodes: list[int]) -> float:
        """Return what reading those nodes with their texts takes."""
        query = (
            "SELECT node.id, node.parent, node.ord, node.flags, rev.text, rev.runs FROM node "
            f"JOIN rev ON rev.id = node.rev WHERE node.id IN ({','.join(map(str, nodes))})"
        )
        return least(lambda: self._read.execute(query).fetchall())

    def write(self, text: str) -> float:
        """Return what storing a text durably takes."""
        return middle(lambda: self._write.execute("INSERT INTO text(text) VALUES(?)", (text,)))

    def scan(self, *queries: str) -> float:
        """Return what reading through all rows of those queries takes."""

        def through() -> None:
            for query in queries:
                for _ in self._read.execute(query):
                    pass

        return least(through, 2)

    def below(self, top: int) -> float:
        """Return what reading the ids below a node takes."""
        query = (
            "WITH RECURSIVE down(id) AS (SELECT ? UNION ALL SELECT k.id FROM down "
            "JOIN node k ON k.parent = down.id) SELECT id FROM down"
        )
        return least(lambda: self._read.execute(query, (top,)).fetchall(), 2)

    def close(self) -> None:
        """Let both files go."""
        self._read.close()
        self._write.close()


def cursor_step(story: Story, node: int) -> list[int]:
    """Ask all that the screens ask when the cursor comes to a node; return what was shown."""
    (card,) = reading.cards(story, [node])
    siblings = reading.children(story, card.parent)
    kids = reading.children(story, node)
    reading.cards(story, siblings)
    reading.cards(story, kids)
    strand = reading.strand(story, node, least=4_000)
    near = [*rows.preceding(story, Row(node), 1), *rows.following(story, Row(node), 1)]
    reading.cards(story, [row.node for row in near])
    reading.depth(story, node)
    shown = {node, *siblings, *kids, *(piece.node for piece in strand), *(row.node for row in near)}
    return sorted(shown - {0})


def opened(path: Path) -> list[int]:
    """Open a story, read what the first screen of its tree shows, and return that."""
    with Story(path) as story:
        shown = [row.node for row in rows.following(story, Row(0), 40)]
        reading.cards(story, shown)
    return shown


def measure(path: Path, built: stories.Built) -> Iterator[Figure]:
    """Yield each thing measured."""
    plain = Plain(path)
    first = opened(path)
    yield Figure("open, first 40 rows, close", least(lambda: opened(path)), plain.nodes(first),
                 "open, first 40 rows")  # fmt: skip
    with Story(path) as story:
        deep = built.deepest
        strand = reading.path(story, deep)
        half = strand[built.depth // 2]
        yield from _reading(story, plain, deep, half, built)
        yield from _writing(story, plain, deep, half)
        yield from _searching(story, plain)
        yield from _pruning(story, plain)
    target = path.with_name("rebuilt.loom")
    scan = plain.scan("SELECT * FROM change ORDER BY owner, seq", "SELECT * FROM rev")
    yield Figure("rebuild from the log", cpu(lambda: rebuild.rebuild(path, target)), scan)
    with Story(path) as story:
        yield Figure("check all of it", cpu(lambda: check.check(story)), scan)
    plain.close()


def _reading(
    story: Story, plain: Plain, deep: int, half: int, built: stories.Built
) -> Iterator[Figure]:
    for name, node in (("deepest node", deep), ("half-way down", half), ("widest", built.widest)):
        shown = cursor_step(story, node)
        yield Figure(
            f"cursor step, {name}", least(lambda at=node: cursor_step(story, at)),
            plain.nodes(shown), "cursor step" if node == deep else "",
        )  # fmt: skip
    around = [*rows.preceding(story, Row(half), 20), *rows.following(story, Row(half), 20)]
    yield Figure(
        "40 rows around the middle",
        least(lambda: (rows.preceding(story, Row(half), 20), rows.following(story, Row(half), 20))),
        plain.nodes([row.node for row in around]),
    )
    tail = [piece.node for piece in reading.strand(story, deep, least=20_000)]
    yield Figure("strand tail, 20,000 characters",
                 least(lambda: reading.strand(story, deep, least=20_000)), plain.nodes(tail),
                 "strand tail, 20,000 characters")  # fmt: skip
    for _ in range(60 - len(reading.children(story, half))):
        shape.write_child(story, half, "One of sixty. " * 35)
    kids = reading.children(story, half)
    yield Figure("children of a node with 60",
                 least(lambda: reading.cards(story, reading.children(story, half))),
                 plain.nodes(kids), "children of a node with 60")  # fmt: skip
    some = kids[:40]
    yield Figure("counts below 40 nodes",
                 least(lambda: reading.below(story, some)), plain.nodes(some))  # fmt: skip


def _writing(story: Story, plain: Plain, deep: int, half: int) -> Iterator[Figure]:
    numbers = iter(range(10_000))
    text = "Another text of about as many characters as the others have. " * 8
    store = plain.write(text)
    yield Figure("edit", middle(lambda: shape.edit(story, half, f"{next(numbers)} {text}")), store,
                 "edit")  # fmt: skip
    yield Figure("undo it", middle(lambda: history.undo(story)), store, "undo")
    yield Figure("redo it", middle(lambda: history.redo(story)), store)
    yield Figure("write a child", middle(lambda: shape.write_child(story, deep, text)), store)
    yield Figure("split", middle(lambda: shape.split(story, deep, 5)), store)


def _searching(story: Story, plain: Plain) -> Iterator[Figure]:
    scan = plain.scan("SELECT id FROM rev WHERE text LIKE '%kettle%' AND text LIKE '%widow%'")
    yield Figure("search: two words", least(lambda: search.search(story, "kettle widow")), scan,
                 "search")  # fmt: skip
    yield Figure("search: a word that is everywhere", least(lambda: search.search(story, "the")),
                 scan)  # fmt: skip


def _pruning(story: Story, plain: Plain) -> Iterator[Figure]:
    # Down the heaviest branches to one of about as many nodes as are to be pruned.
    node = reading.root(story)
    while kids := reading.children(story, node):
        counts = reading.below(story, kids)
        heaviest = max(kids, key=lambda kid: counts[kid].whole)
        if counts[heaviest].whole < min(PRUNED, reading.below(story, [1])[1].whole) * 0.6:
            break
        node = heaviest
    if node == reading.root(story):
        node = max(reading.children(story, node), key=lambda kid: reading.below(story, [kid])[kid])
    shape.write_sibling(story, node, "So that something stays.")
    many = reading.below(story, [node])[node].whole + 1
    scan = plain.below(node)
    yield Figure(f"prune {many:,} nodes", cpu(lambda: shape.prune(story, node)), scan,
                 f"prune {PRUNED:,} nodes")  # fmt: skip
    yield Figure("undo that", cpu(lambda: history.undo(story)), scan)


def of_rival(nodes: int, shape: str) -> dict[str, float | None]:
    """Return the rival's figures, by name; none where it is not there."""
    python = os.environ.get("RIVAL_PYTHON")
    if not python or shape == "chain":
        return {}
    script = Path(__file__).with_name("rival.py")
    done = subprocess.run(
        [python, script, str(nodes), shape], capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"The rival failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    found = json.loads(done.stdout)
    print(f"rival: basemode-loom {found['version']}, {found['megabytes']:.0f} MB")
    return found["figures"]


def one_size(nodes: int, shape: str) -> None:
    """Build a story of that size and print its table."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "story.loom"
        # Built elsewhere, so that what building takes is not in the memory that is told.
        with multiprocessing.get_context("spawn").Pool(1) as builder:
            built = builder.apply(stories.build, (path, nodes, shape))
        size = path.stat().st_size / 1e6
        print(
            f"\n{nodes:,} nodes, {shape}, {built.depth:,} deep, {size:.1f} MB; "
            f"SQLite {sqlite3.sqlite_version}"
        )
        rival = of_rival(nodes, shape)
        print(f"{'':36}{'CPU ms':>12}{'plain ms':>12}{'ratio':>9}{'rival ms':>12}{'times':>9}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for figure in measure(path, built):
            print(_line(figure, rival), flush=True)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory {after / 1024:.0f} MB, at the start {before / 1024:.0f} MB")
    finally:
        shutil.rmtree(folder)


def _line(figure: Figure, rival: dict[str, float | None]) -> str:
    line = f"{figure.name:36}{figure.ours:12.3f}"
    plain = figure.plain
    line += f"{plain:12.3f}{figure.ours / plain:9.1f}" if plain else f"{'':21}"
    theirs = rival.get(figure.rival) if figure.rival else None
    if theirs:
        line += f"{theirs:12.1f}{theirs / figure.ours:9.0f}"
    elif rival and figure.rival:
        line += f"{'none':>12}"
    return line


def main() -> None:
    """Measure the sizes asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("nodes", nargs="*", type=int, default=[10_000])
    parser.add_argument("--shape", choices=stories.SHAPES, default="mixed")
    asked = parser.parse_args()
    for nodes in asked.nodes:
        process = multiprocessing.get_context("spawn").Process(
            target=one_size, args=(nodes, asked.shape)
        )
        process.start()
        process.join()


if __name__ == "__main__":
    main()
