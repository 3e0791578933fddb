"""Lines of prose: they fit, they are in order, and nothing that can be seen is lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.text import visible
from storyloom.tui import wrapping
from storyloom.tui.wrapping import wrap

_TEXT = st.text(
    st.one_of(
        st.sampled_from("  \n\naeiou.,—“”"),
        st.sampled_from("好漢字🙂é한"),
        st.characters(exclude_categories=("Cs", "Cc", "Cf", "Mn", "Me", "Zl", "Zp")),
    ),
    max_size=200,
)


@given(_TEXT, st.integers(2, 70))
@example("a" * 30, 7)
@example("", 10)
@example("\n\n", 10)
@example("a  好" * 9, 3)
def test_lines_fit_are_in_order_and_hold_all_that_can_be_seen(text: str, width: int) -> None:
    text = visible(text)
    spans = wrap(text, width)
    assert spans
    last = 0
    for start, end in spans:
        assert last <= start <= end <= len(text)
        assert "\n" not in text[start:end]
        assert cell_len(text[start:end].rstrip()) <= width
        last = end
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())


@given(_TEXT, st.integers(2, 70))
def test_an_empty_line_stays_one_and_every_line_end_breaks(text: str, width: int) -> None:
    text = visible(text)
    spans = wrap(text, width)
    assert len(spans) >= text.count("\n") + 1
    for at in [at for at, character in enumerate(text) if character == "\n"]:
        assert not any(start <= at < end for start, end in spans)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=12), min_size=1), st.integers(12, 40))
def test_words_that_fit_are_not_broken(words: list[str], width: int) -> None:
    text = " ".join(words)
    lines = [text[start:end].split() for start, end in wrap(text, width)]
    assert [word for line in lines for word in line] == words


def test_lines_are_as_long_as_they_can_be() -> None:
    text = "one two three four"
    assert [text[start:end] for start, end in wrap(text, 9)] == ["one two", "three", "four"]


@given(st.text(st.sampled_from("   aeiou.,—“”’é\n"), max_size=200), st.integers(1, 20))
@example("  " * 9 + "a", 4)
@example("aaaa " * 9, 4)
@example("a" * 30 + "  bb   " + "c" * 9, 7)
def test_prose_of_even_characters_breaks_as_any_other(text: str, width: int) -> None:
    assert wrapping.wrap.__wrapped__(text, width) == measured(text, width)


def measured(text: str, width: int) -> list[tuple[int, int]]:
    """Return the lines that measuring every word gives."""
    even = re.compile("(?!)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapping, "_EVEN", even)
        return list(wrapping.wrap.__wrapped__(text, width))


def test_even_characters_are_one_cell_wide_each() -> None:
    even = [chr(code) for code in range(0x3000) if wrapping._EVEN.fullmatch(chr(code))]
    assert len(even) > 500
    assert [character for character in even if cell_len(character) != 1] == []
    assert [character for character in even if character.isspace()] == []
