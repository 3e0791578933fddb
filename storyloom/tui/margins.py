"""What stands beside the page of a book: its chapters with their words; forks, notes of one."""

from bisect import bisect_left
from collections.abc import Sequence

from rich.cells import cell_len

from storyloom.text import grouped, one_line
from storyloom.tui.pages import Pages
from storyloom.tui.widgets.columns import left, paragraph, right
from storyloom.tui.widgets.lines import Line

__all__ = ["contents"]

_FORKS = 3
"""The part of the margin, one third, that forks take at most."""
_NOTES = 4
"""The part, one fourth, that notes take."""


def contents(pages: Pages, top: int, bottom: int, width: int, height: int) -> list[Line]:
    """Return the left margin for a page that shows the text from `top` to `bottom`."""
    forks = _forks(pages, top, bottom, width, max(3, height // _FORKS))
    room = height - len(forks) - bool(forks)
    # Two lines at least are the chapters', and one is between.
    notes = _notes(pages, top, bottom, width, min(height // _NOTES, room - 3))
    room -= len(notes) + bool(notes)
    chapters = _chapters(pages, pages.chapter_at(top), width, room)
    lines: list[Line] = []
    for group in (chapters, forks, notes):
        lines += [*([()] if lines and group else []), *group]
    return lines


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
    first, last = _of_the_chapter(pages, top, pages.forks)
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


def _notes(pages: Pages, top: int, bottom: int, width: int, height: int) -> list[Line]:
    first, last = _of_the_chapter(pages, top, pages.notes)
    if first == last or height < 2:
        return []
    shown = bisect_left(pages.notes, top, first, last, key=lambda each: each[0])
    # Two lines for each, or the only one that there is.
    most = min(2, height - 1)
    lines: list[Line] = [((left("notes", width), "dim"),)]
    for number in _window(last - first, min(shown, last - 1) - first, (height - 1) // most):
        at, note = pages.notes[first + number]
        seen = top <= at < bottom
        said = paragraph(f"n{note.node} {one_line(note.text)}", width - 2, most=most)
        for row, ((text, _), *_) in enumerate(said):
            mark = "> " if seen and not row else "  "
            lines.append(((mark + text, "text" if seen else "dim"),))
    return lines


def _of_the_chapter(
    pages: Pages, top: int, placed: Sequence[tuple[int, object]]
) -> tuple[int, int]:
    """Return which of what has a place, from and up to, is in the chapter that is on the page."""
    chapter = pages.chapter_at(top)
    begin = pages.chapters[chapter].start if chapter >= 0 else 0
    first = bisect_left(placed, begin, key=lambda each: each[0])
    return first, bisect_left(placed, pages.end_of(chapter), key=lambda each: each[0])


def _window(count: int, around: int, room: int) -> range:
    """Return which of `count` rows there is room for, so that one of them is in the middle."""
    first = max(0, min(around - room // 2, count - room))
    return range(first, min(first + room, count))
