"""Reading a story lazily: strands, children, facts of a node, none of it a walk of the tree.

Every function takes what a screen shows and costs what a screen shows, at any size of story. Ids
that are not in the story give empty answers, as another program may have taken a step back.
"""

import sqlite3
from typing import NamedTuple

from storyloom.story import origins, tally
from storyloom.story.card import Card, cards
from storyloom.story.marks import Chapter, chapters_of
from storyloom.story.origins import Runs
from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story
from storyloom.story.tally import Below

__all__ = [
    "Below",
    "Card",
    "Piece",
    "below",
    "cards",
    "carried",
    "chapter_of",
    "chapters",
    "children",
    "data_version",
    "depth",
    "exists",
    "goes_on",
    "last_op",
    "made",
    "models",
    "parent",
    "path",
    "pieces",
    "pruned_children",
    "root",
    "sketched",
    "standing",
    "strand",
    "strand_text",
    "weave_child",
]


class Piece(NamedTuple):
    """One node's text on a strand."""

    node: int
    text: str
    runs: Runs
    marks: tuple[Chapter, ...]
    gen: int | None
    flags: int
    sketch: bool = False


def root(story: Story) -> int:
    """Return the first root that is not pruned."""
    row = story.read.execute(
        f"SELECT id FROM node WHERE parent = 0 AND NOT flags & {GONE | PRUNED} "
        "ORDER BY ord, id LIMIT 1"
    ).fetchone()
    return int(row[0]) if row else 0


def exists(story: Story, node: int) -> bool:
    """Whether there is a live node of that id, pruned or not."""
    row = story.read.execute("SELECT flags FROM node WHERE id = ?", (node,)).fetchone()
    return bool(row) and not row[0] & GONE


def made(story: Story) -> int:
    """Return how many nodes have ever been made, those that are gone too."""
    return int(story.read.execute("SELECT count(*) FROM node").fetchone()[0])


def parent(story: Story, node: int) -> int:
    """Return what a node hangs on; 0 for a root, and where there is no such node."""
    row = story.read.execute("SELECT parent FROM node WHERE id = ?", (node,)).fetchone()
    return int(row[0]) if row else 0


def children(story: Story, parent: int, *, pruned: bool = False) -> list[int]:
    """Return the ids of a node's children in order; 0 gives the roots."""
    hidden = GONE if pruned else GONE | PRUNED
    rows = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND NOT flags & {hidden} ORDER BY ord, id", (parent,)
    ).fetchall()
    return [row[0] for row in rows]


def goes_on(story: Story, node: int) -> bool:
    """Return whether a fork is told of further behind a node: by a branch or by pruned ones."""
    row = story.read.execute("SELECT parent, ord FROM node WHERE id = ?", (node,)).fetchone()
    if row is None:
        return False
    parent, order = row
    later = story.read.execute(
        "SELECT EXISTS(SELECT 1 FROM node WHERE parent = ? AND ord >= ? "
        f"AND (ord, id) > (?, ?) AND NOT flags & {GONE})",
        (parent, order, order, node),
    ).fetchone()[0]
    return bool(later) or bool(pruned_children(story, parent))


def pruned_children(story: Story, parent: int) -> list[int]:
    """Return the ids of a node's pruned children in order."""
    rows = story.read.execute(
        f"SELECT id FROM node WHERE parent = ? AND flags & {PRUNED} AND NOT flags & {GONE} "
        "ORDER BY ord, id",
        (parent,),
    ).fetchall()
    return [row[0] for row in rows]


_PIECE = (
    "SELECT node.id, node.parent, rev.text, rev.runs, "
    "(SELECT value FROM attr WHERE owner = node.id AND key = 'chapters'), node.gen, node.flags, "
    "EXISTS(SELECT 1 FROM attr WHERE owner = node.id AND key = 'sketch') "
    "FROM node JOIN rev ON rev.id = node.rev WHERE node.id = ?"
)


_STRAND = (
    "WITH RECURSIVE up(id, parent, rev, gen, flags, n) AS ("
    "SELECT id, parent, rev, gen, flags, 0 FROM node WHERE id = ? UNION ALL "
    "SELECT p.id, p.parent, p.rev, p.gen, p.flags, n + 1 FROM up JOIN node p ON p.id = up.parent) "
    "SELECT up.id, up.parent, rev.text, rev.runs, (SELECT value FROM attr WHERE owner = up.id "
    "AND key = 'chapters'), up.gen, up.flags, EXISTS(SELECT 1 FROM attr WHERE owner = up.id "
    "AND key = 'sketch') FROM up JOIN rev ON rev.id = up.rev ORDER BY n DESC"
)


def strand(
    story: Story, node: int, *, least: int | None = None, sketches: bool = False
) -> list[Piece]:
    """Return the pieces of the strand that ends in `node`, in reading order.

    With `least`, only as many from its end as are needed for that many code points. Sketches are
    no part of a story's text: without `sketches`, nothing is left of them but their chapter marks.
    """
    if least is None:
        every = (_piece(row) for row in story.read.execute(_STRAND, (node,)).fetchall())
        return list(every) if sketches else [each for each in map(_of_text, every) if each]
    found: list[Piece] = []
    length = 0
    while node and length < least:
        row = story.read.execute(_PIECE, (node,)).fetchone()
        if row is None:
            break
        piece = _piece(row) if sketches else _of_text(_piece(row))
        if piece is not None:
            found.append(piece)
            length += len(piece.text)
        node = row[1]
    found.reverse()
    return found


def _of_text(piece: Piece) -> Piece | None:
    """Return what a piece is to the story's text, None for nothing."""
    if not piece.sketch:
        return piece
    marks = tuple(mark._replace(offset=0) for mark in piece.marks)
    return piece._replace(text="", runs=(), marks=marks) if marks else None


def sketched(story: Story, node: int) -> str:
    """Return the sketches that the strand to `node` ends in: what is to be written out below it."""
    found: list[str] = []
    while node:
        row = story.read.execute(_PIECE, (node,)).fetchone()
        if row is None or not row[7]:
            break
        found.append(row[2].strip())
        node = row[1]
    return "\n".join(reversed(found))


def pieces(story: Story, nodes: list[int]) -> list[Piece]:
    """Return the pieces of those nodes in that order; missing ones are left out."""
    rows = (story.read.execute(_PIECE, (node,)).fetchone() for node in nodes)
    return [_piece(row) for row in rows if row is not None]


def _piece(row: sqlite3.Row) -> Piece:
    node, _, text, runs, marks, gen, flags, sketch = row
    known = origins.loaded(runs)
    return Piece(node, text, known, tuple(chapters_of(marks)), gen, flags, bool(sketch))


def strand_text(story: Story, node: int, *, least: int | None = None) -> str:
    """Return the text of the strand that ends in `node`, or the end of it as `strand` does; what
    is sketched is not in it.
    """
    return "".join(piece.text for piece in strand(story, node, least=least))


def path(story: Story, node: int) -> list[int]:
    """Return the ids from the root to `node`."""
    rows = story.read.execute(
        "WITH RECURSIVE up(id, parent, n) AS (SELECT id, parent, 0 FROM node WHERE id = ? "
        "UNION ALL SELECT p.id, p.parent, n + 1 FROM up JOIN node p ON p.id = up.parent) "
        "SELECT id FROM up ORDER BY n DESC",
        (node,),
    ).fetchall()
    return [row[0] for row in rows]


def depth(story: Story, node: int) -> int:
    """Return how many nodes the strand to `node` has; the root is at 1."""
    return tally.depth(story.read, node)


def below(story: Story, nodes: list[int]) -> dict[int, Below]:
    """Return how many nodes are below each of those; 0 asks for the whole story."""
    return tally.below(story.read, nodes)


def weave_child(story: Story, node: int, weave: str = "main") -> int:
    """Return the child the weave goes on to, 0 where it ends."""
    row = story.read.execute(
        "SELECT value FROM attr JOIN node ON node.id = attr.value AND node.parent = attr.owner "
        f"WHERE owner = ? AND key = ? AND NOT node.flags & {GONE | PRUNED}",
        (node, f"weave:{weave}"),
    ).fetchone()
    return int(row[0]) if row else 0


def chapters(story: Story, node: int) -> list[tuple[int, Chapter]]:
    """Return the chapter marks on the strand to `node`, in order, each with its node."""
    rows = story.read.execute(_CHAPTERS, (node,)).fetchall()
    return [(owner, mark) for owner, value in rows for mark in chapters_of(value)]


_CHAPTERS = """
WITH RECURSIVE up(id, n) AS (
    SELECT ?, 0 UNION ALL
    SELECT node.parent, n + 1 FROM up JOIN node ON node.id = up.id WHERE node.parent <> 0
)
SELECT up.id, value FROM up JOIN attr ON attr.owner = up.id AND attr.key = 'chapters'
ORDER BY n DESC
"""


def length(story: Story, node: int) -> int:
    """Return how many code points the text of the strand to `node` has, without sketches."""
    return story.read.execute(
        "WITH RECURSIVE up(id) AS (SELECT ? UNION ALL "
        "SELECT node.parent FROM up JOIN node ON node.id = up.id WHERE node.parent <> 0) "
        "SELECT coalesce(sum(length(rev.text)), 0) FROM up JOIN node ON node.id = up.id "
        "JOIN rev ON rev.id = node.rev "
        "WHERE NOT EXISTS(SELECT 1 FROM attr WHERE owner = up.id AND key = 'sketch')",
        (node,),
    ).fetchone()[0]


def standing(story: Story, node: int) -> int:
    """Return `node`; where it or what it hangs on is pruned or taken back, what that hung on; a
    root when that is nothing.
    """
    found = node
    if hidden := tally.hiding(story.read, node):
        row = story.read.execute("SELECT parent FROM node WHERE id = ?", (hidden,)).fetchone()
        found = int(row[0])
    return found if found and exists(story, found) else root(story)


def carried(story: Story, node: int, key: str) -> tuple[int, str] | None:
    """Return the nearest owner from `node` up, the story (0) last, that has an attribute, and its
    value; None when there is none.
    """
    owners = story.read.execute(
        "SELECT owner, value FROM attr WHERE key = ? LIMIT 17", (key,)
    ).fetchall()
    if len(owners) < 17:
        # Few have it: they are asked whether they are above, and no strand is climbed.
        found = [each for each in owners if tally.within(story.read, node, each[0])]
        return max(found, key=lambda each: tally.depth(story.read, each[0]), default=None)
    return story.read.execute(
        "WITH RECURSIVE up(id) AS (SELECT ? UNION ALL "
        "SELECT node.parent FROM up JOIN node ON node.id = up.id) "
        "SELECT owner, value FROM up JOIN attr ON attr.owner = up.id AND attr.key = ? LIMIT 1",
        (node, key),
    ).fetchone()


def chapter_of(story: Story, node: int) -> str | None:
    """Return the title of the chapter that a node is in, None before the first."""
    found = carried(story, node, "chapters")
    chapters = chapters_of(found[1]) if found is not None and found[0] else []
    return chapters[-1].title if chapters else None


_FIRST_GENERATIONS = 5_000


def models(story: Story) -> list[str]:
    """Return the models of the story's first 5,000 generations, in the order of their first use."""
    rows = story.read.execute(
        "SELECT model FROM gen WHERE id <= ? GROUP BY model ORDER BY min(id)",
        (_FIRST_GENERATIONS,),
    ).fetchall()
    return [row[0] for row in rows]


def data_version(story: Story) -> int:
    """Return a number that another one replaces whenever anything was written; it costs nothing."""
    return story.read.execute("PRAGMA data_version").fetchone()[0]


def last_op(story: Story) -> int:
    """Return the number of the newest operation in the log."""
    return story.read.execute("SELECT coalesce(max(id), 0) FROM op").fetchone()[0]
