"""What became of each node of a story, and which chapter it stands in."""

import json
import sqlite3
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from storyloom.story.marks import chapters_of
from storyloom.story.schema import GONE, HIDDEN, PURGED

__all__ = ["Fate", "Fates", "Place", "fates"]


class Fate(IntEnum):
    """What became of a node."""

    WOVEN = 0
    """It is on a weave."""
    LEFT = 1
    """It is in the tree, and on no weave."""
    PRUNED = 2
    """It is pruned, as one of a batch that was taken back is, or below what is, or purged."""
    GONE = 3
    """It is not in the tree: it brought no text."""


class Place(NamedTuple):
    """Where a node stands."""

    chapter: int
    """The node that its chapter begins in, itself or one above; 0 for none."""
    fate: Fate


@dataclass(frozen=True)
class Fates:
    """What became of all nodes."""

    numbers: dict[int, int]
    """Of each node the number of its place: a hundred thousand stand in a few hundred places."""
    places: tuple[Place, ...]
    """The places by their numbers."""
    chapters: dict[int, str]
    """Titles by the nodes that chapters begin in, those on the main weave first, in its order."""

    def of(self, node: int) -> Place:
        """Return where a node stands; one that there is not stands at the beginning."""
        return self.places[self.numbers.get(node, _BEGINNING)]


_BEGINNING = int(Fate.LEFT)
"""The number of the place in no chapter and on no weave. The lowest two bits are the fate."""


def fates(db: sqlite3.Connection) -> Fates:
    """Return where each node stands in the story that `db` reads."""
    woven = _woven(db)
    chapters = _chapters(db, woven)
    begins = {node: number << 2 for number, node in enumerate(chapters, 1)}
    nodes = db.execute("SELECT id, parent, flags FROM node").fetchall()
    numbers = {0: _BEGINNING}
    late: list[tuple[int, int, int]] = []
    for row in nodes:
        node, parent, flags = row
        above = numbers.get(parent)
        if above is None:
            late.append(row)
        elif flags & HIDDEN or above & 2 or node in begins:
            numbers[node] = _number(node, flags, above, begins, woven)
        else:
            numbers[node] = above & ~3 | (node not in woven)
    _put_late(late, numbers, begins, woven)
    _follow_joins(db, nodes, numbers)
    places = [Place(chapter, fate) for chapter in (0, *chapters) for fate in Fate]
    return Fates(numbers, tuple(places), chapters)


def _number(
    node: int, flags: int, above: int, begins: dict[int, int], woven: Container[int]
) -> int:
    """Return the number of a node's place, from that of its parent's."""
    fate = above & 3
    if flags & HIDDEN:
        fate = Fate.GONE if flags & GONE and flags & PURGED != PURGED else Fate.PRUNED
    elif fate < Fate.PRUNED:
        fate = Fate.WOVEN if node in woven else Fate.LEFT
    return begins.get(node, above & ~3) | fate


def _put_late(
    late: list[tuple[int, int, int]],
    numbers: dict[int, int],
    begins: dict[int, int],
    woven: Container[int],
) -> None:
    """Put the nodes that hang on younger ones, as after a move or a split."""
    left = {node: (parent, flags) for node, parent, flags in late}
    for start in left:
        node, climb = start, list[int]()
        # What is missing or a circle, which only a damaged file has, counts as a beginning.
        while node in left and node not in numbers:
            climb.append(node)
            numbers[node] = _BEGINNING
            node = left[node][0]
        for each in reversed(climb):
            parent, flags = left[each]
            above = numbers.get(parent, _BEGINNING)
            numbers[each] = _number(each, flags, above, begins, woven)


def _woven(db: sqlite3.Connection) -> dict[int, int]:
    """Return the nodes on weaves with a number each: those on the main weave in its order."""
    steps: dict[str, dict[int, int]] = {}
    for weave, owner, child in db.execute(
        "SELECT key, owner, value FROM attr JOIN node ON node.id = attr.value "
        f"AND node.parent = attr.owner AND NOT node.flags & {HIDDEN} WHERE key GLOB 'weave:*'"
    ):
        steps.setdefault(weave, {})[owner] = child
    woven: dict[int, int] = {}
    for weave in sorted(steps, key=lambda name: (name != "weave:main", name)):
        node, seen = 0, set[int]()
        while (node := steps[weave].get(node, 0)) and node not in seen:
            seen.add(node)
            woven.setdefault(node, len(woven))
    return woven


def _chapters(db: sqlite3.Connection, woven: dict[int, int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for node, value in db.execute("SELECT owner, value FROM attr WHERE key = 'chapters'"):
        try:
            marks = chapters_of(value)
        except (ValueError, TypeError):
            continue
        if marks:
            found[node] = str(marks[-1].title)
    order = sorted(found, key=lambda node: (woven.get(node, len(woven)), node))
    return {node: found[node] for node in order}


# The node that took the text of one that is gone: in the operation by which it went, which is then
# a join, that one took its place.
_JOINED = """
SELECT gone.owner, kept.owner FROM json_each(?) AS wanted
JOIN change gone ON gone.owner = wanted.value AND gone.key = 'gone' AND gone.new = 1
JOIN change kept ON kept.op = gone.op AND kept.key = 'place'
WHERE NOT EXISTS (SELECT 1 FROM change later WHERE later.owner = gone.owner
    AND later.key = 'gone' AND later.seq > gone.seq)
"""


def _follow_joins(
    db: sqlite3.Connection, nodes: Iterable[tuple[int, int, int]], numbers: dict[int, int]
) -> None:
    """Let what was joined into another node stand where that one does."""
    gone = [node for node, _, flags in nodes if flags & GONE and flags & PURGED != PURGED]
    heirs = dict(db.execute(_JOINED, (json.dumps(gone),)).fetchall()) if gone else {}
    for node in heirs:
        heir, seen = heirs[node], {node}
        while heir in heirs and heir not in seen:
            seen.add(heir)
            heir = heirs[heir]
        numbers[node] = numbers.get(heir, numbers[node])
