"""A theme's colours as a terminal of 256 colours has them.

Rich takes for each colour, by itself, what comes near it in red, green and blue. Of a dark theme's
backgrounds that makes black, or a strong blue, and of a selected row one that its text cannot be
read on. Here the backgrounds are chosen first, by what the eye takes for near; then each text's
colour from those that read as well on them, and no two models get the same.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color, rgb_to_lab

from storyloom.tui.themes import MODEL_ROLES, LoomTheme

__all__ = ["contrast", "in_256"]

_BEHIND = ("background", "surface", "panel")
_TOLD_APART = ("weave", "human", *MODEL_ROLES)
_LEAST = 4.5
"""WCAG's AA for text; AAA is 7."""
_BEST = 7.0
_ALIKE = 12.0
"""How near two colours may be to be taken for one (CIE76)."""


class _Seen(NamedTuple):
    """A colour and how it is seen."""

    name: str
    lightness: float
    a: float
    b: float
    luminance: float

    def apart(self, other: "_Seen") -> float:
        """Return how far two colours are for the eye (CIE76)."""
        return math.dist(self[1:4], other[1:4])


def in_256(theme: LoomTheme) -> LoomTheme:
    """Return the theme with each colour replaced by one that all such terminals have.

    A text keeps at least 7 to 1, or 4.5 to 1, against what is behind it where it had that.
    """
    if theme.native:
        return theme
    given = {name: _seen(value) for name, value in (*theme.colors.items(), *theme.roles.items())}
    made: dict[str, _Seen] = {}
    for name in _BEHIND:
        made[name] = _ground(given[name], dark=theme.dark, taken=set())
    made["selection"] = _ground(given["selection"], dark=theme.dark, taken=set(made.values()))
    grounds = [(given[name], ground) for name, ground in made.items()]
    told_apart: list[tuple[_Seen, _Seen]] = []
    for name in (*_TOLD_APART, *given):
        if name not in made:
            told = name in _TOLD_APART
            made[name] = _ink(given[name], grounds, told_apart if told else [])
            if told:
                told_apart.append((given[name], made[name]))
    return replace(theme, colors=_some(made, theme.colors), roles=_some(made, theme.roles))


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colours, 1 to 21."""
    return _ratio(_seen(one), _seen(other))


def _some(made: Mapping[str, _Seen], names: Iterable[str]) -> dict[str, str]:
    return {name: made[name].name for name in names}


def _ground(wanted: _Seen, *, dark: bool, taken: set[_Seen]) -> _Seen:
    """Return the nearest colour that text stands out from as well, and is none of the taken."""
    fit = [
        each
        for each in _palette()
        if (
            each.lightness <= wanted.lightness + 2
            if dark
            else each.lightness >= wanted.lightness - 2
        )
        and each not in taken
    ]
    return _nearest(wanted, fit or _palette())


def _ink(
    wanted: _Seen, grounds: list[tuple[_Seen, _Seen]], others: list[tuple[_Seen, _Seen]]
) -> _Seen:
    """Return the nearest colour that reads as well as the wanted one on what has become of its
    grounds, and is not like what has become of the others where those two were not alike.
    """
    needs = [(ground, _needed(_ratio(wanted, old))) for old, ground in grounds]
    reads = [
        each for each in _palette() if all(_ratio(each, ground) >= least for ground, least in needs)
    ]
    unlike = [new for old, new in others if wanted.apart(old) > _ALIKE]
    free = [each for each in reads if all(each.apart(new) >= _ALIKE for new in unlike)]
    return _nearest(wanted, free or reads or _palette())


def _needed(had: float) -> float:
    return _BEST if had >= _BEST else min(had, _LEAST)


def _nearest(wanted: _Seen, among: Iterable[_Seen]) -> _Seen:
    return min(among, key=wanted.apart)


def _ratio(one: _Seen, other: _Seen) -> float:
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=512)
def _seen(name: str, shown: str = "") -> _Seen:
    color = Color.parse(shown or name)
    lab = rgb_to_lab(color)
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    )
    return _Seen(name, lab.L, lab.a, lab.b, 0.2126 * red + 0.7152 * green + 0.0722 * blue)


@lru_cache(maxsize=1)
def _palette() -> tuple[_Seen, ...]:
    """Return the colours from 16 on; those before are whatever a terminal's user has made them.

    Each is named by a colour that Rich makes it of, as Rich is who sends it.
    """
    steps = (0, *range(95, 256, 40))
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps]
    greys = [(level,) * 3 for level in range(256)]
    names: dict[str, str] = {}
    for red, green, blue in (*cube, *greys):
        name = f"#{red:02x}{green:02x}{blue:02x}"
        shown = RichColor.parse(name).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex
        names.setdefault(shown, name)
    return tuple(_seen(name, shown) for shown, name in names.items())
