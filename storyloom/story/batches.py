"""The batches that a story's log records: what was asked for at which fork, and what came of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from storyloom.story import growth, tally
from storyloom.story.growth import Asked
from storyloom.story.schema import GONE, PURGED, STREAMING
from storyloom.story.story import Story

__all__ = ["UNFINISHED", "Answer", "Batch", "Branch", "answer", "answered", "asked", "batches",
           "gone", "hidden", "never_pruned", "split_halves", "whole"]  # fmt: skip

UNFINISHED = frozenset({"error", "interrupted"})
"""How a branch has ended that may be asked for again: by a fault, and not by its model's will."""


@dataclass(frozen=True)
class Branch:
    """One branch that was asked for."""

    gen: int
    index: int
    """Its place in the batch, from 0."""
    model: str
    params: str
    """JSON, as it is kept."""
    request: str
    """The sha256 of what was sent, in hex."""
    node: int
    """The node that was born with it, whatever became of that; 0 when there is none."""
    flags: int
    """Of that node."""

    @property
    def streaming(self) -> bool:
        """Whether it is being written now."""
        return bool(self.flags & STREAMING)


@dataclass(frozen=True)
class Batch:
    """Branches that were asked for at once."""

    op: int
    parent: int
    why: str
    towards: int
    """The branch of the parent that they were to lead to; 0 for none."""
    sketch: bool
    undone: bool
    """Whether the author took the step back."""
    run: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a re-run says of itself in the log; empty for a batch of the author's own. `id` names
    it, `of` is the operation of the batch that this one repeats, `which` its branches by index.
    """
    branches: tuple[Branch, ...] = ()


def batches(story: Story) -> list[Batch]:
    """Return all batches in the log's order, those of re-runs too.

    What was sent is not read, see `asked`. Takes as long as a look at each branch that was ever
    grown: call it in a thread.
    """
    undone = _undone(story)
    found: dict[int, list[Branch]] = {}
    rows = story.read.execute(
        "SELECT gen.op, gen.id, gen.idx, gen.model, gen.params, lower(hex(gen.request)), "
        "coalesce(node.id, 0), coalesce(node.flags, 0) FROM gen "
        "LEFT JOIN node ON node.gen = gen.id AND node.born = gen.op ORDER BY gen.op, gen.idx"
    )
    for op, *branch in rows:
        found.setdefault(op, []).append(Branch(*branch))
    ops = story.read.execute("SELECT id, data FROM op WHERE kind = 'gen.request' ORDER BY id")
    return [
        _batch(op, _said(data), tuple(found[op]), undone=op in undone)
        for op, data in ops
        if op in found
    ]


def _batch(
    op: int, said: Mapping[str, Any], branches: tuple[Branch, ...], *, undone: bool
) -> Batch:
    why, run = said.get("why"), said.get("run")
    return Batch(
        op,
        _number(said.get("parent")),
        why if isinstance(why, str) else "",
        _number(said.get("towards")),
        bool(said.get("sketch")),
        undone,
        cast("dict[str, Any]", run) if isinstance(run, dict) else {},
        branches,
    )


def _said(data: str) -> dict[str, Any]:
    """Return what an operation says; a file from elsewhere may hold anything there."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 1 << 62 else 0


def _undone(story: Story) -> set[int]:
    """Return the operations that an undo took back and no redo made again."""
    targets: dict[int, int] = {}
    undone: set[int] = set()
    rows = story.read.execute(
        "SELECT id, kind, reverts FROM op WHERE reverts IS NOT NULL ORDER BY id"
    )
    for op, kind, reverts in rows:
        if kind == "undo":
            targets[op] = reverts
            undone.add(reverts)
        elif reverts in targets:
            undone.discard(targets[reverts])
    return undone


def asked(story: Story, branch: Branch) -> Asked | None:
    """Return what a branch was asked for; None when what was sent is purged or was never known."""
    body = growth.request_of(story, branch.gen)
    if not body:
        return None
    params = _said(branch.params)
    vary = params.pop("vary", "")
    return Asked(branch.model, body, params, vary if isinstance(vary, str) else "")


class Answer(NamedTuple):
    """What came of a branch."""

    text: str
    """As it was when the branch ended, whatever was done to the passage since."""
    facts: dict[str, Any]
    """Finish, tokens, cost and the like, as far as they are known."""

    @property
    def finish(self) -> str:
        """How it ended."""
        finish = self.facts.get("finish")
        return finish if isinstance(finish, str) else ""


def answer(story: Story, branch: Branch) -> Answer | None:
    """Return what came of a branch; None when it is being written, or its texts are purged."""
    if not branch.node or branch.streaming or branch.flags & PURGED:
        return None
    row = story.read.execute(
        "SELECT rev.text FROM rev JOIN op ON op.id = rev.op WHERE rev.node = ? "
        "AND op.kind IN ('gen.result', 'gen.error', 'gen.interrupted') ORDER BY rev.id DESC",
        (branch.node,),
    ).fetchone()
    if row is None:
        return None
    return Answer(row[0], growth.result_of(story, branch.node))


def whole(batch: Batch, came: Answer) -> bool:
    """Whether what came of a branch is all that is to come. Of a re-run one that was stopped is
    not: whoever stops a run does so to go on later, and some had not even begun.
    """
    return came.finish not in UNFINISHED and not (batch.run and came.finish == "stopped")


def answered(story: Story, batch: Batch) -> Iterator[tuple[int, Branch, Answer]]:
    """Yield the branches of a re-run's batch that have ended for good, each with the index of the
    branch that it repeats.
    """
    which = batch.run.get("which")
    indices = cast("list[Any]", which) if isinstance(which, list) else []
    for index, branch in zip(indices, batch.branches, strict=False):
        came = answer(story, branch)
        if isinstance(index, int) and came is not None and whole(batch, came):
            yield index, branch, came


def never_pruned(story: Story, batch: Batch) -> list[int]:
    """Return the branches of a batch that nobody has pruned so far, whatever was restored since."""
    found: list[int] = []
    for branch in batch.branches:
        row = story.read.execute(
            "SELECT 1 FROM change WHERE owner = ? AND key = 'pruned'", (branch.node,)
        ).fetchone()
        if branch.node and row is None:
            found.append(branch.node)
    return found


def hidden(story: Story, node: int) -> bool:
    """Whether a node is pruned or gone, or below one that is, or was never there; 0, above all
    that begins a story, never is.
    """
    if not node:
        return False
    row = story.read.execute("SELECT 1 FROM node WHERE id = ?", (node,)).fetchone()
    return row is None or bool(tally.hiding(story.read, node))


def gone(story: Story, node: int) -> bool:
    """Whether nothing is left of a node, or never was."""
    row = story.read.execute("SELECT flags FROM node WHERE id = ?", (node,)).fetchone()
    return bool(node) and (row is None or bool(row[0] & GONE))


def split_halves(story: Story) -> set[int]:
    """Return the nodes that are the first half of what a model wrote and was split."""
    rows = story.read.execute(
        "SELECT node.id FROM node JOIN op ON op.id = node.born "
        "WHERE op.kind = 'node.split' AND node.gen IS NOT NULL"
    ).fetchall()
    return {row[0] for row in rows}
