"""Plain text as a book: paragraphs between blank lines, chapters where a line says so."""

import re
from collections.abc import Callable

from storyloom.exchange.book import SCENE_BREAK, Block, Book, Section

__all__ = ["plain_book"]

_CHAPTER = re.compile(
    r"(?:chapter|part|book|canto|kapitel|teil|chapitre|partie|cap[ií]tulo|capitolo)"
    r"\s+(?:\d{1,3}|[ivxlcdm]{1,8}|[\w-]{3,20})\b[^\n]{0,60}"
    r"|(?:prologue|epilogue|interlude|prolog|epilog)",
    re.IGNORECASE,
)
"""A line that stands alone and begins a chapter."""
_ENDS_SENTENCE = re.compile(r"[,;:!?…]\s*$|\w{3,}\.\s*$")
_WRAPPED = range(50, 90)
"""Lengths of lines that an editor has broken."""
_LEAST_WRAPPED = 12


def plain_book(text: str, tick: Callable[[], object] = lambda: None) -> Book:
    """Return plain text as a book without a title.

    Lines that an editor broke at some 72 columns become paragraphs again; of a text whose lines
    are short or of any length, verse or lists, each line stays one. `tick` is called now and then;
    what it raises ends the reading.
    """
    paragraphs = [part.strip("\n") for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text)]
    joins = _is_wrapped(paragraphs)
    sections: list[Section] = []
    title: str | None = None
    chapters = 0
    blocks: list[Block] = []

    def close() -> None:
        if blocks or title is not None:
            sections.append(Section(title, chapters or None, tuple(blocks)))
            blocks.clear()

    for paragraph in paragraphs:
        tick()
        if "\n" not in paragraph and _begins_chapter(paragraph):
            close()
            chapters += 1
            title = " ".join(paragraph.split())
            continue
        blocks += _blocks(paragraph, joins=joins)
    close()
    return Book("", tuple(sections))


def _begins_chapter(line: str) -> bool:
    line = line.strip()
    return bool(_CHAPTER.fullmatch(line)) and not _ENDS_SENTENCE.search(line)


def _blocks(paragraph: str, *, joins: bool) -> list[Block]:
    """Return what one paragraph of the file is: itself, or what scene breaks part."""
    out: list[Block] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            out.append((" " if joins else "\n").join(lines))
            lines.clear()

    for raw in paragraph.split("\n"):
        if SCENE_BREAK.fullmatch(raw):
            close()
            out.append(None)
        elif raw.strip():
            line = raw.rstrip()
            lines.append(line if line.startswith("  ") and not joins else line.strip())
    close()
    return out


def _is_wrapped(paragraphs: list[str]) -> bool:
    """Whether most lines that another one follows are of about the same length, a screen's."""
    inner = [line for each in paragraphs for line in each.split("\n")[:-1]]
    fitting = sum(len(line.rstrip()) in _WRAPPED for line in inner)
    return len(inner) >= _LEAST_WRAPPED and fitting * 10 >= len(inner) * 8
