"""Fewer bytes for the same screen: colours are sent when they change, not with every stretch.

Textual sends each stretch of text with its whole style in front and a reset behind, and a line end
and a move of the cursor between two. On a thin line that is more than the text. The terminal keeps
a style until it is told another, also when the cursor moves, so what it has already need not be
said again; nor a move that another one follows; and a stretch of space can be erased.
"""

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["thinned"]

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;]*H|\x1b")
"""A style, a move of the cursor, or the beginning of anything else."""


_MOVE = re.compile(r"\x1b\[[0-9;]*H")
_LEAST_ERASED = 6
"""Cells of space for which erasing is shorter."""
_SEEN_IN_SPACE = frozenset({"4", "7", "9", "21", "53"})
"""Underline, reverse, strike and the like, which a space shows and an erased cell does not."""


class _Style(NamedTuple):
    """What a terminal draws with."""

    flags: frozenset[str] = frozenset()
    ink: str = ""
    ground: str = ""


_PLAIN = _Style()


def thinned(data: str, *, erasing: bool = False) -> str:
    """Return a frame that draws the same with fewer bytes.

    With `erasing`, space before a move of the cursor is erased (ECH), for terminals that give what
    they erase the colour they have (BCE).

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
            _end_before_move(out, has, erasing=erasing)
            out.append(match.group())
        else:
            # Erasing and the like may take their colour from the style.
            out += [_change(has, wants), "\x1b"]
            has = wants
    out += [_change(has, wants), data[at:]]
    return "".join(out)


def _end_before_move(out: list[str], has: _Style, *, erasing: bool) -> None:
    """Shorten what stands at the end of `out`, as a move of the cursor follows."""
    while out and not out[-1].rstrip("\r\n"):
        out.pop()
    if not out:
        return
    if _MOVE.fullmatch(out[-1]):
        out.pop()
        return
    text = out[-1].rstrip("\r\n")
    shown = text.rstrip(" ")
    space = len(text) - len(shown)
    if erasing and space >= _LEAST_ERASED and not has.flags & _SEEN_IN_SPACE:
        text = f"{shown}\x1b[{space}X"
    out[-1] = text


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


_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29", "53": "55"}
"""What ends a flag alone."""


@lru_cache(maxsize=4096)
def _change(has: _Style, wants: _Style) -> str:
    """Return the shortest sequence that makes one style of another."""
    if has == wants:
        return ""
    if wants == _PLAIN:
        return "\x1b[m"
    anew = ["0", *sorted(wants.flags), *filter(None, (wants.ink, wants.ground))]
    lost = has.flags - wants.flags
    off = {_OFF[flag] for flag in lost if flag in _OFF}
    # 22 ends both bold and faint, of which one may stay.
    stays = {flag for flag in has.flags - lost if _OFF.get(flag) not in off}
    codes = [*sorted(off), *sorted(wants.flags - stays)]
    codes += [wants.ink or "39"] if wants.ink != has.ink else []
    codes += [wants.ground or "49"] if wants.ground != has.ground else []
    step = ";".join(codes)
    whole = ";".join(anew)
    return f"\x1b[{step if lost <= _OFF.keys() and len(step) < len(whole) else whole}m"
