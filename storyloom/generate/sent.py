"""What was sent before, taken apart into blocks and compared with what would be sent now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from storyloom.generate.context import Block, Reason, Role
from storyloom.story import growth, reading
from storyloom.story.story import Story

__all__ = ["Difference", "Sent", "blocks_of", "compared", "last_sent", "sent_for"]

_STYLE = "\n\nStyle:\n"
_PREMISE = "\n\nWhat the story is about:\n"
_ASK = "\n\n[Continue the story from its last character on"


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


def blocks_of(body: dict[str, Any], count: Callable[[str], int]) -> tuple[Block, ...]:
    """Take a stored request apart into the blocks it was made of, as far as they can be told.

    Put together they are what was sent, whatever that was.
    """
    parts: list[tuple[str, str, Role]] = []
    if "prompt" in body:
        parts.append(("story", str(body["prompt"]), "prompt"))
    messages = cast("list[dict[str, str]]", body.get("messages", []))
    for message in messages:
        text, role = message.get("content", ""), message.get("role", "")
        if role == "system":
            rest, mark, premise = text.partition(_PREMISE)
            told, mark_of_style, style = rest.partition(_STYLE)
            parts.append(("instructions", told, "system"))
            parts.append(("style", mark_of_style + style, "system"))
            parts.append(("premise", mark + premise, "system"))
        elif role == "assistant":
            parts.append(("story's end", text, "assistant"))
        else:
            cut = text.rfind(_ASK)
            cut = len(text) if cut < 0 else cut
            own = text[:cut], text[cut:]
            if text.startswith(_ASK.lstrip("\n")):
                own = "", text
            parts.append(("story", own[0], "user"))
            parts.append(("why and length", own[1], "user"))
    return tuple(
        Block(name, text, count(text), "in", Reason.SENT, role)
        for name, text, role in parts
        if text
    )


def compared(before: Sequence[Block], now: Sequence[Block]) -> Difference:
    """Say what became of each block of an earlier request in a later one."""
    old = {block.name: block.text for block in before if block.text}
    new = {block.name: block.text for block in now if block.text}
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
