"""What was drafted along a strand: how many branches its forks had, and what is left of models'."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from storyloom.story.reading import Piece
from storyloom.story.schema import GONE, PURGED
from storyloom.story.story import Story

__all__ = ["Drafted", "drafted"]


class Drafted(NamedTuple):
    """How a strand came to be."""

    forks: int
    """Places at which there was more than one branch; the strand takes one of each."""
    branches: int
    """The branches at those, pruned and purged ones too."""
    whys: int
    """Forks of which the author wrote what they were for."""
    reasons: int
    """Branches of which the author wrote why they were chosen."""
    accepted: int
    """Code points that models had written when their branches of this strand were done."""
    kept: int
    """How many of those are in it still."""


# Branches whose making was undone, or that brought no text, are none.
_FORKS = f"""
SELECT count(*), coalesce(sum(branches), 0) FROM (
    SELECT (SELECT count(*) FROM node k WHERE k.parent = node.parent
        AND (NOT k.flags & {GONE} OR k.flags & {PURGED})) AS branches
    FROM json_each(?) AS wanted CROSS JOIN node ON node.id = wanted.value
) WHERE branches > 1
"""
_SAID = """
SELECT coalesce(sum(attr.key = 'why'), 0), coalesce(sum(attr.key = 'reason'), 0)
FROM json_each(?) AS wanted
CROSS JOIN attr ON attr.owner = wanted.value AND attr.key IN ('why', 'reason')
"""
# A generation's own node is the one that its request added; a half of it that was split off later
# has the same generation, and another beginning.
_FIRST = """
SELECT gen.id, max((SELECT length(rev.text) FROM rev WHERE rev.node = node.id ORDER BY rev.id
    LIMIT 1)) FROM json_each(?) AS wanted CROSS JOIN gen ON gen.id = wanted.value
CROSS JOIN change ON change.op = gen.op AND change.key = 'add'
CROSS JOIN node ON node.id = change.owner AND node.gen = gen.id
GROUP BY gen.id
"""


def drafted(story: Story, strand: Sequence[Piece]) -> Drafted:
    """Return how the pieces of a strand, or of a part of one, came to be.

    Text that a model wrote into a passage while it was edited belongs to no branch, and is counted
    neither as accepted nor as kept.
    """
    nodes = json.dumps([piece.node for piece in strand])
    forks, branches = story.read.execute(_FORKS, (nodes,)).fetchone()
    whys, reasons = story.read.execute(_SAID, (nodes,)).fetchone()
    left = {piece.gen: 0 for piece in strand if piece.gen is not None}
    for piece in strand:
        for run in piece.runs:
            if run.gen is not None:
                left[run.gen] = left.get(run.gen, 0) + run.length
    rows = story.read.execute(_FIRST, (json.dumps(list(left)),)).fetchall()
    first: dict[int, int] = dict(rows)
    # What a purge has deleted of the first text is not known; what is here was accepted for sure.
    accepted = sum(max(here, first.get(gen, 0)) for gen, here in left.items())
    return Drafted(forks, branches, whys, reasons, accepted, sum(left.values()))
