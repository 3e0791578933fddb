"""Where a model's answer becomes story text: the join with what stands before, and its end.

Pure functions of all that has arrived so far, so it does not matter how a stream was cut up.
"""

import re

from storyloom.models.protocol import Mode
from storyloom.text import clean

__all__ = ["continuation", "without_unfinished"]

_UNDECIDED = 160
"""Code points of a chat model's answer that are waited for before its beginning is judged."""
_SHORTEST_OVERLAP = 12
_LONGEST_OVERLAP = 600
_PREAMBLE = re.compile(
    r"\A\s*(?:sure|certainly|of course|okay|ok|here(?:'s| is| are)|continuing|continuation)\b"
    r"[^\n]{0,140}?[:!.]\s*\n+",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A\s*```[a-z]*\n|\n```\s*\Z")
_OPENERS = "\"'“‘«([{—–-"
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|\Z)")


def continuation(before: str, answer: str, mode: Mode, *, ended: bool) -> str:
    """Return the story text that `answer`, as far as it has arrived, adds to a strand.

    `before` is the end of the strand, some hundred code points. A chat model's greeting, and a
    repetition of the strand's end, are cut off; while that cannot be told yet the result is empty.
    A passage that begins with a letter or digit after a strand that ends in neither a space nor an
    opening quote, bracket or dash gets one space; at most two leading line ends stay.
    """
    text = clean(answer)
    if mode == "chat":
        if not ended and len(text) < _UNDECIDED and "\n" not in text.strip():
            return ""
        text = _FENCE.sub("", _PREAMBLE.sub("", text, count=1))
    text = _without_overlap(before, text, ended)
    return _joined(before, text)


def _without_overlap(before: str, text: str, ended: bool) -> str:
    """Cut off what repeats the strand's end; empty while more could still show it to be that."""
    probe = text.lstrip()
    end = before.rstrip()
    for length in range(min(len(probe), len(end), _LONGEST_OVERLAP), _SHORTEST_OVERLAP - 1, -1):
        if end.endswith(probe[:length]):
            return probe[length:]
    if not ended and len(probe) >= _SHORTEST_OVERLAP and probe in end[-_LONGEST_OVERLAP:]:
        return ""
    return text


def _joined(before: str, text: str) -> str:
    body = text.lstrip()
    if not body:
        return ""
    lead = text[: len(text) - len(body)]
    newlines = lead.count("\n")
    if not before or before[-1].isspace():
        # The strand brings its own space; only a paragraph's end may still be missing.
        own = len(before) - len(before.rstrip("\n"))
        return "\n" * max(0, min(newlines, 2) - own) + body
    if newlines:
        return "\n" * min(newlines, 2) + body
    if lead or (body[0].isalnum() and before[-1] not in _OPENERS):
        return " " + body
    return body


def without_unfinished(text: str) -> tuple[str, str]:
    """Return a text cut after its last finished sentence, and what was cut off.

    A text with no sentence end in its second half stays whole.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if not ends or ends[-1] < len(text) // 2:
        return text, ""
    return text[: ends[-1]], text[ends[-1] :]
