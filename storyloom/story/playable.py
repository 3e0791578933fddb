"""Which branches a reader is offered who plays a story."""

from enum import StrEnum

from storyloom.story.schema import GONE, HIDDEN, STREAMING
from storyloom.story.story import Story

__all__ = ["Scope", "branches"]

PLAYABLE = "play"
"""The tag of branches that are offered when only those are played that are meant for it."""


class Scope(StrEnum):
    """Which branches are offered."""

    UNPRUNED = "unpruned"
    ALL = "all"
    """Pruned ones too."""
    PLAYABLE = "playable"
    """Those alone that are tagged `play`; a beginning needs no tag."""


_WHICH = {
    Scope.UNPRUNED: f"NOT flags & {HIDDEN | STREAMING}",
    Scope.ALL: f"NOT flags & {GONE | STREAMING}",
    Scope.PLAYABLE: f"NOT flags & {HIDDEN | STREAMING} AND (parent = 0 OR EXISTS("
    f"SELECT 1 FROM attr WHERE owner = node.id AND key = 'tag:{PLAYABLE}'))",
}


def branches(story: Story, node: int, scope: Scope) -> list[int]:
    """Return the branches below a node that are offered, in order; below 0 the beginnings."""
    rows = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND {_WHICH[scope]} ORDER BY ord, id", (node,)
    ).fetchall()
    return [row[0] for row in rows]
