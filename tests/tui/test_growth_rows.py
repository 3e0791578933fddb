"""How growth and an ending are drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from storyloom.story.sessions import Growth, Session
from storyloom.tui.growth_rows import day, ending, growth_line, marks, session_rows
from storyloom.tui.widgets.lines import Line
from tests.tui.stories import HOSTILE

DAY = 86_400_000
NOW = 1_790_000_000.0  # 2026-09-21
AT = int(NOW * 1000)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def grown(*nodes: int) -> Growth:
    """One session a day, the last one today."""
    first = AT - (len(nodes) - 1) * DAY
    sessions = tuple(
        Session(n + 1, first + n * DAY, first + n * DAY + 60_000, count)
        for n, count in enumerate(nodes)
    )
    return Growth(sessions, len(nodes), nodes, first)


def test_more_nodes_have_a_higher_mark_and_none_a_dot() -> None:
    assert marks([0, 1, 5, 9], 10) == ".:|#"
    assert marks([3], 10) == "#"
    assert marks([0, 0], 10) == ".."
    assert marks([], 10) == ""


@given(st.lists(st.integers(0, 10**9), max_size=80), st.integers(1, 60))
def test_marks_fit_and_every_node_is_seen(counts: list[int], width: int) -> None:
    drawn = marks(counts, width)
    assert len(drawn) == min(len(counts), width)
    assert ("#" in drawn) == any(counts)


@pytest.mark.parametrize("width", [76, 40, 30, 20])
def test_the_line_says_from_when_to_when_and_how_many_sessions(width: int) -> None:
    line = text(growth_line(grown(4, 0, 9), width, NOW))
    assert cell_len(line) <= width
    assert "Sep 19" in line
    if width > 24:
        assert "Sep 19 - Sep 21, 3 sessions" in line
    assert ("growth  |.#   " in line) == (width > 45)


def test_one_session_of_one_day_is_said_shortly_and_none_not_at_all() -> None:
    assert text(growth_line(grown(4), 76, NOW)).endswith("Sep 21, 1 session")
    assert growth_line(Growth(), 76, NOW) == ()
    assert session_rows(Growth(), 40, 8, NOW) == []


def test_a_session_has_a_row_with_its_day_its_number_and_its_nodes() -> None:
    rows = [text(row) for row in session_rows(grown(1, 40, 0), 40, 8, NOW)]
    assert [row.split() for row in rows] == [
        ["Sep", "19", "|", "session", "1", "1", "node"],
        ["Sep", "20", "|" * rows[1].count("|"), "session", "2", "40", "nodes"],
        ["Sep", "21", "session", "3", "0", "nodes"],
    ]
    assert rows[1].count("|") > 5
    assert len({cell_len(row) for row in rows}) == 1
    assert all(cell_len(row) <= 40 for row in rows)


def test_of_many_sessions_the_last_ones_are_shown() -> None:
    rows = session_rows(grown(*range(1, 60)), 40, 5, NOW)
    assert [text(row).split("session")[1].split()[0] for row in rows] == [
        "55", "56", "57", "58", "59",
    ]  # fmt: skip


def test_another_year_is_said_and_a_time_beyond_all_clocks_breaks_nothing() -> None:
    assert day(AT - 300 * DAY, NOW) == "2025-11-25"
    assert day(2**62, NOW).startswith("9998-12") or day(2**62, NOW).startswith("9999")
    assert day(-5, NOW) == "1970-01-01"


def test_the_end_of_a_text_fills_the_room_there_is() -> None:
    lines = [
        text(line) for line in ending("One two three.\n\nFour five six seven. The end.\n", 12, 3)
    ]
    assert lines == ["Four five", "six seven.", "The end."]
    assert ending("", 12, 3) == []
    assert ending("Words.", 12, 0) == []
    assert [text(line) for line in ending("One.\n\nTwo.", 12, 2)] == ["Two."]


def test_an_ending_is_safe_on_a_terminal() -> None:
    drawn = "".join(text(line) for line in ending(HOSTILE, 30, 9))
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert "[@click=app.bell]x[/]" in drawn.replace(" ", "") or "[@click" in drawn
