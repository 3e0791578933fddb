"""Keys in a text that comes in pieces, wherever the pieces end."""

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.redact import MASK, Masking

KEY, LONGER, OTHER = "sk-0123456789", "sk-0123456789-and-more", "aws/0123+45=6789"
KEYS = (KEY, LONGER, OTHER)


@pytest.fixture(autouse=True)
def _environment() -> object:
    with pytest.MonkeyPatch.context() as patch:
        for number, key in enumerate(KEYS):
            patch.setenv(f"N{number}_API_KEY", key)
        yield


def masked(*pieces: str) -> list[str]:
    masking = Masking()
    return [*map(masking.feed, pieces), masking.rest()]


def test_a_key_is_masked_whole_or_in_two_or_by_the_character() -> None:
    for key in (*KEYS, quote(OTHER, safe=""), b64encode(KEY.encode()).decode()):
        text = f"Say {key}, said she."
        for at in range(len(text)):
            said = "".join(masked(text[:at], text[at:]))
            assert said.endswith(f"{MASK}, said she."), (key, at, said)
            assert key[3:] not in said
        said = "".join(masked(*text))
        assert said.endswith(f"{MASK}, said she.")
        assert key[3:] not in said


def test_at_most_three_characters_of_a_key_are_there_and_only_if_it_was_split_there() -> None:
    assert masked(f"a{KEY}b") == [f"a{MASK}b", ""]
    assert masked("a sk-", "0123456789b") == ["a sk-", f"{MASK}b", ""]
    assert masked("a sk-0", "123456789 b") == ["a ", f"{MASK} b", ""]


def test_prose_is_passed_on_as_it_comes() -> None:
    pieces = ("The sk", "y was as k", "een", " as sk-0123", "456, not more", "s")
    assert masked(*pieces) == [
        "The sk", "y was as k", "een", " as ", "sk-0123456, not more", "s", "",
    ]  # fmt: skip


def test_what_is_held_back_at_the_end_is_text_after_all() -> None:
    assert masked("as sk-012") == ["as ", "sk-012"]


def test_a_key_that_begins_with_another_is_one() -> None:
    assert "".join(masked("a sk-0123456789", "-and-m", "ore b")) == f"a {MASK} b"
    assert "".join(masked("a sk-0123456789", "-and-m", "any b")) == f"a {MASK}-and-many b"


@given(
    st.lists(st.sampled_from([*KEYS, "sk-", "0123", "a", " \n", "aws/", LONGER[:15]])), st.data()
)
def test_no_split_lets_a_key_through_or_loses_other_text(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    said = "".join(masked(*pieces))
    assert not any(key in said for key in KEYS)
    if not any(key in text for key in KEYS):
        assert said == text
