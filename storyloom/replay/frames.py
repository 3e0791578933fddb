"""A replay played without anybody waiting: frame by frame, and when each of them would be seen."""

from bisect import bisect_right
from collections.abc import Iterator

from storyloom.replay import clock
from storyloom.replay.player import Player

__all__ = ["FRAME", "played"]

FRAME = 1 / 20
"""Seconds between two frames, at least."""
_SECOND = 1_000_000
_TINY = 1e-6
"""Seconds; what a sum of twentieths may be off."""


def played(player: Player, end: int) -> Iterator[int]:
    """Play from behind the operation where it stands to position `end`, and yield the real time of
    each frame, in microseconds since the first. The player stands there until the next one.

    Each operation is seen when it is due, or with those a frame before; so no two that follow each
    other are seen further apart than the player's cap.
    """
    frame, cap = min(FRAME, player.cap), round(player.cap * _SECOND)
    player.go(player.position)
    if player.position < end:
        player.toggle()
    player.tick(0.0)
    yield 0
    times = _by_themselves if player.speed == clock.FASTEST else _by_the_clock
    time = passed = 0
    before = player.position
    for seconds in times(player, frame):
        if player.position >= end:
            player.go(end)
            player.playing = False
        # Many rounded waits must not make more than the cap either.
        time = max(time, min(round(seconds * _SECOND), passed + cap))
        if player.position > before:
            before, passed = player.position, time
        yield time
        if not player.playing:
            return


def _by_the_clock(player: Player, frame: float) -> Iterator[float]:
    """Go on to the next frame, time after time, and yield the seconds since the first."""
    dues = clock.due(player.recording.times, player.speed, player.cap)
    begin = dues[player.position - 1] if player.position else 0.0
    now = 0.0
    while player.playing:
        following = bisect_right(dues, begin + (now + _TINY) * player.speed)
        coming = (dues[min(following, len(dues) - 1)] - begin) / player.speed
        now += frame
        if 0 < coming - now < frame - _TINY:
            # No frame right before an operation, which would be late then.
            now = coming
        player.tick(now + _TINY)
        yield now


def _by_themselves(player: Player, frame: float) -> Iterator[float]:
    """Let the player go on as fast as it does, an operation or more for each frame."""
    now = seconds = 0.0
    while player.playing:
        passed = False
        while not passed:
            now += frame
            passed = player.tick(now)
        seconds += frame
        yield seconds
