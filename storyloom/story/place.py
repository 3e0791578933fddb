"""How the author left the screen: node, view, scroll. No history, and not undone."""

import json
from typing import Any

from storyloom.story.story import Story

__all__ = ["recalled", "remember"]


def remember(story: Story, **state: Any) -> None:
    """Keep values by their names until the story is opened again; dropped when it is read-only."""
    if story.readonly:
        return
    with story.quick() as db:
        db.executemany(
            "INSERT INTO ui VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
            [(key, json.dumps(value)) for key, value in state.items()],
        )


def recalled(story: Story) -> dict[str, Any]:
    """Return all values that were kept."""
    rows = story.read.execute("SELECT key, value FROM ui").fetchall()
    return {key: json.loads(value) for key, value in rows}
