"""The timeline: what was done in the story, as many operations of it as the pane is high."""

import asyncio
import contextlib
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len

from storyloom.story import file, log, reading
from storyloom.story.log import Operation, Step
from storyloom.story.past import Past
from storyloom.story.story import Story
from storyloom.story.told import told
from storyloom.text import Refusal
from storyloom.tui.moments import month_day
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["TimelinePane", "clock", "day"]

_CLOCK = 6
"""Columns of a row's time."""
_ROOMY = 40
"""Columns from which each row has room for its day; below, the rules above them have it, and what
is chosen is told in full below the rows.
"""
_FOOT = 5
"""Lines for that, the empty one above it too."""
_HIGH = 16
"""Lines of a pane from which it has room for those."""
_UNDONE = " undone"
_IN_A_THREAD = 50_000
"""Operations of a long log that are read in one go, in a thread."""


class _Place(NamedTuple):
    """An operation, and whether a sitting begins with it, so that a rule stands above it."""

    operation: Operation
    begins: bool

    @property
    def op(self) -> int:
        return self.operation.op

    @property
    def lines(self) -> int:
        return 2 if self.begins else 1


class TimelinePane(TitledPane):
    """A window on the log around the row that is chosen, at first the newest."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="timeline")
        self._story: Story | None = None
        self._past = Past()
        self._known = False
        """Whether the whole log was looked through for pauses and for what is taken back."""
        self._looking = False
        self._places: list[_Place] = []
        """What is drawn, from the top."""
        self._steps: dict[int, Step] = {}
        self._op = 0
        """The operation that is chosen; 0 for the newest."""
        self._last = 0
        """The newest operation of all when the log was read."""
        self._newest = 0
        """The newest one that has a row."""

    def show(self, story: Story, *, changed: bool = False) -> None:
        """Show the log; `changed` says that something may have been done since."""
        self._story = story
        if not self.display or self.room.height <= 0:
            self._places = []
            return
        if changed or not self._places:
            self._follow(story)
        self._draw()

    def forget(self) -> None:
        """Show nothing more of the story, as it is about to be closed."""
        self._story = None

    def on_resize(self) -> None:
        self._places = []
        if self._story is not None:
            self.show(self._story)

    @property
    def chosen(self) -> Step | None:
        """The operation that is chosen, None of an empty log."""
        return self._steps.get(self._op)

    @property
    def ops(self) -> list[int]:
        """The operations that are drawn, from the top."""
        return [place.op for place in self._places]

    @property
    def page(self) -> int:
        """How many rows a page is."""
        return max(1, self._height - 2)

    @property
    def _height(self) -> int:
        """Lines that there are for rows."""
        room = self.room
        return room.height - (_FOOT if room.width < _ROOMY and room.height >= _HIGH else 0)

    def move(self, count: int) -> None:
        """Choose the operation that many below, or above when negative; the nearest there is."""
        if self._story is None or not self._places:
            return
        ops = self.ops
        at = ops.index(self._op) + count if self._op in ops else -1
        if 0 <= at < len(ops):
            self._op = ops[at]
        elif found := log.span(self._story, self._op + (count > 0), count):
            self._op = found[-1 if count > 0 else 0].op
            self._settle(self._story)
        self._draw()

    def first(self) -> None:
        """Choose the first operation of all."""
        if self._story is not None and (found := log.span(self._story, 1, 1)):
            self._op = found[0].op
            self._settle(self._story)
            self._draw()

    def last(self) -> None:
        """Choose the newest."""
        if self._story is not None and self._newest:
            self._op = self._newest
            self._settle(self._story)
            self._draw()

    # What is read of the log.

    def _follow(self, story: Story) -> None:
        """Read what was done since; the row that is chosen stays, unless it is the newest."""
        last = reading.last_op(story)
        if self._places and last == self._last:
            return
        grown = bool(self._places) and self._op == self._newest
        self._last = last
        newest = log.span(story, last + 1, -1)
        self._newest = newest[0].op if newest else 0
        self._op = self._newest if grown or not self._op else self._op
        if not self._looking:
            self._known = self._past.read_on(story.read)
            if not self._known:
                self._looking = True
                self.run_worker(self._look_through(story.path), exit_on_error=False, group="past")
        self._steps.clear()
        self._settle(story, grown=grown)

    async def _look_through(self, path: Path) -> None:
        """Look through a log that is too long for the event loop, and show what comes of it."""
        try:
            await asyncio.to_thread(self._read_past, path)
        except Refusal:
            return  # What was damaged or taken away meanwhile is said by whoever acts on it.
        finally:
            self._looking = False
        if self._story is not None and self.is_attached:
            self._last = 0
            self.show(self._story, changed=True)

    def _read_past(self, path: Path) -> None:
        with contextlib.closing(file.open_reader(path, live=True)) as db:
            # A pane that shows the story no more ends it.
            while self._story is not None and not self._past.read_on(db, _IN_A_THREAD):
                pass

    def _settle(self, story: Story, *, grown: bool = False) -> None:
        """Read a window of rows that begins where it did, as long as the chosen one is inside.

        `grown` says that the chosen one is the newest and others are likely to follow.
        """
        height = self._height
        top = self._places[0].op if self._places else 0
        if 0 < top <= self._op:
            places = _until(self._from(story, top, height), height)
            if self._op in [place.op for place in places]:
                self._keep(story, places)
                return
        above = self._from(story, self._op + 1, -height)
        below = self._from(story, self._op + 1, height)
        # Half a pane at once: a row at a time would draw the whole pane for each. Below the newest
        # room is left for those that follow it, but not where the pane is shown anew.
        room = height // 2
        if not grown:
            room = max(room, height - sum(place.lines for place in below))
        above = _until(above[::-1], room)[::-1] or above[-1:]
        self._keep(story, _until([*above, *below], height))

    def _keep(self, story: Story, places: list[_Place]) -> None:
        self._places = places
        self._steps = {
            place.op: self._steps.get(place.op) or log.step_of(story, place.operation)
            for place in places
        }

    def _from(self, story: Story, start: int, count: int) -> list[_Place]:
        """Return `count` operations from one on, or that many before it."""
        found = log.span(story, start, count)
        if not found:
            return []
        before = log.span(story, found[0].op, -1)
        sittings = [self._past.sitting(each.op) if self._known else 0 for each in (*before, *found)]
        if not before:
            sittings.insert(0, 0)
        return [
            _Place(each, begins=now != earlier)
            for each, (earlier, now) in zip(found, pairwise(sittings), strict=True)
        ]

    # How it is drawn.

    def _draw(self) -> None:
        width = self.room.width
        if width <= 0:
            return
        now = time.time()
        lines: list[Line] = []
        for place in self._places:
            if place.begins:
                lines.append(_rule(self._past.sitting(place.op), place.operation.time, width, now))
            lines.append(self._line(place, width, now))
        lines = lines[: self._height]
        self.note = ("", "dim")
        if (step := self.chosen) is not None:
            count = f"{self._op} of {self._newest}"
            when = f"{day(step.operation.time, now)} {clock(step.operation.time)}"
            foot = self._height < self.room.height
            self.note = (count if foot else f"{when}  {count}", "dim")
            if foot:
                lines += [()] * (self._height - len(lines))
                lines += _foot(when, told(step), width)
        self.show_inside(lines)

    def _line(self, place: _Place, width: int, now: float) -> Line:
        step = self._steps[place.op]
        chosen = " selection" if place.op == self._op else ""
        undone = self._known and self._past.undone(place.op)
        end = _UNDONE if undone else ""
        when = _when(place.operation.time, now, roomy=width >= _ROOMY)
        room = max(0, width - 1 - len(when) - len(end))
        text = told(step)
        text = fitted(text, min(cell_len(text), room))
        parts: list[Part] = [
            (">" if chosen else " ", f"title{chosen}"),
            (when, f"dim{chosen}"),
            (text, f"{'pruned' if undone else 'fresh'}{chosen}"),
            (" " * (room - cell_len(text)) + end, f"dim{chosen}"),
        ]
        return tuple(parts)


def _until(places: list[_Place], height: int) -> list[_Place]:
    """Return the first places, as many as there are lines for."""
    for at, place in enumerate(places):
        height -= place.lines
        if height < 0:
            return places[:at]
    return places


def _when(moment: int, now: float, *, roomy: bool) -> str:
    """Return a row's time with a space behind it: today's hour, else the day if there is room."""
    today = day(moment, now, year=True) == day(now * 1000, now, year=True)
    if not today and not roomy:
        return ""
    return fitted(clock(moment) if today else day(moment, now), _CLOCK if roomy else 5) + " "


def _foot(when: str, text: str, width: int) -> list[Line]:
    """Return the lines below the rows: the whole of what is chosen."""
    spans = wrap(text, max(1, width - 1))[: _FOOT - 2]
    return [(), ((f" {when}", "dim"),), *(((f" {text[a:b]}", "text"),) for a, b in spans)]


def _rule(number: int, moment: int, width: int, now: float) -> Line:
    said = f" — session {number}, {day(moment, now, year=True)} —"
    return ((fitted(said, width), "title"),)


def day(milliseconds: float, now: float, *, year: bool = False) -> str:
    """Return the day of a moment here, as `Nov 21`; with `year`, the year too if it is another."""
    then = _local(milliseconds)
    if then is None:
        return "?"
    said = month_day(then)
    return (
        f"{said} {then.tm_year}" if year and then.tm_year != time.localtime(now).tm_year else said
    )


def clock(milliseconds: float) -> str:
    """Return the time of a moment here, as `14:30`."""
    then = _local(milliseconds)
    return time.strftime("%H:%M", then) if then is not None else "?"


def _local(milliseconds: float) -> time.struct_time | None:
    try:
        return time.localtime(milliseconds / 1000)
    except (OverflowError, OSError, ValueError):  # A file may claim any time.
        return None
