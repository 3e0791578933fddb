"""What screens read of a story: strands, cards, the weave, chapters, search."""

from pathlib import Path

import pytest

from storyloom.story import growth, history, jumps, marks, reading, search, shape, tips, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.origins import HUMAN, Run
from storyloom.story.story import Story


@pytest.fixture
def line(story: Story) -> list[int]:
    """Ten nodes, one below the other, of ten characters each but for the opening."""
    nodes = [1]
    for number in range(9):
        nodes.append(shape.write_child(story, nodes[-1], f"Passage {number}."))
    return nodes


def test_a_strand_is_the_texts_from_the_root(story: Story, line: list[int]) -> None:
    expected = "The sea was iron." + "".join(f"Passage {number}." for number in range(9))
    assert reading.strand_text(story, line[-1]) == expected
    assert [piece.node for piece in reading.strand(story, line[-1])] == line
    assert reading.length(story, line[-1]) == len(expected)
    assert reading.depth(story, line[-1]) == 10
    assert reading.path(story, line[-1]) == line


@pytest.mark.parametrize(
    ("least", "nodes"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3), (9999, 10)]
)
def test_the_end_of_a_strand_is_as_long_as_was_asked(
    story: Story, line: list[int], least: int, nodes: int
) -> None:
    pieces = reading.strand(story, line[-1], least=least)
    assert [piece.node for piece in pieces] == line[len(line) - nodes :]


def test_nodes_that_are_not_there_give_empty_answers(story: Story) -> None:
    assert reading.strand(story, 99) == []
    assert reading.strand(story, 99, least=10) == []
    assert reading.path(story, 99) == []
    assert reading.depth(story, 99) == 0
    assert reading.length(story, 99) == 0
    assert reading.children(story, 99) == []
    assert reading.cards(story, [99, 1]) == reading.cards(story, [1])
    assert reading.pieces(story, [99]) == []
    assert reading.chapters(story, 99) == []
    assert reading.weave_child(story, 99) == 0
    assert jumps.leftmost_leaf(story, 99) == 99
    assert not reading.exists(story, 99)


def test_the_weave_leads_the_way_down_and_first_children_where_it_ends(
    story: Story, line: list[int]
) -> None:
    aside = shape.write_child(story, line[3], "Aside.")
    below = shape.write_child(story, aside, "Below.")
    assert jumps.leftmost_leaf(story, 1) == line[-1]
    weaves.set_weave(story, aside)
    assert tips.weave_tip(story) == aside
    assert reading.weave_child(story, line[3]) == aside
    assert jumps.leftmost_leaf(story, 1) == below
    shape.prune(story, aside)
    assert tips.weave_tip(story) == line[3]
    shape.restore(story, [aside])
    assert tips.weave_tip(story) == line[3]


def test_jumps_land_on_forks(story: Story, line: list[int]) -> None:
    shape.write_child(story, line[2], "Aside.")
    shape.write_child(story, line[6], "Aside.")
    assert jumps.fork_after(story, 1) == line[2]
    assert jumps.fork_after(story, line[2]) == line[6]
    assert jumps.fork_after(story, line[6]) == line[-1]
    assert jumps.fork_before(story, line[-1]) == line[6]
    assert jumps.fork_before(story, line[2]) == 1
    assert jumps.fork_before(story, 1) == 1


def test_children_are_in_order_and_pruned_ones_apart(story: Story) -> None:
    nodes = [shape.write_child(story, 1, f"{number}.") for number in range(4)]
    between = shape.write_sibling(story, nodes[1], "between.")
    shape.prune(story, nodes[2])
    assert reading.children(story, 1) == [nodes[0], nodes[1], between, nodes[3]]
    assert reading.pruned_children(story, 1) == [nodes[2]]
    assert reading.children(story, 1, pruned=True) == [
        nodes[0], nodes[1], between, nodes[2], nodes[3]
    ]  # fmt: skip


def test_many_siblings_in_one_place_stay_in_order(story: Story) -> None:
    first = shape.write_child(story, 1, "first")
    last = shape.write_child(story, 1, "last")
    between = [shape.write_sibling(story, first, "x") for _ in range(200)]
    at_end = [shape.write_child(story, 1, "end") for _ in range(200)]
    assert reading.children(story, 1) == [first, *reversed(between), last, *at_end]


def test_a_card_says_what_a_row_shows(story: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    (card,) = reading.cards(story, [place.node])
    assert (card.streaming, card.model, card.finish, card.edited) == (True, "m/one", "", False)
    growth.finish(story, place, "Written by it. " * 40, Result("length"))
    (card,) = reading.cards(story, [place.node])
    assert (card.streaming, card.finish, card.length) == (False, "length", 600)
    assert card.preview == ("Written by it. " * 40)[:1_200]
    for text in ("One.", "Two."):
        shape.write_child(story, place.node, text)
    shape.prune(story, shape.write_child(story, place.node, "Three."))
    weaves.set_weave(story, place.node)
    marks.set_chapter(story, place.node, "Chapter")
    marks.set_text(story, place.node, "note", "Look.")
    (card,) = reading.cards(story, [place.node])
    assert (card.kids, card.pruned_kids, card.woven) == (2, 1, True)
    assert [mark.title for mark in card.marks] == ["Chapter"]
    assert " note " in card.extras
    (card,) = reading.cards(story, [1])
    assert (card.model, card.edited, card.woven, card.finish) == ("", False, True, "")


@pytest.mark.parametrize("text", ["One two three four.", "One two."])
def test_a_models_text_is_edited_once_a_hand_was_on_it(story: Story, text: str) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    growth.finish(story, place, "One two three.", Result("stop"))
    shape.edit(story, place.node, text)
    (card,) = reading.cards(story, [place.node])
    assert card.edited
    assert card.model == "m/one"


def test_splitting_is_no_editing_and_joining_keeps_the_model(story: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    growth.finish(story, place, "One two three.", Result("stop"))
    first = shape.split(story, place.node, 4)
    for card in reading.cards(story, [first, place.node]):
        assert (card.model, card.edited) == ("m/one", False)
    hand = shape.write_child(story, place.node, "Mine.")
    shape.join(story, hand)
    (card,) = reading.cards(story, [hand])
    assert (card.model, card.edited) == ("m/one", True)
    (piece,) = reading.pieces(story, [hand])
    assert [run.origin for run in piece.runs] == ["model:m/one", HUMAN]


def test_chapters_are_those_of_the_strand_in_order(story: Story, line: list[int]) -> None:
    marks.set_chapter(story, line[4], "Second", 3)
    marks.set_chapter(story, line[1], "First")
    aside = shape.write_child(story, line[2], "Aside.")
    marks.set_chapter(story, aside, "Elsewhere")
    found = [(node, mark.title) for node, mark in reading.chapters(story, line[-1])]
    assert found == [(line[1], "First"), (line[4], "Second")]
    shape.split(story, line[4], 3)
    assert [mark.offset for node, mark in reading.chapters(story, line[-1])] == [0, 0]


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("iron", True),
        ("IRON sea", True),
        ("Ïrön", True),
        ("iro", True),
        ("sea iro", True),
        ("ron", False),
        ("se iron", False),
        ("sea, iron!", True),
        ("- sea", True),
        ('"sea"', True),
        ("don't", False),
        ('" OR * NEAR(', False),
        ("sea OR winter", False),
        ("text:sea", False),
        ("se* iron", False),
        ("-", False),
        (":", False),
        ("", False),
        ("\x00", False),
        ("\ud800", False),
        ("^sea", True),
        ("{sea}", True),
        ("sea " * 500, True),
        ("s" * 5000, False),
    ],
)
def test_search_takes_words_and_no_orders(story: Story, phrase: str, found: bool) -> None:
    assert search.search(story, phrase).nodes == ([1] if found else [])


def test_search_folds_accents_and_finds_only_present_texts(story: Story) -> None:
    node = shape.write_child(story, 1, "Un café à Besançon.")
    assert search.search(story, "cafe besancon").nodes == [node]
    shape.edit(story, node, "Un thé.")
    assert search.search(story, "cafe").nodes == []
    assert search.search(story, "the").nodes == [1, node]
    shape.prune(story, node)
    assert search.search(story, "un the").nodes == [node]


def test_search_shows_as_many_as_asked_for_first_written_first(story: Story) -> None:
    nodes = [shape.write_child(story, 1, "Again and again.") for _ in range(30)]
    assert search.search(story, "again", limit=10).nodes == nodes[:10]


def test_the_trees_questions_never_scan_a_table(story: Story) -> None:
    seen: list[str] = []
    story.read.set_trace_callback(seen.append)
    reading.cards(story, [1])
    reading.strand(story, 1)
    reading.path(story, 1)
    tips.weave_tip(story)
    jumps.leftmost_leaf(story, 1)
    reading.chapters(story, 1)
    search.search(story, "sea")
    story.read.set_trace_callback(None)
    # What SQLite asks itself for its search index is traced too, as a comment.
    queries = [query for query in seen if not query.startswith("--")]
    assert len(queries) >= 7
    for query in queries:
        plan = [row[3] for row in story.read.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()]
        for step in plan:
            assert "BLOOM" not in step
            assert not (step.startswith("SCAN") and step.split()[1] in ("node", "attr", "gen", "k"))


def test_runs_are_read_with_their_generation(story: Story) -> None:
    (place,) = growth.request(story, 1, [Asked("m/one", {"prompt": "p"})])
    growth.finish(story, place, "Text.", Result("stop"))
    (piece,) = reading.pieces(story, [place.node])
    assert piece.runs == (Run("model:m/one", 5, place.gen),)
    assert growth.request_of(story, place.gen) == {"prompt": "p"}
    assert growth.request_of(story, 999) == {}


def test_one_stands_on_what_is_neither_pruned_nor_below_what_is(
    story: Story, line: list[int]
) -> None:
    assert reading.standing(story, line[6]) == line[6]
    shape.prune(story, line[5])
    assert reading.standing(story, line[6]) == line[4]
    shape.prune(story, line[2])
    assert reading.standing(story, line[6]) == reading.standing(story, line[4]) == line[1]
    assert reading.standing(story, 99) == reading.root(story)
    made = shape.write_child(story, line[1], "Another way.")
    history.undo(story)
    assert reading.standing(story, made) == line[1]


def test_the_nearest_owner_of_an_attribute_is_found_upwards(story: Story, line: list[int]) -> None:
    assert reading.carried(story, line[6], "note") is None
    marks.set_text(story, line[3], "note", "near")
    marks.set_text(story, line[1], "note", "far")
    assert reading.carried(story, line[6], "note") == (line[3], "near")
    assert reading.carried(story, line[2], "note") == (line[1], "far")
    assert reading.carried(story, line[0], "note") is None


def test_models_are_told_in_the_order_of_their_first_use(story: Story) -> None:
    assert reading.models(story) == []
    for model in ("b", "a", "b"):
        growth.request(story, 1, [Asked(model, {"prompt": "p"})])
    assert reading.models(story) == ["b", "a"]


def test_the_newest_operation_is_told(story: Story) -> None:
    before = reading.last_op(story)
    marks.set_text(story, 0, "title", "Iron")
    assert reading.last_op(story) > before


def test_a_fork_goes_on_behind_a_branch_or_is_told_of_as_pruned(tmp_path: Path) -> None:
    with Story.create(tmp_path / "story.loom", opening="One.") as story:
        first, second, third = (shape.write_child(story, 1, f"{n}.") for n in range(3))
        assert [reading.goes_on(story, node) for node in (1, first, second, third)] == [
            False, True, True, False,
        ]  # fmt: skip
        shape.prune(story, third)
        assert [reading.goes_on(story, node) for node in (first, second)] == [True, True]
        history.undo(story)
        shape.prune(story, first)
        assert reading.goes_on(story, third)
        assert not reading.goes_on(story, 99)
