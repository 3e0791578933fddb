"""A replay played without anybody waiting: the moments at which there is something else to see."""

import math
from collections.abc import Callable, Iterator

from storyloom.replay import clock
from storyloom.replay.player import Player

__all__ = ["FRAME", "played"]

FRAME = 1 / 20
"""Seconds between two frames of what plays, at least."""
_FAST_FRAMES = 200
"""Frames in which the fastest speed goes through a whole recording."""
_SECOND = 1_000_000
_TINY = 1e-6


def played(player: Player, end: int, changing: Callable[[], bool]) -> Iterator[int]:
    """Play from where it stands to position `end`, and yield the real time of each moment, in
    microseconds since the first. The player stands there until the next one is asked for.

    A moment is one at which an operation was done or the time that is shown is another; while what
    was shown last is `changing`, as a text that is being written, there is one for every frame.
    No two are further apart than the player's cap.
    """
    frame = min(FRAME, player.cap)
    time = 0
    player.playing = player.position < end
    yield time
    while player.playing:
        before = player.seconds
        if player.speed == clock.FASTEST:
            player.go(player.position + max(1, len(player.recording) // _FAST_FRAMES))
            wait = frame
        else:
            _go_on(player, end, player.seconds + frame * player.speed, changing=changing())
            wait = max(frame, (player.seconds - before) / player.speed)
        if player.position >= end:
            player.go(end)
            player.playing = False
        time += round(min(wait, player.cap) * _SECOND)
        yield time


def _go_on(player: Player, end: int, soonest: float, *, changing: bool) -> None:
    """Go to the next moment, in the story's time not before `soonest`."""
    coming = player.due(player.position + 1)
    until = soonest
    if not changing:
        until = max(soonest, min(coming, math.floor(player.seconds) + 1.0))
    if until < coming < until + _TINY:
        # Twenty frames do not quite make a second.
        until = coming
    if until >= player.due(end):
        player.go(end)
    else:
        player.go_to(until)
