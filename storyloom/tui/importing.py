"""A file brought in as a story from a screen: in a thread, watched, and stopped when asked."""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storyloom.exchange.importing import Imported

__all__ = ["Import", "Stopped", "sentence"]


class Stopped(Exception):
    """The author has stopped an import."""


class Import:
    """One file on its way into a folder."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._folder = folder
        self.told: tuple[str, int, int] = ("reading", 0, 0)
        """What is done just now, how much of it, and of how much; 0 where that is not known."""
        self._stop = threading.Event()
        self._ended = threading.Event()

    async def run(self) -> "Imported":
        """Bring it in. Raises Refusal, or `Stopped` when it was; nothing is left of it then."""
        return await asyncio.to_thread(self._run)

    def _run(self) -> "Imported":
        from storyloom.exchange.importing import bring_in

        try:
            return bring_in(self.path, self._folder, self._note)
        finally:
            self._ended.set()

    def _note(self, what: str, done: int, whole: int) -> None:
        # Called in the thread; what it raises ends the import.
        if self._stop.is_set():
            raise Stopped
        self.told = (what, done, whole)

    def stop(self, wait: float = 0) -> None:
        """Have it end soon, and wait up to so many seconds until it has."""
        self._stop.set()
        if wait:
            self._ended.wait(wait)


def sentence(made: "Imported", title: str) -> str:
    """Return what is said of a story that was brought in."""
    many = f", {made.passages:,} passages" if made.passages > 1 else ""
    said = f"{title} is here now{many}; Enter opens it."
    if made.left_out:
        first, *others = made.left_out
        said += f" {first}" + (f" And {len(others)} more." if others else "")
    return said
