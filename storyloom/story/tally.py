"""How many nodes are below each one, kept current at a cost that depth and size hardly raise.

The tree is cut into clusters, up to two thousand nodes in size and 256 in height. The topmost node
of a cluster is its *post*, and table `tally` has a row for each post: the post above it and how
many steps up that is, how many nodes are below it that can be seen from it (`shown`) and that are
there at all (`whole`), whether it is itself hidden, and roughly how large its cluster is (`grown`).
What changes at a node is added to the posts above it alone, one for some hundred of depth; what is
asked of a node that is no post is counted inside its cluster. Every hidden node that is not purged
is a post, so a climb from post to post meets all that hides a node. The story, node 0, is the
topmost post.

The same steps give a node's depth, and whether it is below another. All of it is derived:
`recount` makes it again, and nothing of it is in the log.
"""

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from storyloom.story.schema import GONE, HIDDEN

__all__ = ["CLUSTER", "Below", "add_up", "added", "beginning", "below", "changed", "depth",
           "hidden_above", "hiding", "hung", "lifted", "past_lone_above", "past_lone_below",
           "watch", "within"]  # fmt: skip

CLUSTER = 2_048
"""Nodes of a cluster from which it is divided: where forks are wide, few posts are above a node."""
HEIGHT = 256
"""Steps below its post from which a node gets a nearer one: where there are no forks."""


class Below(NamedTuple):
    """How many nodes are below one."""

    shown: int
    """Those that neither they nor anything between hides."""
    whole: int
    """All that are there, pruned ones and what is below those too."""


# Writing: one function for each kind of change to a node's row.


def added(db: sqlite3.Connection, node: int, parent: int, flags: int) -> None:
    """Count a node that was added below `parent`."""
    post, steps = _post_of(db, parent)
    hidden = bool(flags & HIDDEN)
    if hidden:
        db.execute("INSERT INTO tally VALUES(?,?,?,0,0,0,1)", (node, post, steps + 1))
    _add(db, post, 0 if hidden else 1, 0 if flags & GONE else 1)
    _grow(db, post, parent, steps)


def changed(db: sqlite3.Connection, node: int, before: int, after: int) -> None:
    """Count a node's new flags; its row has them already."""
    if not (before ^ after) & HIDDEN:
        return
    above, shown, _ = _promoted(db, node)
    was, hidden = bool(before & HIDDEN), bool(after & HIDDEN)
    db.execute("UPDATE tally SET hidden = ? WHERE node = ?", (hidden, node))
    whole = bool(before & GONE) - bool(after & GONE)
    _add(db, above, (was - hidden) * (1 + shown), whole)


def lifted(db: sqlite3.Connection, node: int, flags: int) -> None:
    """Take a node with all that is below it off the counts above it; its row is as it was."""
    above, shown, whole = _promoted(db, node)
    _add(db, above, *_weight(shown, whole, flags, -1))


def hung(db: sqlite3.Connection, node: int, parent: int, flags: int) -> None:
    """Count a node that was lifted, with all that is below it, at `parent`, where it is now."""
    _, shown, whole = _promoted(db, node)
    post, steps = _post_of(db, parent)
    db.execute("UPDATE tally SET above = ?, steps = ? WHERE node = ?", (post, steps + 1, node))
    _add(db, post, *_weight(shown, whole, flags, 1))
    _grow(db, post, parent, steps)


def _weight(shown: int, whole: int, flags: int, sign: int) -> tuple[int, int]:
    seen = 0 if flags & HIDDEN else 1 + shown
    return sign * seen, sign * (whole + (0 if flags & GONE else 1))


_POST_OF = """
WITH RECURSIVE up(id, n) AS (
    SELECT ?, 0 UNION ALL
    SELECT node.parent, n + 1 FROM up JOIN node ON node.id = up.id
    WHERE NOT EXISTS(SELECT 1 FROM tally WHERE tally.node = up.id)
)
SELECT id, n FROM up ORDER BY n DESC LIMIT 1
"""


def _post_of(db: sqlite3.Connection, node: int) -> tuple[int, int]:
    """Return the nearest post, the node itself or one above, and how many steps up it is."""
    return db.execute(_POST_OF, (node,)).fetchone()


_ADD = """
WITH RECURSIVE up(id, seen) AS (
    SELECT ?, 1 UNION ALL
    SELECT tally.above, up.seen AND NOT tally.hidden FROM up JOIN tally ON tally.node = up.id
    WHERE tally.above IS NOT NULL
)
UPDATE tally SET shown = shown + ? * up.seen, whole = whole + ? FROM up WHERE tally.node = up.id
"""


def _add(db: sqlite3.Connection, post: int, shown: int, whole: int) -> None:
    """Add to a post and those above it; beyond what is hidden nothing more is seen."""
    if shown or whole:
        db.execute(_ADD, (post, shown, whole))


def _grow(db: sqlite3.Connection, post: int, node: int, steps: int) -> None:
    """Keep a cluster in bounds, now that something hangs on `node`, `steps` below its post."""
    if steps >= HEIGHT:
        half_way = db.execute(
            "WITH RECURSIVE up(id, n) AS (SELECT ?, 0 UNION ALL "
            "SELECT node.parent, n + 1 FROM up JOIN node ON node.id = up.id WHERE n < ?) "
            "SELECT id FROM up ORDER BY n DESC LIMIT 1",
            (node, HEIGHT // 2),
        ).fetchone()[0]
        _promote(db, half_way)
        return
    db.execute("UPDATE tally SET grown = grown + 1 WHERE node = ?", (post,))
    if db.execute("SELECT grown FROM tally WHERE node = ?", (post,)).fetchone()[0] > CLUSTER:
        _divide(db, post)


def _divide(db: sqlite3.Connection, post: int) -> None:
    """Give part of a cluster that has grown too large a post of its own."""
    cluster = _cluster(db, post)
    if len(cluster) <= CLUSTER:
        db.execute("UPDATE tally SET grown = ? WHERE node = ?", (len(cluster), post))
        return
    heaviest: dict[int, int] = {}
    for each in cluster[1:]:
        best = heaviest.get(each.parent)
        if not each.post and (best is None or each.size > cluster[best].size):
            heaviest[each.parent] = each.at
    top = 0
    while (kid := heaviest.get(cluster[top].node)) and cluster[kid].size >= CLUSTER // 2:
        top = kid
    if top:
        _promote(db, cluster[top].node)
        db.execute(
            "UPDATE tally SET grown = ? WHERE node = ?", (len(cluster) - cluster[top].size, post)
        )
    else:
        # One parent of very many: nothing to gain, until it has as many more again.
        db.execute("UPDATE tally SET grown = ? WHERE node = ?", (-len(cluster), post))


def _promoted(db: sqlite3.Connection, node: int) -> tuple[int, int, int]:
    """Make a node a post if it is none, and return the post above and the sums below it."""
    row = db.execute("SELECT above, shown, whole FROM tally WHERE node = ?", (node,)).fetchone()
    return row if row is not None else _promote(db, node)


def _promote(db: sqlite3.Connection, node: int) -> tuple[int, int, int]:
    cluster = _cluster(db, node)
    parent = db.execute("SELECT parent FROM node WHERE id = ?", (node,)).fetchone()[0]
    above, steps = _post_of(db, parent)
    db.executemany(
        "UPDATE tally SET above = ?, steps = ? WHERE node = ?",
        [(node, each.steps, each.node) for each in cluster[1:] if each.post],
    )
    top = cluster[0]
    db.execute(
        "INSERT INTO tally VALUES(?,?,?,?,?,?,?)",
        (node, above, steps + 1, top.shown, top.whole, top.size, bool(top.flags & HIDDEN)),
    )
    return above, top.shown, top.whole


@dataclass(slots=True)
class _Member:
    """A node of a cluster, or a post at its lower edge."""

    node: int
    parent: int
    flags: int
    post: bool
    shown: int
    whole: int
    steps: int
    """Below the cluster's top."""
    at: int = 0
    size: int = 1
    """Nodes of the cluster from here down, posts at its edge too."""


_CLUSTER = """
WITH RECURSIVE down(id, parent, flags, post, steps) AS (
    SELECT ?, -1, coalesce((SELECT flags FROM node WHERE id = ?), 0), 0, 0 UNION ALL
    SELECT k.id, k.parent, k.flags, EXISTS(SELECT 1 FROM tally WHERE tally.node = k.id), steps + 1
    FROM down JOIN node k INDEXED BY node_kids ON k.parent = down.id WHERE NOT down.post
)
SELECT down.id, down.parent, down.flags, down.post, coalesce(tally.shown, 0),
    coalesce(tally.whole, 0), down.steps
FROM down LEFT JOIN tally ON tally.node = down.id AND down.post
"""


def _cluster(db: sqlite3.Connection, top: int) -> list[_Member]:
    """Return the nodes of a cluster from `top` down with their sums, parents before children."""
    cluster = [_Member(*row) for row in db.execute(_CLUSTER, (top, top)).fetchall()]
    places = {member.node: at for at, member in enumerate(cluster)}
    for at in range(len(cluster) - 1, 0, -1):
        member = cluster[at]
        member.at = at
        parent = cluster[places[member.parent]]
        parent.size += member.size
        if not member.flags & HIDDEN:
            parent.shown += 1 + member.shown
        parent.whole += member.whole + (0 if member.flags & GONE else 1)
    return cluster


def watch(db: sqlite3.Connection, top: int) -> None:
    """Say before changes below `top` that they will not be counted one by one, but by
    `recount.recount`."""
    _promoted(db, top)


def add_up(db: sqlite3.Connection, top: int, shown: int, whole: int) -> None:
    """Add to the counts above a post what was counted anew below it."""
    above = db.execute("SELECT above FROM tally WHERE node = ?", (top,)).fetchone()[0]
    _add(db, above, shown, whole)


# Reading.


def below(db: sqlite3.Connection, nodes: list[int]) -> dict[int, Below]:
    """Return how many nodes are below each of those; 0 asks for the whole story."""
    found: dict[int, Below] = {}
    for node in nodes:
        if node in found:
            continue
        row = db.execute("SELECT shown, whole FROM tally WHERE node = ?", (node,)).fetchone()
        if row is not None:
            found[node] = Below(*row)
            continue
        # The others of its cluster are probably asked for too: a screen shows neighbours.
        for member in _cluster(db, node):
            found.setdefault(member.node, Below(member.shown, member.whole))
    return {node: found[node] for node in nodes}


_CHAIN = """
WITH RECURSIVE up(id, steps, n) AS (
    SELECT ?, ?, 0 UNION ALL
    SELECT tally.above, tally.steps, n + 1 FROM up JOIN tally ON tally.node = up.id
    WHERE tally.above IS NOT NULL
)
"""


def depth(db: sqlite3.Connection, node: int) -> int:
    """Return how many nodes the strand to `node` has; a root is at 1."""
    row = db.execute(f"{_CHAIN} SELECT sum(steps) FROM up", _post_of(db, node))
    return int(row.fetchone()[0])


def beginning(db: sqlite3.Connection, node: int) -> int:
    """Return the root that the strand to `node` begins with."""
    post = db.execute(
        f"{_CHAIN} SELECT id FROM up WHERE id <> 0 ORDER BY n DESC LIMIT 1", _post_of(db, node)
    ).fetchone()
    return db.execute(
        "WITH RECURSIVE up(id, n) AS (SELECT ?, 0 UNION ALL SELECT node.parent, n + 1 FROM up "
        "JOIN node ON node.id = up.id WHERE node.parent <> 0) "
        "SELECT id FROM up ORDER BY n DESC LIMIT 1",
        (post[0] if post else node,),
    ).fetchone()[0]


def hiding(db: sqlite3.Connection, node: int) -> int:
    """Return the topmost node, `node` itself or one above it, that is hidden; 0 when none is."""
    row = db.execute(
        f"{_CHAIN} SELECT id FROM up JOIN tally ON tally.node = up.id WHERE tally.hidden "
        "ORDER BY n DESC LIMIT 1",
        _post_of(db, node),
    ).fetchone()
    return int(row[0]) if row else 0


# Between a post and the one above it, there is nothing but the strand where their counts differ by
# just the steps between them. There no fork is, and nothing has to be looked for.
_LONE_ABOVE = """
WITH RECURSIVE up(id, n) AS (
    SELECT ?, 0 UNION ALL
    SELECT p.above, n + 1 FROM up JOIN tally p ON p.node = up.id
    JOIN tally q ON q.node = p.above AND q.whole = p.whole + p.steps
)
SELECT id FROM up ORDER BY n DESC LIMIT 1
"""
_LONE_BELOW = """
WITH RECURSIVE down(id, n) AS (
    SELECT ?, 0 UNION ALL
    SELECT r.node, n + 1 FROM down JOIN tally p ON p.node = down.id
    JOIN tally r ON r.above = p.node AND NOT r.hidden AND p.whole = r.whole + r.steps
)
SELECT id FROM down ORDER BY n DESC LIMIT 1
"""


def past_lone_above(db: sqlite3.Connection, node: int) -> int:
    """Return the nearest post from a node that is not gone up, or a farther one that nothing but
    the strand between hangs on: what branches off is at it or above; 0 when nothing does.
    """
    return db.execute(_LONE_ABOVE, (_post_of(db, node)[0],)).fetchone()[0]


def past_lone_below(db: sqlite3.Connection, post: int) -> int:
    """Return a post, or the last one below it that is reached without passing any fork."""
    return db.execute(_LONE_BELOW, (post,)).fetchone()[0]


def hidden_above(db: sqlite3.Connection, node: int) -> list[int]:
    """Return the nodes above one that are hidden, the nearest first."""
    rows = db.execute(
        f"{_CHAIN} SELECT id FROM up JOIN tally ON tally.node = up.id "
        "WHERE tally.hidden AND id <> ? ORDER BY n",
        (*_post_of(db, node), node),
    ).fetchall()
    return [row[0] for row in rows]


def within(db: sqlite3.Connection, node: int, top: int) -> bool:
    """Whether `node` is `top` or below it."""
    if not top or node == top:
        return True
    post, _ = _post_of(db, top)
    # Where the strand to `node` enters the cluster that `top` is in: at a post, or at the node.
    entry = db.execute(
        f"{_CHAIN} SELECT up.id FROM up LEFT JOIN tally ON tally.node = up.id "
        "WHERE up.id = ? OR tally.above = ? ORDER BY n LIMIT 1",
        (*_post_of(db, node), post, post),
    ).fetchone()
    if entry is None:
        return False
    if post == top:
        return True
    start = node if entry[0] == post else entry[0]
    return bool(
        db.execute(
            "WITH RECURSIVE up(id) AS (SELECT ? UNION ALL "
            "SELECT node.parent FROM up JOIN node ON node.id = up.id WHERE up.id NOT IN (?, ?)) "
            "SELECT 1 FROM up WHERE id = ?",
            (start, post, top, top),
        ).fetchone()
    )
