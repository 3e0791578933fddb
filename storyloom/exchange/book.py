"""A strand of a story as a book: sections, paragraphs and scene breaks, before any format."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from storyloom.exchange import quotes
from storyloom.exchange.quotes import Quotes
from storyloom.story import marks, reading, tips
from storyloom.story.reading import Piece
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal, one_line

__all__ = ["BREAK_SIGN", "SCENE_BREAK", "Block", "Book", "Section", "book_of", "chapter_range",
           "goes_on", "made_of", "sections"]  # fmt: skip

Block: TypeAlias = str | None
"""One paragraph, whose line ends are the author's own; None is a scene break."""

SCENE_BREAK = re.compile(r"\s*(?:\*{3,}|\*(?: \*){2,}|#)\s*")
"""A whole line that parts two scenes: `***`, `* * *` or `#`."""
BREAK_SIGN = "* * *"
"""What stands between two scenes of a book, unless its author wants another sign."""
_HEADING = "—"
"""Heads a section that has neither a title nor a number."""


@dataclass(frozen=True)
class Section:
    """What stands between two chapter marks."""

    title: str | None
    """The mark's title, perhaps empty; None for the text before the first mark."""
    number: int | None
    """The place among the numbered chapters, from 1; None for one that has none."""
    blocks: tuple[Block, ...]
    start: int = field(default=0, compare=False)
    """Its first code point in the strand's whole text."""
    end: int = field(default=0, compare=False)
    """The one behind its last."""

    @property
    def heading(self) -> str | None:
        """What stands above the section: its title, else its number; None for no heading."""
        if self.title is None:
            return None
        return self.title or (str(self.number) if self.number else _HEADING)


@dataclass(frozen=True)
class Book:
    """A strand with its title, in reading order."""

    title: str
    sections: tuple[Section, ...]
    break_sign: str = BREAK_SIGN
    quotes: Quotes = "as they are"

    @property
    def chapters(self) -> int:
        """How many of its chapters are numbered."""
        return sum(section.number is not None for section in self.sections)

    @property
    def length(self) -> int:
        """How many code points its text has."""
        return sum(section.end - section.start for section in self.sections)

    def said(self, text: str) -> str:
        """Return a stretch of its text, that begins a line or stands behind a space, as a reader
        gets it: with the quotes that its author wants.
        """
        return quotes.told(text, self.quotes)

    def only(self, first: int, last: int) -> "Book":
        """Return its chapters from one number to another, with what is between them.

        Raises Refusal when it has no chapters of these numbers.
        """
        numbers = [section.number for section in self.sections]
        if not self.chapters:
            raise Refusal("There are no chapters in this text; leave out which.")
        if not 1 <= first <= last <= self.chapters:
            there = f"1 to {self.chapters}" if self.chapters > 1 else "1 alone"
            asked = f"{first}-{last}" if first != last else f"{first}"
            raise Refusal(f"There are no chapters {asked} in this text; it has {there}.")
        begin, end = numbers.index(first), numbers.index(last)
        return replace(self, sections=self.sections[begin : end + 1])


def goes_on(story: Story, node: int, *, weave: bool) -> str:
    """Return the sentence that says how much of the story is below the end of a weave or of another
    strand, and so not in a book of it; empty where nothing is.
    """
    below = reading.below(story, [node])[node].shown if node else 0
    if not below:
        return ""
    on = "1 passage goes" if below == 1 else f"{below:,} passages go"
    return f"The {'weave' if weave else 'strand'} ends at n{node}; {on} on below it."


_RANGE = re.compile(r"\s*(\d{1,6})\s*(?:(?:-|–|to)\s*(\d{1,6})\s*)?")


def chapter_range(typed: str) -> tuple[int, int]:
    """Return the first and the last of the chapters that `2`, `1-3` or `1 to 3` means.

    Raises Refusal for what means none.
    """
    found = _RANGE.fullmatch(typed)
    if found is None:
        raise Refusal(f"{one_line(typed)!r} names no chapters; say 2, or 1-3.")
    return int(found[1]), int(found[2] or found[1])


def book_of(story: Story, node: int | None = None, weave: str = MAIN) -> Book:
    """Return the strand that ends in `node`, by default that weave, as a book.

    Raises Refusal when there is no such node. A weave that there is not has no text.
    """
    if node is None:
        node = tips.weave_tip(story, weave)
    elif not reading.exists(story, node):
        raise Refusal(f"There is no node n{node} in this story.")
    return made_of(story, reading.strand(story, node))


def made_of(story: Story, pieces: Iterable[Piece]) -> Book:
    """Return the pieces of a strand of a story as a book."""
    title = " ".join(marks.story_text(story, "title").split())
    return Book(title, tuple(sections(pieces)))


def sections(pieces: Iterable[Piece]) -> list[Section]:
    """Return the sections of a strand's pieces.

    The first has no title; it is left out when a mark stands before the first of the text.
    Paragraphs are what blank lines divide. White space at both ends of a line is not kept, but for
    two spaces and more at its beginning.
    """
    text, found = "", list[tuple[int, str, bool]]()
    parts: list[str] = []
    length = 0
    for piece in pieces:
        found += [(length + mark.offset, mark.title, mark.numbered) for mark in piece.marks]
        parts.append(piece.text)
        length += len(piece.text)
    text = "".join(parts)
    found.sort()
    out: list[Section] = []
    number = 0
    end = found[0][0] if found else length
    opening = _blocks(text[:end])
    if opening:
        out.append(Section(None, None, opening, 0, end))
    for index, (start, title, numbered) in enumerate(found):
        end = found[index + 1][0] if index + 1 < len(found) else length
        number += numbered
        blocks = _blocks(text[start:end])
        title = " ".join(title.split())
        out.append(Section(title, number if numbered else None, blocks, start, end))
    return out


def _blocks(text: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            blocks.append("\n".join(lines))
            lines.clear()

    for raw in text.split("\n"):
        if SCENE_BREAK.fullmatch(raw):
            close()
            blocks.append(None)
        elif raw.strip():
            line = raw.rstrip()
            lines.append(line if line.startswith("  ") else line.lstrip())
        else:
            close()
    close()
    return tuple(blocks)
