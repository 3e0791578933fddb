"""On 256 colours a theme stays readable, keeps its hues, and models are still told apart."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color as RichColor
from rich.color import ColorSystem, ColorType

from storyloom.tui.depth import contrast, in_256
from storyloom.tui.themes import COLORS, MODEL_ROLES, ROLES, LoomTheme, load_all
from tests.tui import test_themes

SHIPPED = [theme for theme in load_all()[0] if not theme.native]
BEHIND = ("background", "surface", "panel", "selection")


def sent(theme: LoomTheme) -> dict[str, str]:
    """Return the colours that come out on a terminal of 256, by the names of the theme's."""
    made: dict[str, str] = {}
    for name, value in {**theme.colors, **theme.roles}.items():
        color = RichColor.parse(value).downgrade(ColorSystem.EIGHT_BIT)
        assert color.type == ColorType.EIGHT_BIT
        assert color.number is not None
        assert color.number >= 16
        made[name] = color.get_truecolor().hex
    return made


def test_the_contrast_is_wcags() -> None:
    for pair in (("#000000", "#ffffff"), ("#777777", "#ffffff"), ("#14141c", "#dd8c1a")):
        assert contrast(*pair) == pytest.approx(test_themes.contrast(*pair))


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
class TestShipped:
    def test_every_text_reads_on_every_background(self, theme: LoomTheme) -> None:
        least = test_themes.WANTED.get(theme.name, 4.5)
        made = sent(in_256(theme))
        poor = [
            f"{text} on {under}: {contrast(made[text], made[under]):.2f}"
            for text in made
            for under in BEHIND
            if text not in BEHIND and contrast(made[text], made[under]) < least
        ]
        assert poor == []

    def test_what_is_selected_is_seen(self, theme: LoomTheme) -> None:
        made = sent(in_256(theme))
        assert made["selection"] not in [made[name] for name in BEHIND[:3]]

    def test_models_and_the_weave_are_told_apart(self, theme: LoomTheme) -> None:
        made = sent(in_256(theme))
        if theme.name == "mono":
            assert all(test_themes.hueless(value) for value in made.values())
            return
        names = ("weave", "human", *MODEL_ROLES)
        assert [
            pair
            for pair in itertools.combinations(names, 2)
            if test_themes.apart(made[pair[0]], made[pair[1]]) < 12
        ] == []

    def test_only_colours_change(self, theme: LoomTheme) -> None:
        made = in_256(theme)
        assert (made.name, made.title, made.styles) == (theme.name, theme.title, theme.styles)
        assert set(made.colors) == set(COLORS)
        assert set(made.roles) == set(ROLES)


def test_a_theme_of_the_terminals_own_colours_is_left_alone() -> None:
    (theme,) = (theme for theme in load_all()[0] if theme.native)
    assert in_256(theme) is theme


hexes = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(st.fixed_dictionaries(dict.fromkeys((*COLORS, *ROLES), hexes)), st.booleans())
def test_any_theme_comes_out_in_colours_that_there_are(given: dict[str, str], dark: bool) -> None:
    theme = LoomTheme(
        "any", "Any", dark, {name: given[name] for name in COLORS},
        {name: given[name] for name in ROLES}, {},
    )  # fmt: skip
    sent(in_256(theme))
