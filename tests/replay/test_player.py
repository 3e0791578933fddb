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


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("position", [0, 2, 3, 6])
def test_the_time_left_is_what_it_plays_on(speed: float, position: int) -> None:
    of = player()
    of.set_speed(speed)
    of.go(position)
    left = of.left
    # From its end it plays all of it anew.
    took = 0.0 if of.at_end else played(of, 100, clock.FRAME)
    assert left == pytest.approx(took, abs=2 * clock.FRAME)
    assert of.left == 0


@pytest.mark.parametrize("speed", SPEEDS)
def test_no_place_is_at_another_time_at_another_speed(speed: float) -> None:
    of = player()
    of.go_to(1.4)
    before = (of.length, of.seconds, [of.due(each) for each in range(7)])
    of.set_speed(speed)
    assert of.seconds == pytest.approx(before[1])
    assert (of.length, [of.due(each) for each in range(7)]) == (before[0], before[2])
    of.skip(-0.5)
    assert of.seconds == pytest.approx(0.9)
    of.go_to_share(5)
    assert of.seconds == pytest.approx(of.length / 2)


def test_a_longer_idle_cap_waits_longer_from_where_it_stands() -> None:
    of = player()
    of.go(5)
    of.set_cap(30)
    assert (of.position, of.length) == (5, pytest.approx(0.9 + 4.1 + 0.1 + 30))
    assert of.left == pytest.approx(30)


def test_a_typed_speed_may_lie_between_two_and_steps_go_on_from_there() -> None:
    of = player()
    of.set_speed(clock.speed_typed("3x"))
    of.change_speed(1)
    assert of.speed == 4
    of.set_speed(clock.speed_typed("3"))
    of.change_speed(-1)
    assert of.speed == 2
    assert clock.speed_typed("max") == FASTEST


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "17", "nan", "inf"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="or max"):
        clock.speed_typed(text)


@pytest.mark.parametrize("text", ["", "none", "0", "-1", "nan", "1e9"])
def test_what_is_no_idle_cap_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="write seconds"):
        clock.cap_typed(text)


def test_sittings_are_gone_to_and_pauses_between_them_are_no_work() -> None:
    day = 86_400_000
    times = [0, 60_000, day, day + 60_000, 2 * day]
    of = Player(Recording([1, 2, 3, 4, 5], times, ["note.set"] * 5, [0, 2, 4]))
    of.to_sitting(1)
    of.to_sitting(1)
    assert (of.position, of.worked) == (3, (60, 120))
    of.to_sitting(1)
    with pytest.raises(Refusal, match="none behind"):
        of.to_sitting(1)
    of.to_sitting(-1)
    assert of.position == 3


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


def test_marks_are_spread_over_a_line_that_is_the_same_at_every_speed() -> None:
    of = player(marks=(Mark(0, CHAPTER, 1), Mark(3, CHOICE, 4), Mark(4, CHOICE, 7)))
    assert of.spread(11) == {CHAPTER: [0], CHOICE: [6]}
    of.set_speed(FASTEST)
    assert of.spread(11) == {CHAPTER: [0], CHOICE: [6]}
    of.set_cap(60)
    assert of.spread(11) == {CHAPTER: [0], CHOICE: [0]}
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


@pytest.mark.parametrize(
    ("text", "stands"),
    [("", (0, 1.0)), (" 4 4x", (4, 4.0)), ("max", (0, FASTEST)), ("2x 100%", (6, 2.0))],
)
def test_where_it_begins_and_how_fast_can_be_written(text: str, stands: tuple[int, float]) -> None:
    of = player()
    of.begin(text)
    assert (of.position, of.speed) == stands


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
