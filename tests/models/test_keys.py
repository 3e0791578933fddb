"""A key shows itself to nobody by accident."""

import copy
import json
import pickle
import traceback
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.keys import Key
from storyloom.models.redact import MASK, redact
from storyloom.models.routes import Route
from storyloom.text import Refusal

SECRET = "sk-hidden-0123456789"


def test_nothing_that_makes_a_text_of_a_key_shows_it() -> None:
    key = Key(SECRET)
    for text in (repr(key), str(key), f"{key}", f"{key!r:>30}", "%s" % key, "{:s}".format(key)):  # noqa: UP031, UP032
        assert SECRET not in text
        assert MASK in text
    assert MASK in f"{[key]} { ({'k': key}) }"
    assert not hasattr(key, "__dict__")
    assert key.reveal() == SECRET


@pytest.mark.parametrize(
    "leak",
    [json.dumps, pickle.dumps, lambda key: "" + key, lambda key: "".join([key]), list, bytes],
    ids=["json", "pickle", "plus", "join", "list", "bytes"],
)
def test_a_key_goes_into_no_file_format(leak: object) -> None:
    assert callable(leak)
    with pytest.raises(TypeError) as raised:
        leak(Key(SECRET))
    assert SECRET not in str(raised.value)


def test_a_route_shows_no_key_however_it_is_turned() -> None:
    way = Route("openai/m", "openai/m", "openai", "m", "openai", api_key=Key(SECRET))
    for each in (way, replace(way, name="n"), copy.deepcopy(way), asdict(way), vars(way)):
        assert SECRET not in repr(each)
    with pytest.raises(TypeError):
        json.dumps(asdict(way))


def test_a_traceback_with_its_locals_shows_no_key() -> None:
    def fails(way: Route, key: Key) -> None:
        raise RuntimeError(f"{way} {key}")

    key = Key(SECRET)
    try:
        fails(Route("m", "m", "p", "m", "p", api_key=key), key)
    except RuntimeError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(shown.format())
    assert "way = Route" in text
    assert SECRET not in text.replace(f"SECRET = {SECRET!r}", "")


def test_the_redactor_knows_every_key() -> None:
    assert redact("of-nowhere-0123456789", {}) == "of-nowhere-0123456789"
    Key("of-nowhere-0123456789")
    assert redact("of-nowhere-0123456789", {}) == MASK


@pytest.mark.parametrize(
    "text",
    ["", " \n", "short", "with space 0123", "line\nbreak-0123", "esc\x1b[31m-0123456789",
     "no-ascii-é-0123456", "x" * 5000, "nul\x00-0123456789"],
)  # fmt: skip
def test_what_can_be_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        Key.typed(text)
    if len(text) > 4:
        assert text.strip() not in str(refused.value)
    assert str(refused.value).isprintable()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=200))
def test_a_key_is_taken_as_it_is_but_for_white_space_around_it(text: str) -> None:
    assert Key.typed(f" {text}\r\n").reveal() == text
