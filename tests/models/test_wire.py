"""What goes over the wire comes out as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.protocol import (
    Call,
    Delta,
    Done,
    Event,
    Facts,
    Failed,
    First,
    call_from,
    call_to,
    event_from,
    event_to,
    facts_from,
    facts_to,
)
from storyloom.models.wire import JSON, decode, encode

TEXTS = st.text(alphabet=st.characters(), max_size=50)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.one_of(
    st.builds(First, TEXTS),
    st.builds(Delta, TEXTS, TEXTS),
    st.builds(Done, TEXTS, st.just("length"), cost=st.just(0.5), dropped=st.just(("n",))),
    st.builds(Failed, TEXTS, st.just("rate_limit"), TEXTS, st.none() | st.just(7.0)),
)


@given(st.dictionaries(TEXTS, JSONS, max_size=5))
def test_a_message_is_one_line_of_ascii(message: dict[str, object]) -> None:
    line = encode(message)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == message


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"3\n", b"{\n", b"\xff\n", b"hello\n"])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(line)


@given(EVENTS)
def test_an_event_comes_back(event: Event) -> None:
    assert event_from(decode(encode(event_to(event)))) == event


@given(TEXTS, st.dictionaries(TEXTS, JSONS, max_size=3))
def test_a_call_comes_back(prompt: str, params: dict[str, JSON]) -> None:
    call = Call("c1", "local/x", prompt=prompt, params=params, fork="f", index=1, of=3)
    assert call_from(decode(encode(call_to(call)))) == call


def test_facts_come_back_and_a_newer_worker_may_say_more() -> None:
    facts = Facts(
        "m", "text", window=10, in_price=0.1, known=True, key_missing="X_KEY", refuses=("seed",),
        hottest=1.0,
    )  # fmt: skip
    assert facts_from({**decode(encode(facts_to(facts))), "is": "facts", "colour": "red"}) == facts


def test_other_messages_are_no_event() -> None:
    assert event_from({"is": "ready"}) is None
    assert event_from({}) is None
