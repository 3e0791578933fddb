"""Pastes that hold escape characters, whose rest would otherwise be taken for keys.

A terminal puts a mark before and behind what is pasted. Textual believes every escape character
between the two to be a key's, gives what stands behind it as keys, and does so before the paste
itself: a text copied from anywhere could press `x`, or type `:quit`.
"""

import re
import time
from collections.abc import Iterable

from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers import linux_driver
from textual.message import Message

__all__ = ["PATIENCE", "PasteParser", "keep_whole"]

PATIENCE = 1.0
"""Seconds without input after which a lone key is a key, although the paste has not ended."""
_ESCAPE, _PICTURE = "\x1b", "\u241b"
_KEY = re.compile(r"[^\x1b]|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO?.", re.DOTALL)
"""What a terminal sends for one key; a paste's rest comes in bulk."""


def keep_whole() -> None:
    """Have Textual's driver give each paste as one event, whatever it holds."""
    linux_driver.XTermParser = PasteParser  # pyright: ignore[reportPrivateImportUsage]


class PasteParser(XTermParser):
    """Textual's parser, which is shown no escape character of a paste but its picture, U+241B.

    It does not matter how what the terminal sends is cut into reads, nor how long a thin line takes
    between two of them. A paste whose end never comes is over when, after `PATIENCE` seconds of
    nothing, there is a single key or another paste; or at the end of all input.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""
        """The end of what has come of a paste, where that may be the beginning of its end mark."""
        self._begun = ""
        """The same of a start mark; Textual has been given it, as it may well be a key."""
        self._lapsed = False
        """Whether Textual took that for keys when no more came."""
        self._last = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """Take what was read; an empty read is the end of all input."""
        now = time.monotonic()
        silent, self._last = now - self._last >= PATIENCE, now
        if not data:
            yield from self._given(self._end())
            yield from super().feed("")
            return
        if silent and self._is_no_rest(data):
            yield from self._given(self._end())
        parts: list[str] = []
        while data:
            part, data = self._inside(data) if self._pasting else self._outside(data)
            parts.append(part)
        yield from self._given("".join(parts))

    def tick(self) -> Iterable[Message]:
        """Give up waiting for the rest of a key, as is done some times a second."""
        # Escape is a key, and so must not wait; no key begins as the rest of the start mark does.
        if len(self._begun) > 1 and time.monotonic() - self._last < PATIENCE:
            return
        for event in super().tick():
            self._lapsed = True
            yield event

    def _given(self, text: str) -> Iterable[Message]:
        # To Textual nothing is the end of all input, and it takes no more.
        return super().feed(text) if text else ()

    def _outside(self, data: str) -> tuple[str, str]:
        """Return what Textual is given up to where a paste begins, and what is left."""
        had = self._begun
        before, mark, rest = (had + data).partition(BRACKETED_PASTE_START)
        # What it took for keys it would miss at the mark.
        again = bool(mark) and self._lapsed and not before
        self._pasting = bool(mark)
        self._begun = "" if mark else _beginning(BRACKETED_PASTE_START, before)
        self._lapsed = self._lapsed and _ESCAPE not in data
        return (before + mark)[0 if again else len(had) :], rest

    def _inside(self, data: str) -> tuple[str, str]:
        """Return what Textual is given of a paste up to its end, and what is left."""
        inside, mark, rest = (self._held + data).partition(BRACKETED_PASTE_END)
        self._held = "" if mark else _beginning(BRACKETED_PASTE_END, inside)
        self._pasting = not mark
        return _harmless(inside.removesuffix(self._held)) + mark, rest

    def _end(self) -> str:
        """End the paste, if there is one, although its end has not come."""
        if not self._pasting:
            return ""
        held, self._held, self._pasting = self._held, "", False
        return _harmless(held) + BRACKETED_PASTE_END

    def _is_no_rest(self, data: str) -> bool:
        """Whether what comes after a silence cannot be the rest of a paste."""
        if data.startswith(BRACKETED_PASTE_START):
            return True
        seen = self._held + data
        is_end = seen.startswith(BRACKETED_PASTE_END) or BRACKETED_PASTE_END.startswith(seen)
        return not is_end and _KEY.fullmatch(data) is not None


def _beginning(mark: str, text: str) -> str:
    """Return the end of `text` that may be the beginning of that mark, of which more is to come."""
    at = text.rfind(_ESCAPE, max(0, len(text) - len(mark) + 1))
    return text[at:] if at >= 0 and mark.startswith(text[at:]) else ""


def _harmless(text: str) -> str:
    return text.replace(_ESCAPE, _PICTURE)
