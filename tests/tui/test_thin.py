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
    dim=st.sampled_from([None, True]),
    strike=st.sampled_from([None, True]),
    italic=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
)
SYSTEMS = st.sampled_from([ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
STRETCH = st.tuples(
    STYLES, st.sampled_from(["words", " ", "   ", "é—", "x y", "end" + " " * 12, " " * 9])
)
MOVES = st.builds("\x1b[{};{}H".format, st.integers(1, 6), st.integers(1, 30))
ERASES = st.sampled_from(["\x1b[K", "\x1b[2J", "\x1b[?25l"])


def drawn(data: str) -> list[list[pyte.screens.Char]]:
    # High enough that nothing scrolls: no frame does.
    screen = pyte.Screen(40, 60)
    pyte.Stream(screen).feed(data)
    return [[screen.buffer[y][x] for x in range(40)] for y in range(60)]


@given(
    st.lists(st.one_of(STRETCH, MOVES, ERASES, st.sampled_from(["\r\n", "\n"])), max_size=40),
    SYSTEMS,
    st.booleans(),
)
def test_a_thinned_frame_draws_what_the_frame_draws(
    parts: list[tuple[Style, str] | str], system: ColorSystem, erasing: bool
) -> None:
    frame = "".join(
        part if isinstance(part, str) else part[0].render(part[1], color_system=system)
        for part in parts
    )
    short = thinned(frame, erasing=erasing)
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


def test_space_is_erased_only_where_the_terminal_keeps_its_colour() -> None:
    frame = (
        "\x1b[1;1H\x1b[48;2;9;9;9mnow" + " " * 20 + "\x1b[0m\r\n\x1b[2;1H\x1b[48;2;9;9;9mx\x1b[0m"
    )
    assert "\x1b[20X" in thinned(frame, erasing=True)
    assert " " * 20 in thinned(frame)
    underlined = frame.replace("[48;2;9;9;9mnow", "[4mnow")
    assert " " * 20 in thinned(underlined, erasing=True)


def test_a_move_that_another_one_follows_is_not_sent() -> None:
    frame = "\x1b[1;5H\x1b[31mx\x1b[0m\x1b[1;29H\r\n\x1b[2;1H\x1b[31my\x1b[0m"
    assert "29H" not in thinned(frame)
    assert "\r\n" not in thinned(frame)
