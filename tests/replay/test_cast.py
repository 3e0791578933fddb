"""Asciicast files as the published format has them."""

import json
from decimal import Decimal

import pytest

from storyloom.replay import cast
from storyloom.replay.cast import MARKER, OUTPUT, Event, Head

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
