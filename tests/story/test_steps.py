"""Single steps of an author, where a rule of the design is best seen on one example."""

from collections.abc import Callable
from pathlib import Path

import pytest

from storyloom.story import check, growth, history, marks, place, reading, shape, tips, weaves
from storyloom.story.act import Changed
from storyloom.story.growth import Asked, Result
from storyloom.story.origins import PASTE, Run, Runs
from storyloom.story.shelf import facts, shelf
from storyloom.story.story import Story
from storyloom.text import Refusal


def shown(story: Story, node: int = 1) -> list[object]:
    """The tree below a node, as nested lists of texts."""
    (piece,) = reading.pieces(story, [node])
    return [piece.text, *(shown(story, child) for child in reading.children(story, node))]


def grown(story: Story, parent: int, *texts: str) -> list[int]:
    """Finished branches of a model."""
    places = growth.request(story, parent, [Asked("m/one", {"prompt": "p"})] * len(texts))
    for branch, text in zip(places, texts, strict=True):
        growth.finish(story, branch, text, Result("stop", facts={"cost": 0.01}))
    return [branch.node for branch in places]


def test_a_join_leaves_pruned_branches_with_the_old_parent(story: Story) -> None:
    middle = shape.write_child(story, 1, "Middle. ")
    kept, cut = grown(story, middle, "Kept.", "Cut.")
    shape.prune(story, cut)
    before = shown(story)
    joined = shape.join(story, kept)
    assert (joined.node, joined.left_aside) == (kept, 1)
    assert shown(story) == ["The sea was iron.", ["Middle. Kept."]]
    assert reading.pruned_children(story, 1) == [middle]
    assert reading.pruned_children(story, middle) == [cut]
    shape.restore(story, [middle])
    assert reading.children(story, 1) == [middle, kept]
    history.undo(story)
    history.undo(story)
    assert shown(story) == before
    assert reading.pruned_children(story, middle) == [cut]


def test_the_weave_goes_through_both_halves_and_through_what_is_joined(story: Story) -> None:
    node = shape.write_child(story, 1, "One. Two.")
    tip = shape.write_child(story, node, " Three.")
    weaves.set_weave(story, tip)
    first = shape.split(story, node, 4)
    assert reading.path(story, tips.weave_tip(story)) == [1, first, node, tip]
    shape.join(story, node)
    assert reading.path(story, tips.weave_tip(story)) == [1, node, tip]
    shape.prune(story, node)
    assert tips.weave_tip(story) == 1
    history.undo(story)
    assert tips.weave_tip(story) == tip


def test_split_and_join_restore_text_runs_and_marks(story: Story) -> None:
    text, runs = "Typed, pasted.", (Run("human", 7), Run(PASTE, 7))
    node = shape.write_child(story, 1, "x")
    shape.edit(story, node, text, runs)
    marks.set_chapter(story, node, "At seven", 7)
    marks.set_chapter(story, node, "At nought", 0)
    for at in range(1, len(text)):
        shape.split(story, node, at)
        assert reading.strand_text(story, node).endswith(text)
        shape.join(story, node)
        (piece,) = reading.pieces(story, [node])
        assert (piece.text, piece.runs) == (text, runs)
        assert [(mark.offset, mark.title) for mark in piece.marks] == [
            (0, "At nought"),
            (7, "At seven"),
        ]


def test_the_split_halves_of_what_is_pruned_would_come_back(story: Story) -> None:
    node = shape.write_child(story, 1, "One. Two.")
    child = shape.write_child(story, node, "Three.")
    shape.prune(story, node)
    with pytest.raises(Refusal, match="restore it first"):
        shape.split(story, node, 4)
    with pytest.raises(Refusal, match="restore it first"):
        shape.join(story, child)
    assert shown(story) == ["The sea was iron."]


def test_a_plan_stays_in_force_when_its_node_is_joined(story: Story) -> None:
    middle = shape.write_child(story, 1, "Middle. ")
    marks.set_text(story, middle, "plan", "m/one x2")
    last = shape.write_child(story, middle, "Last.")
    shape.join(story, last)
    assert marks.text_of(story, last, "plan") == "m/one x2"


def test_a_chapter_goes_with_its_words_through_an_edit(story: Story) -> None:
    node = shape.write_child(story, 1, "One. Two. Three.")
    marks.set_chapter(story, node, "Three", 10)
    shape.edit(story, node, "Zero. One. Three.")
    (piece,) = reading.pieces(story, [node])
    assert piece.text[piece.marks[0].offset :] == "Three."
    history.undo(story)
    (piece,) = reading.pieces(story, [node])
    assert piece.marks[0].offset == 10


def test_the_original_of_an_edited_node_is_still_in_the_file(story: Story) -> None:
    (node,) = grown(story, 1, "iron")
    (piece,) = reading.pieces(story, [node])
    (run,) = piece.runs
    shape.edit(
        story, node, "irXXon", (run._replace(length=2), Run("human", 2), run._replace(length=2))
    )
    (piece,) = reading.pieces(story, [node])
    assert [(each.origin, each.length) for each in piece.runs] == [
        ("model:m/one", 2),
        ("human", 2),
        ("model:m/one", 2),
    ]
    texts = story.read.execute("SELECT text FROM rev WHERE node = ? ORDER BY id", (node,))
    assert [row[0] for row in texts.fetchall()] == ["iron", "irXXon"]


@pytest.mark.parametrize("write", [shape.write_child, shape.write_sibling])
def test_what_is_written_keeps_the_origins_that_an_editor_knew(
    story: Story, write: Callable[[Story, int, str, Runs | None], int]
) -> None:
    at = shape.write_child(story, 1, "Beside.")
    runs = (Run(PASTE, 3), Run("human", 2), Run("model:m/one", 4))
    node = write(story, at, "e\u0301!\r\n new", runs)
    (piece,) = reading.pieces(story, [node])
    assert piece.text == "é!\n new"
    assert piece.runs == (Run(PASTE, 2), Run("human", 1), Run("model:m/one", 4))
    assert check.check(story).faults == []
    history.undo(story)
    history.redo(story)
    assert reading.pieces(story, [node]) == [piece]


@pytest.mark.parametrize("write", [shape.write_child, shape.write_sibling])
@pytest.mark.parametrize("runs", [None, (Run(PASTE, 4),), (Run(PASTE, 6), Run("human", -1))])
def test_without_origins_that_are_its_own_what_is_written_is_human(
    story: Story, write: Callable[[Story, int, str, Runs | None], int], runs: Runs | None
) -> None:
    at = shape.write_child(story, 1, "Beside.")
    (piece,) = reading.pieces(story, [write(story, at, "Mine.", runs)])
    assert piece.runs == (Run("human", 5),)


def test_what_hands_and_files_write_is_kept_composed(story: Story) -> None:
    node = shape.write_child(story, 1, "cafe\u0301\r\nthe end")
    assert reading.pieces(story, [node])[0].text == "café\nthe end"
    assert not shape.edit(story, node, "cafe\u0301\nthe end")
    shape.edit(story, node, "e\u0301!\r\n?", (Run(PASTE, 3), Run("human", 3)))
    (piece,) = reading.pieces(story, [node])
    assert (piece.text, piece.runs) == ("é!\n?", (Run(PASTE, 2), Run("human", 2)))


def test_forty_nodes_pruned_come_back_as_they_were(story: Story) -> None:
    top = shape.write_child(story, 1, "Top.")
    nodes = [top]
    for number in range(39):
        nodes.append(shape.write_child(story, nodes[number // 3], f"{number}."))
    weaves.set_weave(story, nodes[-1])
    before = shown(story)
    shape.prune(story, top)
    assert shown(story) == ["The sea was iron."]
    assert history.undo(story) == "node.prune"
    assert shown(story) == before
    assert tips.weave_tip(story) == nodes[-1]


def test_five_hundred_undos_lead_back_to_the_opening(path: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        node = 1
        for number in range(250):
            node = shape.write_child(story, node, f"{number}. ")
            shape.edit(story, node, f"{number}, again. ")
        full = reading.strand_text(story, node)
    with Story(path) as story:
        for _ in range(500):
            assert history.undo(story)
        assert history.undo(story) is None
        assert shown(story) == ["Begin."]
    with Story(path) as story:
        while history.redo(story):
            pass
        assert reading.strand_text(story, node) == full
        assert check.check(story).faults == []


def test_an_undone_batch_is_pruned_and_its_cost_stays(story: Story) -> None:
    nodes = grown(story, 1, "One.", "Two.")
    assert history.undo(story) == "gen.request"
    assert reading.pruned_children(story, 1) == nodes
    assert growth.spent(story) == (0.02, 0)
    assert history.redo(story) == "gen.request"
    assert reading.children(story, 1) == nodes
    assert history.undo(story) == "gen.request"
    assert reading.children(story, 1) == []


def test_drafts_of_an_undone_batch_keep_what_they_hang_on(story: Story) -> None:
    mine = shape.write_child(story, 1, "Mine.")
    (draft,) = grown(story, mine, "Draft.")
    history.undo(story)
    assert history.undo(story) == "node.create"
    assert reading.pruned_children(story, 1) == [mine]
    assert reading.pruned_children(story, mine) == [draft]
    assert history.redo(story) == "node.create"
    assert reading.children(story, 1) == [mine]
    assert check.check(story).faults == []


def test_undo_while_a_batch_still_streams(story: Story) -> None:
    places = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})] * 2)
    history.undo(story)
    growth.finish(story, places[0], "Late.", Result("stop"))
    growth.finish(story, places[1], "", Result("error", "The key is missing."))
    assert reading.pruned_children(story, 1) == [places[0].node]
    history.redo(story)
    assert reading.children(story, 1) == [places[0].node]
    assert growth.result_of(story, places[1].node)["say"] == "The key is missing."


def test_facts_of_a_provider_cannot_break_what_reads_them(story: Story) -> None:
    (branch,) = growth.request(story, 1, [Asked("m/\ud800", {"prompt": "\ud800"})], why="\ud800")
    odd = {"cost": float("nan"), "provider": "p\x1b[2J\ud800", "in": 3}
    growth.finish(story, branch, "Text\ud800.", Result("stop", "\ud800", odd))
    assert growth.result_of(story, branch.node) == {
        "finish": "stop", "say": "\ufffd", "cost": None, "provider": "p␛[2J\ufffd", "in": 3
    }  # fmt: skip
    assert growth.request_of(story, branch.gen) == {"prompt": "\ud800"}
    assert reading.cards(story, [branch.node])[0].finish == "stop"
    assert growth.spent(story) == (0.0, 1)
    assert check.check(story).faults == []


def test_a_batch_of_nothing_is_refused(story: Story) -> None:
    with pytest.raises(Refusal):
        growth.request(story, 1, [])


def test_the_opening_cannot_be_pruned_away(story: Story) -> None:
    with pytest.raises(Refusal, match="opening"):
        shape.prune(story, 1)
    (waiting,) = growth.request(story, 0, [Asked("m/one", {"prompt": "p"})])
    with pytest.raises(Refusal, match="opening"):
        shape.prune(story, 1)
    growth.finish(story, waiting, "Another opening.", Result("stop"))
    shape.prune(story, 1)
    assert reading.root(story) == waiting.node


def test_listeners_hear_what_was_touched(story: Story) -> None:
    heard: list[Changed] = []
    story.listen(heard.append)
    node = shape.write_child(story, 1, "Heard.")
    with pytest.raises(Refusal):
        shape.join(story, 1)
    shape.edit(story, node, "Heard.")
    assert [(each.kind, each.nodes) for each in heard] == [("node.create", frozenset({node}))]


def test_the_place_is_remembered(path: Path) -> None:
    with Story.create(path) as story:
        place.remember(story, node=12, view="tree")
        place.remember(story, node=13)
    with Story(path) as story:
        assert place.recalled(story) == {"node": 13, "view": "tree"}
        assert history.undoable(story) is None


def test_a_weave_to_what_is_pruned_is_refused(story: Story) -> None:
    node = shape.write_child(story, 1, "One.")
    below = shape.write_child(story, node, "Two.")
    shape.prune(story, node)
    with pytest.raises(Refusal, match="restore it"):
        weaves.set_weave(story, below)
    with pytest.raises(Refusal, match="no node n99"):
        weaves.set_weave(story, 99)


def test_a_tampered_file_is_told_of(story: Story) -> None:
    shape.write_child(story, 1, "One.")
    assert check.check(story).faults == []
    with story.quick() as db:
        db.execute("DROP TRIGGER rev_frozen")
        db.execute("UPDATE rev SET text = 'Two.' WHERE text = 'One.'")
        db.execute("UPDATE node SET flags = 1 WHERE id = 2")
        db.execute("DROP TRIGGER op_no_update")
        db.execute("UPDATE op SET actor = 'model' WHERE kind = 'node.create'")
        db.execute(
            "CREATE TRIGGER rev_frozen BEFORE UPDATE ON rev WHEN old.op IS NOT NULL "
            "BEGIN SELECT RAISE(ABORT, 'a finished text does not change'); END"
        )
        db.execute(
            "CREATE TRIGGER op_no_update BEFORE UPDATE ON op "
            "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        )
    faults = " ".join(check.check(story).faults)
    assert "The text 2 of n2" in faults
    assert "n2 in the tables" in faults
    assert "(node.create) is not what was logged" in faults


def test_the_shelf_tells_of_each_story_and_touches_none(path: Path) -> None:
    folder = path.parent
    assert shelf(folder / "missing") == []
    with Story.create(path, title="Salt", premise="A ferry.", opening="The sea was iron.") as story:
        node = grown(story, 1, " It rained for days.")[0]
        weaves.set_weave(story, node)
        marks.set_chapter(story, 1, "One")
    (folder / ".hidden.loom").write_text("no")
    (folder / "notes.txt").write_text("no")
    broken = folder / "broken.loom"
    broken.write_text("no story " * 100)
    assert {entry.path for entry in shelf(folder)} == {path, broken}
    names = {each.name for each in folder.iterdir()}
    found = facts(path)
    assert (found.title, found.premise, found.nodes, found.words) == ("Salt", "A ferry.", 2, 8)
    assert (found.chapters, found.models, found.spent, found.unpriced) == (("One",), 1, 0.01, 0)
    assert (found.more_nodes, found.more_words, found.error) == (False, False, "")
    assert found.opened > 1_600_000_000_000
    bad = facts(broken)
    assert (bad.title, bad.nodes) == ("broken", 0)
    assert "not a story" in bad.error
    assert "no file" in facts(folder / "gone.loom").error
    assert {each.name for each in folder.iterdir()} == names
