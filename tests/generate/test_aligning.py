"""Tokens stand in the stored text where they were written, or are left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.aligning import aligned
from storyloom.generate.joining import continuation, without_unfinished
from storyloom.models.protocol import Mode, Token
from storyloom.story.kept import kept

BEFORE = "The tide went out and did not come back."


def tokens(*texts: str) -> list[Token]:
    return [Token(text, -float(index)) for index, text in enumerate(texts)]


def pieces(drawn: list[Token], answer: str, before: str = BEFORE, mode: Mode = "text") -> list[str]:
    """The stretches of the stored text that have a token; each is checked to be of its own."""
    text = continuation(before, answer, mode, ended=True)
    placed = aligned(drawn, answer, text)
    for one in placed:
        own = kept(drawn[round(-one.logprob)].text)
        assert kept(text)[one.start : one.end] in own
    return [kept(text)[one.start : one.end] for one in placed]


def test_each_token_of_a_plain_answer_has_its_place() -> None:
    drawn = tokens(" She", " walked", " after", " it", ".")
    assert pieces(drawn, " She walked after it.") == [" She", " walked", " after", " it", "."]


def test_a_seam_that_was_made_is_no_token_and_one_that_was_cut_leaves_the_rest() -> None:
    assert pieces(tokens("She", " ran."), "She ran.") == ["She", " ran."]
    assert pieces(tokens(" She", " ran."), " She ran.", BEFORE + " ") == ["She", " ran."]
    assert pieces(tokens("\n\n\n", "She"), "\n\n\nShe") == ["\n\n", "She"]


def test_what_is_cut_off_before_and_behind_takes_its_tokens_along() -> None:
    answer = "Sure, here is the story:\n\n```\nShe ran away from it. She\n```"
    drawn = tokens("Sure", ", here is the story", ":\n\n```\nShe", " ran", " away from it",
                   ". She", "\n```")  # fmt: skip
    assert pieces(drawn, answer, mode="chat") == ["She", " ran", " away from it", ". She"]
    repeated = tokens(BEFORE[4:], " She", " ran.")
    assert pieces(repeated, BEFORE[4:] + " She ran.", mode="chat") == [" She", " ran."]
    twice = BEFORE[4:] + " come back."
    placed = aligned(tokens(BEFORE[4:], " come", " back."), twice, " come back.")
    assert [one.logprob for one in placed] == [-1, -2], "not where the strand is repeated"


def test_an_end_that_broke_off_cuts_the_token_it_lies_in() -> None:
    answer = " la la la. La la"
    text = continuation(BEFORE, answer, "text", ended=True)
    stored, _ = without_unfinished(text)
    placed = aligned(tokens(" la", " la", " la", ". La", " la"), answer, text, stored)
    assert [stored[one.start : one.end] for one in placed] == [" la", " la", " la", "."]
    assert [one.logprob for one in placed] == [0, -1, -2, -3]


def test_an_echo_and_thoughts_before_the_answer_are_passed_over() -> None:
    drawn = tokens("The", " tide", " Hm", ".", " The", " tide", " turned", ".")
    answer = " The tide turned."
    placed = aligned(drawn, answer, answer)
    assert [one.logprob for one in placed] == [-4, -5, -6, -7]


def test_missing_strange_and_cleaned_tokens_are_left_out_and_the_rest_is_found() -> None:
    drawn = tokens(" She", "\x1b[2J", "bogus", " ran", "\ud83d", " away", "\r", "\n", "far")
    answer = " She\x1b[2J quickly ran away\r\nfar"
    assert pieces(drawn, answer) == [" She", "␛[2J", " ran", " away", "\n", "far"]


def test_an_accent_that_comes_by_itself_leaves_its_letter_without_a_token() -> None:
    assert pieces(tokens(" caf", "e", "\u0301", " noir"), " cafe\u0301 noir") == [" caf", " noir"]


@pytest.mark.parametrize("drawn", [[], tokens("x"), tokens("")])
def test_nothing_to_place_is_no_fault(drawn: list[Token]) -> None:
    assert aligned(drawn, "", "") == aligned(drawn, "other", "other") == []


TEXT = st.text(alphabet="aé .\n“B\u0301\r\x07🌙", max_size=12)


@given(st.lists(TEXT, max_size=12), TEXT, st.sampled_from(["chat", "text", "prefill"]))
def test_places_are_in_order_and_what_is_not_cut_is_all_there(
    texts: list[str], before: str, mode: Mode
) -> None:
    answer = "".join(texts)
    text = continuation(before, answer, mode, ended=True)
    placed = aligned([Token(each, -1.0) for each in texts], answer, text)
    end = 0
    for one in placed:
        assert end <= one.start < one.end <= len(kept(text))
        end = one.end
    if mode == "text" and answer.isascii() and answer.isprintable() and text.strip():
        lead = len(text) - len(text.lstrip())
        assert "".join(text[one.start : one.end] for one in placed).lstrip() == text[lead:]


@given(
    st.lists(st.tuples(TEXT, st.booleans(), TEXT), max_size=12),
)
def test_tokens_that_lie_are_never_put_where_they_are_not(
    parts: list[tuple[str, bool, str]],
) -> None:
    answer = "".join(text for text, _, _ in parts)
    drawn = [Token(text if honest else lie, -float(index))
             for index, (text, honest, lie) in enumerate(parts)]  # fmt: skip
    pieces(drawn, answer)
