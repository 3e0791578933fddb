"""What there is to be seen of a story at one moment of its log: a part of the tree, text, words.

A scene holds as much as a screen has room for, whatever the size of the story.
"""

import gc
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from storyloom.replay.projection import Projection
from storyloom.replay.recording import Mark, Recording, marks_of, record
from storyloom.story import log, replayed
from storyloom.story.marks import chapters_of
from storyloom.story.schema import PRUNED, STREAMING
from storyloom.story.story import Story
from storyloom.story.told import told

__all__ = ["Happening", "Passage", "Row", "Scene", "Theatre"]

_MANY = 7
"""Branches of one fork that are shown; of more, those around the one that was gone on with."""
_BEGINNING = 120
"""Code points of a text that a row of the tree may need."""
_TOLD_FROM, _PAGE_FROM = 16, 4
"""What is told begins at such a multiple of operations, and a page at one of passages, so that both
begin anew only now and then and most of their lines stay where they are.
"""
_BACK = 40
"""Operations that are looked back through for one that was done to a node."""
_REMEMBERED = 4_000

_Got = TypeVar("_Got")
Share = Callable[[int, int], float]
"""Of two positions of a replay, how much of the way between them is done by now, 0 to 1."""


class Row(NamedTuple):
    """A line of the tree."""

    node: int
    """0 for one that counts what is left out."""
    text: str
    branch: bool
    """Whether it is one of several at a fork."""
    model: str
    """Who wrote it; empty for a person."""
    woven: bool
    pruned: bool
    writing: bool
    chapter: str | None
    """The title of the chapter that begins in it."""


class Passage(NamedTuple):
    """A node's text at the end of the strand."""

    node: int
    text: str
    model: str
    writing: bool
    sketch: bool = False
    """Says what is to be told, and is no text of the story."""


class Happening(NamedTuple):
    """An operation in words."""

    op: int
    time: int
    """Milliseconds since the epoch."""
    actor: str
    sentence: str


@dataclass(frozen=True)
class Scene:
    """A moment."""

    position: int
    focus: int
    """The node that it is about; 0 before there is any."""
    rows: tuple[Row, ...]
    passages: tuple[Passage, ...]
    """The end of the strand to the focus, the last passage last."""
    happened: tuple[Happening, ...]
    """The last operations, the newest last."""
    there: int
    """Nodes that are not gone, among them the pruned ones."""
    pruned: int
    dollars: float

    @property
    def grows(self) -> bool:
        """Whether a text in it is longer when more of its time is over."""
        return any(passage.writing for passage in self.passages)


class Theatre:
    """A story opened to be replayed; all of it is used from the one thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Read the story's log as it is now. Raises Refusal when it cannot be read."""
        self._story = Story(path)
        try:
            self.recording: Recording = record(self._db)
            self._projection = Projection(self._db, self.recording.ops)
        except BaseException:
            self._story.close()
            raise
        self._sentences: dict[int, Happening] = {}
        self._models: dict[int, str] = {}
        self._ends: dict[int, tuple[int, int]] = {}
        self._last: tuple[tuple[int, int, int, int], Scene] | None = None
        """What the last scene was asked for, and the scene."""

    def prepare(self) -> list[Mark]:
        """Read all of the log, so that every seek is short from now on, and return its marks."""
        # Hundreds of thousands of objects come and stay: looked through again and again, they
        # would hold up a key for a tenth of a second each time.
        gc.disable()
        try:
            self._projection.prepare()
            marks = marks_of(self._db, self.recording)
            gc.freeze()
        finally:
            gc.enable()
        return marks

    def read_with(self, look: Callable[[Story], _Got]) -> _Got:
        """Return what `look` reads of the story as it is today."""
        return look(self._story)

    def beginning_of(self, node: int) -> str:
        """Return the beginning of a node's text at the moment that was last asked for; of one that
        is not there, nothing.
        """
        return self._projection.text(node)[:_BEGINNING]

    def close(self) -> None:
        """Let the story go."""
        self._story.close()

    @property
    def _db(self) -> sqlite3.Connection:
        return self._story.read

    def scene(self, position: int, share: Share, *, rows: int, room: int, happened: int) -> Scene:
        """Return the moment behind `position` operations: so many rows of the tree, at least so
        many code points of text and operations, where there are as many.
        """
        asked = (position, rows, room, happened)
        # Most frames of a replay are of a moment at which nobody writes.
        if self._last is not None and self._last[0] == asked and not self._last[1].grows:
            return self._last[1]
        self._projection.seek(position)
        position = self._projection.at
        focus = self._focus(position)
        strand = self._projection.strand(focus)
        scene = Scene(
            position,
            focus,
            tuple(self._rows(strand, focus, rows)),
            tuple(self._passages(strand, room, share)),
            tuple(self._happened(position, happened)),
            self._projection.there,
            self._projection.pruned,
            float(self._projection.attributes.get((0, "spent")) or 0) / 1e9,
        )
        self._last = (asked, scene)
        return scene

    def revisions(self, node: int) -> list[int]:
        """Return the revisions of the texts on the strand to `node` at the moment last shown, from
        the root on, without those that are still being written.
        """
        nodes = self._projection.nodes
        strand = (nodes[each] for each in self._projection.strand(node))
        return [state.rev for state in strand if not state.flags & STREAMING]

    # What happens.

    def _focus(self, position: int) -> int:
        """Return the node that the last operations were done to, else the tip of the weave."""
        for op in reversed(self.recording.ops[max(0, position - _BACK) : position]):
            node = replayed.touched(self._db, op)
            if node and self._projection.strand(node):
                return node
        return self._projection.tip()

    def _happened(self, position: int, count: int) -> list[Happening]:
        start = max(0, position - count) // _TOLD_FROM * _TOLD_FROM
        return [self._said(op) for op in self.recording.ops[start:position]]

    def _said(self, op: int) -> Happening:
        found = self._sentences.get(op)
        if found is None:
            operation = next(log.operations(self._story, after=op - 1))
            step = log.step_of(self._story, operation)
            found = Happening(op, operation.time, operation.actor, told(step))
            if len(self._sentences) > _REMEMBERED:
                self._sentences.clear()
            self._sentences[op] = found
        return found

    # The tree.

    def _rows(self, strand: list[int], focus: int, most: int) -> list[Row]:
        """Return the strand to the focus with the branches of its forks, and what is below it."""
        children = self._projection.children(focus)
        out = self._fork(children, 0)[: max(1, most // 3)]
        for node in reversed(strand):
            siblings = self._projection.children(self._projection.nodes[node].parent)
            out = [*(self._fork(siblings, node) or [self._row(node, branch=False)]), *out]
            if len(out) >= most + _MANY:
                break
        place = next((at for at, row in enumerate(out) if row.node == focus), len(out) - 1)
        start = max(0, min(place - most * 2 // 3, len(out) - most))
        return out[start : start + most]

    def _fork(self, branches: list[int], chosen: int) -> list[Row]:
        branch = len(branches) > 1 or not chosen
        return [
            self._row(each, branch=branch) if each > 0 else _left_out(-each)
            for each in self._window(branches, chosen)
        ]

    def _window(self, branches: list[int], chosen: int) -> list[int]:
        """Return some branches around one; a negative number counts those that are left out."""
        if len(branches) <= _MANY:
            return branches
        at = branches.index(chosen) if chosen in branches else 0
        start = max(0, min(at - _MANY // 2, len(branches) - _MANY))
        shown = branches[start : start + _MANY]
        before, behind = start, len(branches) - start - _MANY
        return [*([-before] if before else []), *shown, *([-behind] if behind else [])]

    def _row(self, node: int, *, branch: bool) -> Row:
        state = self._projection.nodes[node]
        woven = self._projection.attributes.get((state.parent, "weave:main")) == node
        marks = chapters_of(self._projection.attributes.get((node, "chapters")))
        writing = bool(state.flags & STREAMING)
        return Row(
            node,
            "" if writing else replayed.text_of(self._db, state.rev, _BEGINNING),
            branch,
            self._model(state.gen),
            woven,
            bool(state.flags & PRUNED),
            writing,
            marks[0].title if marks else None,
        )

    def _model(self, gen: int | None) -> str:
        if gen is None:
            return ""
        if gen not in self._models:
            self._models[gen] = replayed.model_of(self._db, gen)
        return self._models[gen]

    # The page.

    def _passages(self, strand: list[int], room: int, share: Share) -> list[Passage]:
        out: list[Passage] = []
        most, taken = room, 0
        for depth in range(len(strand) - 1, -1, -1):
            node = strand[depth]
            state = self._projection.nodes[node]
            text = self._projection.text(node)
            writing = bool(state.flags & STREAMING)
            if writing:
                text = text[: int(len(text) * share(*self._written(node)))]
            # Of a very long text the end, from one of few places on.
            text = text[max(0, len(text) - most) // most * most :]
            sketch = bool(self._projection.attribute(node, "sketch"))
            out.append(Passage(node, text, self._model(state.gen), writing, sketch))
            taken += len(text)
            if taken >= most and (depth % _PAGE_FROM == 0 or taken >= 3 * most):
                break
        return out[::-1]

    def _written(self, node: int) -> tuple[int, int]:
        """Return the positions at which a model began to write a node, and had written it."""
        if node not in self._ends:
            began, ended = replayed.written(self._db, node)
            last = self.recording.ops[-1]
            self._ends[node] = (
                self.recording.position_of(began or 0),
                self.recording.position_of(ended or last),
            )
        return self._ends[node]


def _left_out(count: int) -> Row:
    branches = "branch" if count == 1 else "branches"
    return Row(0, f"{count} more {branches}", True, "", False, False, False, None)
