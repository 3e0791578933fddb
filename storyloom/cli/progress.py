"""A bar on stderr that says how far something has come: to a person, and when it takes long."""

import sys
import time
from types import TracebackType

from storyloom.cli.terminal import can_draw, width

__all__ = ["Bar"]

_BAR = 30
_FRAME_SECONDS = 0.1


class Bar:
    """Draws over one line, and takes that away at the end of the block that it is opened for."""

    def __init__(self) -> None:
        self._shown = time.monotonic()
        self._line = ""

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.erase()

    def show(self, word: str, done: int, whole: int) -> None:
        """Draw what is done and its part of the whole, at most ten times a second.

        Where `whole` is 0, how much there is to do is not known.
        """
        now = time.monotonic()
        if now - self._shown < _FRAME_SECONDS or not can_draw():
            return
        self._shown = now
        line = f"{word} ..."
        if whole:
            done = max(0, min(done, whole))
            full = done * _BAR // whole
            line = f"{word} [{'#' * full}{'.' * (_BAR - full)}] {done * 100 // whole:3d}%"
        if line != self._line:
            self._line = line
            sys.stderr.write(f"\r\x1b[K{line[: width() - 1]}")
            sys.stderr.flush()

    def part(self, word: str, part: float) -> None:
        """Draw which part, from 0 to 1, of something is done."""
        self.show(word, int(part * 1000), 1000)

    def erase(self) -> None:
        """Take the bar away."""
        if self._line:
            self._line = ""
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
