"""Whose the strand is that a replay shows: the characters of each origin, at every moment."""

from collections import Counter
from collections.abc import Mapping, Sequence

from storyloom.replay.scene import Theatre
from storyloom.story.whose import whose

__all__ = ["Figures"]


class Figures:
    """Counts a strand by counting only what differs from the one before; for one thread."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._strand: list[int] = []
        self._whole: Counter[str] = Counter()
        self._known: dict[int, Mapping[str, int]] = {}

    def of(self, node: int) -> dict[str, int]:
        """Return the code points of each origin on the strand to `node`, most first, at the moment
        that the theatre last showed; passages that are still being written are left out.
        """
        strand = self._theatre.revisions(node)
        before = self._strand
        same = _alike(before, strand)
        self._read(strand[same:])
        for rev in before[same:]:
            self._whole.subtract(self._known.get(rev, {}))
        for rev in strand[same:]:
            self._whole.update(self._known.get(rev, {}))
        self._strand = strand
        return {origin: count for origin, count in self._whole.most_common() if count > 0}

    def _read(self, revisions: Sequence[int]) -> None:
        new = [rev for rev in revisions if rev not in self._known]
        if new:
            self._known |= self._theatre.read_with(lambda story: whose(story.read, new))


def _alike(one: list[int], other: list[int]) -> int:
    """Return how many of the first items two sequences have in common."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(at for at in range(shorter) if one[at] != other[at])
