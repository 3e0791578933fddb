"""What a re-run has brought beside what was there: fork by fork, and how alike the two are."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from storyloom.curate.alike import alike
from storyloom.story import batches
from storyloom.story.batches import Answer, Batch, Branch
from storyloom.story.story import Story

__all__ = ["Line", "compared", "runs"]


class Line(NamedTuple):
    """One branch that was asked for again."""

    fork: int
    """Where it was asked for then."""
    place: int
    """Its place in the batch of then, from 0."""
    original: int
    """The branch that it is compared with: the one of the same place."""
    of: str
    """The model that wrote that."""
    was: str
    """What that one wrote, before any edit; empty when it brought nothing."""
    node: int
    """The new branch."""
    model: str
    now: str
    """What it brought; empty when nothing came."""
    alike: float | None
    """How alike they are, 0 to 1; None when one of them is nothing."""
    fault: str
    """How it ended when it did not end well: interrupted, error and the like."""

    @property
    def equal(self) -> bool:
        """Whether the two are the same to the letter."""
        return bool(self.now) and self.now == self.was


def runs(story: Story) -> dict[str, str]:
    """Return the re-runs that a story's log has by their names, each with the model it asked; the
    latest last. One that verified has none.
    """
    found: dict[str, str] = {}
    for batch in batches.batches(story):
        name, model = batch.run.get("id"), batch.run.get("model", "")
        if isinstance(name, str):
            found[name] = model if isinstance(model, str) else ""
    return found


def compared(story: Story, run: str, original: Story | None = None) -> list[Line]:
    """Return the branches that a run has brought, in the order of what they repeat; of one that was
    asked for several times the last. `original` is the story of then, where it is another one.
    """
    source = original or story
    old = {batch.op: batch for batch in batches.batches(source) if not batch.run}
    lines: dict[tuple[int, int], Line] = {}
    for batch in batches.batches(story):
        of = batch.run.get("of")
        if batch.run.get("id") != run or not isinstance(of, int) or of not in old:
            continue
        for index, branch in _pairs(batch):
            if index < len(old[of].branches):
                lines[of, index] = _line(source, story, old[of], index, branch)
    return [lines[key] for key in sorted(lines)]


def _pairs(batch: Batch) -> Sequence[tuple[int, Branch]]:
    which = batch.run.get("which")
    indices = cast("list[object]", which) if isinstance(which, list) else []
    return [
        (index, branch)
        for index, branch in zip(indices, batch.branches, strict=False)
        if isinstance(index, int) and index >= 0
    ]


def _line(source: Story, story: Story, old: Batch, index: int, branch: Branch) -> Line:
    then = old.branches[index]
    was, now = (
        batches.answer(where, each) or Answer("", {})
        for where, each in ((source, then), (story, branch))
    )
    both = was.text.strip() and now.text.strip()
    return Line(
        old.parent, index, then.node, then.model, was.text, branch.node, branch.model, now.text,
        alike(was.text, now.text) if both else None,
        "" if now.finish in ("stop", "length", "") else now.finish,
    )  # fmt: skip
