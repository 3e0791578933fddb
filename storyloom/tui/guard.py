"""The last line before the terminal: no control character of any text reaches it.

Texts are made visible where they become lines. This filter stands behind all widgets, ours and
Textual's own, and catches what was missed: every segment of every frame passes it.
"""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from storyloom.text import visible

__all__ = ["Guard"]


class Guard(LineFilter):
    """Replaces what `storyloom.text.visible` replaces, in everything that is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments with their texts made visible; line ends become spaces."""
        if all(segment.text.isascii() and segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or (segment.text.isprintable() and segment.text.isascii())
            else Segment(_shown(segment.text), segment.style)
            for segment in segments
        ]


def _shown(text: str) -> str:
    # Wide characters are drawn as a pair by Textual; visible() keeps lengths but for what it
    # drops, and a line end inside a line would tear the screen.
    return visible(text).replace("\n", " ").replace("\t", " ")
