"""A log as a recording: sittings, and the marks by which one finds one's way."""

from storyloom.replay.recording import CHAPTER, CHOICE, PRUNING, Recording, marks_of, record
from storyloom.story import marks, shape, weaves
from storyloom.story.story import Story
from tests.story.trees import grown


def found(story: Story) -> list[tuple[str, int]]:
    return [(mark.kind, mark.node) for mark in marks_of(story.read, record(story.read))]


def test_a_branch_is_chosen_once_by_what_first_goes_on_with_it(story: Story) -> None:
    one, two = grown(story, 1, "One.", "Two.")
    shape.write_child(story, two, "On.")
    shape.write_child(story, two, "And on.")
    weaves.set_weave(story, two)
    assert found(story).count((CHOICE, two)) == 1
    assert (CHOICE, one) not in found(story)


def test_a_weave_and_keeping_one_alone_are_choices(story: Story) -> None:
    one, _ = grown(story, 1, "One.", "Two.")
    weaves.set_weave(story, one)
    three, four = grown(story, one, "Three.", "Four.")
    shape.keep_only(story, four)
    assert (CHOICE, one) in found(story)
    assert found(story)[-2:] == [(PRUNING, three), (CHOICE, four)]


def test_what_is_written_by_hand_is_no_choice(story: Story) -> None:
    node = shape.write_child(story, 1, "Mine.")
    shape.write_child(story, node, "Mine too.")
    weaves.set_weave(story, node)
    assert not any(kind == CHOICE for kind, _ in found(story))


def test_a_chapter_is_marked_when_it_is_set_and_not_when_it_is_taken_away(story: Story) -> None:
    marks.set_chapter(story, 1, "The ferry")
    marks.set_chapter(story, 1, None)
    assert found(story) == [(CHAPTER, 1)]


def test_positions_are_found_by_operation_and_by_time() -> None:
    recording = Recording([1, 2, 5], [1_000, 2_000, 9_000], ["a", "b", "c"], [0, 2])
    assert [recording.position_of(op) for op in (0, 1, 2, 3, 5, 9)] == [0, 1, 2, 2, 3, 3]
    assert [recording.position_at(time) for time in (0, 1_000, 5_000, 9_999)] == [0, 1, 2, 3]
    assert [recording.sitting(position) for position in range(4)] == [1, 1, 1, 2]


def test_half_an_hour_of_nothing_begins_a_sitting(story: Story) -> None:
    recording = record(story.read)
    assert recording.sittings == [0]
    assert len(recording) == len(recording.times) == len(recording.kinds)
