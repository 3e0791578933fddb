"""How alike branches are: by their content, whoever wrote them, and what each has alone."""

import json
from bisect import bisect_left, bisect_right
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.curate.alike import alike, compare, distinct, twin_from
from storyloom.curate.stems import content, stem

SIBLINGS = Path(__file__).resolve().parents[3] / "shared/data/siblings/multi_model_siblings.json"
ROPE = "Mara looked at the rope, at the water, at the rope again, and paid out line."
EELS = '"I keep eels," she said, "and a list of people who owe me for the rope."'
TEXT = st.text(alphabet="abcdefg hij. É'\n日本", max_size=200)


def test_a_stem_is_what_relatives_share() -> None:
    assert {stem(word) for word in ("walk", "walks", "walked", "walking")} == {"walk"}
    assert stem("ferry's") == "ferry"
    assert stem("supposedly") == "suppos"
    assert [stem(word) for word in ("eels", "red", "sing", "fly")] == ["eels", "red", "sing", "fly"]


def test_content_is_words_of_three_letters_that_say_something() -> None:
    assert list(content(ROPE)) == ["mara", "look", "rope", "water", "paid", "line"]
    assert list(content("Où est l'été des baleines")) == ["est", "l'été", "des", "balein"]


@given(TEXT, TEXT)
def test_a_figure_is_the_same_both_ways_and_one_for_a_text_with_itself(
    one: str, other: str
) -> None:
    figure = alike(one, other)
    assert 0 <= figure <= 1
    assert figure == alike(other, one)
    assert alike(one, one) == (1.0 if content(one) else 0.0)


def test_the_threshold_of_twins_falls_with_length_within_bounds() -> None:
    assert twin_from(1) == pytest.approx(0.30)
    assert twin_from(60) == pytest.approx(0.256)
    assert twin_from(5_000) == pytest.approx(0.20)


@given(st.lists(TEXT, max_size=5))
def test_words_are_shared_by_all_or_alone_in_one_or_neither(texts: list[str]) -> None:
    found = compare(texts)
    stems = [content(text) for text in texts]
    assert len(found.pairs) == len(texts) * (len(texts) - 1) // 2
    assert len(found.alone) == len(texts)
    for word in found.shared:
        assert all(stem(word) in own for own in stems)
    for at, words in enumerate(found.alone):
        for word in words:
            assert [stem(word) in own for own in stems] == [n == at for n in range(len(texts))]


def test_twins_are_named_and_strangers_are_not() -> None:
    found = compare([ROPE, ROPE.replace("paid out line", "let the line go"), EELS])
    assert [(pair.one, pair.other) for pair in found.pairs if pair.twins] == [(0, 1)]
    assert found.shared == ("rope",)
    assert found.mean == pytest.approx(sum(pair.figure for pair in found.pairs) / 3)


def test_distinct_counts_different_neighbours() -> None:
    assert distinct(["a b a b"]) == pytest.approx(2 / 3)
    assert distinct(["", "word"]) == 0


@pytest.mark.skipif(not SIBLINGS.exists(), reason="the shared data is not here")
def test_texts_of_one_premise_are_told_from_those_of_another() -> None:
    sets = [[each["text"] for each in one["siblings"]] for one in json.loads(SIBLINGS.read_text())]
    same = [alike(*pair) for texts in sets for pair in combinations(texts, 2)]
    other = sorted(
        alike(*pair) for first, second in combinations(sets, 2) for pair in product(first, second)
    )
    # The chance that a pair of one premise is more alike than one of two: the area under the curve.
    above = sum((bisect_left(other, each) + bisect_right(other, each)) / 2 for each in same)
    assert above / (len(same) * len(other)) >= 0.85
