"""The lore of a story: entries of what is true in its world, each journaled like all else.

When an entry fires is for whoever assembles a context; here it is only kept, whole. The fields and
their defaults are those of the lorebooks that writing tools exchange; unknown ones are kept too.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

from storyloom.story.act import Act
from storyloom.story.kept import kept_json
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = [
    "Clash",
    "Entry",
    "entries",
    "follow",
    "merged",
    "put_entry",
    "remove_entry",
    "set_entry",
]

Entry: TypeAlias = "dict[str, Any]"

_FIELDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "title": (str, "a text"),
    "content": (str, "a text"),
    "keys": (list, "a list of texts"),
    "secondary_keys": (list, "a list of texts"),
    "logic": (str, "and_any, and_all, not_any or not_all"),
    "constant": (bool, "true or false"),
    "pinned": (bool, "true or false"),
    "enabled": (bool, "true or false"),
    "order": (int, "a whole number"),
    "priority": (int, "a whole number"),
    "scan": (dict, "a table of unit and n"),
    "whole_words": (bool, "true or false"),
    "case_sensitive": (bool, "true or false"),
    "probability": ((int, float), "a number from 0 to 100"),
    "group": (str, "a text"),
    "recursion_only": (bool, "true or false"),
    "no_recurse_in": (bool, "true or false"),
    "no_recurse_out": (bool, "true or false"),
    "valid_from": (int, "a node's number"),
    "valid_until": (int, "a node's number"),
    "position": (str, "before_story, top, note_top, note_bottom or at_depth:N"),
}
_LOGIC = ("and_any", "and_all", "not_any", "not_all")
_POSITION = re.compile(r"before_story|top|note_top|note_bottom|at_depth:[0-9]{1,6}")
_LARGEST = 1_000_000
_LARGEST_NUMBER = 1 << 53
"""Beyond, other readers of JSON round numbers."""


def set_entry(story: Story, entry: Entry, uid: str | None = None) -> str:
    """Add an entry to the lore, or replace the one of that uid, and return its uid.

    Raises Refusal for a field of the wrong kind, and for an entry without title and content.
    """
    entry, text = _checked(entry)
    with story.act("lore.set") as act:
        return _write(act, entry, text, uid)


class Clash(Exception):
    """An entry was changed elsewhere since it was read."""

    def __init__(self, fields: Sequence[str] = ()) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
        """What was changed on both sides; nothing when the entry was removed."""


def put_entry(story: Story, uid: str, base: Entry, mine: Entry, *, over: bool = False) -> None:
    """Replace an entry that was read as `base`, and keep what was changed elsewhere since.

    Raises Clash, with nothing written, where that cannot be, unless `over` says that `mine` goes
    before it; and Refusal as `set_entry` does.
    """
    _checked(mine)
    with story.act("lore.set") as act:
        there = act.tables.attribute(0, f"lore:{uid}")
        if there is None and not over:
            raise Clash
        entry = mine
        if there is not None:
            entry, clashes = merged(base, mine, json.loads(str(there)))
            if clashes and not over:
                raise Clash(clashes)
        _write(act, *_checked(entry), uid)


def merged(base: Entry, mine: Entry, theirs: Entry) -> tuple[Entry, list[str]]:
    """Return `theirs` with what `mine` has changed since `base`, and the fields both changed.

    In those the result has the value of `mine`.
    """
    made: Entry = {}
    clashes: list[str] = []
    for name in {**theirs, **mine}:
        was, one, other = (each.get(name) for each in (base, mine, theirs))
        value = other if one == was else one
        if other not in (was, one) and one != was:
            clashes.append(name)
        if value is not None or (name in theirs and one == was):
            made[name] = value
    return made, clashes


def _checked(entry: Entry) -> tuple[Entry, str]:
    """Return an entry as it is kept, and its JSON."""
    entry = cast("Entry", kept_json(entry))
    for key, value in entry.items():
        if value is not None:
            _refuse_wrong(key, value)
    if not (entry.get("title") or "").strip() and not (entry.get("content") or "").strip():
        raise Refusal("A lore entry needs a title or a content.")
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    if len(text) > _LARGEST:
        raise Refusal("A lore entry has at most a million characters.")
    return entry, text


def _write(act: Act, entry: Entry, text: str, uid: str | None) -> str:
    if uid is None:
        rows = act.db.execute(
            "SELECT DISTINCT key FROM change WHERE owner = 0 AND key GLOB 'lore:[0-9]*'"
        )
        # Never a uid that was used before: an undo would find another entry in its place.
        numbers = [int(key[5:]) for (key,) in rows if key[5:].isdecimal()]
        uid = str(max(numbers, default=0) + 1)
    for key in ("valid_from", "valid_until"):
        if entry.get(key) is not None:
            act.node(entry[key])
    act.data["uid"] = uid
    act.change(0, f"lore:{uid}", text)
    return uid


def remove_entry(story: Story, uid: str) -> None:
    """Take an entry out of the lore. Raises Refusal when there is none of that uid."""
    with story.act("lore.set", data={"uid": uid}) as act:
        if act.tables.attribute(0, f"lore:{uid}") is None:
            raise Refusal(f"There is no lore entry {one_line(uid)!r} in this story.")
        act.change(0, f"lore:{uid}", None)


def entries(story: Story) -> dict[str, Entry]:
    """Return the lore's entries by uid, in the order of their numbers."""
    rows = story.read.execute(
        "SELECT substr(key, 6), value FROM attr WHERE owner = 0 AND key GLOB 'lore:*' "
        "ORDER BY length(key), key"
    ).fetchall()
    return {uid: json.loads(value) for uid, value in rows}


def follow(act: Act, before: int, after: int) -> None:
    """Let entries valid from or until a node follow it into another that it is joined to."""
    rows = act.db.execute(
        "SELECT key, value FROM attr WHERE owner = 0 AND key GLOB 'lore:*'"
    ).fetchall()
    for key, value in rows:
        entry = json.loads(value)
        moved = {name: after for name in ("valid_from", "valid_until") if entry.get(name) == before}
        if moved:
            text = json.dumps({**entry, **moved}, ensure_ascii=False, separators=(",", ":"))
            act.change(0, key, text)


def _refuse_wrong(key: str, value: Any) -> None:
    if key not in _FIELDS:
        return
    kind, what = _FIELDS[key]
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if right and kind is list:
        right = all(isinstance(each, str) for each in cast("list[Any]", value))
    if right and key == "logic":
        right = value in _LOGIC
    if right and key == "probability":
        right = 0 <= value <= 100
    if right and key == "position":
        right = _POSITION.fullmatch(str(value)) is not None
    if right and kind is int:
        right = abs(value) < _LARGEST_NUMBER
    if not right:
        raise Refusal(f"{key} of a lore entry has to be {what}.")
