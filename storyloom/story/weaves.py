"""The weaves: paths of the author's choice through the tree, each from the story's beginning.

A weave is a pointer at each node, to the child it goes on with; the story itself, owner 0, points
to the root. Every story has the weave `main`; others have names of the author's.
"""

from typing import NamedTuple

from storyloom.story.act import Act
from storyloom.story.kept import kept
from storyloom.story.schema import HIDDEN, PRUNED
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["MAIN", "Weave", "delete_weave", "end_weave", "rename_weave", "set_weave", "unwoven",
           "weave_name", "weaves", "weaves_of"]  # fmt: skip

MAIN = "main"
"""The name of the weave that a story has from the start."""
_LONGEST = 60


# The steps to a node that the weave does not take yet, and those that it cannot: a strand may be
# many thousand nodes deep, and the weave mostly changes at its end.
_STEPS = """
WITH RECURSIVE up(id, parent, flags) AS (
    SELECT id, parent, flags FROM node WHERE id = ?
    UNION ALL SELECT p.id, p.parent, p.flags FROM up JOIN node p ON p.id = up.parent
)
SELECT up.parent, up.id, up.flags FROM up
LEFT JOIN attr ON attr.owner = up.parent AND attr.key = ?
WHERE up.flags & ? OR attr.value IS NOT up.id
"""


class Weave(NamedTuple):
    """A weave of a story."""

    name: str
    root: int
    """The node it begins with."""


def weave_name(name: str) -> str:
    """Return a weave's name as it is kept. Raises Refusal for one that cannot be a name."""
    name = " ".join(kept(name).split())
    if not name or len(name) > _LONGEST:
        raise Refusal(f"A weave's name has 1 to {_LONGEST} characters.")
    return name


def set_weave(story: Story, node: int, weave: str = MAIN) -> None:
    """Lead a weave to `node`: every ancestor's step goes towards it, its own one stays.

    A weave of that name is begun when there is none. Refused for a node that is pruned or below a
    pruned one.
    """
    weave = weave_name(weave)
    with story.act("weave.set", data={"weave": weave, "to": node}) as act:
        act.node(node)
        key = f"weave:{weave}"
        steps = act.db.execute(_STEPS, (node, key, PRUNED)).fetchall()
        for parent, child, flags in steps:
            if flags & PRUNED:
                raise Refusal(f"n{child} is pruned; restore it before the weave goes there.")
            act.change(parent, key, child)


def end_weave(story: Story, node: int, weave: str = MAIN) -> None:
    """Let a weave end with `node`, where it went on from there."""
    weave = weave_name(weave)
    with story.act("weave.set", data={"weave": weave, "to": node, "end": True}) as act:
        act.node(node)
        act.change(node, f"weave:{weave}", None)


def delete_weave(story: Story, weave: str) -> None:
    """Take a weave away; the nodes it went through stay. `main` goes back to the opening alone.

    Raises Refusal when there is no weave of that name.
    """
    weave = weave_name(weave)
    key = f"weave:{weave}"
    with story.act("weave.delete", data={"weave": weave}) as act:
        _refuse_unknown(act, weave)
        for owner in _owners(act, key):
            if owner or weave != MAIN:
                act.change(owner, key, None)


def rename_weave(story: Story, weave: str, name: str) -> None:
    """Give a weave another name. Raises Refusal when there is none, or one of the new name."""
    weave, name = weave_name(weave), weave_name(name)
    if weave == MAIN:
        raise Refusal("The weave 'main' keeps its name; lead another one to the same end instead.")
    old, new = f"weave:{weave}", f"weave:{name}"
    with story.act("weave.rename", data={"weave": weave, "name": name}) as act:
        _refuse_unknown(act, weave)
        if act.tables.attribute(0, new) is not None:
            raise Refusal(f"There is a weave {one_line(name)!r} already; choose another name.")
        for owner in _owners(act, old):
            value = act.tables.attribute(owner, old)
            act.change(owner, old, None)
            act.change(owner, new, value)


def weaves(story: Story) -> list[Weave]:
    """Return the story's weaves, `main` first and the others by name."""
    rows = story.read.execute(
        "SELECT substr(key, 7), value FROM attr WHERE owner = 0 AND key GLOB 'weave:*'"
    ).fetchall()
    return sorted((Weave(*row) for row in rows), key=lambda each: (each.name != MAIN, each.name))


def weaves_of(act: Act, owner: int) -> list[str]:
    """Return the keys of the weaves that go on from `owner`."""
    rows = act.db.execute(
        "SELECT key FROM attr WHERE owner = ? AND key GLOB 'weave:*'", (owner,)
    ).fetchall()
    return [row[0] for row in rows]


def unwoven(act: Act, owner: int, child: int) -> None:
    """End at `owner` every weave that went on to `child`.

    The weave `main` always has a beginning: where its root goes, another one takes its place.
    """
    for key in weaves_of(act, owner):
        if act.tables.attribute(owner, key) == child:
            other = None
            if not owner and key == f"weave:{MAIN}":
                other = act.db.execute(
                    f"SELECT id FROM node WHERE parent = 0 AND id <> ? AND NOT flags & {HIDDEN} "
                    "ORDER BY ord, id LIMIT 1",
                    (child,),
                ).fetchone()
            act.change(owner, key, other[0] if other else None)


def _owners(act: Act, key: str) -> list[int]:
    rows = act.db.execute("SELECT owner FROM attr WHERE key = ? ORDER BY owner", (key,)).fetchall()
    return [row[0] for row in rows]


def _refuse_unknown(act: Act, weave: str) -> None:
    if act.tables.attribute(0, f"weave:{weave}") is None:
        raise Refusal(f"There is no weave {one_line(weave)!r} in this story.")
