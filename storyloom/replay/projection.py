"""A story's tables as they were after any operation of its log, in memory.

The log's changes go through the same `apply` as in the story file. Keyframes, copies of the tables
spread over the log, keep every seek short; going back starts from one too, and never undoes
changes, as a purge deletes what they were before. The story is only read.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from storyloom.replay.recording import sound
from storyloom.story.schema import GONE, HIDDEN, PRUNED
from storyloom.story.tables import Change, NodeState, Value, apply, weave_end

__all__ = ["Projection"]

_SPREAD = 24
"""Keyframes over the whole log."""
_NEAR = 200
"""Operations between keyframes close to where the replay stands."""
_NEAR_KEPT = 6
_AT_ONCE = 5_000
"""Operations whose changes are read together."""


class _Keyframe(NamedTuple):
    nodes: dict[int, NodeState]
    attributes: dict[tuple[int, str], Any]
    there: int
    pruned: int


class Projection:
    """The tables of a story at one point of its log; see `story.tables.Tables`.

    `db` reads the story and `ops` are the numbers of its operations in order. Both have to be of
    one moment: what is written later is not seen. Used from one thread at a time.
    """

    def __init__(self, db: sqlite3.Connection, ops: Sequence[int]) -> None:
        self._db, self._ops = db, ops
        self.at = 0
        """How many operations have been applied."""
        self.nodes: dict[int, NodeState] = {}
        self.attributes: dict[tuple[int, str], Any] = {}
        self.there = 0
        """How many nodes are not gone."""
        self.pruned = 0
        """How many of those are pruned themselves."""
        self._kids: dict[int, dict[int, None]] = {}
        """Nodes that hang on each parent, or did at some place of the log that was passed."""
        self._spread: dict[int, _Keyframe] = {0: _Keyframe({}, {}, 0, 0)}
        self._near: OrderedDict[int, _Keyframe] = OrderedDict()

    def prepare(self) -> None:
        """Read the whole log once, leave keyframes along it, and stand at its end.

        Takes a third of a second for a hundred thousand operations; seeks are short then.
        """
        step = max(_NEAR, -(-len(self._ops) // _SPREAD))
        for position in range(step, len(self._ops), step):
            self._forward(position)
            self._spread[position] = self._keyframe()
        self._forward(len(self._ops))

    def seek(self, position: int) -> None:
        """Stand behind the first `position` operations; out of range is the nearest end."""
        position = max(0, min(position, len(self._ops)))
        goes_back = self.at - _NEAR * _NEAR_KEPT <= position < self.at
        found = max(
            each for frames in (self._spread, self._near) for each in frames if each <= position
        )
        if not found <= self.at <= position:
            frame = self._near[found] if found in self._near else self._spread[found]
            self.nodes, self.attributes = dict(frame.nodes), dict(frame.attributes)
            self.there, self.pruned = frame.there, frame.pruned
            self.at = found
        if goes_back:
            # Whoever goes back a step will go back another.
            first = max(self.at, position - _NEAR * _NEAR_KEPT) // _NEAR + 1
            for multiple in range(first, position // _NEAR + 1):
                self._forward(multiple * _NEAR)
                self._keep_near()
        self._forward(position)

    def _keep_near(self) -> None:
        if self.at not in self._near and self.at not in self._spread:
            self._near[self.at] = self._keyframe()
            if len(self._near) > _NEAR_KEPT:
                self._near.popitem(last=False)

    def _keyframe(self) -> _Keyframe:
        return _Keyframe(dict(self.nodes), dict(self.attributes), self.there, self.pruned)

    def _forward(self, position: int) -> None:
        while self.at < position:
            upto = min(position, self.at + _AT_ONCE)
            rows = self._db.execute(
                "SELECT op, owner, key, new FROM change WHERE op BETWEEN ? AND ? ORDER BY op, seq",
                (self._ops[self.at], self._ops[upto - 1]),
            ).fetchall()
            with sound():
                for op, owner, key, new in rows:
                    apply(self, Change(owner, key, None, new), op)
            self.at = upto

    # What it says.

    def children(self, parent: int) -> list[int]:
        """Return the nodes below `parent` that are not gone, in order, pruned ones too; of 0 the
        story's beginnings.
        """
        found = [
            (state.ord, node)
            for node in self._kids.get(parent, ())
            if (state := self.nodes.get(node)) is not None
            and state.parent == parent
            and not state.flags & GONE
        ]
        return [node for _, node in sorted(found)]

    def strand(self, node: int) -> list[int]:
        """Return the nodes from the root to `node`; of one that is not there, none."""
        out: dict[int, None] = {}
        # A log from elsewhere may hang a node below itself.
        while node not in out and (state := self.nodes.get(node)) is not None:
            out[node] = None
            node = state.parent
        return list(out)[::-1]

    def hidden(self, node: int) -> bool:
        """Whether a node, or one above it, is pruned or gone, or it is not there at all."""
        strand = self.strand(node)
        return not strand or any(self.nodes[each].flags & HIDDEN for each in strand)

    def tip(self, weave: str = "main") -> int:
        """Return the last node of a weave, 0 when it leads nowhere."""
        return weave_end(self, weave)

    def text(self, node: int) -> str:
        """Return a node's text; of one that was still being written all that was to come."""
        state = self.nodes.get(node)
        row = (
            state and self._db.execute("SELECT text FROM rev WHERE id = ?", (state.rev,)).fetchone()
        )
        return row[0] if row else ""

    # The tables, for `apply`.

    def node(self, node: int) -> NodeState | None:
        """Return a node's fields, None when there was no such node yet."""
        return self.nodes.get(node)

    def put(self, node: int, state: NodeState, born: int, before: NodeState | None) -> None:
        """Store a node's fields."""
        del born
        self.nodes[node] = state
        for fields, sign in ((before, -1), (state, 1)):
            if fields is not None and not fields.flags & GONE:
                self.there += sign
                self.pruned += sign * bool(fields.flags & PRUNED)
        if before is None or before.parent != state.parent:
            self._kids.setdefault(state.parent, {})[node] = None

    def attribute(self, owner: int, key: str) -> Value:
        """Return an attribute's value, None when it was absent."""
        return self.attributes.get((owner, key))

    def set_attribute(self, owner: int, key: str, value: Value) -> None:
        """Store an attribute; None removes it."""
        if value is None:
            self.attributes.pop((owner, key), None)
        else:
            self.attributes[owner, key] = value
