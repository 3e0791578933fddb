"""What stands beside the page of a book: its chapters with their words, the forks of this one."""

from bisect import bisect_left

from rich.cells import cell_len

from storyloom.tui.pages import Pages
from storyloom.tui.widgets.columns import grouped, left, right
from storyloom.tui.widgets.lines import Line

__all__ = ["contents"]

_FORKS = 3
"""The part of the margin, one third, that forks take at most."""


def contents(pages: Pages, top: int, bottom: int, width: int, height: int) -> list[Line]:
    """Return the left margin for a page that shows the text from `top` to `bottom`."""
    forks = _forks(pages, top, bottom, width, max(3, height // _FORKS))
    room = height - len(forks) - bool(forks)
    chapters = _chapters(pages, pages.chapter_at(top), width, room)
    return [*chapters, *([()] if chapters and forks else []), *forks]


def _chapters(pages: Pages, here: int, width: int, height: int) -> list[Line]:
    if not pages.chapters:
        return []
    lines: list[Line] = [((left("chapters", width - 5) + "words", "dim"),)]
    for number in _window(len(pages.chapters), here, max(1, height - 1)):
        words = grouped(pages.words[number])
        room = max(1, width - max(5, cell_len(words)) - 3)
        mark = "> " if number == here else "  "
        row = mark + left(pages.chapters[number].label, room) + " " + right(words, 5)
        lines.append(((row, "text" if number == here else "dim"),))
    return lines


def _forks(pages: Pages, top: int, bottom: int, width: int, height: int) -> list[Line]:
    chapter = pages.chapter_at(top)
    begin = pages.chapters[chapter].start if chapter >= 0 else 0
    first = bisect_left(pages.forks, begin, key=lambda each: each[0])
    last = bisect_left(pages.forks, pages.end_of(chapter), key=lambda each: each[0])
    if first == last:
        return []
    shown = bisect_left(pages.forks, top, first, last, key=lambda each: each[0])
    where = "in this chapter" if pages.chapters else "of the story"
    lines: list[Line] = [((left(f"forks {where}", width), "dim"),)]
    for number in _window(last - first, min(shown, last - 1) - first, height - 1):
        at, fork = pages.forks[first + number]
        seen = top <= at < bottom
        mark = "> " if seen else "  "
        row = f"{mark}{left(f'n{fork.node}', 8)} {fork.others + 1} ways"
        lines.append(((left(row, width), "text" if seen else "dim"),))
    return lines


def _window(count: int, around: int, room: int) -> range:
    """Return which of `count` rows there is room for, so that one of them is in the middle."""
    first = max(0, min(around - room // 2, count - room))
    return range(first, min(first + room, count))
