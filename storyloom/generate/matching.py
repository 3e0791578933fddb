"""Whether a key of a lore entry stands in a text: as a whole word, as a part of one, or as a regex.

Lore comes from strangers too, so no key may hang the program: a regex is refused when it is so
large that only compiling it takes long, and stopped when looking for it does.
"""

import re
import time
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

__all__ = ["Allowance", "Key", "Text", "TooSlow", "found", "key_of"]

SECONDS = 0.05
"""How long one regex may take in one text."""
IN_ALL = 0.5
"""How long all those together may take that are slow; the others are not counted."""
_SLOW = 0.005
_LONGEST = 1_000
"""Characters of a regex."""
_LARGEST = 20_000
"""Steps of a regex when all that it repeats is written out, which is how it is compiled."""

_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
    r"\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Scripts that put no spaces between words, so that no word of theirs is a whole one."""
_REGEX = re.compile(r"/(.+)/([gimsuy]*)", re.DOTALL)
"""g, u and y are what other programs write; they say nothing here."""
_GROUP_AGAIN = re.compile(r"\)(?:\+|\{(\d+))")
_AGAIN = re.compile(r"\{(\d+)")
_FLAGS_REFUSED = re.compile(r"\(\?[A-Za-z0-9-]*[xV]")
"""With them, what is repeated could not be told from outside."""
_WORD = re.compile(r"\w+")


class TooSlow(Exception):
    """A regex was stopped; what it says is for the author."""


@dataclass(frozen=True)
class Key:
    """A key made ready to be looked for."""

    written: str
    """As the author wrote it."""
    text: str = ""
    """What is looked for; empty for a regex, and for a key that is blank."""
    words: tuple[str, ...] = ()
    """Words that a text must have for a whole-word key to stand in it."""
    whole: bool = False
    cased: bool = False
    """Whether capitals count."""
    regex: Any = None
    fault: str = ""
    """What is wrong with a regex."""


@dataclass
class Allowance:
    """The time that is left for regexes."""

    left: float = IN_ALL


@dataclass
class Text:
    """A text in which many keys are looked for; what that takes is made once."""

    raw: str
    _folded: dict[bool, str] = field(default_factory=dict[bool, str])
    _words: dict[bool, frozenset[str]] = field(default_factory=dict[bool, frozenset[str]])

    def folded(self, *, cased: bool) -> str:
        """Return the text as keys are compared with it."""
        if cased not in self._folded:
            self._folded[cased] = _fold(self.raw, cased=cased)
        return self._folded[cased]

    def words(self, *, cased: bool) -> frozenset[str]:
        """Return the words of the folded text."""
        if cased not in self._words:
            self._words[cased] = frozenset(_WORD.findall(self.folded(cased=cased)))
        return self._words[cased]


def _fold(text: str, *, cased: bool) -> str:
    folded = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return folded if cased else folded.casefold()


@lru_cache(maxsize=32_768)
def key_of(written: str, *, whole: bool, cased: bool) -> Key:
    """Return a key made ready; `whole` is whether it has to be a whole word."""
    bare = written.strip()
    if (wanted := _REGEX.fullmatch(bare)) is not None:
        return _regex(written, wanted[1], wanted[2])
    text = _fold(bare, cased=cased)
    whole = whole and _UNSPACED.search(text) is None
    words = tuple(dict.fromkeys(_WORD.findall(text))) if whole else ()
    return Key(written, text, words, whole, cased)


def _regex(written: str, pattern: str, flags: str) -> Key:
    if fault := _too_large(pattern):
        return Key(written, fault=fault)
    # tiktoken brings it, and it takes a while to load; few stories need it.
    import regex

    wanted = regex.VERSION0
    for letter in set(flags):
        wanted |= {"i": regex.I, "m": regex.M, "s": regex.S}.get(letter, 0)
    try:
        return Key(written, regex=regex.compile(pattern, wanted, cache_pattern=False))
    except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        return Key(written, fault=str(error) or "too large")


def _too_large(pattern: str) -> str:
    """Say what keeps a regex from being compiled at all; nothing mostly.

    What is repeated at least n times is compiled n times over, and groups in groups multiply. All
    groups are taken to be in one another, which is never too few.
    """
    if len(pattern) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if _FLAGS_REFUSED.search(pattern):
        return "flags that are not understood here"
    steps = len(pattern) + sum(_number(digits) for digits in _AGAIN.findall(pattern))
    for digits in _GROUP_AGAIN.findall(pattern):
        steps *= _number(digits) + 1 if digits else 2
        if steps > _LARGEST:
            break
    return "too large" if steps > _LARGEST else ""


def _number(digits: str) -> int:
    return int(digits) if len(digits) < 9 else _LARGEST


def found(key: Key, text: Text, allowance: Allowance, beside: Text | None = None) -> bool:
    """Whether a key stands in a text, or in that and the one `beside` it as if they were one with
    a line end between. Raises TooSlow when that cannot be told in time.
    """
    if key.regex is not None or (beside is not None and "\n" in key.text):
        whole = text if beside is None else Text(f"{text.raw}\n{beside.raw}")
        if key.regex is not None:
            return _matches(key, whole.raw, allowance)
        return _is_in(key, whole)
    return _is_in(key, text) or (beside is not None and _is_in(key, beside))


def _is_in(key: Key, text: Text) -> bool:
    if not key.text:
        return False
    if not key.whole:
        return key.text in text.folded(cased=key.cased)
    words = text.words(cased=key.cased)
    if not all(word in words for word in key.words):
        return False
    return key.words == (key.text,) or _stands(key.text, text.folded(cased=key.cased))


def _matches(key: Key, raw: str, allowance: Allowance) -> bool:
    if allowance.left <= 0:
        raise TooSlow("the regexes of this story take too long together")
    began = time.perf_counter()
    try:
        return key.regex.search(raw, timeout=min(SECONDS, allowance.left)) is not None
    except (TimeoutError, MemoryError, RecursionError):
        raise TooSlow("takes too long") from None
    finally:
        taken = time.perf_counter() - began
        allowance.left -= taken if taken > _SLOW else 0


def _stands(wanted: str, text: str) -> bool:
    """Whether `wanted` is somewhere in `text` with no letter or digit before or after it."""
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not (at and _is_word(text[at - 1])) and not _is_word(text[end : end + 1]):
            return True
        at = text.find(wanted, at + 1)
    return False


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
