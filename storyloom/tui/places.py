"""Where words stand in a long text, whatever case and accents they are written in."""

import re
import unicodedata

__all__ = ["folded", "places"]

_MOST = 10_000


def folded(text: str) -> str:
    """Return a text of the same length in lower case and without accents."""
    table = {ord(character): _plain(character) for character in set(text)}
    return text.translate(table)


def _plain(character: str) -> str:
    lower = unicodedata.normalize("NFD", character)[0].lower()
    return lower if len(lower) == 1 else character


def places(within: str, wanted: str) -> list[tuple[int, int]]:
    """Return the spans of a text, folded already, at which the words stand one after the other,
    over line ends too; the first ten thousand.
    """
    words = folded(wanted).split()
    if not words:
        return []
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words))
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(within):
        found.append(match.span())
        if len(found) == _MOST:
            break
    return found
