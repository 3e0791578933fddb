"""Who wrote which stretch of a book, and where a hand has changed what a model wrote."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from storyloom.story import origins
from storyloom.story.reading import Piece

__all__ = ["WRITING", "Hands", "Share", "origin_name"]

WRITING = "writing"
"""Stands for the origin of a text that a model is still writing."""


class Share(NamedTuple):
    """How many code points one origin has."""

    origin: str
    length: int


class Hands:
    """The origins of a strand's whole text; every place is a code point of it."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._edges: list[int] = []
        self._origins: list[str] = []
        self._edits: list[tuple[int, int]] = []
        self._length = 0
        for piece in pieces:
            self._take(piece, self._length)
            self._length += len(piece.text)
        self.origins = list(dict.fromkeys(self._origins))
        """Every origin in order of its first appearance."""
        self._shares: dict[tuple[int, int], list[Share]] = {}

    def _take(self, piece: Piece, at: int) -> None:
        end = at + len(piece.text)
        models = any(run.origin.startswith("model:") for run in piece.runs)
        for run in piece.runs:
            if at < end:
                self._edge(at, run.origin)
                if models and run.origin in (origins.HUMAN, origins.PASTE):
                    self._edits.append((at, min(end, at + run.length)))
            at += run.length
        if at < end:
            self._edge(at, WRITING)

    def _edge(self, at: int, origin: str) -> None:
        if not self._origins or self._origins[-1] != origin:
            self._edges.append(at)
            self._origins.append(origin)

    def spans(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """Yield the stretches of one origin between two places."""
        at = max(0, bisect_right(self._edges, start) - 1)
        while start < end and at < len(self._edges):
            stop = self._edges[at + 1] if at + 1 < len(self._edges) else self._length
            stop = min(stop, end)
            if stop > start:
                yield start, stop, self._origins[at]
                start = stop
            at += 1

    def edits(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches between two places that a hand has put into a model's passage."""
        at = max(0, bisect_left(self._edits, (start, 0)) - 1)
        while at < len(self._edits) and self._edits[at][0] < end:
            first, last = max(start, self._edits[at][0]), min(end, self._edits[at][1])
            if first < last:
                yield first, last
            at += 1

    def shares(self, start: int, end: int) -> list[Share]:
        """Return how much each origin has between two places, in order of appearance."""
        found = self._shares.get((start, end))
        if found is None:
            counts: dict[str, int] = {}
            for first, last, origin in self.spans(start, end):
                counts[origin] = counts.get(origin, 0) + last - first
            found = self._shares[start, end] = [Share(*item) for item in counts.items()]
        return found

    def human_part(self) -> float:
        """Return which part of the text the author has written, from 0 to 1."""
        counts = {share.origin: share.length for share in self.shares(0, self._length)}
        return counts.get(origins.HUMAN, 0) / max(1, self._length)


def origin_name(origin: str) -> str:
    """Return what a reader is told an origin is: as `origins.named`, or that it is written now."""
    return "being written" if origin == WRITING else origins.named(origin)
