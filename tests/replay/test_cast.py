"""Asciicast files as the published format has them, and frames that keep the clock."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.replay import cast
from storyloom.replay.cast import MARKER, OUTPUT, Event, Head
from storyloom.replay.clock import FASTEST, SPEEDS
from storyloom.replay.frames import FRAME, played
from storyloom.replay.player import Player
from storyloom.replay.recording import Recording

HEAD = Head(120, 40, "Salt", 1_700_000_000, 1.0)
EVENTS = [
    Event(0, OUTPUT, "\x1b[1mBells\n"),
    Event(250_000, MARKER, 'the "first"'),
    Event(3_600_000_001, OUTPUT, "水"),
]


def written(version: int) -> list[str]:
    return list(cast.lines(HEAD, EVENTS, version))


def test_version_2_counts_from_the_beginning() -> None:
    head, *events = written(2)
    assert json.loads(head) == {
        "version": 2, "width": 120, "height": 40, "timestamp": 1_700_000_000,
        "idle_time_limit": 1.0, "title": "Salt", "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    assert events == [
        '[0.000000, "o", "\\u001b[1mBells\\n"]\n',
        '[0.250000, "m", "the \\"first\\""]\n',
        '[3600.000001, "o", "水"]\n',
    ]


def test_version_3_counts_from_the_event_before_and_ends_with_an_exit() -> None:
    head, *events = written(3)
    assert json.loads(head) == {
        "version": 3, "term": {"cols": 120, "rows": 40, "type": "xterm-256color"},
        "timestamp": 1_700_000_000, "idle_time_limit": 1.0, "title": "Salt",
    }  # fmt: skip
    assert [json.loads(line, parse_float=Decimal) for line in events] == [
        [Decimal("0"), "o", "\x1b[1mBells\n"],
        [Decimal("0.25"), "m", 'the "first"'],
        [Decimal("3599.750001"), "o", "水"],
        [Decimal("0"), "x", "0"],
    ]


def test_no_line_is_made_before_its_event_is_there() -> None:
    def events() -> object:
        yield EVENTS[0]
        raise KeyboardInterrupt

    lines = cast.lines(HEAD, events(), 2)  # type: ignore[arg-type]
    assert next(lines).startswith('{"version": 2')
    assert next(lines).startswith("[0.000000")
    with pytest.raises(KeyboardInterrupt):
        next(lines)


def test_a_time_before_1970_is_the_earliest_that_the_format_can_say() -> None:
    head = next(iter(cast.lines(Head(80, 24, "", -5, 1.0), [], 2)))
    assert json.loads(head)["timestamp"] == 0


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
        assert 0 <= later - sooner <= round(cap * 1e6)
        assert before <= after
    if speed != FASTEST:
        # What the clock says it lasts, but for a first and a last frame of their own.
        assert moments[-1][0] / 1e6 == pytest.approx(of.length / speed, abs=2 * FRAME + 1e-4)


def test_frames_are_those_at_which_there_is_something_else_to_see() -> None:
    of = player([0, 300, 2_100], 1.0, 5.0)
    # The opening a frame later; then an operation, two whole seconds, and the last one.
    assert list(played(of, 3, lambda: False)) == [
        0,
        50_000,
        300_000,
        1_000_000,
        2_000_000,
        2_100_000,
    ]


def test_while_a_text_is_written_there_is_a_frame_for_every_twentieth_of_a_second() -> None:
    of = player([0, 500], 1.0, 5.0)
    assert list(played(of, 2, lambda: True)) == [n * 50_000 for n in range(11)]


def test_operations_at_one_moment_share_a_frame() -> None:
    of = player([0, 1_000, 1_001, 1_002, 1_003, 2_000], 1.0, 5.0)
    positions = [of.position for _ in played(of, 6, lambda: False)]
    assert positions == [0, 1, 2, 5, 6]


def test_a_part_of_a_replay_begins_at_nought_and_stops_where_it_was_to() -> None:
    of = player([n * 1_000 for n in range(10)], 2.0, 5.0)
    of.go(4)
    moments = [(time, of.position) for time in played(of, 7, lambda: False)]
    assert moments == [(0, 4), (500_000, 5), (1_000_000, 6), (1_500_000, 7)]
