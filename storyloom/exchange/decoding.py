"""Bytes of a file of any origin made text, or refused as none."""

import codecs
import re

__all__ = ["NoText", "decoded"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16's little-endian one, which it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 65_536
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Controls that text files do not have; Escape may stand in one that a terminal made."""
_FEW = 4
_MOST_CONTROLS = 0.002
"""The part of a text that may be odd, beside the few that any text may have."""


class NoText(ValueError):
    """The bytes are no text in any encoding that is known here."""


def decoded(data: bytes) -> str:
    """Return the text that `data` is, in UTF-8, UTF-16 or UTF-32, else in Windows-1252.

    Without a mark that says which, UTF-16 is told by where its zero bytes are, and Windows-1252 is
    what is not UTF-8. Raises NoText for what is none of them.
    """
    text = _tried(data)
    seen = text[:_LOOKED_AT]
    if len(_CONTROLS.findall(seen)) > max(_FEW, _MOST_CONTROLS * len(seen)):
        raise NoText
    return text


def _tried(data: bytes) -> str:
    try:
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                return data.decode(encoding)
        if b"\0" in data[:_LOOKED_AT]:
            return data.decode(_utf_16(data[:_LOOKED_AT]))
    except UnicodeDecodeError as error:
        raise NoText from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _barely(data, error):
            return data.decode("utf-8", "replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        # Five of its bytes mean nothing; one slip in a book is no reason to refuse it.
        text = data.decode("cp1252", "replace")
    if text.count("\ufffd") > max(_FEW, _MOST_CONTROLS * len(text)):
        raise NoText
    return text


def _barely(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether this is UTF-8 that was cut or damaged, and not another encoding.

    Much of it is well-formed sequences of several bytes, which no other encoding has by chance.
    """
    several = len(data[: error.start]) - len(data[: error.start].decode("utf-8"))
    wrong = data.decode("utf-8", "replace").count("\ufffd")
    return several > 0 and wrong * 10 <= several + 10


def _utf_16(data: bytes) -> str:
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if odd > 4 * even and odd * 4 > len(data) // 2:
        return "utf-16-le"
    if even > 4 * odd and even * 4 > len(data) // 2:
        return "utf-16-be"
    raise NoText
