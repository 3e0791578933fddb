"""Drawing with fewer colours than Textual would: the terminal's own sixteen, or none at all."""

import re
from collections.abc import Mapping
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

__all__ = ["Colourless", "Native", "has_colours"]

_WITHOUT = re.compile(r"vt\d+.*|.*-m(ono)?")
"""Names of terminals that have no colours to show."""


def has_colours(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows colours and its user wants any (no-color.org)."""
    # An empty NO_COLOR is none; Textual takes it for one.
    return not environ.get("NO_COLOR") and not _WITHOUT.fullmatch(environ.get("TERM", ""))


class Colourless(LineFilter):
    """Takes every colour out of what is drawn; attributes such as bold stay.

    What has a background of its own, such as the row that is selected, is drawn reversed: that the
    terminal does with the two colours it has anyway. Textual's own filter makes greys instead.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments in the terminal's own two colours."""
        return [
            segment
            if segment.style is None
            else Segment(segment.text, _without_colour(segment.style), segment.control)
            for segment in segments
        ]


class Native(LineFilter):
    """Takes colours out of what is drawn that are none of the terminal's own.

    For themes of those alone: some widgets of Textual's have a black or a green of their own.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments with the terminal's default colour instead of such."""
        return [
            segment
            if segment.style is None
            else Segment(segment.text, _native(segment.style), segment.control)
            for segment in segments
        ]


@lru_cache(maxsize=1024)
def _native(style: Style) -> Style:
    ink, ground = style.color, style.bgcolor
    if (ink is None or ink.triplet is None) and (ground is None or ground.triplet is None):
        return style
    return style + Style(
        color=None if ink is None or ink.triplet is None else _DEFAULT,
        bgcolor=None if ground is None or ground.triplet is None else _DEFAULT,
    )


@lru_cache(maxsize=1024)
def _without_colour(style: Style) -> Style:
    ground = style.bgcolor
    lit = ground is not None and not ground.is_default
    plain = style.without_color
    if style.meta:
        # What a click on it does; Rich takes that for colour too.
        plain += Style.from_meta(style.meta)
    return plain + _REVERSE if lit else plain


_REVERSE = Style(reverse=True)
_DEFAULT = RichColor.default()
