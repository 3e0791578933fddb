"""The fields of a lore entry: what is not touched stays, what is typed becomes what was meant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.story import lore
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.lore_fields import (
    FIELDS,
    shown,
    split_keys,
    taken,
    written_keys,
)  # fmt: skip
from tests.tui.stories import HOSTILE

FULL: dict[str, Any] = {
    "title": "Salt", "content": "It is\n\neverywhere. ", "keys": ["salt", "sea, dead", "/a,b/i"],
    "secondary_keys": [" x ", '"q"'], "logic": "not_all", "constant": False, "pinned": True,
    "enabled": True, "order": -3, "priority": 5, "scan": {"unit": "nodes", "n": 4, "of": "it"},
    "whole_words": False, "case_sensitive": True, "probability": 12.5, "group": "sea",
    "recursion_only": False, "no_recurse_in": True, "no_recurse_out": False, "valid_from": 1,
    "valid_until": 2, "position": "at_depth:4", "comment": "of another tool",
    "extensions": {"depth": [1, None, "y"]}, "use_regex": None,
}  # fmt: skip
KEYS = st.lists(st.text(st.characters(exclude_characters="\n\r"), min_size=1).filter(str.strip))


def test_every_field_of_an_entry_has_its_box() -> None:
    assert {field.name for field in FIELDS} == set(lore._FIELDS)


@given(KEYS)
def test_keys_are_read_as_they_were_written(keys: list[str]) -> None:
    assert split_keys(written_keys(keys)) == keys


@given(st.text())
def test_any_line_gives_keys_that_are_not_empty(text: str) -> None:
    assert all(key.strip() for key in split_keys(text))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Mara, Quill", ["Mara", "Quill"]),
        (" Mara ,,Quill,", ["Mara", "Quill"]),
        ("the low bells", ["the low bells"]),
        (r"/\bel{1,2}s?\b/i, Mara", [r"/\bel{1,2}s?\b/i", "Mara"]),
        (r"/a\/b,c/, d", [r"/a\/b,c/", "d"]),
        ("and/or, /half", ["and/or", "/half"]),
        ('"salt, dead", sea', ["salt, dead", "sea"]),
        ('"say ""no"""', ['say "no"']),
        ('5" rope, sea', ['5" rope', "sea"]),
        ('"half, sea', ['"half', "sea"]),
        ("one\ntwo", ["one", "two"]),
        ("", []),
        (" , ,", []),
    ],
)
def test_commas_part_keys_but_not_in_a_pattern_or_in_quotes(text: str, keys: list[str]) -> None:
    assert split_keys(text) == keys


@pytest.mark.parametrize("entry", [FULL, {}, {"title": HOSTILE, "keys": [HOSTILE]},
                                   dict.fromkeys(FULL)])  # fmt: skip
def test_what_is_not_touched_stays_whatever_it_is(entry: dict[str, Any]) -> None:
    assert taken(entry, shown(entry)) == entry
    assert taken(entry, {}) == entry


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("title", " Iron ", "Iron"),
        ("content", "a\n\n b ", "a\n\n b "),
        ("keys", "a, b", ["a", "b"]),
        ("secondary_keys", "", None), ("logic", "and_all", "and_all"), ("constant", "yes", True),
        ("enabled", "no", False), ("pinned", "no", False), ("order", " 7 ", 7),
        ("order", "-7", -7), ("order", "7.5", "7.5"), ("order", "many", "many"),
        ("order", "9" * 5_000, "9" * 5_000), ("order", "", None), ("probability", "33.3", 33.3),
        ("probability", "nan", "nan"), ("probability", "inf", "inf"), ("valid_from", "n12", 12),
        ("valid_from", "12", 12), ("valid_from", "here", "here"), ("valid_until", "", None),
        ("scan", "900 chars", {"unit": "chars", "n": 900, "of": "it"}),
        ("scan", "2nodes", {"unit": "nodes", "n": 2, "of": "it"}),
        ("scan", "1 paragraph", {"unit": "paragraphs", "n": 1, "of": "it"}),
        ("scan", "3 pages", "3 pages"), ("scan", "", None), ("position", "top", "top"),
        ("group", "", None),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_what_was_meant_and_all_else_stays(
    name: str, text: str, value: Any
) -> None:
    made = taken(FULL, {**shown(FULL), name: text})
    assert made.get(name) == value
    assert (name in made) == (value is not None)
    others = {key: each for key, each in FULL.items() if key != name}
    assert {key: each for key, each in made.items() if key != name} == others


@pytest.mark.parametrize(
    ("name", "text"),
    [("order", "many"), ("priority", "1.5"), ("probability", "inf"), ("probability", "200"),
     ("valid_from", "here"), ("valid_until", "n"), ("scan", "3 pages"), ("position", "nowhere"),
     ("order", "9" * 30)],
)  # fmt: skip
def test_what_is_no_value_is_refused_by_the_lore_with_the_fields_name(
    tmp_path: Any, name: str, text: str
) -> None:
    with (
        Story.create(tmp_path / "a.loom", opening="Once.") as story,
        pytest.raises(Refusal, match=f"^{name} of a lore entry has to be"),
    ):
        lore.set_entry(story, taken({"title": "Salt"}, {"title": "Salt", name: text}))
