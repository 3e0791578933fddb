"""What was copied last out of a story, so that its words keep their authors where they are pasted.

A terminal gives a paste back as bare text; where that is a stretch of what was copied here, it is
known who wrote it.
"""

from pathlib import Path
from typing import NamedTuple

from storyloom.story import origins, reading
from storyloom.story.origins import Runs
from storyloom.story.story import Story

__all__ = ["Copied", "copied"]


class Copied(NamedTuple):
    """A passage as it was when it was copied."""

    story: Path
    text: str
    runs: Runs

    def runs_of(self, pasted: str) -> Runs | None:
        """Return who wrote the characters of a text that is a stretch of it, else None."""
        at = self.text.find(pasted) if pasted else -1
        if at < 0:
            return None
        return origins.split(origins.split(self.runs, at)[1], len(pasted))[0]


def copied(story: Story, node: int) -> Copied | None:
    """Return a passage of a story with its authors; None where that is not settled yet."""
    pieces = reading.pieces(story, [node])
    return Copied(story.path, pieces[0].text, pieces[0].runs) if pieces else None
