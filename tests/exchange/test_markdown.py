"""Markdown reads as the story was written."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.book import Book, Section
from storyloom.exchange.writers.markdown import escaped, markdown

LINE = st.text("aB1 .)(#*_`<>[]{}|~^$@&;:!\\-+='\"é門", min_size=1, max_size=24)


def as_stored(line: str) -> str:
    """A line as a book holds it: white space at its ends taken, deep indents kept."""
    line = line.rstrip()
    return line if line.startswith("  ") else line.lstrip()


PARAGRAPH = st.lists(LINE.map(as_stored).filter(bool), min_size=1, max_size=4).map("\n".join)


def unescaped(source: str) -> str:
    """Undo the escapes by CommonMark's rule: a backslash before ASCII punctuation or a line end."""
    text = re.sub(r"\\([!-/:-@\[-`{-~\n])", r"\1", source)
    return re.sub(r"(?m)^\u00a0+", lambda found: " " * len(found[0]), text)


@given(PARAGRAPH)
def test_without_its_escapes_a_paragraph_is_the_text(text: str) -> None:
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Plain prose, with commas; dashes – and — and \"quotes\" and 'these'!",
        "It cost 5. Then 6) of them (see 7).",
        "snake_case and a/b and 50% and x+y=z",
        "Fish & chips, R&D.",
        "a-b, -5 degrees",
        "門の向こう。",
    ],
)
def test_prose_is_left_alone(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("# no heading", r"\# no heading"),
        ("> no quotation", r"\> no quotation"),
        ("- no list", r"\- no list"),
        ("+ no list", r"\+ no list"),
        ("* no list", r"\* no list"),
        ("1. no list", r"1\. no list"),
        ("1986. A year.", r"1986\. A year."),
        ("(a) no list", r"(a\) no list"),
        ("iv. no list", r"iv\. no list"),
        ("*no emphasis*", r"\*no emphasis\*"),
        ("_no emphasis_", r"\_no emphasis\_"),
        ("<b>no HTML</b>", r"\<b>no HTML\</b>"),
        ("[no](link)", r"\[no](link)"),
        ("`no code`", r"\`no code\`"),
        ("$no maths$", r"\$no maths\$"),
        ("AT&amp;T", r"AT\&amp;T"),
        ("---", r"\-\--"),
        ("===", r"\==="),
        ("| a | b |", r"\| a | b |"),
        (": a", r"\: a"),
        ("one\ntwo", "one\\\ntwo"),
        ("    four", "\u00a0\u00a0\u00a0\u00a0four"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_what_would_be_markup_is_escaped(text: str, source: str) -> None:
    assert escaped(text) == source


BOOK = Book(
    'A "Title": *of* sorts',
    (
        Section(None, None, ("Before.",)),
        Section("Low bells", 1, ("One.\nTwo.", None, "Three.")),
        Section("", 2, ("Four.",)),
        Section("Notes {draft} #", None, ()),
    ),
)


def test_a_book_has_a_title_block_one_heading_a_chapter_and_scene_breaks() -> None:
    head, _, body = markdown(BOOK).removeprefix("---\n").partition("\n---\n\n")
    key, _, value = head.partition(": ")
    assert key == "title"
    assert unescaped(json.loads(value)) == BOOK.title
    assert body == (
        "Before.\n\n# Low bells\n\nOne.\\\nTwo.\n\n* * *\n\nThree.\n\n# 2\n\nFour.\n\n"
        "# Notes \\{draft} \\# {.unnumbered}\n"
    )


def pandoc(source: str, to: str) -> str:
    pypandoc = pytest.importorskip("pypandoc")
    return pypandoc.convert_text(source, to, format="markdown-smart", extra_args=["--wrap=none"])


def told(inlines: list[dict[str, object]]) -> str:
    """The text of a paragraph in Pandoc's own tree; anything but plain text is a fault."""
    parts = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}
    return "".join(
        str(each["c"]) if each["t"] == "Str" else parts[str(each["t"])] for each in inlines
    )


def reads(text: str) -> str:
    """White space as Markdown renders it."""
    lines = [re.sub(r"[ \u00a0]+", " ", line).strip() for line in text.split("\n")]
    return "\n".join(lines)


@given(st.lists(PARAGRAPH, min_size=1, max_size=12))
def test_pandoc_reads_what_was_written(paragraphs: list[str]) -> None:
    tree = json.loads(
        pandoc(markdown(Book("T", (Section(None, None, tuple(paragraphs)),))), "json")
    )
    assert [block["t"] for block in tree["blocks"]] == ["Para"] * len(paragraphs)
    assert [reads(told(block["c"])) for block in tree["blocks"]] == [reads(p) for p in paragraphs]


def test_pandoc_finds_title_chapters_and_scene_breaks() -> None:
    tree = json.loads(pandoc(markdown(BOOK), "json"))
    assert told(tree["meta"]["title"]["c"]) == BOOK.title
    blocks = [block["t"] for block in tree["blocks"]]
    assert blocks == [
        "Para",
        "Header",
        "Para",
        "HorizontalRule",
        "Para",
        "Header",
        "Para",
        "Header",
    ]
    headings = [block["c"] for block in tree["blocks"] if block["t"] == "Header"]
    assert [told(heading[2]) for heading in headings] == ["Low bells", "2", "Notes {draft} #"]
    assert headings[2][1][1] == ["unnumbered"]
