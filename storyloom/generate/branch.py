"""One branch of a batch as it stands: its state, its text so far, and how it ended."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from storyloom.models.protocol import Call, Facts, Token
from storyloom.settings import ModelEntry
from storyloom.story.growth import Placeholder

__all__ = ["Branch", "settled"]


@dataclass
class Branch:
    """One branch of a batch, as it stands."""

    placeholder: Placeholder
    entry: ModelEntry
    facts: Facts
    call: Call
    state: str = "waiting"
    """waiting, writing, done, failed, or stopped."""
    say: str = ""
    """The sentence for the author, when it did not end well or waits to be asked again."""
    again: float | None = None
    """When it is asked again, in `time.monotonic` seconds; None when it does not wait for that."""
    finish: str = ""
    fault: str = ""
    """What went wrong, in a few words; empty when it ended well or has not ended."""
    started: float = field(default_factory=time.monotonic)
    first: float | None = None
    """Seconds until the first token."""
    raw: list[str] = field(default_factory=list[str])
    tokens: list[Token] = field(default_factory=list[Token])
    """Those of the answer, where they were asked for and told."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its text is closed in the story, or could not be."""
    closing: bool = False
    """Whether its end is being written to the story, or was."""
    cost: float | None = None
    """US dollars; None while it runs, and when nobody knows."""
    make: Callable[[], str] | None = None
    """How `text` is made of what has come since it was looked at last; None when it is right."""
    _text: str = ""

    @property
    def text(self) -> str:
        """The story text so far."""
        # Made a few times a second, when it is shown, and not for each piece that comes.
        if self.make is not None:
            self._text, self.make = self.make(), None
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text, self.make = text, None

    @property
    def node(self) -> int:
        """The node it is written into."""
        return self.placeholder.node

    @property
    def running(self) -> bool:
        """Whether more may still come."""
        return self.state in ("waiting", "writing")


def settled(branch: Branch) -> float | None:
    """Return what a branch counts for caps: a request that only failed is not charged for."""
    failed = branch.state == "failed" and not branch.raw
    return 0.0 if failed and branch.cost is None else branch.cost
