"""A book as plain text: titles, paragraphs, and nothing a reader would call markup."""

import textwrap
from collections.abc import Iterator

from storyloom.exchange.book import Book
from storyloom.exchange.stretches import stretches

__all__ = ["pieces", "plain"]


def plain(book: Book, width: int | None = None) -> str:
    """Return what `pieces` yields, as one text."""
    return "".join(pieces(book, width))


def pieces(book: Book, width: int | None = None) -> Iterator[str]:
    """Yield the book's text; with `width`, lines are wrapped to so many characters.

    A blank line parts paragraphs, two come before a chapter's title and one after it.
    """
    begun = False
    for section in book.sections:
        if section.heading is not None:
            yield ("\n\n\n" if begun else "") + book.said(section.heading)
            begun = True
        for block in section.blocks:
            yield "\n\n" if begun else ""
            begun = True
            if block is None:
                yield book.break_sign
            else:
                yield from _paragraph(book, block, width)
    yield "\n" if begun else ""


def _paragraph(book: Book, text: str, width: int | None) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        yield "\n" if number else ""
        if width is None:
            yield from map(book.said, stretches(line))
        else:
            yield _wrapped(book.said(line), width)


def _wrapped(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip(" ")))
    return "\n".join(
        textwrap.wrap(
            line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )
    )
