"""Measures what basemode-loom, a rival that keeps its trees in SQLite too, pays for the same acts.

    PYTHON_OF_RIVAL benchmarks/rival.py NODES [spine|bushy|mixed]

It needs nothing of Storyloom, and prints one JSON object. The story has the shape and the texts
that `stories.py` gives to the same arguments; its rows are written in bulk, as the rival's own
functions would have written them.

A figure is CPU milliseconds of the functions that the rival's own screen calls for that act, which
the docstrings name, without the drawing: the least of several runs for what only reads, the median
for what writes. It is null where the rival has no such act, or takes longer than anybody waits.
"""

import gc
import json
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

_PATIENCE = 180  # seconds, after which a figure is given up
_ENOUGH = 6_000  # milliseconds, after which an act is not run again
_MODELS = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "deepinfra/qwen3-235b-a22b")
_WORDS = (
    "the a of and to in was it that he she her his with on for as had at by from not but they were "
    "sea iron salt lamp ferry harbour keeper letter window stair kettle winter tide gull rope "
    "mara tomas widow captain brother stranger child voice hand door field orchard train clock "
    "walked waited laughed turned opened carried counted forgot remembered whispered burned broke "
    "slowly again never always almost nobody somewhere under behind before after between against"
).split()
# What LoomSession._save_completions keeps about a branch that was generated.
_FACTS = """{"model_branch_index": 0, "model_idx": 0, "timing": {"completion_tokens": 96, \
"completion_tokens_per_second": 51.33, "elapsed_ms": 1870.25, "streaming_ms": 1457.75, \
"ttft_ms": 412.5}, "usage": {"completion_tokens": 96, "cost_usd": 0.0002, "is_estimate": false, \
"model": "openai/gpt-4o-mini", "pricing_available": true, "prompt_tokens": 900, \
"total_tokens": 996}}"""


class Tree:
    """A story as it grows: for every node, by its number from 1, what the shapes ask about it."""

    def __init__(self, rng: random.Random) -> None:
        # The ids are drawn apart, so that the shape stays the one of `stories.py`.
        self.rng, self.names = rng, random.Random("ids")
        self.nodes, self.ids, self.parents, self.depths = 0, [""], [0], [0]

    def place(self, parent: int, count: int) -> range:
        """Return the numbers of new last children of `parent`."""
        self.nodes += count
        self.parents += [parent] * count
        self.depths += [self.depths[parent] + 1] * count
        self.ids += [f"{self.names.getrandbits(128):032x}" for _ in range(count)]
        return range(self.nodes - count + 1, self.nodes + 1)

    def prose(self) -> str:
        """Return about 490 characters that begin with a space."""
        out: list[str] = []
        for _ in range(self.rng.randint(6, 9)):
            words = self.rng.choices(_WORDS, k=self.rng.randint(7, 16))
            out.append(" " + words[0].capitalize() + " " + " ".join(words[1:]) + ".")
        return "".join(out) + ("\n\n" if self.rng.random() < 0.1 else "")


def _spine(tree: Tree, nodes: int) -> Iterator[tuple[int, int]]:
    tip = 1
    for step in range(min(10_000, nodes * 2 // 3) - 1):
        yield tip, 1 if step % 20 else 2
        tip = tree.nodes
    spine = tree.nodes
    while tree.nodes < nodes:
        yield tree.rng.randint(1, spine), 3
        tip = tree.nodes
        for _ in range(tree.rng.randint(0, 3)):
            yield tip, tree.rng.choice((1, 3))
            tip = tree.nodes


def _bushy(tree: Tree, nodes: int) -> Iterator[tuple[int, int]]:
    yield 1, min(58, nodes - 1)
    while tree.nodes < nodes:
        low = tree.nodes * 3 // 4
        yield tree.rng.randint(max(1, low), tree.nodes), tree.rng.choice((2, 3, 3, 4, 8))


def _mixed(tree: Tree, nodes: int) -> Iterator[tuple[int, int]]:
    main, rng = 1, tree.rng
    while tree.nodes < nodes:
        first = tree.nodes
        yield main, rng.choice((3, 3, 4, 1))
        side = main = rng.randint(first + 1, tree.nodes)
        if tree.depths[main] > 4_000:
            main = rng.randint(1, tree.nodes)
        if rng.random() < 0.15:
            side = rng.randint(first + 1, tree.nodes)
            for _ in range(rng.randint(2, 12) if side != main else 0):
                first = tree.nodes
                yield side, rng.choice((1, 2, 3))
                side = rng.randint(first + 1, tree.nodes) if tree.nodes > first else side


def _rows(tree: Tree, nodes: int, shape: str) -> Iterator[tuple[Any, ...]]:
    """Grow the tree; yield every new node's row: one alone is the author's, several a model's."""
    for parent, asked in {"spine": _spine, "bushy": _bushy, "mixed": _mixed}[shape](tree, nodes):
        count = min(asked, nodes - tree.nodes)
        for node in tree.place(parent, count):
            by, facts = ("manual", "manual", 200, 0.9), "{}"
            if count > 1:
                by, facts = (_MODELS[node % 3], "system", 120, 0.9), _FACTS
            ids = tree.ids[node], tree.ids[1], tree.ids[parent]
            born = time.strftime("%FT%T.000000Z", time.gmtime(1_760_000_000 + node))
            yield (*ids, "text", tree.prose(), None, *by, 0, born, facts)


class Rival:
    """A store of the rival's, with the places to stand in it and what is measured there."""

    def __init__(self, path: Path, nodes: int, shape: str) -> None:
        from basemode_loom.session import LoomSession
        from basemode_loom.store import GenerationStore

        self.path, self.open_store, self.open_session = path, GenerationStore, LoomSession
        self.store = GenerationStore(path)
        tree = Tree(random.Random(f"{nodes} {shape}"))
        tree.place(0, 1)
        tree.ids[1] = self.store.create_root(tree.prose()).id
        # What is loaded on first use is not what is measured.
        LoomSession(self.store, tree.ids[1]).get_state()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA cache_size = -400000")
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE nodes SET created_at = '2025-01-01T00:00:00.000000Z'")
            marks = ",".join("?" * 13)
            db.executemany(f"INSERT INTO nodes VALUES({marks})", _rows(tree, nodes, shape))
            self._stand(tree)
            # Whoever came to the deepest node walked there, which is the way that is checked out.
            walked = [(tree.ids[node],) for node in self.strand[1:]]
            db.executemany("UPDATE nodes SET checked_out = 1 WHERE id = ?", walked)
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._check(db, tree)
        megabytes = round(path.stat().st_size / 1e6, 1)
        self.size = {"nodes": nodes, "depth": len(self.strand), "megabytes": megabytes}
        # BasemodeApp.on_unmount keeps where the author was last.
        self.store.set_active_node(self.deepest)

    def _stand(self, tree: Tree) -> None:
        """Find where to stand: the deepest node, half-way to it, a wide fork, what is pruned."""
        sizes = [1] * (tree.nodes + 1)
        for node in range(tree.nodes, 1, -1):
            sizes[tree.parents[node]] += sizes[node]
        self.strand = [max(range(1, tree.nodes + 1), key=tree.depths.__getitem__)]
        while tree.parents[self.strand[-1]]:
            self.strand.append(tree.parents[self.strand[-1]])
        self.strand.reverse()
        self.deepest = tree.ids[self.strand[-1]]
        self.half = tree.ids[self.strand[len(self.strand) // 2]]
        kids = Counter(tree.parents[2:])
        wide = max((node for node in kids if kids[node] <= 60), key=kids.__getitem__)
        self.wide, self.missing = tree.ids[wide], 60 - kids[wide]
        branch = min(range(2, tree.nodes + 1), key=lambda node: abs(sizes[node] - 100_000))
        self.branch, self.branch_size = tree.ids[branch], sizes[branch]
        self.above_branch = tree.ids[tree.parents[branch]]

    def _check(self, db: sqlite3.Connection, tree: Tree) -> None:
        """Refuse to measure a store that the rival does not read as it was meant."""
        ask = "SELECT text FROM nodes WHERE id = ?"
        texts = [db.execute(ask, (tree.ids[node],)).fetchone()[0] for node in self.strand]
        read = self.store.full_text(self.deepest), self.store.descendant_count(tree.ids[1]) + 1
        children = len(self.store.children(self.wide))
        if read != ("".join(texts), tree.nodes) or children + self.missing != 60:
            raise SystemExit("The rival does not read what was written.")

    def opened(self) -> float:
        """Measure `basemode-loom view`: cli.loom_view, then LoomScreen.on_mount."""

        def work() -> None:
            store = self.open_store(self.path)
            session = self.open_session(store, store.get_active_node().id)
            session.get_state()  # for the loom
            session.get_state()  # for the status bar

        return several(work)

    def cursor_step(self) -> float:
        """Measure `h` and `l` in turn: LoomScreen.action_nav_parent and action_nav_child."""
        session = self.open_session(self.store, self.deepest)
        steps = [session.navigate_child, session.navigate_parent]

        def work() -> None:
            session.get_state()  # Is there somewhere to go? The step then asks for it once more.
            steps[-1]()
            session.get_state()  # LoomScreen._refresh, for the loom
            session.get_state()  # and for the status bar
            steps.reverse()

        return several(work, median)

    def strand_tail(self) -> float:
        """Measure the strand's whole text, assembled as LoomSession.get_state does."""
        return several(lambda: self.store.full_text(self.deepest)[-20_000:])

    def children(self) -> float:
        """Measure store.children, as LoomSession.get_state calls it."""
        text, facts = self.store.get(self.deepest).text, json.loads(_FACTS)
        how = {"model": _MODELS[0], "strategy": "system", "max_tokens": 120, "temperature": 0.9}
        for _ in range(self.missing):
            self.store.add_child(self.wide, text, **how, metadata=facts)
        return several(lambda: self.store.children(self.wide))

    def edit(self) -> float:
        """Measure the enter that ends LoomScreen.action_edit half-way down, not the typing."""
        session = self.open_session(self.store, self.deepest)
        texts = (f" Another text {number}." for number in range(100))
        return several(lambda: session.edit_node_text(self.half, next(texts)), median)

    def search(self) -> float:
        """Measure TreePickerScreen.on_input_submitted, with the index of `basemode-loom index`."""
        from basemode_loom.retrieval import get_backend
        from basemode_loom.retrieval.keyword import build_fts_index

        build_fts_index(self.path)  # Without it, and it has to be asked for, nothing is found.
        backend = get_backend(self.store)
        return several(lambda: backend.search("kettle widow"))

    def prune(self) -> float:
        """Measure `D`: LoomScreen.action_delete_selected_child."""
        self.store.set_active_node(self.above_branch)
        self.store.set_checked_out_child(self.above_branch, self.branch)
        session = self.open_session(self.store, self.above_branch)
        cost = cpu(session.delete_selected_child)
        if self.store.get(self.branch) is not None:
            raise RuntimeError("The rival has deleted something else.")
        return cost


def cpu(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that `work` takes."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1e6


def several(work: Callable[[], object], of: Callable[[list[float]], float] = min) -> float:
    """Return the least or the median of some runs; of fewer where one takes seconds."""
    costs = [cpu(work)]
    while len(costs) < (7 if of is min else 15) and sum(costs) < _ENOUGH:
        costs.append(cpu(work))
    return of(costs)


def guarded(figure: Callable[[], float]) -> tuple[float | None, str]:
    """Return what `figure` measures, or why it does not."""
    # In a process of its own, since a query of SQLite's can only be ended with its process. That
    # process first collects garbage, lest it pay for the pages that it shares while it is measured.
    with multiprocessing.get_context("fork").Pool(1, gc.collect) as pool:
        try:
            return round(pool.apply_async(figure).get(_PATIENCE), 4), ""
        except multiprocessing.TimeoutError:
            return None, f"given up after {_PATIENCE} s"
        except sqlite3.Error as error:
            return None, f"it fails: {error}"


def main() -> None:
    """Build a store, measure, and print one JSON object."""
    nodes, shape = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "mixed"
    with tempfile.TemporaryDirectory() as folder:
        # So that the rival touches nothing of the user's and asks nothing of the network.
        os.environ.update(HOME=folder, XDG_DATA_HOME=folder, LITELLM_LOCAL_MODEL_COST_MAP="True")
        rival = Rival(Path(folder) / "rival.sqlite", nodes, shape)
        told = {
            "open, first 40 rows": guarded(rival.opened),
            "cursor step": guarded(rival.cursor_step),
            "strand tail, 20,000 characters": guarded(rival.strand_tail),
            "children of a node with 60": guarded(rival.children),
            "edit": guarded(rival.edit),
            "undo": (None, "it has none"),
            "search": guarded(rival.search),
            # The last, since it takes most of the story away.
            "prune 100,000 nodes": guarded(rival.prune),
        }
    figures = {name: figure for name, (figure, _) in told.items()}
    notes = {name: note for name, (_, note) in told.items() if note}
    head = {"version": version("basemode-loom"), **rival.size, "pruned": rival.branch_size}
    print(json.dumps(head | {"figures": figures, "notes": notes}, indent=2))


if __name__ == "__main__":
    main()
