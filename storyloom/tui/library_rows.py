"""What a library says of a story: the cells of its row, and the lines beside the list."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len

from storyloom import paths
from storyloom.story.glimpse import Glimpse
from storyloom.story.origins import named
from storyloom.story.shelf import Entry, Facts, spent
from storyloom.text import grouped, one_line
from storyloom.tui.growth_rows import growth_line
from storyloom.tui.moments import month_day
from storyloom.tui.widgets.columns import centred, columns, left, paragraph, right
from storyloom.tui.widgets.lines import Line, Part

__all__ = ["ORDERS", "head", "ordered", "row", "short", "told", "welcome", "when"]

ORDERS = ("last opened", "title", "size")
"""What a library may be sorted by."""

_COLUMNS = (("nodes", 7), ("words", 8), ("models", 6), ("spent", 7), ("last opened", 11))
"""What stands behind a title, and in how many cells."""
_LEAST_TITLE = {"spent": 20, "models": 20}
"""Columns that are told beside the list only, where a title would get less than so many cells."""


def row(entry: Entry, facts: Facts | None, width: int, now: float) -> Line:
    """Return a story's row: its title and its figures; its file's name while they are not known."""
    shown, title = _layout(width)
    if facts is not None and facts.error:
        said = (left(entry.path.stem, title), "dim"), ("cannot be opened", "warning")
        return ((" ", ""), *columns(said))
    if facts is None:
        return ((" ", ""), (left(entry.path.stem, title), "dim"))
    figures = {
        "nodes": grouped(facts.nodes) + "+" * facts.more_nodes,
        "words": grouped(facts.words) + "+" * facts.more_words,
        "models": str(facts.models) if facts.models else "–",
        "spent": spent(facts),
        "last opened": when(facts.opened / 1000 or entry.changed, now),
    }
    cells: list[Part] = [(left(facts.title, title), "text")]
    for name, room in shown:
        cells.append((right(figures[name], room), "dim" if name == "last opened" else "text"))
    return ((" ", ""), *columns(cells))


def head(width: int) -> list[Line]:
    """Return the names of the columns."""
    shown, title = _layout(width)
    cells: list[Part] = [(left("title", title), "dim")]
    cells += [(right(name, room), "dim") for name, room in shown]
    return [(("  ", ""), *columns(cells))]


def ordered(entries: Sequence[Entry], facts: Mapping[Entry, Facts], order: str) -> Sequence[Entry]:
    """Return stories in one of `ORDERS`: last opened first, by title, or the most nodes first.

    `entries` come last changed first. Of one that nothing is known of yet, its file's name serves.
    """
    if order == "title":
        return sorted(entries, key=lambda entry: _sorted_as(entry, facts.get(entry)))
    if order == "size":
        return sorted(entries, key=lambda entry: -(facts[entry].nodes if entry in facts else 0))
    return entries


def _sorted_as(entry: Entry, facts: Facts | None) -> tuple[str, str]:
    title = (facts.title if facts is not None else entry.path.stem).casefold()
    for article in ("the ", "a ", "an "):
        title = title.removeprefix(article)
    return title.lstrip("\"'“”‘’«»[(*_ "), entry.path.name


def welcome(width: int, height: int, *, archive: bool = False) -> list[Line]:
    """Say what to do where there is no story yet."""
    said: list[Part] = (
        [
            ("The archive is empty.", "title"),
            ("", ""),
            ("x in the library puts a story here, and nothing", "text"),
            ("is ever deleted.", "text"),
            ("", ""),
            ("A goes back.", "fresh"),
        ]
        if archive
        else [
            ("Nothing has been written here yet.", "title"),
            ("", ""),
            ("A story begins with a few words of yours;", "text"),
            ("models go on from there, and you choose.", "text"),
            ("", ""),
            ("n begins one.  i brings one in.", "fresh"),
        ]
    )
    lines: list[Line] = [()] * max(0, (height - len(said)) // 2 - 1)
    return lines + [((centred(text, width), style),) for text, style in said]


def told(
    facts: Facts,
    entry: Entry,
    width: int,
    height: int,
    now: float,
    glimpse: Glimpse | None = None,
    *,
    growth: bool = True,
) -> list[Line]:
    """Return what the pane says of a story: premise, chapters, figures, its file.

    With a glimpse, whose it is too, and how it grew unless that is drawn elsewhere; without, a line
    is kept free for each.
    """
    low = height < 12
    shares = _shares(glimpse, width, 1 if low else 2) if glimpse is not None else [()]
    grown = growth_line(glimpse.grown, width, now) if glimpse is not None else ()
    title: Line = ((left(facts.title, width), "title"),)
    file: Line = ((left(entry.path.name, width), "dim"),)
    chapters = _chapters(facts.chapters, width, 1 if low else height // 3)
    rest = [chapters, [*_figures(facts, width), *shares], [grown] if growth else [], [file]]
    rest = [part for part in rest if part]
    # Where there is no room for all of it, the last of the premise goes first.
    room = max(1, min(2 if low else 8, height - 1 - sum(map(len, rest))))
    premise = paragraph(one_line(facts.premise), width, most=room) if facts.premise else []
    parts = [[title, *premise], *rest]
    spare = height - sum(map(len, parts))
    lines: list[Line] = []
    for number, part in enumerate(parts):
        if number and spare > 0:
            lines.append(())
            spare -= 1
        lines += part
    return lines[:height]


def _figures(facts: Facts, width: int) -> list[Line]:
    nodes = "more than " * facts.more_nodes + _many(facts.nodes, "node")
    words = "more than " * facts.more_words + _many(facts.words, "word")
    lines: list[Line] = [((left(f"{nodes}, {words} on the weave", width), "text"),)]
    if facts.models:
        cost = _many(facts.models, "model")
        if facts.spent or not facts.unpriced:
            cost += f", ${facts.spent:.2f} spent"
        if facts.unpriced:
            cost += f", {_many(facts.unpriced, 'branch', 'branches')} of unknown price"
        lines += paragraph(cost, width, "text", most=2)
    return lines


def _shares(glimpse: Glimpse, width: int, most: int) -> list[Line]:
    """Return whose the weave is, in percent of its characters, on up to `most` lines."""
    said: list[str] = []
    for origin, share in glimpse.shares:
        part = f"{named(origin)} {_percent(share)}"
        if said and cell_len(said[-1]) + cell_len(part) + 2 <= width:
            said[-1] += f"  {part}"
        elif len(said) < most:
            said.append(part)
        else:
            said[-1] += " …"
            break
    return [((left(line, width), "text"),) for line in said]


def _percent(share: float) -> str:
    return f"{share * 100:.0f}%" if share >= 0.01 else "<1%"


def when(moment: float, now: float) -> str:
    """Return when that was, in the words of a diary."""
    if not moment:
        return "–"
    then, today = time.localtime(moment), time.localtime(now)
    days = (time.mktime((*today[:3], 12, 0, 0, 0, 0, -1))
            - time.mktime((*then[:3], 12, 0, 0, 0, 0, -1))) / 86_400  # fmt: skip
    if round(days) == 0:
        return time.strftime("today %H:%M", then)
    if round(days) == 1:
        return "yesterday"
    if 1 < days < 7:
        return f"{round(days)} days ago"
    if then.tm_year == today.tm_year:
        return month_day(then)
    return time.strftime("%Y-%m-%d", then)


def short(folder: Path, width: int) -> str:
    """Return a folder in at most `width` cells; of a long one its end, which tells most."""
    shown = one_line(paths.shown(folder))
    cut = 0
    while cell_len(shown[cut:]) >= width and cut < len(shown):
        cut += 1
    return shown if cell_len(shown) <= width else f"…{shown[cut:]}"


def _layout(width: int) -> tuple[Sequence[tuple[str, int]], int]:
    """Return the columns behind the title, and how many cells that has."""
    shown = _COLUMNS
    title = width - 2 - sum(room + 2 for _, room in shown)
    for name, least in _LEAST_TITLE.items():
        if title < least:
            shown = tuple(column for column in shown if column[0] != name)
            title = width - 2 - sum(room + 2 for _, room in shown)
    return shown, max(8, title)


def _many(count: int, one: str, several: str = "") -> str:
    return f"{grouped(count)} {one if count == 1 else several or one + 's'}"


def _chapters(titles: Sequence[str], width: int, most: int) -> list[Line]:
    """Return the chapters: one below the other where there is room, else in a row."""
    if not titles:
        return []
    named = [f"{number} {one_line(title) or '—'}" for number, title in enumerate(titles, 1)]
    if most == 1:
        return paragraph("   ".join(named), width, "text", most=1)
    lines: list[Line] = [((left(each, width), "text"),) for each in named[:most]]
    if len(named) > most:
        lines[-1] = ((f"… and {len(named) - most + 1} more", "dim"),)
    return lines
