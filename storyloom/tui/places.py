"""Where words stand in a long text, whatever case and Latin accents they are written with."""

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["MOST", "folded", "places"]

MOST = 10_000
"""Places that are found at most."""
_ACCENTS = "[\u0300-\u036f]*+"
"""What may stand behind a letter that is written as two characters."""
_PART = 50_000
"""Code points of a text that are looked at in one go."""
_QUOTES = str.maketrans("‘’“”", "''\"\"")


def folded(text: str) -> str:
    """Return a text of the same length in lower case, Latin letters without accents."""
    table = {ord(character): _plain(character) for character in _characters(text)}
    return "".join(part.translate(table) for part in _parts(text))


def _characters(text: str) -> set[str]:
    found: set[str] = set()
    for part in _parts(text):
        found.update(part)
    return found


def _parts(text: str) -> Iterator[str]:
    # Python goes on with nothing else, in no thread, before one call on a text has come back.
    return (text[at : at + _PART] for at in range(0, len(text), _PART))


def _plain(character: str) -> str:
    character = character.translate(_QUOTES)
    base = unicodedata.normalize("NFD", character)[0]
    # Elsewhere what can be taken off is part of the letter: a Hangul syllable's other sounds.
    lower = (base if base.isascii() else character).lower()
    return lower if len(lower) == 1 else character


def places(within: str, wanted: str) -> list[tuple[int, int]]:
    """Return the spans of a text, folded already, at which the words stand one after the other,
    over line ends too; the first ten thousand.
    """
    words = folded(unicodedata.normalize("NFC", wanted)).split()
    if not words:
        return []
    pattern = re.compile(r"\s+".join(_of_word(word) for word in words))
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(within):
        found.append(match.span())
        if len(found) == MOST:
            break
    return found


def _of_word(word: str) -> str:
    return "".join(re.escape(character) + _ACCENTS for character in word)
