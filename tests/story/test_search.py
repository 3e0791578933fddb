"""What a search finds, where, in which order, and that no phrase is an order to the database."""

import random
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import check, growth, history, lore, marks, placing, search, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.schema import GONE
from storyloom.story.search import Hit
from storyloom.story.story import Story
from tests.story.trees import Plain, planted, step


def places(story: Story, phrase: str, **limits: Any) -> list[tuple[int, str]]:
    """The nodes and places that a search finds."""
    found = search.search(story, phrase, **limits)
    return [(hit.node, hit.where) for hit in found.hits]


@pytest.fixture
def line(story: Story) -> list[int]:
    """Four nodes, one below the other."""
    nodes = [1]
    for number in range(3):
        nodes.append(shape.write_child(story, nodes[-1], f"Passage {number}."))
    return nodes


def test_all_that_an_author_says_is_found_where_it_was_said(story: Story, line: list[int]) -> None:
    node = line[1]
    shape.edit(story, node, "Among kelp.")
    for key in ("note", "why", "reason", "label"):
        marks.set_text(story, node, key, f"Of {key} and kelp.")
    marks.tag(story, node, "kelp green")
    marks.bookmark(story, node, "The kelp")
    marks.set_chapter(story, node, "Sand", 0)
    marks.set_chapter(story, node, "More kelp", 3)
    for key in ("title", "premise", "style"):
        marks.set_text(story, 0, key, f"Kelp, its {key}.")
    lore.set_entry(story, {"title": "Kelp"})
    lore.set_entry(story, {"content": "It is kelp."})
    lore.set_entry(story, {"title": "Weed", "keys": ["kelp"]})
    lore.set_entry(story, {"title": "Weed", "secondary_keys": ["kelp"]})
    of_story = ["lore:1", "lore:2", "lore:3", "lore:4", "premise", "style", "title"]
    of_node = ["bookmark", "chapter", "label", "note", "reason", "tag:kelp green", "text", "why"]
    expected = [(0, where) for where in of_story] + [(node, where) for where in of_node]
    assert places(story, "kelp") == expected
    assert search.search(story, "kelp").nodes == [node]
    assert not search.search(story, "kelp").more
    assert check.check(story).faults == []


def test_plans_settings_and_names_are_no_words_of_the_authors(
    story: Story, line: list[int]
) -> None:
    marks.set_text(story, line[1], "plan", "kelp/one x2")
    marks.set_setting(story, "words", 200)
    weaves.set_weave(story, line[2], "kelp")
    lore.set_entry(story, {"title": "Weed", "group": "kelp", "comment": "kelp"})
    assert places(story, "kelp") == []
    assert places(story, "200") == []


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The LIGHTHOUSE burned.", "lighthouse"),
        ("The lighthouse burned.", "LightHouse BURNED"),
        ("Élodie naïve", "elodie naive"),
        ("Elodie naive", "ÉLODIE NAÏVE"),
        ("Ångström", "angstrom"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "straße"),
        ("Don't go.", "don't"),
        ("Don’t go.", "go don't"),
        ("snow-white", "white snow"),
        ("snow-white", "snow-white"),
        ("Ночь была тихой.", "НОЧЬ"),
        ("Tiếng Việt", "tieng viet"),
        ("हिन्दी में", "हिन्दी"),
        ("1,024 steps", "1,024"),
        ("a_b", "a b"),
        ("The lighthouse burned.", "burned light"),
        ("one\ntwo", "two one"),
    ],
)
def test_case_and_accents_do_not_count(story: Story, text: str, phrase: str) -> None:
    node = shape.write_child(story, 1, text)
    assert places(story, phrase) == [(node, "text")]


def test_all_words_have_to_be_there_and_only_the_last_may_be_a_beginning(story: Story) -> None:
    node = shape.write_child(story, 1, "The lighthouse keeper slept.")
    assert places(story, "keeper light") == [(node, "text")]
    assert places(story, "light keeper") == []
    assert places(story, "keeper lantern") == []
    assert places(story, "house") == []


def test_hits_come_in_the_order_of_the_tree(story: Story) -> None:
    last = shape.write_child(story, 1, "kelp")
    below_last = shape.write_child(story, last, "kelp")
    first = shape.write_child(story, 1, "kelp")
    placing.move_beside(story, first, last, before=True)
    below_first = shape.write_child(story, first, "kelp")
    opening = shape.write_child(story, 0, "kelp")
    placing.move_beside(story, opening, 1, before=True)
    marks.set_text(story, below_first, "note", "kelp")
    expected = [opening, first, below_first, last, below_last]
    assert search.search(story, "kelp").nodes == expected
    assert places(story, "kelp")[2:4] == [(below_first, "note"), (below_first, "text")]


def test_what_is_pruned_is_found_and_marked(story: Story, line: list[int]) -> None:
    for node in line:
        marks.set_text(story, node, "note", "kelp")
    shape.prune(story, line[2])
    assert search.search(story, "kelp").hits == (
        Hit(line[0], "note", pruned=False),
        Hit(line[1], "note", pruned=False),
        Hit(line[2], "note", pruned=True),
        Hit(line[3], "note", pruned=True),
    )
    # The pruned node itself need not be among what is found.
    assert search.search(story, "passage 2").hits == (Hit(line[3], "text", pruned=True),)


def test_edits_undo_and_joins_change_what_is_found(story: Story, line: list[int]) -> None:
    shape.edit(story, line[1], "Among kelp.")
    assert places(story, "kelp") == [(line[1], "text")]
    history.undo(story)
    assert places(story, "kelp") == []
    assert places(story, "passage 0") == [(line[1], "text")]
    history.redo(story)
    assert places(story, "passage 0") == []
    shape.join(story, line[2])
    assert places(story, "kelp") == [(line[2], "text")]
    shape.split(story, line[2], len("Among kelp."))
    first = search.search(story, "kelp").nodes[0]
    assert first not in line
    marks.tag(story, first, "sea")
    assert places(story, "sea") == [(1, "text"), (first, "tag:sea")]
    marks.tag(story, first, "sea", on=False)
    assert places(story, "sea") == [(1, "text")]
    uid = lore.set_entry(story, {"title": "Sea"})
    lore.set_entry(story, {"title": "Land"}, uid)
    assert places(story, "sea") == [(1, "text")]
    assert places(story, "land") == [(0, f"lore:{uid}")]
    lore.remove_entry(story, uid)
    assert places(story, "land") == []


def test_what_is_taken_back_is_not_found(story: Story) -> None:
    node = shape.write_child(story, 1, "kelp")
    marks.set_text(story, node, "note", "kelp")
    history.undo(story)
    history.undo(story)
    assert places(story, "kelp") == []
    history.redo(story)
    assert places(story, "kelp") == [(node, "text")]


def test_a_models_words_are_found_when_they_have_all_arrived(story: Story) -> None:
    (branch,) = growth.request(story, 1, [Asked("m", {"prompt": "kelp"})])
    growth.flush(story, {branch.rev: "kelp, still"})
    assert places(story, "kelp") == []
    growth.finish(story, branch, "kelp, at last", Result("stop"))
    assert places(story, "last kelp") == [(branch.node, "text")]
    assert places(story, "still") == []


@pytest.mark.parametrize("gathered", [True, False])
def test_a_subtree_is_searched_alike_whichever_way(
    path: Path, monkeypatch: pytest.MonkeyPatch, gathered: bool
) -> None:
    """A small subtree's nodes are gathered; of a large one each hit is asked whether it is in."""
    ways: list[str] = []
    real = search._among
    monkeypatch.setattr(search, "_among", lambda *given: ways.append("gathered") or real(*given))
    with planted(path, [1, 1, *[2, 3] * 100]) as story:
        wanted = [2, 4, 6, 8] if not gathered else list(range(4, 60, 2))
        for node in (*wanted, 3, 5, 7):
            marks.set_text(story, node, "note", "kelp")
            shape.edit(story, node, "kelp and sand")
        marks.set_text(story, 0, "premise", "kelp")
        if not gathered:
            monkeypatch.setattr(
                "storyloom.story.tally.below", lambda _, nodes: dict.fromkeys(nodes, _Huge())
            )
        shape.prune(story, wanted[1])
        expected = [(node, where) for node in sorted(wanted) for where in ("note", "text")]
        assert places(story, "kelp", below=2) == expected
        assert [hit.node for hit in search.search(story, "kelp", below=2).hits if hit.pruned] == [
            wanted[1]
        ] * 2
        assert ways == ["gathered"] * (2 if gathered else 0)
        some = search.search(story, "kelp", below=2, limit=3)
        assert (len(some.hits), some.more) == (3, True)
        assert {hit.where for hit in some.hits} == {"note"}
        assert places(story, "kelp", below=wanted[0])[:2] == [
            (wanted[0], "note"),
            (wanted[0], "text"),
        ]


class _Huge:
    whole = 1 << 40


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_to_search_a_subtree_agree(
    story: Story, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        step(story, chance)
        node = chance.choice(Plain(story).alive())
        marks.set_text(story, node, "note", chance.choice(["kelp", "sand", ""]))
    plain = Plain(story)
    for top in plain.alive():
        inside = {top, *plain.all_below(top)}
        expected = [(node, where) for node, where in places(story, "kelp") if node in inside]
        assert places(story, "kelp", below=top) == expected
        with monkeypatch.context() as other:
            other.setattr(
                "storyloom.story.tally.below", lambda _, nodes: dict.fromkeys(nodes, _Huge())
            )
            assert places(story, "kelp", below=top) == expected
    assert not any(plain.flags[node] & GONE for node, _ in places(story, "kelp") if node)


def test_a_weave_is_searched_alone(story: Story, line: list[int]) -> None:
    aside = shape.write_child(story, line[1], "Passage aside.")
    weaves.set_weave(story, line[3])
    weaves.set_weave(story, aside, "dark")
    marks.set_text(story, line[1], "note", "A passage")
    marks.set_text(story, 0, "premise", "Passages")
    assert places(story, "passage", weave="main") == [
        (line[1], "note"), (line[1], "text"), (line[2], "text"), (line[3], "text")
    ]  # fmt: skip
    assert search.search(story, "passage", weave="dark").nodes == [line[1], aside]
    assert places(story, "passage", weave="light") == []
    some = search.search(story, "passage", weave="main", limit=2)
    assert (len(some.hits), some.more) == (2, True)
    weaves.end_weave(story, line[1])
    assert search.search(story, "passage", weave="main").nodes == [line[1]]


def test_as_many_as_asked_for_are_told_and_whether_there_are_more(story: Story) -> None:
    nodes = [shape.write_child(story, 1, f"kelp {number}") for number in range(9)]
    marks.set_text(story, nodes[8], "note", "kelp")
    assert search.search(story, "kelp", limit=10).more is False
    assert len(search.search(story, "kelp", limit=10).hits) == 10
    some = search.search(story, "kelp", limit=4)
    # What was said comes first, then the texts as they were written, all in the tree's order.
    assert some.nodes == [*nodes[:3], nodes[8]]
    assert some.more
    none = search.search(story, "kelp", limit=0)
    assert (none.hits, none.more) == ((), True)


def test_places_that_are_not_there_hold_nothing(story: Story) -> None:
    assert places(story, "sea", below=99) == []
    assert places(story, "sea", weave="") == []
    assert places(story, "sea", below=-1) == []


@pytest.mark.parametrize(
    "phrase",
    [
        "", " ", "\n\t", '"', '""', "'", "*", "**", "-", "--", "^", "^kelp", "+", ":", "text:kelp",
        "{text}: kelp", "{rev text}:", "(", ")", "NEAR(a b)", "NEAR", "AND", "OR", "NOT", "a AND",
        "a NOT b", "NOT NOT", "\x00", "a\x00b", "\ud800", "a \udfff", "\u0301", "\u0301 \u0301",
        "a \u0301", "e\u0301\u0301\u0301", "_", "a_", "%", ";", "'; DROP TABLE node; --", "\\",
        "?", "?1", ":name", "@x", "$x", "\ufeff", "\u200b", "\u202e", "🜁", "🜁 a", "界", "界*",
        "²", "ﬁ", "ß", "İ", "a" * 10_000, "a " * 5_000, "\u0301" * 5_000, '"' * 5_000, "(" * 5_000,
        "\U0010ffff", "\ufffe", "１", "٣", "Ⅷ", "\u094d", "a\u094d", "\U000e0041",
    ],
)  # fmt: skip
def test_no_phrase_is_an_order(story: Story, phrase: str) -> None:
    shape.write_child(story, 1, "a kelp")
    for limits in ({}, {"below": 1}, {"weave": "main"}):
        found = search.search(story, phrase, **limits)
        assert all(hit.node in (0, 1, 2) for hit in found.hits)


def test_a_phrase_is_found_in_the_text_that_it_was_taken_from(story: Story) -> None:
    texts = ["NEAR(a b)", "a AND b", "{text}: kelp", "😀 smile", "界隈", "x_y_z", "it's “so”", "٣٤"]
    nodes = [shape.write_child(story, 1, text) for text in texts]
    for text, node in zip(texts, nodes, strict=True):
        assert node in search.search(story, text).nodes, text
