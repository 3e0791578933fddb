"""A replay played without anybody waiting: the moments at which there is something else to see."""

import math
from collections.abc import Callable, Iterator

from storyloom.replay import clock
from storyloom.replay.player import Player

__all__ = ["FRAME", "played"]

FRAME = 1 / 20
"""Seconds between two frames of what plays, at least."""
_SECOND = 1_000_000
_TINY = 1e-6
"""Seconds; what twenty frames of a twentieth may be off."""


def played(player: Player, end: int, changing: Callable[[], bool]) -> Iterator[int]:
    """Play from where it stands to position `end`, and yield the real time of each moment, in
    microseconds since the first. The player stands there until the next one is asked for.

    A moment is one at which an operation was done, or the time that is shown is another. While
    what was shown last is `changing`, as a text that is being written, there is one a frame. From
    the moment of an operation to that of the next is never more than the player's cap.
    """
    frame, cap = min(FRAME, player.cap), round(player.cap * _SECOND)
    time = passed = 0
    player.playing = player.position < end
    ticks = _ticks(player, frame)
    yield time
    while player.playing:
        position, seconds = player.position, player.seconds
        if player.speed == clock.FASTEST:
            next(ticks)
            wait = frame
        else:
            _go_on(player, frame * player.speed, changing=changing())
            wait = max(frame, (player.seconds - seconds) / player.speed)
        if player.position >= end:
            player.go(end)
            player.playing = False
        # Many rounded waits must not make more than the cap either.
        time = min(time + round(wait * _SECOND), passed + cap)
        if player.position > position:
            passed = time
        yield time


def _ticks(player: Player, frame: float) -> Iterator[None]:
    """Let the player go on by itself, each time until an operation was passed."""
    now = 0.0
    player.tick(now)
    while True:
        passed = False
        while not passed:
            now += frame
            passed = player.tick(now)
        yield


def _go_on(player: Player, frame: float, *, changing: bool) -> None:
    """Go to the next moment; `frame` is in the story's time."""
    coming = player.due(player.position + 1)
    until = soonest = player.seconds + frame
    if not changing:
        until = max(soonest, min(coming, math.floor(player.seconds) + 1.0))
    if 0 < coming - until < frame - _TINY:
        # No frame right before an operation, which would be late then.
        until = coming
    if until >= player.length:
        player.go(len(player.recording))
    else:
        player.go_to(until)
