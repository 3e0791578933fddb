"""A first evening with the whole program at 80 by 24: every act of the loom by its key."""

import sqlite3
import sys

import pytest

from storyloom.story import marks, reading, tips, weaves
from storyloom.story.story import Story
from tests.servers.provider import Provider
from tests.whole.at_home import SENTINEL, Home, seen, texts
from tests.whole.terminal import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]


async def begun(terminal: Terminal) -> None:
    """Begin a story with the library's form."""
    await terminal.shows("Nothing has been written here yet.")
    await terminal.press("n", "new story", "opening")
    for text in ("Saltmarsh", "A keeper refuses to say one word.", "Close third person."):
        terminal.send(text, "tab")
    terminal.send("The tide had gone out. Mara untied the bow line first.")
    await terminal.shows("bow line first.")
    await terminal.press("ctrl+o", "n1", "depth 1", "1/6  Space grows")


async def planned(terminal: Terminal) -> None:
    """Take one branch of each of two models."""
    await terminal.press("m", "tide")
    for model in ("tide", "rope"):
        await terminal.command(f"model {model}")
        await terminal.shows(f"{model} x")
        terminal.send("1")
    await terminal.shows("tide x1", "rope x1")
    await terminal.press("enter", "From here down: tide x1 + rope x1.")


async def test_a_first_evening(home: Home, provider: Provider) -> None:
    home.configure(provider.base, "tide", "rope", count=1)
    home.editor("its word", "one word")
    async with home.terminal() as terminal:
        await begun(terminal)
        (path,) = (home.folder / "data/storyloom/saves").glob("*.loom")
        await planned(terminal)
        await terminal.answer("a", "why", "she must answer without the word")
        await terminal.press("space", "2 branches are here", "The tide said", "The rope said")
        await terminal.shows("why: she must answer without the word", "2/6")

        await terminal.press("j", "n3 ")
        await terminal.press("c", "compare", "tide", "rope")
        await terminal.press("2", "why: she must answer without the word", "n3 ")
        await terminal.answer("A", "why this branch", "the rope does the talking")
        await terminal.press("w", "The weave leads here.")

        await terminal.press("e", "edit n3", "^o keep")
        terminal.send(" Never.")
        await terminal.shows("Never.")
        await terminal.press("ctrl+o", "rope~", "Never.")
        terminal.send("E")
        await terminal.shows("Kept what you wrote.", "one word")

        await terminal.press("i", "write after n3")
        terminal.send("She waited.")
        await terminal.press("ctrl+o", "n4 ", "She waited.")
        await terminal.press("o", "write beside n4")
        terminal.send("She did not wait.")
        await terminal.press("ctrl+o", "n5 ", "She did not wait.")
        await terminal.press("X", "1 other pruned")
        await terminal.press("u", "Taken back")

        await terminal.command("go n3")
        await terminal.press("s", "split n3")
        await terminal.press("enter", "Split; the cursor is on the first half.")
        await terminal.press("space", "2 branches are here")
        before = len(seen(path)["nodes"])
        await terminal.press("x", "Pruned; u brings it back.")
        await terminal.press("U", "1 brought back")
        assert len(seen(path)["nodes"]) == before

        await terminal.command("go n5")
        await terminal.answer("C", "chapter title", "Low bells")
        await terminal.answer(";", "note", "eels: too cute?")
        await terminal.answer("t", "tag", "keep")
        await terminal.answer("b", "bookmark", "e")
        await terminal.press("<", "n1 ")
        await terminal.press("'", "n5 ")
        await terminal.press("w", "*weave")
        await terminal.press("W", "main", "its last passage")
        await terminal.answer("n", "name of the weave", "darker")
        await terminal.shows("darker")
        await terminal.press("q", "Low bells")
        await terminal.press("y", "Copied")
        await terminal.answer("/", "find", "cute")
        await terminal.shows("hit 1 of 1", "note")
        await terminal.press("r", "Low bells", "She did not wait.", "%")
        await terminal.press("q", "# Low bells")
        book = home.folder / "salt.md"
        await terminal.command(f"export {book}")
        await terminal.until(book.exists, "the book")
        await terminal.shows("salt.md")
        await terminal.press("q", "Storyloom  library", "Saltmarsh")
        raw = bytes(terminal.raw)
        assert await terminal.quits() == 0

    with Story(path) as story:
        assert marks.text_of(story, 1, "why") == "she must answer without the word"
        assert marks.tags(story, 5) == ["keep"]
        assert [mark.name for mark in marks.bookmarks(story)] == ["e"]
        assert tips.weave_tip(story) == tips.weave_tip(story, "darker") == 5
        assert [weave.name for weave in weaves.weaves(story)] == ["main", "darker"]
        written = reading.strand_text(story, 5)
    assert "one word" in written
    assert written.endswith("She did not wait.")
    for part in ("# Low bells", "She did not wait.", "one word"):
        assert part in book.read_text()
    assert "She waited." not in book.read_text()
    assert SENTINEL.encode() not in raw
    assert home.holding(SENTINEL) == []
    assert "all is well" in home.run("check", str(path))
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {request.body["model"] for request in provider.requests} == {"tide", "rope"}
    assert "cute" not in "".join(texts(path).values())
