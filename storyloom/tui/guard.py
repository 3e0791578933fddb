"""The last line before the terminal: no control character of any text reaches it.

Texts are made visible where they become lines. This filter stands behind all widgets, ours and
Textual's own, and catches what was missed: every segment of every frame passes it.
"""

import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from storyloom.text import visible

__all__ = ["Guard"]


_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━—–╌‐‑‒―−", "-"),
        **dict.fromkeys("│┃▉▊▋▌▍▎▏▐▕", "|"),
        **dict.fromkeys("▁▂▃▄▅▆▇▔▀", "="),
        "█": "#", "…": "~", "•": ".", "·": "-", "‹": "<", "›": ">", "×": "x",
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": ",",
        "→": ">", "←": "<", "↑": "^", "↓": "v", "✓": "x",
        "ß": "s", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L",
        "æ": "e", "Æ": "E", "œ": "e", "Œ": "E", "þ": "t", "Þ": "T", "ı": "i",
    }
)  # fmt: skip
"""What stands for our own glyphs, and for common ones of prose, on an ASCII terminal."""
_FRAMES = range(0x2500, 0x25A0)
"""Unicode's lines, corners and blocks."""


@lru_cache(maxsize=4096)
def _likeness(character: str) -> str:
    """Return ASCII of the same width: the letter without its accents, or question marks."""
    if character.isascii():
        return character
    if ord(character) in _FRAMES:
        return "+"
    width = cell_len(character)
    if width == 0:
        # An accent of its own on the letter before.
        return ""
    bare = "".join(
        each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each)
    )
    if len(bare) == 1 and bare.isascii() and bare.isprintable():
        return bare.ljust(width)
    return "?" * width


class Guard(LineFilter):
    """Replaces what `storyloom.text.visible` replaces, in everything that is drawn.

    With `ascii` nothing but ASCII is drawn: glyphs and letters by their nearest likeness, the rest
    as `?`.
    """

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002
        super().__init__()
        self._ascii = ascii

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments with their texts made visible; line ends become spaces."""
        if all(segment.text.isascii() and segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or (segment.text.isprintable() and segment.text.isascii())
            else Segment(self._shown(segment.text), segment.style)
            for segment in segments
        ]

    def _shown(self, text: str) -> str:
        # A line end inside a line would tear the screen.
        text = visible(text).replace("\n", " ").replace("\t", " ")
        if not self._ascii or text.isascii():
            return text
        return "".join(map(_likeness, text.translate(_ASCII)))
