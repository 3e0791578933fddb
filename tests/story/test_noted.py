"""The notes along a strand, in its order."""

from pathlib import Path

from storyloom.story import marks, shape
from storyloom.story.noted import Note, noted
from storyloom.story.story import Story


def test_the_notes_of_a_strand_come_in_its_order_and_no_others(path: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        taken = shape.write_child(story, 1, "Taken.")
        left = shape.write_child(story, 1, "Left.")
        marks.set_text(story, taken, "note", "eels: too cute?")
        marks.set_text(story, left, "note", "not on the strand")
        marks.set_text(story, 1, "note", "first")
        marks.set_text(story, 1, "why", "no note")
        assert noted(story, [1, taken]) == [Note(1, "first"), Note(taken, "eels: too cute?")]
        assert noted(story, [taken, 1, 99]) == [Note(taken, "eels: too cute?"), Note(1, "first")]
        marks.set_text(story, 1, "note", None)
        assert noted(story, [1]) == []


def test_of_a_long_note_its_beginning_is_read(path: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        marks.set_text(story, 1, "note", "so " * 500)
        assert noted(story, [1]) == [Note(1, ("so " * 500)[:200])]
