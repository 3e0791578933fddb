"""Where a model's answer becomes story text: the join with what stands before, and its end.

Pure functions of all that has arrived so far, so it does not matter how a stream was cut up.
"""

import re
from typing import NamedTuple

from storyloom.models.protocol import Mode
from storyloom.text import clean

__all__ = ["Sketched", "continuation", "joined", "leading_to", "seamed", "sketched",
           "without_unfinished"]  # fmt: skip

_SHORTEST_OVERLAP = 12
_LONGEST_OVERLAP = 600
_LONGEST_PREAMBLE = 240
_HEAD = 40
"""Code points of a text that are looked at to join it with what stands before."""
_AGREEING = r"sure(?: thing)?|certainly|absolutely|of course|okay|ok"
_PRESENTING = r"here(?:['’]s| is| are)|continuing|continuation"
_OF_ITSELF = r"(?=[^\n]*(?:continu|story|passage|scene|paragraph|part|chapter|text|draft|version))"
_PREAMBLE = re.compile(
    rf"\A\s*(?:(?:{_AGREEING})(?:!|\b[^\n]{{0,200}}:|\b{_OF_ITSELF}[^\n]{{0,200}}[.!])"
    rf"|{_OF_ITSELF}(?:{_PRESENTING})\b[^\n]{{0,200}}[.:!])[ \t]*\n+",
    re.IGNORECASE,
)
"""A first line that speaks of the answer and not in it; a story may well begin with `Of course`."""
_OPENERS = ("sure", "certainly", "absolutely", "of course", "okay", "ok", "here", "continu")
_FENCE = re.compile(r"\A\s*```[a-z]*\n")
_FENCE_END = re.compile(r"\n`{1,3}\s*\Z")
_ALWAYS_OPENING = "“‘«([{—–-"
_STRAIGHT_QUOTES = "\"'"
_SKETCH_LINES = 2
_SKETCH_LINE = 120
"""Characters from which a line of a sketch counts as two."""
_LONGEST_WORD = 30
_SKETCH_LEAD = re.compile(
    r"\A\s*(?:(?:sketch|outline)[ \t]*:\s*|here(?:['’]s| is| are)\b[^\n]{0,200}:[ \t]*\n+)",
    re.IGNORECASE,
)
"""What an instructed model puts before a sketch."""
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff9f"
    "\U00020000-\U0003ffff]"
)
"""Characters of scripts that put no spaces between words."""
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\b[A-Z])"
    r"[.!?…]+[\"'”’»)\]]*(?=\s|\Z)(?!\s+[a-zß-ÿ])"
    r"|[。！？]+[」』”’）]*"
)
_LAST_WORD = re.compile(r"\s+\S+\Z")


def continuation(before: str, answer: str, mode: Mode, *, ended: bool) -> str:
    """Return the story text that `answer`, as far as it has arrived, adds to a strand.

    `before` is the end of the strand, some hundred code points. What an instructed model says of
    its answer, and its repetition of the strand's end, are cut off; while that cannot be told yet
    the result is empty. `joined` says what becomes of the seam.
    """
    text = clean(answer)
    if mode == "chat":
        text = _without_preamble(text, ended)
    if mode != "text":
        # A base model was not told anything, so what it repeats it means.
        text = _without_overlap(before, text, ended)
    return joined(before, text, exact=mode == "text")


class Sketched(NamedTuple):
    """An answer as a sketch."""

    text: str
    """At most two lines; one of more than 120 characters counts as two, and has at most 240."""
    rest: str
    """What more there was."""


def sketched(answer: str, mode: Mode, *, ended: bool) -> Sketched:
    """Return the sketch that `answer`, as far as it has arrived, is cut to.

    Until it has ended, a word that may go on is left out: then what was there once stays.
    """
    text = clean(answer)
    if mode != "text":
        text = _without_preamble(text, ended)
        if not ended and _undecided(text, ("here", "sketch", "outline")):
            return Sketched("", "")
        text = _SKETCH_LEAD.sub("", text, count=1)
    if not ended:
        text = _whole_words(text)
    lines: list[str] = []
    left = _SKETCH_LINES
    for found in _LINE.finditer(text):
        line, most = found[0].strip(), left * _SKETCH_LINE
        if not left:
            return Sketched("\n".join(lines), text[found.start() :])
        if len(line) > most:
            kept = _whole_words(line[: most + 1])[:most].rstrip()
            lines.append(kept)
            return Sketched("\n".join(lines), line[len(kept) :] + text[found.end() :])
        lines.append(line)
        left -= -(-len(line) // _SKETCH_LINE)
    return Sketched("\n".join(lines), "")


def _whole_words(text: str) -> str:
    """Return a text without its last word, if that is not so long that it can be none."""
    body = text.rstrip()
    if len(body) < len(text):
        return body
    space = max(body.rfind(" "), body.rfind("\n"), body.rfind("\t"))
    return body if len(body) - space > _LONGEST_WORD else body[: max(space, 0)]


def _without_preamble(text: str, ended: bool) -> str:
    if not ended and _undecided(text, _OPENERS):
        return ""
    text = _PREAMBLE.sub("", text, count=1)
    if not ended and _undecided(text, ("```",)):
        return ""
    body = _FENCE.sub("", text)
    return text if body == text else _FENCE_END.sub("", body)


def _undecided(text: str, openers: tuple[str, ...]) -> bool:
    """Whether the first line is not complete and may still become one of those."""
    line = text.lstrip().lower()
    if "\n" in line or len(line) > _LONGEST_PREAMBLE:
        return False
    return any(line.startswith(opener) or opener.startswith(line) for opener in openers)


def _without_overlap(before: str, text: str, ended: bool) -> str:
    """Cut off what repeats the strand's end; empty while more could still show it to be that."""
    probe = text.lstrip()
    end = before.rstrip()
    for length in range(min(len(probe), len(end), _LONGEST_OVERLAP), _SHORTEST_OVERLAP - 1, -1):
        if end.endswith(probe[:length]):
            return probe[length:]
    if not ended and probe in end[-_LONGEST_OVERLAP:]:
        return ""
    return text


def joined(before: str, text: str, *, exact: bool = False) -> str:
    """Return `text` with its beginning fit to follow `before`.

    One that begins with a letter or digit, or opens a quotation or bracket, after a strand that
    ends in neither a space nor an opening quote, bracket or dash gets one space, in scripts that
    have spaces. At most two leading line ends stay. With `exact` the text comes from a model that
    writes on letter by letter: a lower-case letter right after a letter goes on with its word.
    """
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
    if lead:
        return " " + body
    if exact and before[-1].isalpha() and body[0].islower():
        return body
    return (
        " " + body if _begins_word(body) and not _opens(before) and _spaced(before, body) else body
    )


def leading_to(text: str, after: str) -> tuple[str, str]:
    """Return a passage without what it has of the text `after` it at its end, and what that was.

    What is cut off is word for word how `after` begins; a passage that only has something of it
    earlier stays whole. Both may have their own white space at the seam.
    """
    end, begins = text.rstrip(), after.lstrip()
    mark = begins[:_SHORTEST_OVERLAP]
    at = end.find(mark) if len(mark) == _SHORTEST_OVERLAP else -1
    while at >= 0:
        within_word = at > 0 and end[at - 1].isalnum() and end[at].isalnum()
        if begins.startswith(end[at:]) and (not within_word or not _spaced(end[at - 1], end[at])):
            return text[:at], text[at:]
        at = end.find(mark, at + 1)
    return text, ""


def seamed(text: str, after: str) -> str:
    """Return a passage with its end fit to stand before the text `after` it.

    White space that `after` begins with is the seam; without any, one space or at most two line
    ends of the passage are, as `joined` would have them there.
    """
    if not after:
        return text
    body = text.rstrip()
    if not body or after[0].isspace():
        return body
    head = after[:_HEAD]
    seam = joined(body, text[len(body) :] + head)
    return body + seam[: len(seam) - len(head)]


def _begins_word(body: str) -> bool:
    if body[0] == '"':
        return body[1:2].isalnum()
    return body[0].isalnum() or body[0] in "“‘«([{"


def _opens(before: str) -> bool:
    last = before[-1]
    if last in _STRAIGHT_QUOTES:
        # The same character closes; it opens where no word stands right before it.
        return before[-2:-1].isspace() or len(before) == 1 or before[-2] in _ALWAYS_OPENING
    return last in _ALWAYS_OPENING


def _spaced(before: str, body: str) -> bool:
    return not (_UNSPACED.match(before[-1]) or _UNSPACED.match(body))


def without_unfinished(text: str) -> tuple[str, str]:
    """Return a text cut after its last finished sentence, and what was cut off.

    A text with no sentence end in its second half loses only its last word, which the model may
    not have finished; one without any space stays whole.
    """
    half = len(text) // 2
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.end() >= half]
    if ends:
        return text[: ends[-1]], text[ends[-1] :]
    word = _LAST_WORD.search(text, half)
    return (text[: word.start()], text[word.start() :]) if word else (text, "")
