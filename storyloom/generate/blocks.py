"""The parts of a request as an author is shown them: each with its text and why it is there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from storyloom.generate.firing import Cause

__all__ = ["Block", "Reason", "Role", "State"]

Role: TypeAlias = Literal["system", "user", "assistant", "prompt", "suffix"]
"""Which message a block goes into, or that it goes into the prompt, or behind the gap."""
State: TypeAlias = Literal["in", "trimmed", "out"]


class Reason(StrEnum):
    """Why a block is sent as it is, or is not; the value is what the author is told."""

    ALWAYS = "always"
    YOURS = "yours, always"
    WHOLE = "all of it"
    CUT = "cut to what fits"
    BEGUN = "its end, as the answer's beginning"
    UNSET = "nothing is set"
    EMPTY = "nothing is written yet"
    TOLD = "a base model takes no instructions"
    SMALL = "so small a model writes worse with it"
    SENT = "as it was sent"
    LEADS = "leads to what fires"
    GOES_ON = "goes on below the lore"
    LEADS_TO = "what the passage leads to"
    NO_ROOM = "there is no room for it"
    GOES_ON_TOLD = "goes on below that"


@dataclass(frozen=True)
class Block:
    """One part of what is sent, for the author to inspect.

    The texts of all blocks of one role, in their order, are the content of that message.
    """

    name: str
    text: str
    tokens: int
    state: State
    reason: Reason | Cause
    role: Role = "prompt"
    left_out: int = 0
    """Code points before it that did not fit."""
    about: str = ""
    """The key that lore fires for, or what is wrong with it."""

    @property
    def why(self) -> str:
        """The reason in words, with what it is about."""
        return f"{self.reason} {self.about}" if self.about else str(self.reason)
