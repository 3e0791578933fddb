"""What a reader makes of a file of another program: a tree that is not a story file yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from storyloom.story.planting import Passage

__all__ = ["Draft", "Recorded"]


@dataclass(frozen=True)
class Draft:
    """A story that is to be."""

    passages: Sequence[Passage]
    source: str
    """The format it was read as, such as `markdown`."""
    title: str = ""
    """Empty where the file says none; its name serves then."""
    premise: str = ""
    style: str = ""
    left_out: tuple[str, ...] = ()
    """A sentence for each thing that the file has and a story cannot."""


@dataclass(frozen=True)
class Recorded:
    """A story that is to be by doing again what a recording says was done."""

    source: str
    """The format of the recording."""
    write: Callable[[Path, str, Callable[[int, int], object]], int]
    """Creates the story at a path under a title, tells a listener how many of how many events are
    in, and returns how many nodes it has; see `sessions.write_session`.
    """
    title: str = ""
    left_out: tuple[str, ...] = ()
