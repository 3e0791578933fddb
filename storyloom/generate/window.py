"""How many tokens of a model's window a request may use, and for what."""

from storyloom.models.protocol import Facts
from storyloom.settings import SKETCH, Settings

__all__ = ["DEFAULT_WINDOW", "for_lore", "reserve", "usable", "window_of"]

DEFAULT_WINDOW = 8_192
"""Tokens; what a model is taken to hold when nobody knows."""


def window_of(facts: Facts, cap: int) -> int:
    """Return the most tokens that a request to a model and its answer may have."""
    return min(facts.window or DEFAULT_WINDOW, cap)


def reserve(settings: Settings, facts: Facts | None = None) -> int:
    """Return the tokens that an answer may have, which are kept free of the window."""
    here = facts is not None and facts.provider == "embedded"
    if settings.words == SKETCH:
        # As many as two lines have where each character is a token; the embedded model, which is
        # slow, writes what has few.
        return 80 if here else 240
    if here:
        return int(settings.words * 1.4)
    return int(settings.words * 2) + 40


def usable(window: int, reserve: int) -> int:
    """Return the tokens that a request may have; counting is never exact, so not all of them."""
    return window - reserve - max(64, window // 50)


def for_lore(window: int, reserve: int) -> int:
    """Return the tokens that the lore may have of a request: a quarter."""
    return max(0, usable(window, reserve)) // 4
