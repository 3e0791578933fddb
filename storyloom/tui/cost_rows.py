"""Rows of what was spent: names, figures and bars of characters, as wide as there is room."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from storyloom.generate.caps import Standing, dollars, exactly
from storyloom.generate.plan import short
from storyloom.story.figures import began, money, ordered, row, unpriced
from storyloom.story.spending import VIEWS, Figures, Outcome, Spending, View
from storyloom.text import grouped, one_line
from storyloom.tui.growth_rows import day
from storyloom.tui.legend import Legend
from storyloom.tui.widgets.columns import columns, left, paragraph, right
from storyloom.tui.widgets.lines import Line, Part

__all__ = ["TITLES", "caps_lines", "detail", "head", "kept", "line", "named", "whole_name"]

T = TypeVar("T")

TITLES: Mapping[View, str] = {
    "model": "by model",
    "session": "by session",
    "chapter": "by chapter",
    "outcome": "by what became of it",
}
_FIGURES = (("calls", 6), ("tokens in", 11), ("out", 9), ("money", 12), ("share", 5))
_NARROW = 74
"""Columns below which there is no room for the tokens."""
_LEAST_NAME, _MOST_NAME = 16, 34
_LEAST_BAR, _MOST_BAR = 4, 24


def named(spending: Spending, legend: Legend, view: View, key: Any, now: float) -> Part:
    """Return what a row is called, and the style for it."""
    match view:
        case "model":
            return short(str(key)), legend.role(str(key))
        case "session":
            moment = began(spending, key)
            clock = time.strftime("%H:%M", time.localtime(moment))
            return f"{key}  {day(moment * 1000, now)} {clock}", "text"
        case "chapter":
            title = one_line(spending.chapters.get(key, "")) or "without a title"
            return (f"# {title}", "text") if key else ("in no chapter", "dim")
        case "outcome":
            return str(key), "weave" if key is Outcome.WOVEN else "text"


def whole_name(spending: Spending, legend: Legend, view: View, key: Any, now: float) -> Part:
    """Return what a row is called where no column says that it is a session."""
    name, style = named(spending, legend, view, key, now)
    return (f"session {name}" if view == "session" else name), style


def head(view: View, total: Figures, width: int, longest: int) -> list[Line]:
    """Return the names of the columns, and the row of all calls; `longest` is the room that the
    longest name of a row takes.
    """
    name, _ = _widths(width, longest)
    cells = [(left("what became" if view == "outcome" else view, name), "dim")]
    cells += [(right(each, room), "dim") for each, room in _chosen(_FIGURES, width)]
    return [
        (("  ", ""), *columns(cells)),
        ((" ", ""), *line(("all", "title"), total, total, width, longest)),
    ]


def line(name: Part, figures: Figures, total: Figures, width: int, longest: int) -> Line:
    """Return a row without its first cell, in which the list marks the selected one."""
    room, bar = _widths(width, longest)
    cells: list[Part] = [(left(name[0], room), name[1])]
    shown = _chosen(row(figures, total), width)
    for said, (_, size) in zip(shown, _chosen(_FIGURES, width), strict=True):
        cells.append((right(said, size), "text"))
    part = figures.dollars / total.dollars if total.dollars else 0.0
    if bar and figures is not total:
        cells.append((left("|" * -int(-part * bar // 1), bar).rstrip(), "title"))
    return ((" ", ""), *columns(cells))


def _chosen(cells: Sequence[T], width: int) -> Sequence[T]:
    """Return those of a row's five figures that there is room for."""
    return cells if width >= _NARROW else (cells[0], *cells[3:])


def _widths(width: int, longest: int) -> tuple[int, int]:
    """Return the columns of a row's name and of its bar, 0 where there is no room for one."""
    free = width - sum(size + 2 for _, size in _chosen(_FIGURES, width)) - 2
    name = max(_LEAST_NAME, min(_MOST_NAME, longest, free - _LEAST_BAR - 2))
    bar = min(_MOST_BAR, free - name - 2)
    if bar < _LEAST_BAR:
        return max(_LEAST_NAME, min(_MOST_NAME, free)), 0
    return name, bar


def detail(
    spending: Spending, legend: Legend, view: View, key: Any, now: float, width: int
) -> list[Line]:
    """Return how a row is made up in each other way, what became of its branches first."""
    of: Mapping[View, object] = {view: key}
    total = spending.by(view, of).get(key, Figures())
    lines: list[Line] = []
    for other in sorted(VIEWS, key=lambda each: each != "outcome"):
        if other == view:
            continue
        rows = ordered(spending, other, of)
        if other != "outcome" and len(rows) < 2:
            continue
        if lines:
            lines.append(())
        for each, figures in rows:
            name = whole_name(spending, legend, other, each, now)
            lines.append(_part(name, figures, total, width))
    return lines


def _part(name: Part, figures: Figures, total: Figures, width: int) -> Line:
    calls = f"{grouped(figures.calls)} call{' ' if figures.calls == 1 else 's'}"
    share = row(figures, total)[-1]
    room = max(8, min(_MOST_NAME, width - 39))
    cells: list[Part] = [
        (left(name[0], room), name[1]),
        (right(calls, 12), "dim"),
        (right(money(figures), 13), "text"),
        (right(share, 5), "text"),
    ]
    return ((" ", ""), *columns(cells))


def kept(spending: Spending) -> str:
    """Return how much of the money went into what is kept; empty where none was spent."""
    dollars_kept = spending.by("outcome").get(Outcome.WOVEN, Figures()).dollars
    whole = spending.total.dollars
    return f"{dollars_kept * 100 / whole:.0f}% for what is kept" if whole else ""


def caps_lines(stands: Standing, total: Figures, width: int) -> list[Line]:
    """Return how the story and the day stand with their caps, and what is not known."""
    own = "" if stands.own_cap or stands.cap is None else " (config)"
    rows = [
        _cap(f"this story{own}", stands.spent, stands.cap, width),
        _cap("today, all stories", stands.today, stands.cap_per_day, width),
    ]
    if said := unpriced(total):
        rows += [((" ", ""), *each) for each in paragraph(said, max(10, width - 2), "warning")]
    elif total.free:
        said = "free here: on this machine or a server with a private address"
        rows += [((" ", ""), *each) for each in paragraph(said, max(10, width - 2), "dim")]
    return rows


def _cap(name: str, spent: float, cap: float | None, width: int) -> Line:
    name = left(name, 19)
    if cap is None:
        return ((" ", ""), (name, "text"), (f"  {dollars(spent)}", "text"), (", no cap", "dim"))
    left_over = cap - spent
    said = f"  {dollars(spent)} of {exactly(cap)}"
    rest = f"{dollars(left_over)} is left" if left_over > 0 else "the cap is reached"
    bar = max(0, min(24, width - len(name) - len(said) - len(rest) - 9))
    full = min(bar, round(bar * spent / cap)) if cap else bar
    drawn = f"  [{'|' * full}{'.' * (bar - full)}]" if bar > 5 else ""
    style = "text" if left_over > 0 else "warning"
    return ((" ", ""), (name, "text"), (said, "text"), (drawn, "title"), (f"  {rest}", style))
