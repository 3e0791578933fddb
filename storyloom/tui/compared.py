"""What is compared: a fork's branches as they are read, numbered and named."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from storyloom.story import log, reading
from storyloom.story.origins import named
from storyloom.story.reading import Card
from storyloom.story.story import Story
from storyloom.text import one_line, words
from storyloom.tui.abreast import Column
from storyloom.tui.legend import Legend, role_of

__all__ = ["Branch", "branches", "column", "first_text", "ordered"]


@dataclass(frozen=True)
class Branch:
    """One branch, as far as it is written."""

    card: Card
    text: str
    words: int


def branches(story: Story, nodes: Sequence[int]) -> dict[int, Branch]:
    """Return those of the nodes that are there and not pruned, in their order, by node."""
    cards = [card for card in reading.cards(story, list(nodes)) if not card.pruned]
    pieces = reading.pieces(story, [card.id for card in cards])
    texts = {piece.node: piece.text.strip() for piece in pieces}
    return {
        card.id: Branch(card, texts[card.id], words(texts[card.id]))
        for card in cards
        if card.id in texts
    }


def first_text(story: Story, node: int) -> str:
    """Return what a node's text was before anything in it was changed."""
    kept = log.versions(story, node)
    return next((version.text.strip() for version in kept if version.text), "")


def ordered(nodes: Sequence[int], *, blind: bool) -> list[int]:
    """Return the nodes as they are numbered: in their order, or shuffled when that is hidden."""
    order = list(nodes)
    if blind:
        # The same each time for one fork: to look twice is not to be told more.
        random.Random(str(tuple(nodes))).shuffle(order)
    return order


def column(branch: Branch, number: int, legend: Legend | None) -> Column:
    """Return a branch as a column; without a legend nothing is said of who wrote it, how long it
    is, or whether it is woven.
    """
    card, text = branch.card, [(branch.text, "text")]
    if legend is None:
        return Column(card.id, str(number), "", "dim", text)
    label = f"{number}{'*' if card.woven else ''}"
    return Column(card.id, label, _about(branch), role_of(card.author, legend.role), text)


def _about(branch: Branch) -> str:
    """Say how a branch stands, where that is not simply finished, who wrote it, how long it is.

    In this order, as a narrow column cuts the end off.
    """
    card = branch.card
    name = named(card.author)
    state = "being written" if card.streaming else one_line(card.finish).replace("_", " ")
    length = "sketch" if card.sketch else f"{branch.words}w"
    who = f"{name}{'~' if card.edited else ''} {length}"
    who += f"  {one_line(card.vary)}" if card.vary else ""
    return who if state in ("", "stop", "length") else f"{state}  {who}"
