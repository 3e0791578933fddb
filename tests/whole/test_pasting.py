"""What is pasted into the program never reaches a command, whatever it holds."""

import sys
from pathlib import Path

import pytest

from storyloom.story.story import Story
from tests.tui.stories import grown
from tests.whole.at_home import Home, seen, texts
from tests.whole.terminal import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

ESCAPES = {
    "one": "one \x1b two \x0f x :quit\r",
    "several": "one \x1b two \x1b\x0f\x1b x \x1b:quit\r\x1b",
    "sequences": "one \x1b[A two \x1b[201\x0f x \x1b[200~ :quit\r",
}
"""Pastes that would keep a text and leave, prune a branch, and end the program."""
SHOWN = {
    "one": "one ␛ two ␏ x :quit",
    "several": "one ␛ two ␛␏␛ x ␛:quit",
    "sequences": "one ␛[A two ␛[201␏ x ␛[200~ :quit",
}
each = pytest.mark.parametrize("name", list(ESCAPES))


@pytest.fixture
def story(home: Home) -> Path:
    """An opening with two branches, the first of which has the cursor."""
    path = home.folder / "salt.loom"
    with Story.create(path, title="Saltmarsh", opening="The gate was made of") as story:
        grown(story, 1, "desk/tide", " iron.", " salt.")
    return path


async def past_the_guard(terminal: Terminal) -> None:
    """Wait until a key is not taken for the rest of a paste any more, which is so for 0.3 s."""
    await terminal.quiet(0.4, least=0.05)


async def pasted_in_pieces(terminal: Terminal, text: str) -> None:
    """Paste as a thin line does: a few characters at a time."""
    whole = f"\x1b[200~{text}\x1b[201~"
    for at in range(0, len(whole), 5):
        terminal.send(whole[at : at + 5])
        await terminal.quiet(0.02)


@each
@pytest.mark.parametrize("whole", [True, False], ids=["at once", "in pieces"])
async def test_in_the_loom_it_does_nothing(
    home: Home, story: Path, name: str, *, whole: bool
) -> None:
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "branches")
        await terminal.press("l", "n2")
        await terminal.quiet()
        before, lines = seen(story), terminal.lines[:-1]
        if whole:
            terminal.paste(ESCAPES[name])
        else:
            await pasted_in_pieces(terminal, ESCAPES[name])
        await terminal.shows("That was pasted")
        await past_the_guard(terminal)
        assert seen(story) == before
        assert terminal.lines[:-1] == lines
        assert await terminal.quits() == 0


@each
async def test_in_the_editor_it_is_text_and_nothing_else(
    home: Home, story: Path, name: str
) -> None:
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "branches")
        await terminal.press("l", "n2")
        await terminal.press("e", "edit n2")
        before = seen(story)
        terminal.paste(ESCAPES[name])
        await terminal.shows("edit n2", f" iron.{SHOWN[name]}")
        await past_the_guard(terminal)
        assert seen(story) == before
        await terminal.press("ctrl+o", "branches")
        assert await terminal.quits() == 0
    end = {"one": "\n", "several": "\n␛", "sequences": "\n"}[name]
    assert texts(story)[2] == f" iron.{SHOWN[name]}{end}"


async def test_on_a_line_that_is_asked_for_it_is_text(home: Home, story: Path) -> None:
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "branches")
        before = seen(story)
        terminal.send(":")
        await terminal.until(lambda: terminal.lines[-1].startswith(" :"), "the : line")
        terminal.paste("one \x1b two \x07 x")
        await terminal.until(lambda: terminal.lines[-1].startswith(" :one ␛ two"), "the text")
        await past_the_guard(terminal)
        assert seen(story) == before
        terminal.send("escape")
        await terminal.until(lambda: not terminal.lines[-1].startswith(" :"), "the end of it")
        assert await terminal.quits() == 0
