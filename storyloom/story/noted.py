"""The notes that an author has written along a strand."""

from collections.abc import Sequence
from typing import NamedTuple

from storyloom.story.story import Story

__all__ = ["Note", "noted"]

_BEGINNING = 200
"""Code points of a note that are read."""

# The nodes lead: each is looked up among the attributes, whose own order is by key.
_NOTES = f"""
SELECT attr.owner, substr(attr.value, 1, {_BEGINNING})
FROM json_each(?) AS wanted CROSS JOIN attr ON attr.owner = wanted.value AND attr.key = 'note'
ORDER BY wanted.key
"""


class Note(NamedTuple):
    """What an author has noted on a node."""

    node: int
    text: str
    """The first 200 code points."""


def noted(story: Story, strand: Sequence[int]) -> list[Note]:
    """Return the notes on a strand's nodes, in its order."""
    rows = story.read.execute(_NOTES, (str(list(strand)),)).fetchall()
    return [Note(node, str(text)) for node, text in rows]
