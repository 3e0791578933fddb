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

__all__ = ["Refusal", "clean", "first_words", "grouped", "one_line", "visible", "words"]


class Refusal(ValueError):
    """Something the user asked for cannot be done; the message is the one sentence to show them."""


# Patterns and not tables of characters: six thousand entries would be made at every start.
_NONCHARACTERS = "".join(rf"\U{plane:04x}fffe-\U{plane:04x}ffff" for plane in range(17))
_UNSTORABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + _NONCHARACTERS + "]"
)
_UNSHOWABLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
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
    return _UNSTORABLE.sub(_stored, text)


def _stored(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def visible(text: str) -> str:
    """Return `text` fit to be drawn on a terminal: as `clean`, and nothing in it is invisible.

    Bidirectional controls, zero-width characters and tags become a middle dot, line and paragraph
    separators U+23CE. Zero-width joiners and variation selectors 1 to 16 stay, as scripts and
    emoji need them. At most 8 combining marks and joiners in a row stay. Tabs and LF stay.
    """
    if text.isascii():
        return clean(text)
    text = _UNSHOWABLE.sub(_shown, clean(text))
    return text if _PERHAPS_PILED.search(text) is None else _without_piles(text)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in (0x2028, 0x2029):
        return "\u23ce"
    # Variation selectors 17 to 256 only choose between glyphs; a dot after each would be noise.
    return "" if 0xE0100 <= code <= 0xE01EF else "\u00b7"


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


def grouped(number: int) -> str:
    """Return a number with a gap at the thousands: 6 120."""
    return f"{number:,}".replace(",", " ")
