"""The rows of a re-run: what it is to do, and what it has brought beside what was there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from storyloom.curate.reruns import Line as Compared
from storyloom.generate import caps
from storyloom.generate.batch import Branch
from storyloom.generate.plan import short
from storyloom.generate.repeating import Mode, Wish
from storyloom.text import first_words, one_line, words
from storyloom.tui.widgets.columns import columns, left, right
from storyloom.tui.widgets.lines import Line

__all__ = ["Choice", "Row", "head", "line", "row_of"]

_MODES: tuple[Mode, ...] = ("siblings", "parallel", "verify")
_WAYS = {
    "siblings": "beside those of then, tagged",
    "parallel": "a new story: the same hands and choices",
    "verify": "the same models; what comes is pruned",
}
_LABEL = 10


@dataclass(frozen=True)
class Choice:
    """What the author has chosen so far."""

    wish: Wish = field(default_factory=Wish)
    cassette: bool = False
    run: str = ""
    """The run that it goes on with; empty for a new one."""

    def turned(self, by: int) -> "Choice":
        """Return the choice with the next way, or the one before."""
        mode = _MODES[(_MODES.index(self.wish.mode) + by) % len(_MODES)]
        return replace(self, wish=replace(self.wish, mode=mode), run="")

    def line(self, index: int, width: int) -> Line:
        """Return one of the five rows of it."""
        wish = self.wish
        label, value, more = (
            ("model", short(wish.model) or "Enter names one", "")
            if wish.mode != "verify"
            else ("model", "each its own", ""),
            ("way", wish.mode, _WAYS[wish.mode]),
            ("where", _where(wish), "Enter changes it"),
            ("cap", caps.exactly(wish.cap) if wish.cap is not None else "none", "of this run"),
            ("answers", "recorded ones" if self.cassette else "the model's",
             "no model is asked" if self.cassette else ""),
        )[index]  # fmt: skip
        cells = [
            (left(label, _LABEL), "dim"),
            (left(value, 24), "text"),
            (left(more, max(4, width - _LABEL - 24 - 5)), "dim"),
        ]
        return ((" ", ""), *columns(cells))


def _where(wish: Wish) -> str:
    if not wish.forks:
        return "the whole story"
    return "from " + ", ".join(f"n{node}" for node in wish.forks)


class Row(NamedTuple):
    """A branch that is being asked for again, or has come."""

    fork: int
    original: int
    node: int
    model: str
    text: str
    how: str
    """How alike it is, or how far it is."""
    right: str = "dim"
    """The style of that."""


def row_of(found: Compared) -> Row:
    """Return the row of a branch that has come."""
    if found.equal:
        how = "equal"
    elif found.alike is not None:
        how = f"{found.alike:.2f}"
    else:
        how = found.fault or "no text"
    style = "weave" if found.equal else "text" if found.now else "warning"
    return Row(found.fork, found.original, found.node, found.model, found.now, how, style)


def under_way(fork: int, branches: Sequence[Branch], originals: Sequence[int]) -> list[Row]:
    """Return the rows of a batch that is being written."""
    return [
        Row(fork, original, branch.node, branch.entry.name, branch.text,
            f"{words(branch.text)}w ..." if branch.running else one_line(branch.fault) or "came")
        for branch, original in zip(branches, originals, strict=False)
    ]  # fmt: skip


def head(width: int) -> list[Line]:
    """Return the line above the rows."""
    cells = [
        (left("fork", 7), "dim"), (left("then", 7), "dim"), (left("new", 7), "dim"),
        (right("alike", 9), "dim"), (left("model", 14), "dim"),
        (left("what it wrote", max(4, width - 57)), "dim"),
    ]  # fmt: skip
    return [((" ", ""), *columns(cells))]


def line(row: Row, width: int) -> Line:
    """Return a branch's row."""
    room = max(4, width - 57)
    cells = [
        (left(f"n{row.fork}" if row.fork else "begins", 7), "dim"),
        (left(f"n{row.original}", 7), "dim"),
        (left(f"n{row.node}", 7), "text"),
        (right(row.how, 9), row.right),
        (left(short(row.model), 14), "dim"),
        (left(first_words(row.text, room), room), "text"),
    ]
    return ((" ", ""), *columns(cells))
