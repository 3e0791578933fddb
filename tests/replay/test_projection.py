"""The state after any operation is the one that the log alone gives."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.replay.projection import Projection
from storyloom.replay.recording import record
from storyloom.story import check, history, marks, purging, shape
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.story.trees import grown, planted, step


def projected(story: Story, trail: int = 1_000) -> Projection:
    return Projection(story.read, record(story.read).ops, trail=trail)


def same(projection: Projection, story: Story, position: int) -> bool:
    tables = check.folded_log(story.read, record(story.read).ops[position - 1] if position else 0)
    return (projection.nodes, projection.attributes) == (tables.nodes, tables.attributes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("trail", [9, 1_000])
def test_the_state_at_any_operation_is_the_one_made_from_scratch(
    story: Story, seed: int, trail: int, *, prepared: bool
) -> None:
    chance = random.Random(seed)
    for _ in range(120):
        step(story, chance)
    ops = record(story.read).ops
    projection = projected(story, trail)
    if prepared:
        projection.prepare()
        assert same(projection, story, len(ops))
    for _ in range(50):
        position = chance.randint(0, len(ops))
        projection.seek(position)
        assert projection.at == position
        assert same(projection, story, position)


def test_a_seek_before_all_is_read_does_not_spoil_what_is_kept(long_story: Story) -> None:
    projection = projected(long_story, 5)
    projection.seek(500)
    projection.prepare()
    for position in (401, 201):
        projection.seek(position)
        assert same(projection, long_story, position)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    places=st.lists(st.integers(-3, 620), min_size=1, max_size=12), trail=st.sampled_from([5, 300])
)
def test_no_way_to_an_operation_leaves_a_trace(
    long_story: Story, places: list[int], trail: int
) -> None:
    projection = projected(long_story, trail)
    projection.prepare()
    for place in places:
        projection.seek(place)
    there = [node for node in projection.nodes.values() if not node.flags & GONE]
    assert projection.there == len(there)
    assert projection.pruned == sum(bool(node.flags & PRUNED) for node in there)
    assert same(projection, long_story, min(max(0, places[-1]), len(record(long_story.read).ops)))


@pytest.fixture(scope="module")
def long_story(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("long") / "story.loom"
    with planted(path, [1, 2, 3]) as made:
        for number in range(600):
            marks.set_text(made, 1 + number % 4, "note", f"note {number}")
        yield made


def test_what_hangs_below_a_node_is_in_order_and_what_is_gone_is_not_there(story: Story) -> None:
    one, two, three = grown(story, 1, "One.", "Two.", "Three.")
    shape.prune(story, two)
    written = shape.write_child(story, one, "More.")
    history.undo(story)
    projection = projected(story)
    projection.prepare()
    assert projection.children(1) == [one, two, three]
    assert projection.children(one) == []
    assert projection.nodes[written].flags & GONE
    assert projection.hidden(two)
    assert not projection.hidden(three)
    projection.seek(record(story.read).position_of(2))
    assert projection.children(1) == []
    assert projection.strand(three) == []


def test_a_purge_does_not_hinder_going_back_before_it(story: Story) -> None:
    (node,) = grown(story, 1, "To be deleted.")
    shape.write_child(story, node, "And this.")
    before = len(record(story.read))
    shape.prune(story, node)
    purging.purge(story, [node])
    projection = projected(story)
    projection.prepare()
    for position in (before, len(record(story.read)), before - 1, 0):
        projection.seek(position)
        assert same(projection, story, position)


def test_the_weave_leads_where_it_led(story: Story) -> None:
    first = shape.write_child(story, 1, "First.")
    second = shape.write_child(story, first, "Second.")
    projection = projected(story)
    projection.prepare()
    assert projection.tip() in (first, second, 1)
    assert projection.strand(second) == [1, first, second]
    assert projection.text(second) == "Second."


def test_a_log_that_changes_what_it_never_added_is_refused(path: Path) -> None:
    with planted(path, [1]) as made:
        with made.quick() as db:
            db.execute(
                "INSERT INTO change(op, owner, key, old, new) "
                "SELECT max(id), 77, 'pruned', 0, 1 FROM op"
            )
        projection = projected(made)
        with pytest.raises(Refusal, match="cannot be replayed"):
            projection.prepare()


def test_a_node_below_itself_does_not_hold_a_replay_up(path: Path) -> None:
    with planted(path, [1, 2]) as made:
        with made.quick() as db:
            db.execute("INSERT INTO change(op, owner, key, old, new) "
                       "SELECT max(id), 2, 'place', '[1,\"a\"]', '[3,\"a\"]' FROM op")  # fmt: skip
        projection = projected(made)
        projection.prepare()
        assert projection.strand(3) == [2, 3]
