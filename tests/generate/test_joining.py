"""Where a model's answer meets the strand."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.joining import (
    continuation,
    joined,
    leading_to,
    seamed,
    sketched,
    without_unfinished,
)
from storyloom.models.protocol import Mode

RULE_J = [
    ("The gate was iron", "and cold.", " and cold."),
    ("The gate was iron.", "She pushed.", " She pushed."),
    ("The gate was iron.", " She pushed.", " She pushed."),
    ("The gate was iron.", "   She pushed.", " She pushed."),
    ("The gate was iron. ", " She pushed.", "She pushed."),
    ("The gate was iron. ", "She pushed.", "She pushed."),
    ("The gate was iron", ", and cold.", ", and cold."),
    ("She said, “", "No one lives here.”", "No one lives here.”"),
    ('She said, "', "No one lives here.", "No one lives here."),
    ('"No one lives here."', "She turned.", " She turned."),
    ("‘No one,’", "she said.", " she said."),
    ("It was iron (", "or tin).", "or tin)."),
    ("It was iron—", "or tin.", "or tin."),
    ("It was iron.", "“Or tin,” he said.", " “Or tin,” he said."),
    ("It was iron.", '"Or tin," he said.', ' "Or tin," he said.'),
    ('"It was iron', '" he said.', '" he said.'),
    ("It was iron.", "\n\nShe pushed.", "\n\nShe pushed."),
    ("It was iron.", "\n\n\n\nShe pushed.", "\n\nShe pushed."),
    ("It was iron.\n\n", "\n\nShe pushed.", "She pushed."),
    ("It was iron.\n", "\n\nShe pushed.", "\nShe pushed."),
    ("It was iron.\n\n", "She pushed.", "She pushed."),
    ("", "  Once.", "Once."),
    ("It was iron.", "   \n ", ""),
    ("她推開鐵門。", "門後沒有人。", "門後沒有人。"),
    ("彼女は門を", "押した。", "押した。"),
    ("Она толкнула", "ворота.", " ворота."),
]


@pytest.mark.parametrize(("before", "answer", "expected"), RULE_J)
def test_rule_j(before: str, answer: str, expected: str) -> None:
    assert continuation(before, answer, "prefill", ended=True) == expected
    assert joined(before, answer) == expected


def test_a_base_model_that_goes_on_with_a_word_is_not_parted_from_it() -> None:
    assert continuation("He saw the lighth", "ouse.", "text", ended=True) == "ouse."
    assert continuation("He saw the light", " house.", "text", ended=True) == " house."
    assert continuation("He saw the light.", "It turned.", "text", ended=True) == " It turned."


PREAMBLES = [
    "Sure! Here's the next part of the story:\n\n",
    "Certainly! Here is a continuation.\n\n",
    "Of course!\n",
    "Here's how the story continues:\n\n",
    "Continuation:\n",
    "Okay, here we go:\n\n",
    "  Sure thing: \n",
]


@pytest.mark.parametrize("preamble", PREAMBLES)
def test_what_a_chat_model_says_of_its_answer_is_cut_off(preamble: str) -> None:
    answer = f"{preamble}She pushed it open."
    assert continuation("The gate.", answer, "chat", ended=True).strip() == "She pushed it open."
    assert continuation("The gate.", answer, "text", ended=True) != " She pushed it open."


@pytest.mark.parametrize(
    "answer",
    [
        "Of course, it rained.\n\nShe went out anyway.",
        "Here they stopped.\n\nNobody spoke.",
        "Okay was what he had written.\n\nNothing else.",
        "Sure enough, the bell rang.\n\nTwice.",
        "Certainly nobody had asked her.",
    ],
)
def test_a_story_that_begins_like_a_greeting_keeps_its_beginning(answer: str) -> None:
    assert continuation("The gate. ", answer, "chat", ended=True) == answer


def test_a_fence_around_an_answer_is_cut_off() -> None:
    answer = "```text\nShe pushed it open.\n```\n"
    assert continuation("The gate.", answer, "chat", ended=True) == " She pushed it open."


@pytest.mark.parametrize("mode", ["chat", "prefill"])
def test_a_repetition_of_the_strands_end_is_cut_off(mode: str) -> None:
    before = "The keeper found a door in the sea wall, and behind it"
    answer = "and behind it a stair went down."
    assert continuation(before, answer, mode, ended=True) == " a stair went down."  # type: ignore[arg-type]
    whole = f"{before} a stair went down."
    assert continuation(before, whole, mode, ended=True) == " a stair went down."  # type: ignore[arg-type]


def test_a_base_model_may_repeat_a_refrain() -> None:
    before = "and the sea, and the sea,"
    answer = " and the sea, and the sea, at last."
    assert continuation(before, answer, "text", ended=True) == answer


WORDS = st.lists(
    st.sampled_from(
        ["Sure", "! ", "here's", " the", " story", ":", "\n", "\n\n", "She", " left", ".", "```",
         "the gate", " ", "“", '"', "Of course", ",", "\r", "\r\n", "é", "門"]
    ),
    max_size=30,
)  # fmt: skip
MODES = st.sampled_from(["chat", "text", "prefill"])


@given(WORDS, st.lists(st.integers(0, 200)), MODES)
def test_the_text_does_not_depend_on_how_the_stream_was_cut(
    words: list[str], cuts: list[int], mode: str
) -> None:
    answer = "".join(words)
    places = sorted({0, len(answer), *(cut for cut in cuts if cut < len(answer))})
    pieces = [answer[a:b] for a, b in pairwise(places)]
    raw: list[str] = []
    for piece in pieces:
        raw.append(piece)
        continuation("He came to the gate", "".join(raw), mode, ended=False)  # type: ignore[arg-type]
    whole = continuation("He came to the gate", answer, mode, ended=True)  # type: ignore[arg-type]
    assert continuation("He came to the gate", "".join(raw), mode, ended=True) == whole  # type: ignore[arg-type]


@given(st.text("aA b.\n", max_size=40), st.integers(0, 40), MODES)
def test_what_was_shown_stays(answer: str, cut: int, mode: str) -> None:
    shown = continuation("He came to the gate", answer[:cut], mode, ended=False)  # type: ignore[arg-type]
    whole = continuation("He came to the gate", answer, mode, ended=True)  # type: ignore[arg-type]
    assert whole.startswith(shown.rstrip())


def test_a_greeting_is_not_shown_while_it_may_be_one() -> None:
    answer = "Sure, here is the next part of the story:\n\nShe left."
    for length in range(answer.index("\n")):
        assert continuation("The gate.", answer[:length], "chat", ended=False) == ""
    assert continuation("The gate.", "She le", "chat", ended=False) == " She le"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" She left. He stayed. The bell", " She left. He stayed."),
        (" She left. “Stay!” The", " She left. “Stay!”"),
        (" She met Mr. Hale on the long stair and", " She met Mr. Hale on the long stair"),
        (" She waited… and waited and wai", " She waited… and waited and"),
        (" No. Then a very long sentence begins and goes on and", None),
        (" unbrokenword", " unbrokenword"),
        ("她推開鐵門。門後沒有人。她", "她推開鐵門。門後沒有人。"),
        (" She left.", " She left."),
        ("", ""),
    ],
)
def test_an_unfinished_sentence_is_cut_off(text: str, kept: str | None) -> None:
    kept = text.rpartition(" ")[0] if kept is None else kept
    assert without_unfinished(text) == (kept, text[len(kept) :])


@given(st.text(max_size=80))
def test_a_cut_loses_nothing(text: str) -> None:
    kept, cut = without_unfinished(text)
    assert kept + cut == text
    assert len(kept) >= len(text) // 2


FOLLOWS = "\n\nBy dark they had reached the landing. The boy slept."
RUNS_INTO = [
    ("They rowed. By dark they had reached", "They rowed. "),
    ("They rowed.\n\nBy dark they had reached the landing. The boy slept.", "They rowed.\n\n"),
    ("They rowed.\n\nBy dark they had\n", "They rowed.\n\n"),
    ("By dark they had reached the landing.", ""),
    ("They rowed. By dark they had gone under.", "They rowed. By dark they had gone under."),
    ("By dark they had it. By dark they had reached", "By dark they had it. "),
    ("They rowed. By dark", "They rowed. By dark"),
    ("A lullaBy dark they had", "A lullaBy dark they had"),
]


@pytest.mark.parametrize(("answer", "expected"), RUNS_INTO)
def test_what_an_answer_has_of_the_text_after_it_is_cut_off(answer: str, expected: str) -> None:
    text, met = leading_to(answer, FOLLOWS)
    assert (text, text + met) == (expected, answer)
    assert leading_to(answer, "") == (answer, "")


PROSE = st.text(alphabet="ab .\n門", max_size=60)


@given(PROSE, PROSE)
def test_nothing_is_cut_off_but_the_beginning_of_what_follows(answer: str, after: str) -> None:
    text, met = leading_to(answer, after)
    assert text + met == answer
    assert after.lstrip().startswith(met.rstrip())


@given(PROSE, st.text(alphabet="ab .", min_size=12, max_size=60), st.integers(12, 60))
def test_a_repetition_of_what_follows_never_stays_as_a_whole(
    answer: str, after: str, length: int
) -> None:
    repeated = after.lstrip()[:length]
    _, met = leading_to(f"{answer}\n{repeated}", after)
    assert met.strip().endswith(repeated.rstrip()) or len(repeated.rstrip()) < 12


SEAMS = [
    ("She went.", "He stayed.", "She went. "),
    ("She went. ", "He stayed.", "She went. "),
    ("She went.\n\n\n", "He stayed.", "She went.\n\n"),
    ("She went.\n", " He stayed.", "She went."),
    ("She went.", "\n\nHe stayed.", "She went."),
    ("She went", ", and he stayed.", "She went"),
    ("She said, “", "No.”", "She said, “"),
    ("門後沒有人。", "她推開鐵門。", "門後沒有人。"),
    ("She went. ", "", "She went. "),
    ("  ", "He stayed.", ""),
]


@pytest.mark.parametrize(("text", "after", "expected"), SEAMS)
def test_a_passage_ends_as_what_follows_needs_it(text: str, after: str, expected: str) -> None:
    assert seamed(text, after) == expected


@given(PROSE, PROSE)
def test_a_seam_is_made_once_and_of_white_space_only(text: str, after: str) -> None:
    made = seamed(text, after)
    assert made.strip() == text.strip()
    assert seamed(made, after) == made


def test_a_sketch_is_two_lines_whatever_came() -> None:
    def cut(answer: str) -> tuple[str, str]:
        return sketched(answer, "chat", ended=True)

    assert cut("  She goes.\n\nHe stays. \n") == ("She goes.\nHe stays.", "")
    assert cut("One.\nTwo.\nThree.\nFour.") == ("One.\nTwo.", "Three.\nFour.")
    assert cut("Sure! Here's a sketch of the scene:\n\nOne.") == ("One.", "")
    assert cut("Here is a sketch:\nOne.") == cut("Sketch: One.") == ("One.", "")
    long = " ".join(f"word{n:03}" for n in range(50))
    text, rest = cut(f"{long}\nTwo.")
    assert long.startswith(text)
    assert 200 < len(text) <= 240
    assert rest == long[len(text) :] + "\nTwo."
    text, rest = cut(f"One.\n{long}")
    assert len(text.splitlines()[1]) <= 120
    assert "One.\n" + long == text + rest
    assert cut("門" * 300) == ("門" * 240, "門" * 60)


_PIECES = st.lists(
    st.one_of(
        st.sampled_from([" ", "\n", "\n\n", ". ", "Here", " is", "sketch", ":"]),
        st.text("ab門", max_size=60),
    ),
    max_size=40,
)


def grows(pieces: Sequence[str], mode: Mode) -> str:
    """Return the sketch that an answer is in the end; what was shown of it has to stay."""
    sofar = [
        sketched("".join(pieces[:count]), mode, ended=False).text
        for count in range(len(pieces) + 1)
    ]
    sofar.append(sketched("".join(pieces), mode, ended=True).text)
    for one, other in pairwise(sofar):
        assert other.startswith(one)
    return sofar[-1]


@pytest.mark.parametrize("first", ["", "One.\n", f"{'a' * 130}\n", "Here's a sketch:\n"])
def test_a_sketch_grows_letter_by_letter_and_nothing_goes_at_its_limit(first: str) -> None:
    for size in range(1, 12):
        text = grows(first + f"{'word' * 3}{'x' * size} " * 40, "chat")
        assert text.count("\n") <= 1


@given(_PIECES, st.sampled_from(["chat", "text"]))
def test_nothing_of_a_sketch_that_was_shown_is_taken_away_again(
    pieces: list[str], mode: Mode
) -> None:
    text = grows(pieces, mode)
    assert text.count("\n") <= 1
    assert len(text) <= 241
