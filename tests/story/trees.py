"""Trees made by chance, and plain Python that says of them what the story's queries should say."""

import contextlib
import random
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.story import growth, history, placing, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.schema import GONE, HIDDEN, PRUNED
from storyloom.story.story import Story
from storyloom.text import Refusal

LOG = ("op", "change", "rev", "gen", "request")
DERIVED = ("node", "attr", "tally", "undoable", "redoable", "fold", "ui")


def contents(story: Story, *tables: str) -> dict[str, list[Any]]:
    """The rows of some tables, of all that are a story when none is named."""
    return {
        table: story.read.execute(f"SELECT * FROM {table}").fetchall()
        for table in tables or (*LOG, *DERIVED)
    }


@contextlib.contextmanager
def refused(story: Story, sentence: str) -> Generator[None]:
    """The block is refused with words of that pattern, and leaves the log and the tables alone."""
    # A session is noted with its first step, which may be one that is refused.
    with contextlib.suppress(Refusal), story.act("note.set"):
        pass
    before = contents(story)
    with pytest.raises(Refusal, match=sentence) as caught:
        yield
    assert str(caught.value).endswith(".")
    assert contents(story) == before


def planted(path: Path, parents: list[int], text: str = "x") -> Story:
    """A story whose node k + 2 hangs on the node that `parents[k]` names, in one operation."""
    story = Story.create(path, opening="Begin.")
    ends: dict[int, int] = {}
    with story.act("node.create") as act:
        for parent in parents:
            order = ends[parent] = ends.get(parent, 0) + 1
            act.add(parent, f"b{order:04}1", text)
    return story


def by_chance(chance: random.Random, size: int, *, long: float = 0.7) -> list[int]:
    """Parents for `planted`; `long` says how often a node goes on from the one before it."""
    return [
        node - 1 if chance.random() < long else chance.randint(1, node - 1)
        for node in range(2, size + 2)
    ]


def grown(story: Story, parent: int, *texts: str, why: str = "", prompt: str = "p") -> list[int]:
    """Finished branches of a model."""
    asked = [Asked("m/one", {"prompt": prompt})] * len(texts)
    places = growth.request(story, parent, asked, why=why)
    for branch, text in zip(places, texts, strict=True):
        growth.finish(story, branch, text, Result("stop", facts={"cost": 0.01}))
    return [branch.node for branch in places]


class Plain:
    """The tree of a story as one query gives it, and answers by walking it."""

    def __init__(self, story: Story) -> None:
        self.parent: dict[int, int] = {}
        self.flags: dict[int, int] = {}
        self.kids: dict[int, list[int]] = {}
        for node, parent, flags in story.read.execute(
            "SELECT id, parent, flags FROM node ORDER BY parent, ord, id"
        ).fetchall():
            self.parent[node] = parent
            self.flags[node] = flags
            self.kids.setdefault(parent, []).append(node)

    def alive(self) -> list[int]:
        return sorted(node for node, flags in self.flags.items() if not flags & GONE)

    def above(self, node: int) -> list[int]:
        """The node and all above it, up to the root."""
        out: list[int] = []
        while node:
            out.append(node)
            node = self.parent[node]
        return out

    def shown_kids(self, node: int) -> list[int]:
        return [kid for kid in self.kids.get(node, []) if not self.flags[kid] & HIDDEN]

    def all_below(self, node: int) -> list[int]:
        out: list[int] = []
        waiting = list(self.kids.get(node, []))
        while waiting:
            each = waiting.pop()
            out.append(each)
            waiting += self.kids.get(each, [])
        return out

    def below(self, node: int) -> tuple[int, int]:
        """How many nodes are seen below one, and how many there are."""
        whole = sum(1 for each in self.all_below(node) if not self.flags[each] & GONE)
        return len(list(self.in_order(node))) - bool(node), whole

    def in_order(self, top: int = 0) -> Iterator[int]:
        """What is shown of the tree, or of a node and what is below it, in the tree's order."""
        waiting = [top] if top else self.shown_kids(0)[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += self.shown_kids(node)[::-1]

    def hiding(self, node: int) -> int:
        """The topmost hidden node on the strand to a node."""
        hidden = [each for each in self.above(node) if self.flags[each] & HIDDEN]
        return hidden[-1] if hidden else 0


def step(story: Story, chance: random.Random) -> str:
    """Do something to a story's tree by chance, and return what; it may well be refused."""
    plain = Plain(story)
    alive = plain.alive()
    node, other = chance.choice(alive), chance.choice(alive)
    what = chance.choice(_STEPS)
    with contextlib.suppress(Refusal):
        if what == "write":
            shape.write_child(story, node, "Written. By hand.")
        elif what == "beside":
            shape.write_sibling(story, node, "Beside.")
        elif what == "move":
            placing.move(story, node, chance.choice([0, other, other, other]))
        elif what == "move beside":
            placing.move_beside(story, node, other, before=chance.random() < 0.5)
        elif what == "shift":
            placing.shift(story, node, chance.choice([-2, -1, 1, 2]))
        elif what == "copy":
            if plain.below(node)[1] < 20:
                placing.copy(story, node, other)
        elif what == "prune":
            shape.prune(story, node)
        elif what == "restore":
            pruned = [each for each in alive if plain.flags[each] & PRUNED]
            shape.restore(story, pruned[:2])
        elif what == "split":
            shape.split(story, node, 3)
        elif what == "join":
            shape.join(story, node)
        elif what == "grow":
            grown(story, node, "Grown.", *(["", "Again."][: chance.randint(0, 2)]))
        elif what == "weave":
            weaves.set_weave(story, node, chance.choice(["main", "dark"]))
        elif what == "undo":
            history.undo(story)
        else:
            history.redo(story)
    return what


_STEPS = ("write", "beside", "move", "move", "move beside", "shift", "copy", "prune", "prune",
          "restore", "split", "join", "grow", "weave", "undo", "undo", "redo")  # fmt: skip
