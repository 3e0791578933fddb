"""What an author says of nodes and of the story is kept clean, and settings in their ranges."""

import math
from pathlib import Path

import pytest

from storyloom.settings import FRACTIONS, RANGES, SKETCH, TEXTS
from storyloom.story import check, growth, history, log, marks, reading, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.marks import Bookmark, Chapter
from storyloom.story.story import Story
from tests.story.trees import refused


@pytest.mark.parametrize(
    ("name", "kept"),
    [("sea", "sea"), ("  the \n sea ", "the sea"), ("cafe\u0301", "café"), ("x" * 60, "x" * 60),
     ("*", "*"), ("[a]", "[a]"), ("tag:tag", "tag:tag"), ("a\x1bb", "a␛b")],
)  # fmt: skip
def test_a_tag_is_kept_in_one_spelling(story: Story, name: str, kept: str) -> None:
    marks.tag(story, 1, name)
    assert marks.tags(story, 1) == [kept]
    assert marks.tagged(story) == [(kept, 1)]
    last = reading.last_op(story)
    marks.tag(story, 1, kept)
    assert reading.last_op(story) == last
    marks.tag(story, 1, name, on=False)
    assert marks.tags(story, 1) == []
    assert history.undo(story) == "tag.set"
    assert marks.tags(story, 1) == [kept]
    assert check.check(story).faults == []


@pytest.mark.parametrize("name", ["", " \n\t ", "x" * 61])
def test_what_is_no_tag_is_refused(story: Story, name: str) -> None:
    with refused(story, "1 to 60 characters"):
        marks.tag(story, 1, name)
    with refused(story, "1 to 60 characters"):
        marks.tag(story, 1, name, on=False)


def test_tags_are_told_by_name_with_their_nodes(story: Story) -> None:
    first, second = (shape.write_child(story, 1, text) for text in ("One.", "Two."))
    for node, name in ((second, "sea"), (first, "sea"), (first, "iron"), (1, "sea air")):
        marks.tag(story, node, name)
    assert marks.tags(story, first) == ["iron", "sea"]
    assert marks.tagged(story) == [
        ("iron", first), ("sea", first), ("sea", second), ("sea air", 1)
    ]  # fmt: skip
    assert marks.tagged(story, "sea") == [("sea", first), ("sea", second)]
    assert marks.tagged(story, "s*") == marks.tagged(story, "") == []
    marks.tag(story, first, "missing", on=False)
    assert marks.tags(story, first) == ["iron", "sea"]


def test_a_bookmark_has_a_name_or_none(story: Story) -> None:
    node = shape.write_child(story, 1, "One.")
    marks.bookmark(story, node)
    marks.bookmark(story, 1, " the \n beginning ")
    assert marks.bookmarks(story) == [Bookmark(1, "the beginning"), Bookmark(node, "")]
    marks.bookmark(story, node, "Here")
    assert marks.bookmarks(story)[1] == Bookmark(node, "Here")
    shape.prune(story, node)
    assert marks.bookmarks(story)[1] == Bookmark(node, "Here")
    marks.bookmark(story, node, None)
    assert marks.bookmarks(story) == [Bookmark(1, "the beginning")]
    assert history.undo(story) == "bookmark.set"
    assert marks.bookmarks(story)[1] == Bookmark(node, "Here")


def test_nothing_is_said_of_what_is_not_there(story: Story) -> None:
    for say in (
        lambda: marks.tag(story, 99, "sea"),
        lambda: marks.bookmark(story, 99),
        lambda: marks.bookmark(story, 99, None),
        lambda: marks.set_text(story, 99, "note", "A note."),
        lambda: marks.set_chapter(story, 99, "One"),
        lambda: marks.set_chapter(story, 99, None),
    ):
        with refused(story, "no node n99"):
            say()
    for say in (lambda: marks.tag(story, 0, "sea"), lambda: marks.bookmark(story, 0)):
        with refused(story, "no node n0"):
            say()


def test_each_text_has_its_owner(story: Story) -> None:
    for key in ("title", "premise", "style"):
        marks.set_text(story, 0, key, f" The {key}.\r\n")
        assert marks.text_of(story, 0, key) == marks.story_text(story, key) == f"The {key}."
        with refused(story, f"no '{key}' to be set here"):
            marks.set_text(story, 1, key, "x")
    for key in ("why", "reason", "note", "label", "plan"):
        marks.set_text(story, 1, key, f"The {key}.")
        assert marks.text_of(story, 1, key) == f"The {key}."
        with refused(story, f"no '{key}' to be set here"):
            marks.set_text(story, 0, key, "x")
    for key in ("text", "weave:main", "spent", "result", "", "chapters"):
        with refused(story, "to be set here"):
            marks.set_text(story, 1, key, "x")
    kinds = {each.kind for each in log.operations(story, node=1)}
    assert {"why.set", "reason.set", "note.set", "label.set", "plan.set"} <= kinds


@pytest.mark.parametrize("empty", ["", "  \n", None])
def test_an_empty_text_is_taken_away(story: Story, empty: str | None) -> None:
    marks.set_text(story, 1, "note", "A note.")
    marks.set_text(story, 1, "note", empty)
    assert marks.text_of(story, 1, "note") == ""
    assert "note" not in reading.cards(story, [1])[0].extras
    last = reading.last_op(story)
    marks.set_text(story, 1, "note", empty)
    assert reading.last_op(story) == last


def test_a_story_without_a_title_has_its_files_name(path: Path) -> None:
    with Story.create(path) as story:
        assert marks.story_text(story, "title") == "story"
        assert marks.story_text(story, "premise") == ""


def test_chapters_stand_in_the_text_in_their_order(story: Story) -> None:
    length = len("The sea was iron.")
    for offset in (length - 1, 0, 5):
        marks.set_chapter(story, 1, f" At {offset} ", offset)
    (piece,) = reading.pieces(story, [1])
    assert piece.marks == (Chapter(0, "At 0"), Chapter(5, "At 5"), Chapter(16, "At 16"))
    marks.set_chapter(story, 1, "", 5)
    assert reading.pieces(story, [1])[0].marks[1] == Chapter(5, "")
    marks.set_chapter(story, 1, None, 5)
    marks.set_chapter(story, 1, None, 7)
    assert [mark.offset for mark in reading.pieces(story, [1])[0].marks] == [0, 16]
    for offset in (-1, length, length + 5):
        with refused(story, "inside the text"):
            marks.set_chapter(story, 1, "Outside", offset)


def test_a_chapter_may_begin_with_an_empty_opening_and_with_no_unfinished_one(path: Path) -> None:
    with Story.create(path) as story:
        marks.set_chapter(story, 1, "One")
        assert reading.pieces(story, [1])[0].marks == (Chapter(0, "One"),)
        with refused(story, "inside the text"):
            marks.set_chapter(story, 1, "Two", 1)
        (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "p"})])
        with refused(story, "still being written"):
            marks.set_chapter(story, branch.node, "Two")
        growth.finish(story, branch, "Grown.", Result("stop"))
        marks.set_chapter(story, branch.node, "Two")


def test_a_setting_is_kept_in_its_range(story: Story) -> None:
    for key in set(marks.SETTINGS) - set(TEXTS):
        low, high = RANGES[key]
        for value in (low, high, (low + high) / 2):
            marks.set_setting(story, key, value)
            kept = marks.settings_of(story)[key]
            assert kept == (value if key in FRACTIONS else int(value))
            assert isinstance(kept, float if key in FRACTIONS else int)
        before = marks.settings_of(story)
        for value in (low - 1, high + 1, low - 0.001, high + 0.001, math.inf, -math.inf, math.nan):
            with refused(story, f"^{key} has to be from"):
                marks.set_setting(story, key, value)
        assert marks.settings_of(story) == before
    assert set(marks.settings_of(story)) == set(marks.SETTINGS) - set(TEXTS)
    marks.set_setting(story, "words", None)
    assert "words" not in marks.settings_of(story)
    assert history.undo(story) == "settings.set"
    assert "words" in marks.settings_of(story)
    assert check.check(story).faults == []


def test_a_length_may_be_a_sketch_and_what_branches_differ_in_is_a_text(story: Story) -> None:
    marks.set_setting(story, "words", SKETCH)
    marks.set_setting(story, "vary", " tone:  dry / tender ")
    assert marks.settings_of(story) == {"words": SKETCH, "vary": "tone: dry / tender"}
    for wrong in ("dry", "tone:", "tone: dry", "tone: dry / ", "tone: a / a", ": a / b", "t" * 300):
        with refused(story, "vary has to be a name, a colon"):
            marks.set_setting(story, "vary", wrong)
    with refused(story, "words has to be from"):
        marks.set_setting(story, "words", "sketch")
    with story.act("settings.set") as act:
        act.change(0, "setting:vary", "nonsense")
    assert marks.settings_of(story) == {"words": SKETCH}


@pytest.mark.parametrize("key", ["count", "", "title", "weave:main", "Words"])
def test_a_setting_that_a_story_cannot_have_is_refused(story: Story, key: str) -> None:
    with refused(story, "A story has no setting"):
        marks.set_setting(story, key, 5)


def test_settings_out_of_range_in_a_file_from_elsewhere_are_passed_over(story: Story) -> None:
    marks.set_setting(story, "words", 50)
    with story.act("settings.set") as act:
        for key, value in (("temperature", 99.0), ("context", "many"), ("other", 3)):
            act.change(0, f"setting:{key}", value)
    assert marks.settings_of(story) == {"words": 50}


def test_the_whys_that_were_said_last_come_first_and_each_but_once(story: Story) -> None:
    nodes = [1, *(shape.write_child(story, 1, f" {n}.") for n in range(3))]
    for node, why in zip(nodes, ("a bell", "no dialogue", "a bell", "older"), strict=True):
        marks.set_text(story, node, "why", why)
    marks.set_text(story, 1, "note", "no why")
    assert marks.whys(story) == ["older", "a bell", "no dialogue"]
    assert marks.whys(story, 2) == ["older", "a bell"]
