"""A story that has cost something: two models with prices, one without, one that runs here."""

import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from storyloom.story import growth, marks, shape, weaves
from storyloom.story.asides import Aside, note
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story

__all__ = ["BEGAN", "DAY", "asked", "costly"]

BEGAN = 1_790_000_000
"""When its first session begins, in seconds since the epoch."""
DAY = 86_400

CLAUDE, MINI, TIDE, HERE = (
    "anthropic/claude-sonnet-4-5",
    "openai/gpt-4o-mini",
    "tide",
    "local/smollm2",
)


def asked(
    story: Story,
    parent: int,
    model: str,
    *costs: float | None,
    finish: str = "stop",
    text: str = "So.",
) -> list[int]:
    """Grow a branch of a model's for each cost, and return their nodes."""
    placed = growth.request(story, parent, [Asked(model, {"prompt": "p"}) for _ in costs])
    for branch, cost in zip(placed, costs, strict=True):
        facts: dict[str, Any] = {"in": 900, "out": 80} if finish != "error" else {}
        if cost is not None:
            facts["cost"] = cost
        growth.finish(story, branch, text, Result(finish, "", facts))
    return [branch.node for branch in placed]


def costly(path: Path) -> Path:
    """Make a story of two sessions and two chapters that has cost $0.83 and what three branches of
    unknown price cost.
    """
    clock = [BEGAN]
    with patch.object(time, "time_ns", lambda: clock[0] * 10**9):
        with Story.create(path, title="Saltmarsh", opening="The tide went out.") as story:
            marks.set_chapter(story, 1, "The ferry")
            first, _, third = asked(story, 1, CLAUDE, 0.21, 0.19, 0.2)
            asked(story, 1, MINI, 0.01, 0.01, 0.01)
            asked(story, 1, HERE, 0.0, 0.0)
            shape.prune(story, third)
        clock[0] += DAY
        with Story(path) as story:
            second, _ = asked(story, first, MINI, 0.1, 0.07)
            marks.set_chapter(story, second, "Low bells")
            asked(story, second, TIDE, None, None)
            asked(story, second, HERE, None, finish="interrupted")
            asked(story, second, MINI, None, finish="error", text="")
            weaves.set_weave(story, second)
            note(story, second, [Aside(MINI, 400, 20, 0.03), Aside(TIDE, wrote=True)])
    return path
