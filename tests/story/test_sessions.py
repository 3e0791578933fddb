"""How a story grew: sessions, nodes in them, and the course of the work."""

import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyloom.story import file, sessions, shape
from storyloom.story.glimpse import Glimpse, glimpse
from storyloom.story.sessions import growth
from storyloom.story.story import Story

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def log(moments: list[tuple[int, int]]) -> sqlite3.Connection:
    """A log of operations, each with its time and how many nodes came with it."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE op(id INTEGER PRIMARY KEY, ts INTEGER)")
    db.execute("CREATE TABLE node(id INTEGER PRIMARY KEY, born INTEGER)")
    for op, (moment, nodes) in enumerate(moments, 1):
        db.execute("INSERT INTO op VALUES(?, ?)", (op, moment))
        db.executemany("INSERT INTO node(born) VALUES(?)", [(op,)] * nodes)
    return db


def by_hand(moments: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """The sessions as one counts them when the whole log is read."""
    found: list[list[int]] = []
    for moment, nodes in moments:
        if found and moment - found[-1][1] <= 30 * MINUTE:
            found[-1][1], found[-1][2] = moment, found[-1][2] + nodes
        else:
            found.append([moment, moment, nodes])
    return [(each[0], each[1], each[2]) for each in found]


STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, MINUTE, 29 * MINUTE, 31 * MINUTE, DAY]), st.integers(0, 3)),
    min_size=1,
    max_size=60,
)


@given(STEPS, st.integers(2, 80))
@settings(deadline=None, max_examples=300)
def test_a_pause_of_half_an_hour_parts_sessions_however_few_operations_are_read(
    steps: list[tuple[int, int]], samples: int
) -> None:
    moments: list[tuple[int, int]] = []
    now = 1_760_000_000_000
    for gap, nodes in steps:
        now += gap
        moments.append((now, nodes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_SAMPLES", samples)
        found = growth(log(moments))
    expected = by_hand(moments)
    assert found.count == len(expected)
    assert [each[1:] for each in found.sessions] == expected[-60:]
    assert found.sessions[-1].number == found.count
    assert sum(found.slices) == sum(nodes for _, nodes in moments)
    assert found.begin == moments[0][0]


def test_slices_leave_pauses_out() -> None:
    first = [(minute * MINUTE, 1) for minute in range(10)]
    second = [(DAY + minute * MINUTE, 2) for minute in range(10)]
    found = growth(log([*first, *second]), 4)
    # Eighteen minutes of work: the second day goes on where the first one stopped.
    assert found.slices == (5, 7, 8, 10)


def test_a_log_with_nothing_in_it_or_a_clock_that_went_back_is_borne() -> None:
    assert growth(log([])).count == 0
    found = growth(log([(DAY, 1), (0, 1), (DAY + MINUTE, 1), (-DAY, 1)]))
    assert sum(found.slices) == 4
    assert found.count == 2


def test_only_the_last_sessions_are_counted_out() -> None:
    found = growth(log([(number * DAY, 1) for number in range(100)]))
    assert (found.count, len(found.sessions)) == (100, 60)
    assert [found.sessions[0].number, found.sessions[-1].number] == [41, 100]
    assert all(each.nodes == 1 for each in found.sessions)


def test_a_glimpse_tells_the_end_the_shares_and_the_sessions(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_790_000_000]
    monkeypatch.setattr(time, "time_ns", lambda: clock[0] * 10**9)
    with Story.create(path, opening="Once upon a tide.\n\n") as story:
        shape.write_child(story, 1, "It ended.")
    clock[0] += 86_400
    with Story(path) as story:
        shape.write_child(story, 1, "Another.")
    before = {each.name for each in path.parent.iterdir()}
    found = glimpse(path)
    assert {each.name for each in path.parent.iterdir()} == before
    assert found.tip == found.length == 1
    assert found.ending == "Once upon a tide.\n\n"
    assert found.shares == (("human", 1.0),)
    assert [each.nodes for each in found.grown.sessions] == [2, 1]


def test_a_glimpse_of_what_is_no_story_is_empty(path: Path) -> None:
    path.write_bytes(b"no story" * 100)
    assert glimpse(path) == Glimpse()
    assert glimpse(path.with_name("gone.loom")) == Glimpse()
    path.unlink()
    Story.create(path, opening="Once.").close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER rev_frozen")
        db.execute("UPDATE rev SET runs = '{}'")
    db.close()
    assert glimpse(path) == Glimpse()


def test_the_end_of_a_long_weave_is_its_last_text(path: Path) -> None:
    with Story.create(path, opening="x" * 5_000) as story:
        node = 1
        for word in ("one ", "two ", "three"):
            node = shape.write_child(story, node, word)
        with story.act("weave.set") as act:
            for child in range(2, node + 1):
                act.change(child - 1, "weave:main", child)
    found = glimpse(path)
    assert (found.tip, found.length) == (4, 4)
    assert found.ending.endswith("xone two three")
    assert len(found.ending) == 3_000


def test_a_story_of_an_earlier_version_is_looked_into_all_the_same() -> None:
    old = Path(__file__).parent / "data" / "version-1.loom"
    if not old.exists():
        pytest.skip("there is no story of the first version here")
    assert glimpse(old).grown.count
    file.open_reader(old).close()
