"""A story played as a choose-your-path book: passages that read on, choices, endings, a way back.

Where a node has one branch, it reads on; where it has more, the reader chooses. Nothing is written
to the story's log; where the reader stands is kept beside it, as a screen's place is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from storyloom.story import marks, place, reading
from storyloom.story.playable import Scope, branches
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["LABEL_WIDTH", "Choice", "Play", "label_of"]

LABEL_WIDTH = 70
"""Columns that a choice's label has at most."""
_KEPT = "play"


class Choice(NamedTuple):
    """A branch that can be gone on with."""

    node: int
    label: str
    visited: bool
    """Whether the reader has been there."""


@dataclass
class _Place:
    """What is kept of a reader."""

    steps: list[int]
    """The branches that were chosen, from the beginning on."""
    visited: set[int]
    endings: set[int]


class Play:
    """A reader's way through a story. It begins where the reader left it."""

    def __init__(self, story: Story, scope: Scope = Scope.UNPRUNED) -> None:
        self._story, self.scope = story, scope
        self._at = _Place([], set(), set())
        self.shown: list[int] = []
        """The nodes that the last choice, or the beginning, brought."""
        self._resume()

    # Where the reader is.

    @property
    def path(self) -> list[int]:
        """All nodes from the root to where the reader stands."""
        return reading.path(self._story, self.shown[-1]) if self.shown else []

    @property
    def text(self) -> str:
        """What the last choice brought to read."""
        return self._text(self.shown)

    @property
    def choices(self) -> list[Choice]:
        """The branches that can be chosen; none at an ending."""
        at = self.shown[-1] if self.shown else 0
        children = self._children(at)
        labels = _distinct([self._label(node) for node in children])
        return [
            Choice(node, label, node in self._at.visited)
            for node, label in zip(children, labels, strict=True)
        ]

    @property
    def at_end(self) -> bool:
        """Whether the reader stands at an ending."""
        return bool(self.shown) and not self._children(self.shown[-1])

    @property
    def seen(self) -> int:
        """How many endings the reader has seen."""
        return len(self._at.endings)

    def endings(self) -> int:
        """Return how many endings there are; walks the whole tree, call it in a thread."""
        return sum(1 for _ in self._leaves())

    def followed(self) -> tuple[int, int]:
        """Return how many of the choices to here the weave makes too, and how many there were."""
        chosen = self._at.steps
        woven = sum(
            reading.weave_child(self._story, reading.parent(self._story, node)) == node
            for node in chosen
        )
        return woven, len(chosen)

    # What the reader does.

    def choose(self, number: int) -> None:
        """Go on with the choice of that number, from 1. Raises Refusal when there is none."""
        choices = self.choices
        if not 1 <= number <= len(choices):
            raise Refusal(
                f"Choose 1 to {len(choices)}." if choices else "This is an ending; u goes back."
            )
        self._at.steps.append(choices[number - 1].node)
        self._read_on(choices[number - 1].node)
        self._keep()

    def back(self) -> None:
        """Go back to the fork before. Raises Refusal at the beginning."""
        if not self._at.steps:
            raise Refusal("This is where it begins.")
        self._at.steps.pop()
        self._stand()
        self._keep()

    def restart(self) -> None:
        """Begin anew; what was visited and which endings were seen stays."""
        self._at.steps.clear()
        self._stand()
        self._keep()

    def transcript(self) -> str:
        """Return all that was read to here, each choice on a line of its own before its text."""
        parts: list[str] = []
        nodes: list[int] = []
        chosen = set(self._at.steps)
        for node in self.path:
            if node in chosen:
                parts.append(self._text(nodes))
                parts.append(f"\n\n> {self._label(node)}\n\n")
                nodes = []
            nodes.append(node)
        return "".join(parts) + self._text(nodes)

    # How.

    def _read_on(self, node: int) -> None:
        """Stand behind `node` and what follows it without a choice."""
        self.shown = [node]
        while len(children := self._children(self.shown[-1])) == 1:
            self.shown.append(children[0])
        self._at.visited.update(self.shown)
        if not children:
            self._at.endings.add(self.shown[-1])

    def _stand(self) -> None:
        """Stand where the steps lead."""
        self.shown = []
        if self._at.steps:
            self._read_on(self._at.steps[-1])
        elif len(beginnings := self._children(0)) == 1:
            self._read_on(beginnings[0])

    def _children(self, node: int) -> list[int]:
        return branches(self._story, node, self.scope)

    def _leaves(self) -> Iterator[int]:
        waiting = self._children(0)
        while waiting:
            node = waiting.pop()
            children = self._children(node)
            if not children:
                yield node
            waiting += children

    def _text(self, nodes: Sequence[int]) -> str:
        # A sketch says what is to be told, and is no text.
        pieces = reading.pieces(self._story, list(nodes))
        return "".join(piece.text for piece in pieces if not piece.sketch)

    def _label(self, node: int) -> str:
        own = marks.text_of(self._story, node, "label")
        if own.strip():
            return one_line(own)
        return label_of("".join(piece.text for piece in reading.pieces(self._story, [node])))

    def _keep(self) -> None:
        kept = {
            "steps": self._at.steps,
            "visited": sorted(self._at.visited),
            "endings": sorted(self._at.endings),
        }
        place.remember(self._story, **{f"{_KEPT}:{self.scope}": kept})

    def _resume(self) -> None:
        kept: object = place.recalled(self._story).get(f"{_KEPT}:{self.scope}")
        found = cast("dict[str, Any]", kept) if isinstance(kept, dict) else {}
        steps, visited, endings = (_numbers(found.get(name)) for name in
                                   ("steps", "visited", "endings"))  # fmt: skip
        self._at = _Place([], set(visited), set(endings))
        self._stand()
        for node in steps:
            # The tree may be another one by now; what still leads on is gone.
            if node not in (choice.node for choice in self.choices):
                break
            self._at.steps.append(node)
            self._read_on(node)


def _numbers(value: object) -> list[int]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, int)]


_SHORT = "Mr Mrs Ms Messrs Mme Mlle Dr Prof St Mt Jr Sr Capt Col Gen Lt Sgt Gov Sen Rev Hon vs"
# A full stop behind one letter but I, as in U.S., or behind a title, ends no sentence; nor does
# one within e.g. or a.m.
_NO_END = (
    "".join(rf"(?<!\b{each})" for each in ("[A-HJ-Za-z]", *_SHORT.split()))
    + r"(?<!\b[a-z][.][a-z])"
)
_SENTENCE = re.compile(rf"(?:{_NO_END}[.]|[!?…])[.!?…]*[\"'”’»)\]]*(?=\s|$)")
_QUOTES = " \t\r\n\"'“”‘’«»„"


def label_of(text: str, width: int = LABEL_WIDTH) -> str:
    """Return the first sentence of a text as a choice's label, cut at a space before `width`.

    Quotes that it begins with are left out. semantics.md 4.9.
    """
    text = text.lstrip(_QUOTES)
    end = _SENTENCE.search(text)
    line = one_line(text[: end.end()] if end else text[: width * 8]).strip()
    if not line:
        return "…"
    if len(line) <= width:
        return line
    cut = line.rfind(" ", 0, width)
    return line[: cut if cut > 0 else width].rstrip(" ,;:") + "..."


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return the labels, the second and every later one that is alike with its number behind it."""
    out: list[str] = []
    met: dict[str, int] = {}
    for label in labels:
        met[label] = met.get(label, 0) + 1
        out.append(label if met[label] == 1 else f"{label} ({met[label]})")
    return out
