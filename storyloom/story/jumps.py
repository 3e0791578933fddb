"""Where a jump through the tree lands: the next fork, the next chapter, the end of a branch."""

from storyloom.story import leaps, tally
from storyloom.story.schema import HIDDEN
from storyloom.story.story import Story

__all__ = ["chapter_after", "chapter_before", "fork_after", "fork_before", "leftmost_leaf"]

_FORK_ABOVE = f"""
WITH RECURSIVE up(id, parent) AS (
    SELECT id, parent FROM node WHERE id = ?
    UNION ALL SELECT p.id, p.parent FROM up JOIN node p ON p.id = up.parent
    AND {leaps.no_post("p.id")}
)
SELECT parent FROM up WHERE parent <> 0 AND (SELECT count(*) FROM (SELECT 1 FROM node k
    WHERE k.parent = up.parent AND NOT k.flags & {HIDDEN} LIMIT 2)) > 1 LIMIT 1
"""
# Where the weave goes on, else the first branch.
_ON = f"""
coalesce(
    (SELECT attr.value FROM attr JOIN node w ON w.id = attr.value AND w.parent = attr.owner
        WHERE owner = {{0}} AND key = 'weave:main' AND NOT w.flags & {HIDDEN}),
    (SELECT k.id FROM node k WHERE k.parent = {{0}} AND NOT k.flags & {HIDDEN}
        ORDER BY k.ord, k.id LIMIT 1)
)
"""
_KIDS = f"""
(SELECT count(*) FROM (SELECT 1 FROM node k WHERE k.parent = down.id AND NOT k.flags & {HIDDEN}
    LIMIT 2))
"""
_DOWN = f"""
WITH RECURSIVE down(id, n) AS (
    SELECT ?, 0
    UNION ALL SELECT {_ON.format("down.id")}, n + 1 FROM down
    WHERE down.id IS NOT NULL AND {leaps.BELOW_A_POST}{{0}}
)
SELECT id FROM down WHERE id IS NOT NULL ORDER BY n DESC LIMIT 1
"""
_TO_THE_LEAF = _DOWN.format("")
_TO_A_FORK = _DOWN.format(f" AND {_KIDS} = 1")


def fork_before(story: Story, node: int) -> int:
    """Return the nearest ancestor with more than one branch, the root when there is none."""
    row = leaps.climb(story.read, _FORK_ABOVE, node)
    if row is not None:
        return int(row[0])
    return tally.beginning(story.read, node)


def fork_after(story: Story, node: int) -> int:
    """Return the next node with more than one branch, along the weave where it leads and else by
    first children; the leaf when there is none.
    """
    row = story.read.execute(f"SELECT {_ON.format('?1')}", (node,)).fetchone()
    return leaps.descend(story.read, _TO_A_FORK, row[0]) if row[0] else node


def leftmost_leaf(story: Story, node: int) -> int:
    """Return the node reached from `node` by the weave where it leads, else by first children."""
    return leaps.descend(story.read, _TO_THE_LEAF, node)


_CHAPTER_ABOVE = """
WITH RECURSIVE up(id) AS (
    SELECT parent FROM node WHERE id = ?
    UNION ALL SELECT node.parent FROM up JOIN node ON node.id = up.id WHERE node.parent <> 0
)
SELECT up.id FROM up JOIN attr ON attr.owner = up.id AND attr.key = 'chapters' LIMIT 1
"""
_CHAPTER_BELOW = f"""
WITH RECURSIVE down(id) AS (
    SELECT ? UNION ALL SELECT {_ON.format("down.id")} FROM down WHERE down.id IS NOT NULL
)
SELECT down.id FROM down JOIN attr ON attr.owner = down.id AND attr.key = 'chapters'
WHERE down.id <> ? LIMIT 1
"""


def chapter_before(story: Story, node: int) -> int:
    """Return the nearest node above with a chapter mark, the root when there is none."""
    row = story.read.execute(_CHAPTER_ABOVE, (node,)).fetchone()
    return int(row[0]) if row else tally.beginning(story.read, node)


def chapter_after(story: Story, node: int) -> int:
    """Return the next node with a chapter mark, along the weave where it leads and else by first
    children; 0 when there is none.
    """
    row = story.read.execute(_CHAPTER_BELOW, (node, node)).fetchone()
    return int(row[0]) if row else 0
