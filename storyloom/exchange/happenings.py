"""What happens to a text that is written with a model beside it, one thing after the other."""

from typing import NamedTuple, TypeAlias

from storyloom.exchange.splices import Op
from storyloom.story.drafts import Draft, Request

__all__ = ["Asked", "Began", "Edited", "Happening", "LeftAlone", "Offered", "Taken"]


class Began(NamedTuple):
    """The text was opened."""

    time: int
    """Milliseconds since the epoch, here and below."""
    at: int
    """Where the cursor is afterwards, in UTF-16 units, here and below."""
    text: str
    """What the author had written of it by then."""


class Asked(NamedTuple):
    """The author asked for ways on."""

    time: int
    at: int
    request: Request


class Offered(NamedTuple):
    """They were shown."""

    time: int
    at: int
    drafts: tuple[Draft, ...]


class Taken(NamedTuple):
    """One of those that are shown was chosen. What follows is that it comes into the text."""

    time: int
    at: int
    which: int


class LeftAlone(NamedTuple):
    """What is shown was put away, as the author did something else."""

    time: int
    at: int


class Edited(NamedTuple):
    """The text was changed."""

    time: int
    at: int
    by_model: bool
    ops: tuple[Op, ...]


Happening: TypeAlias = "Began | Asked | Offered | Taken | LeftAlone | Edited"
