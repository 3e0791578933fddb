"""The clock of a replay: when each operation is due, with the idle time between them cut short."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from storyloom.text import Refusal, one_line

__all__ = ["FASTEST", "FRAME", "IDLE_CAP", "SPEEDS", "cap_typed", "due", "moment_typed", "said",
           "speed_said", "speed_typed", "worked"]  # fmt: skip

FRAME = 1 / 10
"""Seconds between two frames while it plays."""

FASTEST = float("inf")
"""The speed at which nothing is waited for."""
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, FASTEST)
IDLE_CAP = 1.0
"""Seconds that are waited for an operation at most, at any speed."""


def due(times: Sequence[int], speed: float, cap: float = IDLE_CAP) -> list[float]:
    """Return when each operation is due, in seconds of the story's own time since the first.

    `times` are milliseconds. The time runs `speed` times as fast as a real clock, so a wait of
    `cap` real seconds is `cap * speed` of it; longer ones are cut to that. At the fastest speed
    they are cut as at the last one before it. A clock that went back counts as one that stood.
    """
    longest = cap * (speed if speed != FASTEST else SPEEDS[-2])
    gaps = (min(max(0, later - sooner) / 1000, longest) for sooner, later in pairwise(times))
    return list(accumulate(gaps, initial=0.0))[: len(times)]


def worked(times: Sequence[int], pause: int) -> list[float]:
    """Return the seconds from the first operation to each as they were, without pauses of more
    than `pause` milliseconds.
    """
    gaps = (max(0, later - sooner) for sooner, later in pairwise(times))
    waits = (gap / 1000 if gap <= pause else 0.0 for gap in gaps)
    return list(accumulate(waits, initial=0.0))[: len(times)]


def said(seconds: float) -> str:
    """Return a time as `0:14:09`, or `14:09` below an hour."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def moment_typed(text: str) -> float | None:
    """Return the seconds of `1:02:51`, `14:30` or `90s`; None when it is none of these."""
    text = text.strip().lower()
    if text.endswith("s") and text[:-1].isdecimal():
        return float(text[:-1])
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) <= 6 for part in parts):
        return None
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return float(seconds)


def speed_said(speed: float) -> str:
    """Return a speed as it is written: `4x`, `max`."""
    return "max" if speed == FASTEST else f"{speed:g}x"


def cap_typed(text: str) -> float:
    """Return the seconds that `2`, `0.5` or `3s` means. Raises Refusal for anything else."""
    try:
        seconds = float(text.strip().lower().removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 3600:
        raise Refusal(f"{one_line(text)!r} is no idle cap; write seconds, 0.01 to 3600.")
    return seconds


def speed_typed(text: str) -> float:
    """Return the speed that `4`, `0.5x` or `max` means. Raises Refusal for anything else."""
    word = text.strip().lower()
    if word == "max":
        return FASTEST
    try:
        speed = float(word.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not SPEEDS[0] <= speed <= SPEEDS[-2]:
        raise Refusal(f"{one_line(text)!r} is no speed; write 0.25 to 16, or max.")
    return speed
