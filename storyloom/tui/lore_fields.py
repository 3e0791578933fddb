"""The fields of a lore entry as an author types them, and an entry made of what was typed.

A field that was not touched stays as it is, whatever it holds; so does all that no field is of.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from storyloom.story.lore import Entry

__all__ = ["FIELDS", "Field", "shown", "split_keys", "taken", "written_keys"]

_MOST_DIGITS = 15


@dataclass(frozen=True)
class Field:
    """One field of the form."""

    name: str
    """As the entry has it."""
    label: str
    about: str
    """What it is for, in one line."""
    kind: str = "text"
    """text, long, keys, number, node, scan, switch or choice."""
    default: str = ""
    """What holds while nothing is said."""
    choices: tuple[str, ...] = ()


def _switch(name: str, label: str, about: str, default: str = "no") -> Field:
    return Field(name, label, about, "switch", default, ("no", "yes"))


FIELDS = (
    Field("title", "title", "What you call it; no model is ever told"),
    Field("keys", "keys", "Words that bring it in, commas between them; /reg(ex)?/i is one too",
          "keys"),
    Field("secondary_keys", "secondary", "Words that narrow this down, in the way that logic says",
          "keys"),
    Field("logic", "logic", "and_any: one secondary key too. and_all: all. not_any: none of them",
          "choice", "and_any", ("and_any", "and_all", "not_any", "not_all")),
    Field("content", "content", "What is true, as the models are to read it", "long"),
    _switch("constant", "constant", "Always taken, whatever its keys"),
    _switch("enabled", "on", "Whether it may be taken at all", "yes"),
    Field("valid_from", "valid from", "Only on strands through this node, such as n12", "node"),
    Field("valid_until", "valid until", "No longer on strands through this node", "node"),
    Field("order", "order", "Of what is taken, a higher one stands nearer the end: it is stronger",
          "number", "100"),
    Field("priority", "priority", "Where room is short, the highest are taken first", "number",
          "as order"),
    _switch("pinned", "pinned", "Taken before all others, whatever its keys"),
    Field("probability", "probability", "How often it is taken, in a hundred times", "number",
          "100"),
    Field("group", "group", "Of the entries of a group, one alone is taken"),
    Field("position", "position", "before_story, top, note_top, note_bottom or at_depth:3",
          default="before_story"),
    Field("scan", "scan", "How far back keys are looked for: 900 chars, 4 nodes, 3 paragraphs",
          "scan", "2000 chars"),
    _switch("whole_words", "whole words", "Keys are whole words: eel is not in heel", "yes"),
    _switch("case_sensitive", "match case", "Capitals of keys count: Rose is no rose"),
    _switch("recursion_only", "recursion only", "Only taken for keys in what another entry says"),
    _switch("no_recurse_in", "no recurse in", "Not taken for keys in what other entries say"),
    _switch("no_recurse_out", "no recurse out", "What it says brings no other entry in"),
)  # fmt: skip

_UNITS = {"char": "chars", "node": "nodes", "paragraph": "paragraphs"}
_KEY = re.compile(
    r'"(?P<quoted>(?:[^"]|"")*)"\s*(?=,|$)'
    r"|(?P<regex>/(?:\\.|[^\\/\n])+/[A-Za-z]*)\s*(?=,|$)"
    r"|(?P<plain>[^,\n]*)"
)


def split_keys(text: str) -> list[str]:
    """Return the keys of a line: commas part them, but not within `/…/` or double quotes."""
    keys: list[str] = []
    at = 0
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        found = _KEY.match(text, at)
        if found is None:
            break
        if found["quoted"] is not None:
            key = found["quoted"].replace('""', '"')
        else:
            key = (found["regex"] or found["plain"] or "").strip()
        if key.strip():
            keys.append(key)
        # What parts them; a line end in a pasted text does too.
        at = found.end() + 1
    return keys


def written_keys(keys: list[str]) -> str:
    """Return keys as a line from which `split_keys` makes the same ones."""
    return ", ".join(
        key if split_keys(key) == [key] else '"' + key.replace('"', '""') + '"' for key in keys
    )


def shown(entry: Entry) -> dict[str, str]:
    """Return what each field shows of an entry; empty where nothing is said."""
    return {field.name: _shown(field, entry.get(field.name)) for field in FIELDS}


def _shown(field: Field, value: Any) -> str:
    if value is None:
        return field.default if field.choices else ""
    if field.kind == "switch":
        return "yes" if value else "no"
    if field.kind == "keys" and isinstance(value, list):
        return written_keys([str(each) for each in cast("list[Any]", value)])
    if field.kind == "scan" and isinstance(value, dict):
        scan = cast("dict[str, Any]", value)
        return f"{scan.get('n', '')} {scan.get('unit', '')}".strip()
    if field.kind == "node":
        return f"n{value}"
    return str(value)


def taken(entry: Entry, typed: Mapping[str, str]) -> Entry:
    """Return `entry` with what was typed in place of those fields that show something else now.

    An emptied field is taken out, so that its default holds. What is no right value is put there
    as it was typed, for `lore.set_entry` to refuse.
    """
    made = dict(entry)
    before = shown(entry)
    for field in FIELDS:
        text = typed.get(field.name, before[field.name])
        if text == before[field.name]:
            continue
        value = _value(field, text, entry.get(field.name))
        if value is None:
            made.pop(field.name, None)
        else:
            made[field.name] = value
    return made


def _value(field: Field, text: str, before: Any) -> Any:
    if field.kind == "switch":
        return text == "yes"
    if not text.strip():
        return None
    if field.kind == "keys":
        return split_keys(text) or None
    if field.kind == "node":
        return _number(text.strip().removeprefix("n"), text, whole=True)
    if field.kind == "number":
        return _number(text.strip(), text, whole=field.name != "probability")
    if field.kind == "scan":
        return _scan(text, before)
    return text if field.kind == "long" else text.strip()


def _number(digits: str, text: str, *, whole: bool) -> int | float | str:
    if len(digits) > _MOST_DIGITS:
        return text
    try:
        return int(digits)
    except ValueError:
        pass
    try:
        number = float(digits)
    except ValueError:
        return text
    return text if whole or not math.isfinite(number) else number


def _scan(text: str, before: Any) -> "Entry | str":
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*([a-z]+)\s*", text.lower())
    unit = _UNITS.get(found[2].removesuffix("s")) if found else None
    if found is None or unit is None:
        return text
    kept = cast("Entry", before) if isinstance(before, dict) else {}
    return {**kept, "unit": unit, "n": int(found[1])}
