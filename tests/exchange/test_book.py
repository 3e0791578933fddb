"""A strand as sections, paragraphs and scene breaks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.book import Book, Section, book_of, chapter_range, goes_on, sections
from storyloom.story import marks, shape, weaves
from storyloom.story.marks import Chapter
from storyloom.story.origins import HUMAN, whole
from storyloom.story.reading import Piece
from storyloom.story.story import Story
from storyloom.text import Refusal


def piece(text: str, *chapters: Chapter) -> Piece:
    return Piece(1, text, whole(text, HUMAN), chapters, None, 0)


def test_chapters_are_numbered_along_the_strand_and_a_number_heads_one_without_title() -> None:
    found = sections(
        [
            piece("Before.\n\n", Chapter(0, "Low bells")),
            piece("One. Two.", Chapter(5, "")),
            piece(" Three.", Chapter(1, "Afterword", numbered=False)),
            piece(" Four.", Chapter(1, "High bells")),
        ]
    )
    assert [(each.heading, each.number) for each in found] == [
        ("Low bells", 1),
        ("2", 2),
        ("Afterword", None),
        ("High bells", 3),
    ]
    assert [each.blocks for each in found] == [
        ("Before.", "One."),
        ("Two.",),
        ("Three.",),
        ("Four.",),
    ]


def test_what_stands_before_the_first_mark_has_no_heading() -> None:
    first, second = sections([piece("Before. After.", Chapter(8, "Low bells"))])
    assert first.heading is None
    assert first.blocks == ("Before.",)
    assert second.blocks == ("After.",)


@pytest.mark.parametrize("mark", ["***", "#", " *** ", "*****", "* * *"])
def test_a_scene_break_is_alone_on_its_line(mark: str) -> None:
    (section,) = sections([piece(f"One.\n{mark}\nTwo # and *** too.\n#3")])
    assert section.blocks == ("One.", None, "Two # and *** too.\n#3")


def test_blank_lines_part_paragraphs_and_single_ends_stay() -> None:
    (section,) = sections([piece(" One.\nTwo.  \n \n\n\n    Indented.\n\tTab.\n")])
    assert section.blocks == ("One.\nTwo.", "    Indented.\nTab.")


def test_the_cut_into_nodes_does_not_show() -> None:
    text = "One.\n\nTwo two.\n***\nThree."
    whole_text = sections([piece(text)])
    for at in range(1, len(text)):
        assert sections([piece(text[:at]), piece(text[at:])]) == whole_text


@given(st.text("ab \n*#", max_size=60), st.lists(st.integers(0, 59), max_size=4, unique=True))
def test_no_word_is_lost(text: str, places: list[int]) -> None:
    chapters = [Chapter(at, "T") for at in sorted(places) if at < len(text)]
    blocks = [b for section in sections([piece(text, *chapters)]) for b in section.blocks]
    told = "".join(block for block in blocks if block is not None)
    assert [c for c in told if c in "ab"] == [c for c in text if c in "ab"]


def test_the_book_is_the_weave_or_any_strand(tmp_path: Path) -> None:
    with Story.create(tmp_path / "tide.loom", opening="Tide.") as story:
        woven = shape.write_child(story, 1, " Woven.")
        other = shape.write_child(story, 1, " Other.")
        weaves.set_weave(story, woven)
        weaves.set_weave(story, other, "aside")
        marks.set_text(story, 0, "title", "The Tide")
        assert book_of(story).sections[0].blocks == ("Tide. Woven.",)
        assert book_of(story, other).sections[0].blocks == ("Tide. Other.",)
        assert book_of(story, weave="aside").sections[0].blocks == ("Tide. Other.",)
        assert book_of(story, weave="nowhere").sections == ()
        assert book_of(story).title == "The Tide"
        with pytest.raises(Refusal, match="no node n99"):
            book_of(story, 99)


def test_a_section_knows_where_in_the_text_it_stands() -> None:
    text = ["Before. ", "One. Two.", " Three."]
    marks_ = [(), (Chapter(5, "A"),), (Chapter(1, "B"),)]
    found = sections(
        [piece(*each) for each in [(t, *m) for t, m in zip(text, marks_, strict=True)]]
    )
    whole_text = "".join(text)
    assert [whole_text[each.start : each.end] for each in found] == [
        "Before. One. ",
        "Two. ",
        "Three.",
    ]


def numbered(*numbers: int | None) -> Book:
    return Book("T", tuple(Section(str(n), n, (f"Text {n}.",)) for n in numbers))


def test_chapters_are_taken_by_their_numbers_with_what_is_between_them() -> None:
    book = numbered(None, 1, None, 2, None, 3)
    assert [each.number for each in book.only(1, 2).sections] == [1, None, 2]
    assert [each.number for each in book.only(3, 3).sections] == [3]
    assert book.chapters == 3
    for first, last in ((0, 1), (2, 1), (3, 4)):
        with pytest.raises(Refusal, match="it has 1 to 3"):
            book.only(first, last)
    with pytest.raises(Refusal, match="There are no chapters in this text"):
        numbered(None).only(1, 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("2", (2, 2)), (" 1-3 ", (1, 3)), ("1 – 3", (1, 3)), ("1 to 3", (1, 3))],
)
def test_a_row_of_chapters_is_read(typed: str, meant: tuple[int, int]) -> None:
    assert chapter_range(typed) == meant


@pytest.mark.parametrize("typed", ["", "x", "-2", "1-", "1,2", "1-2-3", "\x1b[31m", "9" * 40])
def test_what_is_no_row_of_chapters_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="names no chapters") as refused:
        chapter_range(typed)
    assert "\x1b" not in str(refused.value)


def test_what_goes_on_below_a_weaves_end_is_said(tmp_path: Path) -> None:
    with Story.create(tmp_path / "tide.loom", opening="Tide.") as story:
        assert goes_on(story, 1, weave=True) == ""
        on = shape.write_child(story, 1, " On.")
        assert goes_on(story, 1, weave=True) == "The weave ends at n1; 1 passage goes on below it."
        pruned = shape.write_child(story, on, " And on.")
        shape.write_child(story, on, " Elsewhere.")
        assert goes_on(story, 1, weave=False) == (
            "The strand ends at n1; 3 passages go on below it."
        )
        shape.prune(story, pruned)
        assert "2 passages" in goes_on(story, 1, weave=True)
        assert goes_on(story, 0, weave=True) == ""
