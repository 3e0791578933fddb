"""A book as Markdown in Pandoc's flavour, escaped so that it reads as it was written."""

import json
import re
from collections.abc import Callable, Iterator

from storyloom.exchange.book import BREAK_SIGN, Book, Section
from storyloom.exchange.stretches import stretches
from storyloom.text import clean

__all__ = ["escaped", "markdown", "pieces"]

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
    """Return what `pieces` yields, as one text."""
    return "".join(pieces(book))


def pieces(book: Book) -> Iterator[str]:
    """Yield the book with a title block, one heading for each chapter and a rule between scenes.

    A line end within a paragraph is a hard one, and spaces that begin a line are no-break spaces,
    as Markdown keeps neither otherwise. Read it with `pandoc -f markdown-smart` to keep straight
    quotes straight. The sign of a scene break stands where it is none of Markdown's own.
    """
    title = escaped(clean(book.said(book.title)))
    yield f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---"
    rule = BREAK_SIGN if book.break_sign == BREAK_SIGN else escaped(book.break_sign)
    for section in book.sections:
        if section.heading is not None:
            yield "\n\n# " + _heading(section, book.said(section.heading))
        for block in section.blocks:
            yield "\n\n"
            if block is None:
                yield rule
            else:
                yield from _paragraph(block, book.said)
    yield "\n"


def _heading(section: Section, said: str) -> str:
    # A heading may end in attributes, or in a row of # that does not count.
    text = re.sub(r"[#{]", r"\\\g<0>", _INLINE.sub(r"\\\g<0>", said))
    return text if section.number is not None else text + " {.unnumbered}"


def escaped(text: str) -> str:
    """Return a paragraph as Markdown that reads as `text`, with no more escapes than needed."""
    return "".join(_paragraph(text, lambda stretch: stretch))


def _paragraph(text: str, said: Callable[[str], str]) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\\\n"
        yield from _line(line, said)


def _line(line: str, said: Callable[[str], str]) -> Iterator[str]:
    bare = line.lstrip(" ")
    yield _NO_BREAK * (len(line) - len(bare))
    number = _NUMBER.match(bare)
    if number is not None:
        # All that comes before the point or bracket is letters, digits or one bracket.
        start, at = bare[: number.start(1)], number.start(1)
        yield "\\" + start if start.startswith("#") else start
        yield "\\" + bare[at]
        bare = bare[at + 1 :]
    elif _LINE_START.match(bare):
        yield "\\" + bare[0]
        bare = bare[1:]
    for stretch in stretches(bare):
        yield _INLINE.sub(r"\\\g<0>", said(stretch))
