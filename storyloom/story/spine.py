"""One strand as rows: each of its nodes among the branches of its fork, one fork below the other.

Where the whole tree shows everything that hangs on a branch before the next branch, this shows the
branches of a fork beside each other and goes on below one of them alone. So it is as long as the
strand is deep, and a step along the strand changes none of its rows.
"""

from collections.abc import Callable

from storyloom.story import reading
from storyloom.story.rows import Row
from storyloom.story.story import Story

__all__ = ["around"]


def around(
    story: Story, node: int, count: int, onward: Callable[[int], int]
) -> tuple[list[Row], list[Row]]:
    """Return up to `count` rows before a node's row, and up to `count` behind it.

    Before it are the branches of the forks above, behind it those beside and below it. Below the
    node the strand goes on with the child that `onward` gives for a node, and ends where that is
    none of its children.
    """
    own, above = _block(story, node)
    at = own.index(Row(node))
    return (
        _before(story, above, own[:at], count),
        _behind(story, node, own[at + 1 :], count, onward),
    )


def _block(story: Story, node: int) -> tuple[list[Row], int]:
    """Return the rows of a node's fork, and what it is a fork of."""
    found = reading.parent(story, node)
    rows = _branches(story, found)
    if Row(node) not in rows:
        # A pruned one that the cursor has gone to stands before the line that counts it.
        rows.insert(max(0, len(rows) - 1), Row(node))
    return rows, found


def _branches(story: Story, parent: int) -> list[Row]:
    rows = [Row(child) for child in reading.children(story, parent)]
    if reading.pruned_children(story, parent):
        rows.append(Row(parent, pruned=True))
    return rows


def _before(story: Story, above: int, rows: list[Row], count: int) -> list[Row]:
    while above and len(rows) < count:
        block, higher = _block(story, above)
        rows = [*block, *rows]
        above = higher
    return rows[-count:] if count else []


def _behind(
    story: Story, node: int, rows: list[Row], count: int, onward: Callable[[int], int]
) -> list[Row]:
    while len(rows) < count:
        block = _branches(story, node)
        rows = [*rows, *block]
        node = onward(node)
        if Row(node) not in block:
            break
    return rows[:count]
