"""Finding words in a story: in texts, and in what the author said of nodes and of the story.

Case does not count, nor do diacritics of Latin letters. The indexes are SQLite's own (FTS5), read
in the order things were written in, so that a word that is everywhere costs only what is shown.
"""

import re
import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from storyloom.story import tally
from storyloom.story.kept import kept
from storyloom.story.schema import GONE, HIDDEN
from storyloom.story.story import Story

__all__ = ["Found", "Hit", "query", "search"]

_WORDLESS = re.compile(r"[^\w\u0300-\u036f]+|_")
_MOST_WORDS = 64
_HITS = "SELECT 1 FROM rev_fts WHERE rev_fts MATCH ?"


class Hit(NamedTuple):
    """One place where the words were found."""

    node: int
    """The node; 0 for what is said of the story itself."""
    where: str
    """`text`, or what was said: `note`, `why`, `lore:3`, `tag:sea`, `title` and the like."""
    pruned: bool
    """Whether the node is pruned, or below a pruned one."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    hits: tuple[Hit, ...]
    """In the order of the tree, what is said of the story first."""
    more: bool
    """Whether there are more; then these are those that were written first."""

    @property
    def nodes(self) -> list[int]:
        """The nodes of the hits, each once, in order."""
        return list(dict.fromkeys(hit.node for hit in self.hits if hit.node))


def search(
    story: Story, phrase: str, *, limit: int = 200, below: int = 0, weave: str | None = None
) -> Found:
    """Return up to `limit` places that hold all words of `phrase`, in the order of the tree.

    The last word may be a beginning; of a very long phrase the first 64 words are looked for.
    `below` limits it to a node and what is below it, `weave` to the nodes of that weave; what is
    said of the story itself belongs to neither. Only the present texts are searched.
    """
    wanted = query(phrase)
    if not wanted:
        return Found((), more=False)
    db = story.read
    if weave is not None:
        found = _on_weave(db, wanted, weave, limit + 1)
    elif below:
        found = _below(db, wanted, below, limit + 1)
    else:
        found = _anywhere(db, wanted, limit + 1)
    more = len(found) > limit
    return Found(_ordered(db, found[:limit]), more)


def query(phrase: str) -> str:
    """Return a phrase as the indexes are asked for it; empty when it has no words."""
    words = (_WORDLESS.sub(" ", part).strip() for part in kept(phrase).split())
    tokens = [word for word in words if word][:_MOST_WORDS]
    return " ".join(f'"{token}"' for token in tokens) + "*" if tokens else ""


# Read in the index's own order; CROSS JOIN keeps SQLite to it.
_IN_TEXTS = (
    "SELECT node.id, 'text' FROM rev_fts CROSS JOIN rev ON rev.id = rev_fts.rowid "
    "CROSS JOIN node ON node.id = rev.node AND node.rev = rev.id "
    f"WHERE rev_fts MATCH ? AND NOT node.flags & {GONE}"
)
_IN_WORDS = (
    "SELECT said.owner, said.key FROM said_fts CROSS JOIN said ON said.id = said_fts.rowid "
    f"LEFT JOIN node ON node.id = said.owner "
    f"WHERE said_fts MATCH ? AND NOT coalesce(node.flags, 0) & {GONE}"
)


def _anywhere(db: sqlite3.Connection, wanted: str, limit: int) -> list[tuple[int, str]]:
    said = db.execute(f"{_IN_WORDS} ORDER BY said_fts.rowid LIMIT ?", (wanted, limit)).fetchall()
    texts = db.execute(f"{_IN_TEXTS} ORDER BY rev_fts.rowid LIMIT ?", (wanted, limit)).fetchall()
    return [*said, *texts][:limit] if len(said) < limit else said


def _below(db: sqlite3.Connection, wanted: str, top: int, limit: int) -> list[tuple[int, str]]:
    hits = db.execute(f"SELECT count(*) FROM ({_HITS} LIMIT 100000)", (wanted,)).fetchone()[0]
    # A hit asked whether it is below costs as much as some fifty nodes gone through.
    if tally.below(db, [top])[top].whole < hits * 50:
        among = (
            "WITH RECURSIVE among(id) AS MATERIALIZED (SELECT ?1 UNION ALL "
            "SELECT k.id FROM among JOIN node k INDEXED BY node_kids ON k.parent = among.id "
            f"WHERE NOT k.flags & {GONE})"
        )
        return _among(db, among, top, wanted, limit)
    found: list[tuple[int, str]] = []
    for query, index in ((_IN_WORDS, "said_fts"), (_IN_TEXTS, "rev_fts")):
        cursor = db.execute(f"{query} ORDER BY {index}.rowid", (wanted,))
        while len(found) < limit and (rows := cursor.fetchmany(200)):
            found += [row for row in rows if row[0] and tally.within(db, row[0], top)]
        # Not read to its end, it would keep the log of changes from being folded in.
        cursor.close()
    return found[:limit]


def _on_weave(db: sqlite3.Connection, wanted: str, weave: str, limit: int) -> list[tuple[int, str]]:
    among = (
        "WITH RECURSIVE among(id) AS MATERIALIZED ("
        "SELECT attr.value FROM attr WHERE owner = 0 AND key = ?1 UNION ALL "
        "SELECT attr.value FROM among JOIN attr ON attr.owner = among.id AND attr.key = ?1 "
        "JOIN node ON node.id = attr.value AND node.parent = attr.owner "
        f"AND NOT node.flags & {HIDDEN})"
    )
    return _among(db, among, f"weave:{weave}", wanted, limit)


def _among(
    db: sqlite3.Connection, among: str, start: int | str, wanted: str, limit: int
) -> list[tuple[int, str]]:
    """Return the hits among nodes that a recursive query names.

    The nodes are gathered first, and the index is read through once, as looking a row up in it
    costs far more than reading the next one.
    """
    said = db.execute(
        f"{among} {_IN_WORDS.replace('?', '?2')} AND said.owner IN (SELECT id FROM among) "
        "ORDER BY said_fts.rowid LIMIT ?3",
        (start, wanted, limit),
    ).fetchall()
    texts = db.execute(
        f"{among}, present(rev) AS MATERIALIZED (SELECT node.rev FROM among JOIN node USING(id)) "
        "SELECT rev.node, 'text' FROM rev_fts CROSS JOIN rev ON rev.id = rev_fts.rowid "
        "WHERE rev_fts MATCH ?2 AND +rev_fts.rowid IN (SELECT rev FROM present) "
        "ORDER BY rev_fts.rowid LIMIT ?3",
        (start, wanted, limit),
    ).fetchall()
    return [*said, *texts][:limit]


_STRANDS = """
WITH RECURSIVE up(id) AS (
    SELECT value FROM json_each(?) UNION
    SELECT node.parent FROM up JOIN node ON node.id = up.id WHERE node.parent <> 0
)
SELECT node.id, node.parent, node.ord, node.flags FROM up JOIN node ON node.id = up.id
"""


def _ordered(db: sqlite3.Connection, found: list[tuple[int, str]]) -> tuple[Hit, ...]:
    """Put hits in the order of the tree, and say which of them are pruned.

    The strands to all of them are read together, so that what they share is read once.
    """
    hits: dict[int, list[str]] = {}
    for node, where in found:
        hits.setdefault(node, []).append("chapter" if where == "chapters" else where)
    wanted = str([node for node in hits if node])
    kids: dict[int, list[tuple[str, int, bool]]] = {}
    for node, parent, order, flags in db.execute(_STRANDS, (wanted,)).fetchall():
        kids.setdefault(parent, []).append((order, node, bool(flags & HIDDEN)))
    out = [Hit(0, where, pruned=False) for where in sorted(hits.get(0, ()))]
    waiting = [(node, hidden) for _, node, hidden in sorted(kids.get(0, ()), reverse=True)]
    while waiting:
        node, hidden = waiting.pop()
        out += [Hit(node, where, hidden) for where in sorted(hits.get(node, ()))]
        below = sorted(kids.get(node, ()), reverse=True)
        waiting += [(kid, hidden or cut) for _, kid, cut in below]
    return tuple(out)
