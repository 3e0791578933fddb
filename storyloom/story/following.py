"""The text that follows in a story from a node on, as a passage before it has to lead to it."""

from storyloom.story import growth, reading
from storyloom.story.schema import HIDDEN, STREAMING
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["follower", "meant", "text_from"]

_ON = f"""
SELECT id FROM node WHERE parent = ? AND NOT flags & {HIDDEN | STREAMING}
ORDER BY id IS NOT (SELECT value FROM attr WHERE owner = node.parent AND key = 'weave:main'),
    ord, id LIMIT 1
"""
"""Where the weave goes on, else the first branch."""


def text_from(story: Story, node: int, *, most: int) -> str:
    """Return the text of `node` and of what goes on from it, about `most` code points.

    It follows the weave where that leads, else the first branches.
    """
    found: list[str] = []
    length = 0
    while node and length < most:
        for piece in reading.pieces(story, [node]):
            found.append(piece.text)
            length += len(piece.text)
        row = story.read.execute(_ON, (node,)).fetchone()
        node = row[0] if row else 0
    return "".join(found)[:most]


def follower(story: Story, parent: int, node: int) -> int:
    """Return `node` as what follows `parent`, with a gap between them that can be filled.

    Raises Refusal when it is no branch of `parent` or has no text that stays.
    """
    cards = reading.cards(story, [node]) if reading.exists(story, node) else []
    if not cards:
        raise Refusal(f"There is no node n{node} in this story.")
    card = cards[0]
    if not card.parent:
        raise Refusal(f"n{node} is where the story begins; no passage can lead to it.")
    if card.parent != parent:
        raise Refusal(
            f"n{node} does not follow n{parent}, so nothing can be put between them; "
            f"it follows n{card.parent}."
        )
    if card.pruned:
        raise Refusal(f"n{node} is pruned; restore it before a passage leads to it.")
    if card.streaming:
        raise Refusal(f"n{node} is still being written; stop it first, or wait for its end.")
    return node


def meant(story: Story, node: int) -> int:
    """Return the branch beside `node` that is to follow it: what it was written to lead to, else
    the one on the weave, else the only one there is.

    Raises Refusal where that does not say which.
    """
    parent = reading.parent(story, node)
    others = [each for each in reading.children(story, parent) if each != node] if parent else []
    ends = growth.between(story, node)
    woven = reading.weave_child(story, parent)
    if ends and ends[1] in reading.children(story, node):
        raise Refusal(f"n{ends[1]} follows n{node} already.")
    for found in (ends[1] if ends else 0, woven):
        if found in others:
            return found
    if len(others) != 1:
        raise Refusal(
            f"Nothing says what is to follow n{node}; name one of the branches beside it."
            if others
            else f"There is no branch beside n{node} that could follow it."
        )
    return others[0]
