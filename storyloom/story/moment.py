"""A story as it was after an operation of its log, in a new file whose log ends there."""

from pathlib import Path

from storyloom.story import growth
from storyloom.story.rebuild import rebuild
from storyloom.story.story import Story
from storyloom.story.watched import Progress
from storyloom.text import Refusal, one_line

__all__ = ["cut"]


def cut(path: Path, target: Path, op: int, progress: Progress | None = None) -> None:
    """Write the story at `path` to the new file `target` as it was after operation `op`.

    Its log is the beginning of the old one, hash for hash, and every step can be taken back that
    could be then. Branches that were being written are closed as interrupted before their first
    word, as the log keeps a text only when it is whole. The story itself is only read; `progress`
    is told as `rebuild` tells it. Raises Refusal when there is no such operation, the story cannot
    be read, or `target` is there.
    """
    with Story(path) as story:
        last = story.read.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0]
    if not 1 <= op <= last:
        raise Refusal(f"The log of {one_line(path.name)} has the events 1 to {last}, and no {op}.")
    rebuild(path, target, progress, upto=op)
    with Story(target) as made:
        growth.recover(made)
