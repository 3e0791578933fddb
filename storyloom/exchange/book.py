"""A strand of a story as a book: sections, paragraphs and scene breaks, before any format."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from storyloom.story import marks, reading, tips
from storyloom.story.reading import Piece
from storyloom.story.story import Story
from storyloom.story.weaves import MAIN
from storyloom.text import Refusal

__all__ = ["SCENE_BREAK", "Block", "Book", "Section", "book_of", "sections"]

Block: TypeAlias = str | None
"""One paragraph, whose line ends are the author's own; None is a scene break."""

SCENE_BREAK = re.compile(r"\s*(?:\*{3,}|\*(?: \*){2,}|#)\s*")
"""A whole line that parts two scenes: `***`, `* * *` or `#`."""
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


def book_of(story: Story, node: int | None = None, weave: str = MAIN) -> Book:
    """Return the strand that ends in `node`, by default that weave, as a book.

    Raises Refusal when there is no such node. A weave that there is not has no text.
    """
    if node is None:
        node = tips.weave_tip(story, weave)
    elif not reading.exists(story, node):
        raise Refusal(f"There is no node n{node} in this story.")
    title = " ".join(marks.story_text(story, "title").split())
    return Book(title, tuple(sections(reading.strand(story, node))))


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
    opening = _blocks(text[: found[0][0]] if found else text)
    if opening:
        out.append(Section(None, None, opening))
    for index, (start, title, numbered) in enumerate(found):
        end = found[index + 1][0] if index + 1 < len(found) else length
        number += numbered
        title = " ".join(title.split())
        out.append(Section(title, number if numbered else None, _blocks(text[start:end])))
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
