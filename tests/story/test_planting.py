"""A story made at once of passages from elsewhere."""

from pathlib import Path

import pytest

from storyloom.story import history, marks, reading, search, tips
from storyloom.story.check import check_file
from storyloom.story.log import operations
from storyloom.story.marks import Chapter
from storyloom.story.planting import Passage, plant
from storyloom.story.story import Story
from storyloom.text import Refusal

TREE = [
    Passage(-1, "Once.", "import:x", (Chapter(0, "One"), Chapter(2, "Two", numbered=False))),
    Passage(0, "Left.", "model:a/b"),
    Passage(0, "Right.", "human", woven=False),
    Passage(1, "Cafe\u0301.", "import:x"),
]


def test_a_tree_is_planted_with_its_origins_chapters_and_weave(path: Path) -> None:
    told: list[tuple[int, int]] = []
    plant(path, TREE, source="x", title="Tide", progress=lambda *each: told.append(each))
    assert told[-1] == (4, 4)
    with Story(path) as story:
        assert marks.story_text(story, "title") == "Tide"
        assert reading.children(story, 1) == [2, 3]
        assert tips.weave_tip(story) == 4
        strand = reading.strand(story, 4)
        assert [piece.text for piece in strand] == ["Once.", "Left.", "Café."]
        assert [piece.runs[0].origin for piece in strand] == ["import:x", "model:a/b", "import:x"]
        assert [mark for _, mark in reading.chapters(story, 4)] == list(TREE[0].chapters)
        assert search.search(story, "right").nodes == [3]
        kinds = [each.kind for each in operations(story)]
        assert kinds == ["session.start", "story.create", "session.end"]
    assert not check_file(path).faults


def test_what_was_planted_is_no_step_to_be_taken_back(path: Path) -> None:
    plant(path, TREE, source="x")
    with Story(path) as story:
        assert history.undo(story) is None
        assert len(reading.strand(story, 4)) == 3


def test_a_fault_on_the_way_leaves_no_file(path: Path) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plant(path, TREE, source="x", progress=stop)
    assert not list(path.parent.iterdir())
    path.write_text("mine")
    with pytest.raises(Refusal, match="is there already"):
        plant(path, TREE, source="x")
    assert path.read_text() == "mine"
