"""The line that says how far something has come."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.tui.widgets.lines import Line
from storyloom.tui.widgets.progress import bar
from tests.tui.stories import HOSTILE


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def filled(line: Line) -> int:
    return sum(len(part) for part, style in line if style == "title")


def test_a_bar_says_its_part_in_words_too() -> None:
    line = bar("writing a.md", 25, 100, 60)
    assert text(line).startswith("writing a.md  ")
    assert text(line).endswith("  25%")
    assert filled(bar("writing", 100, 100, 60)) // 4 == filled(bar("writing", 25, 100, 60))
    assert filled(bar("writing", 0, 100, 60)) == 0


def test_of_what_is_not_known_no_part_is_said() -> None:
    line = text(bar("reading", 5, 0, 40))
    assert line.strip() == "reading …"
    assert "%" not in line


@given(st.text(max_size=80), st.integers(-5, 10**9), st.integers(-5, 10**9), st.integers(20, 120))
def test_it_never_needs_more_room_than_there_is(
    word: str, done: int, whole: int, width: int
) -> None:
    assert cell_len(text(bar(word, done, whole, width))) <= width


def test_the_name_of_a_file_is_drawn_safely() -> None:
    assert not {"\x1b", "\u202e", "\x00"} & set(text(bar(HOSTILE, 1, 2, 80)))
