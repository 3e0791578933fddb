"""The projection that the log is folded into, and the one `apply` that folds it.

A change is (owner, key, old, new). Its key says what it changes:

    add        a node comes to be; new is `[parent, ord, rev, flags, gen]`
    place      a node's parent and order among its siblings; `[parent, ord]`
    rev        the text a node shows; a row of `rev`
    pruned, gone, streaming   a node's flags, 0 or 1
    purged     the node is gone for good; 1
    anything else             an attribute of the node, or of the story (owner 0); absent is None

`apply` writes through the `Tables` protocol, so that replay and time travel run the same code over
a projection in memory.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from storyloom.story import said, tally
from storyloom.story.schema import GONE, HIDDEN, PRUNED, PURGED, STREAMING

__all__ = ["FLAGS", "Change", "MemoryTables", "NodeState", "SqlTables", "Tables", "Value", "apply",
           "value", "weave_end"]  # fmt: skip

Value: TypeAlias = "int | float | str | bytes | None"

FLAGS = {"pruned": PRUNED, "gone": GONE, "streaming": STREAMING, "purged": PURGED | GONE}


class Change(NamedTuple):
    """One field of one owner, before and after."""

    owner: int
    key: str
    old: Value
    new: Value


class NodeState(NamedTuple):
    """The fields of a node in the projection."""

    parent: int
    ord: str
    rev: int
    flags: int
    gen: int | None


class Tables(Protocol):
    """A projection: nodes by id and attributes by owner and key."""

    def node(self, node: int) -> NodeState | None:
        """Return a node's fields, None when there is no such node."""
        ...

    def put(self, node: int, state: NodeState, born: int, before: NodeState | None) -> None:
        """Store a node's fields; `born` is the op that added it, kept from its first time, and
        `before` what the fields were.
        """
        ...

    def attribute(self, owner: int, key: str) -> Value:
        """Return an attribute's value, None when it is absent."""
        ...

    def set_attribute(self, owner: int, key: str, value: Value) -> None:
        """Store an attribute; None removes it."""
        ...


def value(tables: Tables, owner: int, key: str) -> Value:
    """Return what a change of that key would find as its old value."""
    if key not in FLAGS and key not in ("add", "place", "rev"):
        return tables.attribute(owner, key)
    state = tables.node(owner)
    if state is None:
        return None
    if key == "rev":
        return state.rev
    if key in FLAGS:
        return 1 if state.flags & FLAGS[key] == FLAGS[key] else 0
    if key == "place":
        return json.dumps([state.parent, state.ord])
    return json.dumps([state.parent, state.ord, state.rev, state.flags, state.gen])


def apply(tables: Tables, change: Change, op: int) -> None:
    """Make `change`, a part of operation `op`, in the projection."""
    owner, key, _, new = change
    if key == "add":
        tables.put(owner, NodeState(*json.loads(str(new))), op, tables.node(owner))
        return
    if key not in FLAGS and key not in ("place", "rev"):
        tables.set_attribute(owner, key, new)
        return
    before = state = tables.node(owner)
    if before is None or state is None:
        raise ValueError(f"the log changes node {owner} before it adds it")
    if key == "place":
        parent, order = json.loads(str(new))
        state = state._replace(parent=parent, ord=order)
    elif key == "rev":
        state = state._replace(rev=int(new or 0))
    else:
        bit = FLAGS[key]
        state = state._replace(flags=state.flags | bit if new else state.flags & ~bit)
    tables.put(owner, state, op, before)


def weave_end(tables: Tables, weave: str = "main") -> int:
    """Return the last node of a weave in a projection, 0 when it leads nowhere."""
    node, seen = 0, {0}
    while True:
        following: object = tables.attribute(node, f"weave:{weave}")
        # A log from elsewhere may lead in a circle.
        if not isinstance(following, int) or following in seen:
            return node
        state = tables.node(following)
        if state is None or state.parent != node or state.flags & HIDDEN:
            return node
        seen.add(following)
        node = following


class SqlTables:
    """The projection in a story file; the caller holds the transaction.

    While `counting` is false, the tally does not follow, and the caller has it made again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.counting = True

    def node(self, node: int) -> NodeState | None:
        row = self._db.execute(
            "SELECT parent, ord, rev, flags, gen FROM node WHERE id = ?", (node,)
        ).fetchone()
        return NodeState(*row) if row else None

    def put(self, node: int, state: NodeState, born: int, before: NodeState | None) -> None:
        if before is None:
            self._db.execute(
                "INSERT INTO node(id, parent, ord, rev, flags, gen, born) VALUES(?,?,?,?,?,?,?)",
                (node, *state, born),
            )
            if self.counting:
                tally.added(self._db, node, state.parent, state.flags)
            return
        moves = self.counting and state.parent != before.parent
        if moves:
            tally.lifted(self._db, node, before.flags)
        self._db.execute(
            "UPDATE node SET parent = ?, ord = ?, rev = ?, flags = ?, gen = ? WHERE id = ?",
            (*state, node),
        )
        if moves:
            tally.hung(self._db, node, state.parent, before.flags)
        if self.counting:
            tally.changed(self._db, node, before.flags, state.flags)

    def attribute(self, owner: int, key: str) -> Value:
        row = self._db.execute(
            "SELECT value FROM attr WHERE owner = ? AND key = ?", (owner, key)
        ).fetchone()
        return row[0] if row else None

    def set_attribute(self, owner: int, key: str, value: Value) -> None:
        if value is None:
            self._db.execute("DELETE FROM attr WHERE owner = ? AND key = ?", (owner, key))
        else:
            self._db.execute(
                "INSERT INTO attr(owner, key, value) VALUES(?,?,?) "
                "ON CONFLICT(owner, key) DO UPDATE SET value = excluded.value",
                (owner, key, value),
            )
        said.put(self._db, owner, key, value)


@dataclass
class MemoryTables:
    """The projection in memory, for replay, time travel and as an oracle."""

    nodes: dict[int, NodeState] = field(default_factory=dict[int, NodeState])
    attributes: dict[tuple[int, str], Any] = field(default_factory=dict[tuple[int, str], Any])
    born: dict[int, int] = field(default_factory=dict[int, int])
    """The operation that added each node."""

    def node(self, node: int) -> NodeState | None:
        return self.nodes.get(node)

    def put(self, node: int, state: NodeState, born: int, before: NodeState | None) -> None:
        self.nodes[node] = state
        if before is None:
            self.born[node] = born

    def attribute(self, owner: int, key: str) -> Value:
        return self.attributes.get((owner, key))

    def set_attribute(self, owner: int, key: str, value: Value) -> None:
        if value is None:
            self.attributes.pop((owner, key), None)
        else:
            self.attributes[owner, key] = value
