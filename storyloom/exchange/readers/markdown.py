"""Markdown as a book: its headings are chapters, its rules scene breaks, its escapes undone.

It reads what `writers.markdown` writes back to the same book. Emphasis, links and lists stay as
they were typed, as a story's text has no markup.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from storyloom.exchange.book import Block, Book, Section

__all__ = ["looks_like_markdown", "markdown_book"]

_FRONT = re.compile(
    r"---[ \t]*\n((?:(?:[\w-]+[ \t]*:|[ \t]|- |#).*\n|\n)*)(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
"""A title block: lines of `key: value` and what may stand below one, or it is two scene breaks."""
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)
_LONGEST_FRONT = 20_000
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|(-+))[ \t]*")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_ATTRIBUTES = re.compile(r"(?<!\\)\{([^{}]*)\}\Z")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});")
_HARD = re.compile(r"(?<!\\)((?:\\\\)*)\\\Z")
"""A backslash that makes the end of a line one in the paragraph too."""
_NO_BREAK = "\u00a0"
_CHAPTER_LEVELS = 2
_NAMELESS = "—"
"""What `Section.heading` writes above a chapter that has neither a title nor a number."""


class _Heading(NamedTuple):
    level: int
    title: str
    numbered: bool


def looks_like_markdown(text: str) -> bool:
    """Whether a text that does not say so is Markdown: it begins with a title block or a heading,
    or has several headings.
    """
    if text.startswith("---\n") and _FRONT.match(text[:_LONGEST_FRONT]):
        return True
    heads = re.findall(r"(?m)^#{1,3} \S", text[:200_000])
    return len(heads) > 1 or bool(re.match(r"\s*# \S", text))


def markdown_book(text: str, tick: Callable[[], object] = lambda: None) -> Book:
    """Return Markdown as a book.

    The title is the title block's, else the first heading where that stands above all the others
    or at once above another. Headings of the first two levels are chapters; smaller ones are
    paragraphs. `tick` is called now and then; what it raises ends the reading.
    """
    front = _FRONT.match(text[:_LONGEST_FRONT])
    said = _front_title(front[1]) if front else None
    title = said or ""
    body = _without_comments(text[front.end() :] if front else text)
    parts = list(_parts(body, tick))
    if said is None and parts and isinstance(parts[0], _Heading):
        title = parts[0].title
        if _is_title_only(parts):
            parts = parts[1:]
    return Book(" ".join(title.split()), tuple(_sections(parts)))


def _front_title(front: str) -> str | None:
    found = _TITLE.search(front)
    if found is None:
        return None
    value = found[1].strip()
    if value.startswith('"'):
        try:
            read = json.loads(value)
        except ValueError:
            read = value.strip('"')
        return _unescaped(str(read))
    if value.startswith("'"):
        return _unescaped(value.strip("'").replace("''", "'"))
    # A comment, or a value on several lines, of which the first tells enough.
    return _unescaped(re.split(r"\s#", value)[0].strip(" |>"))


def _without_comments(text: str) -> str:
    """Leave out what stands between `<!--` and `-->`; one that does not end is text."""
    kept: list[str] = []
    at = end = 0
    while (start := text.find("<!--", at)) >= 0:
        if text[start - 1 : start] == "\\":
            at = start + 4
            continue
        stop = text.find("-->", start)
        if stop < 0:
            break
        kept.append(text[end:start])
        at = end = stop + 3
    return "".join(kept) + text[end:]


def _is_title_only(parts: "list[_Heading | Block]") -> bool:
    """Whether the first heading names the book and not its first chapter."""
    first = parts[0]
    assert isinstance(first, _Heading)
    if len(parts) > 1 and isinstance(parts[1], _Heading) and parts[1].level >= first.level:
        return parts[1].level > first.level or first.level == 1
    others = [each.level for each in parts[1:] if isinstance(each, _Heading)]
    return first.level == 1 and 1 not in others


def _parts(body: str, tick: Callable[[], object]) -> "Iterator[_Heading | Block]":
    """Yield headings, paragraphs and scene breaks in their order."""
    lines: list[str] = []
    fence = ""
    for line in body.split("\n"):
        bare = line.strip()
        if bare.startswith(("```", "~~~")) or fence:
            # Kept as it is, line by line: a letter or a sign in the story.
            fence = "" if fence and bare.startswith(fence) else fence or bare[:3]
            indent = len(line) - len(line.lstrip(" "))
            lines.append(_NO_BREAK * indent + line[indent:] + "\\")
            continue
        heading = _heading(line)
        underline = _UNDERLINE.fullmatch(line) if lines else None
        if heading is not None or not bare or (underline is None and _RULE.fullmatch(line)):
            tick()
            yield from _paragraph(lines)
            lines = []
            if heading is not None:
                yield heading
            elif bare:
                yield None
        elif underline is not None and (underline[1] or len(bare) > 1):
            yield _named(1 if underline[1] else 2, " ".join(each.strip() for each in lines))
            lines = []
        else:
            lines.append(line)
    yield from _paragraph(lines)


def _heading(line: str) -> _Heading | None:
    found = _HEADING.fullmatch(line)
    if found is None:
        return None
    said = (found[2] or "").rstrip()
    shorn = said.rstrip("#")
    # A row of # behind a space closes a heading and says nothing.
    closed = shorn != said and shorn[-1:] in ("", " ", "\t")
    return _named(len(found[1]), shorn if closed else said)


def _named(level: int, said: str) -> _Heading:
    attributes = _ATTRIBUTES.search(said.rstrip())
    if attributes is not None:
        said = said[: attributes.start()]
    words = attributes[1].split() if attributes is not None else []
    numbered = not {"-", ".unnumbered"} & set(words)
    return _Heading(level, " ".join(_unescaped(said).split()), numbered)


def _paragraph(lines: list[str]) -> Iterator[str]:
    """Yield what lines without a blank one between them are, their breaks as Markdown has them."""
    text = ""
    hard = True
    for line in lines:
        text += "" if not text else "\n" if hard else " "
        escaped = _HARD.search(line)
        hard = escaped is not None or line.endswith("  ")
        line = (line[:-1] if escaped else line).strip(" \t")
        lead = len(line) - len(line.lstrip(_NO_BREAK))
        text += " " * lead + _unescaped(line[lead:])
    if text.strip():
        yield text


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: found[1] or html.unescape(found[0]), text)


def _sections(parts: "list[_Heading | Block]") -> Iterator[Section]:
    section = Section(None, None, ())
    blocks: list[Block] = []
    number = 0
    for part in parts:
        if isinstance(part, _Heading) and part.level <= _CHAPTER_LEVELS:
            if blocks or section.title is not None:
                yield replace(section, blocks=tuple(blocks))
            blocks = []
            number += part.numbered
            # A heading that is but the number, or a dash, stands for none.
            nameless = str(number) if part.numbered else _NAMELESS
            title = "" if part.title == nameless else part.title
            section = Section(title, number if part.numbered else None, ())
        elif isinstance(part, _Heading):
            blocks += [part.title] if part.title else []
        else:
            blocks.append(part)
    if blocks or section.title is not None:
        yield replace(section, blocks=tuple(blocks))
