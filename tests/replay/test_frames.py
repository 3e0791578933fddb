"""A replay that nobody waits for keeps the clock of one that is watched."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.replay.clock import FASTEST, SPEEDS
from storyloom.replay.frames import FRAME, played
from storyloom.replay.player import Player
from storyloom.replay.recording import Recording


def player(times: list[int], speed: float, cap: float) -> Player:
    made = Player(
        Recording(list(range(1, len(times) + 1)), times, ["note.set"] * len(times)), cap=cap
    )
    made.set_speed(speed)
    return made


@given(
    st.lists(st.integers(0, 90_000), min_size=1, max_size=25),
    st.sampled_from(SPEEDS),
    st.floats(0.01, 3),
    st.booleans(),
)
def test_time_only_goes_on_and_nothing_is_waited_for_longer_than_the_cap(
    times: list[int], speed: float, cap: float, changing: bool
) -> None:
    of = player(times, speed, cap)
    end = len(times)
    moments = [(time, of.position) for time in played(of, end, lambda: changing)]
    assert moments[0] == (0, 0)
    assert moments[-1][1] == end
    assert not of.playing
    assert of.seconds == of.length
    for (sooner, before), (later, after) in pairwise(moments):
        assert sooner <= later
        assert before <= after
    # Only of an operation it is sure that it can be seen.
    seen = [0] + [later for (_, one), (later, two) in pairwise(moments) if one < two]
    assert all(later - sooner <= round(cap * 1e6) for sooner, later in pairwise(seen))
    if speed != FASTEST:
        # What the clock says it lasts, but for a first and a last frame of their own.
        assert moments[-1][0] / 1e6 == pytest.approx(of.length / speed, abs=2 * FRAME + 1e-4)


def test_with_a_cap_shorter_than_a_frame_each_operation_has_its_frame() -> None:
    of = player([n * 1_000 for n in range(20)], 1.0, 0.02)
    moments = [(time, of.position) for time in played(of, 20, lambda: False)]
    # The first two share one, as the opening waits for its frame.
    assert moments == [(0, 0), *((20_000 * n, n + 1) for n in range(1, 20))]


def test_frames_are_those_at_which_there_is_something_else_to_see() -> None:
    of = player([0, 300, 2_100], 1.0, 5.0)
    # The opening a frame later; then an operation, two whole seconds, and the last one.
    expected = [0, 50_000, 300_000, 1_000_000, 2_000_000, 2_100_000]
    assert list(played(of, 3, lambda: False)) == expected


def test_while_a_text_is_written_there_is_a_frame_for_every_twentieth_of_a_second() -> None:
    of = player([0, 500], 1.0, 5.0)
    assert list(played(of, 2, lambda: True)) == [n * 50_000 for n in range(11)]


@pytest.mark.parametrize("changing", [False, True])
def test_no_frame_makes_an_operation_late(changing: bool) -> None:
    of = player([0, 1_020, 2_130], 1.0, 5.0)
    moments = [(time, of.position) for time in played(of, 3, lambda: changing)]
    assert next(time for time, position in moments if position == 2) == 1_020_000
    assert moments[-1] == (2_130_000, 3)


def test_operations_at_one_moment_share_a_frame() -> None:
    of = player([0, 1_000, 1_001, 1_002, 1_003, 2_000], 1.0, 5.0)
    positions = [of.position for _ in played(of, 6, lambda: False)]
    assert positions == [0, 1, 2, 5, 6]


def test_a_part_of_a_replay_begins_at_nought_and_stops_where_it_was_to() -> None:
    of = player([n * 1_000 for n in range(10)], 2.0, 5.0)
    of.go(4)
    moments = [(time, of.position) for time in played(of, 7, lambda: False)]
    assert moments == [(0, 4), (500_000, 5), (1_000_000, 6), (1_500_000, 7)]
