"""A replay keeps its clock, and goes where it is told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.replay import clock
from storyloom.replay.clock import FASTEST, SPEEDS, due, moment_typed, said
from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE, Mark, Recording
from storyloom.text import Refusal

TIMES = [0, 400, 900, 5_000, 5_100, 65_000]


def player(times: list[int] = TIMES, marks: tuple[Mark, ...] = ()) -> Player:
    return Player(
        Recording(list(range(1, len(times) + 1)), times, ["note.set"] * len(times)), marks
    )


def played(of: Player, seconds: float, frame: float = 0.05) -> float:
    """Play, a frame at a time, and return the real seconds until it stopped by itself, or all."""
    of.toggle()
    of.tick(100.0)
    frames = 0
    while of.playing and frames * frame < seconds:
        frames += 1
        of.tick(100.0 + frames * frame)
    return frames * frame


@given(
    st.lists(st.integers(0, 200_000), max_size=30), st.sampled_from(SPEEDS[:-1]), st.floats(0.1, 5)
)
def test_no_wait_is_longer_than_the_cap_and_none_is_longer_than_it_was(
    times: list[int], speed: float, cap: float
) -> None:
    at = due(times, speed, cap)
    assert len(at) == len(times)
    for (sooner, later), (first, second) in zip(pairwise(at), pairwise(times), strict=True):
        wait = (later - sooner) / speed
        assert wait == pytest.approx(min(max(0, second - first) / 1000 / speed, cap), abs=1e-6)


@pytest.mark.parametrize("speed", SPEEDS[:-1])
@pytest.mark.parametrize("frame", [0.01, 0.05, 0.2])
def test_every_speed_keeps_its_clock_whatever_the_frames(speed: float, frame: float) -> None:
    of = player([n * 250 for n in range(200)])
    of.set_speed(speed)
    took = played(of, 1_000, frame)
    assert of.at_end
    assert took == pytest.approx(199 * 0.25 / speed, abs=2 * frame)


def test_the_fastest_speed_waits_for_nothing() -> None:
    of = player([n * 60_000 for n in range(10_000)])
    of.set_speed(FASTEST)
    assert played(of, 100, 0.05) <= 10.1
    assert of.at_end


@pytest.mark.parametrize("frame", [0.01, 0.05, 0.2])
def test_the_fastest_speed_takes_ten_seconds_whatever_the_frames(frame: float) -> None:
    of = player([n * 60_000 for n in range(10_000)])
    of.set_speed(FASTEST)
    assert played(of, 100, frame) == pytest.approx(10, abs=2 * frame)


def test_the_fastest_speed_passes_a_short_recording_in_a_moment() -> None:
    of = player()
    of.set_speed(FASTEST)
    assert played(of, 100) <= len(TIMES) / 20 + 0.1


def test_marks_are_spread_over_the_line_of_the_speed() -> None:
    of = player(marks=(Mark(0, CHAPTER, 1), Mark(3, CHOICE, 4), Mark(4, CHOICE, 7)))
    assert of.spread(11) == {CHAPTER: [0], CHOICE: [6]}
    of.set_speed(FASTEST)
    assert of.spread(11) == {CHAPTER: [0], CHOICE: [2]}
    of.marks = [Mark(5, CHOICE, 9)]
    assert of.spread(11) == {CHOICE: [10]}


def test_a_change_of_speed_goes_on_from_where_it_stands() -> None:
    of = player()
    of.toggle()
    of.tick(0)
    of.tick(1.4)
    before = of.position
    for steps in (1, 1, -3, 9, -9):
        of.change_speed(steps)
        assert of.position == before
    assert of.speed == SPEEDS[0]


def test_it_stops_at_its_end_and_begins_again_from_there() -> None:
    of = player()
    played(of, 100)
    assert (of.playing, of.position) == (False, 6)
    assert of.seconds == of.length == pytest.approx(0.9 + 1 + 0.1 + 1)
    of.toggle()
    assert (of.playing, of.position) == (True, 0)


def test_steps_and_seeks_stay_within_the_recording() -> None:
    of = player()
    of.step(-1)
    assert of.position == 0
    of.step(3)
    assert of.position == 3
    of.go_to_share(10)
    assert of.at_end
    of.skip(-1.5)
    assert of.position == 3
    of.skip(1_000)
    assert of.at_end


@pytest.mark.parametrize(
    ("text", "position"), [("0:00", 0), ("0:02", 5), ("4", 4), ("100%", 6), ("0%", 0), ("1s", 3)]
)
def test_a_place_can_be_written(text: str, position: int) -> None:
    of = player()
    of.typed(text)
    assert of.position == position


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "140%", "-3", "٣x", ":", "1:"])
def test_what_is_no_place_is_refused(text: str) -> None:
    of = player()
    with pytest.raises(Refusal, match="14:30"):
        of.typed(text)


def test_marks_are_gone_to_in_both_directions() -> None:
    of = player(marks=(Mark(0, CHAPTER, 1), Mark(2, CHOICE, 4), Mark(4, CHOICE, 7)))
    assert of.to_mark(CHOICE, 1).node == 4
    assert of.position == 3
    assert of.to_mark(CHOICE, 1).node == 7
    with pytest.raises(Refusal, match="none behind"):
        of.to_mark(CHOICE, 1)
    assert of.to_mark(CHOICE, -1).node == 4
    assert of.to_mark(CHAPTER, -1).node == 1
    following = of.following(CHOICE)
    assert following is not None
    assert following.node == 4


def test_a_loop_goes_round_between_its_ends() -> None:
    of = player([n * 100 for n in range(100)])
    of.go(10)
    of.set_loop("a")
    of.go(20)
    of.set_loop("b")
    of.toggle()
    seen: set[int] = set()
    for frame in range(200):
        of.tick(frame * 0.05)
        seen.add(of.position)
    assert of.playing
    assert min(seen) >= 10
    assert max(seen) <= 20
    of.go(10)
    of.set_loop("a")
    assert of.loop == (None, 20)


def test_a_loop_cannot_end_before_it_begins() -> None:
    of = player()
    of.go(3)
    of.set_loop("a")
    of.go(2)
    with pytest.raises(Refusal, match="behind A"):
        of.set_loop("b")


def test_an_empty_recording_is_at_its_end() -> None:
    of = player([])
    of.toggle()
    of.tick(0)
    of.tick(1)
    assert (of.at_end, of.seconds, of.length) == (True, 0.0, 0.0)


@given(st.integers(0, 10**6))
def test_a_time_reads_back_as_it_was_said(seconds: int) -> None:
    assert moment_typed(said(seconds)) == seconds


def test_a_clock_that_went_back_stands_still() -> None:
    assert due([5_000, 1_000, 1_500], 1.0, clock.IDLE_CAP) == [0, 0, 0.5]
