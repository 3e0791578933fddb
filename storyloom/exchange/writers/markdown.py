"""A book as Markdown in Pandoc's flavour, escaped so that it reads as it was written."""

import json
import re

from storyloom.exchange.book import Book, Section
from storyloom.text import clean

__all__ = ["escaped", "markdown"]

_INLINE = re.compile(
    r"[\\`*\[<$~^@]"  # code, emphasis, links, HTML, mathematics, strike-out, notes, citations
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; within a word it is none
    r"|&(?=#?\w+;)"
    r"|-(?=-)"  # two would become a dash
)
_LINE_START = re.compile(
    r"[#>|:]"  # heading, quotation, line block, definition
    r"|[-+=](?=[\s=+-]|\Z)"  # list, rule, heading's underline, table
)
_NUMBER = re.compile(r"\(?(?:\d+|[A-Za-z]|[ivxlcdmIVXLCDM]+|#)([.)])(?=\s|\Z)")
_NO_BREAK = "\u00a0"


def markdown(book: Book) -> str:
    """Return the book with a title block, one heading for each chapter and `* * *` between scenes.

    A line end within a paragraph is a hard one, and spaces that begin a line are no-break spaces,
    as Markdown keeps neither otherwise. Read it with `pandoc -f markdown-smart` to keep straight
    quotes straight.
    """
    parts = [f"---\ntitle: {json.dumps(escaped(clean(book.title)), ensure_ascii=False)}\n---"]
    for section in book.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> list[str]:
    parts: list[str] = []
    if section.heading is not None:
        parts.append("# " + _heading(section))
    parts += ["* * *" if block is None else escaped(block) for block in section.blocks]
    return parts


def _heading(section: Section) -> str:
    # A heading may end in attributes, or in a row of # that does not count.
    text = re.sub(r"[#{]", r"\\\g<0>", _INLINE.sub(r"\\\g<0>", section.heading or ""))
    return text if section.number is not None else text + " {.unnumbered}"


def escaped(text: str) -> str:
    """Return a paragraph as Markdown that reads as `text`, with no more escapes than needed."""
    return "\\\n".join(_escaped_line(line) for line in text.split("\n"))


def _escaped_line(line: str) -> str:
    bare = line.lstrip(" ")
    lead = _NO_BREAK * (len(line) - len(bare))
    number = _NUMBER.match(bare)
    if number is not None:
        # All that comes before the point or bracket is letters, digits or one bracket.
        start, at = bare[: number.start(1)], number.start(1)
        start = "\\" + start if start.startswith("#") else start
        return lead + start + "\\" + bare[at] + _INLINE.sub(r"\\\g<0>", bare[at + 1 :])
    if _LINE_START.match(bare):
        return lead + "\\" + bare[0] + _INLINE.sub(r"\\\g<0>", bare[1:])
    return lead + _INLINE.sub(r"\\\g<0>", bare)
