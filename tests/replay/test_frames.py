"""A replay that nobody waits for keeps the clock of one that is watched."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.replay.clock import FASTEST, SPEEDS, due
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
)
def test_time_only_goes_on_and_no_operation_is_waited_for_longer_than_the_cap(
    times: list[int], speed: float, cap: float
) -> None:
    of = player(times, speed, cap)
    end = len(times)
    moments = [(time, of.position) for time in played(of, end)]
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
        # As long as the clock says, and a frame for those at the beginning and at the end.
        lasts = due(times, speed, cap)[-1] / speed
        assert moments[-1][0] / 1e6 == pytest.approx(lasts, abs=2 * FRAME + 1e-4)


def seen_at(of: Player, end: int) -> list[tuple[int, int]]:
    """When positions are first seen, in milliseconds."""
    found: dict[int, int] = {}
    for time in played(of, end):
        found.setdefault(of.position, time // 1_000)
    return [(time, position) for position, time in found.items()]


def test_with_a_cap_shorter_than_a_frame_each_operation_has_its_frame() -> None:
    of = player([n * 1_000 for n in range(20)], 1.0, 0.02)
    # The first two share one, as the opening waits for its frame.
    assert seen_at(of, 20) == [(0, 0), *((20 * n, n + 1) for n in range(1, 20))]


def test_there_are_twenty_frames_a_second() -> None:
    of = player([0, 500], 1.0, 5.0)
    assert list(played(of, 2)) == [n * 50_000 for n in range(11)]


def test_no_frame_makes_an_operation_late() -> None:
    of = player([0, 1_020, 2_130, 2_195], 1.0, 5.0)
    assert seen_at(of, 4) == [(0, 0), (50, 1), (1_020, 2), (2_130, 3), (2_195, 4)]


def test_operations_at_one_moment_share_a_frame() -> None:
    of = player([0, 1_000, 1_001, 1_002, 1_003, 2_000], 1.0, 5.0)
    assert seen_at(of, 6) == [(0, 0), (50, 1), (1_000, 2), (1_050, 5), (2_000, 6)]


def test_a_part_of_a_replay_begins_at_nought_and_stops_where_it_was_to() -> None:
    of = player([n * 1_000 for n in range(10)], 2.0, 5.0)
    of.go(4)
    assert seen_at(of, 7) == [(0, 4), (500, 5), (1_000, 6), (1_500, 7)]
    assert not of.playing


def test_at_max_each_frame_brings_operations_and_none_is_left_out() -> None:
    of = player([0, 90_000, 180_000], FASTEST, 1.0)
    assert seen_at(of, 3) == [(0, 0), (50, 1), (100, 2), (150, 3)]
