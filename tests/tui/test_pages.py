"""A strand as pages: nothing of the text is lost, and every place is found again."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from storyloom.story import origins
from storyloom.story.marks import Chapter
from storyloom.story.reading import Piece
from storyloom.tui.pages import Anchor, Pages

_WORDS = st.lists(st.sampled_from(["salt", "a", "\n", "\n\n", " ", "* * *", "#", "bell,", "好漢"]))


@st.composite
def strands(draw: st.DrawFn) -> list[Piece]:
    """Pieces of a strand, some with a chapter mark, by different hands."""
    pieces: list[Piece] = []
    for node in range(1, draw(st.integers(1, 5)) + 1):
        text = " ".join(draw(_WORDS))
        marks: tuple[Chapter, ...] = ()
        if text and draw(st.booleans()):
            marks = (Chapter(draw(st.integers(0, len(text) - 1)), "T", draw(st.booleans())),)
        origin = draw(st.sampled_from(["human", "paste", "model:lab/one", "model:lab/two"]))
        pieces.append(Piece(node, text, origins.whole(text, origin), marks, None, 0))
    return pieces


@given(strands(), st.integers(8, 66))
def test_all_that_can_be_seen_is_on_the_pages_in_order(pieces: list[Piece], width: int) -> None:
    pages = Pages("Title", pieces)
    pages.width = width
    rows = pages.page(pages.first(), 1_000_000)
    prose = [row for row in rows if row.kind in ("text", "break")]
    assert all(a.end <= b.start for a, b in itertools.pairwise(prose))
    kept = "".join(pages.text[row.start : row.end] for row in prose)
    assert "".join(kept.split()) == "".join(pages.text.split())
    assert sum(row.kind == "number" for row in rows) == sum(
        mark.numbered for piece in pieces for mark in piece.marks
    )


@given(strands(), st.integers(8, 66), st.data())
def test_every_place_is_found_again(pieces: list[Piece], width: int, data: st.DataObject) -> None:
    pages = Pages("Title", pieces)
    pages.width = width
    rows = len(pages.page(pages.first(), 1_000_000))
    steps = data.draw(st.integers(0, rows - 1))
    anchor = pages.moved(pages.first(), steps)
    assert pages.page(anchor, 1_000_000) == pages.page(pages.first(), 1_000_000)[steps:]
    assert pages.moved(anchor, -steps) == pages.first()
    row = pages.row_at(anchor)
    again = pages.at(row.start)
    assert pages.row_at(again).start <= row.start
    if row.kind == "text" and row.start not in [part.start for part in pages.chapters]:
        assert row.start == 0 or pages.row_at(again).start == row.start


@given(strands())
def test_who_wrote_what_adds_up(pieces: list[Piece]) -> None:
    pages = Pages("Title", pieces)
    length = len(pages.text)
    shares = pages.shares(0, length)
    assert sum(share.length for share in shares) == length
    assert {share.origin for share in shares} == set(pages.origins())
    for at in range(length):
        node, within = pages.node_at(at)
        assert pages.offset_of(node, within) == at
        ((first, last, origin),) = pages.spans(at, at + 1)
        assert (first, last) == (at, at + 1)
        assert origin == pieces[node - 1].runs[0].origin


def test_the_last_page_ends_with_the_text() -> None:
    text = "\n\n".join(f"Paragraph {number}." for number in range(50))
    pages = Pages("T", [Piece(1, text, origins.whole(text, "human"), (), None, 0)])
    pages.width = 40
    page = pages.page(pages.last(10), 10)
    assert len(page) == 10
    assert pages.text[page[-1].start : page[-1].end] == "Paragraph 49."
    short = Pages("T", [Piece(1, "x", origins.whole("x", "human"), (), None, 0)])
    assert short.last(10) == Anchor(0)


def test_lines_of_verse_and_of_a_letter_stay_lines() -> None:
    text = "Dear aunt,\nall is well.\n\n  two in\n one in"
    pages = Pages("T", [Piece(1, text, origins.whole(text, "human"), (), None, 0)])
    pages.width = 40
    rows = [row for row in pages.page(pages.first(), 100) if row.kind in ("text", "blank")]
    shown = [pages.text[row.start : row.end] for row in rows]
    assert shown == ["", "Dear aunt,", "all is well.", "", "  two in", "one in", ""]
