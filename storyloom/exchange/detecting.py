"""Which format a file is in, told by what is in it before its name is believed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from storyloom.exchange.decoding import NoText, decoded
from storyloom.exchange.draft import Draft, Recorded
from storyloom.exchange.passages import divided
from storyloom.exchange.readers.coauthor import coauthor_session, looks_like_coauthor
from storyloom.exchange.readers.event_log import lines_of, looks_like_log
from storyloom.exchange.readers.markdown import looks_like_markdown, markdown_book
from storyloom.exchange.readers.plain import plain_book
from storyloom.exchange.sessions import write_session
from storyloom.story import transcript
from storyloom.story.kept import kept
from storyloom.text import Refusal, one_line

__all__ = ["FORMATS", "LARGEST", "Format", "Sample", "draft_of", "is_database"]

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read as text; the longest novels have a third of that."""
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Sample:
    """A file that is to be recognised, wholly read."""

    path: Path
    data: bytes
    tick: Callable[[], object] = lambda: None
    """Called now and then while it is read; what it raises ends that."""

    @cached_property
    def text(self) -> str:
        """What it says, as a story keeps text. Raises Refusal when it is no text."""
        try:
            return kept(decoded(self.data))
        except NoText:
            raise Refusal(
                f"{one_line(self.path.name)} is not text, nor anything else that can be brought in."
            ) from None

    @property
    def suffix(self) -> str:
        """The end of its name, in small letters."""
        return self.path.suffix.lower()


class Format(NamedTuple):
    """One format that can be read."""

    name: str
    recognises: Callable[[Sample], bool]
    read: Callable[[Sample], Draft | Recorded]


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite one, and so perhaps a story. Raises OSError."""
    with open(path, "rb") as source:
        return source.read(len(_SQLITE)) == _SQLITE


def draft_of(sample: Sample) -> Draft | Recorded:
    """Return what a file says, read by the first format that recognises it.

    Raises Refusal when none does, or there is nothing in it to be read.
    """
    if not sample.data.strip():
        raise Refusal(f"{one_line(sample.path.name)} is empty.")
    format_ = next(each for each in FORMATS if each.recognises(sample))
    draft = format_.read(sample)
    if isinstance(draft, Draft) and not any(passage.text.strip() for passage in draft.passages):
        raise Refusal(f"{one_line(sample.path.name)} has no text in it.")
    return draft


def _is_other(sample: Sample) -> bool:
    return _other(sample) is not None


def _refuse_other(sample: Sample) -> Draft:
    raise Refusal(
        f"{one_line(sample.path.name)} is {_other(sample)}, which cannot be brought in; save it as "
        "plain text or Markdown first."
    )


_OTHERS = (
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or an office document"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"\{\\rtf"), "RTF"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE), "HTML"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old office document"),
)


def _other(sample: Sample) -> str | None:
    for pattern, name in _OTHERS:
        if pattern.match(sample.data):
            return name
    if sample.suffix in (".json", ".jsonl") and re.match(rb"\s*[\[{]", sample.data):
        return "JSON of a kind that is not known here"
    return None


def _markdown(sample: Sample) -> Draft:
    book = markdown_book(sample.text, sample.tick)
    passages = divided(book, "import:markdown", sample.tick)
    return Draft(passages, "markdown", book.title)


def _plain(sample: Sample) -> Draft:
    book = plain_book(sample.text, sample.tick)
    return Draft(divided(book, "import:text", sample.tick), "text")


def _coauthor(sample: Sample) -> Recorded:
    events = coauthor_session(sample.data)
    return Recorded(
        "coauthor",
        lambda path, title, told: write_session(path, events, title=title, progress=told),
    )


def _log(sample: Sample) -> Recorded:
    whole = sample.data.count(b"\n")

    def make(path: Path, _: str, told: Callable[[int, int], object]) -> int:
        return transcript.write(path, lines_of(sample.data), lambda done: told(done, whole))

    return Recorded("log", make)


FORMATS = (
    Format("log", lambda sample: looks_like_log(sample.data), _log),
    Format("coauthor", lambda sample: looks_like_coauthor(sample.data), _coauthor),
    Format("other", _is_other, _refuse_other),
    Format(
        "markdown",
        lambda sample: (
            sample.suffix in (".md", ".markdown", ".mdown", ".mkd")
            or looks_like_markdown(sample.text)
        ),
        _markdown,
    ),
    Format("text", lambda _: True, _plain),
)
"""In the order in which they are asked; the last one takes whatever is text."""
