"""A book as plain text."""

from storyloom.exchange.book import Book, Section
from storyloom.exchange.writers.plain import plain


def test_titles_paragraphs_and_breaks_stand_apart() -> None:
    book = Book("T", (Section(None, None, ("A.",)), Section("Low", 1, ("B\nC", None, "D"))))
    assert plain(book) == "A.\n\n\nLow\n\nB\nC\n\n* * *\n\nD\n"


def test_lines_are_wrapped_without_trailing_spaces() -> None:
    book = Book("T", (Section(None, None, ("word " * 60 + "\n    " + "verse " * 30,)),))
    lines = plain(book, 72).split("\n")
    assert all(len(line) <= 72 and line == line.rstrip() for line in lines)
    assert sum(line.startswith("    ") for line in lines) > 2


def test_an_empty_book_is_nothing() -> None:
    assert plain(Book("T", ())) == ""
