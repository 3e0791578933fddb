"""Measures what a story file costs: opening, a cursor step, an edit, undo, pruning, searching.

    python benchmarks/story_file.py [NODES ...] [--shape spine|bushy|mixed]

Milliseconds are CPU of this process, the least of several runs for what only reads and the median
for what writes. The last column says how many plain reads of a row by SQLite that is, so that
figures from different machines can be compared.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import stories

from storyloom.story import history, reading, rows, search, shape
from storyloom.story.rows import Row
from storyloom.story.story import Story


def cpu(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that `work` takes."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1e6


def least(work: Callable[[], object], times: int = 7) -> float:
    """Return the least of several runs: for what changes nothing."""
    return min(cpu(work) for _ in range(times))


def middle(work: Callable[[], object], times: int = 15) -> float:
    """Return the median of several runs: for what changes the file each time."""
    return statistics.median(cpu(work) for _ in range(times))


def opened(path: Path) -> None:
    """Open a story and read what the first screen of its tree shows."""
    with Story(path) as story:
        shown = rows.following(story, Row(0), 40)
        reading.cards(story, [row.node for row in shown])


def cursor_step(story: Story, node: int) -> None:
    """Ask all that the screens ask when the cursor comes to a node."""
    (card,) = reading.cards(story, [node])
    reading.cards(story, reading.children(story, card.parent))
    reading.cards(story, reading.children(story, node))
    reading.strand(story, node, least=4_000)
    reading.cards(story, [row.node for row in rows.following(story, Row(node), 1)])
    reading.cards(story, [row.node for row in rows.preceding(story, Row(node), 1)])


def row_cost(path: Path) -> float:
    """Return the milliseconds that plain SQLite takes to read one node's row and text."""
    db = sqlite3.connect(path)
    count = db.execute("SELECT max(id) FROM node").fetchone()[0]
    query = "SELECT node.id, node.parent, rev.text FROM node JOIN rev ON rev.id = node.rev LIMIT ?"
    asked = min(count, 20_000)
    cost = least(lambda: db.execute(query, (asked,)).fetchall()) / asked
    db.close()
    return cost


def measure(path: Path, built: stories.Built) -> list[tuple[str, float]]:
    """Return each thing measured with its milliseconds."""
    found = [("open, first 40 rows, close", least(lambda: opened(path)))]
    with Story(path) as story:
        deep, half = built.deepest, reading.path(story, built.deepest)[built.depth // 2]
        found += [
            ("cursor step at the deepest node", least(lambda: cursor_step(story, deep))),
            ("cursor step half-way down", least(lambda: cursor_step(story, half))),
            ("cursor step at the widest fork", least(lambda: cursor_step(story, built.widest))),
            ("40 rows after a node in the middle",
             least(lambda: rows.following(story, Row(built.nodes // 2), 40))),
            ("40 cards", least(lambda: reading.cards(story, list(range(1, 41))))),
            (f"whole strand, {built.depth} nodes", least(lambda: reading.strand(story, deep))),
            ("search: two words", least(lambda: search.search(story, "kettle widow").nodes)),
            ("search: a word that is everywhere", least(lambda: search.search(story, "the").nodes)),
        ]  # fmt: skip
        numbers = iter(range(10_000))
        found += [
            ("write a child", middle(lambda: shape.write_child(story, deep, "A new passage."))),
            ("edit", middle(lambda: shape.edit(story, half, f"Another text {next(numbers)}."))),
            ("undo", middle(lambda: history.undo(story))),
            ("redo", middle(lambda: history.redo(story))),
            ("split", middle(lambda: shape.split(story, deep, 5))),
        ]
        if built.nodes > 2:
            below = reading.children(story, 1)[0]
            shape.write_child(story, 1, "So that something stays.")
            pruned = cpu(lambda: shape.prune(story, below))
            restored = cpu(lambda: history.undo(story))
            found += [
                ("prune nearly everything", pruned),
                ("undo that", restored),
            ]
    return found


def main() -> None:
    """Build stories of the sizes asked for and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("nodes", nargs="*", type=int, default=[10_000])
    parser.add_argument("--shape", choices=stories.SHAPES, default="mixed")
    asked = parser.parse_args()
    for nodes in asked.nodes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "story.loom"
            built = stories.build(path, nodes, asked.shape)
            unit = row_cost(path)
            print(
                f"\n{nodes:,} nodes, {asked.shape}, {built.depth:,} deep, "
                f"{path.stat().st_size / 1e6:.1f} MB, built in {built.seconds:.1f} s; "
                f"SQLite {sqlite3.sqlite_version} reads a row in {unit * 1000:.2f} µs"
            )
            print(f"{'':40}{'CPU ms':>10}{'rows':>10}")
            for name, cost in measure(path, built):
                print(f"{name:40}{cost:10.3f}{cost / unit:10.0f}")


if __name__ == "__main__":
    main()
