"""Frames that nobody waits for keep to a pace of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.tui.allowance import Allowance


class Line:
    """A line and a clock, both turned by hand."""

    sent = 0
    now = 100.0


@given(st.lists(st.tuples(st.integers(0, 4_000), st.floats(0.01, 0.5)), min_size=1, max_size=200))
def test_what_is_sent_never_gets_far_ahead_of_the_pace(frames: list[tuple[int, float]]) -> None:
    line = Line()
    allowance = Allowance(6_000, sent=lambda: line.sent, clock=lambda: line.now)
    began = line.now
    largest = max(size for size, _ in frames)
    for size, pause in frames:
        if allowance.left():
            line.sent += size
        line.now += pause
        assert line.sent <= 6_000 * (line.now - began) + 6_000 * 0.25 + largest


def test_keys_that_send_much_hold_a_frame_up_for_a_second_at_most() -> None:
    line = Line()
    allowance = Allowance(6_000, sent=lambda: line.sent, clock=lambda: line.now)
    line.sent += 600_000
    assert not allowance.left()
    line.now += 1.0
    assert allowance.left()


def test_a_line_that_was_quiet_may_send_at_once() -> None:
    line = Line()
    allowance = Allowance(6_000, sent=lambda: line.sent, clock=lambda: line.now)
    assert allowance.left()
    line.sent += 6_000
    assert not allowance.left()
    line.now += 1.1
    assert allowance.left()


def test_where_nothing_counts_bytes_every_frame_may_be_drawn() -> None:
    allowance = Allowance(6_000, sent=lambda: 0, clock=lambda: 0.0)
    assert all(allowance.left() for _ in range(100))
