"""What an author does to the tree: write, edit, split, join, prune, restore.

Each function is one step, one transaction and one operation in the log. A step that would break
the tree raises Refusal with a sentence and changes nothing.
"""

import json
from dataclasses import dataclass

from storyloom.story import lore, origins
from storyloom.story.act import Act
from storyloom.story.kept import kept, kept_with_runs
from storyloom.story.origins import Runs
from storyloom.story.schema import GONE, PRUNED, STREAMING
from storyloom.story.story import Story
from storyloom.story.tables import NodeState
from storyloom.story.weaves import unwoven, weaves_of
from storyloom.text import Refusal

__all__ = ["Joined", "edit", "join", "join_child", "keep_only", "key_after", "key_before",
           "keys_at_end", "prune", "prune_all", "refuse_to_lose_the_opening", "restore", "split",
           "write_child", "write_sibling"]  # fmt: skip


_OF_THE_BEGINNING = ("note", "bookmark", "label")
"""What is said of a passage as a whole goes with its first half when it is split, as tags do."""


def write_child(story: Story, parent: int, text: str, runs: Runs | None = None) -> int:
    """Add the author's own text as the last child of `parent` and return its id.

    `runs` say whose characters it has, from an editor that kept them; without, all are human.
    """
    text, runs = _attributed(text, runs)
    with story.act("node.create") as act:
        if parent:
            act.settled(parent)
        return act.add(parent, keys_at_end(act, parent, 1)[0], text, runs)


def write_sibling(story: Story, node: int, text: str, runs: Runs | None = None) -> int:
    """Add the author's own text beside `node`, right after it, and return its id.

    `runs` are those of `write_child`.
    """
    text, runs = _attributed(text, runs)
    with story.act("node.create") as act:
        state = act.node(node)
        return act.add(state.parent, key_after(act, state.parent, state.ord), text, runs)


def edit(
    story: Story,
    node: int,
    text: str,
    runs: Runs | None = None,
    how: str = "inline",
    *,
    expected: str | None = None,
) -> bool:
    """Replace a node's text and return whether that changed anything.

    `runs` are the new text's, from an editor that kept them; without, words that a diff finds
    unchanged keep their origin and the rest is human. The old text stays in the log. An empty
    text is refused: prune the node instead. `expected` is the text that the author began to edit;
    when the node has another one by now, the edit is refused.
    """
    text, known = _attributed(text, runs)
    with story.act("node.text", data={"how": how}) as act:
        state = act.settled(node)
        old, old_runs = act.text(state.rev)
        if expected is not None and old != expected:
            raise Refusal(
                f"n{node} was changed in another window meanwhile; "
                "write yours as a branch beside it, or look at it again."
            )
        if old == text:
            return False
        new_runs = known if known is not None else origins.attributed(old, old_runs, text)
        act.change(node, "rev", act.revise(node, text, new_runs))
        _keep_chapters(act, node, old, text)
        return True


def split(story: Story, node: int, at: int) -> int:
    """Split a node before code point `at` and return the new node, which holds the first half.

    The second half keeps its id, its children and the why of its fork. Note, tags, bookmark and
    label go to the first half, chapter marks to the half they stand in, and the weave goes
    through both.
    """
    with story.act("node.split", data={"at": at}) as act:
        state = act.settled(node)
        if state.flags & PRUNED:
            raise Refusal("A pruned branch cannot be split; restore it first.")
        text, runs = act.text(state.rev)
        if not 0 < at < len(text):
            raise Refusal("A split needs text on both of its sides; move the mark into the text.")
        before, after = origins.split(runs, at)
        first = act.add(state.parent, state.ord, text[:at], before, gen=state.gen)
        act.change(node, "place", json.dumps([first, "a0"]))
        act.change(node, "rev", act.revise(node, text[at:], after))
        for key in _attributes(act, node):
            if key in _OF_THE_BEGINNING or key.startswith("tag:"):
                _move_attribute(act, node, first, key)
        act.change(first, "sketch", act.tables.attribute(node, "sketch"))
        marks = json.loads(str(act.tables.attribute(node, "chapters") or "[]"))
        _set_chapters(act, first, [mark for mark in marks if mark[0] < at])
        _set_chapters(act, node, [[mark[0] - at, *mark[1:]] for mark in marks if mark[0] >= at])
        for weave in weaves_of(act, state.parent):
            if act.tables.attribute(state.parent, weave) == node:
                act.change(state.parent, weave, first)
                act.change(first, weave, node)
        return first


@dataclass(frozen=True)
class Joined:
    """What a join left: the node that holds both texts."""

    node: int
    left_aside: int
    """Pruned siblings that stay below the old parent, which is pruned with them."""


def join(story: Story, node: int) -> Joined:
    """Join a node with its parent; both texts are in the node, which keeps its id and children.

    Refused when the parent has other branches that are not pruned, as their beginning would
    change, and when one of the two is a sketch and the other is prose. Pruned branches stay with
    the old parent, which is then itself a pruned branch.
    """
    with story.act("node.join") as act:
        state = act.settled(node)
        if not state.parent:
            raise Refusal("The root has no parent to be joined with.")
        parent = act.settled(state.parent)
        if (state.flags | parent.flags) & PRUNED:
            raise Refusal("A pruned branch cannot be joined; restore it first.")
        if act.tables.attribute(node, "sketch") != act.tables.attribute(state.parent, "sketch"):
            raise Refusal(
                "One of the two is a sketch and the other is prose; ':sketch' or 'storyloom node "
                "sketch' makes them the same first."
            )
        others = [flags for other, flags in _children(act, state.parent) if other != node]
        if any(not flags & PRUNED for flags in others):
            raise Refusal(
                "There is a fork here: other branches begin with the parent's text. "
                "Prune them first, or join somewhere else."
            )
        text, runs = act.text(parent.rev)
        own, own_runs = act.text(state.rev)
        # Beside the old parent where that stays, in its place where it goes.
        order = key_after(act, parent.parent, parent.ord) if others else parent.ord
        act.change(node, "place", json.dumps([parent.parent, order]))
        rev = act.revise(node, text + own, origins.joined(runs, own_runs))
        act.change(node, "rev", rev)
        marks = json.loads(str(act.tables.attribute(state.parent, "chapters") or "[]"))
        own_marks = json.loads(str(act.tables.attribute(node, "chapters") or "[]"))
        shifted = [[mark[0] + len(text), *mark[1:]] for mark in own_marks]
        _set_chapters(act, node, marks + shifted)
        _inherit(act, state.parent, node)
        for weave in weaves_of(act, parent.parent):
            if act.tables.attribute(parent.parent, weave) == state.parent:
                act.change(parent.parent, weave, node)
        for weave in weaves_of(act, state.parent):
            act.change(state.parent, weave, None)
        lore.follow(act, state.parent, node)
        act.change(state.parent, "pruned" if others else "gone", 1)
        return Joined(node, len(others))


def join_child(story: Story, node: int) -> Joined:
    """Join a node with its only child, as `join` does from there.

    Refused where it has none, or several that are not pruned.
    """
    rows = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND NOT flags & {GONE | PRUNED} LIMIT 2", (node,)
    ).fetchall()
    if not rows:
        raise Refusal(f"Nothing goes on from n{node}, so there is nothing to join it with.")
    if len(rows) > 1:
        raise Refusal(
            f"There is a fork here: several branches go on from n{node}. "
            "Prune all but one first, or join somewhere else."
        )
    return join(story, rows[0][0])


def prune(story: Story, node: int) -> None:
    """Prune a node and with it all that is below; a weave that went through it ends before it."""
    with story.act("node.prune") as act:
        state = act.node(node)
        if state.flags & PRUNED:
            raise Refusal(f"n{node} is pruned already; 'restore' brings it back.")
        refuse_to_lose_the_opening(act, node, state)
        _prune(act, node, state)


def keep_only(story: Story, node: int) -> int:
    """Prune all other branches of this node's fork in one step and return how many they were."""
    with story.act("node.prune", data={"keep": node}) as act:
        state = act.node(node)
        if state.flags & PRUNED:
            raise Refusal(f"n{node} is pruned itself; restore it first.")
        if not state.parent:
            # What is still being written may turn out empty, and a story needs its opening.
            act.settled(node)
        pruned = 0
        for other, flags in _children(act, state.parent):
            if other != node and not flags & PRUNED:
                _prune(act, other, act.node(other))
                pruned += 1
        return pruned


def prune_all(story: Story, nodes: list[int]) -> int:
    """Prune several branches in one step and return how many they were; those that are pruned
    already or are gone are passed over.
    """
    with story.act("node.prune") as act:
        pruned = 0
        for node in nodes:
            state = act.tables.node(node)
            if state is not None and not state.flags & (PRUNED | GONE):
                refuse_to_lose_the_opening(act, node, state)
                _prune(act, node, state)
                pruned += 1
        return pruned


def restore(story: Story, nodes: list[int]) -> int:
    """Bring pruned nodes back in one step and return how many came."""
    with story.act("node.restore") as act:
        restored = 0
        for node in nodes:
            if act.node(node).flags & PRUNED:
                act.change(node, "pruned", 0)
                restored += 1
        return restored


def keys_at_end(act: Act, parent: int, count: int) -> list[str]:
    """Return `count` order keys behind the last child of `parent`, pruned ones counted."""
    row = act.db.execute("SELECT max(ord) FROM node WHERE parent = ?", (parent,)).fetchone()
    return _keys(row[0], None, count)


def key_after(act: Act, parent: int, order: str) -> str:
    """Return an order key right behind that child of `parent`."""
    row = act.db.execute(
        "SELECT min(ord) FROM node WHERE parent = ? AND ord > ?", (parent, order)
    ).fetchone()
    return _keys(order, row[0], 1)[0]


def key_before(act: Act, parent: int, order: str) -> str:
    """Return an order key right before that child of `parent`."""
    row = act.db.execute(
        "SELECT max(ord) FROM node WHERE parent = ? AND ord < ?", (parent, order)
    ).fetchone()
    return _keys(row[0], order, 1)[0]


def _keys(after: str | None, before: str | None, count: int) -> list[str]:
    # Only who writes pays for the import; reading and opening do not.
    from fractional_indexing import (  # pyright: ignore[reportMissingTypeStubs]  # typed in itself
        FIError,
        generate_n_keys_between,
    )

    try:
        return generate_n_keys_between(after, before, count)
    except FIError as error:
        raise Refusal(
            f"The order of these branches is damaged in the file ({error}); 'storyloom check' says "
            "more."
        ) from error


def _worth_keeping(text: str) -> str:
    text = kept(text)
    if not text.strip():
        raise Refusal("There is no text to keep.")
    return text


def _attributed(text: str, runs: Runs | None) -> tuple[str, Runs | None]:
    """Return a text as it is kept, and its runs; None when those given are not its own."""
    known = kept_with_runs(text, runs) if runs is not None else None
    return _worth_keeping(text), known[1] if known is not None else None


def _children(act: Act, parent: int) -> list[tuple[int, int]]:
    return act.db.execute(
        f"SELECT id, flags FROM node WHERE parent = ? AND NOT flags & {GONE} ORDER BY ord, id",
        (parent,),
    ).fetchall()


def _prune(act: Act, node: int, state: NodeState) -> None:
    act.change(node, "pruned", 1)
    unwoven(act, state.parent, node)


def refuse_to_lose_the_opening(act: Act, node: int, state: NodeState) -> None:
    """Refuse to take the only root that a story shows from its place."""
    if state.parent:
        return
    hidden = PRUNED | STREAMING
    if all(other == node or flags & hidden for other, flags in _children(act, 0)):
        raise Refusal("The opening is all this story has; edit it, or prune what is below.")


def _attributes(act: Act, owner: int) -> list[str]:
    rows = act.db.execute("SELECT key FROM attr WHERE owner = ?", (owner,)).fetchall()
    return [row[0] for row in rows]


def _move_attribute(act: Act, source: int, target: int, key: str) -> None:
    moved = act.tables.attribute(source, key)
    act.change(source, key, None)
    act.change(target, key, moved)


def _inherit(act: Act, parent: int, node: int) -> None:
    """Give the joined node what was said of its first half, where it has nothing of its own."""
    for key in _attributes(act, parent):
        if key not in (*_OF_THE_BEGINNING, "plan") and not key.startswith("tag:"):
            continue
        theirs, ours = act.tables.attribute(parent, key), act.tables.attribute(node, key)
        if ours is None:
            act.change(node, key, theirs)
        elif key == "note" and ours != theirs:
            act.change(node, key, f"{theirs}\n{ours}")


def _set_chapters(act: Act, node: int, marks: list[list[object]]) -> None:
    # One mark at a place; of two that came to stand together the first one said wins.
    at: dict[object, list[object]] = {}
    for mark in marks:
        at.setdefault(mark[0], mark)
    ordered = sorted(at.values(), key=lambda mark: int(str(mark[0])))
    act.change(node, "chapters", json.dumps(ordered, ensure_ascii=False) if ordered else None)


def _keep_chapters(act: Act, node: int, old: str, new: str) -> None:
    """Let the marks go with the characters that they stand before."""
    marks = json.loads(str(act.tables.attribute(node, "chapters") or "[]"))
    if marks:
        offsets = origins.moved(old, new, [mark[0] for mark in marks])
        _set_chapters(
            act,
            node,
            [
                [min(offset, len(new) - 1), *mark[1:]]
                for offset, mark in zip(offsets, marks, strict=True)
            ],
        )
