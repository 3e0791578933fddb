"""Calls to models that leave no node behind, journaled for what they cost.

Each request for ways on in the editor is one operation, `gen.aside`, which undo passes over. It
holds models, tokens and dollars, and no text: what was offered and not taken is stored nowhere.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from storyloom.story.growth import count_cost
from storyloom.story.kept import kept
from storyloom.story.story import Story

__all__ = ["KIND", "Aside", "note"]

KIND = "gen.aside"


@dataclass(frozen=True)
class Aside:
    """One call."""

    model: str
    """The name the author knows it by."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    dollars: float | None = None
    """None when the price is unknown."""
    wrote: bool = True
    """Whether it brought any text."""


def note(story: Story, node: int, asides: Sequence[Aside]) -> None:
    """Journal calls that were made together where the text of `node` goes on, 0 for the beginning.

    Their cost goes into the story's running total. Raises Refusal when the file cannot be written.
    """
    calls = [[kept(each.model), *astuple(each)[1:]] for each in asides]
    with story.act(KIND, actor="model", data={"at": node, "calls": calls}, always=True) as act:
        for each in asides:
            count_cost(act, each.dollars, wrote=each.wrote)
