"""What was sent before, taken apart into blocks and compared with what would be sent now."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from storyloom.generate.blocks import Block, Reason, Role
from storyloom.generate.filling import ASK, GAP
from storyloom.generate.placement import LEAD, bracketed, named, told_of
from storyloom.story import growth, reading
from storyloom.story.lore import Entry
from storyloom.story.story import Story

__all__ = ["Difference", "Sent", "blocks_of", "compared", "last_sent", "sent_for"]

Part: TypeAlias = tuple[str, str]
"""A block's name and its text."""

_STYLE = "\n\nStyle:\n"
_PREMISE = "\n\nWhat the story is about:\n"
_ASKS = ("\n\n[Continue the story from its last character on", "\n\n[Do not write it out yet.")


@dataclass(frozen=True)
class Sent:
    """A request that is in the story file."""

    node: int
    """The branch that it brought."""
    model: str
    body: dict[str, Any]
    """The messages or the prompt, as they went out."""


@dataclass(frozen=True)
class Difference:
    """How a request differs from an earlier one."""

    prefix: int
    """Characters from the beginning on that are the same in both."""
    of: int
    """Characters of the later one."""
    lines: tuple[tuple[str, str, int], ...]
    """What became of each block: added, removed, changed or same; its name; characters more."""


def sent_for(story: Story, node: int) -> Sent | None:
    """Return what was sent for a branch; None for one written by hand, or when it was purged."""
    pieces = reading.pieces(story, [node])
    gen = pieces[0].gen if pieces else None
    body = growth.request_of(story, gen) if gen is not None else {}
    if not body:
        return None
    return Sent(node, reading.cards(story, [node])[0].model, body)


def last_sent(story: Story, node: int) -> Sent | None:
    """Return the last request from `node`, else the nearest one above on its strand."""
    for child in sorted(reading.children(story, node, pruned=True), reverse=True):
        if (sent := sent_for(story, child)) is not None:
            return sent
    while node:
        if (sent := sent_for(story, node)) is not None:
            return sent
        node = reading.parent(story, node)
    return None


def blocks_of(
    body: dict[str, Any], count: Callable[[str], int], lore: Iterable[Entry] = ()
) -> tuple[Block, ...]:
    """Take a stored request apart into the blocks it was made of, as far as they can be told.

    Put together they are what was sent, whatever that was. `lore` is known by what it says today.
    """
    known = {text: named(entry) for entry in lore if (text := told_of(entry))}
    parts: list[tuple[str, str, Role]] = []
    if "prompt" in body:
        parts.append(("story", str(body["prompt"]), "prompt"))
        parts.append(("what follows", str(body.get("suffix", "")), "suffix"))
    messages = cast("list[dict[str, str]]", body.get("messages", []))
    for message in messages:
        text, role = message.get("content", ""), message.get("role", "")
        if role == "system":
            parts.extend((name, part, "system") for name, part in _told(text, known))
        elif role == "assistant":
            parts.append(("story's end", text, "assistant"))
        else:
            parts.extend((name, part, "user") for name, part in _asked(text, known))
    return tuple(
        Block(name, text, count(text), "in", Reason.SENT, role)
        for name, text, role in parts
        if text
    )


def _told(text: str, known: dict[str, str]) -> Iterator[Part]:
    """Take apart what stands before the story."""
    text, lead, entries = text.rpartition(LEAD) if LEAD in text else (text, "", "")
    rest, mark, premise = text.partition(_PREMISE)
    told, mark_of_style, style = rest.partition(_STYLE)
    yield "instructions", told
    yield "style", mark_of_style + style
    yield "premise", mark + premise
    yield "lore", lead
    yield from _entries(entries, known)


def _entries(text: str, known: dict[str, str]) -> Iterator[Part]:
    """Take apart entries that follow one another; those that are not known stay together."""
    by_line: dict[str, list[str]] = {}
    for content in sorted(known, key=len, reverse=True):
        by_line.setdefault(content.partition("\n")[0], []).append(content)
    at = begun = 0
    while at < len(text):
        line = text.find("\n", at + 1)
        line = len(text) if line < 0 else line
        ends = (
            at + 1 + len(content)
            for content in by_line.get(text[at + 1 : line], ())
            if text.startswith(content, at + 1)
        )
        end = next((end for end in ends if text[end : end + 1] in ("", "\n")), 0)
        if end:
            yield "lore", text[begun:at]
            yield known[text[at + 1 : end]], text[at:end]
            begun = end
        at = end or line
    yield "lore", text[begun:]


def _asked(text: str, known: dict[str, str]) -> Iterator[Part]:
    """Take apart the story, what of the lore stands within it, and what was asked for."""
    asks = (*_ASKS, ASK)
    cut = max(text.rfind(ask) for ask in asks)
    bare = any(text.startswith(ask.lstrip("\n")) for ask in asks)
    cut = 0 if bare else len(text) if cut < 0 else cut
    gap = text.rfind(GAP, 0, cut) if text.startswith(ASK, cut) else cut
    gap = 0 if gap < 0 and text.startswith(GAP.lstrip("\n")) else cut if gap < 0 else gap
    yield from _within(text[:gap], known)
    yield "what follows", text[gap:cut]
    yield "why and length", text[cut:]


def _within(text: str, known: dict[str, str]) -> Iterator[Part]:
    """Take apart a story and the entries that stand between its paragraphs."""
    found: list[tuple[int, int, str]] = []
    for content, name in known.items() if "[" in text else ():
        note = bracketed({"content": content})
        start = text.find(note)
        end = start + len(note)
        if start < 0 or (start and text[start - 2 : start] != "\n\n"):
            continue
        if end == len(text):
            found.append((max(0, start - 2), end, name))
        elif text.startswith("\n\n", end):
            found.append((start, end + 2, name))
    at = 0
    for start, end, name in sorted(found):
        # Where one ends the story, the line end before it may have been taken as the last one's.
        if end > at:
            yield "story", text[at : max(at, start)]
            yield name, text[max(at, start) : end]
            at = end
    yield "story", text[at:]


def compared(before: Sequence[Block], now: Sequence[Block]) -> Difference:
    """Say what became of each block of an earlier request in a later one."""
    old, new = _by_name(before), _by_name(now)
    lines: list[tuple[str, str, int]] = []
    for name in dict.fromkeys((*new, *old)):
        more = len(new.get(name, "")) - len(old.get(name, ""))
        if name not in old:
            lines.append(("added", name, more))
        elif name not in new:
            lines.append(("removed", name, more))
        else:
            lines.append(("same" if old[name] == new[name] else "changed", name, more))
    earlier, later = ("".join(block.text for block in blocks) for blocks in (before, now))
    return Difference(_common(earlier, later), len(later), tuple(lines))


def _by_name(blocks: Iterable[Block]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for block in blocks:
        if block.text:
            # What stands between the entries of the lore depends on their neighbours.
            own = block.text.strip() if block.name.startswith("lore ") else block.text
            texts[block.name] = texts.get(block.name, "") + own
    return texts


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
