"""Whose characters a text is made of."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.curate.shares import WHOLE, WRITING, Shares, apportioned, by_chapter, together
from storyloom.story.origins import HUMAN, PASTE, Run
from storyloom.story.reading import Piece

COUNTS = st.lists(st.integers(0, 10**9), max_size=12)
MODEL = "model:openai/gpt-4o-mini"


def piece(text: str, *runs: Run) -> Piece:
    return Piece(1, text, runs, (), None, 0)


@given(COUNTS)
def test_parts_always_add_up_to_the_whole(counts: list[int]) -> None:
    parts = apportioned(counts)
    assert sum(parts) == (WHOLE if sum(counts) else 0)
    for count, part in zip(counts, parts, strict=True):
        exact = count * WHOLE / max(1, sum(counts))
        assert exact - 1 < part < exact + 1
        assert count or not part


def test_the_largest_remainders_get_what_rounding_down_has_left() -> None:
    assert apportioned([1, 1, 1]) == [334, 333, 333]
    assert apportioned([2, 1]) == [667, 333]
    assert apportioned([0, 5]) == [0, 1000]
    assert apportioned([1, 5_999, 4_000]) == [0, 600, 400]


def test_a_text_is_shared_out_by_chapter_at_any_character() -> None:
    strand = [
        piece("abcd", Run(HUMAN, 3), Run(MODEL, 1, 1)),
        piece("efgh", Run(MODEL, 2, 1), Run(PASTE, 2)),
        piece("ij", Run("import:markdown", 2)),
    ]
    assert [dict(each.counts) for each in by_chapter(strand, [2, 5, 5, 9])] == [
        {HUMAN: 2},
        {HUMAN: 1, MODEL: 2},
        {},
        {MODEL: 1, PASTE: 2, "import:markdown": 1},
    ]


def test_human_models_and_others_are_told_apart() -> None:
    shares = Shares({HUMAN: 5, PASTE: 1, MODEL: 2, WRITING: 1, "import:text": 1})
    assert (shares.human, shares.models, shares.others) == (6, 3, 1)
    assert shares.split == (600, 300, 100)
    assert sum(shares.tenths.values()) == WHOLE
    assert Shares({}).split == (0, 0, 0)


def test_what_is_being_written_is_counted_although_nobody_has_it_yet() -> None:
    (shares,) = by_chapter([piece("abcd", Run(HUMAN, 1))], [4])
    assert dict(shares.counts) == {HUMAN: 1, WRITING: 3}


@given(
    st.lists(st.lists(st.tuples(st.sampled_from([HUMAN, PASTE, MODEL]), st.integers(1, 9)))),
    st.lists(st.integers(0, 60), max_size=5).map(sorted),
)
def test_chapters_together_are_the_whole(
    texts: list[list[tuple[str, int]]], ends: list[int]
) -> None:
    strand = [
        piece("x" * sum(length for _, length in runs), *(Run(*run) for run in runs))
        for runs in texts
    ]
    whole = sum(len(each.text) for each in strand)
    found = by_chapter(strand, [*ends, max([whole, *ends])])
    counts: dict[str, int] = {}
    for origin, length in (run for runs in texts for run in runs):
        counts[origin] = counts.get(origin, 0) + length
    assert dict(together(found).counts) == counts
    assert list(together(found).counts.values()) == sorted(counts.values(), reverse=True)
