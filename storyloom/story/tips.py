"""Where a weave ends, remembered while the log says nothing that could have moved it.

A weave may be many thousand nodes long, and its end is asked for at a key press. It is followed
once; after that only what the log says since is looked at, whoever wrote it.
"""

from weakref import WeakKeyDictionary

from storyloom.story import tally
from storyloom.story.schema import HIDDEN
from storyloom.story.story import Story

__all__ = ["weave_tip"]

_known: WeakKeyDictionary[Story, dict[str, tuple[int, int]]] = WeakKeyDictionary()
"""Of each weave its last node, and the last change of the log that it takes into account."""
_MANY = 1_000

_FOLLOW = f"""
WITH RECURSIVE down(id, n) AS (
    SELECT ?, 0 UNION ALL
    SELECT attr.value, n + 1 FROM down JOIN attr ON attr.owner = down.id AND attr.key = ?
    JOIN node ON node.id = attr.value AND node.parent = attr.owner AND NOT node.flags & {HIDDEN}
)
SELECT id FROM down ORDER BY n DESC LIMIT 1
"""


def weave_tip(story: Story, weave: str = "main") -> int:
    """Return the last node of a weave, 0 when there is none of that name."""
    db = story.read
    last = db.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()[0]
    known = _known.setdefault(story, {})
    start: int | None = 0
    if weave in known:
        tip, seen = known[weave]
        start = _moved(story, f"weave:{weave}", tip, seen) if last - seen < _MANY else 0
        if start is None:
            known[weave] = (tip, last)
            return tip
    tip = int(db.execute(_FOLLOW, (start, f"weave:{weave}")).fetchone()[0])
    known[weave] = (tip, last)
    return tip


def _moved(story: Story, key: str, tip: int, seen: int) -> int | None:
    """Return from where a weave is to be followed anew, None when it ends where it did."""
    changes = story.read.execute(
        "SELECT owner, key FROM change WHERE seq > ? "
        "AND key IN (?, 'place', 'pruned', 'gone', 'purged')",
        (seen, key),
    ).fetchall()
    touched = [each for each in changes if not each[0] or tally.within(story.read, tip, each[0])]
    if not touched:
        return None
    if any(what != key for _, what in touched):
        # The strand itself is another one.
        return 0
    # The weave still leads to the topmost node at which it goes on otherwise.
    owners = {owner for owner, _ in touched}
    return min(owners, key=lambda owner: tally.depth(story.read, owner) if owner else 0)
