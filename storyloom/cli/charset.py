"""Whether the terminal shows more than ASCII, as far as its locale says."""

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["names_locale", "shows_unicode"]

_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
"""Those that choose the character set, the first that is set to something counts."""


def shows_unicode() -> bool:
    """Whether the screens may be drawn with more than ASCII."""
    encoding = (getattr(sys.__stderr__, "encoding", None) or "utf-8").lower()
    # The screens are written to stderr, by what Python takes for its character set.
    return "utf" in encoding and (os.name == "nt" or _has_utf8(_given()))


def names_locale() -> str:
    """Return the setting that says which characters there are, such as `LANG=C`."""
    given = _given()
    return next((f"{name}={given[name]}" for name in _VARIABLES if given.get(name)), "no LANG")


def _has_utf8(environ: Mapping[str, str]) -> bool:
    chosen = next((value for name in _VARIABLES if (value := environ.get(name))), "C")
    codeset = chosen.partition(".")[2].partition("@")[0] or chosen
    # By its name first, as tmux does: on a machine that lacks the locale the terminal is no other.
    if "utf-8" in codeset.lower() or "utf8" in codeset.lower():
        return True
    if "." in chosen or chosen in ("C", "POSIX"):
        return False
    return _coerced(environ) is None and "utf" in locale.getencoding().lower()


def _coerced(environ: Mapping[str, str]) -> str | None:
    """Return the locale that Python has put in place of the C locale (PEP 538), None for none."""
    now = os.environ.get("LC_CTYPE")
    return now if now != environ.get("LC_CTYPE") else None


def _given() -> Mapping[str, str]:
    """Return the environment that the program was started with.

    Python itself sets LC_CTYPE to UTF-8 where the locale is C; that is no word of the terminal's.
    """
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return os.environ
    pairs = (entry.decode("utf-8", "replace").partition("=") for entry in entries if entry)
    return {name: value for name, _, value in pairs}
