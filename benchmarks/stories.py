"""Builds story files of any size for the benchmarks, as a long session of an author's leaves them.

    python benchmarks/stories.py PATH [NODES] [SHAPE]

The rows are written in bulk, but they are the ones that the program's own functions would have
written: every node comes from an operation of the log, the chain of hashes holds, and
`storyloom check` passes. The same arguments give the same story.
"""

import hashlib
import itertools
import json
import random
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fractional_indexing import generate_n_keys_between

from storyloom.story import file, origins, recount, said
from storyloom.story.act import SILENT, chained, text_hash
from storyloom.story.tables import Change

SHAPES = ("spine", "bushy", "mixed", "chain")
SESSION = "0bench00"
_PRUNED, _STREAMING = 1, 4
_START = 1_760_000_000_000
_MODELS = ("local/smollm2", "openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5")
_PROSE = (
    "the a of and to in was it that he she her his with on for as had at by from not but they were "
    "sea iron salt lamp ferry harbour keeper letter window stair kettle winter tide gull rope "
    "mara tomas widow captain brother stranger child voice hand door field orchard train clock "
    "walked waited laughed turned opened carried counted forgot remembered whispered burned broke "
    "slowly again never always almost nobody somewhere under behind before after between against"
)
_WORDS = _PROSE.split()


@dataclass
class Built:
    """Where to stand in a story that was built."""

    path: Path
    nodes: int
    deepest: int
    """The node with the longest strand, which is also the weave's tip."""
    depth: int
    """Nodes on that strand."""
    widest: int
    """The parent with the most children."""
    seconds: float


@dataclass
class Log:
    """Rows of the log as they would be written, flushed to the file a few thousand at a time."""

    db: sqlite3.Connection
    rng: random.Random
    words: int | None = None
    op: int = 0
    time: int = _START
    """When the last operation was, in milliseconds since the epoch."""
    session: str = SESSION
    previous: bytes = b""
    last: Change | None = None
    """The last change of the last operation that had any."""
    nodes: int = 0
    revs: int = 0
    gens: int = 0
    deepest: int = 1
    request: bytes = b""
    parents: list[int] = field(default_factory=lambda: [0])
    """Parent of every node, by its id."""
    last_key: dict[int, str] = field(default_factory=dict[int, str])
    depths: list[int] = field(default_factory=lambda: [0])
    kids: dict[int, int] = field(default_factory=dict[int, int])
    attributes: dict[tuple[int, str], Any] = field(default_factory=dict[tuple[int, str], Any])
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict[str, list[tuple[Any, ...]]])

    def put(self, table: str, *row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def append(
        self,
        kind: str,
        changes: list[Change],
        data: dict[str, Any] | None = None,
        *,
        actor: str = "human",
        reverts: int | None = None,
        revs: list[tuple[int, int, str, str]] | None = None,
        gens: list[tuple[int, int, str, str, str]] | None = None,
    ) -> None:
        """Append one operation with its changes, two seconds after the one before."""
        self.op += 1
        self.time += 2_000
        body = json.dumps(data or {}, ensure_ascii=False, separators=(",", ":"))
        head = (self.op, self.time, self.session, actor, kind, reverts, body)
        self.previous = chained(self.previous, head, changes, revs or [], gens or [])
        self.put("op", *head, self.previous)
        for change in changes:
            self.last = change
            self.put("change", None, self.op, *change)
            if change.key not in ("add", "rev", "streaming", "pruned"):
                self.attributes[change.owner, change.key] = change.new
        if kind not in SILENT:
            self.put("undoable", self.op, self.session)
        if sum(map(len, self.rows.values())) > 20_000:
            self.flush()

    def flush(self) -> None:
        """Write the rows that have gathered."""
        for table, rows in self.rows.items():
            marks = ",".join("?" * len(rows[0]))
            self.db.executemany(f"INSERT INTO {table} VALUES({marks})", rows)
        self.rows.clear()

    def place(self, parent: int, count: int) -> list[tuple[int, str]]:
        """Return ids and order keys for new last children of `parent`."""
        keys = generate_n_keys_between(self.last_key.get(parent), None, count)
        self.last_key[parent] = keys[-1]
        self.kids[parent] = self.kids.get(parent, 0) + count
        placed = [(self.nodes + 1 + index, key) for index, key in enumerate(keys)]
        self.nodes += count
        self.parents += [parent] * count
        self.depths += [self.depths[parent] + 1] * count
        return placed

    def write(self, parent: int, kind: str = "node.create") -> int:
        """Add one node by hand."""
        ((node, key),) = self.place(parent, 1)
        text = self.prose()
        runs = origins.dumped(origins.whole(text, origins.HUMAN))
        self.revs = rev = self.revs + 1
        changes = [Change(node, "add", None, json.dumps([parent, key, rev, 0, None]))]
        if parent == 0:
            changes.insert(0, Change(0, "title", None, "The salt road"))
            changes.append(Change(0, "weave:main", None, node))
        self.put("rev", rev, node, self.op + 1, text_hash(text), runs, text)
        self.put("node", node, parent, key, rev, None, 0, self.op + 1)
        self.append(kind, changes, revs=[(rev, node, text_hash(text).hex(), runs)])
        return node

    def grow(self, parent: int, count: int, waits: Sequence[int] = ()) -> list[int]:
        """Add a batch of a model's branches; before each ends, so many milliseconds pass more."""
        placed = self.place(parent, count)
        first = self.revs + 1
        self.revs += count
        born = self.op + 1
        changes: list[Change] = []
        gens: list[tuple[int, int, str, str, str]] = []
        for index, (node, key) in enumerate(placed):
            gen = self.gens + 1 + index
            model = _MODELS[(self.op + index) % 3]
            params = '{"max_tokens": 120, "temperature": 0.9}'
            gens.append((gen, index, model, params, self.request.hex()))
            self.put("gen", gen, born, index, model, params, self.request)
            rev = first + index
            new = json.dumps([parent, key, rev, _STREAMING, gen])
            changes.append(Change(node, "add", None, new))
            self.put("node", node, parent, key, rev, gen, 0, born)
        self.gens += count
        data = {"parent": parent, "count": count, "why": "", "plan": ""}
        self.append("gen.request", changes, data, gens=gens)
        for index, ((node, _), (gen, _, model, *_)) in enumerate(zip(placed, gens, strict=True)):
            rev = first + index
            self.time += waits[index] if waits else 0
            text = self.prose()
            runs = origins.dumped(origins.whole(text, origins.model_origin(model), gen))
            facts = {"finish": "length", "model": model, "in": 900, "out": 96,
                     "cost": 0.0002}  # fmt: skip
            self.put("rev", rev, node, self.op + 1, text_hash(text), runs, text)
            self.append(
                "gen.result",
                [
                    Change(node, "streaming", 1, 0),
                    Change(node, "result", None, json.dumps(facts, separators=(",", ":"))),
                    Change(0, "spent", self.attributes.get((0, "spent")), gen * 200_000),
                ],
                {"gen": gen},
                actor="model",
                revs=[(rev, node, text_hash(text).hex(), runs)],
            )
        return [node for node, _ in placed]

    def prose(self) -> str:
        """Return about 490 characters that begin with a space, or as many words as were asked."""
        if self.words is not None:
            return " " + " ".join(self.rng.choices(_WORDS, k=self.words)) + "."
        out: list[str] = []
        for _ in range(self.rng.randint(6, 9)):
            words = self.rng.choices(_WORDS, k=self.rng.randint(7, 16))
            out.append(" " + words[0].capitalize() + " " + " ".join(words[1:]) + ".")
        if self.rng.random() < 0.1:
            out.append("\n\n")
        return "".join(out)


def build(
    path: Path, nodes: int = 10_000, shape: str = "mixed", *, words: int | None = None
) -> Built:
    """Write a new story of that many nodes and return where its interesting places are.

    `spine` is one line, 10,000 deep where there are enough nodes, with forks beside it; `bushy`
    branches everywhere and stays shallow; `mixed` is an author's: forks of three along a main
    line, and lesser lines that were followed for a while; `chain` has not one fork. A twentieth of
    the forks has a pruned branch, the deepest strand is the weave and has a chapter every 60 nodes.
    A passage has some 80 words, or that many `words`.
    """
    began = time.perf_counter()
    with file.draft(path) as made:
        log = _write(made, nodes, shape, words)
    deepest = log.deepest
    widest = max(range(1, nodes + 1), key=lambda node: log.kids.get(node, 0))
    return Built(path, nodes, deepest, log.depths[deepest], widest, time.perf_counter() - began)


def _write(path: Path, nodes: int, shape: str, words: int | None) -> Log:
    log = begun(path, f"{nodes} {shape}", words)
    plant = {"spine": _spine, "bushy": _bushy, "mixed": _mixed, "chain": _chain}[shape]
    for parent, count in plant(log, nodes):
        count = min(count, nodes - log.nodes)
        if count:
            log.write(parent) if count == 1 else log.grow(parent, count)
    log.deepest = max(range(1, nodes + 1), key=log.depths.__getitem__)
    _finish(log, log.deepest)
    end(log)
    return log


def begun(path: Path, seed: str, words: int | None = None) -> Log:
    """Return the log of the new story at `path` with its opening."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    db.execute("BEGIN IMMEDIATE")
    log = Log(db, random.Random(seed), words)
    request = json.dumps({"prompt": "The salt road"}).encode()
    log.request = hashlib.sha256(request).digest()
    log.put("request", log.request, zlib.compress(request))
    log.write(0, "story.create")
    return log


def end(log: Log) -> None:
    """Bring all that follows from a log to where it ends, and close the file."""
    log.flush()
    _project(log)
    log.db.execute("INSERT INTO rev_fts(rev_fts) VALUES('rebuild')")
    log.db.execute("COMMIT")
    log.db.close()


def _spine(log: Log, nodes: int) -> Iterator[tuple[int, int]]:
    tip = 1
    for step in range(min(10_000, nodes * 2 // 3) - 1):
        yield tip, 1 if step % 20 else 2
        tip = log.nodes
    spine = log.nodes
    while log.nodes < nodes:
        yield log.rng.randint(1, spine), 3
        tip = log.nodes
        for _ in range(log.rng.randint(0, 3)):
            yield tip, log.rng.choice((1, 3))
            tip = log.nodes


def _chain(log: Log, nodes: int) -> Iterator[tuple[int, int]]:
    while log.nodes < nodes:
        yield log.nodes, 1


def _bushy(log: Log, nodes: int) -> Iterator[tuple[int, int]]:
    yield 1, min(58, nodes - 1)
    while log.nodes < nodes:
        low = log.nodes * 3 // 4
        yield log.rng.randint(max(1, low), log.nodes), log.rng.choice((2, 3, 3, 4, 8))


def _mixed(log: Log, nodes: int) -> Iterator[tuple[int, int]]:
    main = 1
    while log.nodes < nodes:
        first = log.nodes
        yield main, log.rng.choice((3, 3, 4, 1))
        side = main = log.rng.randint(first + 1, log.nodes)
        if log.depths[main] > 4_000:
            # Another version of the story, from somewhere in it.
            main = log.rng.randint(1, log.nodes)
        if log.rng.random() < 0.15:
            side = log.rng.randint(first + 1, log.nodes)
            for _ in range(log.rng.randint(2, 12) if side != main else 0):
                first = log.nodes
                yield side, log.rng.choice((1, 2, 3))
                side = log.rng.randint(first + 1, log.nodes) if log.nodes > first else side


def _finish(log: Log, deepest: int) -> None:
    """Weave to the deepest node, mark chapters on the way, and prune some branches off it."""
    strand = [deepest]
    while log.parents[strand[-1]]:
        strand.append(log.parents[strand[-1]])
    strand.reverse()
    changes = [
        Change(parent, "weave:main", None, child) for parent, child in itertools.pairwise(strand)
    ]
    log.append("weave.set", changes, {"weave": "main", "to": deepest})
    for number, node in enumerate(strand[::60], 1):
        marks = json.dumps([[0, f"Part {number}", True]])
        log.append("chapter.set", [Change(node, "chapters", None, marks)])
    woven = set(strand)
    for node in log.rng.sample(range(1, log.nodes + 1), log.nodes // 20):
        if node not in woven and log.kids[log.parents[node]] > 1:
            log.append("node.prune", [Change(node, "pruned", 0, 1)])


def _project(log: Log) -> None:
    """Bring the projection to where the log ends."""
    log.db.executemany(
        "INSERT INTO attr VALUES(?,?,?)",
        sorted(
            (owner, key, new) for (owner, key), new in log.attributes.items() if new is not None
        ),
    )
    last = "SELECT new FROM change WHERE owner = node.id AND key = ? ORDER BY seq DESC LIMIT 1"
    log.db.execute(
        f"UPDATE node SET flags = flags | {_PRUNED} WHERE id IN "
        f"(SELECT owner FROM change WHERE key = 'pruned') AND ({last}) = 1",
        ("pruned",),
    )
    log.db.execute(
        f"UPDATE node SET rev = ({last}) WHERE id IN (SELECT owner FROM change WHERE key = 'rev')",
        ("rev",),
    )
    log.db.execute("DELETE FROM undoable WHERE op IN (SELECT reverts FROM op)")
    recount.build(log.db)
    said.build(log.db)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    built = build(
        target,
        int(sys.argv[2]) if len(sys.argv) > 2 else 10_000,
        sys.argv[3] if len(sys.argv) > 3 else "mixed",
    )
    print(
        f"{target}: {built.nodes} nodes, {built.depth} deep, in {built.seconds:.1f} s, "
        f"{target.stat().st_size / 1e6:.1f} MB"
    )
