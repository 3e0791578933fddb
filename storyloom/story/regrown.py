"""What a story that is grown again takes over: settings, passages by hand, marks, and weaves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from storyloom.story import file, origins, shape, weaves
from storyloom.story.kept import kept
from storyloom.story.marks import chapters_of
from storyloom.story.origins import Runs
from storyloom.story.schema import GONE, HIDDEN, STREAMING
from storyloom.story.story import Story

__all__ = ["begin", "beginning", "bind_lore", "born_by_hand", "bounds", "edited", "lead_weaves",
           "mark", "named", "shown", "take", "taken"]  # fmt: skip

_NOT_TAKEN = frozenset({"plan", "result", "spent", "unpriced"})
"""What is said of a story or a node that belongs to how it was made."""
_OF_THE_PLACE = ("why", "bookmark")
"""What is said of a node as a place, whatever is written there."""
_BOUNDS = ("valid_from", "valid_until")


def named(story: Story) -> str:
    """Return the hash of a story's first operation in hex, which no other story has."""
    row = story.read.execute("SELECT hex(hash) FROM op ORDER BY id LIMIT 1").fetchone()
    return row[0].lower() if row else ""


def shown(story: Story, parent: int, *, pruned: bool = False) -> list[int]:
    """Return the finished branches of a node in their order, pruned ones only when asked for."""
    left = (GONE if pruned else HIDDEN) | STREAMING
    rows = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND NOT flags & {left} ORDER BY ord, id", (parent,)
    ).fetchall()
    return [row[0] for row in rows]


def born_by_hand(story: Story, node: int) -> bool:
    """Whether no model was asked for a node."""
    row = story.read.execute("SELECT gen IS NULL FROM node WHERE id = ?", (node,)).fetchone()
    return bool(row and row[0])


def edited(story: Story, node: int) -> bool:
    """Whether the text of a node that a model wrote is another than the one that came."""
    row = story.read.execute(
        "SELECT now.op IS NOT (SELECT op.id FROM rev JOIN op ON op.id = rev.op "
        "WHERE rev.node = node.id AND op.kind GLOB 'gen.*' ORDER BY rev.id DESC LIMIT 1) "
        "FROM node JOIN rev now ON now.id = node.rev WHERE node.id = ?",
        (node,),
    ).fetchone()
    return bool(row and row[0])


def begin(path: Path, source: Story, title: str, data: Mapping[str, Any]) -> None:
    """Create the story `path` with all that `source` says of itself, under another title.

    `data` is what its log begins with. It has the first passage of `source` too where no model
    wrote that. Lore that is true from or until a passage comes with `bind_lore`. Raises Refusal
    when the file is there.
    """
    rows = source.read.execute("SELECT key, value FROM attr WHERE owner = 0").fetchall()
    with file.draft(path) as made, Story(made) as story:
        with story.act("story.create", data=dict(data)) as act:
            for key, value in rows:
                if not _left(key) and key != "title" and not _bounds(key, value):
                    act.change(0, key, value)
            act.change(0, "title", kept(title).strip())
        for root in shown(source, 0)[:1]:
            if born_by_hand(source, root):
                take(story, source, root, 0)


def beginning(story: Story) -> dict[str, Any]:
    """Return the `data` that a story was begun with."""
    row = story.read.execute(
        "SELECT data FROM op WHERE kind = 'story.create' ORDER BY id LIMIT 1"
    ).fetchone()
    found = json.loads(row[0]) if row else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _left(key: str) -> bool:
    return key in _NOT_TAKEN or key.startswith(("weave:", "tag:run:"))


def _bounds(key: str, value: Any) -> dict[str, int]:
    """Return the nodes from or until which an entry of the lore is true, by those names."""
    if not key.startswith("lore:"):
        return {}
    entry = json.loads(str(value))
    return {name: entry[name] for name in _BOUNDS if entry.get(name) is not None}


def bounds(story: Story) -> set[int]:
    """Return the passages from or until which some lore is true."""
    rows = story.read.execute(
        "SELECT key, value FROM attr WHERE owner = 0 AND key GLOB 'lore:*'"
    ).fetchall()
    return {node for row in rows for node in _bounds(*row).values()}


def take(story: Story, source: Story, node: int, parent: int) -> int:
    """Hang a copy of a passage of `source`, with what is said of it, on `parent`; return its id.

    Who wrote each character stays known; which generation it was of does not.
    """
    text, runs = _written(source, node)
    rows = source.read.execute("SELECT key, value FROM attr WHERE owner = ?", (node,)).fetchall()
    with story.act("node.create", data={"of": node}) as act:
        made = act.add(parent, shape.keys_at_end(act, parent, 1)[0], text, runs)
        for key, value in rows:
            if not _left(key):
                act.change(made, key, value)
        return made


def _written(source: Story, node: int) -> tuple[str, Runs]:
    text, runs = source.read.execute(
        "SELECT rev.text, rev.runs FROM node JOIN rev ON rev.id = node.rev WHERE node.id = ?",
        (node,),
    ).fetchone()
    return text, tuple(run._replace(gen=None) for run in origins.loaded(runs))


def taken(story: Story) -> dict[int, int]:
    """Return the copies that `take` made, by the nodes of the source."""
    rows = story.read.execute(
        "SELECT op.data, change.owner FROM op JOIN change ON change.op = op.id "
        "WHERE op.kind = 'node.create' AND change.key = 'add' ORDER BY op.id"
    ).fetchall()
    found: dict[int, int] = {}
    for data, node in rows:
        said = json.loads(data)
        of = cast("dict[str, Any]", said).get("of") if isinstance(said, dict) else None
        if isinstance(of, int):
            found.setdefault(of, node)
    return found


def mark(story: Story, source: Story, node: int, place: int) -> None:
    """Say of `place`, where another text stands now, what `source` says of `node` as a place: the
    chapter that begins there, the why, tags, a bookmark and settings.
    """
    rows = source.read.execute("SELECT key, value FROM attr WHERE owner = ?", (node,)).fetchall()
    with story.act("node.mark", data={"of": node}) as act:
        for key, value in rows:
            if key == "chapters" and (found := chapters_of(value)):
                act.change(place, key, json.dumps([found[0]._replace(offset=0)]))
            elif key in _OF_THE_PLACE or (key.startswith(("tag:", "setting:")) and not _left(key)):
                act.change(place, key, value)


def bind_lore(story: Story, source: Story, nodes: Mapping[int, int]) -> int:
    """Take over the lore that is true from or until a passage, by the passages that stand for them
    here, and return how many entries there was none for.
    """
    rows = source.read.execute(
        "SELECT key, value FROM attr WHERE owner = 0 AND key GLOB 'lore:*'"
    ).fetchall()
    lost = 0
    with story.act("lore.set") as act:
        for key, value in rows:
            bounds = _bounds(key, value)
            if bounds and all(node in nodes for node in bounds.values()):
                entry = json.loads(value) | {name: nodes[node] for name, node in bounds.items()}
                act.change(0, key, json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
            elif bounds:
                lost += 1
    return lost


def lead_weaves(story: Story, source: Story, nodes: Mapping[int, int]) -> None:
    """Lead each weave of `source` as far as there are passages for its own here."""
    for weave in weaves.weaves(source):
        at, last = weave.root, 0
        while at and at in nodes:
            last = nodes[at]
            row = source.read.execute(
                "SELECT value FROM attr WHERE owner = ? AND key = ?", (at, f"weave:{weave.name}")
            ).fetchone()
            at = row[0] if row else 0
        if last:
            weaves.set_weave(story, last, weave.name)
