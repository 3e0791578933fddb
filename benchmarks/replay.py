"""Measures the replay of long logs: opening, seeks, steps, and how well it keeps its clock.

    python -m benchmarks.replay [open] [seeks] [playing] [--operations N ...] [--size 80x24 ...]
                                [--seconds S]

Run it from the folder that has `benchmarks` and `tests` in it. The stories are those of
`evenings.py`. What is read is measured in this process; what is seen, and the memory, in the real
program in a terminal of its own. A seek's wall time is from the key until the header of its frame
has come out.
"""

import argparse
import asyncio
import os
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import pyte

from benchmarks import evenings
from benchmarks.bench import Bench
from storyloom.replay import clock
from storyloom.replay.scene import Theatre
from tests.whole.terminal import Terminal

AIMS = {"seek ms": 150, "clock %": 5, "bytes": 10_000}

_PLACES = 30
_EVENT = re.compile(r"event ([\d ]+)/([\d ]+)")
_ROOM = {"rows": 19, "room": 1_200, "happened": 3}
"""What a screen of 80x24 asks for."""
_FASTEST_TAKES = 10.0
"""Seconds in which the fastest speed goes through a whole log."""

_Got = TypeVar("_Got")


def timed(work: Callable[[], _Got]) -> tuple[float, _Got]:
    """Return the milliseconds of CPU that `work` took in this process, and what it gave."""
    began = time.process_time_ns()
    got = work()
    return (time.process_time_ns() - began) / 1e6, got


def most(values: Sequence[float]) -> str:
    """Return the median of some figures, and the worst."""
    return f"{statistics.median(values):.1f} (worst {max(values):.1f})"


# What is read.


def _plain(path: Path) -> float:
    """Return what it costs to read the same rows by SQLite alone: the operations, the changes."""

    def rows() -> None:
        db = sqlite3.connect(path)
        db.execute("SELECT id, ts, kind FROM op ORDER BY id").fetchall()
        db.execute("SELECT op, owner, key, old, new FROM change ORDER BY op, seq").fetchall()
        db.close()

    return min(timed(rows)[0] for _ in range(3))


def _half(_sooner: int, _later: int) -> float:
    return 0.5


def read(written: evenings.Written) -> None:
    """Print a row of what opening, seeking and stepping cost without a screen."""
    plain = _plain(written.path)
    opened, theatre = timed(lambda: Theatre(written.path))
    first, _ = timed(lambda: theatre.scene(0, _half, **_ROOM))
    prepared, marks = timed(theatre.prepare)
    long = len(theatre.recording)
    numbers = random.Random(long)

    def goes(place: int) -> float:
        return timed(lambda: theatre.scene(place, _half, **_ROOM))[0]

    seeks = [goes(numbers.randint(0, long)) for _ in range(_PLACES)]
    first_back, back, forth = [], [], []
    for _ in range(_PLACES):
        place = numbers.randint(long // 2, long)
        goes(place)
        first_back.append(goes(place - 1))
        back += [goes(place - steps) for steps in range(2, 12)]
        forth += [goes(place - 12 + steps) for steps in range(2, 12)]
    theatre.close()
    # Not by getrusage: there a process begins with what its parent had.
    peak = _peak(os.getpid())
    print(
        f"| {written.operations:,} | {written.nodes:,} | {len(marks):,} | {opened + first:.1f} "
        f"| {prepared:.0f} | {plain:.0f} | {(opened + first + prepared) / plain:.1f} "
        f"| {most(seeks)} | {most(first_back)} | {most(back)} | {most(forth)} | {peak:.0f} |",
        flush=True,
    )


# What is seen.


class Timed(Terminal):
    """A terminal that knows when its bytes came; what they draw is worked out afterwards."""

    def __init__(
        self, command: Sequence[str | Path], environ: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        super().__init__(command, environ, size, drawn=False)
        self._came: deque[tuple[float, int]] = deque()
        self._at = 0
        self._seen = pyte.Screen(*size)
        self._eye = pyte.ByteStream(self._seen)

    def _read(self, most: int = 1 << 16) -> None:
        super()._read(most)
        self._came.append((time.monotonic(), len(self.raw)))

    def drawn(self) -> Iterator[tuple[float, Sequence[str]]]:
        """Yield the lines of the screen after all that came since this was asked last, and when."""
        while self._came:
            moment, count = self._came.popleft()
            self._eye.feed(bytes(self.raw[self._at : count]))
            self._at = count
            yield moment, self._seen.display

    def forget(self) -> None:
        """Look at nothing that has come by now."""
        for _ in self.drawn():
            pass


@dataclass
class Reaction:
    """What keys of one kind have caused."""

    wall: list[float] = field(default_factory=list[float])
    """Milliseconds from the key until the header has come."""
    cpu: list[float] = field(default_factory=list[float])
    bytes: list[int] = field(default_factory=list[int])

    def row(self, name: str) -> str:
        """Return the line of a table."""
        return (
            f"  {name:<22} wall {most(self.wall):>24} ms   CPU {most(self.cpu):>22} ms"
            f"   {statistics.median(self.bytes):6.0f} bytes"
        )


def _program(bench: Bench, story: Path, size: tuple[int, int]) -> Timed:
    command = [sys.executable, "-m", "storyloom", "replay", story]
    return Timed(command, bench.environ(), size)


async def _shown(terminal: Terminal) -> None:
    await terminal.until(lambda: b"idle cap" in terminal.raw, "the first moment")


async def _prepared(terminal: Terminal) -> None:
    await _shown(terminal)
    await terminal.quiet(0.4)


async def _reacts(terminal: Timed, into: Reaction, key: str, event: int) -> None:
    """Press a key that leads to an event."""
    terminal.forget()
    count, used, began = len(terminal.raw), terminal.cpu(), time.monotonic()
    terminal.send(key)
    took = 0.0
    while not took:
        await terminal.quiet(0.05)
        took = next((at - began for at, lines in terminal.drawn() if _event(lines) == event), 0.0)
    into.wall.append(took * 1000)
    into.cpu.append((terminal.cpu() - used) * 1000)
    into.bytes.append(len(terminal.raw) - count)


async def seen(bench: Bench, written: evenings.Written, size: tuple[int, int]) -> None:
    """Print what the program's start, seeks and steps cost in a terminal, and its memory."""
    long = written.operations
    numbers = random.Random(long)
    theatre = Theatre(written.path)
    events = theatre.recording.ops
    theatre.close()
    seek, first_back, back, forth = (Reaction() for _ in range(4))
    began = time.monotonic()
    async with _program(bench, written.path, size) as terminal:
        await _shown(terminal)
        start = f"first frame {terminal.cpu() * 1000:.0f} ms of CPU"
        start += f", {(time.monotonic() - began) * 1000:.0f} ms wall"
        await _prepared(terminal)
        start += f"; all prepared {terminal.cpu() * 1000:.0f} ms of CPU"
        for _ in range(_PLACES):
            terminal.send("g")
            await terminal.quiet(0.05)
            at = numbers.randint(3, len(events))
            terminal.send(f"{events[at - 1]}")
            await terminal.quiet(0.05)
            await _reacts(terminal, seek, "enter", events[at - 1])
            await _reacts(terminal, first_back, "k", events[at - 2])
            await _reacts(terminal, back, "k", events[at - 3])
            await _reacts(terminal, forth, "j", events[at - 2])
        peak = _peak(terminal.pid)
    print(f"\n{long:,} operations, {size[0]}x{size[1]}: {start}; peak {peak:.0f} MB")
    rows = {"seek": seek, "first step back": first_back, "step back": back, "step on": forth}
    for name, reaction in rows.items():
        print(reaction.row(name), flush=True)


def _peak(process: int) -> float:
    """Return the most memory that a process has had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


# What is played.


_Look: TypeAlias = Callable[[Sequence[str]], float | None]


def _changes(terminal: Timed, look: _Look) -> list[tuple[float, float]]:
    """Return what `look` finds on the screen whenever that is another than before, and when."""
    found: list[tuple[float, float]] = []
    for moment, lines in terminal.drawn():
        value = look(lines)
        if value is not None and (not found or value != found[-1][1]):
            found.append((moment, value))
    return found


def _event(lines: Sequence[str]) -> float | None:
    found = _EVENT.search(lines[0])
    return float(found[1].replace(" ", "")) if found else None


def _schedule(path: Path, speed: float) -> dict[float | None, float]:
    """Return when each event is due at a speed, in seconds of the story's own time."""
    theatre = Theatre(path)
    recording = theatre.recording
    theatre.close()
    return dict(zip(recording.ops, clock.due(recording.times, speed), strict=True))


def _kept(found: Sequence[tuple[float, float]], pace: float) -> tuple[float, float, float]:
    """Return by how many per cent a clock was off, its worst place in seconds of the wall, and the
    seconds that were looked at.
    """
    (began, first), (ended, last) = found[0], found[-1]
    rate = (last - first) / (ended - began) / pace
    worst = max(abs((value - first) / pace - (moment - began)) for moment, value in found)
    return (rate - 1) * 100, worst, ended - began


async def playing(bench: Bench, written: evenings.Written, size: tuple[int, int],
                  seconds: float) -> None:  # fmt: skip
    """Print how the clock is kept at 16x and at the fastest speed, and what is sent meanwhile."""
    async with _program(bench, written.path, size) as terminal:
        await _prepared(terminal)
        terminal.send("5", *"++++")
        await terminal.quiet(0.2)
        terminal.forget()
        since, used, began = len(terminal.raw), terminal.cpu(), time.monotonic()
        terminal.send(" ")
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        sent = (len(terminal.raw) - since) / took
        busy = (terminal.cpu() - used) / took * 100
        peak = _peak(terminal.pid)
    schedule = _schedule(written.path, clock.SPEEDS[-2])
    found = _changes(terminal, lambda lines: schedule.get(_event(lines)))
    # The first and the last may be cut.
    off, worst, over = _kept(found[1:-1], clock.SPEEDS[-2])
    print(
        f"  {written.operations:>7,} operations {size[0]}x{size[1]}  16x for {over:.0f} s: clock "
        f"{off:+.2f} % (at worst {worst * 1000:.0f} ms off), {sent:.0f} bytes/s, {busy:.1f} % CPU,"
        f" peak {peak:.0f} MB",
        flush=True,
    )
    await _fastest(bench, written, size, seconds)


async def _fastest(bench: Bench, written: evenings.Written, size: tuple[int, int],
                   seconds: float) -> None:  # fmt: skip
    pace = written.operations / _FASTEST_TAKES
    offs, worsts, sents, cpus = [], [], [], []
    async with _program(bench, written.path, size) as terminal:
        await _prepared(terminal)
        terminal.send(*"+++++")
        await terminal.quiet(0.2)
        for _ in range(max(1, round(seconds / _FASTEST_TAKES))):
            terminal.forget()
            since, used, began = len(terminal.raw), terminal.cpu(), time.monotonic()
            terminal.send(" ")
            await terminal.until(lambda at=since: b"paused" in terminal.raw[at + 200 :], "the end")
            took = time.monotonic() - began
            await terminal.quiet(0.2)
            found = _changes(terminal, _event)
            # At the end it stands.
            off, worst, _ = _kept(found[1:-1], pace)
            offs.append(off)
            worsts.append(worst)
            sents.append((len(terminal.raw) - since) / took)
            cpus.append((terminal.cpu() - used) / took * 100)
            terminal.send("<")
            await terminal.quiet(0.2)
    print(
        f"  {'':>7}            {size[0]}x{size[1]}  max, {len(offs)} times all of it: clock "
        f"{statistics.median(offs):+.2f} % (least {min(offs):+.2f}, most {max(offs):+.2f}; "
        f"at worst {max(worsts) * 1000:.0f} ms off), {statistics.median(sents):.0f} bytes/s, "
        f"{statistics.median(cpus):.1f} % CPU",
        flush=True,
    )


# All of it.


async def _main(options: argparse.Namespace) -> None:
    sizes = [tuple(map(int, size.split("x"))) for size in options.size]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 1)
        stories = [
            evenings.write(Path(folder, f"{many}.loom"), many) for many in options.operations
        ]

        async def opening() -> None:
            print("| operations | nodes | marks | first moment | prepared | plain | ratio | seek "
                  "| first step back | step back | step on | peak MB |")  # fmt: skip
            print("| --- " * 12 + "|")
            for story in stories:
                # A process each, as memory is told at its most.
                command = [sys.executable, "-m", "benchmarks.replay", "--read", str(story.path)]
                process = await asyncio.create_subprocess_exec(
                    *command, f"{story.operations}", f"{story.nodes}"
                )
                await process.wait()

        async def seeks() -> None:
            # The first start compiles.
            async with _program(bench, stories[0].path, sizes[0]) as terminal:
                await _prepared(terminal)
            for story in stories:
                for size in sizes:
                    await seen(bench, story, size)

        async def plays() -> None:
            print(f"\nplayed for {options.seconds:.0f} s each; aims: clock {AIMS['clock %']} %, "
                  f"{AIMS['bytes']:,} bytes/s at 16x")  # fmt: skip
            for story in stories:
                for size in sizes:
                    await playing(bench, story, size, options.seconds)

        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "open": opening, "seeks": seeks, "playing": plays,
        }  # fmt: skip
        for name in options.part or parts:
            await parts[name]()


def main() -> None:
    """Measure what is named on the command line, by default everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", nargs="*", choices=["open", "seeks", "playing", []])
    parser.add_argument("--operations", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--size", nargs="+", default=["80x24", "120x40"])
    parser.add_argument("--seconds", type=float, default=64.0, help="how long each is played")
    parser.add_argument("--read", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        path, operations, nodes = options.read
        read(evenings.Written(Path(path), int(operations), int(nodes), 0, 0, 0.0))
    else:
        asyncio.run(_main(options))


if __name__ == "__main__":
    main()
