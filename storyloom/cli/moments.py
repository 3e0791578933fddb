"""A story opened as it was at a moment of its log, which the command line names."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.opening import opened
from storyloom.cli.parsing import Parser
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["add_moment", "event_at", "opened_at"]


def add_moment(parser: Parser, *, required: bool = False) -> None:
    """Add the option that names a moment of the log."""
    parser.add_argument(
        "--at", metavar="EVENT|TIME", required=required,
        help="as it was after that event of the log, or at that local time",
    )  # fmt: skip


@contextlib.contextmanager
def opened_at(name: str, moment: str | None) -> Generator["Story"]:
    """Open the story that `name` means, or a copy of it as it was at a moment, gone at the end.

    Raises Refusal as `opening.opened` does, and when there is no such moment.
    """
    import tempfile

    from storyloom.story.moment import cut
    from storyloom.story.story import Story

    with opened(name) as story:
        if moment is None:
            yield story
            return
        op, path = event_at(story, moment), story.path
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        cut(path, made, op)
        with Story(made) as then:
            yield then


def event_at(story: "Story", moment: str) -> int:
    """Return the number of the last event that had happened by then. Raises Refusal for what is no
    moment, and before the story was begun; whether an event of that number is there is not asked.
    """
    from datetime import datetime

    from storyloom.story.log import last_before

    word = moment.strip()
    if word.isdecimal():
        return int(word[:15])
    try:
        # Local time where no zone is written, as in `storyloom log`.
        when = datetime.fromisoformat(word)
        op = last_before(story, int(when.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        raise Refusal(
            f"{one_line(moment)!r} is no moment; write an event's number, as 'storyloom log' has "
            "them, or a time such as '2026-11-24 21:30'."
        ) from None
    if not op:
        raise Refusal(f"The story was not begun yet at {one_line(moment)}.")
    return op
