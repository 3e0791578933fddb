"""What a model is sent: a pure function from the story so far to messages or a prompt.

The same inputs give the same bytes, and the blocks that are shown are what is sent. Style and
premise always go; of the lore what fires, up to a quarter of the room; of the strand as much of its
end as the model's window holds, cut at a paragraph, else a sentence, else a word. The cut moves in
big steps, a quarter of the room, so that what a provider or the embedded engine has cached of the
last request serves the next one.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from storyloom.generate import filling, placement
from storyloom.generate.blocks import Block, Reason, Role, State
from storyloom.generate.firing import Told
from storyloom.generate.placement import RULE
from storyloom.generate.window import usable, window_of
from storyloom.models.protocol import ChatMessage, Facts
from storyloom.settings import SKETCH
from storyloom.text import Refusal, one_line

__all__ = ["Block", "Context", "Reason", "Role", "Sources", "State", "assemble",
           "room_in_characters"]  # fmt: skip

Count: TypeAlias = Callable[[str], int]

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+")
_CHARACTERS_PER_TOKEN = 4
_FLOOR = 1_500
"""Tokens that a story keeps however much lore fires, where it has so many."""

_ROLE = (
    "You are the co-author of a work of fiction. You are given the story so far and you write what "
    "comes next, in its language, tense, person and voice. Begin exactly where the text stops, in "
    "the middle of a sentence if it stops there. Answer with the continuation alone: no greeting, "
    "no comment, no heading, no summary, and nothing of the text repeated."
)
_SKETCHER = (
    "You are the co-author of a work of fiction. You are given the story so far and you say in two "
    "lines what could come next, in its language. Answer with these lines alone: no greeting, no "
    "comment, no heading, no list, and nothing of the text repeated."
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
    """How long the continuation should be; `SKETCH` asks for a sketch of it."""
    sketch: str = ""
    """What is sketched of it already: to be written out, or to be sketched on from."""
    vary: str = ""
    """What this one is to be other in than those asked for beside it, as in `tone: dry`."""
    lore: tuple[Told, ...] = ()
    """Every entry and what became of it, in the order in which they are placed."""
    after: str = ""
    """How the text begins that the passage is to lead to; empty for one that only goes on."""
    fills: bool = False
    """Whether a base model takes `after` as a suffix."""


@dataclass(frozen=True)
class Context:
    """What goes to the model; one of `messages` and `prompt` is set."""

    messages: list[ChatMessage] | None
    prompt: str | None
    blocks: tuple[Block, ...]
    tokens: int
    window: int = 0
    """The most tokens that the request and its answer may have."""
    reserve: int = 0
    """Of these, what is kept free for the answer."""
    suffix: str | None = None
    """What follows, for a model that fills the gap between the prompt and that."""

    @property
    def body(self) -> dict[str, Any]:
        """What the story file keeps of the request."""
        if self.messages is not None:
            return {"messages": self.messages}
        return {"prompt": self.prompt} | ({"suffix": self.suffix} if self.suffix else {})

    @property
    def fingerprint(self) -> str:
        """sha256 of the canonical JSON of what is sent."""
        text = json.dumps(self.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def room_in_characters(facts: Facts, cap: int) -> int:
    """Return how many code points of a strand can be of use at all, generously."""
    return window_of(facts, cap) * 2 * _CHARACTERS_PER_TOKEN


def assemble(
    sources: Sources, facts: Facts, *, cap: int, reserve: int, count: Callable[[str], int]
) -> Context:
    """Make the request for a model. `cap` and `reserve` are tokens: the most that a request may
    hold, and what is kept free for the answer.

    Raises Refusal, saying by how much, when style, premise and why alone do not fit.
    """
    if sources.words == SKETCH and facts.mode == "prefill":
        # What is begun for the model it would go on with, and a sketch is none of that.
        facts = replace(facts, mode="chat")
    window = window_of(facts, cap)
    room = usable(window, reserve)
    told = _told(sources, facts, count)
    ask = _ask(sources, facts, count)
    left = room - sum(block.tokens for block in (*told, ask))
    if left < 1:
        raise Refusal(
            f"Style, premise, why and the room for an answer are {1 - left} tokens too many for "
            f"{one_line(facts.model)}, of which {window} are used; shorten them, or choose "
            "another model."
        )
    after = filling.block(sources.after, facts, left, count, fills=sources.fills)
    left -= after.tokens if after else 0
    lore, taken = _lore(sources, facts, left, room, count)
    heads = placement.before(lore, facts.mode, count)
    if heads and facts.mode == "text":
        told = _told(sources, facts, count, led=True)
    story, trimmed = _tail(sources, left - taken, count)
    small = facts.mode == "text" and facts.provider == "embedded"
    below = _below(story, lore, trimmed, ask, facts, count, after)
    out = placement.outside(sources.lore if small else lore, small=small)
    blocks = (*told, *heads, *below, *out)
    messages, prompt, suffix = _sent(blocks, facts)
    tokens = sum(block.tokens for block in blocks)
    return Context(messages, prompt, blocks, tokens, window, reserve, suffix)


def _lore(
    sources: Sources, facts: Facts, left: int, room: int, count: Count
) -> tuple[list[Told], int]:
    """Return the lore with what there is room for, and the tokens that it takes at most."""
    if not any(told.firing.fires for told in sources.lore):
        return list(sources.lore), 0
    if facts.mode == "text" and facts.provider == "embedded":
        return [], 0
    # A third more than what the story keeps, as cutting it in steps may take a quarter of that.
    floor = min(_FLOOR, room * 2 // 5) * 4 // 3
    if sources.skipped + len(sources.strand) <= floor * 2 * _CHARACTERS_PER_TOKEN:
        floor = min(floor, count(sources.strand))
    return placement.settled(sources.lore, left - floor, facts.mode, count)


def _below(
    story: str,
    lore: list[Told],
    trimmed: int,
    ask: Block,
    facts: Facts,
    count: Count,
    after: Block | None,
) -> tuple[Block, ...]:
    """Return the blocks of the story, of the lore within it, of what follows the gap after it, and
    of what is asked for.
    """
    if facts.mode == "text":
        # A trailing space would be a token of its own, after which models write worse.
        story = story.rstrip(" \t")
    before, begun = _begun(story) if facts.mode == "prefill" else (story, "")
    # What is cut off there is white space between the two, so it still fits.
    before = before if before.strip() or facts.mode != "prefill" else ""
    parts = placement.within(story, lore, len(before), facts.mode, count)
    if facts.mode == "prefill" and not parts:
        if after:
            after = replace(after, text=after.text.lstrip("\n"))
        else:
            ask = replace(ask, text=ask.text.lstrip("\n"))
    role: Role = "prompt" if facts.mode == "text" else "user"
    # A base model goes on from the end of all it reads, so there what comes later stands first.
    blocks: list[Block] = [after] if after is not None and after.role == "prompt" else []
    whole = True
    for part in parts if any(isinstance(part, str) for part in parts) else [*parts, ""]:
        if isinstance(part, Block):
            blocks.append(part)
        elif whole:
            blocks.append(_story("story", part, count, role, trimmed))
            whole = False
        else:
            blocks.append(_story("story", part, count, role, 0, Reason.GOES_ON))
    behind = [after] if after is not None and after.role != "prompt" else []
    if facts.mode == "text" and ask.text:
        return (*_noted(blocks, ask, count), *behind)
    blocks += behind
    if facts.mode != "prefill":
        return (*blocks, ask)
    return (*blocks, ask, _story("story's end", begun, count, "assistant", 0, Reason.BEGUN))


def _noted(blocks: list[Block], note: Block, count: Count) -> tuple[Block, ...]:
    """Put a note for a base model before the last paragraph, so that it goes on from the story."""
    *before, last = blocks
    starts = [cut.end() for cut in _PARAGRAPH.finditer(last.text) if cut.end() < len(last.text)]
    if not starts or last.name != "story":
        return (*before, note, last)
    head, tail = last.text[: starts[-1]], last.text[starts[-1] :]
    return (
        *before,
        replace(last, text=head, tokens=count(head)),
        note,
        Block("story", tail, count(tail), "in", Reason.GOES_ON_TOLD, last.role),
    )


def _sent(
    blocks: tuple[Block, ...], facts: Facts
) -> tuple[list[ChatMessage] | None, str | None, str | None]:
    """Return the messages, or the prompt and its suffix, that the blocks are the parts of."""
    contents: dict[Role, str] = {}
    for block in blocks:
        if block.state != "out":
            contents[block.role] = contents.get(block.role, "") + block.text
    if facts.mode == "text":
        return None, contents.get("prompt", ""), contents.get("suffix")
    messages: list[ChatMessage] = [
        {"role": "system", "content": contents["system"]},
        {"role": "user", "content": contents["user"]},
    ]
    if "assistant" in contents:
        messages.append({"role": "assistant", "content": contents["assistant"]})
    return messages, None, None


def _told(sources: Sources, facts: Facts, count: Count, *, led: bool = False) -> tuple[Block, ...]:
    """Return what stands before the story: instructions, style, premise. `led` is whether lore
    follows them there.
    """
    style, premise = sources.style.strip(), sources.premise.strip()
    if facts.mode != "text":
        role = _SKETCHER if sources.words == SKETCH else _ROLE
        given = filling.ROLE if sources.after.strip() else role
        return (
            Block("instructions", given, count(given), "in", Reason.ALWAYS, "system"),
            _given("style", f"\n\nStyle:\n{style}" if style else "", count, "system"),
            _given(
                "premise",
                f"\n\nWhat the story is about:\n{premise}" if premise else "",
                count,
                "system",
            ),
        )
    instructions = Block("instructions", "", 0, "out", Reason.TOLD)
    if facts.provider == "embedded":
        # Measured with the embedded model: told about the text, it drifts into notes about it.
        reasons = [Reason.SMALL if each else Reason.UNSET for each in (style, premise)]
        return (
            instructions,
            Block("style", "", 0, "out", reasons[0]),
            Block("premise", "", 0, "out", reasons[1]),
        )
    rule = "\n\n" if led else RULE
    return (
        instructions,
        _given("style", style + ("\n\n" if premise else rule) if style else "", count, "prompt"),
        _given("premise", premise + rule if premise else "", count, "prompt"),
    )


def _given(name: str, text: str, count: Count, role: Role) -> Block:
    if not text:
        return Block(name, "", 0, "out", Reason.UNSET, role)
    return Block(name, text, count(text), "in", Reason.YOURS, role)


def _story(
    name: str, text: str, count: Count, role: Role, trimmed: int, reason: Reason = Reason.WHOLE
) -> Block:
    if not text:
        return Block(name, "", 0, "out", Reason.EMPTY, role, trimmed)
    if trimmed:
        return Block(name, text, count(text), "trimmed", Reason.CUT, role, trimmed)
    return Block(name, text, count(text), "in", reason, role)


def _ask(sources: Sources, facts: Facts, count: Count) -> Block:
    """Return what is asked for: how much, and what is to happen."""
    why = sources.why.strip()
    if facts.mode == "text":
        return _note(sources, count)
    wanted = f" What has to happen: {why}" if why else ""
    vary = f" In this version, {sources.vary}." if sources.vary else ""
    if sources.words == SKETCH:
        after = f" Go on from what is sketched already: {sources.sketch}" if sources.sketch else ""
        text = (
            "\n\n[Do not write it out yet. Sketch what happens next, in at most two lines of at "
            f"most fifteen words each.{wanted}{after}{vary}]"
        )
        return Block("why and length", text, count(text), "in", Reason.ALWAYS, "user")
    sketch = f" Write out this sketch of what comes next: {sources.sketch}" * bool(sources.sketch)
    text = (
        f"{filling.wanted(sources.after, sources.words, why).removesuffix(']')}{vary}]"
        if sources.after.strip()
        else f"\n\n[Continue the story from its last character on, in about {sources.words} words, "
        f"and end with a finished sentence.{wanted}{sketch}{vary}]"
    )
    return Block("why and length", text, count(text), "in", Reason.ALWAYS, "user")


def _note(sources: Sources, count: Count) -> Block:
    """Return what a base model, which takes no instructions, finds in brackets in the story."""
    said = [f"{sources.vary[:1].upper()}{sources.vary[1:]}."] if sources.vary else []
    said += [f"What comes next: {sources.sketch}"] if sources.sketch else []
    if not said:
        reason = Reason.TOLD if sources.why.strip() else Reason.UNSET
        return Block("why and length", "", 0, "out", reason)
    text = f"[{' '.join(said)}]\n\n"
    return Block("sketch and vary", text, count(text), "in", Reason.YOURS, "prompt")


def _begun(story: str) -> tuple[str, str]:
    """Cut the story before its last sentences, which the model then seems to have written."""
    text = story.rstrip()
    cut = max(len(text) - 400, 0)
    found = _PARAGRAPH.search(text, cut) or _SENTENCE.search(text, cut)
    start = found.end() if found and found.end() < len(text) else cut
    return text[:start].rstrip(), text[start:]


def _tail(sources: Sources, room: int, count: Count) -> tuple[str, int]:
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
