"""What is shown of a lore entry: its row in the list, and all of it as lines to be read."""

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from storyloom.generate.firing import Cause, Firing
from storyloom.generate.rule import USUAL, scan_of
from storyloom.story.lore import Entry
from storyloom.text import first_words, grouped, one_line
from storyloom.tui.lore_fields import FIELDS, shown
from storyloom.tui.widgets.columns import columns, left
from storyloom.tui.widgets.lines import Line, Part
from storyloom.tui.wrapping import wrap

__all__ = ["Told", "folded", "head", "name_of", "nothing_yet", "row", "searched", "told"]

_LABEL = 15
_WIDE = 70
"""Cells from which a list has room for keys."""
_WHY = 20
_MOST_UNKNOWN = 200
"""Characters that are shown of a field we do not know."""
_LOGIC = {
    "and_any": "and one of", "and_all": "and all of", "not_any": "and none of",
    "not_all": "and not all of",
}  # fmt: skip
_SCANNED = {"chars": "character", "nodes": "passage", "paragraphs": "paragraph"}
_ELSEWHERE = frozenset(("title", "content", "keys", "secondary_keys", "logic", "enabled"))
"""Fields that are told in words of their own, before the others."""


def name_of(entry: Entry) -> str:
    """Return what an entry is called: its title, or the first words of what it says."""
    title = one_line(str(entry.get("title") or ""))
    return title or first_words(str(entry.get("content") or ""), 60) or "no title"


def folded(text: str) -> str:
    """Return `text` without case and accents, to be searched in."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def searched(entry: Entry) -> str:
    """Return all words of an entry, folded."""
    fields = shown(entry)
    names = ("title", "keys", "secondary_keys", "content", "group")
    return folded("\n".join(fields[name] for name in names))


def told(firing: Firing, entry: Entry) -> str:
    """Return whether an entry fires and why: `yes, key Mara`."""
    if firing.reason == Cause.NO_KEY:
        return f"no: {_without_key(entry)}"
    return f"{'yes,' if firing.fires else 'no:'} {one_line(firing.why)}"


def _without_key(entry: Entry) -> str:
    """Return where no key of an entry is to be found."""
    unit, n = scan_of(entry, USUAL)
    if not entry.get("keys"):
        return "it has no key"
    if entry.get("recursion_only") is True or not n:
        return "no key is in what fires here"
    what = _SCANNED[unit]
    last = f"{grouped(n)} {what}s" if n > 1 else what
    return f"no key is in the last {last}"


def head(width: int) -> list[Line]:
    """Return the names of the columns."""
    title, keys = _rooms(width)
    cells: list[Part] = [(left("entry", title), "dim")]
    if keys:
        cells.append((left("keys", keys), "dim"))
    return [(("    ", ""), *columns([*cells, ("fires here?", "dim")]))]


def row(entry: Entry, firing: Firing | None, width: int, *, draft: bool = False) -> Line:
    """Return an entry's row: `+` before those that fire, and why or why not behind all."""
    title, keys = _rooms(width)
    off = entry.get("enabled") is False
    fires = firing is not None and firing.fires
    name = name_of(entry)
    style = "text" if fires else "dim" if off else "past"
    if draft:
        cells: list[Part] = [(left(name, title - 8) + "  draft ", style)]
    else:
        cells = [(left(name, title), style)]
    if keys:
        cells.append((left(shown(entry)["keys"], keys), "dim"))
    why = "…" if firing is None else one_line(firing.why)
    room = max(4, width - 6 - title - (keys + 2 if keys else 0))
    cells.append((left(why, room).rstrip(), "weave" if fires else "dim"))
    sign = " " if firing is None else "+" if fires else "-"
    return ((f" {sign} ", "weave" if fires else "dim"), *columns(cells))


def _rooms(width: int) -> tuple[int, int]:
    """Return the cells for titles and for keys; none for keys where the list is narrow."""
    room = max(10, width - 4)
    if width < _WIDE:
        return max(8, room - 2 - min(_WHY, room // 2)), 0
    return room * 3 // 8, room * 2 // 8


def nothing_yet(new: str) -> list[Line]:
    """Return what stands in place of a lore without entries; `new` is the key that begins one."""
    return [
        (),
        (("  There is no lore yet: what is true in this story's world, entry by entry.", "title"),),
        (("  A model is told of one when its key, such as a name, stands in the strand.", "text"),),
        (),
        ((f"  {new} begins the first.", "dim"),),
    ]


@dataclass
class Told:
    """All of an entry in lines, of which only those in sight are ever made."""

    entry: Entry
    firing: Firing | None
    width: int
    _top: list[Line] = field(default_factory=list)
    _end: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._top = self._facts()
        self._content = str(self.entry.get("content") or "")
        self._spans = wrap(self._content, self.width) if self._content else []
        self._end = self._unknown()

    def __len__(self) -> int:
        return len(self._top) + len(self._spans) + len(self._end)

    def lines(self, first: int, count: int) -> list[Line]:
        """Return that many lines from the first on."""
        made: list[Line] = []
        top, spans = len(self._top), len(self._spans)
        for at in range(first, min(len(self), first + count)):
            if at < top:
                made.append(self._top[at])
            elif at < top + spans:
                start, end = self._spans[at - top]
                made.append(((self._content[start:end], "text"),))
            else:
                made.append(self._end[at - top - spans])
        return made

    def _facts(self) -> list[Line]:
        fields = shown(self.entry)
        lines: list[Line] = []
        if self.firing is not None:
            style = "weave" if self.firing.fires else "text"
            lines += self._fact("fires here", told(self.firing, self.entry), style)
        if self.entry.get("enabled") is False:
            lines += self._fact("on", "no")
        if fields["keys"] or not (self.entry.get("constant") or self.entry.get("pinned")):
            lines += self._fact("keys", fields["keys"] or "none")
        if fields["secondary_keys"]:
            logic = _LOGIC.get(fields["logic"], one_line(fields["logic"]))
            lines += self._fact(logic, fields["secondary_keys"])
        for each in FIELDS:
            if each.name not in _ELSEWHERE and self.entry.get(each.name) is not None:
                if each.choices and fields[each.name] == each.default:
                    continue
                lines += self._fact(each.label, fields[each.name])
        return [*lines, ()]

    def _fact(self, label: str, value: str, style: str = "text") -> list[Line]:
        value = one_line(value)
        spans = wrap(value, max(8, self.width - _LABEL))
        return [
            ((left(label if not number else "", _LABEL), "dim"), (value[start:end], style))
            for number, (start, end) in enumerate(spans)
        ]

    def _unknown(self) -> list[Line]:
        known = {each.name for each in FIELDS}
        others = {name: value for name, value in self.entry.items() if name not in known}
        if not others:
            return []
        lines: list[Line] = [(), (("kept as it is, though nothing here uses it:", "dim"),)]
        for name, value in others.items():
            lines += self._fact(one_line(name)[: _LABEL - 1], _cut(value), "dim")
        return lines


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_UNKNOWN else text[:_MOST_UNKNOWN] + "…"
