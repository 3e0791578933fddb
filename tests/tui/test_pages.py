"""A strand as pages: nothing of the text is lost, and every place is found again."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.exchange.book import sections
from storyloom.story import origins
from storyloom.story.marks import Chapter
from storyloom.story.offered import Fork, Offer
from storyloom.story.reading import Piece
from storyloom.text import words
from storyloom.tui.pages import Anchor, Pages, Row

_WORDS = st.lists(
    st.sampled_from(["salt", "a", "\n", "\n\n", " ", "\t", "* * *", "#", "bell,", "好漢"])
)


@st.composite
def strands(draw: st.DrawFn) -> list[Piece]:
    """Pieces of a strand, some with a chapter mark, by different hands."""
    pieces: list[Piece] = []
    for node in range(1, draw(st.integers(1, 5)) + 1):
        text = " ".join(draw(_WORDS))
        marks: tuple[Chapter, ...] = ()
        if text and draw(st.booleans()):
            offsets = draw(st.lists(st.integers(0, len(text) - 1), max_size=3, unique=True))
            marks = tuple(Chapter(offset, f"T{offset}", draw(st.booleans())) for offset in offsets)
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
    shares = pages.hands.shares(0, length)
    assert sum(share.length for share in shares) == length
    assert {share.origin for share in shares} == set(pages.hands.origins)
    for at in range(length):
        node, within = pages.node_at(at)
        assert pages.offset_of(node, within) == at
        ((first, last, origin),) = pages.hands.spans(at, at + 1)
        assert (first, last) == (at, at + 1)
        assert origin == pieces[node - 1].runs[0].origin


@given(strands())
def test_the_text_is_that_of_an_export(pieces: list[Piece]) -> None:
    pages = Pages("Title", pieces)
    pages.width = 1_000_000
    found: list[str | None] = []
    lines: list[str] = []
    for row in [*pages.page(pages.first(), 1_000_000)[1:], Row("blank", 0, 0)]:
        if row.kind == "text":
            lines.append(pages.text[row.start : row.end])
            continue
        found += ["\n".join(lines)] if lines else []
        lines.clear()
        if row.kind != "blank":
            found.append({"break": None, "number": f"# {row.text}"}.get(row.kind, row.text))
    expected: list[str | None] = []
    for section in sections(pieces):
        if section.title is not None:
            expected += [f"# {section.number}"] if section.number else []
            expected += [section.title or "—"] if section.title or not section.number else []
        expected += section.blocks
    assert found == expected


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


def forked(*texts: str, forks: tuple[int, ...], offers: bool = False, width: int = 40) -> Pages:
    """Pages of those passages, with two other ways at some of them."""
    pieces = [
        Piece(node, text, origins.whole(text, "human"), (), None, 0)
        for node, text in enumerate(texts, 1)
    ]
    other = (Offer(90, "Otherwise.", "lab/one"), Offer(91, "", ""))
    pages = Pages("T", pieces, [Fork(node, 2, other) for node in forks])
    pages.width = width
    pages.show_forks(True, offers=offers)
    return pages


def told(pages: Pages) -> list[str]:
    """What is on the pages, blank lines left out."""
    rows = pages.page(pages.first(), 1_000)
    said = [row.text or pages.text[row.start : row.end] for row in rows if row.kind != "blank"]
    return ["FORK" if line.startswith("| fork: 2 other ways") else line.strip() for line in said]


def test_a_fork_is_told_of_between_what_is_before_it_and_its_branch() -> None:
    for before, branch in (
        ("A.\n\n", "B."),
        ("A.", "\n\nB."),
        ("A.\n", "\n  B."),
        ("A.\n\n", "  B"),
    ):
        assert told(forked(before, branch, forks=(2,)))[1:3] == ["A.", "FORK"], (before, branch)
    assert told(forked("A.\n\n", "* * *\n\nB.", forks=(2,)))[1:] == [
        "A.",
        "FORK",
        "*   *   *",
        "B.",
    ]


def test_a_fork_inside_a_paragraph_is_told_of_below_it() -> None:
    assert told(forked("It was", " night.\n\nDay.", forks=(2,)))[1:] == [
        "It was night.",
        "FORK",
        "Day.",
    ]
    assert told(forked("A line,\n", "another.", forks=(2,)))[1:] == ["A line,", "another.", "FORK"]


def test_other_openings_are_told_of_below_the_title() -> None:
    assert told(forked("\nA.", forks=(1,))) == ["T", "FORK", "A."]


def test_a_passage_without_words_has_its_fork_too() -> None:
    assert told(forked("A.", "\n\n", "", forks=(2, 3)))[1:] == ["A.", "FORK", "FORK"]


def test_a_chapter_begins_below_the_fork_that_leads_to_it() -> None:
    pieces = [
        Piece(1, "A.\n\n", origins.whole("A.\n\n", "human"), (), None, 0),
        Piece(2, "B.", origins.whole("B.", "human"), (Chapter(0, "Two", True),), None, 0),
    ]
    pages = Pages("T", pieces, [Fork(2, 2, ())])
    pages.width = 40
    pages.show_forks(True, offers=False)
    assert told(pages)[1:] == ["A.", "FORK", "1", "Two", "B."]


@given(strands(), st.integers(8, 66), st.booleans(), st.data())
def test_every_fork_is_told_of_once_and_every_place_kept(
    pieces: list[Piece], width: int, offers: bool, data: st.DataObject
) -> None:
    nodes = data.draw(st.lists(st.integers(1, len(pieces)), unique=True)) if pieces else []
    other = (Offer(90, "Otherwise, and at length. " * 8, "lab/" + "long" * 20),)
    pages = Pages("T", pieces, [Fork(node, 3, other) for node in sorted(nodes)])
    pages.width = width
    plain = [row for row in pages.page(pages.first(), 1_000_000) if row.kind == "text"]
    places = [(pages.at(row.start), row) for row in plain]
    pages.show_forks(True, offers=offers)
    rows = pages.page(pages.first(), 1_000_000)
    assert [row for row in rows if row.kind == "text"] == plain
    assert sum(row.text.startswith("| fork") for row in rows) == len(nodes)
    assert all(cell_len(row.text) <= width for row in rows if row.kind == "fork")
    assert [pages.row_at(pages.at_fork(number)).text for number in range(len(nodes))] == [
        row.text for row in rows if row.text.startswith("| fork")
    ]
    # The title and what stands first share a place, and so does a chapter's head.
    assert [pages.at(row.start) for _, row in places] == [anchor for anchor, _ in places]


def test_the_prose_of_a_page_has_its_paragraphs_whole_and_nothing_of_forks() -> None:
    text = "Once upon a time there was a keeper of bells.\n\nDear aunt,\nall is well."
    pages = forked(text, "\n\nYours", forks=(2,), width=12)
    assert pages.prose(pages.page(pages.first(), 100)) == f"T\n\n{text}\n\nYours"


@given(strands(), st.integers(8, 66))
def test_the_words_of_chapters_are_those_of_the_text(pieces: list[Piece], width: int) -> None:
    pages = Pages("T", pieces)
    pages.width = width
    begins = pages.chapters[0].start if pages.chapters else len(pages.text)
    parts = [pages.text[part.start : pages.end_of(n)] for n, part in enumerate(pages.chapters)]
    assert pages.text[:begins] + "".join(parts) == pages.text
    assert pages.words == [words(part) for part in parts]
