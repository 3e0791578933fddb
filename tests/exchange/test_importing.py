"""What is brought in from texts: chapters, passages, origins; and what is refused."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.exchange import importing
from storyloom.exchange.book import Book, Section, book_of, sections
from storyloom.exchange.decoding import NoText, decoded
from storyloom.exchange.importing import bring_in
from storyloom.exchange.passages import divided
from storyloom.exchange.readers.markdown import markdown_book
from storyloom.exchange.readers.plain import plain_book
from storyloom.exchange.writers.markdown import markdown
from storyloom.story import marks, reading, shape, tips
from storyloom.story.check import check_file
from storyloom.story.kept import kept
from storyloom.story.origins import by_origin
from storyloom.story.story import Story
from storyloom.text import Refusal, words

HOSTILE = "\x1b]52;c;UFdORUQ=\x07 [/] [@click=app.bell]x[/] \u202eevil\u2066 \x9b5m"

LINE = st.text("aB1 .)(#*_`<>[]{}|~^$@&;:!\\-+='\"é門\t", min_size=1, max_size=24)
PARAGRAPH = st.lists(LINE, min_size=1, max_size=4).map("\n".join)
BLOCK = st.one_of(PARAGRAPH, st.just("* * *"))
TITLE = st.text("aB1 .#*_{}\\<>&;—\"'é", max_size=12).map(lambda title: " ".join(title.split()))


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A book as a story with chapter marks gives it."""
    pieces: list[reading.Piece] = []
    for _ in range(draw(st.integers(0, 4))):
        text = "\n\n".join(draw(st.lists(BLOCK, max_size=4))) + "\n\n"
        chapter = draw(st.none() | st.tuples(st.just(0), TITLE, st.booleans()))
        found = (marks.Chapter(*chapter),) if chapter else ()
        pieces.append(reading.Piece(1, kept(text), (), found, None, 0))
    return Book(draw(TITLE), tuple(sections(pieces)))


def told(found: list[Section]) -> list[tuple[object, ...]]:
    """What a reader sees of sections."""
    return [(each.heading, each.number, each.blocks) for each in found]


def as_sections(book: Book) -> list[Section]:
    """The sections of the strand that a book is divided into."""
    pieces = [
        reading.Piece(n, each.text, (), each.chapters, None, 0)
        for n, each in enumerate(divided(book, "import:x"))
    ]
    return sections(pieces)


@given(books())
@settings(max_examples=400, deadline=None)
def test_our_own_markdown_comes_back_as_the_same_book(book: Book) -> None:
    read = markdown_book(markdown(book))
    assert read.title == book.title or not book.title
    assert told(list(read.sections)) == told(list(book.sections))


@given(books())
@settings(max_examples=200, deadline=None)
def test_the_passages_of_a_book_are_the_book(book: Book) -> None:
    assert told(as_sections(book)) == told(list(book.sections))
    for passage in divided(book, "import:x"):
        assert all(0 <= mark.offset < len(passage.text) for mark in passage.chapters)


@given(st.text(max_size=300), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read_as_either(text: str, as_markdown: bool) -> None:
    book = (markdown_book if as_markdown else plain_book)(kept(text))
    assert told(as_sections(book)) is not None


def test_an_export_that_is_brought_in_is_the_story_again(tmp_path: Path) -> None:
    with Story.create(tmp_path / "a.loom", title="Salt *and* tide", opening="One.\n\n") as story:
        marks.set_chapter(story, 1, "The ferry")
        node = shape.write_child(story, 1, "Two,\nwith a line end.\n\n* * *\n\n# Three.\n\n")
        last = shape.write_child(story, node, "    Deep.\n\nFour.")
        marks.set_chapter(story, last, "Low bells", 6)
        book = book_of(story, last)
    (tmp_path / "a.md").write_text(markdown(book), "utf-8")
    made = bring_in(tmp_path / "a.md", tmp_path / "library")
    assert made.path.name == "salt-and-tide.loom"
    with Story(made.path) as story:
        assert book_of(story) == book
    assert not check_file(made.path).faults


def test_what_is_brought_in_is_one_strand_on_the_weave_and_said_to_be_imported(
    tmp_path: Path,
) -> None:
    text = (
        "# Tide\n\n## One\n\nIt rose.\n\n***\n\nIt fell.\n\n## Two\n\n" + "Word after word. " * 600
    )
    (tmp_path / "tide.md").write_text(text)
    made = bring_in(tmp_path / "tide.md", tmp_path)
    with Story(made.path) as story:
        tip = tips.weave_tip(story)
        strand = reading.strand(story, tip)
        assert len(strand) == made.passages > 4
        assert reading.children(story, tip) == []
        assert marks.story_text(story, "title") == "Tide"
        assert [mark.title for _, mark in reading.chapters(story, tip)] == ["One", "Two"]
        assert [piece.text for piece in strand[:2]] == ["It rose.\n\n* * *\n\n", "It fell.\n\n"]
        assert all(set(by_origin(piece.runs)) == {"import:markdown"} for piece in strand)
        assert {card.author for card in reading.cards(story, [tip])} == {"import:markdown"}
        assert all(250 < words(piece.text) <= 650 for piece in strand[2:])
    assert not check_file(made.path).faults


def test_a_long_chapter_is_cut_where_paragraphs_end() -> None:
    paragraph = "word " * 99 + "end."
    passages = divided(Book("", (Section(None, None, (paragraph,) * 21),)), "import:x")
    counts = [words(each.text) for each in passages]
    assert sum(counts) == 2100
    assert all(300 <= count <= 600 for count in counts)
    assert all(each.text.rstrip().endswith("end.") for each in passages)
    assert [each.parent for each in passages] == [-1, 0, 1, 2]


@pytest.mark.parametrize(
    ("text", "title", "chapters"),
    [
        ("---\ntitle: The Tide\nauthor: M\n---\n\n# One\n\nA.\n", "The Tide", ["One"]),
        ("---\ntitle: 'It''s \\*'\n...\n\nA.\n", "It's *", []),
        ("# Tide\n\nA.\n", "Tide", []),
        ("# Tide\n\n## One\n\nA.\n\n## Two\n\nB.\n", "Tide", ["One", "Two"]),
        ("# One\n\nA.\n\n# Two\n\nB.\n", "One", ["One", "Two"]),
        ("# Tide\n\n# One\n\nA.\n\n# Two\n\nB.\n", "Tide", ["One", "Two"]),
        ("Tide\n====\n\nOne\n---\n\nA.\n", "Tide", ["One"]),
        ("A.\n\n## One {#one}\n\nB.\n", "", ["One"]),
        ("---\n\nA.\n\n---\n\nB.\n", "", []),
    ],
)
def test_titles_and_chapters_are_found(text: str, title: str, chapters: list[str]) -> None:
    book = markdown_book(text)
    assert book.title == title
    assert [each.title for each in book.sections if each.title is not None] == chapters
    assert any(section.blocks for section in book.sections)


def test_lines_that_markdown_joins_are_one_and_hard_ends_stay() -> None:
    book = markdown_book("One\ntwo  \nthree\\\nfour &amp; \\*five\\*\n\n### Small\n\n<!-- no -->x")
    assert book.sections[0].blocks == ("One two\nthree\nfour & *five*", "Small", "x")


def test_plain_text_broken_at_a_screens_width_becomes_paragraphs_and_verse_stays() -> None:
    prose = "\n".join(["the ferry lay as still as a tooth in the mud of the harbour that"] * 14)
    book = plain_book(f"CHAPTER I\n\n{prose}\n\n* * *\n\nEpilogue\n\nEnd.")
    assert [each.title for each in book.sections] == ["CHAPTER I", "Epilogue"]
    assert book.sections[0].blocks == (prose.replace("\n", " "), None)
    assert plain_book("Tide,\n   and bell,\nand rope.").sections[0].blocks == (
        "Tide,\n   and bell,\nand rope.",
    )
    assert plain_book("Part of the way was dark, and the rest.").sections[0].title is None


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_texts_in_other_encodings_are_read(encoding: str) -> None:
    text = "“Älter”, sagte sie — und ging.\n" * 3
    assert decoded(text.encode(encoding)) == text


def test_what_is_no_text_is_told_from_what_is_damaged_text() -> None:
    with pytest.raises(NoText):
        decoded(bytes(range(256)) * 64)
    with pytest.raises(NoText):
        decoded(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + os.urandom(2_000))
    assert decoded("Älter, größer.".encode()[:-1] + b"\xff") == "Älter, größer\ufffd"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "There is no file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n\n"), "is empty"),
        (lambda path: path.write_bytes(b"# \n\n"), "no text in it"),
        (lambda path: path.write_bytes(bytes(range(256)) * 64), "is not text"),
        (lambda path: path.write_bytes(b"PK\x03\x04rest"), "an office document, which cannot"),
        (lambda path: path.write_bytes(b"<!DOCTYPE html><p>x"), "is HTML"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\0" * 5_000), "is not sound"),
        (os.mkfifo, "is not a file with text in it"),
    ],
    ids=[
        "missing", "folder", "empty", "blank", "headings", "binary", "zip", "html", "sqlite",
        "pipe",
    ],
)  # fmt: skip
def test_what_cannot_be_brought_in_says_why_and_leaves_nothing(
    tmp_path: Path, make: object, said: str
) -> None:
    path = tmp_path / "odd.md"
    make(path)  # type: ignore[operator]
    with pytest.raises(Refusal, match=said):
        bring_in(path, tmp_path / "library")
    library = tmp_path / "library"
    assert not library.exists() or not list(library.iterdir())


def test_a_file_too_large_for_a_text_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "big.txt", "wb") as big:
        big.truncate(200_000_000)
    with pytest.raises(Refusal, match="has 200 MB"):
        bring_in(tmp_path / "big.txt", tmp_path / "library")


def test_nothing_is_replaced_and_names_are_slugs(tmp_path: Path) -> None:
    (tmp_path / "evil.md").write_text(f"# ../../{HOSTILE}\n\nText {HOSTILE}.\n")
    first = bring_in(tmp_path / "evil.md", tmp_path / "library").path
    second = bring_in(tmp_path / "evil.md", tmp_path / "library").path
    assert first.parent == second.parent == tmp_path / "library"
    assert second.stem == first.stem + "-2"
    with Story(first) as story:
        said = marks.story_text(story, "title") + reading.strand_text(story, 1)
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    with pytest.raises(Refusal, match="is there already"):
        bring_in(tmp_path / "evil.md", tmp_path, target=first)


class Stop(Exception):
    """The author has enough."""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_import_that_is_stopped_leaves_nothing(tmp_path: Path, after: int) -> None:
    (tmp_path / "long.txt").write_text(("word " * 400 + "\n\n") * 400)
    calls: list[str] = []

    def progress(word: str, done: int, whole: int) -> None:
        del done, whole
        calls.append(word)
        if len(calls) > after:
            raise Stop

    with pytest.raises(Stop):
        bring_in(tmp_path / "long.txt", tmp_path / "library", progress)
    assert not list((tmp_path / "library").glob("*")) if (tmp_path / "library").exists() else True
    assert not list(tmp_path.rglob(".*.new*"))


def test_a_story_is_copied_with_what_is_beside_it_while_it_is_open(tmp_path: Path) -> None:
    with Story.create(tmp_path / "tide.loom", title="Tide", opening="Once.") as story:
        shape.write_child(story, 1, "And more.")
        made = bring_in(story.path, tmp_path / "library")
        shape.write_child(story, 1, "Not this.")
    assert made.path == tmp_path / "library" / "tide.loom"
    assert [each.name for each in made.path.parent.iterdir()] == ["tide.loom"]
    with Story(made.path) as story:
        assert [piece.text for piece in reading.strand(story, 2)] == ["Once.", "And more."]
    assert bring_in(tmp_path / "tide.loom", tmp_path / "library").path.name == "tide-2.loom"


def test_a_damaged_story_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tide.loom"
    Story.create(path, opening="Once upon a tide. " * 2_000).close()
    data = bytearray(path.read_bytes())
    at = data.index(b"upon a tide")
    data[at : at + 4] = b"UPON"
    path.write_bytes(data)
    with pytest.raises(Refusal, match="not sound"):
        bring_in(path, tmp_path / "library")
    assert not list((tmp_path / "library").iterdir())


def test_of_a_large_story_it_is_said_that_only_the_copy_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(tmp_path / "tide.loom", opening="Once.").close()
    assert bring_in(tmp_path / "tide.loom", tmp_path / "library").left_out == ()
    monkeypatch.setattr(importing, "_CHECKED", 0)
    made = bring_in(tmp_path / "tide.loom", tmp_path / "library")
    assert "'storyloom check'" in made.left_out[0]
    assert not check_file(made.path).faults


def test_copying_a_large_story_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Story.create(tmp_path / "tide.loom", opening="Once. " * 5_000).close()
    monkeypatch.setattr(importing, "_STEPS", 1)

    def progress(word: str, *_: int) -> None:
        if word == "copying":
            raise Stop

    with pytest.raises(Stop):
        bring_in(tmp_path / "tide.loom", tmp_path / "library", progress)
    assert not list((tmp_path / "library").iterdir())


def test_a_program_that_is_killed_while_it_imports_leaves_no_story(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(("word " * 400 + "\n\n") * 50)
    code = (
        "import os, sys; from pathlib import Path; from storyloom.exchange.importing import *\n"
        "bring_in(Path(sys.argv[1]), Path(sys.argv[2]), "
        "lambda word, done, whole: os._exit(9) if done else None)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "long.txt", tmp_path / "library"], check=False
    )
    assert ran.returncode == 9
    assert not list((tmp_path / "library").glob("*.loom"))
    shutil.rmtree(tmp_path / "library")


@given(st.binary(max_size=400), st.sampled_from([".md", ".txt", ".json", ".loom", ""]))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_file_is_brought_in_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    # Whatever else were raised would be the test's failure.
    with contextlib.suppress(Refusal):
        made = bring_in(path, tmp_path / "library")
        assert made.passages > 0
        made.path.unlink()


N = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * N + "x", "a" + " " * N + "b", " " * N + "x\n" * 2, "<!--" * N, "# " + "{" * N,
        "<!--" * N + "-->", "\\<!--" * N + "-->", "Part I\n\n" * N, "# x" + " " * N + "{a",
        "* " * N + "x", "\\" * N, "&" * N, "# x" + " #" * N + "y", "." + "'" * N,
        "---\n" + "a:\n" * 6_000, "~~~\n" * N, "Chapter " * N, "***\n" * N, "# " + "{a}" * N,
        "a" + "\u0301" * N,
    ],
    ids=lambda text: text[:5].strip(),
)  # fmt: skip
@pytest.mark.parametrize("read", [markdown_book, plain_book])
def test_no_text_takes_the_square_of_its_length(text: str, read: Callable[[str], Book]) -> None:
    # What takes the square of it takes minutes: this test ends at once, or not at all.
    divided(read(kept(text)), "import:x")
