"""The command line in the test's own process, in a folder and a home of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storyloom.cli.main import main
from tests.servers.provider import Provider


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder that commands run in; the user's own folders are beside it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("VISUAL", "EDITOR", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `storyloom` with those arguments."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        streams = capsys.readouterr()
        return Ran(code, streams.out, streams.err)

    return run


@pytest.fixture
def tide(run: Run) -> str:
    """A story with the nodes n1, its children n2 and n3, and n4 below n2; the weave ends in n1."""
    run("new", "tide.loom", "--opening", "The tide went out and did not come back.")
    run("write", "tide.loom", "--text", "She walked after it.")
    run("write", "tide.loom", "--text", "He stayed. The bell rang twice.")
    run("write", "tide.loom", "--node", "n2", "--text", "Far out she saw it.")
    return "tide.loom"


@pytest.fixture(scope="session")
def server() -> Iterator[Provider]:
    """A provider in a thread of its own, as commands have their own event loops."""
    provider = Provider()
    ready = threading.Event()
    leave: list[Callable[[], object]] = []

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        leave.append(lambda: loop.call_soon_threadsafe(over.set))
        async with provider:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield provider
    leave[0]()
    thread.join()
