"""What a reader makes of a file of another program: a tree that is not a story file yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from storyloom.story.planting import Passage

__all__ = ["Draft"]


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
