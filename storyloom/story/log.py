"""The log of a story as an author reads it: what was done, when, by whom, and to which nodes."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from storyloom.story import drawn, tally
from storyloom.story.act import recorded
from storyloom.story.kept import kept_json
from storyloom.story.schema import GONE
from storyloom.story.story import Story
from storyloom.story.tables import Change

__all__ = ["STEPS", "Operation", "Step", "Version", "as_json", "last_before", "meant", "number",
           "operations", "span", "step_of", "versions"]  # fmt: skip

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
    "node.branch": "a branch from another token",
    "node.revive": "a moment brought back",
    "node.mark": "marks taken over from another story",
    "node.prune": "a pruning",
    "node.restore": "a restoring",
    "node.purge": "a purge",
    "gen.request": "a batch",
    "gen.result": "a branch written",
    "gen.error": "a branch failed",
    "gen.interrupted": "a branch interrupted",
    "gen.aside": "ways on asked for in the editor",
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
    "sketch.set": "a sketch's mark",
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
_COLUMNS = "id, ts, session, actor, kind, reverts, data, hash"
_RUNS = ("session.start", "session.end")


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
        f"SELECT {_COLUMNS} FROM op WHERE {which} ORDER BY id {'DESC' if newest else 'ASC'}",
        (after, node) if node is not None else (after,),
    )
    for row in rows:
        yield _operation(story, row)


def _operation(story: Story, row: tuple[Any, ...]) -> Operation:
    op, ts, session, actor, kind, reverts, data, digest = row
    owners = story.read.execute(
        "SELECT DISTINCT owner FROM (SELECT owner FROM change WHERE op = ? ORDER BY seq "
        "LIMIT 1000) LIMIT ?",
        (op, _MANY),
    ).fetchall()
    nodes = tuple(row[0] for row in owners)
    return Operation(op, ts, session, actor, kind, reverts, json.loads(data), nodes, digest)


def last_before(story: Story, time: int) -> int:
    """Return the number of the last operation that was not later than `time`, in milliseconds
    since the epoch; 0 when there is none.
    """
    # A clock may have gone back: what came behind the first later one was later.
    row = story.read.execute(
        "SELECT coalesce(max(id), 0) FROM op WHERE ts <= ?1 "
        "AND id < coalesce((SELECT min(id) FROM op WHERE ts > ?1), 1 << 62)",
        (time,),
    ).fetchone()
    return int(row[0])


def span(story: Story, start: int, count: int) -> list[Operation]:
    """Return `count` operations from number `start` on, or that many before it when negative, in
    the log's order. Those are left out with which a run of the program begins and ends.
    """
    which = "id >= ? AND kind NOT IN (?, ?) ORDER BY id LIMIT ?"
    if count < 0:
        which = "id < ? AND kind NOT IN (?, ?) ORDER BY id DESC LIMIT ?"
    rows = story.read.execute(
        f"SELECT {_COLUMNS} FROM op WHERE {which}", (start, *_RUNS, abs(count))
    ).fetchall()
    return [_operation(story, row) for row in (rows if count > 0 else rows[::-1])]


def meant(story: Story, operation: Operation) -> Operation:
    """Return the step that an undo took back, or that a redo made again; itself for any other."""
    for _ in range(2):
        if operation.reverts is not None:
            operation = next(operations(story, after=operation.reverts - 1), operation)
    return operation


@dataclass(frozen=True)
class Step:
    """An operation with as much of what it did as a line says of it."""

    operation: Operation
    changes: tuple[Change, ...] = ()
    """The first 20; of a long value only the first 4,000 code points."""
    models: tuple[tuple[str, int], ...] = ()
    """The models that were asked or that wrote, and for how many branches."""
    text: str = ""
    """How the text begins that it brought; empty once that is purged."""
    pruned: int = 0
    """How many branches it pruned or brought back, themselves."""
    below: int = 0
    """How many nodes hang below the first 20 of those now."""
    meant: "Step | None" = None
    """The step that an undo took back, or that a redo made again."""

    @property
    def said(self) -> dict[str, Any]:
        """The operation's own data; nothing where a file from elsewhere holds what is none."""
        data = cast("object", self.operation.data)
        return cast("dict[str, Any]", data) if isinstance(data, dict) else {}

    @property
    def node(self) -> int:
        """The node to look at for what it did; 0 when it was done to the story as a whole."""
        if self.meant is not None:
            return self.meant.node
        for name in ("keep", "to", "at") if self.operation.kind in _NAMED_IN_DATA else ():
            if number(self.said.get(name)):
                return number(self.said[name])
        return next((change.owner for change in self.changes if change.owner), 0)


_NAMED_IN_DATA = ("node.prune", "weave.set", "gen.aside")


def number(value: object) -> int:
    """Return a node's number that a log names; 0 for anything that is none."""
    return value if isinstance(value, int) and 0 < value < _HIGHEST else 0


def step_of(story: Story, operation: Operation) -> Step:
    """Return an operation with what it did."""
    other = meant(story, operation)
    step = Step(
        operation,
        _changes(story, operation),
        _models(story, operation),
        _text(story, operation),
        meant=step_of(story, other) if other.reverts is None and other != operation else None,
    )
    if operation.kind in ("node.prune", "node.restore"):
        tops = list(dict.fromkeys(change.owner for change in step.changes
                                  if change.key == "pruned"))  # fmt: skip
        (many,) = story.read.execute(
            "SELECT count(*) FROM change WHERE op = ? AND key = 'pruned'", (operation.op,)
        ).fetchone()
        below = sum(found.whole for found in tally.below(story.read, tops).values())
        step = replace(step, pruned=many, below=below)
    return step


_BEGINNING = 400
_LONGEST = 4_000
_HIGHEST = 1 << 62


def _changes(story: Story, operation: Operation) -> tuple[Change, ...]:
    rows = story.read.execute(
        f"SELECT owner, key, {_cut('old')}, {_cut('new')} FROM change WHERE op = ? "
        "ORDER BY seq LIMIT ?",
        (operation.op, _MANY),
    ).fetchall()
    return tuple(map(Change._make, rows))


def _cut(column: str) -> str:
    return f"iif(typeof({column}) = 'text', substr({column}, 1, {_LONGEST}), {column})"


def _text(story: Story, operation: Operation) -> str:
    row = story.read.execute(
        f"SELECT substr(text, 1, {_BEGINNING}) FROM rev WHERE op = ? ORDER BY id LIMIT 1",
        (operation.op,),
    ).fetchone()
    return row[0] if row else ""


def _models(story: Story, operation: Operation) -> tuple[tuple[str, int], ...]:
    gen = number(Step(operation).said.get("gen"))
    if not gen and operation.kind != "gen.request":
        return ()
    rows = story.read.execute(
        f"SELECT model, count(*) FROM gen WHERE {'id' if gen else 'op'} = ? "
        "GROUP BY model ORDER BY min(id)",
        (gen or operation.op,),
    ).fetchall()
    return tuple(rows)


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
    generations = list(gens)
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
            for gen, index, model, params, request in generations
        ],
        "requests": _requests(db, [*(each[-1] for each in generations), *_tokens(operation)]),
        "hash": operation.hash.hex(),
        "prev": previous[0].hex() if previous else "",
    }  # fmt: skip
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _tokens(operation: Operation) -> list[str]:
    """Return the hash of the tokens that an operation names, if it names any."""
    named = drawn.named_in(json.dumps(operation.data, separators=(",", ":")))
    return [named.hex()] if named else []


def _requests(db: sqlite3.Connection, hashes: list[str]) -> dict[str, str]:
    """Return the bodies of requests by their hashes; a purged one is empty."""
    out: dict[str, str] = {}
    for each in dict.fromkeys(hashes):
        row = db.execute(
            "SELECT body FROM request WHERE hash = ?", (bytes.fromhex(each),)
        ).fetchone()
        body = row[0] if row else b""
        out[each] = zlib.decompress(body).decode() if body else ""
    return out


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
