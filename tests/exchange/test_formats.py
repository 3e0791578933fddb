"""The registry of formats, and how a book is written in one of them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.book import Book, Section
from storyloom.exchange.formats import FORMATS, SESSION, Format, begun, meant_by, named, write
from storyloom.exchange.stretches import stretches
from storyloom.text import Refusal

SECTIONS = tuple(
    Section(f"Part {n}", n, (f"Words of {n}. " * 20, None, '"Say * it," she said.'), n * 9, n * 10)
    for n in range(1, 40)
)
BOOK = Book("The Tide", SECTIONS)


class Stop(Exception):
    """Raised to end a writing."""


@pytest.mark.parametrize("kind", [*FORMATS, SESSION], ids=lambda kind: kind.name)
def test_a_format_is_found_by_its_name_and_by_a_files_suffix(kind: Format) -> None:
    assert named(f" {kind.name.upper()} ") is kind
    assert meant_by(Path(f"tide.one{kind.suffix.upper()}")) is kind
    assert kind.title
    assert kind.what


def test_no_two_formats_have_a_name_or_a_suffix_in_common() -> None:
    every = (*FORMATS, SESSION)
    assert len({each.name for each in every}) == len({each.suffix for each in every}) == len(every)


def test_a_name_without_a_suffix_is_the_first_formats_and_an_unknown_one_nobodys() -> None:
    assert meant_by(Path("tide")) is FORMATS[0]
    with pytest.raises(Refusal, match=r"\.docx files; there are \.md, \.txt"):
        meant_by(Path("tide.docx"))
    with pytest.raises(Refusal, match="no format 'pdf'"):
        named("pdf")


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_the_first_page_is_the_beginning_of_what_is_written(kind: Format, tmp_path: Path) -> None:
    write(BOOK, kind, tmp_path / "tide")
    whole = (tmp_path / "tide").read_text("utf-8")
    page, all_of_it = begun(BOOK, kind, 500)
    assert whole.startswith(page)
    assert 500 <= len(page) < 1_500
    assert not all_of_it
    assert begun(BOOK, kind, len(whole) + 1) == (whole, True)


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_the_first_page_takes_no_more_of_the_book_than_it_needs(
    kind: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Book, "said", lambda _, text: said.append(text) or text)
    begun(BOOK, kind, 500)
    assert not any("Words of 9." in text for text in said)


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_sign_title_and_quotes_are_the_authors(kind: Format) -> None:
    text = "".join(kind.pieces(replace(BOOK, title="Ebb", break_sign="⁂", quotes="curly")))
    assert "⁂" in text
    assert "\n* * *\n" not in text
    assert "it,” she said." in text
    assert ("Ebb" in text) == (kind.name == "md")


def test_a_sign_that_would_be_markup_is_none() -> None:
    text = "".join(named("md").pieces(replace(BOOK, break_sign="# # #")))
    assert "\n\\# # #\n" in text


def test_what_stops_a_writing_leaves_no_file(tmp_path: Path) -> None:
    told: list[int] = []

    def stop(done: int, whole: int) -> None:
        assert 0 <= done <= whole
        told.append(done)
        if len(told) > 9:
            raise Stop

    with pytest.raises(Stop):
        write(BOOK, FORMATS[0], tmp_path / "tide.md", progress=stop)
    assert told == sorted(told)
    assert not list(tmp_path.iterdir())


def test_what_stops_a_writing_leaves_what_was_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "tide.md"
    path.write_text("old")

    def stop(_: int, __: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        write(BOOK, FORMATS[0], path, replace=True, progress=stop)
    assert [each.name for each in tmp_path.iterdir()] == ["tide.md"]
    assert path.read_text() == "old"


@given(st.lists(st.sampled_from(["a" * 9_000, " ", "  ", "_b_ ", "c" * 40_000]), max_size=12))
def test_stretches_are_the_line_and_part_behind_a_space(parts: list[str]) -> None:
    line = "".join(parts)
    found = list(stretches(line))
    assert "".join(found) == line
    for one, other in pairwise(found):
        assert one.endswith(" ")
        assert not other.startswith(" ")


def test_one_paragraph_of_a_whole_book_is_written_as_if_in_one_piece() -> None:
    paragraph = 'snake_case and _word_ & &amp; -- "so" don\'t ' * 3_000
    book = Book("T", (Section(None, None, (paragraph.strip(),)),), quotes="curly")
    small = Book("T", (Section(None, None, (paragraph[:44].strip(),)),), quotes="curly")
    for kind in FORMATS:
        body = "".join(kind.pieces(book)).rpartition("---\n\n")[2].strip()
        line = "".join(kind.pieces(small)).rpartition("---\n\n")[2].strip()
        assert body == " ".join([line] * 3_000)
