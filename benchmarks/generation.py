"""Measures generation: pauses and CPU of the screen, the way to the provider, tokens a second.

    python -m benchmarks.generation [pauses] [arrival] [speed] [--rounds N] [--seconds S]
                                    [--branches N ...] [--size 80x24 ...] [--nodes N]

The provider is `benchmarks.pace`, a process of its own. What is compared runs in turns, round by
round; each figure is a median, with the least and the most in brackets.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.pace import LENGTH, Paced, paced
from storyloom.models.client import Client
from storyloom.models.protocol import Call, Delta, Done
from tests.whole.terminal import Terminal, below

_PACE = 50
"""Tokens a second of one branch."""
_A_SERVER = 9
"""Branches of one model, and so of one of the provider's addresses."""
_WARM = 3.0
"""Seconds that are not measured: the first lines, and what litellm costs at its first call."""
KEY = "none-needed"


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median of `values`, and their least and most."""
    if not values:
        return "-"
    one, least, most = statistics.median(values), min(values), max(values)
    return f"{one:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def _percentile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _config(provider: Paced, branches: int, tokens: int) -> str:
    """Return settings with a plan of so many branches, at most nine of each of its models."""
    counts = [min(_A_SERVER, branches - at) for at in range(0, branches, _A_SERVER)] or [1]
    plan = ", ".join(f'{{ model = "m{at}", count = {many} }}' for at, many in enumerate(counts))
    models = "".join(
        f'[[model]]\nname = "m{at}"\nmodel = "openai/m{at}"\nmode = "text"\nwindow = 16000\n'
        f'api_base = "{provider.base(_PACE, tokens, at)}"\n'
        for at in range(len(counts))
    )
    return f"plan = [{plan}]\nwords = 600\n{models}"


@dataclass
class Run:
    """What windows of one kind have shown, one figure a round."""

    cpu: list[float] = field(default_factory=list[float])
    worker: list[float] = field(default_factory=list[float])
    bytes: list[float] = field(default_factory=list[float])
    longest: list[float] = field(default_factory=list[float])
    own: list[float] = field(default_factory=list[float])
    late: list[float] = field(default_factory=list[float])
    came: list[float] = field(default_factory=list[float])

    def row(self, name: str) -> str:
        """Return a row of the table."""
        cells = [spread(each) for each in (self.longest, self.own)]
        cells += [spread(self.late, 1), spread(self.cpu, 1), spread(self.worker, 1)]
        cells += [spread(self.bytes), spread(self.came)]
        return f"| {name} | " + " | ".join(cells) + " |"


async def _window(terminal: Terminal, report: Path, seconds: float, run: Run, many: int) -> None:
    """Measure CPU and bytes without the heartbeat, then pauses with it."""
    children = below(terminal.pid)
    used, others = terminal.cpu(), sum(map(_cpu, children))
    count, began = len(terminal.raw), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    run.cpu.append((terminal.cpu() - used) / took * 100)
    run.worker.append((sum(map(_cpu, children)) - others) / took * 100)
    run.bytes.append((len(terminal.raw) - count) / took)
    os.kill(terminal.pid, signal.SIGUSR1)
    await asyncio.sleep(seconds)
    report.unlink(missing_ok=True)
    os.kill(terminal.pid, signal.SIGUSR2)
    await terminal.until(report.exists, "the report")
    told = json.loads(report.read_text())
    beats: list[tuple[float, float]] = told["late"]
    run.longest.append(max(late for late, _ in beats))
    run.own.append(max(late - waited for late, waited in beats))
    if many:
        run.came.append(told["characters"] / (seconds * many * _PACE * LENGTH) * 100)
    run.late.append(_percentile([late for late, _ in beats], 0.99))


def _cpu(process: int) -> float:
    try:
        return time.clock_gettime(~process << 3 | 2)
    except OSError:
        return 0.0


async def pauses(bench: Bench, provider: Paced, options: argparse.Namespace) -> None:
    """Print how long the screen's loop was held up, and what it used, beside the same at rest."""
    tokens = int((options.seconds * 2 + _WARM + 30) * _PACE)
    report = bench.folder / "beats.json"
    config = bench.folder / "config" / "storyloom" / "config.toml"
    environ = bench.environ()
    print(f"\nbranches of {_PACE} tokens a second, {options.nodes:,} nodes; windows of "
          f"{options.seconds:g} s, {options.rounds} rounds\n")  # fmt: skip
    print("| | longest pause, ms | its own part | 99 of 100 beats within, ms "
          "| screen, % of a core | worker, % | bytes a second | text that came, % |")  # fmt: skip
    print("|" + " --- |" * 8)
    for size in options.size:
        runs: dict[int, Run] = {}
        for _ in range(options.rounds):
            for many in options.branches:
                config.write_text(_config(provider, many, tokens))
                built = bench.story(options.nodes, "mixed")
                command = [sys.executable, "-m", "benchmarks.beat", report, built.path]
                shape = (int(size.partition("x")[0]), int(size.partition("x")[2]))
                async with Terminal(command, environ, shape, drawn=False) as terminal:
                    await terminal.until(lambda: b"depth" in terminal.raw, "the first frame")
                    await terminal.quiet(0.3)
                    terminal.send(":")
                    await terminal.quiet()
                    terminal.send(f"go n{built.deepest}", "enter")
                    await terminal.quiet(0.3)
                    await _window(terminal, report, options.seconds, runs.setdefault(0, Run()), 0)
                    terminal.send(" ")
                    for _ in range(many):
                        await asyncio.to_thread(provider.arrival)
                    await asyncio.sleep(_WARM)
                    run = runs.setdefault(many, Run())
                    await _window(terminal, report, options.seconds, run, many)
        for many, run in sorted(runs.items()):
            print(run.row(f"{size}, {many or 'no'} branches"), flush=True)
        rest = statistics.median(runs[0].longest)
        ratios = [f"{many}: {statistics.median(run.longest) / rest:.1f}"
                  for many, run in sorted(runs.items()) if many]  # fmt: skip
        print(f"\n{size}, longest pause, times that at rest: {', '.join(ratios)}\n")


# The way to the provider.

_RAW = {
    "httpx": """
import sys, time
began = time.monotonic_ns()
import httpx
client = httpx.Client()
for _ in range(int(sys.argv[3])):
    print(time.monotonic_ns() if _ else began, flush=True)
    with client.stream("POST", sys.argv[1] + "/completions", content=sys.argv[2].encode()) as got:
        got.read()
""",
    "openai": """
import json, sys, time
began = time.monotonic_ns()
import openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none-needed")
body = json.loads(sys.argv[2])
for _ in range(int(sys.argv[3])):
    print(time.monotonic_ns() if _ else began, flush=True)
    for event in client.completions.create(**body):
        pass
""",
}


async def _raw(provider: Paced, code: str, body: str, times: int) -> list[float]:
    """Return the milliseconds from the call to the arrival; the first counts the import too."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, provider.base(0, 3), body, str(times),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    found: list[float] = []
    for _ in range(times):
        began = int(await process.stdout.readline())
        found.append((await asyncio.to_thread(provider.arrival) - began) / 1e6)
    await process.wait()
    return found


async def arrival(bench: Bench, provider: Paced, options: argparse.Namespace) -> None:
    """Print the time from the key to the request's arrival, beside clients that only ask."""
    config = bench.folder / "config" / "storyloom" / "config.toml"
    found: dict[str, list[float]] = {}
    body = json.dumps({"model": "m0", "prompt": "It rained. " * 1400, "stream": True,
                       "max_tokens": 3, "stream_options": {"include_usage": True}})  # fmt: skip
    for _ in range(options.rounds):
        config.write_text(_config(provider, 1, 3).replace(f"/{_PACE}x3/", "/0x3/"))
        built = bench.story(options.nodes, "mixed")
        async with bench.terminal(built.path, (80, 24)) as terminal:
            await terminal.until(lambda: b"depth" in terminal.raw, "the first frame")
            await terminal.quiet(0.3)
            for turn in range(6):
                began = time.monotonic_ns()
                terminal.send(" ")
                came = (await asyncio.to_thread(provider.arrival) - began) / 1e6
                name = "key, warm worker" if turn else "key, no worker yet"
                found.setdefault(name, []).append(came)
                await asyncio.sleep(1)
        for name, code in _RAW.items():
            first, *others = await _raw(provider, code, body, 6)
            found.setdefault(f"{name}, its import counted", []).append(first)
            found.setdefault(f"{name}, warm", []).extend(others)
    print("\nfrom the key, or the call, to the request's arrival, ms\n\n| | ms |\n| --- | --- |")
    for name, values in found.items():
        print(f"| {name} | {spread(values, 1)} |")


# Tokens a second.


async def _by_worker(client: Client, base: str, tokens: int, number: int) -> int:
    call = Call(f"s{number}.{time.monotonic_ns()}", "openai/m0", api_base=base, prompt="It rained",
                params={"max_tokens": tokens})  # fmt: skip
    characters = 0
    async for event in client.stream(call):
        if isinstance(event, Delta):
            characters += len(event.text)
        elif isinstance(event, Done):
            assert event.finish == "stop", event
            assert event.out_tokens == tokens, event
    return characters


async def _by_openai(client: object, base: str, tokens: int, number: int) -> int:
    import openai

    del number
    assert isinstance(client, openai.AsyncOpenAI)
    stream = await client.with_options(base_url=base).completions.create(
        model="m0", prompt="It rained", stream=True, max_tokens=tokens
    )
    characters = 0
    async for event in stream:
        if event.choices:
            characters += len(event.choices[0].text)
    return characters


async def _by_httpx(client: object, base: str, tokens: int, number: int) -> int:
    import httpx

    del number
    assert isinstance(client, httpx.AsyncClient)
    body = {"model": "m0", "prompt": "It rained", "stream": True, "max_tokens": tokens}
    characters = 0
    async with client.stream("POST", f"{base}/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                characters += len(choices[0]["text"]) if choices else 0
    return characters


async def _by_nobody(_: object, base: str, tokens: int, number: int) -> int:
    """Take the bytes off the socket and look at none: the most that the provider can emit."""
    del tokens, number
    place = base.removeprefix("http://")
    host, _, path = place.partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"POST /{path}/completions HTTP/1.1\r\ncontent-length: 0\r\n\r\n".encode())
    end = b""
    while not end.endswith(b"0\r\n\r\n"):
        data = await reader.read(1 << 18)
        end = (end + data)[-8:]
    writer.close()
    return 1


def _workers(provider: Paced) -> list[int]:
    return [process for process in below(os.getpid()) if process != provider.process.pid]


async def speed(bench: Bench, provider: Paced, options: argparse.Namespace) -> None:
    """Print tokens a second for one stream and for nine, and the CPU of one token."""
    import httpx
    import openai

    os.environ["OPENAI_API_KEY"] = KEY
    client = Client(environ={**os.environ, **bench.environ()})
    await client.warm()
    worker = _workers(provider)
    ways: dict[str, tuple[object, Callable[..., Awaitable[int]]]] = {
        "the worker": (client, _by_worker),
        "openai's client": (openai.AsyncOpenAI(api_key=KEY, base_url="http://x"), _by_openai),
        "httpx, json": (httpx.AsyncClient(timeout=60), _by_httpx),
        "no client": (None, _by_nobody),
    }
    found: dict[tuple[str, int], tuple[list[float], list[float]]] = {}
    for number in range(options.rounds + 1):
        for streams in (1, 9):
            for name, (what, ask) in ways.items():
                tokens = options.tokens // (1 if streams == 1 else 3)
                used, began = time.process_time() + sum(map(_cpu, worker)), time.monotonic()
                await asyncio.gather(
                    *[ask(what, provider.base(0, tokens), tokens, each) for each in range(streams)]
                )
                took = time.monotonic() - began
                cost = time.process_time() + sum(map(_cpu, worker)) - used
                for _ in range(streams):
                    await asyncio.to_thread(provider.arrival)
                rates, costs = found.setdefault((name, streams), ([], []))
                if number:  # the first round warms up
                    rates.append(streams * tokens / took)
                    costs.append(cost / streams / tokens * 1e6)
        worker = _workers(provider)
    await client.close()
    print(f"\nat full speed, {options.tokens} tokens of one stream and a third of that of each of "
          "nine\n\n| | streams | tokens a second | CPU of one token, µs |\n"
          "| --- | --- | --- | --- |")  # fmt: skip
    for (name, streams), (rates, costs) in found.items():
        print(f"| {name} | {streams} | {spread(rates)} | {spread(costs)} |")


async def _main(options: argparse.Namespace) -> None:
    parts = {"pauses": pauses, "arrival": arrival, "speed": speed}
    with tempfile.TemporaryDirectory() as folder, paced() as provider:
        bench = Bench(Path(folder), 0)
        bench.environ()  # makes the folder of settings
        for name in options.part or parts:
            await parts[name](bench, provider, options)


def main() -> None:
    """Measure what is named on the command line, by default everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", nargs="*", choices=["pauses", "arrival", "speed", []])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8, help="of one window")
    parser.add_argument("--branches", type=int, nargs="+", default=[5, 20, 50])
    parser.add_argument("--size", nargs="+", default=["80x24", "120x40"])
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=3000, help="of one stream at full speed")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
