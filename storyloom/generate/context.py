"""What a model is sent: a pure function from the story so far to messages or a prompt.

The same inputs give the same bytes, and the blocks that are shown are what is sent. Style and
premise always go; of the strand as much of its end as the model's window holds, cut at a
paragraph, else a sentence, else a word. The cut moves in big steps, a quarter of the room, so that
what a provider or the embedded engine has cached of the last request serves the next one.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from storyloom.models.protocol import ChatMessage, Facts
from storyloom.text import Refusal, one_line

__all__ = ["Block", "Context", "Sources", "assemble", "room_in_characters"]

DEFAULT_WINDOW = 8_192
"""Tokens; what a model is taken to hold when nobody knows."""
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+")
_CHARACTERS_PER_TOKEN = 4

_ROLE = (
    "You are the co-author of a work of fiction. You are given the story so far and you write what "
    "comes next, in its language, tense, person and voice. Begin exactly where the text stops, in "
    "the middle of a sentence if it stops there. Answer with the continuation alone: no greeting, "
    "no comment, no heading, no summary, and nothing of the text repeated."
)


@dataclass(frozen=True)
class Sources:
    """What the author has given, as far as it is needed."""

    strand: str
    """The end of the strand, or all of it."""
    skipped: int = 0
    """Code points of the strand before that."""
    premise: str = ""
    style: str = ""
    why: str = ""
    """What the author wants of this fork."""
    words: int = 60
    """How long the continuation should be."""


@dataclass(frozen=True)
class Block:
    """One part of what is sent, for the author to inspect."""

    name: str
    text: str
    tokens: int
    state: str
    """in, trimmed, or out."""
    reason: str


@dataclass(frozen=True)
class Context:
    """What goes to the model; one of `messages` and `prompt` is set."""

    messages: list[ChatMessage] | None
    prompt: str | None
    blocks: tuple[Block, ...]
    tokens: int

    @property
    def body(self) -> dict[str, Any]:
        """What the story file keeps of the request."""
        if self.messages is not None:
            return {"messages": self.messages}
        return {"prompt": self.prompt}

    @property
    def fingerprint(self) -> str:
        """sha256 of the canonical JSON of what is sent."""
        text = json.dumps(self.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def room_in_characters(facts: Facts, cap: int) -> int:
    """Return how many code points of a strand can be of use at all, generously."""
    return min(facts.window or DEFAULT_WINDOW, cap) * 2 * _CHARACTERS_PER_TOKEN


def assemble(
    sources: Sources, facts: Facts, *, cap: int, reserve: int, count: Callable[[str], int]
) -> Context:
    """Make the request for a model. `cap` and `reserve` are tokens: the most that a request may
    hold, and what is kept free for the answer.

    Raises Refusal, saying by how much, when style, premise and why alone do not fit.
    """
    window = min(facts.window or DEFAULT_WINDOW, cap)
    room = window - reserve - max(64, window // 50)
    raw = facts.mode == "text"
    # Measured with the embedded model: told about the text, it drifts into notes about it.
    bare = raw and facts.provider == "embedded"
    head = "" if bare else _head(sources, raw)
    ask = "" if raw else _ask(sources)
    head_tokens, ask_tokens = count(head) if head else 0, count(ask) if ask else 0
    left = room - head_tokens - ask_tokens
    if left < 1:
        raise Refusal(
            f"Style, premise, why and the room for an answer are {1 - left} tokens too many for "
            f"{one_line(facts.model)}, of which {window} are used; shorten them, or choose "
            "another model."
        )
    story, trimmed = _tail(sources, left, count)
    story_tokens = count(story)
    blocks = (
        Block("style and premise", head, head_tokens, *_state(head, bare, sources)),
        Block(
            "story",
            story,
            story_tokens,
            "trimmed" if trimmed else "in",
            f"{trimmed} characters before it left out" if trimmed else "all of it",
        ),
        Block("why and length", ask, ask_tokens, *_asked_state(ask, sources)),
    )
    messages, prompt = _request(facts, head, story, ask)
    return Context(messages, prompt, blocks, head_tokens + story_tokens + ask_tokens)


def _state(head: str, bare: bool, sources: Sources) -> tuple[str, str]:
    if head:
        return "in", "always"
    if bare and (sources.premise or sources.style):
        return "out", "so small a model writes worse with it"
    return "out", "nothing is set"


def _asked_state(ask: str, sources: Sources) -> tuple[str, str]:
    if ask:
        return "in", "always"
    return "out", "a base model takes no instructions" if sources.why else "nothing is set"


def _head(sources: Sources, raw: bool) -> str:
    given = [part.strip() for part in (sources.style, sources.premise) if part.strip()]
    if raw:
        return "\n\n".join(given) + "\n\n***\n\n" if given else ""
    parts = [_ROLE]
    if sources.style.strip():
        parts.append(f"Style:\n{sources.style.strip()}")
    if sources.premise.strip():
        parts.append(f"What the story is about:\n{sources.premise.strip()}")
    return "\n\n".join(parts)


def _ask(sources: Sources) -> str:
    wanted = f" What has to happen: {sources.why.strip()}" if sources.why.strip() else ""
    return (
        f"[Continue the story from its last character on, in about {sources.words} words, and end "
        f"with a finished sentence.{wanted}]"
    )


def _request(
    facts: Facts, head: str, story: str, ask: str
) -> tuple[list[ChatMessage] | None, str | None]:
    if facts.mode == "text":
        # A trailing space would be a token of its own, after which models write worse.
        return None, head + story.rstrip(" \t")
    messages: list[ChatMessage] = [{"role": "system", "content": head}]
    if facts.mode == "prefill":
        before, begun = _begun(story)
        user = f"{before}\n\n{ask}" if before.strip() else ask
        messages.append({"role": "user", "content": user})
        if begun:
            messages.append({"role": "assistant", "content": begun})
    else:
        messages.append({"role": "user", "content": f"{story}\n\n{ask}"})
    return messages, None


def _begun(story: str) -> tuple[str, str]:
    """Cut the story before its last sentences, which the model then seems to have written."""
    text = story.rstrip()
    cut = max(len(text) - 400, 0)
    found = _PARAGRAPH.search(text, cut) or _SENTENCE.search(text, cut)
    start = found.end() if found and found.end() < len(text) else cut
    return text[:start].rstrip(), text[start:]


def _tail(sources: Sources, room: int, count: Callable[[str], int]) -> tuple[str, int]:
    """Return the end of the strand that fits into `room` tokens, and how much was left out."""
    text, skipped = sources.strand, sources.skipped
    if not skipped and count(text) <= room:
        return text, 0
    step = max(1, room * _CHARACTERS_PER_TOKEN // 4)
    start = -(-skipped // step) * step
    while True:
        while start - skipped < len(text):
            tail = _from_boundary(text, start - skipped)
            if count(tail) <= room:
                return tail, skipped + len(text) - len(tail)
            start += step
        # A step is a quarter of the room, so only text far denser than four characters a token
        # comes to here: the last step is taken in smaller ones.
        if step == 1:
            return "", skipped + len(text)
        start, step = max(skipped, start - step), max(1, step // 4)


def _from_boundary(text: str, start: int) -> str:
    if start <= 0:
        return text
    near = min(len(text), start + 600)
    for pattern in (_PARAGRAPH, _SENTENCE, re.compile(r"\s+")):
        found = pattern.search(text, start, near)
        if found is not None and found.end() < len(text):
            return text[found.end() :]
    return text[start:]
