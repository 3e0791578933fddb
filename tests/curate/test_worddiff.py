"""A word diff puts both texts together again, and finds what an author changed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from storyloom.curate.worddiff import Stretch, word_diff

TEXT = st.text(alphabet="ab c.'’\n_é日-", max_size=120)


def holds(one: str, other: str) -> list[Stretch]:
    found = word_diff(one, other)
    assert "".join(each.text for each in found if each.kind != "added") == one
    assert "".join(each.text for each in found if each.kind != "missing") == other
    return found


@given(TEXT, TEXT)
def test_its_stretches_are_both_texts(one: str, other: str) -> None:
    holds(one, other)
    assert [each.kind for each in holds(one, one)] == (["same"] if one else [])


def test_a_changed_word_is_one_missing_and_one_added() -> None:
    assert holds("The tide went out.", "The tide came out.") == [
        Stretch("same", "The tide "), Stretch("missing", "went"), Stretch("added", "came"),
        Stretch("same", " out."),
    ]  # fmt: skip


def test_a_changed_word_is_found_among_three_thousand() -> None:
    rng = random.Random(1)
    words = [f"w{rng.randrange(500)}" for _ in range(3_000)]
    text = " ".join(word + ("." if n % 12 == 11 else "") for n, word in enumerate(words))
    changed = text.replace(words[1_500], "bell")
    found = holds(text, changed)
    assert any(each == Stretch("added", "bell") for each in found)
    holds(text, " ".join(reversed(text.split(" "))))


def test_what_could_be_compared_in_thousands_of_ways_is_compared_in_none() -> None:
    # Compared exhaustively these take minutes.
    holds("\n".join(["the", "bell"] * 1_500), "\n".join(["bell", "the", "the"] * 1_000))
    holds("the bell he " * 800, "bell the the a " * 700)


def test_a_new_paragraph_is_no_change_of_the_words_around_it() -> None:
    assert holds("She went. The marsh let go.", "She went.\n\nThe marsh let go.") == [
        Stretch("same", "She went."), Stretch("missing", " "), Stretch("added", "\n\n"),
        Stretch("same", "The marsh let go."),
    ]  # fmt: skip
