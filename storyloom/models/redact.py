"""Keys of providers kept out of every text that could be shown or written."""

import json
import os
from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["MASK", "learn", "redact", "watch"]

MASK = "***"

_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_SHORTEST = 8
"""A shorter value is no key, and masking it would eat ordinary words."""

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
    # As an address, as JSON and as Python's repr have it.
    values |= {
        form
        for value in values
        for form in (quote(value, safe=""), json.dumps(value)[1:-1], ascii(value)[1:-1])
    }
    # Longest first: a key that begins with another one must not leave its tail behind.
    return sorted((value for value in values if value), key=len, reverse=True)
