"""A strand's history told as that of one text, as an editor that knows no branches would log it.

The story is a tree and the text is one, so what is told is how the strand of today came to be. A
passage is in the text, at its place of today, from when it was written; a model's branch from when
the author went on with it: wrote, grew or moved something below it, led a weave through it, kept it
alone of its fork, edited, split or joined it. What never came into the strand shows as a suggestion
that was not taken, or not at all. Splits, joins, moves and prunings change no text: what was joined
into a passage is in the text before it, and the half of a split that the strand gave up is in it
until something of the strand comes behind the other half, or to the end. What was undone is deleted
again.

At the end the text is that of the strand, whatever the log says.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from storyloom.exchange import splices
from storyloom.exchange.happenings import (
    Asked,
    Began,
    Edited,
    Happening,
    LeftAlone,
    Offered,
    Taken,
)
from storyloom.exchange.splices import Marked
from storyloom.story import drafts as drafted
from storyloom.story.lineage import Lineage, Step, lineage, steps
from storyloom.story.schema import STREAMING
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["Progress", "history"]

Progress: TypeAlias = "Callable[[int, int], object]"
"""Told how much of the log is read, and of how much. What it raises ends the tale."""


@dataclass(eq=False)
class _Passage:
    """A node of the lineage, and what of it is in the text."""

    node: int
    own: bool
    """Whether it is in the strand of today."""
    until: int
    """Of one that is not, the operation up to which it held something of the strand."""
    rev: int = 0
    """The revision that the node has; 0 before there is a node."""
    away: bool = False
    pruned: bool = False
    sketch: bool = False
    writing: bool = False
    wanted: bool = False
    """Whether the author went on with it. Without that, a branch of a batch is not in the text."""
    replaced: bool = False
    shown: int = 0
    """The revision that is in the text; 0 for none."""

    @property
    def due(self) -> int:
        """The revision that should be in the text."""
        given_up = not self.own and (self.pruned or self.replaced)
        there = self.wanted and not (self.away or self.sketch or self.writing or given_up)
        return self.rev if there else 0


@dataclass(eq=False)
class _Batch:
    parent: int
    branches: dict[int, int]
    """Each with the revision that its model writes."""
    done: set[int] = field(default_factory=set[int])
    shown: tuple[int, ...] = ()
    """The branches as they were shown last."""


def history(
    story: Story, node: int, progress: Progress = lambda _, __: None
) -> Iterator[Happening]:
    """Yield how the strand that ends in `node` came to be; of 0, that of an empty text.

    The log is read as it goes; what is held is a few numbers for each node of the strand. Raises
    Refusal while a model writes in the strand, and where the log is faulty.
    """
    rows = story.read.execute(f"SELECT id FROM node WHERE flags & {STREAMING}").fetchall()
    found = lineage(story, node)
    for (writing,) in rows:
        if writing in found.strand:
            raise Refusal(f"n{writing} is still being written; stop it first, or wait for its end.")
    try:
        yield from _Text(story, found).told(progress)
    except (ValueError, TypeError, LookupError) as error:
        raise Refusal(
            "The log of this story is faulty, so its history cannot be told; 'storyloom check' "
            "says where, and 'storyloom recover' saves what it still proves."
        ) from error


class _Text:
    """The text as it comes to be."""

    def __init__(self, story: Story, found: Lineage) -> None:
        self._story, self._lineage = story, found
        self._passages = [
            _Passage(node, node in found.strand, found.until.get(node, 0)) for node in found.nodes
        ]
        self._by_node = {passage.node: passage for passage in self._passages}
        self._place = {node: place for place, node in enumerate(found.nodes)}
        self._units = [0] * len(found.nodes)
        """How much of each passage is in the text."""
        self._others = [passage for passage in self._passages if not passage.own]
        self._watched = set(found.nodes)
        self._batches: dict[int, _Batch] = {}
        """The batch that each branch is of."""
        self._waiting: list[_Passage] = []
        """Branches that the author went on with and that are not in the text yet."""
        self._open: _Batch | None = None

    def told(self, progress: Progress) -> Iterator[Happening]:
        """Yield all of it."""
        begun = False
        last = self._lineage.last
        for step in steps(self._story, last, self._watched):
            progress(step.op, last)
            if step.op in self._lineage.passed_over:
                continue
            if not begun:
                begun = True
                yield self._begin(step)
            yield from self._done(step)
        if not begun:
            yield Began(self._first_time(), 0, "")
        yield from self._settle()

    # Operations.

    def _begin(self, step: Step) -> Began:
        """Begin with what the author wrote first of all."""
        if step.kind == "story.create":
            self._apply(step)
            first = next((each for each in self._passages if each.due), None)
            text = splices.marked(self._story, first.due) if first is not None else None
            if first is not None and text is not None and not text.by_model:
                first.shown = first.due
                length = self._units[self._place[first.node]] = splices.units(text.text)
                return Began(self._first_time(), length, text.text)
        return Began(self._first_time(), 0, "")

    def _first_time(self) -> int:
        row = self._story.read.execute(
            "SELECT ts FROM op ORDER BY kind = 'story.create' DESC, id LIMIT 1"
        ).fetchone()
        return row[0] if row is not None else 0

    def _done(self, step: Step) -> Iterator[Happening]:
        for node in _gone_on_with(step):
            passage = self._by_node.get(node)
            if passage is not None and passage.rev and not passage.wanted:
                passage.wanted = True
                self._waiting.append(passage)
        yield from self._take(step.op, step.time)
        touched, ended = self._apply(step)
        for batch in ended:
            if len(batch.done) == len(batch.branches) and not batch.shown:
                yield from self._offer(batch, step.time)
        yield from self._take(step.op, step.time)
        yield from self._change(step.op, step.time, touched)
        if step.kind == "gen.request":
            yield from self._ask(step)

    def _apply(self, step: Step) -> tuple[list[_Passage], list[_Batch]]:
        """Return the passages that it concerns, and the batches that a branch of is done."""
        touched: dict[int, _Passage] = {}
        ended: list[_Batch] = []
        for owner, key, _, new in step.changes:
            if key == "streaming" and not new and (batch := self._batches.get(owner)) is not None:
                batch.done.add(owner)
                ended.append(batch)
            passage = self._by_node.get(owner)
            if passage is None:
                continue
            touched[owner] = passage
            if key == "add":
                _, _, passage.rev, flags, _ = json.loads(str(new))
                passage.writing = bool(flags & STREAMING)
                passage.wanted = not passage.writing
            elif key == "rev":
                passage.rev = int(new or 0)
            elif key == "pruned":
                passage.pruned = bool(new)
            elif key in ("gone", "purged"):
                passage.away = bool(new)
            elif key == "streaming":
                passage.writing = bool(new)
            elif key == "sketch":
                passage.sketch = bool(new)
        return list(touched.values()), ended

    def _settle(self) -> Iterator[Happening]:
        """Make the text what the strand is today."""
        time, *_ = self._story.read.execute(
            "SELECT coalesce(max(ts), 0) FROM op WHERE id = ?", (self._lineage.last,)
        ).fetchone()
        for passage in self._passages:
            if not passage.own:
                passage.replaced = True
                continue
            passage.rev, sketch = self._story.read.execute(_PRESENT, (passage.node,)).fetchone()
            passage.sketch = bool(sketch)
            passage.away = passage.writing = False
            if not passage.wanted:
                passage.wanted = True
                self._waiting.append(passage)
        yield from self._take(self._lineage.last, time)
        yield from self._change(self._lineage.last, time, self._passages)

    # Suggestions.

    def _ask(self, step: Step) -> Iterator[Happening]:
        adds = [(each.owner, json.loads(str(each.new))) for each in step.changes
                if each.key == "add"]  # fmt: skip
        if not adds or step.data.get("sketch"):
            return
        parent: int = adds[0][1][0]
        passage = self._by_node.get(parent)
        if passage is None:
            # Beginnings: only where one of them became that of the strand.
            if parent or not any(node in self._by_node for node, _ in adds):
                return
        elif not passage.shown:
            return
        batch = _Batch(parent, {node: added[2] for node, added in adds})
        self._batches |= dict.fromkeys(batch.branches, batch)
        self._watched.update(batch.branches)
        yield from self._put_away(step.time)
        yield Asked(step.time, self._behind(parent), drafted.request(self._story, step.op))

    def _offer(self, batch: _Batch, time: int) -> Iterator[Happening]:
        """Show the branches of a batch that are done, also once more."""
        done = [(node, rev) for node, rev in batch.branches.items() if node in batch.done]
        drafts = tuple(drafted.drafts(self._story, done))
        if not drafts:
            return
        yield from self._put_away(time)
        batch.shown = tuple(draft.node for draft in drafts)
        self._open = batch
        yield Offered(time, self._behind(batch.parent), drafts)

    def _put_away(self, time: int) -> Iterator[Happening]:
        if self._open is not None:
            yield LeftAlone(time, self._behind(self._open.parent))
            self._open = None

    def _take(self, op: int, time: int) -> Iterator[Happening]:
        """Bring what the author went on with into the text, as soon as it is written."""
        for passage in [each for each in self._waiting if not each.writing]:
            self._waiting.remove(passage)
            batch = self._batches.get(passage.node)
            if batch is not None and passage.due:
                if self._open is not batch or passage.node not in batch.shown:
                    yield from self._offer(batch, time)
                if self._open is batch and passage.node in batch.shown:
                    self._open = None
                    at = self._behind(batch.parent)
                    yield Taken(time, at, batch.shown.index(passage.node))
            yield from self._change(op, time, [passage])

    # The text.

    def _behind(self, node: int) -> int:
        """Return where the text of a passage ends; of 0 where the text begins."""
        return sum(self._units[: self._place[node] + 1]) if node else 0

    def _change(self, op: int, time: int, touched: Iterable[_Passage]) -> Iterator[Happening]:
        """Put into the text what is due of those passages."""
        changed = [each for each in touched if each.due != each.shown]
        if not changed:
            return
        replaced = self._replaced(op, changed)
        # Where the cursor was until then.
        before = self._behind(self._open.parent) if self._open is not None else 0
        for edit in self._edits(time, changed, replaced):
            if self._open is not None:
                self._open = None
                yield LeftAlone(time, before)
            yield edit

    def _edits(
        self, time: int, changed: list[_Passage], replaced: list[_Passage]
    ) -> Iterator[Edited]:
        places = sorted(self._place[each.node] for each in changed)
        if any(each.shown for each in changed):
            # Of a split, a join or an undo, what left one passage may have come into another.
            yield from self._edit(time, places[0], places[-1])
        else:
            for place in places:
                yield from self._edit(time, place, place)
        for passage in replaced:
            place = self._place[passage.node]
            passage.replaced = True
            yield from self._edit(time, place, place)

    def _replaced(self, op: int, changed: list[_Passage]) -> list[_Passage]:
        """Return the halves in whose place something comes, and put it before them."""
        came = [self._place[each.node] for each in changed if each.own and not each.shown]
        out: list[_Passage] = []
        for passage in list(self._others):
            place = self._place[passage.node]
            behind = next((each for each in sorted(came) if each > place), None)
            if behind is None or passage.until >= op or passage in changed:
                continue
            self._others.remove(passage)
            out.append(passage)
            if not any(self._units[place + 1 : behind]):
                self._move(place, behind)
        return out

    def _move(self, place: int, behind: int) -> None:
        """Put a passage behind another one; nothing between them is in the text."""
        for each in (self._passages, self._units):
            each.insert(behind, each.pop(place))  # pyright: ignore[reportArgumentType]
        for here in range(place, behind + 1):
            self._place[self._passages[here].node] = here

    def _edit(self, time: int, first: int, last: int) -> Iterator[Edited]:
        """Bring a stretch of passages into the text as they are due now."""
        stretch = self._passages[first : last + 1]
        base = sum(self._units[:first])
        old = [splices.marked(self._story, each.shown) for each in stretch]
        new = [splices.marked(self._story, each.due) for each in stretch]
        for place, passage, text in zip(range(first, last + 1), stretch, new, strict=True):
            passage.shown = passage.due
            self._units[place] = splices.units(text.text)
        parts = splices.parts(base, Marked.joined(old), Marked.joined(new))
        for by_model, some in groupby(parts, key=lambda part: part.by_model):
            at, ops = splices.delta(some)
            yield Edited(time, at, by_model, ops)


_PRESENT = (
    "SELECT rev, EXISTS(SELECT 1 FROM attr WHERE owner = node.id AND key = 'sketch') "
    "FROM node WHERE id = ?"
)


def _gone_on_with(step: Step) -> Iterator[int]:
    """Yield the nodes that the author went on with by this operation."""
    by_author = step.kind == "gen.request" or not step.kind.startswith("gen.")
    for owner, key, _, new in step.changes:
        if key in ("add", "place"):
            yield json.loads(str(new))[0]
        elif key == "rev" and by_author:
            yield owner
        elif key.startswith("weave:") and isinstance(new, int):
            yield new
    if isinstance(keep := step.data.get("keep"), int):
        yield keep
