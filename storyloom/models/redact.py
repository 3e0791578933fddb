"""Keys of providers kept out of every text that could be shown or written."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from urllib.parse import quote

__all__ = ["MASK", "Masking", "learn", "redact", "watch"]

MASK = "***"

_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST = 8
"""A shorter value is no key, and masking it would eat ordinary words."""

_HELD = 4
"""Characters of a key from which on they are held back."""

_watched: set[str] = set()
_learned: set[str] = set()


def watch(variable: str | None) -> None:
    """Treat the environment variable of that name as a key, whatever it is called."""
    if variable:
        _watched.add(variable)


def learn(secret: str) -> None:
    """Treat `secret` as a key for as long as the process lives, wherever it came from."""
    secret = secret.strip()
    if len(secret) >= _SHORTEST:
        _learned.add(secret)


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return `text` with every known key replaced by `***`.

    Keys are those given to `learn`, and in the environment the variables whose name ends in
    `_KEY`, `_TOKEN`, `_SECRET` or `_PASSWORD`, and those given to `watch`. Cut a long text only
    after this, so that no half of a key stays.
    """
    for key in _keys(os.environ if environ is None else environ):
        if key in text:
            text = text.replace(key, MASK)
    return text


def _keys(environ: Mapping[str, str]) -> list[str]:
    values = {
        value.strip()
        for name, value in environ.items()
        if (name in _watched or name.upper().endswith(_ENDINGS)) and len(value) >= _SHORTEST
    }
    values |= _learned
    values |= {form for value in values for form in _forms(value)}
    # Longest first: a key that begins with another one must not leave its tail behind.
    return sorted((value for value in values if value), key=len, reverse=True)


def _forms(value: str) -> Iterator[str]:
    """Yield a key as an address, as JSON, as Python's repr and as base64 have it."""
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    yield ascii(value)[1:-1]
    data = value.encode("utf-8", "replace")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        # What follows a key that is encoded with more behind it changes its last characters only.
        yield encode(data[: len(data) // 3 * 3]).decode()


class Masking:
    """Keys kept out of a text that comes in pieces, of which each may end within a key.

    The keys are those known when the first piece comes. What may be the beginning of one is held
    back until the next piece says whether it is, from its fourth character on: the ends of
    ordinary words are not.
    """

    def __init__(self) -> None:
        self._keys: list[str] | None = None
        self._before = ""
        """The last characters that were passed on, too few of a key to be held back."""
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece; return what can be passed on, without keys."""
        if self._keys is None:
            self._keys = _keys(os.environ)
        text = self._before + self._held + piece
        end = self._begun(text)
        self._held = text[end:]
        return self._masked(text[:end])

    def rest(self) -> str:
        """Return what was held back, when nothing more comes."""
        text, self._held = self._before + self._held, ""
        return self._masked(text)

    def _begun(self, text: str) -> int:
        """Return where in `text` what may be an unfinished key begins; its end if nothing may."""
        end = len(text)
        for key in self._keys or ():
            at = text.find(key[:_HELD], max(0, len(text) - len(key) + 1))
            while at >= 0:
                if key.startswith(text[at:]):
                    end = min(end, at)
                    break
                at = text.find(key[:_HELD], at + 1)
        return max(end, len(self._before))

    def _masked(self, text: str) -> str:
        passed = len(self._before)
        for key in self._keys or ():
            while (at := text.find(key)) >= 0:
                text = text[: max(at, passed)] + MASK + text[at + len(key) :]
        self._before = text[1 - _HELD :]
        return text[passed:]
