"""What was ever put into the passages of a strand, by whom, as the log tells it.

A character counts once for each time that it was typed, pasted, drafted or brought in, and whether
or not it is still there; moving it, splitting and joining passages, undo and redo count nothing.
"""

import json
from collections.abc import Sequence
from typing import Any, cast

from storyloom.story import origins
from storyloom.story.story import Story

__all__ = ["inserted"]

_MOVING = ("node.split", "node.join", "undo", "redo", "node.purge", "story.recover", "story.lost")
"""Kinds of operations whose texts were there before, in another node or at another time."""
_TEXTS = """
SELECT rev.node, op.kind, op.data, rev.runs, rev.text, was.runs, was.text, rev.op
FROM json_each(?) AS wanted CROSS JOIN rev ON rev.node = wanted.value JOIN op ON op.id = rev.op
LEFT JOIN change ON change.op = rev.op AND change.owner = rev.node AND change.key = 'rev'
LEFT JOIN rev AS was ON was.id = change.old
ORDER BY rev.id
"""


def inserted(story: Story, nodes: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return for each of the nodes how many code points of each origin were ever put into it.

    What models drafted counts as put in when their branch was written. Reads every text that the
    nodes ever had. A purged text counts as far as its origins are still known.
    """
    out: dict[int, dict[str, int]] = {node: {} for node in nodes}
    told: set[int] = set()
    for node, kind, data, runs, text, old_runs, old, op in story.read.execute(
        _TEXTS, (json.dumps(list(nodes)),)
    ):
        if kind in _MOVING:
            continue
        counts = _told(data)
        if counts is None:
            new_runs = origins.loaded(runs)
            counts = (
                origins.by_origin(new_runs)
                if old is None
                else _by_difference(old, origins.loaded(old_runs), text, new_runs)
            )
        elif op in told:
            # One operation may change several passages, and says for all of them what it put in.
            continue
        told.add(op)
        for origin, count in counts.items():
            out[node][origin] = out[node].get(origin, 0) + count
    return out


def _by_difference(
    old: str, old_runs: origins.Runs, new: str, new_runs: origins.Runs
) -> dict[str, int]:
    if (len(old), len(new)) != tuple(
        sum(run.length for run in runs) for runs in (old_runs, new_runs)
    ):
        # One of the texts is purged.
        return {}
    return origins.inserted(old, old_runs, new, new_runs)


def _told(data: str) -> dict[str, int] | None:
    """Return what a recording says was put in, None where the log does not say it."""
    found: object = json.loads(data) if '"inserted"' in data else None
    if not isinstance(found, dict):
        return None
    counts: object = cast("dict[str, Any]", found).get("inserted")
    if not isinstance(counts, dict):
        return None
    items = cast("dict[str, object]", counts).items()
    return {origin: count for origin, count in items if isinstance(count, int) and count > 0}
