"""A book as plain text: titles, paragraphs, and nothing a reader would call markup."""

import textwrap

from storyloom.exchange.book import Book

__all__ = ["plain"]


def plain(book: Book, width: int | None = None) -> str:
    """Return the book's text; with `width`, lines are wrapped to so many characters.

    A blank line parts paragraphs, two come before a chapter's title and one after it.
    """
    parts: list[str] = []
    for section in book.sections:
        if section.heading is not None:
            parts.append(("\n" if parts else "") + section.heading)
        parts += ["* * *" if block is None else _wrapped(block, width) for block in section.blocks]
    return "\n\n".join(parts) + "\n" if parts else ""


def _wrapped(text: str, width: int | None) -> str:
    if width is None:
        return text
    lines: list[str] = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" ")))
        lines += textwrap.wrap(
            line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )
    return "\n".join(lines)
