"""Where a strand's text came from, and what was done to it."""

from storyloom.story import history, placing, reading, shape, weaves
from storyloom.story.lineage import lineage, steps
from storyloom.story.story import Story
from tests.story.trees import grown


def test_a_strand_that_was_only_written_is_its_own_lineage(story: Story) -> None:
    one = shape.write_child(story, 1, "One.")
    shape.write_child(story, 1, "Beside.")
    found = lineage(story, one)
    assert found.nodes == (1, one)
    assert found.strand == {1, one}
    assert (found.until, found.passed_over) == ({}, frozenset())
    assert found.last == reading.last_op(story)
    assert lineage(story, 0).nodes == ()


def test_what_was_joined_into_a_node_comes_before_it_however_often(story: Story) -> None:
    one = shape.write_child(story, 1, "One.")
    two = shape.write_child(story, one, "Two.")
    three = shape.write_child(story, two, "Three.")
    shape.join(story, two)
    first = reading.last_op(story)
    shape.join(story, three)
    found = lineage(story, three)
    assert found.nodes == (1, one, two, three)
    assert found.strand == {1, three}
    assert found.until == {one: first, two: first + 1}


def test_the_half_that_the_strand_does_not_take_comes_behind_the_other(story: Story) -> None:
    one = shape.write_child(story, 1, "One. Two.")
    half = shape.split(story, one, 4)
    split = reading.last_op(story)
    other = shape.write_child(story, half, "Otherwise.")
    found = lineage(story, other)
    assert found.nodes == (1, half, one, other)
    assert found.until == {one: split}
    assert lineage(story, one).nodes == (1, half, one)
    # What became of that half since is not the strand's.
    shape.join(story, shape.write_child(story, one, "Further."))
    assert lineage(story, other).nodes == (1, half, one, other)


def test_what_a_join_left_aside_and_was_brought_back_is_of_itself_alone(story: Story) -> None:
    one = shape.write_child(story, 1, "One.")
    two = shape.write_child(story, one, "Two.")
    aside = shape.write_child(story, one, "Aside.")
    shape.prune(story, aside)
    shape.join(story, two)
    shape.restore(story, [one, aside])
    assert lineage(story, aside).nodes == (1, one, aside)
    assert lineage(story, two).nodes == (1, one, two)


def test_the_first_half_is_found_of_a_second_one_that_was_moved_away(story: Story) -> None:
    one = shape.write_child(story, 1, "One. Two.")
    half = shape.split(story, one, 4)
    placing.move(story, one, 1)
    assert lineage(story, one).nodes == (1, half, one)


def test_what_was_taken_back_is_passed_over_unless_it_was_made_again(story: Story) -> None:
    one = shape.write_child(story, 1, "One.")
    two = shape.write_child(story, one, "Two.")
    shape.join(story, two)
    join = reading.last_op(story)
    history.undo(story)
    assert lineage(story, two).passed_over == {join, join + 1}
    assert lineage(story, two).nodes == (1, one, two)
    history.redo(story)
    assert lineage(story, two).passed_over == frozenset()
    history.undo(story)
    assert lineage(story, two).passed_over == {join, join + 1, join + 2, join + 3}


def test_steps_tell_what_concerns_the_nodes_and_no_more(story: Story) -> None:
    one = shape.write_child(story, 1, "One.")
    beside = shape.write_child(story, 1, "Beside.")
    shape.write_child(story, beside, "Not told.")
    branch, other = grown(story, one, "A.", "B.")
    shape.keep_only(story, branch)
    weaves.set_weave(story, branch)
    found = list(steps(story, reading.last_op(story), {one}))
    # What is put below a node of them, a request whole, and every pruning; results of branches not.
    assert [(step.kind, [change.owner for change in step.changes]) for step in found] == [
        ("node.create", [one]),
        ("gen.request", [branch, other]),
        ("node.prune", [other]),
        ("weave.set", [one, 1]),
    ]
    assert found[1].data["parent"] == one
    assert found[2].data == {"keep": branch}


def test_nodes_that_are_looked_at_meanwhile_are_told_of_too(story: Story) -> None:
    branch, other = grown(story, 1, "A.", "B.")
    nodes = {1}
    kinds: list[str] = []
    for step in steps(story, reading.last_op(story), nodes):
        kinds.append(step.kind)
        if step.kind == "gen.request":
            nodes |= {branch, other}
    assert kinds == ["story.create", "gen.request", "gen.result", "gen.result"]
    assert len(list(steps(story, 2, {1}))) == 1
