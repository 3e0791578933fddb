"""Two programs on one story: nothing is lost, and neither undoes what the other is doing."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.story import check, growth, history, marks, reading, search, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal


@pytest.fixture
def other(story: Story) -> Iterator[Story]:
    """A second window on the same story."""
    with Story(story.path) as opened:
        yield opened


def test_what_one_does_the_other_reads_at_once(story: Story, other: Story) -> None:
    for number in range(20):
        node = shape.write_child(story, 1, f"{number}.")
        assert reading.strand_text(other, node).endswith(f"{number}.")
        assert reading.strand_text(story, node).endswith(f"{number}.")


def test_no_reading_keeps_the_log_of_changes_from_being_folded_in(story: Story) -> None:
    for _ in range(50):
        shape.write_child(story, 1, "word " * 2000)
        reading.cards(story, reading.children(story, 1))
        search.search(story, "word")
        history.undoable(story)
    wal = story.path.with_name(story.path.name + "-wal")
    # SQLite starts the side file over at 1,000 pages unless someone still reads an older state.
    assert wal.stat().st_size < 6_000_000


def test_a_second_session_takes_back_the_firsts_steps(path: Path) -> None:
    with Story.create(path, opening="Begin.") as first:
        shape.write_child(first, 1, "One.")
        shape.write_child(first, 1, "Two.")
    with Story(path) as second:
        assert history.undo(second) == "node.create"
        assert history.undo(second) == "node.create"
        assert history.undo(second) is None
        assert reading.children(second, 1) == []
    with Story(path) as third:
        assert history.redo(third) == "node.create"
        assert len(reading.children(third, 1)) == 1


def test_live_windows_take_back_their_own_steps_alone(story: Story, other: Story) -> None:
    mine = shape.write_child(story, 1, "Mine.")
    theirs = shape.write_child(other, 1, "Theirs.")
    assert history.undo(story) == "node.create"
    assert reading.children(story, 1) == [theirs]
    assert history.undo(story) is None
    assert history.redo(story) == "node.create"
    assert history.undo(other) == "node.create"
    assert reading.children(story, 1) == [mine]


def test_a_window_that_came_later_leaves_an_older_ones_steps_alone(
    story: Story, other: Story
) -> None:
    shape.write_child(story, 1, "Mine, from before the other window did anything.")
    marks.set_text(other, 1, "note", "Theirs.")
    assert history.undo(other) == "note.set"
    assert history.undo(other) is None
    assert history.undoable(other) is None


def test_a_new_step_leaves_what_another_window_can_make_again(story: Story, other: Story) -> None:
    shape.write_child(story, 1, "Mine.")
    history.undo(story)
    shape.write_child(other, 1, "Theirs.")
    assert history.redo(story) == "node.create"


def test_taking_back_what_another_window_changed_is_refused(story: Story, other: Story) -> None:
    shape.edit(story, 1, "The sea was salt.")
    shape.edit(other, 1, "The sea was gone.")
    before = story.read.execute("SELECT max(id) FROM op").fetchone()
    with pytest.raises(Refusal, match="another window"):
        history.undo(story)
    assert story.read.execute("SELECT max(id) FROM op").fetchone() == before
    assert reading.strand_text(story, 1) == "The sea was gone."
    assert history.undo(other) == "node.text"
    assert history.undo(story) == "node.text"
    assert reading.strand_text(story, 1) == "The sea was iron."


def test_unmaking_what_another_window_built_on_is_refused(story: Story, other: Story) -> None:
    mine = shape.write_child(story, 1, "Mine.")
    theirs = shape.write_child(other, mine, "Theirs.")
    with pytest.raises(Refusal, match="another window"):
        history.undo(story)
    shape.join(other, theirs)
    with pytest.raises(Refusal, match="another window"):
        history.undo(story)
    assert reading.strand_text(story, theirs) == "The sea was iron.Mine.Theirs."
    assert check.check(story).faults == []


def test_an_edit_of_what_was_changed_meanwhile_is_refused(story: Story, other: Story) -> None:
    shape.edit(other, 1, "Theirs.")
    with pytest.raises(Refusal, match="another window"):
        shape.edit(story, 1, "Mine.", expected="The sea was iron.")
    assert reading.strand_text(story, 1) == "Theirs."


def test_a_branch_that_another_window_is_writing_is_left_to_it(story: Story, other: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m", {"prompt": "p"})])
    growth.flush(story, {place.rev: "So far"})
    assert growth.recover(other) == []
    with pytest.raises(Refusal, match="still being written"):
        shape.edit(other, place.node, "Mine.")
    growth.finish(story, place, "So far and on.", Result("stop"))
    assert reading.pieces(other, [place.node])[0].text == "So far and on."


def test_a_branch_taken_for_dead_gets_the_rest_of_its_text(
    story: Story, other: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = growth.request(story, 1, [Asked("m", {"prompt": "p"})] * 3)
    growth.flush(story, {places[0].rev: "So far", places[2].rev: "Third"})
    # Another environment may name another runtime folder, where no sign of life is found.
    monkeypatch.setattr(other, "session_alive", lambda _: False)
    assert sorted(growth.recover(other)) == [place.node for place in places]
    shape.edit(other, places[2].node, "Third, by hand.")
    for place in places:
        growth.finish(story, place, "So far and on.", Result("stop", facts={"cost": 0.5}))
    texts = [piece.text for piece in reading.pieces(story, [place.node for place in places])]
    assert texts == ["So far and on.", "So far and on.", "Third, by hand."]
    assert reading.children(story, 1) == [place.node for place in places]
    assert growth.spent(story).dollars == 1.5
    assert check.check(story).faults == []


_WRITER = """
import random, sys
from pathlib import Path
from storyloom.story import growth, history, marks, placing, reading, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.text import Refusal

name, chance = sys.argv[2], random.Random(sys.argv[2])
done, refused, mine = {}, 0, []

def count(kind):
    done[kind] = done.get(kind, 0) + 1

with Story(Path(sys.argv[1])) as story:
    sys.stdin.readline()
    while sum(done.values()) < 1_000:
        node = chance.choice(mine[-40:] or [1])
        theirs = chance.choice(reading.children(story, 1) or [1])
        step = chance.randrange(10)
        try:
            if step < 3:
                mine.append(shape.write_child(story, 1, f"{name} {len(mine)}"))
                count("node.create")
            elif step == 3:
                mine.append(shape.write_child(story, theirs, f"{name} {len(mine)}"))
                count("node.create")
            elif step == 4:
                shape.edit(story, node, f"{name}, edited {sum(done.values())}")
                count("node.text")
            elif step == 5:
                placing.move(story, node, theirs)
                count("node.move")
            elif step == 6:
                weaves.set_weave(story, node, name)
                count("weave.set")
            elif step == 7:
                (place,) = growth.request(story, node, [Asked("m", {"prompt": name})])
                count("gen.request")
                growth.finish(story, place, f"{name} grown", Result("stop", facts={"cost": 1e-9}))
                count("gen.result")
            elif step == 8:
                shape.prune(story, node)
                count("node.prune")
                shape.restore(story, [node])
                count("node.restore")
            elif history.undo(story):
                count("undo")
        except Refusal as refusal:
            # What the other has built on cannot be taken back or moved below itself; what is busy
            # has to be waited for.
            assert "too long" not in str(refusal), refusal
            refused += 1
print(story.session, refused, *(f"{kind}={many}" for kind, many in done.items()))
"""


def test_two_programs_write_a_thousand_steps_each_and_none_is_lost(story: Story) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(story.path), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("left", "right")
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    said = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    grown = 0
    for line in said:
        session, _, *counts = line.split()
        expected = {kind: int(many) for kind, many in (each.split("=") for each in counts)}
        assert sum(expected.values()) >= 1_000
        logged = story.read.execute(
            "SELECT kind, count(*) FROM op WHERE session = ? AND kind NOT GLOB 'session.*' "
            "GROUP BY kind",
            (session,),
        ).fetchall()
        # A step that changed nothing leaves no trace, as when a node is where it is moved to.
        unchanged = {"node.move", "weave.set", "node.text"}
        for kind, many in expected.items():
            found = dict(logged).get(kind, 0)
            assert found == many or (kind in unchanged and 0 < found < many), kind
        grown += expected["gen.result"]
    assert growth.spent(story).dollars == pytest.approx(grown * 1e-9)
    numbers = story.read.execute("SELECT count(*), max(id) FROM op").fetchone()
    assert numbers[0] == numbers[1]
    assert check.check(story).faults == []


def test_what_two_programs_write_below_one_node_keeps_each_ones_order(story: Story) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", _CHILDREN, str(story.path), name])
        for name in ("left", "right")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    texts = [piece.text for piece in reading.pieces(story, reading.children(story, 1))]
    for name in ("left", "right"):
        own = [text for text in texts if text.startswith(name)]
        assert own == [f"{name} {number}" for number in range(200)]
    assert len(texts) == 400


_CHILDREN = """
import sys
from pathlib import Path
from storyloom.story import shape
from storyloom.story.story import Story
with Story(Path(sys.argv[1])) as story:
    for number in range(200):
        shape.write_child(story, 1, f"{sys.argv[2]} {number}")
"""


def test_checking_is_right_while_another_writes(story: Story, other: Story) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(150):
            node = shape.write_child(other, 1, f"{number}")
            shape.edit(other, node, f"{number}, again")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert check.check(story).faults == []
    writer.join()


def test_a_stopped_program_is_not_waited_for_without_end(
    story: Story, other: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storyloom.story.guard.BUSY_SECONDS", 0.05)
    with story.quick(), pytest.raises(Refusal, match="too long"):
        shape.write_child(other, 1, "Waits.")
    shape.write_child(other, 1, "Goes on.")


def test_closing_never_fails(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storyloom.story.guard.BUSY_SECONDS", 0.05)
    other = Story(story.path)
    shape.write_child(other, 1, "Mine.")
    with story.quick():
        other.close()
    other.close()
    with pytest.raises(Refusal, match="closed"):
        shape.write_child(other, 1, "Too late.")


def test_a_session_is_noted_from_its_first_step_to_its_end(path: Path) -> None:
    Story.create(path).close()
    with Story(path):
        pass
    with Story(path) as story:
        shape.write_child(story, 1, "One.")
        runtime = os.listdir(os.environ["XDG_RUNTIME_DIR"] + "/storyloom")
        assert [name for name in runtime if story.session in name]
    assert os.listdir(os.environ["XDG_RUNTIME_DIR"] + "/storyloom") == []
    with Story(path) as story:
        kinds = [row[0] for row in story.read.execute("SELECT kind FROM op ORDER BY id")]
        assert kinds[-3:] == ["session.start", "node.create", "session.end"]


_STEPS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 11), st.integers(0, 99)), min_size=5, max_size=60
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=_STEPS)
def test_any_steps_of_two_windows_leave_a_sound_story(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("two") / "story.loom"
    with Story.create(path, opening="One. Two. Three.") as left, Story(path) as right:
        for is_left, what, pick in steps:
            window = left if is_left else right
            nodes = [
                row[0]
                for row in window.read.execute(
                    "SELECT id FROM node WHERE NOT flags & 2 ORDER BY id"
                )
            ]
            node = nodes[pick % len(nodes)]
            with contextlib.suppress(Refusal):
                _do(window, what, node)
            assert reading.root(left)
        for window in (left, right):
            assert check.check(window).faults == []


def _do(window: Story, what: int, node: int) -> None:
    if what == 0:
        shape.write_child(window, node, "Child.")
    elif what == 1:
        shape.write_sibling(window, node, "Sibling.")
    elif what == 2:
        shape.split(window, node, 2)
    elif what in (3, 4):
        shape.join(window, node)
    elif what == 5:
        shape.prune(window, node)
    elif what == 6:
        shape.restore(window, [node])
    elif what == 7:
        weaves.set_weave(window, node)
    elif what in (8, 9):
        history.undo(window)
    elif what == 10:
        history.redo(window)
    else:
        (place,) = growth.request(window, node, [Asked("m", {"prompt": "p"})])
        growth.finish(window, place, "Grown." if node % 3 else "", Result("stop"))
