"""Builds stories as an author's evenings leave them in the log, by the number of operations.

    python -m benchmarks.evenings PATH [OPERATIONS]

A turn is a batch that is asked for and streams in, some seconds of reading, and what is done with
it: one branch is woven, others are pruned, a text is edited again and again, a note or a chapter
is set, a step is taken back; now and then the author goes back to an earlier fork. An evening has
some six hundred operations and a pause or two; the next one is a day later. `storyloom check`
passes, and the same arguments give the same story.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import stories
from storyloom.story import origins
from storyloom.story.act import text_hash
from storyloom.story.tables import Change

_EVENING = 600
"""Operations of one, about."""
_DAY = 20 * 3_600
_DEEPEST = 4_000


@dataclass
class Written:
    """A story that was built."""

    path: Path
    operations: int
    nodes: int
    evenings: int
    depth: int
    seconds: float


@dataclass
class _Author:
    """Who writes on at `here`, evening after evening."""

    log: stories.Log
    here: int = 1
    evenings: int = 0
    ends: int = 0
    """The operation at which this evening is over."""
    texts: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    """The revision and the text of each node that was edited."""
    kids: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    pruned: set[int] = field(default_factory=set[int])

    def chance(self, share: float) -> bool:
        return self.log.rng.random() < share

    def waits(self, least: float, most: float) -> None:
        """Let so many seconds pass, mostly few of them."""
        rng = self.log.rng
        self.log.time += int(1000 * (least + (most - least) * rng.random() ** 2))

    def turn(self) -> None:
        """Write on at one place."""
        if self.log.op >= self.ends:
            self._another_evening()
        self.waits(3, 60)
        if self.chance(0.15):
            fresh = [self.log.write(self.here)]
        else:
            fresh = self.log.grow(self.here, *self._streams())
        self.kids.setdefault(self.here, []).extend(fresh)
        self.waits(4, 90)
        chosen = self.log.rng.choice(fresh)
        if len(fresh) > 1 and self.chance(0.3):
            self._prune([each for each in fresh if each != chosen], keep=chosen)
        if self.chance(0.5):
            self._weave(chosen)
        for _ in range(self.log.rng.randint(1, 5) if self.chance(0.4) else 0):
            self._edit(chosen)
        self._remarks(chosen)
        self.here = chosen
        if self.chance(0.03) or self.log.depths[chosen] > _DEEPEST:
            self._goes_back()

    def _streams(self) -> tuple[int, list[int]]:
        """Return how many branches are asked for, and how long each takes behind the one before."""
        count = self.log.rng.choice((2, 3, 3, 4, 5, 9))
        first = self.log.rng.randint(1_500, 9_000)
        # Two seconds pass with every operation anyway.
        return count, [first, *(self.log.rng.randint(-1_900, 1_500) for _ in range(count - 1))]

    def _another_evening(self) -> None:
        if self.evenings:
            self.log.append("session.end", [])
            self.waits(_DAY, 3 * _DAY)
        self.evenings += 1
        self.log.session = f"{self.evenings:04}even"
        self.log.append("session.start", [])
        self.ends = self.log.op + self.log.rng.randint(_EVENING // 2, _EVENING * 3 // 2)

    def _sets(self, kind: str, owner: int, key: str, new: Any, **data: Any) -> None:
        old = self.log.attributes.get((owner, key))
        if old != new:
            self.log.append(kind, [Change(owner, key, old, new)], data)

    def _prune(self, nodes: list[int], keep: int = 0) -> None:
        woven = {self.log.attributes.get((self.here, "weave:main"))}
        changes = [Change(node, "pruned", 0, 1) for node in nodes if node not in woven]
        if changes:
            self.log.append("node.prune", changes, {"keep": keep} if keep else {})
            self.pruned |= {change.owner for change in changes}

    def _weave(self, node: int) -> None:
        changes: list[Change] = []
        child = node
        while parent := self.log.parents[child]:
            old = self.log.attributes.get((parent, "weave:main"))
            if old != child:
                changes.append(Change(parent, "weave:main", old, child))
            child = parent
        if changes:
            self.log.append("weave.set", changes[::-1], {"weave": "main", "to": node})

    def _edit(self, node: int) -> None:
        """Give a node another text, as an author does who saves it again and again."""
        self.waits(5, 80)
        rev, text = self.texts.get(node) or (self._first_rev(node), "")
        text = self.log.prose() if not text or self.chance(0.1) else text[:-1] + self.log.prose()
        text = text[-900:]
        self.log.revs += 1
        made, runs = self.log.revs, origins.dumped(origins.whole(text, origins.HUMAN))
        self.log.put("rev", made, node, self.log.op + 1, text_hash(text), runs, text)
        self.log.append("node.text", [Change(node, "rev", rev, made)], {"how": "inline"},
                        revs=[(made, node, text_hash(text).hex(), runs)])  # fmt: skip
        self.texts[node] = (made, text)

    def _first_rev(self, node: int) -> int:
        self.log.flush()
        return self.log.db.execute("SELECT rev FROM node WHERE id = ?", (node,)).fetchone()[0]

    def _remarks(self, node: int) -> None:
        if self.chance(0.15):
            self.waits(5, 40)
            self._sets("note.set", node, "note", f"See what became of n{self.here}.")
            if self.chance(0.3):
                self._take_back()
        if self.chance(0.1):
            self.waits(5, 40)
            self._sets("why.set", node, "why", "She must answer without the word.")
        if self.chance(0.015):
            marks = json.dumps([[0, f"Part {self.evenings}", True]])
            self._sets("chapter.set", node, "chapters", marks)
        if self.chance(0.01):
            self.waits(120, 900)

    def _take_back(self) -> None:
        """Undo the note that was set last."""
        target, change = self.log.op, self.log.last
        if change is not None and change.key == "note":
            self.waits(1, 10)
            self.log.append("undo", [change._replace(old=change.new, new=change.old)],
                            reverts=target)  # fmt: skip

    def _goes_back(self) -> None:
        """Go to an earlier fork on the way here, or elsewhere once the strand is long."""
        self.waits(10, 60)
        back = self.log.rng.randint(1, 40)
        if self.log.depths[self.here] > _DEEPEST or self.chance(0.01):
            self.here = self.log.rng.randint(1, self.log.nodes)
        for _ in range(back):
            if self.log.parents[self.here]:
                self.here = self.log.parents[self.here]
        again = [each for each in self.kids.get(self.here, []) if each in self.pruned]
        if again and self.chance(0.5):
            self.log.append("node.restore", [Change(again[0], "pruned", 1, 0)])
            self.pruned.discard(again[0])


def write(path: Path, operations: int = 10_000) -> Written:
    """Write a new story whose log has that many operations, or a few more."""
    began = time.perf_counter()
    with stories.file.draft(path) as made:
        log = stories.begun(made, f"{operations} evenings")
        author = _Author(log)
        while log.op < operations:
            author.turn()
        log.append("session.end", [])
        stories.end(log)
    return Written(path, log.op, log.nodes, author.evenings, max(log.depths),
                   time.perf_counter() - began)  # fmt: skip


if __name__ == "__main__":
    target = Path(sys.argv[1])
    written = write(target, int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    print(
        f"{target}: {written.operations} operations, {written.nodes} nodes, {written.depth} deep, "
        f"{written.evenings} evenings, in {written.seconds:.1f} s, "
        f"{target.stat().st_size / 1e6:.1f} MB"
    )
