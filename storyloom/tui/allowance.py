"""How many bytes a second the drawing of what nobody waits for may send."""

import sys
import time
from collections.abc import Callable

__all__ = ["Allowance"]

_CREDIT = 0.25
"""Seconds of the pace that may be saved up."""
_DEBT = 1.0
"""Seconds that a frame waits at most, whatever keys have sent."""


class Allowance:
    """A pace of bytes: frames that came to more than it are waited for, none is lost.

    What is sent for other reasons counts too, so that a key's frame is followed by a pause.
    """

    def __init__(
        self,
        pace: float,
        *,
        sent: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pace` is bytes a second; `sent` returns all bytes that were sent until now."""
        self._pace = pace
        self._sent = sent or _by_the_driver
        self._clock = clock
        self._seen = self._sent()
        self._free_at = 0.0

    def left(self) -> bool:
        """Whether a frame may be drawn now."""
        now, sent = self._clock(), self._sent()
        free_at = max(self._free_at, now - _CREDIT) + (sent - self._seen) / self._pace
        self._free_at = min(free_at, now + _DEBT)
        self._seen = sent
        return now >= self._free_at


def _by_the_driver() -> int:
    """Return what the terminal's driver has sent; 0 where it is another one, as in a test."""
    driver = sys.modules.get("storyloom.tui.driver")
    return driver.ThinDriver.sent if driver is not None else 0
