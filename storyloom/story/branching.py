"""A branch beside another that has the same beginning and goes on with another token.

All of it is the model's: the author has only chosen which of its tokens stands there.
"""

from collections.abc import Sequence

from storyloom.story import origins
from storyloom.story.drawn import DrawnToken
from storyloom.story.growth import keep_tokens
from storyloom.story.kept import kept
from storyloom.story.origins import Run
from storyloom.story.schema import PRUNED
from storyloom.story.shape import key_after
from storyloom.story.story import Story
from storyloom.text import Refusal

__all__ = ["branch"]


def branch(
    story: Story, node: int, rev: int, at: int, text: str, tokens: Sequence[DrawnToken] = ()
) -> int:
    """Add `text` beside `node`, right after it, and return its id.

    `text` is the beginning of the node's text up to code point `at`, followed by what the model
    might have written there; where `at` is in the seam at its beginning, that may differ. `tokens`
    are those of the text, as far as they are known. Refused when the node shows another text than
    revision `rev` by now.
    """
    # Of a text that is kept in another spelling, the places would be others.
    tokens = tokens if kept(text) == text else ()
    text = kept(text)
    if not text.strip():
        raise Refusal("That alternative is only space, and a passage needs words; take another.")
    with story.act("node.branch", data={"of": node, "at": at}) as act:
        state = act.settled(node)
        if state.flags & PRUNED:
            raise Refusal(f"n{node} is pruned; restore it before a branch is grown from it.")
        if state.rev != rev:
            raise Refusal(f"n{node} has another text by now than the one with these tokens.")
        old, runs = act.text(rev)
        before, after = origins.split(runs, at)
        its = (after or before)[0]
        kept_length = at if text[:at] == old[:at] else 0
        own = origins.joined(
            before if kept_length else (),
            [Run(its.origin, len(text) - kept_length, its.gen)],
        )
        keep_tokens(act, tokens)
        order = key_after(act, state.parent, state.ord)
        return act.add(state.parent, order, text, own, gen=state.gen)
