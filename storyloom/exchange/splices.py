"""What a change did to a text, as the operations of a Quill delta, and which of it a model wrote.

Offsets and lengths are UTF-16 units, of which an astral character has two.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, TypeAlias

from storyloom.story import origins
from storyloom.story.origins import Splice
from storyloom.story.story import Story

__all__ = ["Marked", "Op", "Part", "delta", "marked", "parts", "units"]

Op: TypeAlias = "tuple[str, int | str]"
"""`retain` and `delete` with how much, `insert` with a text."""
_MODEL, _USER = "A", "U"
_ALIKE = re.compile(f"{_MODEL}+|{_USER}+")
_PAIRS = 250_000
"""Pairs of letters up to which a change is looked at letter by letter: a few hundredths of a
second."""


class Marked(NamedTuple):
    """A text, and a letter for each of its code points: A for a model's, U for another's."""

    text: str
    whose: str

    @property
    def by_model(self) -> bool:
        """Whether a model wrote any of it."""
        return _MODEL in self.whose

    @classmethod
    def joined(cls, texts: Sequence["Marked"]) -> "Marked":
        """Return texts put one behind the other."""
        return cls("".join(each.text for each in texts), "".join(each.whose for each in texts))


class Part(NamedTuple):
    """One insertion or one deletion."""

    at: int
    """Where, in the text as it is by then."""
    by_model: bool
    deleted: int
    inserted: str


def units(text: str) -> int:
    """Return how many UTF-16 units a text has."""
    return len(text) if text.isascii() else len(text) + sum(each > "\uffff" for each in text)


def marked(story: Story, rev: int) -> Marked:
    """Return the text of a revision; of 0, and of one that is not there, an empty one."""
    row = story.read.execute("SELECT text, runs FROM rev WHERE id = ?", (rev,)).fetchone()
    if row is None:
        return Marked("", "")
    text = str(row[0])
    whose = "".join(
        (_MODEL if run.origin.startswith("model:") else _USER) * run.length
        for run in origins.loaded(row[1])
    )
    # Of a purged text the runs are left, and more than that may be wrong with a file.
    return Marked(text, whose[: len(text)].ljust(len(text), _USER))


def parts(base: int, old: Marked, new: Marked) -> Iterator[Part]:
    """Yield what makes the one text the other, from the beginning to the end; the stretch that
    they are begins at `base`.

    Only the author deletes. What is inserted comes before what goes, as in all deltas of Quill.
    """
    at, seen = base, 0
    for splice in _changes(old, new):
        at += units(new.text[seen : splice.to])
        seen = end = splice.to + splice.inserted
        for found in _ALIKE.finditer(new.whose, splice.to, end):
            text = new.text[found.start() : found.end()]
            yield Part(at, found[0][0] == _MODEL, 0, text)
            at += units(text)
        if splice.deleted:
            gone = old.text[splice.at : splice.at + splice.deleted]
            yield Part(at, False, units(gone), "")


def _changes(old: Marked, new: Marked) -> Iterator[Splice]:
    for splice in origins.changes(old.text, old.whose, new.text, new.whose):
        came = new.whose[splice.to : splice.to + splice.inserted]
        if _MODEL in came and splice.deleted * splice.inserted <= _PAIRS:
            yield from _finer(old, new, splice)
        else:
            yield splice


def _finer(old: Marked, new: Marked, splice: Splice) -> Iterator[Splice]:
    """Yield a change letter by letter: what a model wrote does not come in anew where an author
    left a part of a word of it.
    """
    before, after = (
        list(zip(each.text[begin : begin + size], each.whose[begin : begin + size], strict=True))
        for each, begin, size in (
            (old, splice.at, splice.deleted),
            (new, splice.to, splice.inserted),
        )
    )
    at = to = 0
    for there, here, size in SequenceMatcher(None, before, after, False).get_matching_blocks():
        if there > at or here > to:
            yield Splice(splice.at + at, there - at, splice.to + to, here - to)
        at, to = there + size, here + size


def delta(some: Iterable[Part]) -> tuple[int, tuple[Op, ...]]:
    """Return parts that follow each other as one delta, and where the cursor is behind it."""
    here = 0
    ops: list[Op] = []
    for part in some:
        if part.at > here:
            ops.append(("retain", part.at - here))
        here = part.at
        if part.inserted:
            ops.append(("insert", part.inserted))
            here += units(part.inserted)
        else:
            ops.append(("delete", part.deleted))
    return here, tuple(ops)
