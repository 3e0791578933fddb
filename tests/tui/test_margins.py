"""The margin beside a page: it fits, and it says where one is."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.story import origins
from storyloom.story.marks import Chapter
from storyloom.story.noted import Note
from storyloom.story.offered import Fork
from storyloom.story.reading import Piece
from storyloom.tui.margins import contents
from storyloom.tui.pages import Pages
from storyloom.tui.widgets.lines import Line
from tests.tui.stories import HOSTILE


def book(chapters: int, forks: int, notes: int = 0) -> Pages:
    """Pages of so many chapters, the last of which has that many forks and notes."""
    pieces = [
        Piece(1 + n, f"In {n}.\n\n", origins.whole(f"In {n}.\n\n", "human"),
              (Chapter(0, f"{HOSTILE} {n}", True),), None, 0)
        for n in range(chapters)
    ]  # fmt: skip
    nodes = range(chapters + 1, chapters + forks + 1)
    pieces += [Piece(node, "On. ", origins.whole("On. ", "human"), (), None, 0) for node in nodes]
    noted = [Note(node, f"{HOSTILE} too cute? " * 3) for node in nodes[:notes]]
    return Pages("T", pieces, [Fork(node, 59, ()) for node in nodes], noted)


def said(lines: list[Line]) -> list[str]:
    """The lines as text."""
    return ["".join(text for text, _ in line) for line in lines]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(18, 44), st.integers(8, 46), st.data())
def test_the_margin_fits_and_marks_the_chapter(
    chapters: int, forks: int, width: int, height: int, data: st.DataObject
) -> None:
    pages = book(chapters, forks, data.draw(st.integers(0, forks)))
    top = data.draw(st.integers(0, len(pages.text)))
    lines = said(contents(pages, top, top + 20, width, height))
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert not any("\x1b" in line for line in lines)
    here = pages.chapter_at(top)
    marked = [line for line in lines if line.startswith("> ") and not line.startswith("> n")]
    assert [line.split()[1] for line in marked] == ([str(here + 1)] if here >= 0 else [])


def test_forks_on_the_page_are_marked_and_those_of_other_chapters_left_out() -> None:
    pages = book(2, 30)
    assert not any("ways" in line for line in said(contents(pages, 0, 5, 22, 38)))
    at, fork = pages.forks[12]
    lines = said(contents(pages, at, at + 1, 22, 38))
    assert [line.split() for line in lines if line.startswith("> n")] == [
        [">", f"n{fork.node}", "60", "ways"]
    ]


def test_notes_of_the_chapter_have_two_lines_each_and_those_on_the_page_are_marked() -> None:
    texts = ("In one.\n\n", "Eels. ", "Bells.")
    chapters = ((), (Chapter(0, "Two", True),), ())
    pieces = [
        Piece(node, text, origins.whole(text, "human"), marks, None, 0)
        for node, (text, marks) in enumerate(zip(texts, chapters, strict=True), 1)
    ]
    notes = [Note(1, "of the other chapter"), Note(2, "eels: too cute? I am not sure of them"),
             Note(3, "bells")]  # fmt: skip
    pages = Pages("T", pieces, notes=notes)
    top = len(texts[0])
    lines = said(contents(pages, top, top + len(texts[1]), 22, 38))
    at = lines.index("notes".ljust(22))
    assert lines[at + 1 :] == ["> n2 eels: too cute? I", "  am not sure of them", "  n3 bells"]
