"""Where a benchmark of the screens runs the program, and what the steps in it have cost."""

import os
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stories import Built, build
from tests.whole.terminal import Terminal

__all__ = ["Bench", "Costs", "p95"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Costs:
    """What many steps of one kind have cost."""

    ms: list[float] = field(default_factory=list[float])
    bytes: list[int] = field(default_factory=list[int])

    def row(self, name: str) -> str:
        """Return the line of a table."""
        if not self.ms:
            return f"  {name:<12} -"
        return (
            f"  {name:<12}{statistics.median(self.ms):8.1f}{p95(self.ms):8.1f}"
            f"{statistics.median(self.bytes):10.0f}{p95(self.bytes):8.0f}{len(self.ms):6}"
        )


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


class Bench:
    """A folder for everything that is written, and how programs are started in it."""

    def __init__(self, folder: Path, samples: int) -> None:
        self.folder = folder
        self.samples = samples
        self._stories: dict[tuple[int, str], Built] = {}

    def environ(self) -> dict[str, str]:
        """Return an environment without settings or keys of the user's."""
        config = self.folder / "config" / "storyloom"
        config.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(config.parent),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            # Compiled files are there for both programs, as they are after an installation.
            "PYTHONPYCACHEPREFIX": str(self.folder / "compiled"),
            "OPENAI_API_KEY": "none-needed",
        }

    def terminal(self, story: Path, size: tuple[int, int]) -> Terminal:
        """Return a terminal with the program on a story in it."""
        command = [sys.executable, "-m", "storyloom", story]
        return Terminal(command, self.environ(), size, drawn=False)

    def story(self, nodes: int, shape: str) -> Built:
        """Return a fresh copy of a story of that size."""
        key = (nodes, shape)
        if key not in self._stories:
            self._stories[key] = build(self.folder / f"{shape}-{nodes}.loom", nodes, shape)
        built = self._stories[key]
        copy = built.path.with_suffix(".copy.loom")
        for left in ("-wal", "-shm"):
            # Of a program that was killed; it belongs to the copy before.
            copy.with_name(copy.name + left).unlink(missing_ok=True)
        shutil.copy(built.path, copy)
        return Built(copy, *(getattr(built, name) for name in
                             ("nodes", "deepest", "depth", "widest", "seconds")))  # fmt: skip
