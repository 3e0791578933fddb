"""A recorded writing session made a story by doing again what was done, at the times of then.

Each set of suggestions that was shown becomes a fork, and each change of the text the author's or
the model's own operation, so that undo, replay and provenance know them as they know any other.
"""

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from pathlib import Path
from typing import TypeAlias

from storyloom.exchange.readers.coauthor import Edit, Event, Offer, gestures, units
from storyloom.story import file, growth, origins, placing, reading, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.kept import kept, kept_with_runs
from storyloom.story.origins import HUMAN, Run, Runs
from storyloom.story.story import Story

__all__ = ["MODEL", "PROMPT", "write_session"]

MODEL = "coauthor/gpt-3"
"""What the model of all sessions is called; their files do not name it."""
PROMPT = "import:coauthor"
"""The origin of the text that a session began with, which its makers wrote."""

_Cell: TypeAlias = "tuple[str, str, int | None]"
"""A UTF-16 unit, its origin, and the generation it is of."""
_AT_ONCE = 20


def write_session(
    path: Path,
    events: Sequence[Event],
    *,
    title: str,
    progress: Callable[[int, int], object] = lambda _, __: None,
) -> int:
    """Create the story `path` of a session's events, and return how many nodes it has.

    `progress` is told how many of how many are in; what it raises ends it, and no file is left
    then. Raises Refusal when the file is there or cannot be written.
    """
    steps = list(gestures(events))
    with file.draft(path) as made, Story(made) as story:
        writer = _Writer(story, title)
        for number, event in enumerate(steps):
            writer.do(event, _taken(steps, number))
            if number % _AT_ONCE == 0:
                progress(number, len(steps))
        writer.begin("")
        progress(len(steps), len(steps))
        return reading.made(story)


def _taken(steps: Sequence[Event], number: int) -> Edit | None:
    """Return what was put into the text of the suggestions that event `number` shows, if any was.

    Which one was chosen only this tells: the index that the files hold is wrong for one in five,
    where a mouse was used.
    """
    if steps[number].name != "suggestion-open":
        return None
    for event in steps[number + 1 :]:
        if event.edits or event.name == "suggestion-open":
            taken = event.edits[0] if event.by_model and len(event.edits) == 1 else None
            return taken if taken is not None and taken.inserted else None
    return None


@dataclass
class _Passage:
    """A node of the strand that the document is."""

    node: int
    cells: list[_Cell] = field(default_factory=list[_Cell])
    goes_on: bool = False
    """Whether what is typed at its end belongs to it: the author's own, with nothing below it."""


@dataclass(frozen=True)
class _Choice:
    """The branch that is to be taken, and where."""

    node: int
    gen: int
    edit: Edit
    behind: int
    """How many passages of the strand are before it."""


class _Writer:
    """Does a session's events in a story, one after the other."""

    def __init__(self, story: Story, title: str) -> None:
        self._story, self._title = story, title
        self._strand: list[_Passage] = []
        self._time = 0
        self._asked: Event | None = None
        self._choice: _Choice | None = None
        story.clock = lambda: self._time

    def do(self, event: Event, taken: Edit | None) -> None:
        """Do one event; `taken` is what will be put into the text of what it offers."""
        # A clock that was set back while somebody wrote must not turn the log around.
        asked = self._asked
        self._time = max(self._time, asked.time if asked is not None else event.time)
        if event.name == "system-initialize":
            self.begin(event.text.removesuffix("\n"))
        elif event.name == "suggestion-get":
            self._asked = event
        elif event.name == "suggestion-open":
            self._offer(event, taken)
        elif event.edits:
            self._time = max(self._time, event.time)
            self._asked = None
            self.begin("")
            if not self._takes(event):
                self._edit(event)

    def begin(self, text: str) -> None:
        """Begin the story with the text that was there, unless it has begun."""
        if self._strand:
            return
        root = _Passage(0, [(unit, PROMPT, None) for unit in units(text)])
        with self._story.act("story.create", data={"import": "coauthor"}) as act:
            act.change(0, "title", kept(self._title))
            root.node = act.add(0, "a0", *_kept(root.cells))
            act.change(0, "weave:main", root.node)
        self._strand.append(root)

    # Suggestions.

    def _offer(self, event: Event, taken: Edit | None) -> None:
        self.begin("")
        offers = [offer for offer in event.offers if offer.original]
        asked, self._asked, self._choice = self._asked or event, None, None
        if not offers:
            return
        chosen = _chosen(offers, taken) if taken is not None else None
        at = taken.at if taken is not None and chosen is not None else event.cursor
        behind = self._part(at)
        parent = self._strand[behind - 1] if behind else None
        body = {"prompt": _kept(self._cells[:at])[0]}
        wanted = [Asked(MODEL, body, dict(asked.asked)) for _ in offers]
        places = growth.request(self._story, parent.node if parent else 0, wanted)
        if parent is not None:
            parent.goes_on = False
        self._time = max(self._time, event.time)
        for number, (place, offer) in enumerate(zip(places, offers, strict=True)):
            text = units(offer.original)
            if number == chosen and taken is not None:
                text = taken.inserted
                self._choice = _Choice(place.node, place.gen, taken, behind)
            facts = {} if offer.probability is None else {"probability": offer.probability}
            growth.finish(self._story, place, _joined(text), Result("stop", facts=facts))

    def _takes(self, event: Event) -> bool:
        """Go on with the branch that this event puts into the text; false when it is none."""
        choice, self._choice = self._choice, None
        if choice is None or not event.by_model or event.edits != (choice.edit,):
            return False
        origin = origins.model_origin(MODEL)
        cells: list[_Cell] = [(unit, origin, choice.gen) for unit in choice.edit.inserted]
        following = self._strand[choice.behind : choice.behind + 1]
        self._strand.insert(choice.behind, _Passage(choice.node, cells))
        for passage in following:
            placing.move(self._story, passage.node, choice.node)
        weaves.set_weave(self._story, self._strand[-1].node)
        return True

    def _part(self, at: int) -> int:
        """Return how many passages of the strand are before a place; one that it is in is split."""
        ends = list(accumulate(len(passage.cells) for passage in self._strand))
        if at >= ends[-1]:
            return len(self._strand)
        index = bisect.bisect_left(ends, at)
        passage = self._strand[index]
        inside = at - ends[index] + len(passage.cells)
        if not inside or at == ends[index]:
            return index + bool(inside)
        before, after = passage.cells[:inside], passage.cells[inside:]
        length, whole = len(_kept(before)[0]), len(_kept(passage.cells)[0])
        if not 0 < length < whole:
            return index + 1
        first = shape.split(self._story, passage.node, length)
        passage.cells = after
        self._strand.insert(index, _Passage(first, before))
        return index + 1

    # Changes of the text.

    @property
    def _cells(self) -> list[_Cell]:
        return [cell for passage in self._strand for cell in passage.cells]

    def _edit(self, event: Event) -> None:
        origin = origins.model_origin(MODEL) if event.by_model else HUMAN
        actor = "model" if event.by_model else "human"
        length = sum(len(passage.cells) for passage in self._strand)
        only = event.edits[0] if len(event.edits) == 1 else None
        at_end = only is not None and not only.deleted and only.at >= length
        if only is not None and at_end and not (self._strand[-1].goes_on and not event.by_model):
            self._go_on(only.inserted, origin, actor)
            return
        touched: dict[int, _Passage] = {}
        for edit in event.edits:
            for passage in self._change(edit, origin):
                touched[passage.node] = passage
        counts = {
            "inserted": {origin: sum(len(_joined(edit.inserted)) for edit in event.edits)},
            "deleted": sum(edit.deleted for edit in event.edits),
        }
        data = {"how": "import", **counts}
        with self._story.act("node.text", actor=actor, data=data) as act:
            for passage in touched.values():
                act.change(passage.node, "rev", act.revise(passage.node, *_kept(passage.cells)))

    def _go_on(self, text: str, origin: str, actor: str) -> None:
        """Write a passage of its own at the end."""
        tip = self._strand[-1]
        passage = _Passage(0, [(unit, origin, None) for unit in text], origin == HUMAN)
        with self._story.act("node.create", actor=actor) as act:
            order = shape.keys_at_end(act, tip.node, 1)[0]
            passage.node = act.add(tip.node, order, *_kept(passage.cells))
            act.change(tip.node, "weave:main", passage.node)
        tip.goes_on = False
        self._strand.append(passage)

    def _change(self, edit: Edit, origin: str) -> Iterator[_Passage]:
        """Make one edit in the passages and yield those that it is in."""
        start = 0
        inserted: list[_Cell] = [(unit, origin, None) for unit in edit.inserted]
        left = edit.deleted
        for passage in self._strand:
            end = start + len(passage.cells)
            last = passage is self._strand[-1]
            begin = min(max(0, edit.at - start), len(passage.cells))
            if inserted and (edit.at <= end or last):
                passage.cells[begin:begin] = inserted
                inserted = []
                yield passage
            elif left and edit.at < end:
                cut = min(left, end - start - begin)
                del passage.cells[begin : begin + cut]
                left -= cut
                yield passage
            start = end


def _chosen(offers: Sequence[Offer], taken: Edit) -> int | None:
    """Return which offer was taken; white space around it counts only where two are alike."""
    text = _joined(taken.inserted)
    for fits in (
        lambda offer: offer.original == text,
        lambda offer: offer.trimmed == text,
        lambda offer: offer.original.strip() == text.strip(),
    ):
        for number, offer in enumerate(offers):
            if fits(offer):
                return number
    return None


def _joined(text: str) -> str:
    """Return UTF-16 units, a character each, as a text; what is half a character stays one."""
    if text.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in text):
        return text
    data = b"".join(ord(unit).to_bytes(2, "little") for unit in text)
    return data.decode("utf-16-le", "surrogatepass")


def _kept(cells: Sequence[_Cell]) -> tuple[str, Runs]:
    """Return what cells say as a story keeps it, and whose it is."""
    parts: list[str] = []
    found: list[Run] = []
    for (origin, gen), group in groupby(_whole_characters(cells), key=lambda cell: cell[1:]):
        part = "".join(cell[0] for cell in group)
        parts.append(part)
        found.append(Run(origin, len(part), gen))
    text, runs = "".join(parts), tuple(found)
    made = kept_with_runs(text, runs)
    return made if made is not None else (kept(text), origins.whole(kept(text), HUMAN))


def _whole_characters(cells: Sequence[_Cell]) -> Iterator[_Cell]:
    """Yield the cells, the two halves of an astral character as one."""
    held: _Cell | None = None
    for cell in cells:
        if held is not None and "\udc00" <= cell[0] <= "\udfff":
            yield _joined(held[0] + cell[0]), held[1], held[2]
            held = None
            continue
        if held is not None:
            yield held
        held = cell if "\ud800" <= cell[0] <= "\udbff" else None
        if held is None:
            yield cell
    if held is not None:
        yield held
