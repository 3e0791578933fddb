"""Whose characters a text is made of, in all and by chapter, from the runs kept of each character.

A share is told in tenths of a percent, and the shares of one text always add up to all of it.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storyloom.story import origins
from storyloom.story.reading import Piece

__all__ = ["WHOLE", "WRITING", "Shares", "apportioned", "by_chapter", "together"]

WHOLE = 1000
"""What the shares of a text add up to."""
WRITING = "writing"
"""Stands for the origin of a text that a model is still writing."""

_MODEL = "model:"


@dataclass(frozen=True)
class Shares:
    """Whose the characters of one text are: code points by origin."""

    counts: Mapping[str, int]

    @property
    def length(self) -> int:
        """How many code points it has."""
        return sum(self.counts.values())

    @property
    def tenths(self) -> dict[str, int]:
        """The part of each origin, in tenths of a percent."""
        return dict(zip(self.counts, apportioned(list(self.counts.values())), strict=True))

    @property
    def human(self) -> int:
        """Code points that came from the author's hands, typed or pasted."""
        return self._of(origins.HUMAN, origins.PASTE)

    @property
    def models(self) -> int:
        """Code points that models wrote, or are writing."""
        return sum(
            count
            for origin, count in self.counts.items()
            if origin.startswith(_MODEL) or origin == WRITING
        )

    @property
    def others(self) -> int:
        """Code points that were brought in from elsewhere."""
        return self.length - self.human - self.models

    @property
    def split(self) -> tuple[int, int, int]:
        """The parts of author, models and others, in tenths of a percent."""
        human, models, others = apportioned([self.human, self.models, self.others])
        return human, models, others

    def _of(self, *wanted: str) -> int:
        return sum(self.counts.get(origin, 0) for origin in wanted)


def apportioned(counts: Sequence[int], whole: int = WHOLE) -> list[int]:
    """Return whole numbers that stand to each other as `counts` do and add up to `whole`.

    Each is its exact part rounded down, and those with the largest remainders get one more; of
    equal ones the first do. Nothing at all has no parts.
    """
    total = sum(counts)
    if total <= 0:
        return [0] * len(counts)
    parts = [count * whole // total for count in counts]
    order = sorted(range(len(counts)), key=lambda each: (-(counts[each] * whole % total), each))
    for each in order[: whole - sum(parts)]:
        parts[each] += 1
    return parts


def by_chapter(strand: Sequence[Piece], ends: Sequence[int]) -> list[Shares]:
    """Return the shares of each stretch of a strand: to the first of `ends`, from there to the
    next, and so on, in code points of the whole text. What is behind the last end is left out.
    """
    counts: list[dict[str, int]] = [{} for _ in ends]
    at = 0
    for piece in strand:
        known = sum(run.length for run in piece.runs)
        runs = [(run.origin, run.length) for run in piece.runs]
        for origin, length in [*runs, (WRITING, len(piece.text) - known)]:
            _put(counts, ends, at, at + length, origin)
            at += max(0, length)
    return [Shares(each) for each in counts]


def _put(
    counts: list[dict[str, int]], ends: Sequence[int], start: int, end: int, origin: str
) -> None:
    """Count a stretch of one origin in the chapters that it is in."""
    chapter = bisect_right(ends, start)
    while start < end and chapter < len(ends):
        stop = min(end, ends[chapter])
        if stop > start:
            counts[chapter][origin] = counts[chapter].get(origin, 0) + stop - start
        start, chapter = max(start, stop), chapter + 1


def together(shares: Sequence[Shares]) -> Shares:
    """Return the shares of texts put one behind the other: those that have most first."""
    counts: dict[str, int] = {}
    for each in shares:
        for origin, count in each.counts.items():
            counts[origin] = counts.get(origin, 0) + count
    return Shares(dict(sorted(counts.items(), key=lambda item: -item[1])))
