"""Whose characters a strand has now, and whose were ever put into it, in all and by chapter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storyloom.curate.shares import Shares, by_chapter, together
from storyloom.story import marks, reading
from storyloom.story.drafted import Drafted, drafted
from storyloom.story.inserted import inserted
from storyloom.story.reading import Piece
from storyloom.story.story import Story

__all__ = ["Part", "Provenance", "provenance"]


@dataclass(frozen=True)
class Part:
    """A strand, or a chapter of it. Counts are code points by origin, the largest first."""

    title: str
    surviving: Mapping[str, int]
    """Those that are there now; they add up to `length`."""
    inserted: Mapping[str, int]
    """Those that were ever put in. A passage counts for the chapter that it begins in."""

    @property
    def length(self) -> int:
        """How many code points there are now."""
        return sum(self.surviving.values())

    @property
    def human_inserted(self) -> float | None:
        """The part, 0 to 1, of what author and models put in that came from the author's hands.

        This is what CoAuthor publishes as `written_by_human`. None when neither put anything in.
        """
        shares = Shares(self.inserted)
        both = shares.human + shares.models
        return shares.human / both if both else None


@dataclass(frozen=True)
class Provenance:
    """The account of a strand."""

    title: str
    """The story's."""
    whole: Part
    chapters: Sequence[Part]
    """None of a strand without chapter marks; what is before the first is one of its own."""
    drafted: Drafted


def provenance(story: Story, node: int) -> Provenance:
    """Return the account of the strand to `node`; of 0, that of nothing."""
    pieces = reading.strand(story, node) if node else []
    put_in = inserted(story, [piece.node for piece in pieces])
    title = marks.story_text(story, "title")
    starts = _starts(pieces)
    length = sum(len(piece.text) for piece in pieces)
    ends = [*(start for start, _ in starts[1:]), length] if starts else []
    shares = by_chapter(pieces, ends)
    chapters = [
        Part(name, dict(share.counts), _sum(put_in[each] for each in nodes))
        for (_, name), share, nodes in zip(starts, shares, _nodes(pieces, ends), strict=True)
    ]
    whole = by_chapter(pieces, [length]) if pieces else []
    surviving = dict(together(whole).counts)
    return Provenance(
        title,
        Part(title, surviving, _sum(put_in.values())),
        chapters if len(chapters) > 1 else [],
        drafted(story, pieces),
    )


def _starts(pieces: Sequence[Piece]) -> list[tuple[int, str]]:
    """Return where each chapter begins in the whole text, and its title."""
    out: list[tuple[int, str]] = []
    at = 0
    for piece in pieces:
        out += [(at + mark.offset, mark.title) for mark in piece.marks]
        at += len(piece.text)
    return [(0, ""), *out] if out and out[0][0] else out


def _nodes(pieces: Sequence[Piece], ends: Sequence[int]) -> list[list[int]]:
    """Return the nodes that begin in each chapter."""
    out: list[list[int]] = [[] for _ in ends]
    at = chapter = 0
    for piece in pieces:
        while chapter < len(ends) - 1 and at >= ends[chapter]:
            chapter += 1
        if out:
            out[chapter].append(piece.node)
        at += len(piece.text)
    return out


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for each in counts:
        for origin, count in each.items():
            out[origin] = out.get(origin, 0) + count
    return dict(sorted(out.items(), key=lambda item: (-item[1], item[0])))
