"""Storyloom with a heartbeat on its event loop, which shows how long a key may have to wait.

    python -m benchmarks.beat REPORT STORY

SIGUSR1 begins: a task sleeps for a millisecond again and again, and notes how late it woke each
time. SIGUSR2 ends that and writes to REPORT, as JSON: `late`, pairs of milliseconds, first how
late, then how much of that the process waited for a processor that others had; and `characters`,
how much text its branches have brought meanwhile.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.main import main
from storyloom.tui import app

if TYPE_CHECKING:
    from storyloom.generate.batch import Branch

_EVERY = 0.001
_WAITED = os.open("/proc/self/schedstat", os.O_RDONLY)


def _waited() -> int:
    """Return how many nanoseconds the main thread has waited for a processor, on Linux."""
    return int(os.pread(_WAITED, 100, 0).split()[1])


class Beating(app.Loom):
    """The program's own application, with a heart."""

    CSS_PATH = Path(app.__file__).with_name("loom.tcss")
    report = Path()

    def on_mount(self) -> None:
        """Listen for the two signals; Textual calls the application's own handler too."""
        self._late: list[tuple[float, float]] = []
        self._heart: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._begin)
        loop.add_signal_handler(signal.SIGUSR2, self._end)

    def _characters(self) -> int:
        branches: dict[int, Branch] = getattr(self.screen, "_branches", {})
        return sum(len(branch.text) for branch in branches.values())

    def _begin(self) -> None:
        self._late.clear()
        self._before = self._characters()
        self._heart = asyncio.create_task(self._beat())

    def _end(self) -> None:
        if self._heart is not None:
            self._heart.cancel()
        part = self.report.with_suffix(".part")
        part.write_text(
            json.dumps({"late": self._late, "characters": self._characters() - self._before})
        )
        part.rename(self.report)

    async def _beat(self) -> None:
        while True:
            began, waited = time.perf_counter(), _waited()
            await asyncio.sleep(_EVERY)
            late = time.perf_counter() - began - _EVERY
            self._late.append((1000 * late, (_waited() - waited) / 1e6))


if __name__ == "__main__":
    Beating.report = Path(sys.argv[1])
    app.Loom = Beating
    sys.exit(main(sys.argv[2:]))
