"""Who wrote which characters, by the vectors of the design and by some of our own."""

import difflib
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.story import origins
from storyloom.story.kept import kept, kept_json, kept_with_runs
from storyloom.story.origins import HUMAN, PASTE, Run, Runs

VECTORS = (
    Path(__file__).parents[2].parent / "shared" / "data" / "provenance" / "provenance_vectors.json"
)
MODEL = "model:local/small"


def runs_of(items: list[dict[str, Any]]) -> Runs:
    return tuple(Run(item["o"], item["n"]) for item in items)


def spans(runs: Runs) -> list[tuple[str, int]]:
    return [(run.origin, run.length) for run in runs]


@pytest.mark.parametrize(
    ("model", "wrote", "expected"),
    [
        ("", [], "human"),
        ("", ["human"], "human"),
        ("", ["paste"], "paste"),
        ("", ["paste", "human"], "human"),
        ("", ["import:text"], "import:text"),
        ("", ["human", "import:text"], "import:text"),
        ("", ["human", "import:text", "model:lab/one"], "model:lab/one"),
        ("lab/two", [], "model:lab/two"),
        ("lab/two", ["human"], "model:lab/two"),
    ],
)
def test_a_node_is_said_to_be_of_one_origin(model: str, wrote: list[str], expected: str) -> None:
    runs = origins.joined(*(origins.whole("some words", origin) for origin in wrote))
    assert origins.author(origins.dumped(runs), model) == expected


@pytest.mark.skipif(not VECTORS.exists(), reason="the design's vectors are not beside the checkout")
def test_the_designs_vectors_hold() -> None:
    for vector in json.loads(VECTORS.read_text(encoding="utf-8")):
        text, runs, change = vector["args"][:3]
        if vector["fn"] == "diff_edit":
            got = origins.attributed(text, runs_of(runs), change)
            assert spans(got) == spans(runs_of(vector["out"])), vector["name"]
            continue
        got, at = runs_of(runs), 0
        for step in change:
            if "retain" in step:
                at += step["retain"]
            elif "insert" in step:
                new = origins.whole(step["insert"], step.get("origin", HUMAN))
                got = origins.spliced(got, at, 0, new)
                at += len(step["insert"])
            else:
                got = origins.spliced(got, at, step["delete"], ())
        assert spans(got) == spans(runs_of(vector["out"][1])), vector["name"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # The full stop behind a changed word is an island without a word: the author's too.
        ("The sea was iron.", "The sea was salt.", [(MODEL, 12), (HUMAN, 5)]),
        # A comma and a space that a rewrite shares with what it replaces prove nothing.
        ("Rain, then snow.", "Sun, later wind!", [(HUMAN, 16)]),
        ("One. Two. Three.", "One. Three.", [(MODEL, 11)]),
        ("One.", "One. Two.", [(MODEL, 4), (HUMAN, 5)]),
        ("", "All new.", [(HUMAN, 8)]),
        ("snake_case stays", "snake_case goes", [(MODEL, 11), (HUMAN, 4)]),
    ],
)
def test_an_unwatched_edit_keeps_the_words_it_kept(
    old: str, new: str, expected: list[tuple[str, int]]
) -> None:
    assert spans(origins.attributed(old, origins.whole(old, MODEL, 3), new)) == expected


def naive(old: str, tags: list[str], new: str) -> list[str]:
    pattern = re.compile(r"\s+|\w+|[^\w\s]")
    a, b = pattern.findall(old), pattern.findall(new)
    out: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        length = sum(map(len, b[j1:j2]))
        if tag == "equal" and any(re.match(r"\w", token) for token in a[i1:i2]):
            begin = sum(map(len, a[:i1]))
            out += tags[begin : begin + length]
        else:
            out += [HUMAN] * length
    return out


def expanded(runs: Runs) -> list[str]:
    return [run.origin for run in runs for _ in range(run.length)]


WORDS = st.text(st.sampled_from("ab ,.\né_"), max_size=30)


@given(old=WORDS, new=WORDS, cut=st.integers(0, 30))
def test_an_unwatched_edit_is_what_characters_one_by_one_give(old: str, new: str, cut: int) -> None:
    runs = origins.joined(origins.whole(old[:cut], MODEL, 1), origins.whole(old[cut:], PASTE))
    got = origins.attributed(old, runs, new)
    expected = expanded(runs) if old == new else naive(old, expanded(runs), new)
    assert expanded(got) == expected


RUNS = st.lists(
    st.builds(
        Run, st.sampled_from([HUMAN, PASTE, MODEL]), st.integers(1, 5), st.sampled_from([None, 1])
    ),
    max_size=6,
).map(origins.joined)


MARKED = st.lists(st.tuples(st.sampled_from("ab .🜁"), st.sampled_from("AU")), max_size=14)


@given(old=MARKED, new=MARKED)
def test_changes_make_the_one_text_the_other_and_leave_alone_what_both_begin_and_end_with(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    (text, whose), (later, by) = (
        ("".join(letter for letter, _ in each), "".join(mark for _, mark in each))
        for each in (old, new)
    )
    made, end = list(old), len(old)
    changes = origins.changes(text, whose, later, by)
    for change in reversed(changes):
        assert change.deleted or change.inserted
        assert change.at + change.deleted <= end
        end = change.at
        made[end : end + change.deleted] = new[change.to : change.to + change.inserted]
    assert made == new
    assert (changes == []) == (old == new)
    if changes and old[:1] == new[:1]:
        assert changes[0].at > 0


@given(runs=RUNS, at=st.integers(0, 40), deleted=st.integers(0, 10), inserted=RUNS)
def test_cutting_and_joining_runs_loses_no_character(
    runs: Runs, at: int, deleted: int, inserted: Runs
) -> None:
    whole = expanded(runs)
    before, after = origins.split(runs, at)
    assert (expanded(before), expanded(after)) == (whole[:at], whole[at:])
    assert origins.joined(before, after) == runs
    at = min(at, len(whole))
    spliced = origins.spliced(runs, at, deleted, inserted)
    assert expanded(spliced) == whole[:at] + expanded(inserted) + whole[at + deleted :]
    assert origins.loaded(origins.dumped(runs)) == runs
    assert sum(origins.by_origin(runs).values()) == len(whole)


def prose(rng: random.Random, sentences: int) -> list[str]:
    words = "the sea of iron and salt was a lamp in winter that nobody had lit".split()
    return [
        " ".join(rng.choices(words, k=rng.randint(4, 20))).capitalize() + ". "
        for _ in range(sentences)
    ]


def test_a_whole_book_is_compared_by_its_sentences() -> None:
    rng = random.Random(5)
    said = prose(rng, 4_000)
    old = "".join(said)
    said[10] = "Wholly new words. "
    said[3_900] = "And more of them. "
    new = "".join(said)
    got = origins.attributed(old, origins.whole(old, MODEL, 1), new)
    assert sum(run.length for run in got) == len(new)
    assert 20 < origins.by_origin(got)[HUMAN] <= 40
    assert origins.moved(old, new, [0, len(old) - 3]) == [0, len(new) - 3]


def test_long_text_without_sentences_keeps_its_words_too() -> None:
    words = [f"word{number % 700}" for number in range(6_000)]
    old = " ".join(words)
    words[3_000] = "changed"
    new = " ".join(words)
    got = origins.attributed(old, origins.whole(old, MODEL, 1), new)
    assert origins.by_origin(got)[HUMAN] <= 20


@pytest.mark.parametrize(
    ("old", "new", "offset", "expected"),
    [
        ("One. Two.", "Zero. One. Two.", 5, 11),
        ("One. Two.", "One. Two. Three.", 5, 5),
        ("One. Two.", "One. Changed.", 5, 5),
        ("One. Two.", "One.", 5, 4),
        ("One. Two.", "Else", 0, 0),
    ],
)
def test_a_mark_goes_with_its_character(old: str, new: str, offset: int, expected: int) -> None:
    assert origins.moved(old, new, [offset]) == [expected]


def test_text_is_kept_composed_with_plain_line_ends() -> None:
    assert kept("cafe\u0301\r\nnow\x07\ud800") == "café\nnow␇\ufffd"
    assert kept("\u1112\u1161\u11ab") == "한"


def test_absurd_piles_of_marks_are_not_composed() -> None:
    pile = "a" + "\u0301\u0323" * 50_000
    assert kept(pile) == pile


@given(
    parts=st.lists(
        st.tuples(
            st.text(st.sampled_from("ae \u0301\u0323\r\n\x07é\u1112\u1161\u11abÅ"), max_size=6),
            st.sampled_from([HUMAN, PASTE, MODEL]),
        ),
        max_size=5,
    )
)
def test_runs_go_with_the_text_that_is_kept(parts: list[tuple[str, str]]) -> None:
    text = "".join(part for part, _ in parts)
    runs = origins.joined(*(origins.whole(part, origin) for part, origin in parts))
    found = kept_with_runs(text, runs)
    assert found is not None
    assert found[0] == kept(text)
    assert sum(run.length for run in found[1]) == len(found[0])
    assert kept(kept(text)) == kept(text)


def test_runs_of_another_text_are_no_runs() -> None:
    assert kept_with_runs("abc", (Run(HUMAN, 2),)) is None
    assert kept_with_runs("abc", (Run(HUMAN, 4), Run(PASTE, -1))) is None
    assert kept_with_runs("e\u0301x", (Run(MODEL, 1, 4), Run(HUMAN, 2))) == (
        "éx",
        (Run(MODEL, 1, 4), Run(HUMAN, 1)),
    )


def test_json_from_outside_is_cleaned_and_finite() -> None:
    value = {
        "a\x07": ["e\u0301", float("nan"), float("inf"), 1.5, None, True],
        "b": {"c": "\ud800"},
    }
    assert kept_json(value) == {"a␇": ["é", None, None, 1.5, None, True], "b": {"c": "\ufffd"}}


@pytest.mark.parametrize("words", [100, 300, 900, 3_000])
def test_a_text_that_shares_only_its_spaces_is_wholly_the_persons(words: int) -> None:
    chance = random.Random(words)
    old = " ".join(f"w{chance.randrange(10**6)}" for _ in range(words))
    new = " ".join(f"v{chance.randrange(10**6)}" for _ in range(words))
    runs = origins.attributed(old, origins.whole(old, MODEL), new)
    assert spans(runs) == [(HUMAN, len(new))]


def test_a_long_text_with_a_few_changed_words_keeps_all_others_to_the_character() -> None:
    words = [f"word{number}" for number in range(900)]
    old = " ".join(words)
    new = " ".join("mine" if number in (3, 500) else word for number, word in enumerate(words))
    runs = origins.attributed(old, origins.whole(old, MODEL), new)
    assert [run.length for run in runs if run.origin == HUMAN] == [4, 4]
    assert sum(run.length for run in runs) == len(new)
