"""Every operation on the tree, in any order, against a plain model of what the author expects.

The model knows nothing of logs, revisions or order keys: it is a dict of fields, an undo stack of
what each step changed in it, and texts whose every character says who wrote it.
"""

import contextlib
import difflib
import inspect
import random
import re
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storyloom.story import (
    check,
    growth,
    history,
    lore,
    marks,
    placing,
    purging,
    reading,
    rebuild,
    rows,
    search,
    shape,
    tally,
    tips,
    weaves,
)
from storyloom.story.growth import Asked, Placeholder, Result
from storyloom.story.origins import Run
from storyloom.story.story import Story
from storyloom.story.tables import MemoryTables, NodeState
from storyloom.text import Refusal

MODELS = ("m/one", "m/two")
BEGINNING = ("note", "label", "bookmark", "tag:sea")
CARRIED = (*BEGINNING, "plan")
WEAVES = {"main": "weave", "dark": "dark"}
SAID = (*WEAVES.values(), "chapters", "why", *CARRIED)
TEXTS = st.one_of(
    st.text(st.sampled_from("ab \n.é界🜁"), min_size=1, max_size=12),
    st.sampled_from(
        ["The sea was iron.", " Nobody spoke, nobody moved.", "\n\nMara laughed. ", " "]
    ),
)
PICK = st.integers(0, 10_000)
CLUSTERS = tally.CLUSTER, tally.HEIGHT


class Refused(Exception):
    """The model expects the story to refuse this."""


class Model:
    """What the author expects of the story: fields of nodes, each by (node, field)."""

    def __init__(self, opening: str) -> None:
        self.fields: dict[tuple[int, str], Any] = {}
        self.joins: set[tuple[int, int]] = set()
        """Nodes that were joined, each with the parent whose text it took."""
        self.lore = 0
        """How many entries the lore ever had."""
        self.undo_stack: list[tuple[str, dict[tuple[int, str], tuple[Any, Any]]]] = []
        self.redo_stack: list[tuple[str, Any, dict[tuple[int, str], tuple[Any, Any]]]] = []
        self.born(1, 0, Fraction(0), [(character, "human") for character in opening])
        self.fields[0, "weave"] = 1

    def get(self, node: int, key: str) -> Any:
        return self.fields.get((node, key))

    def set(self, node: int, key: str, value: Any) -> None:
        self.fields[node, key] = value

    def born(self, node: int, parent: int, order: Fraction, text: list[tuple[str, str]]) -> None:
        for key, value in (("parent", parent), ("order", order), ("text", text), ("alive", True)):
            self.set(node, key, value)

    def ids(self) -> list[int]:
        return sorted(node for node, key in self.fields if key == "alive")

    def alive(self) -> list[int]:
        return [node for node in self.ids() if self.get(node, "alive")]

    def kids(self, parent: int) -> list[int]:
        found = [node for node in self.alive() if self.get(node, "parent") == parent]
        return sorted(found, key=lambda node: (self.get(node, "order"), node))

    def shown_kids(self, parent: int) -> list[int]:
        return [node for node in self.kids(parent) if not self.get(node, "pruned")]

    def orders(self, parent: int) -> list[Fraction]:
        return sorted(
            self.get(node, "order") for node in self.ids() if self.get(node, "parent") == parent
        )

    def at_end(self, parent: int) -> Fraction:
        return max(self.orders(parent), default=Fraction(0)) + 1

    def after(self, parent: int, order: Fraction) -> Fraction:
        behind = [each for each in self.orders(parent) if each > order]
        return (order + behind[0]) / 2 if behind else order + 1

    def text(self, node: int) -> str:
        return "".join(character for character, _ in self.get(node, "text"))

    def before(self, parent: int, order: Fraction) -> Fraction:
        ahead = [each for each in self.orders(parent) if each < order]
        return (order + ahead[-1]) / 2 if ahead else order - 1

    def above(self, node: int) -> list[int]:
        """The node and all that it hangs on, up to a root."""
        out: list[int] = []
        while node:
            out.append(node)
            node = self.get(node, "parent")
        return out

    def whole(self, node: int) -> list[int]:
        """All that is below a node and alive."""
        kids = self.kids(node)
        return kids + [each for kid in kids for each in self.whole(kid)]

    def shown(self, node: int) -> list[int]:
        kids = self.shown_kids(node)
        return kids + [each for kid in kids for each in self.shown(kid)]

    def hidden(self, node: int) -> bool:
        return any(self.get(each, "pruned") for each in self.above(node))

    def weave_child(self, node: int, weave: str = "weave") -> int:
        child = self.get(node, weave) or 0
        shown = child in self.shown_kids(node)
        return child if shown else 0

    def settled(self, node: int) -> None:
        if self.get(node, "streaming"):
            raise Refused

    @contextlib.contextmanager
    def step(self, kind: str):
        """One step of the author's: nothing of it stays when it is refused."""
        before = dict(self.fields)
        try:
            yield
        except Refused:
            self.fields = before
            raise
        delta = {
            key: (before.get(key), self.fields.get(key))
            for key in before.keys() | self.fields.keys()
            if before.get(key) != self.fields.get(key)
        }
        if delta:
            self.undo_stack.append((kind, delta))
            self.redo_stack.clear()

    def undo(self) -> str | None:
        if not self.undo_stack:
            return None
        kind, delta = self.undo_stack.pop()
        before = dict(self.fields)
        if kind != "gen.request" and not self.fits(
            {place: new for place, (_, new) in delta.items()}
        ):
            return self.undo()
        for (node, key), (old, _) in delta.items():
            if kind == "gen.request":
                if key == "alive" and self.get(node, "alive"):
                    self.set(node, "pruned", True)
            elif key == "alive" and old is None:
                continue
            elif (node, "alive") not in delta or delta[node, "alive"][0] is not None:
                self.set(node, key, old)
        if kind != "gen.request":
            for (node, key), (old, _) in sorted(delta.items(), reverse=True):
                if key == "alive" and old is None:
                    # Drafts that were paid for keep what they hang on, as a pruned branch.
                    if self.kids(node):
                        self.set(node, "pruned", True)
                    else:
                        self.set(node, "alive", False)
                elif (node, "alive") in delta and key in SAID:
                    self.set(node, key, old)
        if not self.shown_kids(0):
            # What came before it was purged, so a step that made the only root is passed over.
            self.fields = before
            return self.undo()
        changed = {
            key: (before.get(key), self.fields.get(key))
            for key in before.keys() | self.fields.keys()
            if before.get(key) != self.fields.get(key)
        }
        self.redo_stack.append((kind, delta, changed))
        return kind

    def fits(self, left: dict[tuple[int, str], Any]) -> bool:
        """Whether what a step left is still there: one that was passed over may have it changed."""
        return all(
            (self.get(*place) or 0) == (value or 0)
            for place, value in left.items()
            if place[1] in ("pruned", "parent", "order")
        )

    def redo(self) -> str | None:
        if not self.redo_stack:
            return None
        kind, delta, changed = self.redo_stack.pop()
        before = dict(self.fields)
        if not self.fits({place: new for place, (_, new) in changed.items()}):
            return self.redo()
        for (node, key), (old, _) in changed.items():
            self.set(node, key, old)
        if not self.shown_kids(0):
            self.fields = before
            return self.redo()
        self.undo_stack.append((kind, delta))
        return kind

    def write(self, node: int, parent: int, order: Fraction, text: str) -> None:
        if not text.strip():
            raise Refused
        self.born(node, parent, order, [(character, "human") for character in text])

    def edit(self, node: int, text: str, tagged: list[tuple[str, str]] | None) -> bool:
        if not text.strip():
            raise Refused
        self.settled(node)
        old = self.get(node, "text")
        if self.text(node) == text:
            return False
        self.set(node, "text", tagged if tagged is not None else by_diff(old, text))
        chapters = self.get(node, "chapters")
        if chapters:
            moved: dict[int, str] = {}
            for offset, title in chapters:
                at = min(followed("".join(c for c, _ in old), text, offset), len(text) - 1)
                moved.setdefault(at, title)
            self.set(node, "chapters", tuple(sorted(moved.items())))
        return True

    def split(self, node: int, at: int, first: int) -> None:
        self.settled(node)
        text = self.get(node, "text")
        if self.get(node, "pruned") or not 0 < at < len(text):
            raise Refused
        parent = self.get(node, "parent")
        self.born(first, parent, self.get(node, "order"), text[:at])
        self.set(node, "parent", first)
        self.set(node, "order", Fraction(0))
        self.set(node, "text", text[at:])
        for key in BEGINNING:
            self.set(first, key, self.get(node, key))
            self.set(node, key, None)
        chapters = self.get(node, "chapters") or ()
        self.set(first, "chapters", tuple(mark for mark in chapters if mark[0] < at) or None)
        behind = tuple((mark[0] - at, mark[1]) for mark in chapters if mark[0] >= at)
        self.set(node, "chapters", behind or None)
        for weave in WEAVES.values():
            if self.get(parent, weave) == node:
                self.set(parent, weave, first)
                self.set(first, weave, node)

    def join(self, node: int) -> None:
        parent = self.get(node, "parent")
        self.settled(node)
        if not parent:
            raise Refused
        self.settled(parent)
        if self.get(node, "pruned") or self.get(parent, "pruned"):
            raise Refused
        if self.shown_kids(parent) != [node]:
            raise Refused
        others = len(self.kids(parent)) > 1
        above, order = self.get(parent, "parent"), self.get(parent, "order")
        self.set(node, "parent", above)
        self.set(node, "order", self.after(above, order) if others else order)
        shift = len(self.get(parent, "text"))
        self.set(node, "text", self.get(parent, "text") + self.get(node, "text"))
        chapters = dict(self.get(parent, "chapters") or ())
        for offset, title in self.get(node, "chapters") or ():
            chapters.setdefault(offset + shift, title)
        self.set(node, "chapters", tuple(sorted(chapters.items())) or None)
        for key in CARRIED:
            theirs, ours = self.get(parent, key), self.get(node, key)
            if theirs is not None and ours is None:
                self.set(node, key, theirs)
            elif theirs is not None and key == "note" and ours != theirs:
                self.set(node, key, f"{theirs}\n{ours}")
        for weave in WEAVES.values():
            if self.get(above, weave) == parent:
                self.set(above, weave, node)
            if self.get(parent, weave) is not None:
                self.set(parent, weave, None)
        self.set(parent, "pruned" if others else "alive", bool(others))
        self.joins.add((node, parent))

    def prune(self, node: int) -> None:
        if self.get(node, "pruned"):
            raise Refused
        self.keeps_an_opening(node)
        self.cut(node)

    def keeps_an_opening(self, node: int) -> None:
        settled_roots = [each for each in self.shown_kids(0) if not self.get(each, "streaming")]
        if not self.get(node, "parent") and not set(settled_roots) - {node}:
            raise Refused

    def cut(self, node: int) -> None:
        self.set(node, "pruned", True)
        self.unweave(node)

    def unweave(self, node: int) -> None:
        parent = self.get(node, "parent")
        for weave in WEAVES.values():
            if self.get(parent, weave) == node:
                others = [each for each in self.shown_kids(0) if each != node]
                main = not parent and weave == "weave" and others
                self.set(parent, weave, others[0] if main else None)

    def move(self, node: int, parent: int, order: Fraction | None) -> None:
        """Hang a node on `parent`, at its end or with that order."""
        self.movable(node)
        self.settled(parent)
        if node in self.above(parent) or self.hidden(parent):
            raise Refused
        if order is None:
            if self.get(node, "parent") == parent and self.shown_kids(parent)[-1] == node:
                return
            order = self.at_end(parent)
        if self.get(node, "parent") != parent:
            self.keeps_an_opening(node)
            self.unweave(node)
        self.set(node, "parent", parent)
        self.set(node, "order", order)

    def movable(self, node: int) -> None:
        self.settled(node)
        if self.get(node, "pruned"):
            raise Refused

    def shift(self, node: int, by: int) -> None:
        self.movable(node)
        parent = self.get(node, "parent")
        shown = self.shown_kids(parent)
        to = max(0, min(len(shown) - 1, shown.index(node) + by))
        if shown[to] != node:
            place = self.before if by < 0 else self.after
            self.set(node, "order", place(parent, self.get(shown[to], "order")))

    def copy(self, node: int, parent: int, new: int) -> None:
        self.settled(node)
        self.settled(parent)
        if self.hidden(node) or self.hidden(parent):
            raise Refused
        if any(self.get(each, "streaming") for each in self.whole(node)):
            raise Refused
        sources = [node]

        def gather(each: int) -> None:
            for kid in self.shown_kids(each):
                sources.append(kid)
                gather(kid)

        gather(node)
        copies = {source: new + at for at, source in enumerate(sources)}
        order = self.at_end(parent)
        for source in sources:
            place = copies.get(self.get(source, "parent"), parent) if source != node else parent
            at = self.get(source, "order") if source != node else order
            self.born(copies[source], place, at, self.get(source, "text"))
            for key in ("chapters", "why", *CARRIED):
                if self.get(source, key) is not None:
                    self.set(copies[source], key, self.get(source, key))

    def purge(self, node: int) -> int:
        """Delete a pruned node and all that ever hung on it; return how many were there."""
        if not self.get(node, "pruned"):
            raise Refused
        count = len(self.whole(node)) + 1
        doomed = {node}
        while True:
            more = {each for each in self.ids() if self.get(each, "parent") in doomed}
            more |= {
                parent for joined, parent in self.joins
                if joined in doomed and not self.get(parent, "alive")
            }  # fmt: skip
            if more <= doomed:
                break
            doomed |= more
        if any(self.get(each, "streaming") for each in doomed):
            raise Refused

        def touches(delta: dict[tuple[int, str], tuple[Any, Any]]) -> bool:
            return any(
                owner in doomed or (key in WEAVES.values() and doomed & {old, new})
                for (owner, key), (old, new) in delta.items()
            )

        self.undo_stack = [step for step in self.undo_stack if not touches(step[1])]
        self.redo_stack = [step for step in self.redo_stack if not touches(step[2])]
        for each in doomed:
            self.set(each, "alive", False)
            self.set(each, "text", [])
            self.set(each, "pruned", None)
            for key in SAID:
                self.set(each, key, None)
        for (owner, key), value in list(self.fields.items()):
            if key in WEAVES.values() and value in doomed:
                self.set(owner, key, None)
        return count

    def keep_only(self, node: int) -> None:
        if self.get(node, "pruned"):
            raise Refused
        for other in self.shown_kids(self.get(node, "parent")):
            if other != node:
                self.cut(other)

    def weave(self, node: int, weave: str) -> None:
        for each in self.above(node):
            if self.get(each, "pruned"):
                raise Refused
            self.set(self.get(each, "parent"), weave, each)

    def delete_weave(self, weave: str) -> None:
        if self.get(0, weave) is None:
            raise Refused
        for owner, key in list(self.fields):
            if key == weave and (owner or weave != "weave") and self.get(owner, key) is not None:
                self.set(owner, key, None)

    def chapter(self, node: int, offset: int, title: str | None) -> None:
        self.settled(node)
        if not 0 <= offset < max(1, len(self.get(node, "text"))):
            raise Refused
        chapters = dict(self.get(node, "chapters") or ())
        chapters.pop(offset, None)
        if title is not None:
            chapters[offset] = title
        self.set(node, "chapters", tuple(sorted(chapters.items())) or None)

    def view(self, parent: int = 0) -> list[Any]:
        return [
            (
                node,
                self.text(node),
                packed(self.get(node, "text")),
                bool(self.get(node, "pruned")),
                bool(self.get(node, "streaming")),
                self.get(node, "chapters") or (),
                tuple(self.get(node, key) for key in ("why", *CARRIED)),
                tuple(self.weave_child(node, weave) for weave in WEAVES.values()),
                self.view(node),
            )
            for node in self.kids(parent)
        ]


def packed(text: list[tuple[str, str]]) -> tuple[tuple[str, int], ...]:
    out: list[tuple[str, int]] = []
    for _, origin in text:
        if out and out[-1][0] == origin:
            out[-1] = (origin, out[-1][1] + 1)
        else:
            out.append((origin, 1))
    return tuple(out)


def by_diff(old: list[tuple[str, str]], new: str) -> list[tuple[str, str]]:
    """The rule of origins after an unwatched edit, by tags of single characters."""
    pattern = re.compile(r"\s+|\w+|[^\w\s]")
    a = pattern.findall("".join(character for character, _ in old))
    b = pattern.findall(new)
    out: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        length = sum(map(len, b[j1:j2]))
        if tag == "equal" and any(re.match(r"\w", token) for token in a[i1:i2]):
            begin = sum(map(len, a[:i1]))
            out += [origin for _, origin in old[begin : begin + length]]
        else:
            out += ["human"] * length
    return list(zip(new, out, strict=True))


def followed(old: str, new: str, offset: int) -> int:
    """Where the character of `old` at `offset` is in `new`, or what took its place begins."""
    pattern = re.compile(r"\s+|\w+|[^\w\s]")
    a, b = pattern.findall(old), pattern.findall(new)
    at = 0
    for tag, i1, i2, j1, _ in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        before, length = sum(map(len, a[:i1])), sum(map(len, a[i1:i2]))
        begin = sum(map(len, b[:j1]))
        if before <= offset < before + length:
            return begin + offset - before if tag == "equal" else begin
        at = begin
    return at


def view(story: Story, parent: int = 0) -> list[Any]:
    """All that a screen could show of the tree below `parent`."""
    out: list[Any] = []
    for node in reading.children(story, parent, pruned=True):
        (piece,) = reading.pieces(story, [node])
        (card,) = reading.cards(story, [node])
        runs: list[tuple[str, int]] = []
        for run in piece.runs:
            if runs and runs[-1][0] == run.origin:
                runs[-1] = (run.origin, runs[-1][1] + run.length)
            else:
                runs.append((run.origin, run.length))
        texts = tuple(marks.text_of(story, node, key) or None for key in ("why", *CARRIED))
        out.append(
            (
                node,
                piece.text,
                tuple(runs),
                card.pruned,
                card.streaming,
                tuple((mark.offset, mark.title) for mark in piece.marks),
                texts,
                tuple(reading.weave_child(story, node, weave) for weave in WEAVES),
                view(story, node),
            )
        )
    return out


def naive_rows(story: Story, parent: int = 0) -> list[rows.Row]:
    """The rows of the tree by recursion, for stories that are not deep."""
    out: list[rows.Row] = []
    if parent and rows.folded(story, parent):
        return out
    for node in reading.children(story, parent):
        out += [rows.Row(node), *naive_rows(story, node)]
    if reading.pruned_children(story, parent):
        out.append(rows.Row(parent, pruned=True))
    return out


class AuthorsSteps(RuleBasedStateMachine):
    """An author at work on one story."""

    @initialize(opening=st.one_of(st.just(""), TEXTS))
    def begin(self, opening: str) -> None:
        # Small clusters, so that small trees have many.
        tally.CLUSTER, tally.HEIGHT = 6, 4
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "story.loom"
        self.story = Story.create(self.path, opening=opening)
        self.model = Model(opening)
        self.streaming: dict[int, Placeholder] = {}

    def teardown(self) -> None:
        tally.CLUSTER, tally.HEIGHT = CLUSTERS
        if hasattr(self, "story"):
            self.story.close()
            assert [path.name for path in Path(self.folder.name).iterdir()] == ["story.loom"]
            self.folder.cleanup()

    def pick(self, pick: int) -> int:
        alive = self.model.alive()
        return alive[pick % len(alive)]

    def both(self, kind: str, theirs: Any, ours: Any) -> None:
        """Do a step to both; it is refused by both or by none, and then nothing changes."""
        last = self.story.read.execute("SELECT max(id) FROM op").fetchone()
        before = view(self.story)
        try:
            with self.model.step(kind):
                ours()
        except Refused:
            try:
                theirs()
            except Refusal:
                assert self.story.read.execute("SELECT max(id) FROM op").fetchone()[0] <= (
                    last[0] + (self.story.first_op == last[0] + 1)
                )
                assert view(self.story) == before
                return
            raise AssertionError(f"{kind} was not refused") from None
        theirs()

    def next_id(self) -> int:
        return max(self.model.ids()) + 1

    @rule(pick=PICK, text=TEXTS)
    def write_child(self, pick: int, text: str) -> None:
        node, new = self.pick(pick), self.next_id()

        def ours() -> None:
            self.model.settled(node)
            self.model.write(new, node, self.model.at_end(node), text)

        self.both("node.create", lambda: shape.write_child(self.story, node, text), ours)

    @rule(pick=PICK, text=TEXTS)
    def write_sibling(self, pick: int, text: str) -> None:
        node, new = self.pick(pick), self.next_id()
        parent, order = self.model.get(node, "parent"), self.model.get(node, "order")
        self.both(
            "node.create",
            lambda: shape.write_sibling(self.story, node, text),
            lambda: self.model.write(new, parent, self.model.after(parent, order), text),
        )

    @rule(pick=PICK, text=TEXTS)
    def edit_elsewhere(self, pick: int, text: str) -> None:
        node = self.pick(pick)
        self.both(
            "node.text",
            lambda: shape.edit(self.story, node, text, how="editor"),
            lambda: self.model.edit(node, text, None),
        )

    @rule(pick=PICK, at=PICK, typed=TEXTS, origin=st.sampled_from(["human", "paste"]))
    def edit_watched(self, pick: int, at: int, typed: str, origin: str) -> None:
        node = self.pick(pick)
        tagged = list(self.model.get(node, "text"))
        place = at % (len(tagged) + 1)
        tagged[place : place + at % 3] = [(character, origin) for character in typed]
        text = "".join(character for character, _ in tagged)
        runs = tuple(Run(*item) for item in packed(tagged))
        self.both(
            "node.text",
            lambda: shape.edit(self.story, node, text, runs),
            lambda: self.model.edit(node, text, tagged),
        )

    @rule(pick=PICK, at=PICK)
    def split(self, pick: int, at: int) -> None:
        node, first = self.pick(pick), self.next_id()
        text = self.model.text(node)
        at %= len(text) + 2
        strand = reading.strand_text(self.story, node)

        def theirs() -> None:
            assert shape.split(self.story, node, at) == first
            assert reading.strand_text(self.story, node) == strand

        self.both("node.split", theirs, lambda: self.model.split(node, at, first))

    @rule(pick=PICK)
    def join(self, pick: int) -> None:
        # Mostly where it may be done: two nodes at random seldom are parent and only child.
        only = [
            node
            for node in self.model.alive()
            if (parent := self.model.get(node, "parent")) and len(self.model.kids(parent)) < 3
        ]
        node = only[pick % len(only)] if only and pick % 8 else self.pick(pick)
        strand = reading.strand_text(self.story, node)

        def theirs() -> None:
            assert shape.join(self.story, node).node == node
            assert reading.strand_text(self.story, node) == strand

        self.both("node.join", theirs, lambda: self.model.join(node))

    @rule(pick=PICK)
    def prune(self, pick: int) -> None:
        node = self.pick(pick)
        self.both(
            "node.prune", lambda: shape.prune(self.story, node), lambda: self.model.prune(node)
        )

    @rule(pick=PICK)
    def keep_only(self, pick: int) -> None:
        node = self.pick(pick)
        self.both(
            "node.prune",
            lambda: shape.keep_only(self.story, node),
            lambda: self.model.keep_only(node),
        )

    @rule(picks=st.lists(PICK, min_size=1, max_size=3))
    def restore(self, picks: list[int]) -> None:
        nodes = [self.pick(pick) for pick in picks]

        def ours() -> None:
            for node in nodes:
                if self.model.get(node, "pruned"):
                    self.model.set(node, "pruned", False)

        self.both("node.restore", lambda: shape.restore(self.story, nodes), ours)

    @rule(pick=PICK, to=PICK, how=st.sampled_from(["to", "before", "after"]))
    def move(self, pick: int, to: int, how: str) -> None:
        node, target = self.pick(pick), self.pick(to)
        parent = target if how == "to" else self.model.get(target, "parent")

        def theirs() -> None:
            if how == "to":
                placing.move(self.story, node, target)
            else:
                placing.move_beside(self.story, node, target, before=how == "before")

        def ours() -> None:
            if how == "to":
                return self.model.move(node, parent, None)
            if node == target:
                raise Refused
            place = self.model.before if how == "before" else self.model.after
            return self.model.move(node, parent, place(parent, self.model.get(target, "order")))

        self.both("node.move", theirs, ours)

    @rule(pick=PICK, by=st.sampled_from([-2, -1, 1, 2]))
    def shift(self, pick: int, by: int) -> None:
        node = self.pick(pick)
        self.both(
            "node.move",
            lambda: placing.shift(self.story, node, by),
            lambda: self.model.shift(node, by),
        )

    @precondition(lambda self: len(self.model.alive()) < 25)
    @rule(pick=PICK, to=PICK)
    def copy(self, pick: int, to: int) -> None:
        node, parent, new = self.pick(pick), self.pick(to), self.next_id()

        def theirs() -> None:
            assert placing.copy(self.story, node, parent) == new

        self.both("node.copy", theirs, lambda: self.model.copy(node, parent, new))

    @precondition(lambda self: any(self.model.get(n, "pruned") for n in self.model.alive()))
    @rule(pick=PICK)
    def purge(self, pick: int) -> None:
        pruned = [node for node in self.model.alive() if self.model.get(node, "pruned")]
        node = pruned[pick % len(pruned)] if pick % 5 < 4 else self.pick(pick)
        before = dict(self.model.fields)
        try:
            count = self.model.purge(node)
        except Refused:
            self.model.fields = before
            with pytest.raises(Refusal):
                purging.purge(self.story, [node])
            return
        assert purging.purge(self.story, [node]).nodes == count
        for (text,) in self.story.read.execute(
            "SELECT text FROM rev JOIN node ON node.id = rev.node WHERE node.flags & 8"
        ).fetchall():
            assert text == ""

    @rule(pick=PICK, weave=st.sampled_from(["main", "main", "dark"]))
    def weave(self, pick: int, weave: str) -> None:
        node = self.pick(pick)
        self.both(
            "weave.set",
            lambda: weaves.set_weave(self.story, node, weave),
            lambda: self.model.weave(node, WEAVES[weave]),
        )

    @rule(pick=PICK, weave=st.sampled_from(list(WEAVES)))
    def end_weave(self, pick: int, weave: str) -> None:
        node = self.pick(pick)

        def ours() -> None:
            if self.model.get(node, WEAVES[weave]) is not None:
                self.model.set(node, WEAVES[weave], None)

        self.both("weave.set", lambda: weaves.end_weave(self.story, node, weave), ours)

    @rule(weave=st.sampled_from(list(WEAVES)))
    def delete_weave(self, weave: str) -> None:
        self.both(
            "weave.delete",
            lambda: weaves.delete_weave(self.story, weave),
            lambda: self.model.delete_weave(WEAVES[weave]),
        )

    @rule(pick=PICK, on=st.booleans(), name=st.sampled_from([None, "x", "y z"]))
    def mark(self, pick: int, on: bool, name: str | None) -> None:
        node = self.pick(pick)
        self.both(
            "tag.set",
            lambda: marks.tag(self.story, node, "sea", on=on),
            lambda: self.model.set(node, "tag:sea", "1" if on else None),
        )
        self.both(
            "bookmark.set",
            lambda: marks.bookmark(self.story, node, name),
            lambda: self.model.set(node, "bookmark", name),
        )

    @rule(which=st.integers(0, 4), content=st.sampled_from(["Salt.", "Iron.", ""]))
    def know(self, which: int, content: str) -> None:
        """Add an entry of the lore, change one, or take one away where it has no content."""
        uid = str(which if 0 < which <= self.model.lore else self.model.lore + 1)
        known = self.model.get(0, f"lore:{uid}") is not None

        def theirs() -> None:
            if not content:
                lore.remove_entry(self.story, uid)
            else:
                given = uid if int(uid) <= self.model.lore else None
                assert lore.set_entry(self.story, {"content": content}, given) == uid

        def ours() -> None:
            if not content and not known:
                raise Refused
            self.model.set(0, f"lore:{uid}", content or None)

        self.both("lore.set", theirs, ours)
        if content:
            self.model.lore = max(self.model.lore, int(uid))

    @rule(words=st.sampled_from([None, 40, 80, 5]))
    def set_words(self, words: int | None) -> None:
        def ours() -> None:
            if words == 5:
                raise Refused
            self.model.set(0, "setting:words", words)

        self.both("settings.set", lambda: marks.set_setting(self.story, "words", words), ours)

    @rule(pick=PICK, at=PICK, title=st.one_of(st.none(), st.sampled_from(["One", ""])))
    def chapter(self, pick: int, at: int, title: str | None) -> None:
        node = self.pick(pick)
        offset = at % (len(self.model.text(node)) + 2)
        self.both(
            "chapter.set",
            lambda: marks.set_chapter(self.story, node, title, offset),
            lambda: self.model.chapter(node, offset, title),
        )

    @rule(pick=PICK, key=st.sampled_from(["why", *CARRIED]), text=st.sampled_from(["", "x", "y z"]))
    def say(self, pick: int, key: str, text: str) -> None:
        node = self.pick(pick)
        if key in ("bookmark", "tag:sea"):
            return
        self.both(
            f"{key}.set",
            lambda: marks.set_text(self.story, node, key, text),
            lambda: self.model.set(node, key, text.strip() or None),
        )

    @rule(pick=PICK, count=st.integers(1, 3))
    def ask(self, pick: int, count: int) -> None:
        parent = self.pick(pick)
        new = self.next_id()
        asked = [Asked(MODELS[index % 2], {"prompt": "…"}) for index in range(count)]

        def theirs() -> None:
            for place in growth.request(self.story, parent, asked):
                self.streaming[place.node] = place

        def ours() -> None:
            self.model.settled(parent)
            for index in range(count):
                self.model.born(new + index, parent, self.model.at_end(parent), [])
                self.model.set(new + index, "streaming", True)

        self.both("gen.request", theirs, ours)

    def waiting(self, pick: int) -> Placeholder | None:
        nodes = sorted(self.streaming)
        return self.streaming[nodes[pick % len(nodes)]] if nodes else None

    @rule(pick=PICK, text=TEXTS)
    def stream(self, pick: int, text: str) -> None:
        place = self.waiting(pick)
        if place is not None:
            growth.flush(self.story, {place.rev: text})
            self.model.set(place.node, "text", [(c, f"model:{place.asked.model}") for c in text])

    @rule(pick=PICK, text=st.one_of(st.just(""), TEXTS), ends=st.sampled_from(["stop", "error"]))
    def arrive(self, pick: int, text: str, ends: str) -> None:
        place = self.waiting(pick)
        if place is not None:
            del self.streaming[place.node]
            growth.finish(self.story, place, text, Result(ends, facts={"cost": 0.25}))
            origin = f"model:{place.asked.model}"
            self.model.set(place.node, "text", [(character, origin) for character in text])
            self.model.set(place.node, "streaming", False)
            if not text.strip():
                self.model.set(place.node, "alive", False)

    @rule(times=st.integers(1, 4))
    def undo_and_redo(self, times: int) -> None:
        before = view(self.story)
        done = [history.undo(self.story) for _ in range(times)]
        kinds = [kind for kind in done if kind]
        again = [history.redo(self.story) for _ in kinds]
        assert again == kinds[::-1]
        assert view(self.story) == before
        assert [self.model.undo() for _ in range(times)] == done
        for _ in kinds:
            self.model.redo()

    @rule(times=st.integers(1, 4))
    def undo(self, times: int) -> None:
        for _ in range(times):
            expected = self.model.undo_stack[-1][0] if self.model.undo_stack else None
            assert history.undoable(self.story) == expected
            assert history.undo(self.story) == self.model.undo()

    @rule()
    def redo(self) -> None:
        expected = self.model.redo_stack[-1][0] if self.model.redo_stack else None
        assert history.redoable(self.story) == expected
        assert history.redo(self.story) == self.model.redo()

    @rule(pick=PICK)
    def fold(self, pick: int) -> None:
        node = self.pick(pick)
        rows.fold(self.story, node, not rows.folded(self.story, node))

    @rule()
    def reopen(self) -> None:
        self.story.close()
        self.story = Story(self.path)
        recovered = growth.recover(self.story)
        assert set(recovered) == set(self.streaming)
        for node in recovered:
            self.model.set(node, "streaming", False)
            if not self.model.text(node).strip():
                self.model.set(node, "alive", False)
        self.streaming.clear()

    @rule()
    def rebuild(self) -> None:
        target = self.path.with_name("rebuilt.loom")
        rebuild.rebuild(self.path, target)
        with Story(target) as again:
            assert check.check(again).faults == []
            assert view(again) == view(self.story)
            assert table_contents(again) == table_contents(self.story)
            alive = self.model.alive()
            assert reading.below(again, alive) == reading.below(self.story, alive)
            for phrase in ("sea", "x", "salt"):
                assert found(again, phrase) == found(self.story, phrase)
        target.unlink()

    @invariant()
    def what_is_below_is_counted(self) -> None:
        if not hasattr(self, "story"):
            return
        nodes = [0, *self.model.alive()]
        assert reading.below(self.story, nodes) == {
            node: (len(self.model.shown(node)), len(self.model.whole(node))) for node in nodes
        }
        for node in nodes[1:]:
            above = self.model.above(node)
            assert reading.depth(self.story, node) == len(above)
            pruned = [each for each in above if self.model.get(each, "pruned")]
            assert tally.hiding(self.story.read, node) == (pruned[-1] if pruned else 0)
            for other in nodes[1::3]:
                assert tally.within(self.story.read, node, other) == (other in above)

    @invariant()
    def what_is_said_of_the_story_is_kept(self) -> None:
        if not hasattr(self, "story"):
            return
        kept = {uid: entry["content"] for uid, entry in lore.entries(self.story).items()}
        said = {key[5:]: value for (_, key), value in self.model.fields.items()
                if key.startswith("lore:") and value is not None}  # fmt: skip
        assert kept == said
        words = self.model.get(0, "setting:words")
        assert marks.settings_of(self.story) == ({"words": words} if words is not None else {})

    @invariant()
    def the_story_is_what_the_model_says(self) -> None:
        if not hasattr(self, "story"):
            return
        seen = view(self.story)
        expected = self.model.view()
        assert without_streamed(seen) == without_streamed(expected)
        for name, key in WEAVES.items():
            weave: list[int] = []
            node = self.model.weave_child(0, key)
            while node:
                weave.append(node)
                node = self.model.weave_child(node, key)
            tip = tips.weave_tip(self.story, name)
            assert tip == (weave[-1] if weave else 0)
            assert reading.path(self.story, tip) == weave

    @invariant()
    def rows_are_the_tree_flattened(self) -> None:
        if not hasattr(self, "story"):
            return
        flat = naive_rows(self.story)
        assert rows.following(self.story, rows.Row(0), 10_000) == flat
        if flat:
            assert rows.preceding(self.story, flat[-1], 10_000) == flat[:-1]

    @invariant()
    def the_log_tells_all(self) -> None:
        if not hasattr(self, "story"):
            return
        assert check.check(self.story).faults == []
        assert table_contents(self.story) == check.folded_log(self.story.read)


def without_streamed(nodes: list[Any]) -> list[Any]:
    """Leave out the origins of what is still streaming: they are known when it ends."""
    return [
        (node, text, None if streaming else runs, pruned, streaming, *rest, without_streamed(kids))
        for node, text, runs, pruned, streaming, *rest, kids in nodes
    ]


def found(story: Story, phrase: str) -> search.Found:
    return search.search(story, phrase, limit=1_000)


def table_contents(story: Story) -> MemoryTables:
    tables = MemoryTables()
    for node, *state, born in story.read.execute(
        "SELECT id, parent, ord, rev, flags, gen, born FROM node"
    ):
        tables.nodes[node] = NodeState(*state)
        tables.born[node] = born
    for owner, key, value in story.read.execute("SELECT owner, key, value FROM attr"):
        tables.attributes[owner, key] = value
    return tables


TestAuthorsSteps = AuthorsSteps.TestCase
TestAuthorsSteps.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

SOME_TEXTS = ("The sea was iron.", " Nobody spoke, nobody moved.", "a b", "é界🜁\n", " ")
SOME: dict[str, Any] = {
    "pick": range(10_000),
    "to": range(10_000),
    "at": range(10_000),
    "text": SOME_TEXTS,
    "typed": SOME_TEXTS,
    "origin": ("human", "paste"),
    "how": ("to", "before", "after"),
    "by": (-2, -1, 1, 2),
    "weave": tuple(WEAVES),
    "on": (True, False),
    "name": (None, "x", "y z"),
    "which": range(5),
    "content": ("Salt.", "Iron.", ""),
    "words": (None, 40, 80, 5),
    "title": (None, "One", ""),
    "key": ("why", "note", "label", "plan"),
    "count": (1, 2, 3),
    "ends": ("stop", "error"),
    "times": (1, 1, 1, 2, 4),
}
STEPS = ("write_child", "write_sibling", "edit_elsewhere", "edit_watched", "split", "join",
         "prune", "keep_only", "restore", "move", "shift", "copy", "purge", "weave", "end_weave",
         "delete_weave", "mark", "know", "set_words", "chapter", "say", "ask", "stream", "arrive",
         "undo_and_redo", "undo", "redo", "fold", "reopen", "rebuild")  # fmt: skip
OFTEN = ("write_child", "write_sibling", "undo", "prune", "move", "arrive", "ask")
INVARIANTS = ("what_is_below_is_counted", "what_is_said_of_the_story_is_kept",
              "rows_are_the_tree_flattened", "the_log_tells_all")  # fmt: skip


@pytest.mark.parametrize("seed", range(16))
def test_a_long_evening_of_any_steps(seed: int) -> None:
    """Hypothesis finds short stories of faults; these are long ones, where most steps succeed."""
    chance = random.Random(seed)
    author = AuthorsSteps()
    author.begin("The sea was iron.")
    done: set[str] = set()
    try:
        for number in range(150):
            name = chance.choice([*STEPS, *OFTEN])
            alive = author.model.alive()
            if name == "copy" and len(alive) > 25:
                continue
            if name == "purge" and not any(author.model.get(each, "pruned") for each in alive):
                continue
            before = reading.last_op(author.story)
            getattr(author, name)(**by_chance(chance, getattr(author, name)))
            if reading.last_op(author.story) > before:
                done.add(name)
            author.the_story_is_what_the_model_says()
            if number % 10 == 9:
                for each in INVARIANTS:
                    getattr(author, each)()
    finally:
        author.teardown()
    assert len(done) > 15


def by_chance(chance: random.Random, step: Any) -> dict[str, Any]:
    """What a rule is given, drawn evenly."""
    names = inspect.signature(step).parameters
    return {
        name: [chance.randrange(10_000)] if name == "picks" else chance.choice(SOME[name])
        for name in names
    }
