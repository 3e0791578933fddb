"""A story's loom opened at one of its nodes."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.story import place, reading
from storyloom.story.story import Story
from storyloom.text import Refusal

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["open_at"]


def open_at(loom: "Loom", path: Path, node: int = 0) -> None:
    """Open the loom of a story with the cursor on `node`, or where it was left for 0.

    Raises Refusal when the story cannot be opened, or has no such node any more.
    """
    if node:
        with Story(path) as story:
            if not reading.exists(story, node):
                raise Refusal(f"There is no node n{node} in this story any more.")
            # A file that cannot be written to opens where it was left.
            with contextlib.suppress(Refusal):
                place.remember(story, cursor=node)
    loom.open_story(path)
