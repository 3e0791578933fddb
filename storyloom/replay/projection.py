"""A story's tables as they were after any operation of its log, in memory.

The log's changes go through the same `apply` as in the story file. What each stretch of the log
comes to is kept, so that a seek puts stretches together and applies but the rest. On the way on,
what was there before each change is noted, so that a step back is as short as one on: not by the
log's own word, as a purge deletes what it says of that. The story is only read.
"""

import sqlite3
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from storyloom.replay.recording import sound
from storyloom.story import replayed
from storyloom.story.schema import GONE, HIDDEN, PRUNED
from storyloom.story.tables import Change, NodeState, Value, apply, weave_end

__all__ = ["Projection"]

_STRETCHES = 100
"""Of the whole log, at most."""
_LEAST = 200
"""Operations of a stretch at least."""
_TRAIL = 20_000
"""Changes that can be gone back over one by one: those of several thousand operations."""
_AT_ONCE = 5_000
"""Operations whose changes are read together."""


class _Stretch(NamedTuple):
    """What a stretch of the log comes to: of all that it changes the last, and the counts then."""

    nodes: dict[int, NodeState]
    attributes: dict[tuple[int, str], Any]
    """None where it is removed."""
    there: int
    pruned: int


class _Before(NamedTuple):
    """What was there before a change of operation `op`: of a node its fields, of an attribute its
    value.
    """

    op: int
    owner: int
    key: str | None
    """None for a node."""
    old: Any


class Projection:
    """The tables of a story at one point of its log; see `story.tables.Tables`.

    `db` reads the story and `ops` are the numbers of its operations in order. Both have to be of
    one moment: what is written later is not seen. Used from one thread at a time. The last `trail`
    changes can be gone back over one by one.
    """

    def __init__(self, db: sqlite3.Connection, ops: Sequence[int], *, trail: int = _TRAIL) -> None:
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
        self._stretches: list[_Stretch] = []
        self._ends: list[int] = []
        """The position behind each stretch."""
        self._open: _Stretch | None = None
        """The stretch that is being gone through for the first time."""
        self._trail: deque[_Before] = deque(maxlen=trail)
        """What was there before each of the last changes."""
        self._trail_from = 0
        """The position that it leads back to."""
        self._op = 0
        """The operation that is being applied."""

    def prepare(self) -> None:
        """Read the whole log once, keep what its stretches come to, and stand at its end.

        Takes a second for a hundred thousand operations; seeks are short then.
        """
        self._stretches.clear()
        self._ends.clear()
        self._restart()
        step = max(_LEAST, -(-len(self._ops) // _STRETCHES))
        for position in range(step, len(self._ops), step):
            self._stretches.append(self._gone_through(position))
            self._ends.append(position)
        self._forward(len(self._ops))

    def _gone_through(self, position: int) -> _Stretch:
        """Go on to a position and return what the stretch to there comes to."""
        self._open = _Stretch({}, {}, 0, 0)
        try:
            self._forward(position)
            return self._open._replace(there=self.there, pruned=self.pruned)
        finally:
            self._open = None

    def seek(self, position: int) -> None:
        """Stand behind the first `position` operations; out of range is the nearest end."""
        position = max(0, min(position, len(self._ops)))
        if self._trail_from <= position <= self.at:
            self._backward(position)
            return
        if position < self.at:
            self._restart()
        # Of the stretch that it stands in nothing is lost when all of it is put in.
        here, there = (bisect_right(self._ends, each) for each in (self.at, position))
        for stretch in self._stretches[here:there]:
            self._put_in(stretch)
        if here < there:
            self.at = self._trail_from = self._ends[there - 1]
            self._trail.clear()
        self._forward(position)

    def _restart(self) -> None:
        self.nodes, self.attributes = {}, {}
        self.there = self.pruned = 0
        self.at = self._trail_from = 0
        self._trail.clear()

    def _put_in(self, stretch: _Stretch) -> None:
        self.nodes.update(stretch.nodes)
        self.attributes.update(stretch.attributes)
        for key, value in stretch.attributes.items():
            if value is None:
                del self.attributes[key]
        self.there, self.pruned = stretch.there, stretch.pruned

    def _backward(self, position: int) -> None:
        last = self._ops[position - 1] if position else 0
        while self._trail and self._trail[-1].op > last:
            _, owner, key, old = self._trail.pop()
            if key is None:
                self._counted(self.nodes[owner], -1)
                if old is None:
                    del self.nodes[owner]
                else:
                    self.nodes[owner] = old
                    self._counted(old, 1)
            elif old is None:
                self.attributes.pop((owner, key), None)
            else:
                self.attributes[owner, key] = old
        self.at = position

    def _forward(self, position: int) -> None:
        while self.at < position:
            upto = min(position, self.at + _AT_ONCE)
            rows = replayed.changes(self._db, self._ops[self.at], self._ops[upto - 1])
            with sound():
                for op, owner, key, new in rows:
                    self._op = op
                    apply(self, Change(owner, key, None, new), op)
            self.at = upto
            if len(self._trail) == self._trail.maxlen:
                # Of the first operation in it some changes may be lost.
                lost = bisect_right(self._ops, self._trail[0].op)
                self._trail_from = max(self._trail_from, lost)

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
        return replayed.text_of(self._db, state.rev) if state is not None else ""

    # The tables, for `apply`.

    def node(self, node: int) -> NodeState | None:
        """Return a node's fields, None when there was no such node yet."""
        return self.nodes.get(node)

    def put(self, node: int, state: NodeState, born: int, before: NodeState | None) -> None:
        """Store a node's fields."""
        del born
        self._trail.append(_Before(self._op, node, None, before))
        self.nodes[node] = state
        if self._open is not None:
            self._open.nodes[node] = state
        if before is not None:
            self._counted(before, -1)
        self._counted(state, 1)
        if before is None or before.parent != state.parent:
            self._kids.setdefault(state.parent, {})[node] = None

    def _counted(self, state: NodeState, sign: int) -> None:
        if not state.flags & GONE:
            self.there += sign
            self.pruned += sign * bool(state.flags & PRUNED)

    def attribute(self, owner: int, key: str) -> Value:
        """Return an attribute's value, None when it was absent."""
        return self.attributes.get((owner, key))

    def set_attribute(self, owner: int, key: str, value: Value) -> None:
        """Store an attribute; None removes it."""
        self._trail.append(_Before(self._op, owner, key, self.attributes.get((owner, key))))
        if self._open is not None:
            self._open.attributes[owner, key] = value
        if value is None:
            self.attributes.pop((owner, key), None)
        else:
            self.attributes[owner, key] = value
