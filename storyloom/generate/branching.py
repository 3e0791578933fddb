"""Branches that go on with another token than the one a model wrote."""

import math
import re

from storyloom.generate.joining import joined
from storyloom.story import branching, reading
from storyloom.story.drawn import Drawn, DrawnToken, drawn_at
from storyloom.story.story import Story
from storyloom.text import Refusal, visible

__all__ = ["branch", "ends", "percent", "spelled", "tokens_of"]

_JOIN_CONTEXT = 800
_END = re.compile(r"\s*(?:<\|[\w ]{1,40}\|>|</?s>|<(?:eos|bos|end_of_turn)>|\[/?INST\])\s*")
"""How models write that they are done; a token of theirs, and no story."""
_SPACES = {" ": "␣", "\n": "⏎", "\t": "⇥"}


def tokens_of(story: Story, node: int) -> Drawn:
    """Return the newest text of a node that has its tokens. Raises Refusal when none has."""
    found = drawn_at(story, node)
    if found is None:
        raise Refusal(
            f"No tokens are kept with n{node}: they come with what is grown once the setting "
            "alternatives asks for them, and only from models that tell them."
        )
    return found


def ends(other: str) -> bool:
    """Whether an alternative says that the text ends there."""
    return _END.fullmatch(other) is not None


def percent(logprob: float) -> str:
    """Return a probability as a person reads it."""
    share = math.exp(logprob) * 100
    if share < 0.05:
        return "<0.1 %"
    return f"{min(share, 99.9) if logprob < 0 else share:.1f} %"


def spelled(text: str) -> str:
    """Return a token as it is named by itself, with its spaces to be seen."""
    return "".join(_SPACES.get(each, each) for each in visible(text))


def branch(story: Story, node: int, drawn: Drawn, token: int, other: int) -> int:
    """Make a branch beside `node` with its text up to token number `token`, from 0 on, and that
    token's alternative number `other` in its place, from 0 on. Return its id; undo takes it back.
    Its tokens are known too, the one that was passed over among the last one's alternatives.

    Raises Refusal when the text was changed since, and for an alternative that is no text.
    """
    if not drawn.present:
        raise Refusal(
            f"n{node} was changed after the model wrote it, so no branch can be grown from its "
            "tokens."
        )
    if not 0 <= token < len(drawn.tokens):
        raise Refusal(f"n{node} has {len(drawn.tokens)} tokens, the first is 1.")
    its = drawn.tokens[token]
    if not 0 <= other < len(its.others):
        many = len(its.others) or "no"
        raise Refusal(f"Token {token + 1} of n{node} has {many} alternatives.")
    chosen, logprob = its.others[other]
    if ends(chosen):
        raise Refusal("With that alternative the model would have ended; take another.")
    begun = drawn.text[: its.start]
    text = begun + chosen
    before, start = drawn.tokens[:token], its.start
    if not begun.strip():
        # At the beginning the seam is made anew, as the alternative may bring a space of its own.
        # Where one had to be put in, `begun` has it, so nothing more is to be guessed.
        own = chosen if chosen[:1].isspace() else text
        text = joined(_before(story, node), own, exact=True)
        before, start = (), 0
    passed = (drawn.text[its.start : its.end], its.logprob)
    others = [each for each in its.others if each[0] != chosen]
    others = sorted([passed, *others], key=lambda each: -each[1])
    taken = DrawnToken(start, len(text), logprob, tuple(others))
    return branching.branch(story, node, drawn.rev, its.start, text, (*before, taken))


def _before(story: Story, node: int) -> str:
    parent = reading.parent(story, node)
    return reading.strand_text(story, parent, least=_JOIN_CONTEXT) if parent else ""
