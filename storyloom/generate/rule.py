"""A lore entry as it is looked at to say whether it fires: its fields, with what holds without.

Entries come from files and from a form that is still being filled in, so a value that makes no
sense is taken as if it were not there.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from storyloom.generate.matching import Key, Text, key_of
from storyloom.story.lore import Entry

__all__ = ["NOTE_DEPTH", "USUAL", "Position", "Rule", "Scan", "position_of", "rule_of", "scan_of"]

Unit: TypeAlias = Literal["chars", "nodes", "paragraphs"]
_UNITS = ("chars", "nodes", "paragraphs")
NOTE_DEPTH = 3
"""Paragraphs from the end at which an author's note stands, and what goes beside it."""
_AT_DEPTH = re.compile(r"at_depth:([0-9]{1,6})")
_MOST = 1_000_000
"""More characters, nodes or paragraphs than are ever looked through."""


class Scan(NamedTuple):
    """How much of a strand's end keys are looked for in."""

    unit: Unit = "chars"
    n: int = 2_000


USUAL = Scan()
"""Where keys are looked for when nothing else is said: the same however a strand is divided."""


class Position(NamedTuple):
    """Where in a request an entry stands; they compare as they follow one another."""

    part: Literal[0, 1, 2] = 1
    """0 is before what tells of the story so far, 1 right before the story, 2 within it."""
    above: int = 0
    """Of one within the story: minus the paragraphs between it and the end."""
    beside: int = 0
    """Above the author's note, or below it."""

    @property
    def depth(self) -> int:
        """Paragraphs of the story that follow it."""
        return -self.above


@dataclass(frozen=True)
class Rule:
    """One entry."""

    uid: str
    content: str
    keys: tuple[Key, ...]
    hints: frozenset[str]
    """Words of which a text has at least one if a key of whole words stands in it."""
    parts: tuple[str, ...] | None
    """The keys that may be parts of words; None when others are regexes."""
    cased: bool
    """Whether capitals count."""
    secondary: tuple[Key, ...]
    logic: str
    scan: Scan
    order: int
    priority: int
    probability: float
    group: str
    valid_from: int
    valid_until: int
    position: Position
    enabled: bool
    constant: bool
    pinned: bool
    recursion_only: bool
    no_recurse_in: bool
    no_recurse_out: bool

    def has_no_key_in(self, text: Text) -> bool:
        """Whether it is plain at first sight that none of its keys stands in a text."""
        if self.parts is None or not self.hints.isdisjoint(text.words(cased=self.cased)):
            return False
        folded = text.folded(cased=self.cased) if self.parts else ""
        return not any(part in folded for part in self.parts)

    @property
    def number(self) -> tuple[int, int, str]:
        """The uid to sort by: numbers as numbers, and before all others."""
        if self.uid.isdecimal() and len(self.uid) < 20:
            return (0, int(self.uid), "")
        return (1, 0, self.uid)

    @property
    def placed(self) -> tuple[Position, int, tuple[int, int, str]]:
        """What sorts entries as they stand in a request; a later one is stronger."""
        return (self.position, self.order, self.number)


def rule_of(uid: str, entry: Entry, scan: Scan) -> Rule:
    """Return an entry as a rule; `scan` holds where it says none itself."""
    order = _whole(entry.get("order"), 100)
    return Rule(
        uid,
        _text(entry.get("content")),
        keys := _keys(entry, "keys"),
        frozenset(key.words[0] for key in keys if key.words),
        _parts(keys),
        entry.get("case_sensitive") is True,
        _keys(entry, "secondary_keys"),
        _text(entry.get("logic")),
        scan_of(entry, scan),
        order,
        _whole(entry.get("priority"), order),
        _number(entry.get("probability")),
        _text(entry.get("group")).strip(),
        _whole(entry.get("valid_from"), 0),
        _whole(entry.get("valid_until"), 0),
        position_of(entry),
        entry.get("enabled") is not False,
        *(
            entry.get(name) is True
            for name in ("constant", "pinned", "recursion_only", "no_recurse_in", "no_recurse_out")
        ),
    )


def scan_of(entry: Entry, scan: Scan) -> Scan:
    """Return where an entry's keys are looked for; `scan` when it does not say."""
    value: Any = entry.get("scan")
    if not isinstance(value, dict):
        return scan
    given = cast("dict[str, Any]", value)
    unit, n = given.get("unit", scan.unit), given.get("n")
    if unit not in _UNITS or not isinstance(n, int) or isinstance(n, bool):
        return scan
    return Scan(unit, max(0, min(n, _MOST)))


def position_of(entry: Entry) -> Position:
    """Return where in a request an entry stands; before the story when it does not say."""
    wanted = _text(entry.get("position"))
    if (found := _AT_DEPTH.fullmatch(wanted)) is not None:
        return Position(2, -int(found[1]))
    match wanted:
        case "top":
            return Position(0)
        case "note_top":
            return Position(2, -NOTE_DEPTH, 1)
        case "note_bottom":
            return Position(2, -NOTE_DEPTH, 2)
        case _:
            return Position(1)


def _keys(entry: Entry, name: str) -> tuple[Key, ...]:
    whole = entry.get("whole_words") is not False
    cased = entry.get("case_sensitive") is True
    value: Any = entry.get(name)
    keys = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(
        key_of(key, whole=whole, cased=cased)
        for key in keys
        if isinstance(key, str) and key.strip()
    )


def _parts(keys: tuple[Key, ...]) -> tuple[str, ...] | None:
    # With a line end in it, a key may begin in one text and end in the one beside it.
    if any(key.regex is not None or "\n" in key.text for key in keys):
        return None
    return tuple(key.text for key in keys if not key.words and key.text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 100
