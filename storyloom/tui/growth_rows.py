"""How a story grew and how it ends, drawn: a row of marks, bars of sessions, its last lines."""

import time
from collections.abc import Sequence

from storyloom.story.sessions import Growth
from storyloom.text import grouped, visible
from storyloom.tui.moments import month_day
from storyloom.tui.widgets.columns import left, right
from storyloom.tui.widgets.lines import Line
from storyloom.tui.wrapping import wrap

__all__ = ["day", "ending", "growth_line", "marks", "session_rows"]

_NOTHING, _HEIGHTS = ".", ":|#"
_LAST_MOMENT = 253_370_764_800
"""The year 9999, in seconds; a file may claim a later time, and no clock could show it."""
_LEAST_MARKS = 8


def growth_line(grown: Growth, width: int, now: float) -> Line:
    """Return one line: marks for how many nodes came when, from when to when, how many sessions."""
    if not grown.sessions:
        return ()
    begin, end = day(grown.begin, now), day(grown.sessions[-1].end, now)
    span = begin if begin == end else f"{begin} - {end}"
    said = f"{span}, {grouped(grown.count)} session{'' if grown.count == 1 else 's'}"
    room = width - len(said) - 11
    if room < _LEAST_MARKS:
        named = f"grown {said}" if len(said) + 6 <= width else said
        return ((left(named, width).rstrip(), "text"),)
    drawn = marks(grown.slices, room)
    return (("growth  ", "dim"), (drawn, "title"), (f"   {said}", "dim"))


def marks(counts: Sequence[int], width: int) -> str:
    """Return a mark for each count, as many as there is room for, neighbours put together where
    there are more: a dot for nothing, and `:|#` for more and more.
    """
    if len(counts) > width:
        cuts = [number * len(counts) // width for number in range(width + 1)]
        counts = [sum(counts[cuts[n] : cuts[n + 1]]) for n in range(width)]
    most = max(1, *counts, 1)
    steps = len(_HEIGHTS)
    return "".join(
        _HEIGHTS[-(-count * steps // most) - 1] if count > 0 else _NOTHING for count in counts
    )


def session_rows(grown: Growth, width: int, height: int, now: float) -> list[Line]:
    """Return a row for each of the last sessions: its day, a bar, its number, its nodes."""
    shown = grown.sessions[-height:] if height > 0 else ()
    if not shown:
        return []
    most = max(1, *(session.nodes for session in shown))
    numbers = len(str(shown[-1].number))
    figures = max(len(grouped(session.nodes)) for session in shown) + 6
    days = [day(session.begin, now) for session in shown]
    named = max(map(len, days))
    room = max(4, width - named - numbers - figures - 15)
    rows: list[Line] = []
    for session, date in zip(shown, days, strict=True):
        length = -(-session.nodes * room // most)
        nodes = f"{grouped(session.nodes)} node{' ' if session.nodes == 1 else 's'}"
        rows.append(
            (
                (left(date, named) + "  ", "dim"),
                (left("|" * length, room), "title"),
                (f"   session {session.number:>{numbers}}  ", "dim"),
                (right(nodes, figures), "text"),
            )
        )
    return rows


def ending(text: str, width: int, height: int) -> list[Line]:
    """Return as much of the end of a text as there is room for, wrapped."""
    text = visible(text).replace("\t", " ").rstrip()
    if not text or height <= 0:
        return []
    # What is far before the end is not wrapped: it may be a book.
    text = text[-(width + 1) * height * 2 :]
    lines: list[Line] = [((text[start:end], "text"),) for start, end in wrap(text, width)]
    lines = lines[-height:]
    while lines and not lines[0][0][0].strip():
        lines.pop(0)
    return lines


def day(moment: int, now: float) -> str:
    """Return the day of a moment in milliseconds: `Nov 18`, with the year where it is another."""
    then = time.localtime(max(0, min(moment // 1000, _LAST_MOMENT)))
    if then.tm_year == time.localtime(now).tm_year:
        return month_day(then)
    return time.strftime("%Y-%m-%d", then)
