"""The last line before the terminal: no control character of any text reaches it.

Texts are made visible where they become lines. This filter stands behind all widgets, ours and
Textual's own, and catches what was missed: every segment of every frame passes it.
"""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from storyloom.text import visible

__all__ = ["Guard"]


_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━—–╌", "-"),
        **dict.fromkeys("│┃▌▐▎", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("▁▂▃▄▅▆▇█▔▀", "="),
        "…": "~", "•": ".", "·": "-", "‹": "<", "›": ">", "×": "x",
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'",
    }
)  # fmt: skip
"""What stands for our own glyphs, and for common ones of prose, on an ASCII terminal."""


class Guard(LineFilter):
    """Replaces what `storyloom.text.visible` replaces, in everything that is drawn.

    With `ascii` nothing but ASCII is drawn: glyphs by their nearest likeness, the rest as `?`.
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
        text = text.translate(_ASCII)
        return "".join(
            character if character.isascii() else "?" * cell_len(character) for character in text
        )
