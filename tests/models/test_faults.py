"""An exception becomes one sentence, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.models.faults import explain, spoken
from storyloom.models.routes import Route

ROUTE = Route("openai/m", "openai/m", "openai", "m", "openai")


class ProviderError(Exception):
    """An error with a status, as every provider's library has one."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


@given(st.text(alphabet=st.characters(), max_size=400), st.sampled_from([None, 400, 404, 500, 503]))
def test_any_message_makes_one_short_printable_line(message: str, status: int | None) -> None:
    say = explain(ProviderError(message, status), ROUTE, begun=False).say
    assert 0 < len(say) <= 200
    assert "\n" not in say
    assert "\x1b" not in say


def test_a_key_across_the_cut_of_a_long_message_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-0123456789")
    for shift in range(2000, 2060):
        fault = explain(ProviderError(" " * shift + "sk-0123456789", 400), ROUTE, begun=False)
        assert "sk-0" not in fault.say


def test_a_megabyte_of_error_page_is_read_at_once() -> None:
    fault = explain(ProviderError("<" * 1_000_000, 502), ROUTE, begun=False)
    assert fault.kind == "server"


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "the request exceeds the available context size",
        "This endpoint's maximum context length is 8192 tokens",
    ],
)
def test_a_story_that_is_too_long_is_known_by_its_words(message: str) -> None:
    assert explain(ProviderError(message, 400), ROUTE, begun=False).kind == "context_too_long"


def test_a_connection_lost_after_text_is_a_cut() -> None:
    error = ProviderError("gone")
    error.__cause__ = ConnectionResetError()
    assert explain(error, ROUTE, begun=False).kind == "connection"
    assert explain(error, ROUTE, begun=True).kind == "cut_off"


def test_a_number_in_an_address_is_no_status() -> None:
    # litellm takes the port for a 403.
    error = ProviderError("Cannot connect to http://storyloom.invalid:40301", 403)
    error.__cause__ = ConnectionRefusedError()
    assert explain(error, ROUTE, begun=False).kind == "connection"
    assert explain(error, ROUTE, begun=False, status=403).kind == "auth", "it did answer"


def test_errors_that_cause_each_other_are_no_endless_loop() -> None:
    first, second = ProviderError("a"), ProviderError("b")
    first.__cause__, second.__cause__ = second, first
    assert explain(first, ROUTE, begun=False).kind == "other"


def test_a_sentence_is_cut_at_200_characters() -> None:
    assert spoken("x" * 199) == "x" * 199
    assert len(spoken("word " * 100)) <= 200
