"""The account of a text in lines: whose characters it is made of, and how it came to be."""

from collections import Counter

from storyloom.curate.shares import WRITING, Shares, apportioned
from storyloom.story import origins
from storyloom.story.drafted import Drafted
from storyloom.text import grouped, one_line
from storyloom.tui.hands import origin_name
from storyloom.tui.legend import Legend
from storyloom.tui.manuscripts import Account
from storyloom.tui.widgets.columns import left, right
from storyloom.tui.widgets.lines import Line

__all__ = ["account_lines", "percent"]

_COUNT, _PART = 10, 7
"""Cells of a figure and of its part in percent."""
_WIDE = 34
"""Cells from which figures have so much room; in fewer, names need it more."""
_SHARE = 8
"""Cells of a part in percent among others."""


def percent(tenths: int, count: int = 0) -> str:
    """Return tenths of a percent as a reader is told them; less than one of them is not nothing."""
    return "<0.1%" if count and not tenths else f"{tenths // 10}.{tenths % 10}%"


def account_lines(account: Account, legend: Legend, width: int) -> list[Line]:
    """Return the lines of an account: whose the text is, by chapter, how it was drafted."""
    groups = (
        _whose(account.shares, legend, width),
        _chapters(account.chapters, width),
        _choices(account.drafted, width),
        _accepted(account.drafted, width),
    )
    lines: list[Line] = []
    for group in groups:
        lines += [*([()] if lines and group else []), *group]
    return lines


def _row(name: str, count: int, part: str, width: int, style: str = "text") -> Line:
    figure = grouped(count)
    cells = right(figure, _COUNT if width >= _WIDE else max(7, len(figure) + 1))
    room = max(4, width - len(cells) - _PART - 1)
    cells += right(part, _PART)
    return ((f" {left(name, room)}", style), (cells, "text"))


def _whose(shares: Shares, legend: Legend, width: int) -> list[Line]:
    tenths = shares.tenths
    lines = [_row("characters", shares.length, percent(sum(tenths.values())), width)]
    typed, pasted = (shares.counts.get(each, 0) for each in (origins.HUMAN, origins.PASTE))
    parts = [tenths.get(each, 0) for each in (origins.HUMAN, origins.PASTE)]
    lines.append(_row("human", shares.human, percent(sum(parts), shares.human), width, "human"))
    if pasted:
        lines.append(_row("  typed here", typed, percent(parts[0], typed), width, "human"))
        lines.append(_row("  pasted", pasted, percent(parts[1], pasted), width, "why"))
    others = [each for each in shares.counts if each not in (origins.HUMAN, origins.PASTE)]
    short = Counter(origin_name(origin) for origin in others)
    for origin in others:
        name = origin_name(origin)
        if short[name] > 1:
            name = one_line(origin.split(":", 1)[-1])
        count = shares.counts[origin]
        style = _style(origin, legend)
        lines.append(_row(name, count, percent(tenths[origin], count), width, style))
    return lines


def _style(origin: str, legend: Legend) -> str:
    if origin.startswith("model:"):
        return legend.role(origin.removeprefix("model:"))
    return "text" if origin == WRITING else "dim"


def _chapters(chapters: tuple[tuple[str, Shares], ...], width: int) -> list[Line]:
    if not chapters:
        return []
    heads = ["human", "models", "others"]
    if not any(shares.others for _, shares in chapters):
        heads.pop()
    room = max(4, width - 1 - _SHARE * len(heads))
    head = left("by chapter", room) + "".join(right(each, _SHARE) for each in heads)
    lines: list[Line] = [((f" {head}", "dim"),)]
    for name, shares in chapters:
        counts = (shares.human, shares.models, shares.others)
        cells = "".join(
            right(percent(part, count), _SHARE)
            for part, count, _ in zip(shares.split, counts, heads, strict=False)
        )
        lines.append(((f" {left(name, room)}{cells}", "text"),))
    return lines


def _choices(came: Drafted, width: int) -> list[Line]:
    lines: list[Line] = []
    if came.forks:
        lines.append(_row("forks on the way", came.forks, "", width))
        lines.append(_row("  branches drafted", came.branches, "", width))
        lines.append(_row("  chosen", came.forks, "", width))
    for name, count in (("whys written", came.whys), ("reasons written", came.reasons)):
        if count:
            lines.append(_row(name, count, "", width))
    return lines


def _accepted(came: Drafted, width: int) -> list[Line]:
    if not came.accepted:
        return []
    cut = came.accepted - came.kept
    parts = apportioned([came.kept, cut])
    return [
        _row("model text accepted", came.accepted, "", width),
        _row("  still here", came.kept, percent(parts[0], came.kept), width),
        _row("  rewritten or cut", cut, percent(parts[1], cut), width),
    ]
