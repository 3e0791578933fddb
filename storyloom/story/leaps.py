"""Long ways up and down the tree, taken from post to post where nothing branches off.

A strand of a hundred thousand nodes without a fork is climbed in a few hundred steps. What is
looked for on the way is the caller's query, which goes to the next post and no farther.
"""

import sqlite3
from typing import Any

from storyloom.story import tally

__all__ = ["BELOW_A_POST", "climb", "descend", "no_post"]

BELOW_A_POST = "(down.n = 0 OR NOT EXISTS(SELECT 1 FROM tally WHERE tally.node = down.id))"
"""For a query that goes down: the condition on which it goes on from `down`, its `n` steps made."""


def no_post(node: str) -> str:
    """Return the condition that a node, an expression of SQL, is no post; for one that climbs."""
    return f"NOT EXISTS(SELECT 1 FROM tally WHERE tally.node = {node})"


def climb(db: sqlite3.Connection, query: str, node: int) -> tuple[Any, ...] | None:
    """Return the first row of `query` for a node or one above it; None when there is none.

    The query takes a node, and looks at it and at those above it below the next post. What it
    looks for has to be something beside the strand, as strands without anything beside are passed.
    """
    while node:
        row = db.execute(query, (node,)).fetchone()
        if row is not None:
            return row
        parent = db.execute("SELECT parent FROM node WHERE id = ?", (node,)).fetchone()
        if parent is None:
            return None
        # From 0, the story itself, nothing is above.
        node = tally.past_lone_above(db, parent[0])
    return None


def descend(db: sqlite3.Connection, query: str, node: int) -> int:
    """Return the node at which a way down ends.

    The query takes a node and returns the last one that it comes to from there, without passing a
    post. Where nothing branches off, it has to go on.
    """
    while True:
        node = tally.past_lone_below(db, node)
        end = db.execute(query, (node,)).fetchone()
        if end is None or end[0] == node:
            return node
        node = end[0]
