"""A strand as it was at a moment of the log, hung into the story of today as a branch."""

from dataclasses import dataclass

from storyloom.story import shape
from storyloom.story.act import Act
from storyloom.story.check import folded_log
from storyloom.story.schema import GONE, HIDDEN, PURGED, STREAMING
from storyloom.story.story import Story
from storyloom.story.tables import weave_end
from storyloom.text import Refusal

__all__ = ["Then", "revive", "strand_at"]


@dataclass(frozen=True)
class Then:
    """A strand at a moment."""

    op: int
    """The operation that it is behind."""
    nodes: tuple[tuple[int, int], ...]
    """Each node with its text's revision, from the root on."""


def strand_at(story: Story, op: int, node: int | None = None) -> Then:
    """Return the strand to `node` after operation `op`, of None that of the main weave.

    Reads the log up to there. Raises Refusal when there was no such node, or no such operation.
    """
    last = story.read.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0]
    if not 1 <= op <= last:
        raise Refusal(f"The log has the events 1 to {last}, and no {op}.")
    tables = folded_log(story.read, op)
    found: dict[int, int] = {}
    at = weave_end(tables) if node is None else node
    while at not in found and (state := tables.nodes.get(at)) is not None:
        if state.flags & GONE:
            raise Refusal(f"n{at} was not there after event {op}.")
        if state.flags & STREAMING:
            raise Refusal(f"n{at} was still being written at event {op}; choose a later one.")
        found[at] = state.rev
        at = state.parent
    if not found:
        raise Refusal(f"There was no node n{node} yet after event {op}.")
    return Then(op, tuple(reversed(found.items())))


def revive(story: Story, then: Then) -> int:
    """Hang what is no longer as it was then into the story, and return the strand's last node.

    The beginning of the strand that is still the same stays; from the first passage that was
    changed, moved, pruned or taken back, copies with their texts of then and whose they were go
    below it, in one step. Raises Refusal when all of it is still there, or a text of it is purged.
    """
    with story.act("node.revive", data={"at": then.op}) as act:
        parent = 0
        rest = list(then.nodes)
        while rest and _is_same(act, *rest[0], parent):
            parent, _ = rest.pop(0)
        if not rest:
            raise Refusal(f"All of that is still there; it ends in n{parent}.")
        for node, rev in rest:
            text, runs = act.text(rev)
            if not text and _purged(act, node):
                raise Refusal(f"The text of n{node} was purged, and cannot be brought back.")
            old = act.tables.node(node)
            gen = old.gen if old is not None else None
            order = shape.keys_at_end(act, parent, 1)[0]
            parent = act.add(parent, order, text, runs, gen=gen)
        return parent


def _is_same(act: Act, node: int, rev: int, parent: int) -> bool:
    state = act.tables.node(node)
    return (
        state is not None
        and not state.flags & HIDDEN
        and state.parent == parent
        and (state.rev == rev or act.text(state.rev) == act.text(rev))
    )


def _purged(act: Act, node: int) -> bool:
    state = act.tables.node(node)
    return state is not None and state.flags & PURGED == PURGED
