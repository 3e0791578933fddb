"""What opening, writing and reading a story loads in the screens' own process, and starts."""

import json
import sys
from pathlib import Path

import pytest

from storyloom.story import shape
from storyloom.story.story import Story
from tests.servers.provider import Provider
from tests.whole.at_home import Home
from tests.whole.terminal import Terminal, below

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

_PROBE = """
import atexit, json, os, sys
from storyloom.cli.main import main
from storyloom.models.client import _Worker

starts = []
start = _Worker.start

async def noted(*arguments):
    starts.append(1)
    return await start(*arguments)

_Worker.start = noted

@atexit.register
def tell():
    heavy = ("litellm", "openai", "httpx", "tiktoken", "llama_cpp", "numpy", "keyring")
    loaded = [name for name in heavy if name in sys.modules]
    open(os.environ["TOLD"], "w").write(json.dumps([loaded, len(starts)]))

sys.exit(main(sys.argv[1:]))
"""


def probed(home: Home, *arguments: str | Path) -> Terminal:
    home.environ["TOLD"] = str(home.folder / "told.json")
    return Terminal([sys.executable, "-c", _PROBE, *arguments], home.environ, (80, 24))


def told(home: Home) -> tuple[list[str], int]:
    loaded, starts = json.loads((home.folder / "told.json").read_text())
    return loaded, starts


async def test_writing_reading_and_replaying_load_no_model_library_and_start_no_process(
    home: Home, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=1)
    path = home.folder / "salt.loom"
    with Story.create(path, title="Saltmarsh", opening="The tide had gone out.") as story:
        for text in (" The bell rang.", " The bell was still."):
            shape.write_child(story, 1, text)
    async with probed(home, path) as terminal:
        await terminal.shows("Saltmarsh", "n1")
        await terminal.press("l", "n2 ", "The bell rang.")
        await terminal.press("e", "edit n2")
        terminal.send(" Twice.")
        await terminal.press("ctrl+o", "Twice.", "Space grow")
        await terminal.press("i", "write after n2")
        terminal.send("She waited.")
        await terminal.press("ctrl+o", "n4 ", "She waited.")
        await terminal.press("w", "The weave leads here.")
        await terminal.press("c", "compare")
        await terminal.press("q", "branches")
        await terminal.press("u", "Taken back")
        await terminal.press("r", "Saltmarsh", "page")
        await terminal.press("q", "branches")
        await terminal.press("v", "tree  ")
        await terminal.press("L", "lore")
        await terminal.press("q", "Space grow")
        await terminal.press("$", "cost")
        await terminal.press("q", "Space grow")
        await terminal.press("R", "what happens", "event 0/")
        await terminal.press("L", "began the story")
        await terminal.press("q", "Space grow")
        await terminal.answer("/", "find", "bell")
        await terminal.shows("hit 1")
        book = home.folder / "salt.md"
        await terminal.command(f"export {book}")
        await terminal.until(book.exists, "the book")
        await terminal.shows("passages go on below")
        assert below(terminal.pid) == []
        await terminal.press("q", "Storyloom  library")
        assert await terminal.quits() == 0
    assert told(home) == ([], 0)
    assert provider.requests == []


async def test_a_first_branch_starts_the_process_and_still_loads_nothing_here(
    home: Home, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=1)
    path = home.folder / "salt.loom"
    Story.create(path, title="Saltmarsh", opening="The tide had gone out.").close()
    async with probed(home, path) as terminal:
        await terminal.shows("Saltmarsh", "n1")
        await terminal.press("space", "1 branch is here")
        assert await terminal.quits() == 0
    loaded, starts = told(home)
    # What counts the tokens that are sent is needed here.
    assert (set(loaded) - {"tiktoken"}, starts) == (set(), 1)
