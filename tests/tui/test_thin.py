"""A thinned frame draws the same screen, and is shorter."""

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style

from storyloom.tui.thin import thinned

COLOURS = st.sampled_from(["#102030", "#ddeeff", "red", "bright_blue", "color(200)", "default"])
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.sampled_from([None, True]),
    italic=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
)
SYSTEMS = st.sampled_from([ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
STRETCH = st.tuples(STYLES, st.sampled_from(["words", " ", "   ", "é—", "x y"]))
MOVES = st.builds("\x1b[{};{}H".format, st.integers(1, 6), st.integers(1, 30))
ERASES = st.sampled_from(["\x1b[K", "\x1b[2J", "\x1b[?25l"])


def drawn(data: str) -> list[list[pyte.screens.Char]]:
    screen = pyte.Screen(40, 8)
    pyte.Stream(screen).feed(data)
    return [[screen.buffer[y][x] for x in range(40)] for y in range(8)]


@given(st.lists(st.one_of(STRETCH, MOVES, ERASES, st.just("\r\n")), max_size=40), SYSTEMS)
def test_a_thinned_frame_draws_what_the_frame_draws(
    parts: list[tuple[Style, str] | str], system: ColorSystem
) -> None:
    frame = "".join(
        part if isinstance(part, str) else part[0].render(part[1], color_system=system)
        for part in parts
    )
    short = thinned(frame)
    assert drawn(short) == drawn(frame)
    assert drawn(short + "after") == drawn(frame + "after")
    assert len(short) <= len(frame)


def test_lines_of_one_style_say_it_once() -> None:
    style = Style(color="#ddd8cc", bgcolor="#14141c")
    lines = [f"\x1b[{y};1H" + style.render("a line of text", color_system=ColorSystem.TRUECOLOR)
             for y in range(1, 6)]  # fmt: skip
    assert thinned("".join(lines)).count("m") == 2


def test_what_has_no_style_is_passed_on() -> None:
    for data in ("", "plain", "\x1b[?1049h\x1b[?25l", "\x1b]52;c;AAAA\x07", "\x1b[>1u"):
        assert thinned(data) == data
