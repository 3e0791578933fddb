"""An answer that is begun for the model, where providers each have their own way of it."""

from collections.abc import Sequence
from typing import Any

from storyloom.models.protocol import ChatMessage

__all__ = ["Echo", "marked", "unsaid"]

_MARKED = {"mistral", "deepseek"}
"""Providers that refuse a last message of the assistant unless it is marked as a beginning."""
_ECHOING = {"mistral"}
"""Providers that send the beginning again before they go on."""


def marked(messages: Sequence[ChatMessage], provider: str) -> list[dict[str, Any]]:
    """Return `messages` as `provider` wants them when the last one is a begun answer."""
    sent = [dict[str, Any](message) for message in messages]
    if sent and sent[-1]["role"] == "assistant" and provider in _MARKED:
        sent[-1]["prefix"] = True
    return sent


def unsaid(messages: Sequence[ChatMessage] | None, provider: str) -> "Echo":
    """Return what keeps the begun answer out of the text that comes back."""
    if messages and messages[-1]["role"] == "assistant" and provider in _ECHOING:
        return Echo(messages[-1]["content"])
    return Echo("")


class Echo:
    """Leaves out the beginning where the provider repeats it, and nothing else."""

    def __init__(self, begun: str) -> None:
        self._begun = begun
        self._held = ""

    def heard(self, piece: str) -> str:
        """Return what of `piece`, and of what was held back, is new text."""
        if not self._begun:
            return piece
        self._held += piece
        if self._begun.startswith(self._held):
            return ""
        text = self._held.removeprefix(self._begun)
        self._begun = self._held = ""
        return text

    def rest(self) -> str:
        """Return what was held back in vain: a text that only began like the beginning."""
        held, self._held = self._held, ""
        return "" if held == self._begun else held
