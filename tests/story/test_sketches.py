"""Sketches: passages of the tree that are no text of the story."""

from pathlib import Path

import pytest

from storyloom.story import (
    check,
    glimpse,
    growth,
    history,
    log,
    marks,
    placing,
    reading,
    rebuild,
    shape,
)
from storyloom.story.growth import Asked, Result
from storyloom.story.marks import Chapter
from storyloom.story.shelf import facts
from storyloom.story.story import Story
from storyloom.story.told import told
from storyloom.story.weaves import set_weave
from storyloom.text import Refusal

OPENING = "The sea was iron."


def grown(story: Story, parent: int, *texts: str, sketch: bool = True) -> list[int]:
    """Grow a batch below a node, of sketches or not."""
    asked = [Asked("one", {"prompt": "p"}) for _ in texts]
    placed = growth.request(story, parent, asked, sketch=sketch)
    for branch, text in zip(placed, texts, strict=True):
        growth.finish(story, branch, text, Result("stop"))
    return [branch.node for branch in placed]


def is_sketch(story: Story, *nodes: int) -> list[bool]:
    return [card.sketch for card in reading.cards(story, list(nodes))]


@pytest.fixture
def written_out(story: Story) -> Story:
    """n2 and n3 are sketches below n1, n4 is prose below n2, and the weave ends there."""
    grown(story, 1, "She rows out.", "He drowns.")
    grown(story, 2, " She pushed off.", sketch=False)
    set_weave(story, 4)
    return story


def test_a_sketch_is_in_no_text_and_in_no_count_of_words(written_out: Story) -> None:
    story = written_out
    assert is_sketch(story, 1, 2, 3, 4) == [False, True, True, False]
    assert reading.strand_text(story, 4) == f"{OPENING} She pushed off."
    assert reading.strand_text(story, 4, least=10_000) == f"{OPENING} She pushed off."
    assert reading.length(story, 4) == len(f"{OPENING} She pushed off.")
    assert [piece.node for piece in reading.strand(story, 4)] == [1, 4]
    assert [piece.node for piece in reading.strand(story, 4, sketches=True)] == [1, 2, 4]
    assert [piece.node for piece in reading.strand(story, 4, least=99, sketches=True)] == [1, 2, 4]
    assert facts(story.path).words == 7
    seen = glimpse.glimpse(story.path)
    assert seen.ending == f"{OPENING} She pushed off."
    assert (seen.tip, seen.length) == (4, 3)
    assert dict(seen.shares) == {"human": 17 / 33, "model:one": 16 / 33}


def test_what_is_to_be_written_out_is_the_sketches_at_the_end(written_out: Story) -> None:
    (further,) = grown(written_out, 2, "The oar breaks.")
    assert reading.sketched(written_out, further) == "She rows out.\nThe oar breaks."
    assert reading.sketched(written_out, 2) == "She rows out."
    assert reading.sketched(written_out, 4) == reading.sketched(written_out, 1) == ""


def test_a_chapter_that_begins_with_a_sketch_begins_with_what_is_below(written_out: Story) -> None:
    marks.set_chapter(written_out, 2, "Oars", 4)
    (_, sketch, _) = reading.strand(written_out, 4)
    assert (sketch.text, sketch.marks) == ("", (Chapter(0, "Oars"),))
    assert facts(written_out.path).chapters == ("Oars",)


def test_a_passage_is_marked_and_unmarked_in_steps_that_can_be_taken_back(story: Story) -> None:
    (node,) = grown(story, 1, " She rows.", sketch=False)
    marks.set_sketch(story, node)
    assert reading.strand_text(story, node) == OPENING
    assert history.undo(story) == "sketch.set"
    assert reading.strand_text(story, node) == f"{OPENING} She rows."
    history.redo(story)
    marks.set_sketch(story, node, on=False)
    assert is_sketch(story, node) == [False]
    with pytest.raises(Refusal, match="no node n99"):
        marks.set_sketch(story, 99)


def test_an_edited_or_copied_sketch_is_one_and_so_are_its_halves(written_out: Story) -> None:
    story = written_out
    shape.edit(story, 3, "He drowns at dawn.")
    copy = placing.copy(story, 3, 1)
    first = shape.split(story, 3, 3)
    assert is_sketch(story, copy, first, 3) == [True, True, True]
    assert shape.join(story, 3).node == 3
    assert is_sketch(story, 3) == [True]


def test_a_sketch_and_prose_are_not_joined(written_out: Story) -> None:
    for node in (4, 2):
        if node == 2:
            shape.keep_only(written_out, 2)
        with pytest.raises(Refusal, match="One of the two is a sketch"):
            shape.join(written_out, node)
    assert reading.strand_text(written_out, 4) == f"{OPENING} She pushed off."


def test_a_batch_of_sketches_that_was_taken_back_comes_back_as_sketches(story: Story) -> None:
    nodes = grown(story, 1, "She rows out.", "He drowns.")
    assert history.undo(story) == "gen.request"
    assert reading.children(story, 1) == []
    shape.restore(story, nodes)
    assert is_sketch(story, *nodes) == [True, True]
    history.undo(story)
    history.redo(story)
    assert is_sketch(story, *nodes) == [True, True]
    assert check.check(story).faults == []


def test_sketches_follow_from_the_log_alone(written_out: Story, tmp_path: Path) -> None:
    marks.set_sketch(written_out, 3, on=False)
    assert check.check(written_out).faults == []
    rebuild.rebuild(written_out.path, tmp_path / "again.loom")
    with Story(tmp_path / "again.loom") as again:
        assert is_sketch(again, 1, 2, 3, 4) == [False, True, False, False]
        assert reading.below(again, [0])[0] == reading.below(written_out, [0])[0] == (4, 4)


def test_a_branch_cut_off_by_a_crash_is_a_sketch_still(story: Story) -> None:
    (branch,) = growth.request(story, 1, [Asked("one", {"prompt": "p"})], sketch=True)
    growth.flush(story, {branch.rev: "She rows"})
    story.session_alive = lambda _: False  # pyright: ignore[reportAttributeAccessIssue]
    assert growth.recover(story) == [branch.node]
    assert is_sketch(story, branch.node) == [True]


def test_the_log_says_what_was_sketched(written_out: Story) -> None:
    marks.set_sketch(written_out, 4)
    marks.set_sketch(written_out, 4, on=False)
    marks.set_setting(written_out, "words", 0)
    said = [told(log.step_of(written_out, each)) for each in log.operations(written_out)]
    assert "grew 2 of one, sketches, at n1" in said
    assert "grew 1 of one at n2" in said
    assert said[-3:] == [
        "marked n4 as a sketch",
        "marked n4 as prose",
        "set the story's own words to sketch",
    ]


def test_what_a_branch_was_to_be_other_in_is_kept_with_it(story: Story) -> None:
    asked = [Asked("one", {"prompt": "p"}, {"max_tokens": 9}, "tone: dry"), Asked("one", {})]
    placed = growth.request(story, 1, asked)
    for branch in placed:
        growth.finish(story, branch, " Text.", Result("stop"))
    assert [card.vary for card in reading.cards(story, [1, 2, 3])] == ["", "tone: dry", ""]
    assert reading.cards(story, [placing.copy(story, 2, 1)])[0].vary == "tone: dry"
    assert check.check(story).faults == []
