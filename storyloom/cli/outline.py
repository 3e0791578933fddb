"""The tree as lines of text, at any depth and without loading it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from storyloom.cli.opening import present
from storyloom.text import first_words, one_line

if TYPE_CHECKING:
    from storyloom.story.reading import Card
    from storyloom.story.story import Story

__all__ = ["author", "glance", "outline", "walked"]

_INDENT = 2
_DEEPEST = 16
"""Forks that are shown as indent; further ones are told by their number."""
_FINISHES = {
    "interrupted": "interrupted",
    "cut_off": "cut off",
    "error": "failed",
    "stopped": "stopped",
    "refused": "declined",
}


def outline(
    story: "Story", node: int | None, width: int, *, full: bool, pruned: bool
) -> Iterator[str]:
    """Yield a line for each node below `node` and itself, in reading order; with `full` its text
    follows.

    A fork indents what is below it, and each of its branches begins with +; the only child of a
    node stands right under it. Raises Refusal when there is no such node.
    """
    from storyloom.story import reading

    for card, level, begins in walked(story, node, pruned=pruned):
        yield _line(card, level, begins, width, pruned_shown=pruned)
        if full:
            piece = reading.pieces(story, [card.id])
            yield piece[0].text.strip() + "\n" if piece else ""


def walked(
    story: "Story", node: int | None, *, pruned: bool = False
) -> "Iterator[tuple[Card, int, bool]]":
    """Yield each node below `node` and itself, in reading order, with how many forks are above it
    and whether it is a branch of one.

    Raises Refusal when there is no such node.
    """
    from storyloom.story import reading

    roots = [present(story, node)] if node else reading.children(story, 0, pruned=pruned)
    fork = len(roots) > 1
    waiting = [(card, int(fork), fork) for card in reversed(reading.cards(story, roots))]
    while waiting:
        card, level, begins = waiting.pop()
        yield card, level, begins
        below = reading.children(story, card.id, pruned=pruned)
        fork = len(below) > 1
        waiting += [(kid, level + fork, fork) for kid in reversed(reading.cards(story, below))]


def glance(card: "Card", width: int, said: str = "") -> str:
    """Return a node's id and its first words on one line, what is `said` of it between."""
    head = f"n{card.id}  {said}"
    return head + first_words(card.preview, max(12, width - len(head) - 1))


def author(card: "Card") -> str:
    """Return whose a node is: H for a human, else what `named` says, with ~ when edited since."""
    from storyloom.story.origins import HUMAN, named

    name = named(card.author)[:20] if card.author != HUMAN else "H"
    return name + ("~" if card.edited else "")


def _line(card: "Card", level: int, begins: bool, width: int, *, pruned_shown: bool) -> str:
    sign = "*" if card.woven else "x" if card.pruned else " "
    indent = " " * (_INDENT * min(level, _DEEPEST))
    if begins:
        indent = indent[:-2] + "+ "
    if level > _DEEPEST:
        indent += f"<{level}> "
    head = f"{sign} {indent}n{card.id} {author(card)}  "
    notes = ["sketch"] if card.sketch else []
    if card.streaming:
        notes.append("being written")
    elif card.finish in _FINISHES:
        notes.append(_FINISHES[card.finish])
    notes += [f"chapter {one_line(mark.title)!r}".removesuffix(" ''") for mark in card.marks]
    if card.vary:
        notes.append(one_line(card.vary))
    if card.pruned_kids and not pruned_shown:
        notes.append(f"{card.pruned_kids} pruned")
    tail = f"  [{', '.join(notes)}]" if notes else ""
    room = max(12, width - len(head) - len(tail) - 1)
    return head + first_words(card.preview, room) + tail
