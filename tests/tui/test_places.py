"""Words are found in a long text whatever case and accents they have."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.tui.places import folded, places


@given(st.text(max_size=200))
def test_a_folded_text_has_the_length_of_the_text(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_what_is_looked_at_in_parts_is_folded_as_a_whole() -> None:
    text = "É" * 49_999 + "TÉ dEs " * 20_000
    assert folded(text) == "e" * 49_999 + "te des " * 20_000
    assert places(folded(text), "ete")[0] == (49_998, 50_001)


def test_case_accents_and_line_ends_do_not_count() -> None:
    text = "L'ÉTÉ des\nBaleines. İstanbul, été  des baleines."
    found = places(folded(text), "été DES baleines")
    assert [text[start:end] for start, end in found] == ["ÉTÉ des\nBaleines", "été  des baleines"]
    assert places(folded(text), "  ") == []
    assert places(folded(text), ".*") == []


@given(st.text(alphabet="ab \n", max_size=60), st.text(alphabet="ab ", min_size=1, max_size=4))
def test_every_place_has_the_words(text: str, wanted: str) -> None:
    for start, end in places(folded(text), wanted):
        assert text[start:end].split() == wanted.split()


def test_accents_written_as_characters_of_their_own_do_not_count() -> None:
    text = "A cafe\u0301, a café."
    for wanted in ("cafe", "café", "CAFE\u0301"):
        found = places(folded(text), wanted)
        assert [text[start:end] for start, end in found] == ["cafe\u0301", "café"]


def test_letters_of_other_scripts_are_not_taken_apart() -> None:
    assert places(folded("한국 학교"), "하") == []
    assert places(folded("мой дом"), "мои") == []
    assert places(folded("МОЙ ДОМ"), "мой") == [(0, 3)]


def test_a_quote_is_found_however_it_is_written() -> None:
    assert places(folded("the tide’s “edge”"), 'tide\'s "edge"') == [(4, 17)]
