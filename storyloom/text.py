"""Untrusted text made safe: on its way into a story, and on its way to a terminal.

Two steps, because they protect different things. `clean` is for storage: it replaces what no
prose holds (control characters, surrogates, noncharacters) by something visible, and keeps every
character that a real script needs. `visible` is for terminals and one step stricter: it also
stands in for what is legitimate in a file but changes what a reader sees (bidirectional overrides,
zero-width characters, tags, piles of combining marks).

Both replace character by character and delete no sequence, so applying them twice changes nothing,
and the result of `clean` does not depend on where a stream was cut into pieces (but for a CR LF).
"""

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Refusal", "clean", "first_words", "one_line", "visible", "words"]


class Refusal(ValueError):
    """Something the user asked for cannot be done; the message is the one sentence to show them."""


_MIDDLE_DOT = "\u00b7"
_REPLACEMENT = "\ufffd"

_STORAGE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT),
    **dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT),
    **dict.fromkeys(range(0xFDD0, 0xFDF0), _REPLACEMENT),
    **{plane * 0x10000 + low: _REPLACEMENT for plane in range(17) for low in (0xFFFE, 0xFFFF)},
}

_ZERO_WIDTH = (
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, 0x200E, 0x200F,
    0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x2065, 0x206A, 0x206B, 0x206C, 0x206D, 0x206E, 0x206F,
    0x3164, 0xFEFF, 0xFFA0,
)  # fmt: skip
_SCREEN: dict[int, str] = {
    **_STORAGE,
    0x2028: "\u23ce",
    0x2029: "\u23ce",
    **dict.fromkeys(_ZERO_WIDTH, _MIDDLE_DOT),
    **dict.fromkeys(range(0x202A, 0x202F), _MIDDLE_DOT),
    **dict.fromkeys(range(0x2066, 0x206A), _MIDDLE_DOT),
    **dict.fromkeys(range(0xFFF0, 0xFFFC), _MIDDLE_DOT),
    **dict.fromkeys(range(0x1BCA0, 0x1BCA4), _MIDDLE_DOT),
    **dict.fromkeys(range(0x1D173, 0x1D17B), _MIDDLE_DOT),
    **dict.fromkeys(range(0xE0000, 0xE1000), _MIDDLE_DOT),
    **dict.fromkeys(range(0xE0100, 0xE01F0), ""),
}


def _any_of(codes: Iterable[int]) -> re.Pattern[str]:
    """Compile a class of these characters, as ranges: thousands of single ones compile slowly."""
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return re.compile("[" + "".join(rf"\U{low:08x}-\U{high:08x}" for low, high in ranges) + "]")


_UNSTORABLE = _any_of(_STORAGE)
_UNSHOWABLE = _any_of(_SCREEN)
_MARKS_KEPT = 8
"""Combining marks kept on one base character; more only serve to scribble over other lines."""
_JOINERS = "\u200c\u200d"
_PERHAPS_PILED = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MARKS_KEPT + 1}}}")
"""A quick test: a pile matches it (marks and joiners are neither letters nor digits)."""
_WORD = re.compile(r"(?<!\S)(?:[^\w\s]|_)*+[^\W_]\S*")
"""A run of non-space with a letter or digit; anchored, since a long row of dashes costs the square
of its length otherwise."""


def clean(text: str) -> str:
    """Return `text` fit to be stored: line ends are LF and nothing in it is a control character.

    CR LF becomes LF, and a lone CR too. Other C0 controls but tab become their Unicode pictures
    (U+2400 and up), DEL becomes U+2421, and C1 controls, surrogates and noncharacters U+FFFD.
    A CR LF cut in two by a stream gives two line ends; `generate` joins pieces before it stores.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _UNSTORABLE.search(text) is None:
        return text
    return text.translate(_STORAGE)


def visible(text: str) -> str:
    """Return `text` fit to be drawn on a terminal: as `clean`, and nothing in it is invisible.

    Bidirectional controls, zero-width characters and tags become a middle dot, line and paragraph
    separators U+23CE. Zero-width joiners and variation selectors 1 to 16 stay, as scripts and
    emoji need them. At most 8 combining marks and joiners in a row stay. Tabs and LF stay.
    """
    if text.isascii():
        return clean(text)
    text = clean(text)
    if _UNSHOWABLE.search(text) is not None:
        text = text.translate(_SCREEN)
    return text if _PERHAPS_PILED.search(text) is None else _without_piles(text)


def _without_piles(text: str) -> str:
    kept: list[str] = []
    run = 0
    for character in text:
        # Joiners count, or a pile could go on for ever with one joiner in every eight marks.
        if character > "\u02ff" and (
            character in _JOINERS or unicodedata.category(character) in ("Mn", "Me")
        ):
            run += 1
            if run > _MARKS_KEPT:
                continue
        else:
            run = 0
        kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    """Return `text` safe for a terminal and on one line: every run of white space is one space."""
    return " ".join(visible(text).split())


def first_words(text: str, width: int) -> str:
    """Return the beginning of `text` on one line, at most `width` characters, cut at a space."""
    text = text.lstrip(" \t\r\n")
    line = one_line(text[: width * 8])
    if len(line) <= width and not text[width * 8 :].strip(" \t\r\n"):
        return line
    if len(line) < width:
        return line + "…"
    cut = line.rfind(" ", 0, width)
    return line[: cut if cut > width // 2 else width - 1].rstrip() + "…"


def words(text: str) -> int:
    """Count the words of `text`: runs of non-space that hold a letter or a digit."""
    return sum(1 for _ in _WORD.finditer(text))
