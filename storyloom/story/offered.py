"""What else was offered along a strand: the other branches at each of its forks."""

from collections.abc import Sequence
from typing import NamedTuple

from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story

__all__ = ["Fork", "Offer", "offered"]

_BEGINNING = 200
"""Code points of an offer's text that are read."""
_MOST = 3
"""Offers of a fork that are read; the others are counted."""


class Offer(NamedTuple):
    """A branch that the strand does not take."""

    node: int
    text: str
    """The first 200 code points."""
    model: str
    """The model that wrote it, empty for a human's."""


class Fork(NamedTuple):
    """A node of the strand that has other branches beside it."""

    node: int
    others: int
    """How many other branches that are not pruned."""
    offers: tuple[Offer, ...]
    """The first three of them."""


_COUNTS = f"""
SELECT node.id, node.parent, (SELECT count(*) FROM node k
    WHERE k.parent = node.parent AND k.id <> node.id AND NOT k.flags & {GONE | PRUNED}) AS others
FROM json_each(?) AS wanted JOIN node ON node.id = wanted.value
WHERE others > 0 ORDER BY wanted.key
"""
_OFFERS = f"""
SELECT k.id, substr(rev.text, 1, {_BEGINNING}), coalesce(gen.model, '')
FROM node k JOIN rev ON rev.id = k.rev LEFT JOIN gen ON gen.id = k.gen
WHERE k.parent = ? AND k.id <> ? AND NOT k.flags & {GONE | PRUNED}
ORDER BY k.ord, k.id LIMIT {_MOST}
"""


def offered(story: Story, strand: Sequence[int]) -> list[Fork]:
    """Return the forks of a strand's nodes, in its order; nodes without other branches are none."""
    found = story.read.execute(_COUNTS, (str(list(strand)),)).fetchall()
    forks: list[Fork] = []
    for node, parent, others in found:
        rows = story.read.execute(_OFFERS, (parent, node)).fetchall()
        forks.append(Fork(node, others, tuple(Offer(*row) for row in rows)))
    return forks
