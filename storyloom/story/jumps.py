"""Where a jump through the tree lands: the next and the previous fork, each in one statement."""

from storyloom.story.schema import GONE, PRUNED
from storyloom.story.story import Story

__all__ = ["fork_after", "fork_before"]

_HIDDEN = GONE | PRUNED
_KIDS = f"(SELECT count(*) FROM node k WHERE k.parent = {{}}.id AND NOT k.flags & {_HIDDEN})"


def fork_before(story: Story, node: int) -> int:
    """Return the nearest ancestor with more than one branch, the root when there is none."""
    row = story.read.execute(
        "WITH RECURSIVE up(id, parent, n) AS ("
        "SELECT p.id, p.parent, 1 FROM node c JOIN node p ON p.id = c.parent WHERE c.id = ? "
        "UNION ALL SELECT p.id, p.parent, n + 1 FROM up JOIN node p ON p.id = up.parent) "
        f"SELECT id FROM up WHERE parent = 0 OR {_KIDS.format('up')} > 1 LIMIT 1",
        (node,),
    ).fetchone()
    return int(row[0]) if row else node


def fork_after(story: Story, node: int) -> int:
    """Return the next node with more than one branch, along the weave where it leads and else by
    first children; the leaf when there is none.
    """
    row = story.read.execute(
        "WITH RECURSIVE down(id, n) AS (SELECT ?, 0 UNION ALL SELECT coalesce("
        "(SELECT attr.value FROM attr JOIN node w ON w.id = attr.value AND w.parent = attr.owner "
        f"WHERE owner = down.id AND key = 'weave:main' AND NOT w.flags & {_HIDDEN}), "
        "(SELECT k.id FROM node k WHERE k.parent = down.id "
        f"AND NOT k.flags & {_HIDDEN} ORDER BY k.ord, k.id LIMIT 1)), n + 1 FROM down "
        "WHERE down.id IS NOT NULL) "
        f"SELECT id FROM down WHERE n > 0 AND id IS NOT NULL AND {_KIDS.format('down')} <> 1 "
        "LIMIT 1",
        (node,),
    ).fetchone()
    return int(row[0]) if row else node
