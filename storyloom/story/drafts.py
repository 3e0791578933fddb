"""What a batch was asked with, and what its branches said when they were done."""

import json
import math
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from storyloom.story.drawn import drawn_at
from storyloom.story.story import Story

__all__ = ["Draft", "Request", "drafts", "request"]


class Request(NamedTuple):
    """What was asked for together."""

    branches: int
    """How many branches."""
    params: dict[str, Any]
    """Those of the first branch: `max_tokens`, `temperature` and the like, as far as they were
    sent."""


class Draft(NamedTuple):
    """A branch as its model left it."""

    node: int
    text: str
    probability: float | None
    """How likely the model found the whole text, 0 to 1; None where that is not known."""


def request(story: Story, op: int) -> Request:
    """Return what the batch of operation `op` was asked with."""
    rows = story.read.execute("SELECT params FROM gen WHERE op = ? ORDER BY idx, id", (op,))
    found = [row[0] for row in rows]
    return Request(len(found), _object(found[0]) if found else {})


def drafts(story: Story, branches: Iterable[tuple[int, int]]) -> list[Draft]:
    """Return those branches, each a node and the revision that its model wrote, that have text."""
    out: list[Draft] = []
    for node, rev in branches:
        row = story.read.execute("SELECT text FROM rev WHERE id = ?", (rev,)).fetchone()
        if row is not None and row[0].strip():
            out.append(Draft(node, row[0], _probability(story, node, rev, len(row[0]))))
    return out


def _probability(story: Story, node: int, rev: int, length: int) -> float | None:
    row = story.read.execute(
        "SELECT new FROM change WHERE owner = ? AND key = 'result' ORDER BY seq LIMIT 1", (node,)
    ).fetchone()
    told: object = _object(row[0]).get("probability") if row is not None else None
    if isinstance(told, int | float):
        return float(told)
    drawn = drawn_at(story, node)
    if drawn is None or drawn.rev != rev:
        return None
    end = 0
    for token in drawn.tokens:
        if token.start != end:
            return None
        end = token.end
    return math.exp(sum(token.logprob for token in drawn.tokens)) if end == length else None


def _object(value: object) -> dict[str, Any]:
    found: object = json.loads(value) if isinstance(value, str) else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
