"""What a pane draws again of a line is all that differs, whatever characters are in it."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from storyloom.tui.widgets.lines import Line, _differing_end, _merged, fitted

WIDTH = 24
PIECES = ("a", "b", " ", "   ", "é", "e\u0301", "\u200b", "\x00", "\x1b[1m", "\u202e", "湖", "👍🏽",
          "👩‍👩‍👧", "☺️", "🇫🇷", "क्षि", "\t", "…", "·")  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
names = st.sampled_from(["text", "dim", "fresh", "fresh selection", "bar"])
lines = st.lists(st.tuples(texts, names), max_size=4).map(tuple)


def after(line: Line, cell: int) -> str:
    """Return what a terminal shows from a cell on."""
    text = "".join(text for text, _ in _merged(line))
    return Strip([Segment(text)]).adjust_cell_length(WIDTH).crop(cell, WIDTH).text


@given(before=lines, now=lines)
def test_nothing_differs_behind_the_end_of_what_is_drawn_again(before: Line, now: Line) -> None:
    end = _differing_end(before, now, WIDTH)
    assert 0 <= end <= WIDTH
    assert after(before, end) == after(now, end)


@given(line=lines)
def test_a_line_that_stays_is_not_drawn_again(line: Line) -> None:
    assert _differing_end(line, line, WIDTH) == 0


@given(text=texts, width=st.integers(0, 20))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    shown = "".join(part for part, _ in _merged(((text, ""),)))
    assert cell_len(fitted(shown, width)) == width
