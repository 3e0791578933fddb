"""What can be exported of a story: its sources, each read as a book, and an account of its text.

All functions read through a connection of their own, and are called in a thread.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyloom.curate.shares import Shares, by_chapter, together
from storyloom.exchange.book import Book, Section, goes_on, made_of
from storyloom.story import marks, place, reading, tips, weaves
from storyloom.story.drafted import Drafted, drafted
from storyloom.story.reading import Piece
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import one_line, words
from storyloom.tui.legend import Legend

__all__ = ["Account", "Desk", "Manuscript", "Source", "account", "desk", "keep", "manuscript"]

_KEPT = "export"
"""The name under which a story remembers how it was exported last."""


@dataclass(frozen=True)
class Source:
    """A strand that can be exported: a weave, or the strand to a node."""

    weave: str
    """The name of the weave; empty for the strand to a node."""
    node: int
    """The last node."""
    beyond: int = 0
    """How many passages it goes on below the end of the main weave."""

    @property
    def label(self) -> str:
        """What it is called."""
        return f"weave {one_line(self.weave)}" if self.weave else f"to n{self.node}"


@dataclass(frozen=True)
class Desk:
    """What is known of a story before anything of it is read."""

    title: str
    sources: tuple[Source, ...]
    """The main weave first, then the others, and the strand to the author's node last."""
    kept: dict[str, Any]
    """How it was exported last."""
    legend: Legend


def desk(path: Path, node: int | None = None) -> Desk:
    """Return what there is to export, the strand to `node` too where it is not that of a weave.

    Raises Refusal when the story cannot be read.
    """
    with Story(path) as story:
        found = [
            Source(weave.name, tips.weave_tip(story, weave.name)) for weave in weaves.weaves(story)
        ]
        known = {source.node for source in found}
        if node and node not in known and reading.exists(story, node):
            found.append(Source("", node, _beyond(story, node)))
        title = " ".join(marks.story_text(story, "title").split())
        kept = place.recalled(story).get(_KEPT, {})
        return Desk(title, tuple(found), kept if isinstance(kept, dict) else {}, Legend(story))


def _beyond(story: Story, node: int) -> int:
    tip = tips.weave_tip(story, MAIN)
    on = reading.path(story, node)
    return len(on) - 1 - on.index(tip) if tip in on else 0


def keep(path: Path, kept: dict[str, Any]) -> None:
    """Remember how a story was exported. Raises Refusal when it cannot be written to."""
    with Story(path) as story:
        place.remember(story, **{_KEPT: kept})


@dataclass(frozen=True)
class Manuscript:
    """A source read as a book."""

    source: Source
    book: Book
    pieces: tuple[Piece, ...]
    begins: tuple[int, ...]
    """The first code point of each piece in the whole text."""
    ends: str
    """A sentence that says how much goes on below its last node; empty where nothing does."""

    def between(self, start: int, end: int) -> Sequence[Piece]:
        """Return the pieces that have text between two places."""
        return self.pieces[max(0, bisect_right(self.begins, start) - 1) : bisect_left(
            self.begins, end
        )]  # fmt: skip


def manuscript(path: Path, source: Source) -> Manuscript:
    """Return a source read as a book. A weave ends where it does by now."""
    with Story(path) as story:
        node = tips.weave_tip(story, source.weave) if source.weave else source.node
        pieces = tuple(reading.strand(story, node))
        ends = goes_on(story, node, weave=bool(source.weave))
        book = made_of(story, pieces)
    begins: list[int] = []
    at = 0
    for piece in pieces:
        begins.append(at)
        at += len(piece.text)
    return Manuscript(Source(source.weave, node, source.beyond), book, pieces, tuple(begins), ends)


@dataclass(frozen=True)
class Account:
    """What is told of a text: how long it is, whose it is, how it came to be."""

    words: int
    passages: int
    shares: Shares
    chapters: tuple[tuple[str, Shares], ...]
    """The shares of each chapter by its name; none when there is one part alone."""
    drafted: Drafted


def account(path: Path, text: Manuscript, sections: Sequence[Section]) -> Account:
    """Return the account of some neighbouring sections of a manuscript."""
    if not sections:
        return Account(0, 0, Shares({}), (), Drafted(0, 0, 0, 0, 0, 0))
    start, end = sections[0].start, sections[-1].end
    ends = [start, *(section.end for section in sections)]
    shares = by_chapter(text.pieces, ends)[1:]
    strand = text.between(start, end)
    with Story(path) as story:
        came = drafted(story, strand)
    chapters = [(_name(section), each) for section, each in zip(sections, shares, strict=True)]
    return Account(
        sum(words(block) for section in sections for block in section.blocks if block),
        len(strand),
        together(shares),
        tuple(chapters) if len(chapters) > 1 else (),
        came,
    )


def _name(section: Section) -> str:
    if section.title is None:
        return "beginning"
    return f"{section.number or ''} {one_line(section.title)}".strip() or "—"
