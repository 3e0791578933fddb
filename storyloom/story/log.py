"""The log of a story as an author reads it: what was done, when, by whom, and to which nodes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storyloom.story.act import recorded
from storyloom.story.kept import kept_json
from storyloom.story.schema import GONE
from storyloom.story.story import Story

__all__ = ["STEPS", "Operation", "Version", "as_json", "operations", "versions"]

STEPS = {
    "story.create": "the story's beginning",
    "story.recover": "a recovery from a damaged file",
    "story.lost": "something that was lost with a damaged file",
    "node.create": "a passage written",
    "node.text": "an edit",
    "node.split": "a split",
    "node.join": "a join",
    "node.move": "a move",
    "node.copy": "a copy",
    "node.prune": "a pruning",
    "node.restore": "a restoring",
    "node.purge": "a purge",
    "gen.request": "a batch",
    "gen.result": "a branch written",
    "gen.error": "a branch failed",
    "gen.interrupted": "a branch interrupted",
    "weave.set": "where a weave leads",
    "weave.delete": "a weave taken away",
    "weave.rename": "a weave's name",
    "chapter.set": "a chapter mark",
    "plan.set": "a plan",
    "why.set": "a why",
    "reason.set": "a reason",
    "note.set": "a note",
    "label.set": "a label",
    "tag.set": "a tag",
    "bookmark.set": "a bookmark",
    "lore.set": "an entry of the lore",
    "settings.set": "a title, premise, style or setting",
    "undo": "taken back",
    "redo": "made again",
    "session.start": "the program begins",
    "session.end": "the program ends",
}
"""What each kind of operation is, in the author's words."""


@dataclass(frozen=True)
class Operation:
    """One operation of the log."""

    op: int
    """Its number; the first is 1."""
    time: int
    """Milliseconds since the epoch."""
    session: str
    """The run of the program that did it."""
    actor: str
    """`human` or `model`."""
    kind: str
    reverts: int | None
    """The operation that it takes back; of a redo, the undo."""
    data: dict[str, Any]
    """What else was said of it."""
    nodes: tuple[int, ...]
    """The first nodes that it changed, 20 at most; 0 is the story itself."""
    hash: bytes
    """Which chains it to the one before."""


_MANY = 20


def operations(
    story: Story, *, after: int = 0, newest: bool = False, node: int | None = None
) -> Iterator[Operation]:
    """Yield the log's operations behind number `after`, or all from the `newest` back.

    With `node`, those alone that changed it. They are read one by one.
    """
    which = "op.id > ?1"
    if node is not None:
        which += " AND op.id IN (SELECT op FROM change WHERE owner = ?2)"
    rows = story.read.execute(
        "SELECT id, ts, session, actor, kind, reverts, data, hash FROM op "
        f"WHERE {which} ORDER BY id {'DESC' if newest else 'ASC'}",
        (after, node) if node is not None else (after,),
    )
    for op, ts, session, actor, kind, reverts, data, digest in rows:
        owners = story.read.execute(
            "SELECT DISTINCT owner FROM (SELECT owner FROM change WHERE op = ? ORDER BY seq "
            "LIMIT 1000) LIMIT ?",
            (op, _MANY),
        ).fetchall()
        nodes = tuple(row[0] for row in owners)
        yield Operation(op, ts, session, actor, kind, reverts, json.loads(data), nodes, digest)


def as_json(story: Story, operation: Operation) -> str:
    """Return all that the log holds of an operation as one line of JSON, texts in it.

    `changes` holds [owner, key, old, new] each, `texts` the node, runs and text of every revision
    that it finished, `generations` what was asked of which model, and `prev` the hash of the
    operation before.
    """
    db, op = story.read, operation.op
    previous = db.execute("SELECT hash FROM op WHERE id = ?", (op - 1,)).fetchone()
    changes, _, gens = recorded(db, op)
    texts = db.execute("SELECT id, node, runs, text FROM rev WHERE op = ? ORDER BY id", (op,))
    line = {
        "v": 1,
        "seq": op,
        "t": operation.time,
        "session": operation.session,
        "actor": operation.actor,
        "type": operation.kind,
        "reverts": operation.reverts,
        "data": operation.data,
        "changes": [list(change) for change in changes],
        "texts": [
            {"rev": rev, "node": node, "runs": json.loads(runs), "text": text}
            for rev, node, runs, text in texts
        ],
        "generations": [
            {"gen": gen, "index": index, "model": model, "params": kept_json(json.loads(params)),
             "request": request}
            for gen, index, model, params, request in gens
        ],
        "hash": operation.hash.hex(),
        "prev": previous[0].hex() if previous else "",
    }  # fmt: skip
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Version:
    """A text that a node has or had."""

    rev: int
    op: int
    """The operation that wrote it."""
    time: int
    """Milliseconds since the epoch."""
    kind: str
    text: str
    present: bool
    """Whether the node has it now."""


def versions(story: Story, node: int) -> list[Version]:
    """Return the finished texts of a node, the first one first; none of a node that is not there.

    Purged ones are empty.
    """
    rows = story.read.execute(
        "SELECT rev.id, op.id, op.ts, op.kind, rev.text, rev.id = node.rev FROM rev "
        "JOIN op ON op.id = rev.op JOIN node ON node.id = rev.node "
        f"WHERE rev.node = ? AND NOT node.flags & {GONE} ORDER BY rev.id",
        (node,),
    ).fetchall()
    return [Version(*row[:-1], present=bool(row[-1])) for row in rows]
