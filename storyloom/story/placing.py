"""Where a node hangs: moving it, putting its siblings in order, copying what is below it.

Each function is one step of the author's. What would break the tree raises Refusal and changes
nothing.
"""

import json

from storyloom.story import tally
from storyloom.story.act import Act
from storyloom.story.schema import HIDDEN, PRUNED
from storyloom.story.shape import key_after, key_before, keys_at_end, refuse_to_lose_the_opening
from storyloom.story.story import Story
from storyloom.story.tables import NodeState
from storyloom.story.weaves import unwoven, weaves_of
from storyloom.text import Refusal

__all__ = ["copy", "move", "move_beside", "put_between", "shift"]


def move(story: Story, node: int, parent: int) -> None:
    """Hang a node with all that is below it on `parent`, as its last child.

    A weave that led through the node ends where it hung before, if that is elsewhere. Refused
    below the node itself, and for what is pruned, at either end.
    """
    with story.act("node.move") as act:
        state = _movable(act, node)
        _refuse_target(act, node, parent)
        last = act.db.execute(
            f"SELECT id FROM node WHERE parent = ? AND NOT flags & {HIDDEN} "
            "ORDER BY ord DESC, id DESC LIMIT 1",
            (parent,),
        ).fetchone()
        if state.parent != parent or last[0] != node:
            _place(act, node, parent, keys_at_end(act, parent, 1)[0])


def move_beside(story: Story, node: int, sibling: int, *, before: bool = False) -> None:
    """Hang a node with all that is below it right after `sibling`, or right `before` it.

    Within one fork that puts its branches in another order. Refused as `move` does.
    """
    if node == sibling:
        raise Refusal(f"n{node} cannot stand beside itself; name another branch.")
    with story.act("node.move") as act:
        _movable(act, node)
        beside = act.node(sibling)
        _refuse_target(act, node, beside.parent)
        key = key_before if before else key_after
        _place(act, node, beside.parent, key(act, beside.parent, beside.ord))


def shift(story: Story, node: int, by: int) -> bool:
    """Move a node by so many places among the branches of its fork, up when negative.

    It stops at the first and the last of them. Returns whether it stands elsewhere now.
    """
    with story.act("node.move") as act:
        state = _movable(act, node)
        way, order = ("<", "DESC") if by < 0 else (">", "ASC")
        passed = act.db.execute(
            f"SELECT id, ord FROM node WHERE parent = ? AND (ord, id) {way} (?, ?) "
            f"AND NOT flags & {HIDDEN} ORDER BY ord {order}, id {order} LIMIT ?",
            (state.parent, state.ord, node, abs(by)),
        ).fetchall()
        if not passed:
            return False
        key = key_before if by < 0 else key_after
        _place(act, node, state.parent, key(act, state.parent, passed[-1][1]))
        return True


def put_between(story: Story, node: int, follower: int) -> None:
    """Put a passage between what it hangs on and a branch beside it, which with all that is below
    it then follows the passage, as its last child.

    A weave that went on to `follower` now goes through both. Refused as `move` does.
    """
    with story.act("node.move", data={"between": node}) as act:
        own, state = _movable(act, node), _movable(act, follower)
        parent = own.parent
        if not parent or state.parent != parent or node == follower:
            raise Refusal(
                f"n{node} and n{follower} are no two branches of one fork, so n{node} cannot go "
                f"before n{follower}."
            )
        weaves = [key for key in weaves_of(act, parent)
                  if act.tables.attribute(parent, key) == follower]  # fmt: skip
        _place(act, follower, node, keys_at_end(act, node, 1)[0])
        for key in weaves:
            act.change(parent, key, node)
            act.change(node, key, follower)


def copy(story: Story, node: int, parent: int) -> int:
    """Copy a node and all that is below it and not pruned, as the last child of `parent`.

    Texts keep who wrote them, and what was said of the nodes goes along; weaves do not, and the
    cost of a generation is not counted twice. Returns the id of the copy of `node`.
    """
    with story.act("node.copy", data={"of": node, "to": parent}) as act:
        act.settled(node)
        if hidden := tally.hiding(act.db, node):
            raise Refusal(f"n{hidden} is pruned; restore it before it is copied.")
        _refuse_hidden(act, parent)
        if parent:
            act.settled(parent)
        _refuse_streaming(act, node)
        top = _copied(act, node, parent, keys_at_end(act, parent, 1)[0])
        strand = [top]
        with act.counted_after(top):
            # Only what was there before is copied, or a copy into itself would never end.
            for each, order, depth in act.db.execute(_BELOW, (node, top, top)):
                del strand[depth:]
                strand.append(_copied(act, each, strand[-1], order))
        return top


_BELOW = f"""
WITH RECURSIVE down(id, ord, depth) AS (
    SELECT id, ord, 1 FROM node WHERE parent = ? AND NOT flags & {HIDDEN} AND id < ? UNION ALL
    SELECT k.id, k.ord, depth + 1 FROM down JOIN node k INDEXED BY node_kids ON k.parent = down.id
    WHERE NOT k.flags & {HIDDEN} AND k.id < ? ORDER BY 3 DESC, 2, 1
)
SELECT id, ord, depth FROM down
"""


def _copied(act: Act, source: int, parent: int, order: str) -> int:
    state = act.node(source)
    text, runs = act.text(state.rev)
    node = act.add(parent, order, text, runs, gen=state.gen)
    for key, value in act.db.execute(
        "SELECT key, value FROM attr WHERE owner = ? AND key NOT GLOB 'weave:*'", (source,)
    ).fetchall():
        if key == "result":
            facts = json.loads(value)
            facts.pop("cost", None)
            value = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        act.change(node, key, value)
    return node


def _movable(act: Act, node: int) -> NodeState:
    state = act.settled(node)
    if state.flags & PRUNED:
        raise Refusal(f"n{node} is pruned; restore it before it is moved.")
    return state


def _refuse_target(act: Act, node: int, parent: int) -> None:
    if parent:
        act.settled(parent)
        if tally.within(act.db, parent, node):
            raise Refusal(
                f"n{parent} is below n{node} or is the same, and nothing can hang on itself; "
                "choose a place that is not below it."
            )
    _refuse_hidden(act, parent)


def _refuse_hidden(act: Act, parent: int) -> None:
    if parent and (hidden := tally.hiding(act.db, parent)):
        raise Refusal(f"n{hidden} is pruned; restore it before anything is put below it.")


def _refuse_streaming(act: Act, top: int) -> None:
    for (node,) in act.db.execute("SELECT id FROM node WHERE flags & 4").fetchall():
        if tally.within(act.db, node, top):
            raise Refusal(f"n{node} is still being written; stop it first, or wait for its end.")


def _place(act: Act, node: int, parent: int, order: str) -> None:
    state = act.node(node)
    if state.parent != parent:
        refuse_to_lose_the_opening(act, node, state)
        unwoven(act, state.parent, node)
    act.change(node, "place", json.dumps([parent, order]))
