"""The lore: entries are kept whole, looked at before they are taken, and numbered once."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.story import check, history, log, lore, reading, shape
from storyloom.story.story import Story
from tests.story.trees import refused

FULL: dict[str, Any] = {
    "title": "Salt", "content": "It is everywhere.", "keys": ["salt", "sea"],
    "secondary_keys": [], "logic": "and_any", "constant": False, "pinned": True, "enabled": True,
    "order": 100, "priority": -5, "scan": {"unit": "nodes", "n": 4}, "whole_words": True,
    "case_sensitive": False, "probability": 12.5, "group": "sea", "recursion_only": False,
    "no_recurse_in": True, "no_recurse_out": False, "valid_from": 1, "valid_until": 1,
    "position": "at_depth:4", "comment": "of another tool", "extensions": {"x": [1, None, "y"]},
}  # fmt: skip


def test_an_entry_is_kept_whole(story: Story) -> None:
    uid = lore.set_entry(story, FULL)
    assert uid == "1"
    assert lore.entries(story) == {"1": FULL}
    with Story(story.path) as other:
        assert lore.entries(other) == {"1": FULL}


def test_entries_are_told_in_the_order_of_their_numbers(story: Story) -> None:
    for number in range(12):
        assert lore.set_entry(story, {"title": f"Entry {number}"}) == str(number + 1)
    assert list(lore.entries(story)) == [str(number + 1) for number in range(12)]


def test_an_entry_is_replaced_and_taken_back(story: Story) -> None:
    uid = lore.set_entry(story, {"title": "Salt"})
    assert lore.set_entry(story, {"title": "Iron"}, uid) == uid
    assert lore.entries(story) == {uid: {"title": "Iron"}}
    last = reading.last_op(story)
    lore.set_entry(story, {"title": "Iron"}, uid)
    assert reading.last_op(story) == last
    lore.remove_entry(story, uid)
    assert lore.entries(story) == {}
    assert history.undo(story) == "lore.set"
    assert lore.entries(story) == {uid: {"title": "Iron"}}
    history.undo(story)
    assert lore.entries(story) == {uid: {"title": "Salt"}}
    history.undo(story)
    assert lore.entries(story) == {}
    history.redo(story)
    assert lore.entries(story) == {uid: {"title": "Salt"}}
    assert check.check(story).faults == []


def test_a_number_is_never_used_twice(path: Path) -> None:
    with Story.create(path) as story:
        for _ in range(2):
            lore.set_entry(story, {"title": "Salt"})
        lore.remove_entry(story, "2")
        assert lore.set_entry(story, {"title": "Iron"}) == "3"
        history.undo(story)
        assert lore.set_entry(story, {"title": "Coal"}) == "4"
    with Story(path) as story:
        for _ in range(5):
            history.undo(story)
        assert lore.entries(story) == {}
        assert lore.set_entry(story, {"title": "Last"}) == "5"
        assert lore.set_entry(story, {"title": "From elsewhere"}, "40") == "40"
        lore.remove_entry(story, "40")
        assert lore.set_entry(story, {"title": "Behind"}) == "41"


def test_a_uid_from_elsewhere_need_not_be_a_number(story: Story) -> None:
    assert lore.set_entry(story, {"title": "Salt"}, "salt-and-iron") == "salt-and-iron"
    assert lore.set_entry(story, {"title": "Iron"}) == "1"
    assert list(lore.entries(story)) == ["1", "salt-and-iron"]
    lore.remove_entry(story, "salt-and-iron")
    assert list(lore.entries(story)) == ["1"]


def test_the_log_names_the_entry(story: Story) -> None:
    uid = lore.set_entry(story, {"title": "Salt"})
    (made,) = list(log.operations(story, after=reading.last_op(story) - 1))
    assert (made.kind, made.data, made.nodes) == ("lore.set", {"uid": uid}, (0,))


def test_what_is_not_there_cannot_be_taken_out(story: Story) -> None:
    for uid in ("1", "", "*", "1' OR '1"):
        with refused(story, "There is no lore entry"):
            lore.remove_entry(story, uid)


@pytest.mark.parametrize(
    "entry", [{}, {"title": ""}, {"title": " \n", "content": "\t"}, {"keys": ["salt"]},
              {"title": None, "content": None}],
)  # fmt: skip
def test_an_entry_needs_words(story: Story, entry: dict[str, Any]) -> None:
    with refused(story, "needs a title or a content"):
        lore.set_entry(story, entry)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", 3), ("title", ["Salt"]), ("content", {}), ("content", True), ("keys", "salt"),
        ("keys", [3]), ("keys", ["salt", None]), ("keys", {"salt": 1}), ("secondary_keys", "a,b"),
        ("logic", "or"), ("logic", 1), ("logic", ""), ("constant", 1), ("constant", "yes"),
        ("pinned", 0), ("enabled", "true"), ("order", "3"), ("order", 1.5), ("order", True),
        ("order", 10**30), ("priority", []), ("scan", 4), ("scan", [4]), ("whole_words", 1),
        ("case_sensitive", "no"), ("probability", -1), ("probability", 100.5),
        ("probability", "50"), ("probability", True), ("group", 1), ("recursion_only", 1),
        ("no_recurse_in", 1), ("no_recurse_out", 1), ("valid_from", "n1"), ("valid_from", True),
        ("valid_until", 1.0), ("valid_until", 10**30), ("position", 4), ("position", "somewhere"),
        ("position", "at_depth:x"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_kind_is_refused_by_name(story: Story, key: str, value: Any) -> None:
    with refused(story, f"^{key} of a lore entry has to be"):
        lore.set_entry(story, {**FULL, key: value})


@pytest.mark.parametrize("key", sorted(FULL))
def test_any_field_may_be_absent_or_null(story: Story, key: str) -> None:
    without = {each: value for each, value in FULL.items() if each != key}
    null = {**FULL, key: None}
    uids = [lore.set_entry(story, entry) for entry in (without, null)]
    assert [lore.entries(story)[uid] for uid in uids] == [without, null]


@pytest.mark.parametrize(
    ("key", "value"),
    [("probability", 0), ("probability", 100), ("order", 0), ("order", -(10**6)), ("scan", {}),
     ("logic", "not_all"), ("position", "before_story"), ("position", "note_bottom"),
     ("position", "at_depth:0"), ("keys", []), ("keys", ["/sa+lt/i"])],
)  # fmt: skip
def test_a_field_of_the_right_kind_is_kept(story: Story, key: str, value: Any) -> None:
    uid = lore.set_entry(story, {**FULL, key: value})
    assert lore.entries(story)[uid] == {**FULL, key: value}


@pytest.mark.parametrize("key", ["valid_from", "valid_until"])
@pytest.mark.parametrize("node", [0, -1, 99, 2])
def test_an_entry_is_valid_for_nodes_that_are_there(story: Story, key: str, node: int) -> None:
    shape.write_child(story, 1, "Taken back.")
    history.undo(story)
    with refused(story, f"no node n{node}"):
        lore.set_entry(story, {**FULL, key: node})


def test_words_of_an_entry_are_kept_in_one_spelling(story: Story) -> None:
    lore.set_entry(story, {"title": "cafe\u0301", "keys": ["a\r\nb", "\ud800"], "x\x00": "\x1b[2J"})
    assert lore.entries(story) == {"1": {"title": "café", "keys": ["a\nb", "\ufffd"],
                                         "x␀": "␛[2J"}}  # fmt: skip


def test_numbers_that_are_none_become_null(story: Story) -> None:
    lore.set_entry(story, {"title": "Salt", "probability": float("nan"), "x": float("inf")})
    assert lore.entries(story) == {"1": {"title": "Salt", "probability": None, "x": None}}


def test_an_entry_has_an_end(story: Story) -> None:
    with refused(story, "at most a million characters"):
        lore.set_entry(story, {"title": "Salt", "content": "x" * 1_000_000})
    lore.set_entry(story, {"title": "Salt", "content": "x" * 999_000})
    assert check.check(story).faults == []


def test_where_an_entry_is_valid_follows_a_node_that_is_joined(tmp_path: Path) -> None:
    with Story.create(tmp_path / "story.loom", opening="One. ") as story:
        second = shape.write_child(story, 1, "Two. ")
        third = shape.write_child(story, second, "Three.")
        uid = lore.set_entry(story, {"content": "She died.", "valid_from": second, "x": 1})
        other = lore.set_entry(story, {"content": "She lives.", "valid_until": third})
        shape.join(story, third)
        assert lore.entries(story)[uid] == {"content": "She died.", "valid_from": third, "x": 1}
        assert lore.entries(story)[other]["valid_until"] == third
        history.undo(story)
        assert lore.entries(story)[uid]["valid_from"] == second
        assert check.check(story).faults == []


def test_what_was_changed_elsewhere_stays_or_is_asked_about(tmp_path: Path) -> None:
    with Story.create(tmp_path / "story.loom", opening="One.") as story:
        base = {"title": "Mara", "content": "Keeps the ferry.", "keys": ["Mara"]}
        uid = lore.set_entry(story, base)
        lore.set_entry(story, {**base, "keys": ["Mara", "Quill"]}, uid)
        lore.put_entry(story, uid, base, {**base, "content": "Kept the ferry."})
        both = {"title": "Mara", "content": "Kept the ferry.", "keys": ["Mara", "Quill"]}
        assert lore.entries(story) == {uid: both}
        last = reading.last_op(story)
        with pytest.raises(lore.Clash) as clash:
            lore.put_entry(story, uid, base, {**base, "content": "Sold it."})
        assert clash.value.fields == ["content"]
        assert (lore.entries(story), reading.last_op(story)) == ({uid: both}, last)
        lore.put_entry(story, uid, base, {**base, "content": "Sold it."}, over=True)
        assert lore.entries(story)[uid] == {**both, "content": "Sold it."}
        lore.remove_entry(story, uid)
        with pytest.raises(lore.Clash):
            lore.put_entry(story, uid, base, base)
        assert lore.entries(story) == {}
        lore.put_entry(story, uid, base, base, over=True)
        assert lore.entries(story) == {uid: base}


def test_both_changes_are_kept_where_they_are_of_different_fields() -> None:
    base = {"title": "Salt", "keys": ["salt"], "order": 1, "comment": "c"}
    mine = {"title": "Iron", "keys": ["salt"], "comment": "c"}
    theirs = {"title": "Salt", "keys": ["sea"], "order": 1, "comment": "c", "group": "g"}
    assert lore.merged(base, mine, theirs) == (
        {"title": "Iron", "keys": ["sea"], "comment": "c", "group": "g"}, [],
    )  # fmt: skip


def test_a_field_that_both_changed_is_named_and_mine() -> None:
    base = {"title": "Salt", "order": 1}
    mine, theirs = {"title": "Iron", "order": 2}, {"title": "Coal", "order": 2, "x": None}
    assert lore.merged(base, mine, theirs) == ({"title": "Iron", "order": 2, "x": None}, ["title"])
    assert lore.merged(base, {"title": "Salt"}, {"title": "Salt", "order": 3}) == (
        {"title": "Salt"}, ["order"],
    )  # fmt: skip


VALUES = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 2))


@given(VALUES, VALUES)
def test_who_alone_changed_an_entry_has_it_as_it_was_changed(
    base: dict[str, Any], changed: dict[str, Any]
) -> None:
    def without_nothing(entry: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in entry.items() if value is not None}

    for mine, theirs in ((changed, base), (base, changed)):
        entry, clashes = lore.merged(base, mine, theirs)
        assert without_nothing(entry) == without_nothing(changed)
        assert clashes == []
