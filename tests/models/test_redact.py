"""No key survives redaction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.redact import MASK, learn, redact, watch

KEYS = {
    "OPENAI_API_KEY": "sk-0123456789",
    "HF_TOKEN": "hf_0123456789",
    "AWS_SECRET": "aws/0123+456789",
    "LONGER_KEY": "sk-0123456789-and-more",
}


@pytest.mark.parametrize("value", KEYS.values())
def test_every_key_of_the_environment_is_masked(value: str) -> None:
    assert redact(f"bad key {value}!", KEYS) == f"bad key {MASK}!"


def test_a_key_that_begins_with_another_leaves_no_tail() -> None:
    assert redact("sk-0123456789-and-more", KEYS) == MASK


def test_a_key_is_masked_in_an_address_too() -> None:
    assert "0123" not in redact("http://x/?key=aws%2F0123%2B456789", KEYS)


def test_ordinary_variables_and_short_values_are_left_alone() -> None:
    assert redact("home of a", {"HOME": "home of a", "A_KEY": "a"}) == "home of a"


def test_a_watched_variable_is_a_key_whatever_its_name() -> None:
    environ = {"MY_PLACE": "secret-place"}
    assert redact("in secret-place", environ) == "in secret-place"
    watch("MY_PLACE")
    assert redact("in secret-place", environ) == f"in {MASK}"


def test_the_environment_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_API_KEY", "new-0123456789")
    assert redact("new-0123456789") == MASK


def test_a_key_that_was_learned_is_masked_in_every_form_without_any_environment() -> None:
    learn(' lear"ned/0123+456789 \n')
    for form in ('lear"ned/0123+456789', "lear%22ned%2F0123%2B456789", r"lear\"ned/0123+456789"):
        assert redact(f"in {form}!", {}) == f"in {MASK}!"


def test_what_is_too_short_to_be_a_key_is_not_learned() -> None:
    learn("the tide")
    learn("tide")
    assert redact("the ebb, tide", {}) == "the ebb, tide"


@given(st.text(), st.text(), st.sampled_from(sorted(KEYS.values())))
def test_no_text_around_a_key_hides_it(before: str, after: str, key: str) -> None:
    assert key not in redact(before + key + after, KEYS)
