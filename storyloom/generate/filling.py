"""How a model is asked for the passage between two texts: the words, and which models need none."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from storyloom.generate.blocks import Block, Reason, Role
from storyloom.models.protocol import Facts
from storyloom.models.routes import is_local
from storyloom.settings import ModelEntry
from storyloom.text import first_words

__all__ = ["ASK", "GAP", "ROLE", "STOP", "asked_as", "block", "fills", "wanted"]

Count: TypeAlias = Callable[[str], int]


ROLE = (
    "You are the co-author of a work of fiction. You are given two parts of the story with a gap "
    "between them, and you write the passage that fills the gap, in their language, tense, person "
    "and voice. Begin exactly where the first part stops, in the middle of a sentence if it stops "
    "there, and end so that the second part follows on at once. Answer with the passage alone: no "
    "greeting, no comment, no heading, no summary, and nothing of either part repeated."
)
GAP = "\n\n[Here a passage is missing. After it the story goes on like this:]\n\n"
"""What stands before the text that follows, for a model that takes instructions."""
ASK = "\n\n[Write the missing passage"
"""How what is asked for begins."""
LATER, NOW = "Chapter 2\n\n", "\n\nChapter 1\n\n"
"""What stands before and behind it for a base model, which goes on from the end of all it reads.
So it knows what comes later; with labels in brackets the embedded model writes more labels.
"""
STOP = "\nChapter 2"
"""Where such a model has come to the end of the passage."""

_KNOWN = re.compile(r"(^|/)gpt-3\.5-turbo-instruct|^text-completion-codestral/")
"""Models whose makers say that their completions take a suffix, and whose route here has one."""
_NAME = "what follows"
_SEAM = 4
"""Tokens more that a text may have when it is counted in parts."""
_CHARACTERS_PER_TOKEN = 4
_NEAR = 600
"""Code points before the cut in which a good place for it is looked for."""
_PARAGRAPH_END = re.compile(r"\S(?=\s*\n\s*\n)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？]+[」』”’）]*")
_WORD_END = re.compile(r"\S(?=\s)")
_PART = 3
"""What follows may have a third of what is left of the room, the story before it the rest."""
_PART_SMALL = 6
"""For a model so small that it only gets lost in what it is not to write on from."""


def fills(entry: ModelEntry) -> bool:
    """Whether a model is given what follows as such: its own table says so, else its name. The
    embedded engine takes none.
    """
    if is_local(entry.model):
        return False
    return entry.fill if entry.fill is not None else bool(_KNOWN.search(entry.model))


def asked_as(entry: ModelEntry) -> ModelEntry:
    """Return a model as it is asked to fill a gap: one that can by itself is given no
    instructions, whatever its mode is otherwise.
    """
    return replace(entry, mode="text") if fills(entry) else entry


def block(
    after: str, facts: Facts, room: int, count: Count, *, fills: bool = False
) -> Block | None:
    """Return the block of the text that follows the gap, None where none does.

    It is as much of its beginning as a third of `room`, the tokens left for the story, has space
    for. `fills` is whether a base model takes it as a suffix.
    """
    if not after.strip():
        return None
    role, lead, end = _around(facts, fills=fills)
    small = facts.mode == "text" and facts.provider == "embedded"
    most = room // (_PART_SMALL if small else _PART) - (count(lead) + count(end) + _SEAM)
    text = after if role == "suffix" else after.strip()
    head = _head(text, most, count)
    if not head.strip():
        return Block(_NAME, "", 0, "out", Reason.NO_ROOM, role)
    state, sent = ("in" if head == text else "trimmed"), f"{lead}{head}{end}"
    return Block(_NAME, sent, count(sent), state, Reason.LEADS_TO, role)


def _around(facts: Facts, *, fills: bool) -> tuple[Role, str, str]:
    """Return where what follows the gap goes, and what stands before and behind it there."""
    if facts.mode != "text":
        return "user", GAP, ""
    return ("suffix", "", "") if fills else ("prompt", LATER, NOW)


def _head(text: str, room: int, count: Count) -> str:
    """Return the beginning of a text that fits into `room` tokens, if possible whole paragraphs,
    else sentences, else words.
    """
    if count(text) <= room:
        return text
    end = min(len(text), max(0, room) * _CHARACTERS_PER_TOKEN)
    while end:
        head = text[: _boundary(text, end)]
        if count(head) <= room:
            return head
        end = end * 3 // 4
    return ""


def _boundary(text: str, end: int) -> int:
    near = max(0, end - _NEAR)
    for pattern in (_PARAGRAPH_END, _SENTENCE_END, _WORD_END):
        ends = [found.end() for found in pattern.finditer(text, near, end)]
        if ends:
            return ends[-1]
    return end


def wanted(after: str, words: int, why: str) -> str:
    """Return what an instructed model is asked for; `after` is the text that is to follow."""
    text = after.lstrip()
    goes_on = text[:1].islower() or text[:1] in ",;:"
    end = "end in the middle of its sentence, so" if goes_on else "end with a finished sentence, so"
    more = f" What has to happen: {why}" if why else ""
    return (
        f"{ASK} alone, in about {words} words. Begin with what comes right after the last "
        f"character before the gap, and {end} that the story can go on with “"
        f"{first_words(text, 60).removesuffix('…')}”, which you do not write.{more}]"
    )
