"""What else was offered along a strand: the other branches at each of its forks."""

from collections.abc import Sequence
from typing import NamedTuple

from storyloom.story import origins
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
    author: str
    """The origin that it is said to be of; see `origins.author`."""


class Fork(NamedTuple):
    """A node of the strand that has other branches beside it."""

    node: int
    others: int
    """How many other branches that are not pruned."""
    offers: tuple[Offer, ...]
    """The first three of them."""


_COUNTS = f"""
SELECT node.id, (SELECT count(*) FROM node k
    WHERE k.parent = node.parent AND k.id <> node.id AND NOT k.flags & {GONE | PRUNED}) AS others
FROM json_each(?) AS wanted JOIN node ON node.id = wanted.value
WHERE others > 0 ORDER BY wanted.key
"""
# The first branches of all forks in one query: a weave may have ten thousand of them.
_OFFERS = f"""
SELECT node.id, k.id, substr(rev.text, 1, {_BEGINNING}), coalesce(gen.model, ''),
    rev.runs
FROM json_each(?) AS wanted CROSS JOIN node ON node.id = wanted.value
CROSS JOIN node k ON k.id IN (SELECT c.id FROM node c WHERE c.parent = node.parent
    AND c.id <> node.id AND NOT c.flags & {GONE | PRUNED} ORDER BY c.ord, c.id LIMIT {_MOST})
JOIN rev ON rev.id = k.rev LEFT JOIN gen ON gen.id = k.gen
ORDER BY wanted.key, k.ord, k.id
"""


def offered(story: Story, strand: Sequence[int]) -> list[Fork]:
    """Return the forks of a strand's nodes, in its order; nodes without other branches are none."""
    counts = dict(story.read.execute(_COUNTS, (str(list(strand)),)).fetchall())
    offers: dict[int, list[Offer]] = {node: [] for node in counts}
    found = story.read.execute(_OFFERS, (str(list(counts)),)).fetchall()
    for node, branch, text, model, runs in found:
        offers[node].append(Offer(branch, text, origins.author(runs, model)))
    return [Fork(node, others, tuple(offers[node])) for node, others in counts.items()]
