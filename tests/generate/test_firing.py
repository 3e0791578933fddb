"""Which lore entries fire: the vectors, and whatever else the reference says of any book."""

import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyloom.generate import scanned
from storyloom.generate.firing import Cause, Firing, Rules, fired, firings
from storyloom.generate.rule import Scan
from storyloom.generate.scanned import Place
from storyloom.settings import Settings
from storyloom.story import history, lore, marks, reading, shape
from storyloom.story.lore import Entry
from storyloom.story.story import Story
from tests.tui.stories import HOSTILE

BOOKS = Path(__file__).resolve().parents[3] / "shared/data/lorebooks"
shared = pytest.mark.skipif(not BOOKS.exists(), reason="the shared data is not here")


def bytes_by_four(text: str) -> int:
    return -(-len(text.encode()) // 4)


def place(path: list[tuple[int, str]], **more: Any) -> Place:
    nodes = {node for node, _ in path}
    return Place(path[-1][0], path, nodes.__contains__, **more)


def fire(text: str, *entries: Entry, rules: Rules = Rules(), **more: Any) -> dict[str, Firing]:  # noqa: B008
    """Return what becomes of entries, with the uids 1, 2, ..., behind one node of that text."""
    book = {str(number): entry for number, entry in enumerate(entries, 1)}
    found = fired(book, place([(1, text)], **more), rules, bytes_by_four)
    assert sorted(each.uid for each in found) == sorted(book)
    return {each.uid: each for each in found}


def reason(text: str, *entries: Entry, **more: Any) -> Cause:
    """Return what is said of the first of the entries."""
    return fire(text, *entries, **more)["1"].reason


def rows(found: list[Firing]) -> list[dict[str, Any]]:
    """Return what became of entries as the vectors write it."""
    return [
        {
            "uid": int(each.uid),
            "state": "active" if each.fires else "omitted",
            "reason": each.reason.name.lower(),
            "key": each.key or None,
        }
        for each in sorted(found, key=lambda each: int(each.uid))
    ]


def rules_of(settings: dict[str, Any]) -> Rules:
    scan = Scan(**settings["scan"])
    stops = settings["overflow"] == "stop"
    return Rules(scan, settings["max_recursion"], settings["budget"], stops)


def loaded(name: str) -> Any:
    path = BOOKS / name
    return json.loads(path.read_text("utf-8")) if path.exists() else []


VECTORS = loaded("activation_vectors.json")


@shared
@pytest.mark.parametrize("vector", VECTORS, ids=[each["name"] for each in VECTORS])
def test_the_vectors_hold(vector: dict[str, Any]) -> None:
    numbers = {"n3b": 99} | {name: n for n, (name, _) in enumerate(vector["path"], 1)}
    book = {
        str(entry["uid"]): {
            key: numbers.get(value, value) if key == "valid_from" else value
            for key, value in entry.items()
        }
        for entry in loaded("saltmarsh.storyloom.json")["entries"]
    }
    path = [(numbers[name], text) for name, text in vector["path"]]
    found = fired(book, place(path), rules_of(vector["settings"]), bytes_by_four)
    assert [int(each.uid) for each in found if each.fires] == vector["placed"]
    assert rows(found) == vector["rows"]


NAMES = ("Mara", "the marsh", "Tobin", "ferry", "bell tower", "king's", "“So”", "門", "/to+bin/i",
         "/9\\d\\d/", "/(open/", " ")  # fmt: skip
WORDS = st.sampled_from(["Mara", "the", "marsh", "TOBIN", "ferry", "ferryman", "bell", "tower",
                         "king’s", '"So"', "門番", "913", "\n\n", ".", "e\u0301"])  # fmt: skip
PROSE = st.lists(WORDS, max_size=12).map(" ".join)
FLAG = st.booleans()
BOOK = st.lists(
    st.fixed_dictionaries(
        {"keys": st.lists(st.sampled_from(NAMES), max_size=3), "content": PROSE},
        optional={
            "secondary_keys": st.lists(st.sampled_from(NAMES), max_size=2),
            "logic": st.sampled_from(["and_any", "and_all", "not_any", "not_all"]),
            "constant": FLAG, "pinned": FLAG, "enabled": FLAG, "whole_words": FLAG,
            "case_sensitive": FLAG, "recursion_only": FLAG, "no_recurse_in": FLAG,
            "no_recurse_out": FLAG, "order": st.integers(0, 3), "priority": st.integers(0, 3),
            "probability": st.sampled_from([0, 30, 70, 100]), "group": st.sampled_from("ab"),
            "valid_from": st.integers(1, 4), "valid_until": st.integers(1, 4),
            "scan": st.fixed_dictionaries({"unit": st.sampled_from(["chars", "nodes",
                                                                    "paragraphs"]),
                                           "n": st.integers(0, 9)}),
        },
    ),
    max_size=8,
)  # fmt: skip


@functools.cache
def the_reference() -> Any:
    spec = importlib.util.spec_from_file_location("ref_activation", BOOKS / "ref_activation.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    return reference


@shared
@settings(max_examples=400)
@given(BOOK, st.lists(PROSE, min_size=1, max_size=3), st.integers(0, 3), st.integers(0, 60), FLAG)
def test_any_book_fires_as_the_reference_says(
    book: list[Entry], texts: list[str], levels: int, budget: int, stops: bool
) -> None:
    reference = the_reference()
    given = {"scan": {"unit": "chars", "n": 40}, "max_recursion": levels, "budget": budget,
             "overflow": "stop" if stops else "skip"}  # fmt: skip
    path = list(enumerate(texts, 1))
    numbered = [{**entry, "uid": uid} for uid, entry in enumerate(book, 1)]
    wanted, placed, _ = reference.activate(numbered, path, given, seed="s", batch=1)
    entries = {str(entry["uid"]): entry for entry in numbered}
    found = fired(entries, place(path, seed="s"), rules_of(given), bytes_by_four)
    assert rows(found) == wanted
    assert [int(each.uid) for each in found if each.fires] == placed


def test_a_constant_and_a_pinned_one_need_no_key_and_go_before_all_where_room_is_short() -> None:
    found = fire(
        "Mara", {"content": "aaaa", "keys": ["Mara"], "priority": 900},
        {"content": "bbbb", "constant": True}, {"content": "cccc", "pinned": True},
        rules=Rules(budget=4),
    )  # fmt: skip
    assert [found[uid].reason for uid in "123"] == [Cause.NO_SPACE, Cause.CONSTANT, Cause.PINNED]
    assert [found[uid].rank for uid in "123"] == [0, 1, 2]


def test_exactly_full_is_not_too_full() -> None:
    entry = {"content": "seven b", "keys": ["Mara"]}
    assert fire("Mara", entry, rules=Rules(budget=2))["1"].fires
    assert not fire("Mara", entry, rules=Rules(budget=1))["1"].fires


def test_entries_are_told_in_the_order_in_which_they_are_placed() -> None:
    at = [("note_bottom", 1), ("at_depth:0", 1), ("before_story", 2), ("top", 9), ("note_top", 1),
          ("at_depth:12", 1), (None, 1), ("at_depth:3", 1)]  # fmt: skip
    book = {str(10 - n): {"content": "x", "position": where, "order": order}
            for n, (where, order) in enumerate(at)}  # fmt: skip
    found = fired(book, place([(1, "")]), Rules(), bytes_by_four)
    order = [book[each.uid]["position"] for each in found]
    assert order == ["top", None, "before_story", "at_depth:12", "at_depth:3", "note_top",
                     "note_bottom", "at_depth:0"]  # fmt: skip


def test_uids_that_are_numbers_go_by_their_number_and_before_others() -> None:
    book = {uid: {"content": "x"} for uid in ("salt", "10", "9", "new", "٣")}
    found = fired(book, place([(1, "")]), Rules(), bytes_by_four)
    assert [each.uid for each in found] == ["٣", "9", "10", "new", "salt"]


@given(st.integers(1, 10**6), st.text(max_size=4), st.integers(1, 9))
def test_a_roll_is_the_same_whenever_it_is_asked(node: int, seed: str, batch: int) -> None:
    entry = {"content": "x", "keys": ["Mara"], "probability": 50}
    first, second = (
        fired({"1": entry}, Place(node, [(node, "Mara")], bool, seed=seed, batch=batch), Rules(),
              bytes_by_four)
        for _ in range(2)
    )  # fmt: skip
    assert first == second


def test_as_many_entries_fire_as_probability_says() -> None:
    book = {str(uid): {"content": "x", "keys": ["Mara"], "probability": 30}
            for uid in range(2_000)}  # fmt: skip
    found = fired(book, place([(1, "Mara")]), Rules(), bytes_by_four)
    assert 500 < sum(each.fires for each in found) < 700
    assert {each.reason for each in found if not each.fires} == {Cause.PROBABILITY}


def test_what_was_rolled_against_is_not_rolled_again_by_recursion() -> None:
    found = fire(
        "Mara", {"content": "x", "keys": ["Mara"], "probability": 0},
        {"content": "Mara", "constant": True},
    )  # fmt: skip
    assert found["1"].reason is Cause.PROBABILITY


def test_the_author_is_told_the_key_and_what_is_wrong_with_one() -> None:
    found = fire(
        "Mara took the ferry.", {"content": "of Tobin", "keys": ["Quill", "Mara"]},
        {"content": "x", "keys": ["ferry"], "secondary_keys": ["night"]},
        {"content": "x", "keys": ["Tobin"]}, {"content": "x", "keys": ["Mara", "/(open/"]},
        {"content": "x", "constant": True}, {"content": "x"},
    )  # fmt: skip
    assert [found[str(uid)].why for uid in range(1, 7)] == [
        "key Mara", "secondary keys against ferry", "recursion, key Tobin",
        "bad regex /(open/: missing ) at position 5", "constant", "no key",
    ]  # fmt: skip


def test_a_regex_that_never_ends_is_stopped_and_the_others_still_fire() -> None:
    found = fire(
        "a" * 100_000 + "! Mara", {"content": "x", "keys": ["/(a|aa)+$/"]},
        {"content": "y", "keys": ["Mara"]},
        rules=Rules(scan=Scan("chars", 100_000)),
    )  # fmt: skip
    assert found["1"].reason is Cause.BAD_REGEX
    assert found["1"].why == "bad regex /(a|aa)+$/: takes too long"
    assert found["2"].fires


def test_a_thousand_regexes_that_never_end_are_stopped_together() -> None:
    entries = [{"content": "x", "keys": [f"/(a|aa)+{n}$/"]} for n in range(1_000)]
    found = fire("a" * 2_000, *entries)
    assert {each.reason for each in found.values()} == {Cause.BAD_REGEX}
    assert "take too long together" in found["1000"].fault


@given(st.dictionaries(
    st.sampled_from(["content", "keys", "secondary_keys", "logic", "constant", "order", "priority",
                     "scan", "probability", "group", "valid_from", "position", "enabled"]),
    st.one_of(st.none(), st.text(max_size=9), st.integers(), st.floats(), st.booleans(),
              st.lists(st.one_of(st.none(), st.text(max_size=5), st.integers()), max_size=3),
              st.dictionaries(st.sampled_from(["unit", "n"]), st.one_of(st.none(), st.integers(),
                                                                       st.just("nodes")))),
))  # fmt: skip
def test_no_entry_however_wrong_stops_the_others(entry: Entry) -> None:
    found = fire("Mara", entry, {"content": "x", "keys": ["Mara"], "priority": 1 << 60})
    assert found["2"].fires


def test_hostile_keys_and_texts_are_only_words() -> None:
    found = fire(
        f"It said {HOSTILE} and", {"content": HOSTILE, "keys": [HOSTILE], "title": HOSTILE},
        {"content": "x", "keys": ["\x00", "[/]"]},
    )  # fmt: skip
    assert [found[uid].reason for uid in "12"] == [Cause.KEY, Cause.KEY]


# In a story.


def here(story: Story, node: int, **more: Any) -> dict[str, Cause]:
    found = firings(story, Settings(), node, **more)
    return {each.uid: each.reason for each in found}


def test_a_story_without_lore_has_no_firings(story: Story) -> None:
    assert firings(story, Settings(), 1) == []


def test_a_draft_stands_in_place_of_its_entry_or_beside_all(story: Story) -> None:
    lore.set_entry(story, {"content": "x", "keys": ["bell"]})
    assert here(story, 1) == {"1": Cause.NO_KEY}
    drafts = {"1": {"content": "x", "keys": ["tide"]}, "new": {"content": "y", "constant": True}}
    assert here(story, 1, drafts=drafts) == {"1": Cause.KEY, "new": Cause.CONSTANT}
    assert here(story, 1) == {"1": Cause.NO_KEY}


def test_lore_holds_on_the_branches_it_is_valid_on(story: Story) -> None:
    dead = shape.write_child(story, 1, "Mara drowned.")
    after = shape.write_child(story, dead, "They buried Mara.")
    back = shape.write_child(story, after, "Mara came back.")
    alive = shape.write_child(story, 1, "Mara lived.")
    lore.set_entry(story, {"content": "Mara is dead.", "keys": ["Mara"], "valid_from": dead,
                           "valid_until": back})  # fmt: skip
    assert [here(story, node)["1"] for node in (1, alive, dead, after, back, 0)] == [
        Cause.OUT_OF_BRANCH, Cause.OUT_OF_BRANCH, Cause.KEY, Cause.KEY, Cause.OUT_OF_BRANCH,
        Cause.OUT_OF_BRANCH,
    ]  # fmt: skip
    history.undo(story)
    history.undo(story)
    assert here(story, after) == {}


def test_a_split_or_a_join_lets_the_same_lore_fire(story: Story) -> None:
    node = shape.write_child(story, 1, " Mara took the ferry across the marsh.")
    for key in ("ferry", "the marsh", "back. Mara"):
        lore.set_entry(story, {"content": "x", "keys": [key]})
    before = firings(story, Settings(), node)
    assert all(each.fires for each in before)
    shape.split(story, node, 17)
    assert reading.strand(story, node)[-1].text == "rry across the marsh."
    assert firings(story, Settings(), node) == before
    shape.join(story, node)
    assert firings(story, Settings(), node) == before


@pytest.mark.parametrize(
    ("scan", "fires"),
    [
        ({"unit": "chars", "n": 10}, False), ({"unit": "chars", "n": 90_000}, True),
        ({"unit": "nodes", "n": 50}, False), ({"unit": "nodes", "n": 51}, True),
        ({"unit": "paragraphs", "n": 50}, False), ({"unit": "paragraphs", "n": 51}, True),
        ({"unit": "nodes", "n": 0}, False), ({"unit": "chars", "n": 0}, False),
    ],
)  # fmt: skip
def test_keys_are_looked_for_as_far_up_as_an_entry_says(
    story: Story, scan: dict[str, Any], fires: bool
) -> None:
    node = shape.write_child(story, 1, " A bell.")
    for number in range(50):
        node = shape.write_child(story, node, f"\n\nNothing happened at all on day {number}.")
    lore.set_entry(story, {"content": "x", "keys": ["bell"], "scan": scan})
    assert firings(story, Settings(), node)[0].fires is fires


def test_no_more_of_the_strand_is_read_than_is_looked_through(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = 1
    for _ in range(300):
        node = shape.write_child(story, node, "word " * 20)
    lore.set_entry(story, {"content": "x", "keys": ["bell"]})
    read: list[int] = []
    pieces = reading.pieces

    def counted(story: Story, nodes: list[int]) -> list[reading.Piece]:
        read.extend(nodes)
        return pieces(story, nodes)

    monkeypatch.setattr(reading, "pieces", counted)
    firings(story, Settings(), node)
    assert len(read) == 20
    lore.set_entry(story, {"content": "x", "keys": ["bell"], "scan": {"unit": "nodes", "n": 40}})
    read.clear()
    firings(story, Settings(), node)
    assert len(read) == 40


@pytest.mark.parametrize("unit", ["nodes", "chars", "paragraphs"])
def test_how_far_one_entry_looks_does_not_change_another(
    story: Story, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    monkeypatch.setattr(scanned, "MOST_NODES", 5)
    monkeypatch.setattr(scanned, "MOST", 400)
    node = shape.write_child(story, 1, " A bell.\n\n")
    for number in range(9):
        node = shape.write_child(story, node, f"Nothing happened at all on day {number}.\n\n")
        lore.set_entry(story, {"content": "x", "keys": ["bell"], "constant": not number,
                               "scan": {"unit": unit, "n": 10**6}})  # fmt: skip
        alone = firings(story, Settings(), node)
        more = {"new": {"content": "x", "keys": ["tide"], "scan": {"unit": "chars", "n": 10**6}}}
        assert firings(story, Settings(), node, drafts=more)[:-1] == alone


def test_a_node_that_never_was_is_on_no_strand(story: Story) -> None:
    for wanted in (99, -1, 1 << 62, 1 << 80):
        draft = {"content": "x", "constant": True, "valid_from": wanted}
        assert here(story, 1, drafts={"new": draft}) == {"new": Cause.OUT_OF_BRANCH}


def test_a_quarter_of_what_settings_allow_is_for_lore(story: Story) -> None:
    for _ in range(8):
        lore.set_entry(story, {"content": "one two three four five " * 20, "constant": True})
    few = firings(story, Settings(context=1_000), 1)
    assert {each.reason for each in few} == {Cause.CONSTANT, Cause.NO_SPACE}
    assert all(each.fires for each in firings(story, Settings(), 1))


def test_only_the_storys_own_text_is_looked_through(story: Story) -> None:
    marks.set_text(story, 1, "note", "the bell")
    lore.set_entry(story, {"content": "x", "keys": ["bell"]})
    assert here(story, 1) == {"1": Cause.NO_KEY}
