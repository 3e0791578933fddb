"""What only the whole log tells: sittings, what is taken back; and what became of a node."""

import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st

from storyloom.story import growth, history, log, purging, sessions, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.past import Past, whereabouts
from storyloom.story.story import Story

MINUTE = 60_000


def read(db: sqlite3.Connection, most: int = 5_000) -> Past:
    """A past that was read to its end, so many operations at a time."""
    past = Past()
    while not past.read_on(db, most):
        pass
    return past


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0, 1, 29, 30, 31, 2_000])), min_size=1),
    st.integers(1, 7),
)
def test_sittings_are_those_of_sessions_however_the_log_is_read(
    steps: list[tuple[int, int]], most: int
) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE op(id INTEGER PRIMARY KEY, ts INTEGER, kind TEXT, reverts INTEGER)")
    op, now = 0, 1_760_000_000_000
    ops: list[int] = []
    # A recovered log may have lost operations between two others.
    for gap, minutes in steps:
        op, now = op + gap, now + minutes * MINUTE + 1
        db.execute("INSERT INTO op VALUES(?, ?, 'node.create', NULL)", (op, now))
        ops.append(op)
    past = read(db, most)
    whole = read(db)
    assert [past.sitting(each) for each in ops] == [whole.sitting(each) for each in ops]
    if ops == list(range(1, len(ops) + 1)):
        begins = [each.op for each in sessions.beginnings(db)]
        numbers = [sum(begin <= each for begin in begins) for each in ops]
        assert [past.sitting(each) for each in ops] == numbers


def test_a_step_is_undone_until_it_is_made_again(story: Story) -> None:
    shape.write_child(story, 1, "One.")
    (made,) = log.span(story, 1 << 40, -1)
    past = Past()

    def undone() -> bool:
        assert past.read_on(story.read)
        return past.undone(made.op)

    assert not undone()
    for _ in range(2):
        history.undo(story)
        assert undone()
        history.redo(story)
        assert not undone()
    history.undo(story)
    shape.write_child(story, 1, "Two.")
    assert undone()
    assert not past.undone(made.op - 1)


def test_each_fate_of_a_node_is_known_and_where_it_can_be_brought_back(story: Story) -> None:
    first = shape.write_child(story, 1, "One.")
    below = shape.write_child(story, first, "Below.")
    other = shape.write_child(story, 1, "Two.")
    assert whereabouts(story, below).fate == "there"
    shape.prune(story, first)
    assert whereabouts(story, first)[:] == ("pruned", first, other, 1)
    assert whereabouts(story, below)[:] == ("pruned", first, other, 1)
    shape.prune(story, other)
    assert whereabouts(story, first)[:] == ("pruned", first, 0, 1)
    purging.purge(story, [first])
    assert {whereabouts(story, node).fate for node in (first, below)} == {"purged"}
    written = shape.write_child(story, 1, "Three.")
    history.undo(story)
    assert whereabouts(story, written).fate == "gone"
    for nothing in (0, -1, 999, 1 << 70):
        assert whereabouts(story, nothing).fate == "none"


def test_what_is_still_written_is_there_and_what_brought_nothing_is_gone(story: Story) -> None:
    (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "x"})])
    assert whereabouts(story, branch.node).fate == "there"
    growth.finish(story, branch, "", Result("empty"))
    assert whereabouts(story, branch.node).fate == "gone"
