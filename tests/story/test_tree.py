"""Every operation on the tree, in any order, against a plain model of what the author expects.

The model knows nothing of logs, revisions or order keys: it is a dict of fields, an undo stack of
what each step changed in it, and texts whose every character says who wrote it.
"""

import contextlib
import difflib
import re
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storyloom.story import check, growth, history, marks, reading, rows, shape, weaves
from storyloom.story.growth import Asked, Placeholder, Result
from storyloom.story.origins import Run
from storyloom.story.story import Story
from storyloom.story.tables import MemoryTables, NodeState
from storyloom.text import Refusal

MODELS = ("m/one", "m/two")
CARRIED = ("note", "label", "plan")
TEXTS = st.one_of(
    st.text(st.sampled_from("ab \n.é界🜁"), min_size=1, max_size=12),
    st.sampled_from(
        ["The sea was iron.", " Nobody spoke, nobody moved.", "\n\nMara laughed. ", " "]
    ),
)
PICK = st.integers(0, 10_000)


class Refused(Exception):
    """The model expects the story to refuse this."""


class Model:
    """What the author expects of the story: fields of nodes, each by (node, field)."""

    def __init__(self, opening: str) -> None:
        self.fields: dict[tuple[int, str], Any] = {}
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

    def weave_child(self, node: int) -> int:
        child = self.get(node, "weave") or 0
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
        for (node, key), (old, _) in delta.items():
            if kind == "gen.request":
                if key == "alive" and self.get(node, "alive"):
                    self.set(node, "pruned", True)
            elif key == "alive" and old is None:
                continue
            elif (node, "alive") not in delta or delta[node, "alive"][0] is not None:
                self.set(node, key, old)
        if kind != "gen.request":
            for (node, key), (old, _) in delta.items():
                if key == "alive" and old is None:
                    # Drafts that were paid for keep what they hang on, as a pruned branch.
                    if self.kids(node):
                        self.set(node, "pruned", True)
                    else:
                        self.set(node, "alive", False)
                elif (node, "alive") in delta and key in ("weave", "chapters", *CARRIED):
                    self.set(node, key, old)
        changed = {
            key: (before.get(key), self.fields.get(key))
            for key in before.keys() | self.fields.keys()
            if before.get(key) != self.fields.get(key)
        }
        self.redo_stack.append((kind, delta, changed))
        return kind

    def redo(self) -> str | None:
        if not self.redo_stack:
            return None
        kind, delta, changed = self.redo_stack.pop()
        for (node, key), (old, _) in changed.items():
            self.set(node, key, old)
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
        for key in ("note", "label"):
            self.set(first, key, self.get(node, key))
            self.set(node, key, None)
        chapters = self.get(node, "chapters") or ()
        self.set(first, "chapters", tuple(mark for mark in chapters if mark[0] < at) or None)
        behind = tuple((mark[0] - at, mark[1]) for mark in chapters if mark[0] >= at)
        self.set(node, "chapters", behind or None)
        if self.get(parent, "weave") == node:
            self.set(parent, "weave", first)
            self.set(first, "weave", node)

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
        if self.get(above, "weave") == parent:
            self.set(above, "weave", node)
        if self.get(parent, "weave") is not None:
            self.set(parent, "weave", None)
        self.set(parent, "pruned" if others else "alive", bool(others))

    def prune(self, node: int) -> None:
        if self.get(node, "pruned"):
            raise Refused
        parent = self.get(node, "parent")
        settled_roots = [each for each in self.shown_kids(0) if not self.get(each, "streaming")]
        if not parent and not set(settled_roots) - {node}:
            raise Refused
        self.cut(node)

    def cut(self, node: int) -> None:
        self.set(node, "pruned", True)
        parent = self.get(node, "parent")
        if self.get(parent, "weave") == node:
            self.set(parent, "weave", None)

    def keep_only(self, node: int) -> None:
        if self.get(node, "pruned"):
            raise Refused
        for other in self.shown_kids(self.get(node, "parent")):
            if other != node:
                self.cut(other)

    def weave(self, node: int) -> None:
        while node:
            if self.get(node, "pruned"):
                raise Refused
            parent = self.get(node, "parent")
            self.set(parent, "weave", node)
            node = parent

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
                self.weave_child(node),
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
                reading.weave_child(story, node),
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
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "story.loom"
        self.story = Story.create(self.path, opening=opening)
        self.model = Model(opening)
        self.streaming: dict[int, Placeholder] = {}

    def teardown(self) -> None:
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

    @rule(pick=PICK)
    def weave(self, pick: int) -> None:
        node = self.pick(pick)
        self.both(
            "weave.set", lambda: weaves.set_weave(self.story, node), lambda: self.model.weave(node)
        )

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
        self.both(
            f"{key}.set",
            lambda: marks.set_text(self.story, node, key, text),
            lambda: self.model.set(node, key, text or None),
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
        for _ in kinds:
            self.model.undo()
        for _ in kinds:
            self.model.redo()

    @rule(times=st.integers(1, 4))
    def undo(self, times: int) -> None:
        for _ in range(times):
            expected = self.model.undo_stack[-1][0] if self.model.undo_stack else None
            assert history.undoable(self.story) == expected
            assert history.undo(self.story) == self.model.undo() == expected

    @rule()
    def redo(self) -> None:
        expected = self.model.redo_stack[-1][0] if self.model.redo_stack else None
        assert history.redoable(self.story) == expected
        assert history.redo(self.story) == self.model.redo() == expected

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

    @invariant()
    def the_story_is_what_the_model_says(self) -> None:
        if not hasattr(self, "story"):
            return
        seen = view(self.story)
        expected = self.model.view()
        assert without_streamed(seen) == without_streamed(expected)
        weave: list[int] = []
        node = self.model.weave_child(0)
        while node:
            weave.append(node)
            node = self.model.weave_child(node)
        tip = reading.weave_tip(self.story)
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
    max_examples=160,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
