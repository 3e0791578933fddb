"""The letters and colours that tell who wrote each line of a book, and what they mean."""

from rich.cells import cell_len

from storyloom.story import origins
from storyloom.tui.hands import WRITING, Share, origin_name
from storyloom.tui.legend import Legend, role_of
from storyloom.tui.pages import Pages, Row
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, Part

__all__ = ["Paint"]

_LETTERS = {origins.HUMAN: "H", origins.PASTE: "P", WRITING: "…"}
_IMPORTED = "I"
_EDITED, _MIXED = "~", "+"
_MARKS = {_EDITED: ("edited by hand", "edited"), _MIXED: ("others too", "others too")}
"""What a mark behind a letter means, as the margin and as the line above the page say it."""
_MORE = "…   "
_NAME = 16
"""The widest name on the line above the page."""


class Paint:
    """Tells who wrote the lines of a book. A model's letter is its number in the text."""

    def __init__(self, pages: Pages, legend: Legend) -> None:
        self._pages = pages
        self._legend = legend
        models = [each for each in pages.hands.origins if each.startswith("model:")]
        self._numbers = {origin: number for number, origin in enumerate(models, 1)}

    def letter(self, origin: str) -> str:
        """Return what stands for an origin before a line."""
        if origin in self._numbers:
            return f"m{self._numbers[origin]}"
        return _LETTERS.get(origin, _IMPORTED)

    def style(self, origin: str) -> str:
        """Return the name of an origin's style."""
        return role_of(origin, self._legend.role)

    def label(self, row: Row) -> tuple[str, str]:
        """Return the letter of who wrote most of a line, and its style.

        Where others wrote of it too, a mark is behind it: ~ when a hand has changed what a model
        wrote, else +.
        """
        text, hands = self._pages.text, self._pages.hands
        counts: dict[str, int] = {}
        for first, last, origin in hands.spans(row.start, row.end):
            seen = len(text[first:last].replace(" ", ""))
            if seen:
                counts[origin] = counts.get(origin, 0) + seen
        if not counts:
            return "", ""
        most = max(counts, key=lambda origin: counts[origin])
        mark = ""
        if len(counts) > 1:
            edits = hands.edits(row.start, row.end)
            edited = any(text[first:last].strip() for first, last in edits)
            mark = _EDITED if edited else _MIXED
        return self.letter(most) + mark, self.style(most)

    def margin(self, chapter: int, labels: list[str], width: int, height: int) -> list[Line]:
        """Return what the margin says: how much each has of the whole, and of a chapter."""
        pages = self._pages
        start = pages.chapters[chapter].start if chapter >= 0 else 0
        there = pages.hands.shares(start, pages.end_of(chapter))
        here = {share.origin: share.length for share in there}
        total, total_here = max(1, len(pages.text)), max(1, sum(here.values()))
        marks = self._marks(labels)
        shares = self._shares()
        # Two lines for each, below two of a heading, above the marks.
        room = max(1, (height - 3 - len(marks)) // 2)
        shown = shares if len(shares) <= room else shares[: max(1, room - 1)]
        lines: list[Line] = [(("who wrote it", "dim"),), ()]
        for origin, length in shown:
            style = self.style(origin)
            name = left(origin_name(origin), width - 4)
            lines.append(((left(self.letter(origin), 4), style), (name, style)))
            also = f"   here {here.get(origin, 0) * 100 / total_here:.0f}%"
            percent = f"{length * 100 / total:.1f}%"
            lines.append(((f"    {percent:>5}{also if pages.chapters else ''}", "dim"),))
        if len(shown) < len(shares):
            lines.append(((f"    and {len(shares) - len(shown)} more", "dim"),))
        said = [((left(f"{mark}   {_MARKS[mark][0]}", width), "dim"),) for mark in marks]
        return [*lines, *([()] if said else []), *said]

    def key(self, labels: list[str], width: int) -> Line:
        """Return the same for one line above the page."""
        total = max(1, len(self._pages.text))
        marks = "   ".join(f"{mark} {_MARKS[mark][1]}" for mark in self._marks(labels))
        room = width - cell_len(marks) - 1
        parts: list[Part] = []
        shares = self._shares()
        for number, (origin, length) in enumerate(shares, 1):
            letter, name = self.letter(origin), origin_name(origin)
            brief = f"{left(name, min(_NAME, cell_len(name)))} {length * 100 / total:.1f}%   "
            room -= cell_len(letter) + 1 + cell_len(brief)
            if room < (cell_len(_MORE) if number < len(shares) else 0):
                parts.append((_MORE, "dim"))
                break
            parts += [(f"{letter} ", self.style(origin)), (brief, "dim")]
        return (*parts, (marks, "dim"))

    def _shares(self) -> list[Share]:
        whole = self._pages.hands.shares(0, len(self._pages.text))
        return sorted(whole, key=lambda share: -share.length)

    def _marks(self, labels: list[str]) -> list[str]:
        """Return the marks that the page has."""
        return [mark for mark in _MARKS if any(label.endswith(mark) for label in labels)]
