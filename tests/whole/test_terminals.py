"""Every kind of terminal: what colours, characters and sizes it is sent, to the byte."""

import fcntl
import os
import re
import struct
import sys
import termios
from pathlib import Path

import pytest

from storyloom.story.story import Story
from tests.tui.stories import grown
from tests.whole.at_home import Home
from tests.whole.terminal import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

OPENING = "Noël said: “The tide went out — and did not come back…” «Straße», 潮."
LETTERS = 'Noel said: "The tide went out - and did not come back~" "Strase", ??.'
_STYLE = re.compile(rb"\x1b\[([0-9;]*)m")
INKS = {str(number) for number in (*range(30, 38), *range(90, 98))}
GROUNDS = {str(number) for number in (*range(40, 48), *range(100, 108))}
RESETS = {"39", "49"}


def colours(raw: bytes) -> set[str]:
    """Return the colour codes of all styles in what a terminal was sent: `31`, `38;5`, `48;2`."""
    found: set[str] = set()
    for match in _STYLE.finditer(raw):
        codes = match[1].decode().split(";")
        while codes:
            code = codes.pop(0)
            if code in ("38", "48"):
                kind = codes.pop(0)
                del codes[: 1 if kind == "5" else 3]
                found.add(f"{code};{kind}")
            elif code in INKS | GROUNDS | RESETS:
                found.add(code)
    return found


def attributes(raw: bytes) -> set[str]:
    """Return the attributes that a terminal was sent: `1` is bold, `7` reverse."""
    return {code for match in _STYLE.finditer(raw) for code in match[1].decode().split(";")} & set(
        "1 3 4 7 9".split()
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with nothing in it."""
    return Home(tmp_path)


@pytest.fixture
def story(home: Home) -> Path:
    """A story with two branches of a model's and one pruned, and letters of all sorts."""
    path = home.folder / "salt.loom"
    with Story.create(path, title="Saltmarsh", opening=OPENING) as story:
        grown(story, 1, "desk/tide", " Then the bell rang.", " Then it was still.")
    return path


def with_settings(home: Home, text: str) -> None:
    """Write the config file."""
    (home.folder / "config/storyloom/config.toml").write_text(text)


def started(home: Home, *arguments: str | Path, size: tuple[int, int] = (80, 24), **environ: str):
    """Return the program in a terminal with those variables; an empty one is not there at all."""
    home.environ = {**home.environ, **environ}
    home.environ = {name: value for name, value in home.environ.items() if value != "-"}
    return home.terminal(*arguments, size=size)


async def looked_around(terminal: Terminal) -> bytes:
    """Go through screens that draw all there is, by those widgets too that are Textual's own."""
    await terminal.shows("Saltmarsh", "tide")
    await terminal.press("r", "Saltmarsh", "page")
    await terminal.press("p", "H human")
    await terminal.press("q", "branches")
    await terminal.press("?", "Moving")
    await terminal.press("q", "branches")
    await terminal.press("i", "write after")
    terminal.send("a word")
    await terminal.shows("a word")
    terminal.send("\x1b[1;2D")  # Shift and Left: some of it is selected.
    await terminal.press("ctrl+g", "branches")
    terminal.send("\x10")
    await terminal.until(lambda: "branches" not in terminal.text, "the palette")
    terminal.send("weave")
    await terminal.shows("weave")
    terminal.send("escape")
    await terminal.shows("branches")
    await terminal.command("theme")
    await terminal.shows("themes", "models")
    await terminal.quiet()
    raw = bytes(terminal.raw)
    await terminal.press("q", "branches")
    assert await terminal.quits() == 0
    return raw


@pytest.mark.parametrize("value", ["1", "0"])
async def test_with_no_color_no_colour_is_sent_at_all(home: Home, story: Path, value: str) -> None:
    async with started(home, story, NO_COLOR=value, COLORTERM="truecolor") as terminal:
        raw = await looked_around(terminal)
    assert colours(bytes(terminal.raw)) == set()
    assert {"1", "3", "4", "7"} <= attributes(raw)


async def test_with_no_color_what_is_selected_is_drawn_reversed(home: Home, story: Path) -> None:
    async with started(home, story, NO_COLOR="1") as terminal:
        await terminal.shows("Saltmarsh", "tide")
        await terminal.quiet()
        (row,) = (n for n, line in enumerate(terminal.lines) if line.startswith("> 1"))
        cells = terminal.screen.buffer[row]
        assert all(cells[column].reverse for column in range(len(terminal.lines[row])))
        assert not terminal.screen.buffer[row + 2][6].reverse


async def test_an_empty_no_color_is_none(home: Home, story: Path) -> None:
    async with started(home, story, NO_COLOR="") as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.quiet()
    assert {"38;5", "48;5"} <= colours(bytes(terminal.raw))


async def test_the_terminals_own_colours_are_all_that_its_theme_sends(
    home: Home, story: Path
) -> None:
    with_settings(home, 'theme = "terminal"\n')
    async with started(home, story, COLORTERM="truecolor") as terminal:
        raw = await looked_around(terminal)
    sent = colours(raw)
    assert len(sent & INKS) > 5
    # 44 is behind a word that was selected in a box, where there is no attribute for it.
    assert sent <= INKS | RESETS | {"44"}
    assert "7" in attributes(raw)


@pytest.mark.parametrize("theme", ["dusk", "paper"])
@pytest.mark.parametrize(
    ("environ", "sent"),
    [
        ({"TERM": "linux"}, INKS | GROUNDS | RESETS),
        ({"TERM": "screen"}, INKS | GROUNDS | RESETS),
        ({"TERM": "xterm"}, INKS | GROUNDS | RESETS),
        ({"TERM": "xterm-256color"}, {"38;5", "48;5", *RESETS}),
        ({"TERM": "screen-256color"}, {"38;5", "48;5", *RESETS}),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, {"38;2", "48;2", *RESETS}),
        ({"TERM": "vt100"}, set[str]()),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
async def test_a_terminal_is_sent_no_more_colours_than_it_has(
    home: Home, story: Path, environ: dict[str, str], sent: set[str], theme: str
) -> None:
    with_settings(home, f'theme = "{theme}"\n')
    async with started(home, story, **environ) as terminal:
        await terminal.shows("Saltmarsh", "tide")
        await terminal.press("v", "branches")
        await terminal.quiet()
        found = colours(bytes(terminal.raw))
    assert found <= sent
    assert not sent or found - RESETS


@pytest.mark.parametrize("term", ["dumb", "unknown", "-"])
async def test_a_terminal_that_cannot_be_drawn_on_is_told_of_the_commands(
    home: Home, story: Path, term: str
) -> None:
    async with started(home, story, TERM=term) as terminal:
        assert await terminal.ended() == 2
        said = "".join(terminal.lines)
        assert said.startswith("storyloom: This needs a terminal that can be drawn on;")
        assert f"'storyloom tree {story}' or 'storyloom read {story}'." in said
        assert b"\x1b" not in terminal.raw


async def test_without_a_story_it_is_told_of_the_list(home: Home) -> None:
    async with started(home, TERM="dumb") as terminal:
        assert await terminal.ended() == 2
        assert "".join(terminal.lines).endswith("use 'storyloom list'.")
        assert b"\x1b" not in terminal.raw


@pytest.mark.parametrize(
    ("environ", "arguments", "settings"),
    [
        ({"LANG": "-", "LC_ALL": "C"}, (), ""),
        ({"LANG": "C"}, (), ""),
        ({"LANG": "-"}, (), ""),
        ({"LANG": "en_US.ISO-8859-1"}, (), ""),
        ({"LANG": "C.UTF-8"}, (), "ascii = true\n"),
        ({"LANG": "C.UTF-8"}, ("--ascii",), ""),
        ({"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, (), ""),
    ],
    ids=["LC_ALL=C", "C", "none", "latin", "settings", "option", "uncoerced"],
)
async def test_where_there_is_no_utf8_only_ascii_is_sent(
    home: Home, story: Path, environ: dict[str, str], arguments: tuple[str, ...], settings: str
) -> None:
    with_settings(home, settings)
    async with started(home, *arguments, story, **environ) as terminal:
        await terminal.shows("Saltmarsh", "tide")
        text = " ".join(" ".join(line.lstrip("| ") for line in terminal.lines).split())
        assert LETTERS in text
        await looked_around(terminal)
    assert max(terminal.raw) < 0x80


async def test_the_option_may_stand_behind_the_story(home: Home, story: Path) -> None:
    async with started(home, story, "--ascii") as terminal:
        await terminal.shows("Saltmarsh", "Noel said")
    assert max(terminal.raw) < 0x80


async def test_a_locale_without_utf8_is_named_when_the_author_is_back_in_the_shell(
    home: Home, story: Path
) -> None:
    async with started(home, story, LANG="en_US.ISO-8859-1") as terminal:
        await terminal.shows("Saltmarsh")
    assert b"The locale (LANG=en_US.ISO-8859-1) has no UTF-8" in terminal.raw
    assert terminal.raw.index(b"has no UTF-8") < terminal.raw.index(b"\x1b[?1049h")


@pytest.mark.parametrize("locale", ["C.UTF-8", "en_US.ISO-8859-1"])
async def test_a_byte_from_the_keyboard_that_is_no_utf8_ends_nothing(
    home: Home, story: Path, locale: str
) -> None:
    async with started(home, story, LANG=locale) as terminal:
        await terminal.shows("Saltmarsh", "tide")
        await terminal.press("i", "write after")
        os.write(terminal._master, b"caf\xe9 \xff\xc3\xa9t\xc3\xa9 end")
        await terminal.shows(" end")
        await terminal.press("ctrl+o", "branches")
        assert await terminal.quits() == 0
    assert b"Traceback" not in terminal.raw
    assert "café" in home.run("tree", str(story))


def resized(terminal: Terminal, columns: int, rows: int) -> None:
    """Give a terminal another size, as its user does with the window."""
    terminal.screen.resize(rows, columns)
    fcntl.ioctl(terminal._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


async def test_a_terminal_too_small_says_so_and_all_is_back_when_it_grows(
    home: Home, story: Path
) -> None:
    async with started(home, story) as terminal:
        await terminal.shows("Saltmarsh", "branches", "Space grow")
        await terminal.quiet()
        before = terminal.lines
        for size in ((59, 24), (80, 15), (20, 5), (1, 1)):
            resized(terminal, *size)
            if size > (19, 4):
                await terminal.shows("Storyloom needs 60")
            await terminal.quiet()
            resized(terminal, 80, 24)
            await terminal.until(lambda: terminal.lines == before, "what there was")
        await terminal.press("l", "n2")
        assert await terminal.quits() == 0


async def test_a_theme_that_is_chosen_is_there_at_the_next_start(home: Home, story: Path) -> None:
    with_settings(home, "# mine\n\ncount = 4 # of them\n")
    async with started(home, story, COLORTERM="truecolor") as terminal:
        await terminal.shows("Saltmarsh", "tide")
        await terminal.command("theme")
        await terminal.shows("in use")
        await terminal.press("k", "contrast-light")
        await terminal.press("enter", "Contrast, light is the theme from now on.")
        assert await terminal.quits() == 0
    config = home.folder / "config/storyloom/config.toml"
    assert config.read_text() == '# mine\n\ntheme = "contrast-light"\ncount = 4 # of them\n'
    async with started(home, story) as terminal:
        await terminal.shows("Saltmarsh", "tide")
        await terminal.quiet()
        assert terminal.screen.buffer[10][60].bg == "ffffff"


async def test_bad_themes_are_told_of_and_the_others_are_there(home: Home, story: Path) -> None:
    folder = home.folder / "config/storyloom/themes"
    folder.mkdir()
    (folder / "bad.toml").write_text("dark = 1\n")
    (folder / "huge.toml").write_bytes(b"#" * 1_000_000)
    (folder / "folder.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    with_settings(home, 'theme = "bad"\n')
    async with started(home, story) as terminal:
        # Three files more, and the settings' theme, which is none.
        # Where the lines break depends on the folder's name.
        told = re.compile(r"And\b.*?\b4\b.*?more:.*?names\b.*?them\b.*?all\.", re.DOTALL)
        await terminal.until(lambda: told.search(terminal.text) is not None, "what is wrong")
        await terminal.press("l", "n2")
        assert await terminal.quits() == 0
    home.environ["TERM"] = "dumb"
    assert len(home.run("themes").splitlines()) == 8


_REFUSED = """
import sys
from storyloom.cli.main import main
from storyloom.text import Refusal
from storyloom.tui.screens.loom import LoomScreen

def refuse(self):
    raise Refusal("The sea has come in.")

LoomScreen._begin = refuse
sys.exit(main(sys.argv[1:]))
"""


async def test_screens_that_cannot_go_on_leave_with_a_sentence(home: Home, story: Path) -> None:
    command = [sys.executable, "-c", _REFUSED, str(story)]
    async with Terminal(command, home.environ, (80, 24)) as terminal:
        await terminal.shows("storyloom: The sea has come in.")
        assert await terminal.ended() == 2
        assert b"Traceback" not in terminal.raw
