"""A real pseudo-terminal with a program in it: what it draws, what it costs, how it ends."""

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

__all__ = ["KEYS", "Terminal", "alive", "below"]

KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "space": " ", "up": "\x1b[A", "down": "\x1b[B",
    "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~", **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "cegorsz"},
}  # fmt: skip
"""What a terminal sends for keys that are no character."""

# pyte knows neither kitty's keyboard protocol nor questions after modes, and would print them.
_UNKNOWN = re.compile(rb"\x1b\[(?:[<>=][0-9;]*[A-Za-z]|\?[0-9;]*\$p)|\x1bP[^\x1b]*\x1b\\")
_UNFINISHED = re.compile(rb"\x1b[^A-Za-z~\\]*\Z")
_PATIENCE = 30.0
_AT_REST = 0.006
"""Seconds of CPU in one that a program at rest takes: its loop looks around now and then."""
"""Seconds after which a screen that does not come is a failure; a busy machine is slow."""


class Terminal:
    """One program in one terminal; `async with` starts it and leaves nothing of it behind."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str],
        size: tuple[int, int] = (80, 24),
        *,
        drawn: bool = True,
    ) -> None:
        """With `drawn` false nothing is interpreted: only the bytes are kept."""
        self.raw = bytearray()
        """Every byte that came out."""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._drawn = drawn
        self._pending = b""
        self._command = [str(part) for part in command]
        self._environ = dict(environ)
        self._size = size
        self._news = asyncio.Event()
        self._master = -1
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._master, slave = os.openpty()
        columns, rows = self._size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it is to outlive the loop's care
            self._command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environ,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        left = [self.pid, *below(self.pid)]
        self.hang_up()
        for process in left:
            if alive(process):
                os.kill(process, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    @property
    def pid(self) -> int:
        """The program's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        """The lines on the screen."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    def send(self, *keys: str) -> None:
        """Press keys: names of `KEYS`, or text as it is typed."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def paste(self, text: str) -> None:
        """Paste `text` as terminals do that were asked for bracketed paste."""
        os.write(self._master, f"\x1b[200~{text}\x1b[201~".encode())

    async def press(self, key: str, *words: str) -> None:
        """Press a key and wait until the screen has all those words."""
        self.send(key)
        await self.shows(*words)

    async def shows(self, *words: str, gone: Sequence[str] = ()) -> None:
        """Wait until the screen has all of `words`, and none of `gone`."""
        await self.until(
            lambda: (
                all(word in self.text for word in words)
                and not any(word in self.text for word in gone)
            ),
            f"{words}{f' without {gone}' if gone else ''}",
        )

    async def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Wait until `holds()`, asked after all that is drawn and ten times a second."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the screen is\n{self.text}")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 0.1)

    async def command(self, line: str) -> None:
        """Type a `:` line once there is one to type on, and wait until it has been taken."""
        await self.answer(":", ":", line)

    async def answer(self, key: str, question: str, line: str) -> None:
        """Press a key that asks for a line, answer, and wait until the answer has been taken."""
        self.send(key)
        await self.until(lambda: self.lines[-1].startswith(f" {question}"), question)
        self.send(line, "enter")
        await self.until(lambda: not self.lines[-1].startswith(f" {question}"), "the end of it")

    async def quits(self) -> int:
        """Leave the program by its own command; its status."""
        self.send(":")
        await self.until(lambda: self.lines[-1].startswith(" :"), "the : line")
        self.send("quit", "enter")
        return await self.ended()

    async def ended(self) -> int:
        """Wait until the program has ended; its status, or minus the signal that killed it."""
        assert self._process is not None
        await self.until(lambda: self._process is None or self._process.poll() is not None, "end")
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master = -1

    def cpu(self) -> float:
        """Return the seconds of CPU that the program has used, its children's not counted."""
        try:
            # The clock of another process, as clock_getcpuclockid(3) makes it on Linux.
            return time.clock_gettime(~self.pid << 3 | 2)
        except OSError:
            return 0.0

    async def quiet(self, seconds: float = 0.08, least: float = 0.0005) -> None:
        """Wait until for that long nothing was drawn and hardly any CPU was used: less than `least`
        seconds, or than what the program takes for doing nothing where that is more.
        """
        least = max(least, seconds * _AT_REST)
        while True:
            length, used = len(self.raw), self.cpu()
            await asyncio.sleep(seconds)
            if len(self.raw) == length and self.cpu() - used < least:
                return

    def throttle(self, pace: int, beats: int = 50) -> None:
        """From now on take at most `pace` bytes a second, in `beats` pieces, as a thin line does.

        What the line does not take waits in the terminal, and then in the program.
        """
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)

        def beat() -> None:
            if self._master >= 0:
                self._read(max(1, pace // beats))
                loop.call_later(1 / beats, beat)

        beat()

    def _read(self, most: int = 1 << 16) -> None:
        try:
            data = os.read(self._master, most)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self.raw += data
        if self._drawn:
            data = self._pending + data
            unfinished = _UNFINISHED.search(data)
            cut = unfinished.start() if unfinished else len(data)
            self._pending = data[cut:]
            self._stream.feed(_UNKNOWN.sub(b"", data[:cut]))
        self._news.set()


def alive(process: int) -> bool:
    """Whether a process runs; one that only waits for its parent does not."""
    try:
        return _stat(process)[0] != "Z"
    except OSError:
        return False


def below(process: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def _stat(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
