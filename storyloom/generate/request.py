"""The request for one model at one place of a story, with the settings in force there."""

from dataclasses import replace

from storyloom.generate import context, filling, firing
from storyloom.generate.context import Context
from storyloom.generate.window import for_lore, reserve, window_of
from storyloom.models import tokens
from storyloom.models.protocol import Facts
from storyloom.models.weights import EMBEDDED
from storyloom.settings import ModelEntry, Settings, vary_for
from storyloom.story import following, marks, reading
from storyloom.story.story import Story

__all__ = ["known_facts", "request_for", "reserve"]

_EMBEDDED = Facts(
    EMBEDDED, "text", window=2048, in_price=0.0, out_price=0.0, known=True, provider="embedded"
)
"""What the worker says of the embedded model once it is here; a test holds the two together."""


def known_facts(entry: ModelEntry) -> Facts | None:
    """Return what is known of a model without the worker, which takes seconds: the embedded one's
    facts, None for every other.
    """
    if entry.model != EMBEDDED or entry.mode not in (None, "text"):
        return None
    return replace(_EMBEDDED, window=entry.window or _EMBEDDED.window)


def request_for(
    story: Story,
    settings: Settings,
    parent: int,
    entry: ModelEntry,
    facts: Facts,
    *,
    why: str = "",
    typed: str = "",
    towards: int = 0,
    after: str = "",
    branch: int = 0,
) -> Context:
    """Return what `entry` is sent for branch number `branch` of those that go on from `parent`;
    `settings` are those of the story.

    `typed` is text that follows the strand and is in no node yet, `towards` a branch of `parent`
    that the passage is to lead to, or `after` its text where it is none of them; the facts are then
    those of `filling.asked_as`. Counts tokens,
    which may take half a second the first time: call it in a thread. Raises Refusal as
    `context.assemble` does.
    """

    def count(text: str) -> int:
        return tokens.count(text, entry.model)

    room = context.room_in_characters(facts, settings.context)
    strand = reading.strand_text(story, parent, least=room) if parent else ""
    budget = for_lore(window_of(facts, settings.context), reserve(settings, facts))
    lore = firing.told(story, parent, budget=budget, model=entry.model, typed=typed)
    sources = context.Sources(
        strand=strand + typed,
        skipped=reading.length(story, parent) - len(strand) if parent else 0,
        premise=marks.story_text(story, "premise"),
        style=marks.story_text(story, "style"),
        why=why,
        words=settings.words,
        sketch=reading.sketched(story, parent),
        vary=vary_for(settings.vary, branch),
        lore=tuple(lore),
        after=following.text_from(story, towards, most=room) if towards else after,
        fills=filling.fills(entry),
    )
    return context.assemble(
        sources,
        facts,
        cap=settings.context,
        reserve=reserve(settings, facts),
        count=count,
    )
