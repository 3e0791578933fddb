"""Where there are no colours none is drawn, and what they told is told by attributes."""

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from storyloom.tui.colourless import Colourless, Native, has_colours

PAGE = Color(0, 0, 0)


@pytest.mark.parametrize(
    ("environ", "holds"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"NO_COLOR": "false", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm"}, True),
        ({"TERM": "vt100"}, False),
        ({"TERM": "vt220-w"}, False),
        ({"TERM": "xterm-mono"}, False),
        ({"TERM": "screen-256color"}, True),
        ({"TERM": "linux-m"}, False),
    ],
)
def test_who_gets_colours(environ: dict[str, str], holds: bool) -> None:
    assert has_colours(environ) is holds


def drawn(style: Style, by: Colourless | Native) -> Style:
    (segment,) = by.apply([Segment("text", style)], PAGE)
    assert segment.text == "text"
    assert segment.style is not None
    return segment.style


@pytest.mark.parametrize("colours", ["red on default", "#ff0000", "color(100)", "bright_blue"])
def test_without_colours_attributes_stay(colours: str) -> None:
    style = drawn(Style.parse(f"bold italic underline strike {colours}"), Colourless())
    assert style.color is None
    assert style.bgcolor is None
    assert style.bold
    assert style.italic
    assert style.underline
    assert style.strike
    assert not style.reverse


@pytest.mark.parametrize("ground", ["white", "#303046", "color(240)"])
def test_without_colours_a_background_is_drawn_reversed(ground: str) -> None:
    style = drawn(Style.parse(f"bold red on {ground}"), Colourless())
    assert style.reverse
    assert style.bold
    assert style.color is None
    assert style.bgcolor is None


def test_what_a_click_would_do_stays() -> None:
    style = drawn(Style.parse("red") + Style.from_meta({"offset": (1, 2)}), Colourless())
    assert style.meta == {"offset": (1, 2)}


def test_a_text_without_a_style_and_a_control_stay_as_they_are() -> None:
    segments = [Segment("plain"), Segment("\r", None, [(1,)])]  # pyright: ignore[reportArgumentType]
    assert Colourless().apply(segments, PAGE) == segments
    assert Native().apply(segments, PAGE) == segments


def test_the_terminals_own_colours_pass_and_others_become_its_default() -> None:
    assert drawn(Style.parse("bold blue on bright_red"), Native()) == Style.parse(
        "bold blue on bright_red"
    )
    assert drawn(Style.parse("bold #000000"), Native()) == Style.parse("bold default")
    assert drawn(Style.parse("green on #00ff00"), Native()) == Style.parse("green on default")
