"""The formats that a story can be written in, all of them in one registry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.exchange.book import Book
    from storyloom.story.story import Story

__all__ = ["EVERY", "FORMATS", "SESSION", "Format", "begun", "begun_session", "meant_by", "named",
           "write", "write_session"]  # fmt: skip


@dataclass(frozen=True)
class Format:
    """One way to write a book."""

    name: str
    """What `--format` takes."""
    title: str
    what: str
    """What it is, in a few words."""
    suffix: str
    """How the names of its files end."""
    writer: str
    """The module of `writers` that has a function `pieces`. It is loaded when something is written,
    as `--help` names the formats too."""

    def pieces(self, book: "Book") -> Iterator[str]:
        """Yield the text of the file in parts, none of which takes long to make."""
        return import_module(f"storyloom.exchange.writers.{self.writer}").pieces(book)


FORMATS = (
    Format("md", "Markdown", "for Pandoc", ".md", "markdown"),
    Format("txt", "plain text", "no markup", ".txt", "plain"),
)
"""Those of a book. The first is written when nothing else is asked for."""

SESSION = Format("coauthor", "CoAuthor log", "its history", ".jsonl", "coauthor")
"""No book but a strand's history: it is written by `write_session`, and has no `pieces`."""

EVERY = (*FORMATS, SESSION)


def named(name: str) -> Format:
    """Return the format of that name. Raises Refusal when there is none."""
    for each in EVERY:
        if each.name == name.strip().lower():
            return each
    known = ", ".join(each.name for each in EVERY)
    raise Refusal(f"There is no format {one_line(name)!r}; there are {known}.")


def meant_by(path: Path) -> Format:
    """Return the format that a file's name asks for; one without a suffix gets the first.

    Raises Refusal for a suffix that no format has.
    """
    suffix = path.suffix.lower()
    if not suffix:
        return FORMATS[0]
    for each in EVERY:
        if each.suffix == suffix:
            return each
    known = ", ".join(each.suffix for each in EVERY)
    raise Refusal(f"No format is written to {one_line(suffix)} files; there are {known}.")


def begun(book: "Book", kind: Format, least: int) -> tuple[str, bool]:
    """Return the beginning of what would be written, and whether that is all of it.

    It has at least so many code points, if there are so many, and no more is made than it needs.
    """
    return _beginning(kind.pieces(book), least)


def begun_session(story: "Story", node: int, least: int) -> tuple[str, bool]:
    """Return the beginning of the history of the strand to `node`, as `begun` does of a book.

    Raises Refusal as `coauthor.lines` does.
    """
    from storyloom.exchange.writers.coauthor import lines

    return _beginning(lines(story, node), least)


def _beginning(pieces: Iterator[str], least: int) -> tuple[str, bool]:
    parts: list[str] = []
    length = 0
    for part in pieces:
        parts.append(part)
        length += len(part)
        if length >= least:
            return "".join(parts), next(pieces, None) is None
    return "".join(parts), True


Progress = Callable[[int, int], object]
"""Told how much is written, and of how much. What it raises ends the writing."""


def write(
    book: "Book",
    kind: Format,
    path: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda _, __: None,
) -> None:
    """Write the book to a file that is whole, or not there.

    Raises Refusal as `files.write_new` does.
    """

    from storyloom.exchange.files import write_new

    def watched() -> Iterator[str]:
        whole, done = max(1, book.length), 0
        for part in kind.pieces(book):
            progress(min(done, whole), whole)
            done += len(part)
            yield part

    write_new(path, watched(), replace=replace)


def write_session(
    story: "Story",
    node: int,
    path: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda _, __: None,
) -> None:
    """Write the history of the strand to `node` to a file that is whole, or not there.

    It is read and written line by line. Raises Refusal as `files.write_new` and `coauthor.lines`
    do.
    """
    from storyloom.exchange.files import write_new
    from storyloom.exchange.writers.coauthor import lines

    write_new(path, lines(story, node, progress), replace=replace)
