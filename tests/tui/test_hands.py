"""Who wrote which stretch: every code point has one origin, and edits are a hand's in a model's."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.story.origins import Run, joined
from storyloom.story.reading import Piece
from storyloom.tui.hands import Hands, origin_name

_RUNS = st.lists(
    st.tuples(
        st.sampled_from(["human", "paste", "import:x", "model:lab/one", "model:lab/two"]),
        st.integers(1, 5),
    ),
    max_size=5,
)


@given(st.lists(_RUNS, max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_edits_are_what_a_hand_put_into_a_models_passage(
    drawn: list[list[tuple[str, int]]], start: int, end: int
) -> None:
    pieces: list[Piece] = []
    origins: list[str] = []
    edited: list[bool] = []
    for node, runs in enumerate(drawn, 1):
        merged = joined(Run(*run) for run in runs)
        length = sum(run.length for run in merged)
        pieces.append(Piece(node, "x" * length, merged, (), None, 0))
        of_a_model = any(run.origin.startswith("model:") for run in merged)
        for run in merged:
            origins += [run.origin] * run.length
            by_hand = run.origin in ("human", "paste")
            edited += [of_a_model and by_hand] * run.length
    hands = Hands(pieces)
    found = [False] * len(edited)
    for first, last in hands.edits(start, end):
        assert start <= first < last <= end
        found[first:last] = [True] * (last - first)
    assert found == [each and start <= at < end for at, each in enumerate(edited)]
    told = [origin for a, b, origin in hands.spans(0, len(origins)) for _ in range(a, b)]
    assert told == origins
    assert hands.human_part() == origins.count("human") / max(1, len(origins))


def test_a_name_of_a_models_cannot_write_on_the_terminal() -> None:
    assert origin_name("model:lab/one\x1b]52;c;x\x07") == "one␛]52;c;x␇"
    assert origin_name("import:some\nthing") == "imported some thing"
