"""Where a replay stands in a recording and how it goes on: playing, steps, seeks, a loop.

It knows no screen and no real time but what `tick` is told, so it can be tried without waiting.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from storyloom.replay import clock
from storyloom.replay.recording import Mark, Recording
from storyloom.story.sessions import PAUSE
from storyloom.text import Refusal, one_line

__all__ = ["Player"]

_FAST_SECONDS = 10.0
"""Real seconds in which the fastest speed goes through a whole recording, be it long."""
_FAST_LEAST = 20.0
"""Operations a real second that it passes at least."""


class Player:
    """A replay of a recording, at first at its beginning and paused."""

    def __init__(
        self, recording: Recording, marks: Sequence[Mark] = (), *, cap: float = clock.IDLE_CAP
    ) -> None:
        self.recording = recording
        self.marks = marks
        self.cap = cap
        self.playing = False
        self.speed = 1.0
        self.position = 0
        """How many operations have been seen."""
        self.loop: tuple[int | None, int | None] = (None, None)
        """The positions A and B that it goes round between, once both are set."""
        self._steady = clock.due(recording.times, 1.0, cap)
        self._due = self._steady
        self._worked = clock.worked(recording.times, PAUSE)
        self._seconds = 0.0
        """When it is in `_due`, which is another time at each speed."""
        self._told: float | None = None
        self._ahead = 0.0
        """The part of an operation that the fastest speed has come farther than `position`."""

    # What marks it.

    @property
    def marks(self) -> Sequence[Mark]:
        """What marks the recording, in order; may be given later, as it takes a while to find."""
        return self._marks

    @marks.setter
    def marks(self, marks: Sequence[Mark]) -> None:
        self._marks = marks
        self._of_kind: dict[str, list[Mark]] = {}
        for mark in marks:
            self._of_kind.setdefault(mark.kind, []).append(mark)
        self._spread: dict[tuple[int, float], dict[str, list[int]]] = {}

    def spread(self, width: int) -> dict[str, list[int]]:
        """Return in which of `width` parts of the whole time there are marks, by their kind.

        Found once for each width and idle cap, as there may be tens of thousands of marks.
        """
        key = (width, self.cap)
        if key not in self._spread:
            self._spread[key] = {
                kind: list({self.part(mark.position + 1, width): None for mark in marks})
                for kind, marks in self._of_kind.items()
            }
        return self._spread[key]

    def part(self, position: int, width: int) -> int:
        """Return in which of `width` parts of the whole time a position is, from 0."""
        if self.length <= 0:
            # All at once: then by their number.
            return min(width - 1, position * (width - 1) // max(1, len(self.recording)))
        return min(width - 1, int(self.due(position) / self.length * (width - 1)))

    # The time. What is told is that of speed 1, so that no place moves when the speed does.

    @property
    def seconds(self) -> float:
        """The seconds that it takes to here at speed 1, idle time cut."""
        begin, end = self.due(self.position), self.due(self.position + 1)
        return begin + (end - begin) * self._way()

    @property
    def length(self) -> float:
        """The seconds that the whole takes at speed 1."""
        return self._steady[-1] if self._steady else 0.0

    @property
    def left(self) -> float:
        """The real seconds that it plays on to the end at this speed."""
        if self.speed == clock.FASTEST:
            return max(0.0, len(self.recording) - self.position - self._ahead) / self._pace
        end = self._due[-1] if self._due else 0.0
        return max(0.0, end - self._seconds) / self.speed

    @property
    def worked(self) -> tuple[float, float]:
        """The seconds that the author worked to here, and in all: as they were, but for pauses
        between two sittings.
        """
        return _at(self._worked, self.position), _at(self._worked, len(self._worked))

    def due(self, position: int) -> float:
        """Return the seconds that it takes at speed 1 until `position` operations are seen."""
        return _at(self._steady, position)

    def share(self, sooner: int, later: int) -> float:
        """How much of the way from position `sooner` to `later` is done by now, 0 to 1."""
        begin, end = _at(self._due, sooner), _at(self._due, later)
        if self.position >= later or end <= begin:
            return float(self.position >= later)
        return min(1.0, max(0.0, (self._seconds - begin) / (end - begin)))

    def _way(self) -> float:
        """How much of the way to the next operation is done, 0 to 1."""
        return 0.0 if self.at_end else self.share(self.position, self.position + 1)

    @property
    def _pace(self) -> float:
        """The operations that the fastest speed passes in a real second."""
        return max(len(self.recording) / _FAST_SECONDS, _FAST_LEAST)

    @property
    def at_end(self) -> bool:
        """Whether all has been seen."""
        return self.position >= len(self.recording)

    def tick(self, now: float) -> bool:
        """Go on to real time `now`, in seconds of any clock that never goes back; return whether
        an operation was passed.
        """
        before, told = self.position, self._told
        self._told = now
        if not self.playing or told is None:
            return False
        if self.speed == clock.FASTEST:
            passed, self._ahead = divmod(self._ahead + (now - told) * self._pace, 1)
            self._stand(self.position + int(passed))
        else:
            self._seconds += (now - told) * self.speed
            self.position = max(self.position, bisect_right(self._due, self._seconds))
        self._go_round()
        if self.at_end:
            self.playing = False
            self._stand(self.position)
        return self.position != before

    def _go_round(self) -> None:
        a, b = self.loop
        if a is not None and b is not None and self.position >= b:
            # What is over is not lost, or each round would take a tick longer.
            over = max(0.0, self._seconds - _at(self._due, b))
            self._stand(a)
            if self.speed != clock.FASTEST:
                self._seconds += min(over, max(0.0, _at(self._due, b) - _at(self._due, a)))

    # What the author does.

    def toggle(self) -> None:
        """Play, or pause; at the end, play from the beginning."""
        if not self.playing and self.at_end:
            self._stand(0)
        self.playing = not self.playing
        self._told, self._ahead = None, 0.0

    def change_speed(self, steps: int) -> None:
        """Go faster by that many speeds of `clock.SPEEDS`, or slower when negative."""
        faster = bisect_right(clock.SPEEDS, self.speed)
        slower = bisect_left(clock.SPEEDS, self.speed)
        # A speed that was typed may lie between two.
        index = faster - 1 + steps if steps > 0 else slower + steps
        self.set_speed(clock.SPEEDS[max(0, min(index, len(clock.SPEEDS) - 1))])

    def set_speed(self, speed: float) -> None:
        """Go at a speed from here on; `clock.FASTEST` waits for nothing."""
        way = self._way()
        self.speed = speed
        self._take_time(way)

    def set_cap(self, seconds: float) -> None:
        """Wait that many seconds for an operation at most, from here on."""
        way = self._way()
        self.cap = seconds
        self._steady = clock.due(self.recording.times, 1.0, seconds)
        self._take_time(way)

    def _take_time(self, way: float) -> None:
        """Find out anew when each operation is due; the place between two stays in proportion."""
        self._due = clock.due(self.recording.times, self.speed, self.cap)
        self._stand_between(self.position, way)

    def go(self, position: int) -> None:
        """Stand behind that many operations."""
        self._stand(position)

    def step(self, steps: int) -> None:
        """Go on by that many operations, or back when negative, and pause."""
        self.playing = False
        self._stand(self.position + steps)

    def skip(self, seconds: float) -> None:
        """Go on by that many seconds as they are at speed 1, or back when negative."""
        self.go_to(self.seconds + seconds)

    def go_to(self, seconds: float) -> None:
        """Go to a time as it is at speed 1; out of range is the nearest end."""
        if seconds <= 0:
            self._stand(0)
            return
        position = bisect_right(self._steady, seconds)
        begin, end = self.due(position), self.due(position + 1)
        way = (seconds - begin) / (end - begin) if end > begin else 0.0
        self._stand_between(position, min(way, 1.0))

    def go_to_share(self, tenths: int) -> None:
        """Go to that many tenths of the whole time."""
        self.go_to(self.length * tenths / 10)

    def to_mark(self, kind: str, direction: int) -> Mark:
        """Go behind the next mark of a kind, or the one before, and return it; Refusal when there
        is none.
        """
        marks = self._of_kind.get(kind, [])
        return marks[self._to_one([_behind(mark) for mark in marks], direction)]

    def to_sitting(self, direction: int) -> None:
        """Go to where the next sitting begins, or this one, or the one before that; Refusal when
        there is none.
        """
        self._to_one([each + 1 for each in self.recording.sittings], direction)

    def _to_one(self, places: Sequence[int], direction: int) -> int:
        """Stand at the next of some positions, or at the one before; return which it is."""
        find = bisect_right if direction > 0 else bisect_left
        found = find(places, self.position) - (direction < 0)
        if not 0 <= found < len(places):
            raise Refusal(f"There is none {'behind' if direction > 0 else 'before'} this.")
        self._stand(places[found])
        return found

    def following(self, kind: str) -> Mark | None:
        """Return the next mark of a kind, None when there is none."""
        marks = self._of_kind.get(kind, [])
        found = bisect_right(marks, self.position, key=_behind)
        return marks[found] if found < len(marks) else None

    def typed(self, text: str) -> None:
        """Go where a person wrote: `14:30` or `90s` is a time, `812` an operation, `50%` a share.

        Raises Refusal for anything else.
        """
        word = text.strip()
        seconds = clock.moment_typed(word)
        if seconds is not None:
            self.go_to(seconds)
        elif word.endswith("%") and word[:-1].isdecimal() and int(word[:-1]) <= 100:
            self.go_to(self.length * int(word[:-1]) / 100)
        elif word.isdecimal() and len(word) <= 12:
            self._stand(self.recording.position_of(int(word)))
        else:
            raise Refusal(
                f"{one_line(word)!r} is no place of a replay; write 14:30, 812 (an event) or 50%."
            )

    def begin(self, text: str) -> None:
        """Go where a person wrote, as `typed` takes it, at the speed that is beside it: `812 4x`,
        `14:30`, `max`. Raises Refusal for anything else.
        """
        for word in text.split():
            if word.lower() == "max" or word.lower().endswith("x"):
                self.set_speed(clock.speed_typed(word))
            else:
                self.typed(word)

    def set_loop(self, end: str) -> None:
        """Set A or B of the loop to where it stands, or take it away when it is there already.

        Raises Refusal when B would not be behind A.
        """
        a, b = self.loop
        here = self.position
        loop = (None if a == here else here, b) if end == "a" else (a, None if b == here else here)
        if loop[0] is not None and loop[1] is not None and loop[0] >= loop[1]:
            raise Refusal("B has to be behind A.")
        self.loop = loop

    def _stand(self, position: int) -> None:
        self.position = max(0, min(position, len(self.recording)))
        self._seconds = _at(self._due, self.position)

    def _stand_between(self, position: int, way: float) -> None:
        """Stand behind an operation, that much of the way to the next."""
        self._stand(position)
        self._seconds += way * max(0.0, _at(self._due, self.position + 1) - self._seconds)


def _at(due: Sequence[float], position: int) -> float:
    """Return when `position` operations have been seen."""
    return due[min(position, len(due)) - 1] if position > 0 and due else 0.0


def _behind(mark: Mark) -> int:
    """Return the position behind a mark."""
    return mark.position + 1
