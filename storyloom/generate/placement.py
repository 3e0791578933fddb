"""Where in a request the lore stands: before the story, within it, or left out and told why."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from storyloom.generate.blocks import Block, Reason, Role
from storyloom.generate.firing import Cause, Told
from storyloom.generate.rule import position_of
from storyloom.story.lore import Entry
from storyloom.text import first_words

__all__ = ["LEAD", "RULE", "before", "bracketed", "named", "outside", "settled", "told_of",
           "within"]  # fmt: skip

Count: TypeAlias = Callable[[str], int]

LEAD = "\n\nWhat is true in the story's world:"
RULE = "\n\n***\n\n"
"""What parts the story from what a base model is given before it."""
_PARAGRAPH = re.compile(r"\n\s*\n")
_SEAM = 4
"""Tokens more that a text may have when it is counted in two parts."""
_LONGEST_NAME = 40
_MOST_OUT = 12
"""Entries left out that are told one by one."""
_COMMON = (Cause.NO_KEY, Cause.DISABLED)
"""Why most entries are left out, of which there is least to tell."""


def settled(lore: Sequence[Told], room: int, mode: str, count: Count) -> tuple[list[Told], int]:
    """Return the lore with those out that do not fit into `room` tokens as they are sent, and
    how many tokens the others have at most.

    They go in the order of their rank, the last first.
    """
    firing = sorted((told for told in lore if told.firing.fires), key=lambda told: told.firing.rank)
    costs = [_cost(told, mode, count) for told in firing]
    total = sum(costs) + (count(LEAD if mode != "text" else RULE) if firing else 0)
    dropped: set[str] = set()
    while firing and total > room:
        dropped.add(firing.pop().firing.uid)
        total -= costs.pop()
    total = total if firing else 0
    return [_dropped(told) if told.firing.uid in dropped else told for told in lore], total


def _cost(told: Told, mode: str, count: Count) -> int:
    if _is_within(told):
        return count(f"\n\n{bracketed(told.entry)}\n\n") + _SEAM
    text = told_of(told.entry)
    return count(f"{text}\n" if mode == "text" else f"\n{text}")


def _dropped(told: Told) -> Told:
    return Told(told.entry, replace(told.firing, fires=False, reason=Cause.NO_SPACE, rank=0))


def before(lore: Iterable[Told], mode: str, count: Count) -> list[Block]:
    """Return the blocks of what fires and stands before the story."""
    heads = [told for told in lore if told.firing.fires and not _is_within(told)]
    if not heads:
        return []
    if mode == "text":
        ends = ["\n"] * (len(heads) - 1) + [RULE]
        texts = [told_of(told.entry) + end for told, end in zip(heads, ends, strict=True)]
        return [_block(*each, "prompt", count) for each in zip(heads, texts, strict=True)]
    lead = Block("lore", LEAD, count(LEAD), "in", Reason.LEADS, "system")
    return [lead, *(_block(told, f"\n{told_of(told.entry)}", "system", count) for told in heads)]


def within(
    story: str, lore: Iterable[Told], end: int, mode: str, count: Count
) -> list[str | Block]:
    """Return the story up to `end` in the parts that what fires within it cuts it into, and the
    blocks of that between them.

    It stands before a paragraph, or last of all, though never behind `end`. A base model goes on
    from the very end, so for it that is before the last paragraph.
    """
    role: Role = "prompt" if mode == "text" else "user"
    starts = [0, *(cut.end() for cut in _PARAGRAPH.finditer(story) if cut.end() < len(story))]
    last = starts[-1] if mode == "text" else end
    parts: list[str | Block] = []
    at = 0
    for told in lore:
        if not told.firing.fires or not _is_within(told):
            continue
        depth = position_of(told.entry).depth
        cut = len(story) if not depth else starts[-depth] if depth <= len(starts) else 0
        cut = min(cut, last)
        if cut > at:
            parts.append(story[at:cut])
            at = cut
        if cut == end and mode != "text":
            gap = "\n\n" if parts and not _text(parts[-1]).endswith("\n\n") else ""
            text = gap + bracketed(told.entry)
        else:
            text = f"{bracketed(told.entry)}\n\n"
        parts.append(_block(told, text, role, count))
    return [*parts, story[at:end]] if at < end else parts


def _text(part: str | Block) -> str:
    return part if isinstance(part, str) else part.text


def outside(lore: Iterable[Told], *, small: bool = False) -> list[Block]:
    """Return the blocks of what is not sent: one by one where they are few, else what was near to
    it, and how many others there are for each reason.

    `small` is for a model so small that nothing of it is sent.
    """
    out = [
        Block(named(told.entry), "", 0, "out", Reason.SMALL)
        if told.firing.fires
        else Block(named(told.entry), "", 0, "out", told.firing.reason, about=told.firing.about)
        for told in lore
        if small or not told.firing.fires
    ]
    out.sort(key=lambda block: block.reason in _COMMON)
    single = len(out) if len(out) <= _MOST_OUT else _MOST_OUT - len(_COMMON)
    others = Counter(block.reason for block in out[single:])
    return out[:single] + [
        Block(f"lore, {many} more", "", 0, "out", reason) for reason, many in others.items()
    ]


def named(entry: Entry) -> str:
    """Return what an entry's block is called: its title, or the first words of what it says."""
    words = str(entry.get("title") or "").strip() or told_of(entry)
    return f"lore {first_words(words, _LONGEST_NAME)}".rstrip()


def told_of(entry: Entry) -> str:
    """Return what a model is told of an entry; its title never is."""
    return str(entry.get("content") or "").strip()


def bracketed(entry: Entry) -> str:
    """Return what an entry says as it stands within the story, where it is not story."""
    text = told_of(entry)
    return text if text[:1] == "[" and text[-1:] == "]" else f"[{text}]"


def _is_within(told: Told) -> bool:
    return position_of(told.entry).part == 2


def _block(told: Told, text: str, role: Role, count: Count) -> Block:
    firing = told.firing
    return Block(
        named(told.entry), text, count(text), "in", firing.reason, role, about=firing.about
    )
