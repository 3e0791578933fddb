"""Measures the screens in a real terminal: the CPU and the bytes of the start and of every step.

    python -m benchmarks.screens [start] [steps] [streams] [link] [--nodes N ...] [--shape S ...]
                                 [--size 80x24 ...] [--samples N]

Run it from the folder that has `benchmarks` and `tests` in it. A step is a key: the time from the
key until nothing more is drawn, as CPU of the program's own process, and the bytes that came out.
Bytes and CPU are what a thin line and a small machine feel; they hardly depend on what else runs.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.bench import Bench, Costs, p95
from benchmarks.stories import SHAPES
from tests.servers.provider import Provider
from tests.servers.script import Pause, Reply, Request, Text
from tests.whole.terminal import Terminal, below

BARE = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Bare(App):\n"
    "    def compose(self): yield Static('first frame')\n"
    "Bare().run()\n"
)
"""The least that a Textual application can be."""
SEEN = (
    "import atexit, pathlib, sys\n"
    "names = ('litellm', 'tiktoken', 'xllamacpp', 'sqlite_utils', 'openai')\n"
    "atexit.register(lambda: pathlib.Path({to!r}).write_text(\n"
    "    ' '.join(name for name in names if name in sys.modules) or 'none'))\n"
    "from storyloom.cli.main import main\n"
    "main([{story!r}])\n"
)
"""Runs the program on a story and notes at its end which heavy libraries it has imported."""

AIMS = {"step ms": 10.0, "step bytes": 1_500, "start": 1.5, "help ms": 150.0}


# The start.


async def _first_frame(command: list[str], environ: dict[str, str], size: tuple[int, int],
                       ) -> tuple[float, int]:  # fmt: skip
    async with Terminal(command, environ, size, drawn=False) as terminal:
        await terminal.until(lambda: bool(terminal.raw), "a first byte")
        await terminal.quiet(0.15)
        return terminal.cpu() * 1000, len(terminal.raw)


async def _cpu_of(command: list[str], environ: dict[str, str]) -> float:
    before = os.times()
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.DEVNULL
    )
    await process.wait()
    after = os.times()
    return 1000 * (
        after.children_user - before.children_user + after.children_system - before.children_system
    )


async def start(bench: Bench, sizes: list[tuple[int, int]]) -> None:
    """Print what the first frame costs beside a bare application's, and `--help`."""
    environ = bench.environ()
    story = bench.story(10_000, "mixed").path
    bare = [sys.executable, "-c", BARE]
    ours = [sys.executable, "-m", "storyloom", str(story)]
    print("\nstart, CPU ms to a quiet first frame (10,000 nodes), and its bytes")
    for size in sizes:
        costs: dict[str, Costs] = {"bare": Costs(), "story": Costs()}
        await _first_frame(bare, environ, size)
        await _first_frame(ours, environ, size)
        for _ in range(max(5, bench.samples // 4)):
            for name, command in (("bare", bare), ("story", ours)):
                ms, count = await _first_frame(command, environ, size)
                costs[name].ms.append(ms)
                costs[name].bytes.append(count)
        one, other = (statistics.median(costs[name].ms) for name in ("story", "bare"))
        best = min(costs["story"].ms) / min(costs["bare"].ms)
        print(f"  {size[0]}x{size[1]}")
        print(costs["bare"].row("bare"))
        print(costs["story"].row("story"))
        print(f"  ratio of medians {one / other:.2f}, of the best {best:.2f}; "
              f"aim {AIMS['start']}")  # fmt: skip
    await _imported(bench, story)
    help_, nothing = [], []
    for _ in range(max(7, bench.samples // 4)):
        help_.append(await _cpu_of([sys.executable, "-m", "storyloom", "--help"], environ))
        nothing.append(await _cpu_of([sys.executable, "-c", "pass"], environ))
    more = statistics.median(help_) - statistics.median(nothing)
    print(f"  storyloom --help {statistics.median(help_):.0f} ms, python -c pass "
          f"{statistics.median(nothing):.0f} ms, {more:.0f} ms more; "
          f"aim {AIMS['help ms']:.0f}")  # fmt: skip


async def _imported(bench: Bench, story: Path) -> None:
    note = bench.folder / "imported"
    code = SEEN.format(to=str(note), story=str(story))
    async with Terminal([sys.executable, "-c", code], bench.environ()) as terminal:
        await terminal.until(lambda: bool(terminal.raw), "a first byte")
        await terminal.quiet(0.3)
        children = below(terminal.pid)
        await terminal.quits()
    print(f"  heavy libraries imported by then: {note.read_text()}; "
          f"processes started: {len(children)}")  # fmt: skip


# Steps.


async def _step(terminal: Terminal, key: str, costs: Costs) -> None:
    count, used = len(terminal.raw), terminal.cpu()
    terminal.send(key)
    await terminal.quiet(0.03)
    costs.ms.append((terminal.cpu() - used) * 1000)
    costs.bytes.append(len(terminal.raw) - count)


async def _goes(terminal: Terminal, node: int) -> None:
    terminal.send(":")
    await terminal.quiet()
    terminal.send(f"go n{node}", "enter")
    await terminal.quiet()


async def steps(bench: Bench, nodes: int, shape: str, size: tuple[int, int]) -> None:
    """Print what each kind of step costs in one story on one size of screen."""
    built = bench.story(nodes, shape)
    found: dict[str, Costs] = {}
    many = bench.samples
    async with bench.terminal(built.path, size) as terminal:
        await terminal.until(lambda: bool(terminal.raw), "a first byte")
        await terminal.quiet(0.3)

        async def presses(keys: Sequence[str], times: int, name: str = "") -> None:
            for _ in range(times):
                for key in keys:
                    await _step(terminal, key, found.setdefault(name or key, Costs()))

        await _goes(terminal, built.deepest)
        await presses(("h",), min(many, built.depth - 1))
        await presses(("l",), min(many, built.depth - 1))
        await presses(("pageup", "pagedown"), many // 4, "page")
        await presses(("[", "]"), many // 4, "[ ]")
        await presses(("<", ">"), many // 4, "< >")
        await presses(("{", "}"), many // 8, "{ }")
        await _goes(terminal, built.widest)
        terminal.send("l")
        await terminal.quiet()
        for _ in range(many // 2):
            await presses(("j", "k"), 1)
        terminal.send("h")
        await terminal.quiet()
        if size[0] < 100:
            terminal.send("v")
            await terminal.quiet()
            await presses(("h", "l"), many // 4, "tree h l")
        await presses(("z",), many // 2 // 2 * 2, "fold")
    print(f"\n{shape}, {nodes:,} nodes, depth {built.depth:,}, {size[0]}x{size[1]}"
          f"   aim {AIMS['step ms']:.0f} ms, {AIMS['step bytes']:.0f} bytes")  # fmt: skip
    print(f"  {'':<12}{'ms':>8}{'p95':>8}{'bytes':>10}{'p95':>8}{'n':>6}")
    for name, costs in found.items():
        print(costs.row(name), flush=True)


# Streams.


_PACE = 60
"""Tokens a second of one branch."""
_SECONDS = 8


def _writes(_: Request) -> Reply:
    words = "the tide went out farther than it should and left a bell standing in its mud".split()
    steps: list[Text | Pause] = []
    for number in range(_PACE * _SECONDS * 3):
        end = "\n\n" if number % 97 == 96 else ""
        steps += [Pause(1 / _PACE), Text(f" {words[number % len(words)]}{end}")]
    return Reply(tuple(steps))


async def streams(bench: Bench, size: tuple[int, int]) -> None:
    """Print bytes and CPU a second at rest and while 1 and 5 branches are written."""
    async with Provider(_writes) as provider:
        config = bench.folder / "config" / "storyloom" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        for branches in (0, 1, 5, 20):
            config.write_text(_config(provider.address, branches))
            built = bench.story(100, "mixed")
            async with bench.terminal(built.path, size) as terminal:
                await terminal.until(lambda: bool(terminal.raw), "a first byte")
                await terminal.quiet(0.3)
                if branches:
                    terminal.send(" ")
                    await provider.wait(lambda p, many=branches: p.open == many)
                    # The first lines, and what litellm costs at its first call, are not the rule.
                    await asyncio.sleep(2)
                row = await _over(terminal, _SECONDS)
            print(f"  {size[0]}x{size[1]}  {branches} branches  {row}", flush=True)
            await provider.wait(lambda p: p.open == 0)
        config.unlink()


def _config(address: str, branches: int) -> str:
    """Return settings with a plan of so many branches, at most nine of each of its models."""
    counts = [min(9, branches - at) for at in range(0, branches, 9)] or [1]
    plan = ", ".join(f'{{ model = "tide{at}", count = {many} }}' for at, many in enumerate(counts))
    models = "".join(
        # An address each: the requests to one are bounded, and all are to be under way.
        f'[[model]]\nname = "tide{at}"\nmodel = "openai/tide{at}"\napi_base = "{address}/{at}/v1"\n'
        for at in range(len(counts))
    )
    return f"plan = [{plan}]\n{models}"


_HEADER = re.compile(rb"\x1b\[1;[0-9]+H")
_READS = 0.3
"""Seconds between two keys of an author who looks at what came."""
_LINK = 16_000
"""Bytes a second of a thin line."""


async def link(bench: Bench, size: tuple[int, int]) -> None:
    """Print how long a key's effect takes to arrive over a thin line while branches stream in.

    The line is a reader that takes so many bytes a second from the terminal, in pieces of a
    fiftieth of a second. What is timed is from the key until the line has brought a mark that only
    the key's own frame holds.
    """
    async with Provider(_writes) as provider:
        config = bench.folder / "config" / "storyloom" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        for branches in (0, 1, 5, 20):
            config.write_text(_config(provider.address, branches))
            built = bench.story(100, "mixed")
            async with bench.terminal(built.path, size) as terminal:
                await terminal.until(lambda: b"depth" in terminal.raw, "the first frame")
                await terminal.quiet(0.3)
                if branches:
                    terminal.send(" ")
                    await provider.wait(lambda p, many=branches: p.open == many)
                    await asyncio.sleep(2)
                terminal.throttle(_LINK)
                waits: list[float] = []
                for turn in range(20):
                    waits.append(await _echo(terminal, "hl"[turn % 2]))
                    await asyncio.sleep(_READS)
            ms = sorted(wait * 1000 for wait in waits)
            figures = f"{statistics.median(ms):.0f}, p95 {p95(ms):.0f}, worst {ms[-1]:.0f}"
            print(f"  {size[0]}x{size[1]}  {branches:2} branches   median {figures} ms", flush=True)
            await provider.wait(lambda p: p.open == 0)
        config.unlink()


async def _echo(terminal: Terminal, key: str) -> float:
    """Return the seconds from a key until a change of the header has come over the line."""
    count, began = len(terminal.raw), time.monotonic()
    terminal.send(key)
    # The header is the first line: nothing that streams in draws there.
    await terminal.until(lambda: _HEADER.search(terminal.raw, count) is not None, "its frame")
    return time.monotonic() - began


async def _over(terminal: Terminal, seconds: float) -> str:
    worker = [_ticks(process) for process in below(terminal.pid)]
    count, used, began = len(terminal.raw), terminal.cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    others = sum(_ticks(process) for process in below(terminal.pid)) - sum(worker)
    return (
        f"{(len(terminal.raw) - count) / took:8.0f} bytes/s"
        f"{(terminal.cpu() - used) / took * 100:6.1f} % CPU"
        f"{others / took * 100:6.1f} % in the models' process"
    )


def _ticks(process: int) -> float:
    return time.clock_gettime(~process << 3 | 2)


async def _main(options: argparse.Namespace) -> None:
    sizes = [tuple(map(int, size.split("x"))) for size in options.size]
    parts: dict[str, Callable[[], Awaitable[None]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.samples)

        async def all_steps() -> None:
            for nodes in options.nodes:
                for shape in options.shape:
                    for size in sizes:
                        await steps(bench, nodes, shape, size)

        async def all_streams() -> None:
            print(f"\nstreams of {_PACE} tokens a second each")
            for size in sizes:
                await streams(bench, size)

        async def all_links() -> None:
            print(f"\na line of {_LINK:,} bytes a second: from a key until its frame arrives")
            for size in sizes:
                await link(bench, size)

        parts = {
            "start": lambda: start(bench, sizes),
            "steps": all_steps,
            "streams": all_streams,
            "link": all_links,
        }
        for name in options.part or parts:
            await parts[name]()


def main() -> None:
    """Measure what is named on the command line, by default everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", nargs="*", choices=["start", "steps", "streams", "link", []])
    parser.add_argument("--nodes", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--shape", nargs="+", choices=SHAPES, default=["mixed"])
    parser.add_argument("--size", nargs="+", default=["80x24", "120x40"])
    parser.add_argument("--samples", type=int, default=40, help="steps of each kind")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
