"""What an author chooses of an export, and the rows in which it is shown."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from storyloom.exchange.book import BREAK_SIGN, Book
from storyloom.exchange.files import slug
from storyloom.exchange.formats import EVERY, FORMATS, Format
from storyloom.exchange.quotes import WAYS, Quotes
from storyloom.text import Refusal, one_line
from storyloom.tui.exporting import Target
from storyloom.tui.library_rows import short
from storyloom.tui.manuscripts import Desk, Source
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line

__all__ = ["BREAKS", "Choices", "Row", "begun_with", "row_line", "rows"]

Kind: TypeAlias = Literal[
    "source", "chapters", "format", "title", "scenes", "quotes", "folder", "name"
]
BREAKS = (BREAK_SIGN, "#", "⁂", "~")
"""Signs for a scene break that are gone through with Space; any other can be typed."""
_LABEL = 9
_LONGEST_SIGN = 20


class Row(NamedTuple):
    """One thing that can be chosen."""

    kind: Kind
    number: int = 0
    """Which of the sources or of the formats."""


@dataclass
class Choices:
    """What is chosen just now."""

    title: str
    sources: Sequence[Source] = ()
    source: int = 0
    chapters: tuple[int, int] | None = None
    """The first and the last one; None for all of the text."""
    formats: set[str] = field(default_factory=lambda: {FORMATS[0].name})
    break_sign: str = BREAK_SIGN
    quotes: Quotes = "as they are"
    folder: Path = field(default_factory=lambda: _here())
    at_cursor: bool = True
    """Whether the strand to a node is that to the loom's cursor."""
    name: str = ""
    """The files' name without a suffix; empty for one that is made of the title."""

    @property
    def stem(self) -> str:
        """The files' name without a suffix: another weave's is another one than the main one's."""
        if self.name:
            return self.name
        parts = [self.title]
        if self.source:
            chosen = self.sources[self.source]
            parts.append(chosen.weave or f"n{chosen.node}")
        if self.chapters is not None:
            first, last = self.chapters
            parts.append(f"chapters {first}-{last}" if last > first else f"chapter {first}")
        return slug(" ".join(parts))

    @property
    def targets(self) -> list[Target]:
        """The files that would be written."""
        return [
            Target(each, self.folder / f"{self.stem}{each.suffix}")
            for each in EVERY
            if each.name in self.formats
        ]

    def book(self, whole: Book) -> Book:
        """Return what would be written of a source that was read."""
        part = whole if self.chapters is None else whole.only(*self.chapters)
        return replace(part, title=self.title, break_sign=self.break_sign, quotes=self.quotes)

    def tick(self, kind: Format) -> None:
        """Write a format too, or not."""
        self.formats ^= {kind.name}

    def next_break(self) -> None:
        """Take the next sign for scene breaks."""
        at = BREAKS.index(self.break_sign) if self.break_sign in BREAKS else -1
        self.break_sign = BREAKS[(at + 1) % len(BREAKS)]

    def next_quotes(self) -> None:
        """Take the next way with quotes."""
        self.quotes = WAYS[(WAYS.index(self.quotes) + 1) % len(WAYS)]

    def take(self, kind: Kind, typed: str) -> None:
        """Take what was typed for the title, the sign, the folder or the name.

        Raises Refusal for what cannot be one.
        """
        typed = typed.strip()
        if kind == "title":
            self.title = " ".join(typed.split()) or self.title
        elif kind == "scenes":
            self.break_sign = " ".join(typed.split())[:_LONGEST_SIGN] or BREAK_SIGN
        elif kind == "folder" and typed:
            self.folder = Path(os.path.abspath(os.path.expanduser(typed)))
        elif kind == "name":
            self._take_name(typed)

    def _take_name(self, typed: str) -> None:
        for each in EVERY:
            typed = typed.removesuffix(each.suffix)
        if os.sep in typed or typed in (".", ".."):
            raise Refusal("A name is that of a file alone; its folder stands above it.")
        self.name = typed

    def kept(self) -> dict[str, Any]:
        """Return what is remembered for the next time."""
        return {
            "formats": sorted(self.formats),
            "break": self.break_sign,
            "quotes": self.quotes,
            "folder": str(self.folder),
        }


def _here() -> Path:
    """Return the folder that the program was started in, the home where it is there no more."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def begun_with(desk: Desk) -> Choices:
    """Return the choices that an export of a story begins with: those of the last time.

    What was kept may be of another machine, and is no more than a wish.
    """
    choices = Choices(desk.title, desk.sources)
    kept = desk.kept
    wanted = kept.get("formats")
    if isinstance(wanted, list):
        known = {each.name for each in EVERY if each.name in wanted}
        choices.formats = known or choices.formats
    sign, way, folder = kept.get("break"), kept.get("quotes"), kept.get("folder")
    if isinstance(sign, str):
        choices.take("scenes", sign)
    if way in WAYS:
        choices.quotes = way
    if isinstance(folder, str) and os.path.isdir(folder):
        choices.folder = Path(folder)
    return choices


def rows(sources: Sequence[Source]) -> list[Row]:
    """Return the rows in their order."""
    return [
        *(Row("source", number) for number in range(len(sources))),
        Row("chapters"),
        *(Row("format", number) for number in range(len(EVERY))),
        *(Row(kind) for kind in ("title", "scenes", "quotes", "folder", "name")),
    ]


def row_line(row: Row, choices: Choices, numbered: int, width: int) -> Line:
    """Return the line of a row; `numbered` is how many chapters the source has."""
    room = max(4, width - _LABEL - 2)
    label = "" if row.number else row.kind
    said, style = _said(row, choices, numbered, room)
    return ((left(label, _LABEL), "dim"), (left(said, room + 1), style))


def _where(source: Source, choices: Choices) -> str:
    """Return what the strand to a node is, beside that."""
    on = source.beyond
    if on:
        return f", {on} passage{'' if on == 1 else 's'} on"
    return ", the cursor" if choices.at_cursor and not source.weave else ""


def _said(row: Row, choices: Choices, numbered: int, room: int) -> tuple[str, str]:
    match row.kind:
        case "source":
            source = choices.sources[row.number]
            here = row.number == choices.source
            mark, style = ("(•)", "text") if here else ("( )", "dim")
            return f"{mark} {source.label}{_where(source, choices)}", style
        case "chapters":
            if choices.chapters is not None:
                first, last = choices.chapters
                return f"{first}-{last} of {numbered}" if last > first else f"{first} alone", "text"
            return f"all {numbered}" if numbered > 1 else "all" if numbered else "none", "text"
        case "format":
            kind = EVERY[row.number]
            here = kind.name in choices.formats
            mark = "[x]" if here else "[ ]"
            return f"{mark} {kind.title}, {kind.what}", "text" if here else "dim"
        case "title":
            return one_line(choices.title) or "none", "text" if choices.title else "dim"
        case "scenes":
            return f"{one_line(choices.break_sign)}  between two scenes", "text"
        case "quotes":
            return choices.quotes, "text"
        case "folder":
            return short(choices.folder, room), "text"
        case "name":
            return one_line(choices.stem), "text"
