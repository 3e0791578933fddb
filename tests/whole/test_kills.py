"""kill -9 of the models' process and of the embedded engine, while the program shows their text."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from storyloom.story.story import Story
from tests.models.local_weights import real_weights
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Text, says
from tests.whole.at_home import Home, texts
from tests.whole.terminal import Terminal, alive, below

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]


@pytest.fixture
def story(home: Home) -> Path:
    """A story of one passage."""
    path = home.folder / "salt.loom"
    Story.create(path, title="Saltmarsh", opening="The tide had gone out.").close()
    return path


def started(terminal: Terminal, module: str) -> int:
    """Return the process of the program's that runs a module of Storyloom's, 0 for none."""
    for process in below(terminal.pid):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"storyloom.models.{module}".encode() in command and alive(process):
            return process
    return 0


async def test_a_killed_models_process_costs_nothing_that_was_on_the_screen(
    home: Home, story: Path, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=2)
    never = asyncio.Event()
    shown = " The bell rang twice"
    provider.script(Reply((Text(shown), Hold(never))), Reply((Hold(never),)))
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("space", "The bell rang twice", "waiting")
        first = below(terminal.pid)
        os.kill(started(terminal, "worker"), signal.SIGKILL)
        await terminal.shows("!  interrupted · . asks again", gone=("writing",))
        await terminal.until(lambda: not any(map(alive, first)), "an end of all it had started")
        kept = texts(story)
        assert sorted(kept.values()) == [shown, "The tide had gone out."]
        provider.script(says(" Then it was still."))
        # The cursor is on the one with text; the other's row is below it.
        await terminal.press("j", "> !")
        await terminal.press(".", "Then it was still.", "1 branch is here")
        assert sorted(texts(story).values()) == [*sorted([shown, " Then it was still."]),
                                                 "The tide had gone out."]  # fmt: skip
        assert await terminal.quits() == 0
    assert "all is well" in home.run("check", str(story))


@pytest.mark.embedded
async def test_a_killed_engine_costs_nothing_that_was_on_the_screen(
    home: Home, story: Path
) -> None:
    weights = real_weights()
    models = home.folder / "data/storyloom/models"
    models.mkdir(parents=True, mode=0o700)
    (models / weights.name).symlink_to(weights)
    (home.folder / "config/storyloom/config.toml").write_text("words = 600\ncount = 1\n")
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "smollm2 x1")
        for killed, others in (("engine", "worker"), ("worker", "engine")):
            before = texts(story)
            await terminal.press("space", "writing ")

            def written(before: dict[int, str] = before) -> str:
                return "".join(text for n, text in texts(story).items() if n not in before)

            await terminal.until(lambda: len(written().split()) > 3, "some words in the file")
            kept = written()
            process, other = started(terminal, killed), started(terminal, others)
            os.kill(process, signal.SIGKILL)
            await terminal.shows(". asks it again", gone=("writing",))
            assert written().startswith(kept)
            await terminal.until(lambda gone=process: not alive(gone), "its end")
            if killed == "worker":
                await terminal.until(lambda gone=other: not alive(gone), "the engine's end")
        assert await terminal.quits() == 0
    assert "all is well" in home.run("check", str(story))
