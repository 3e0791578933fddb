"""A begun answer is left out where it is repeated, and only there."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.prefill import Echo

PIECES = st.lists(st.text("ab ", max_size=4), max_size=8)


def heard(begun: str, pieces: list[str]) -> str:
    echo = Echo(begun)
    return "".join(map(echo.heard, pieces)) + echo.rest()


@given(st.text("ab ", min_size=1, max_size=6), PIECES)
def test_a_text_without_the_beginning_stays_whole(begun: str, pieces: list[str]) -> None:
    whole = "".join(pieces)
    if not whole.startswith(begun):
        assert heard(begun, pieces) == whole


@given(PIECES, PIECES)
def test_a_repeated_beginning_is_left_out_however_it_is_cut(
    begun: list[str], pieces: list[str]
) -> None:
    assert heard("".join(begun), [*begun, *pieces]) == "".join(pieces)


@given(PIECES)
def test_nothing_begun_is_nothing_held_back(pieces: list[str]) -> None:
    assert [Echo("").heard(piece) for piece in pieces] == pieces
