"""The embedded model's weights, fetched with a progress bar when a command needs them."""

import sys
import time

from storyloom.cli.terminal import can_draw, say, width

__all__ = ["ensure"]

_BAR = 30
_FRAME_SECONDS = 0.1


def ensure() -> bool:
    """Fetch the embedded model's weights if they are not here, and return whether it had to.

    What is fetched, from where, and what was done is said on stderr. Raises Refusal.
    """
    from storyloom.models import weights

    if weights.present():
        return False
    say(f"Fetching the embedded model: {weights.describe()}")
    bar = _Bar()
    try:
        path = weights.fetch(bar.show)
    finally:
        bar.erase()
    say(f"Fetched and verified: {path}.")
    return True


class _Bar:
    """How far a download is, on a terminal only."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._drawn = False

    def show(self, done: int, total: int | None) -> None:
        """Draw `done` of `total` bytes, at most ten times a second."""
        now = time.monotonic()
        if not can_draw() or now - self._shown < _FRAME_SECONDS:
            return
        self._shown, self._drawn = now, True
        line = f"{done / 1e6:.0f} MB"
        if total:
            share = min(1.0, done / total)
            full = round(share * _BAR)
            line = f"[{'#' * full}{'.' * (_BAR - full)}] {share:4.0%} of {total / 1e6:.0f} MB"
        sys.stderr.write(f"\r\x1b[K{line[: width() - 1]}")
        sys.stderr.flush()

    def erase(self) -> None:
        """Take the bar away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
