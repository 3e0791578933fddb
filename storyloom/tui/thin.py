"""Fewer bytes for the same screen: colours are sent when they change, not with every stretch.

Textual sends each stretch of text with its whole style in front and a reset behind. On a thin line
that is more than the text. The terminal keeps a style until it is told another, also when the
cursor moves, so what it has already need not be said again.
"""

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["thinned"]

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;]*H|\x1b")
"""A style, a move of the cursor, or the beginning of anything else."""


class _Style(NamedTuple):
    """What a terminal draws with."""

    flags: frozenset[str] = frozenset()
    ink: str = ""
    ground: str = ""


_PLAIN = _Style()


def thinned(data: str) -> str:
    """Return a frame that draws the same with fewer bytes.

    `data` is taken to begin and to end with the terminal's plain style, as all that Textual sends
    does. Anything but styles and moves of the cursor is passed on as it is, with the style it had.
    """
    if "\x1b[0m" not in data:
        return data
    out: list[str] = []
    has = wants = _PLAIN
    at = 0
    for match in _ESCAPE.finditer(data):
        text = data[at : match.start()]
        # Line ends move the cursor and are not drawn with any style.
        if (text and not text.isspace()) or " " in text:
            out.append(_change(has, wants))
            has = wants
        out.append(text)
        at = match.end()
        codes = match.group(1)
        if codes is not None:
            wants = _after(wants, codes)
        elif match.group() != "\x1b":
            out.append(match.group())
        else:
            # Erasing and the like may take their colour from the style.
            out += [_change(has, wants), "\x1b"]
            has = wants
    out += [_change(has, wants), data[at:]]
    return "".join(out)


@lru_cache(maxsize=1024)
def _after(style: _Style, codes: str) -> _Style:
    """Return a style after those codes of a style sequence."""
    numbers = codes.split(";")
    while numbers:
        number = numbers.pop(0)
        if number in ("", "0"):
            style = _PLAIN
        elif number in ("38", "48"):
            count = 2 if numbers[:1] == ["5"] else 4
            colour = ";".join([number, *numbers[:count]])
            del numbers[:count]
            style = style._replace(**{"ink" if number == "38" else "ground": colour})
        elif number in ("39", "49"):
            style = style._replace(**{"ink" if number == "39" else "ground": ""})
        elif (len(number) == 2 and number[0] in "39") or (len(number) == 3 and number[0] == "9"):
            style = style._replace(ink=number)
        elif (number[0] == "4" and len(number) == 2) or number[:2] == "10":
            style = style._replace(ground=number)
        else:
            style = style._replace(flags=style.flags | {number})
    return style


@lru_cache(maxsize=4096)
def _change(has: _Style, wants: _Style) -> str:
    """Return the shortest sequence that makes one style of another."""
    if has == wants:
        return ""
    codes: list[str] = []
    if has.flags - wants.flags or (has.ink and not wants.ink) or (has.ground and not wants.ground):
        # Taking something away is shorter said by beginning anew.
        codes.append("0" if wants != _PLAIN else "")
        has = _PLAIN
    codes += sorted(wants.flags - has.flags)
    codes += [wants.ink] if wants.ink != has.ink else []
    codes += [wants.ground] if wants.ground != has.ground else []
    return f"\x1b[{';'.join(codes)}m"
