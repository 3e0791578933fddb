"""When a request that brought no text is made again, and how long before that is waited."""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass

from storyloom.models.faults import Fault

__all__ = ["Patiently", "Retries"]

LONGEST_WAIT = 60.0
"""Seconds; a provider that asks for more is not asked again, and the author is told."""


@dataclass(frozen=True)
class Retries:
    """How often and how patiently a request is made again."""

    tries: int = 4
    """Requests in all, the first among them."""
    base: float = 1.0
    """Seconds before the second one; each further wait is twice as long."""

    @classmethod
    def of_environment(cls) -> "Retries":
        """Return what STORYLOOM_RETRY says, `tries` or `tries,base`, else the usual."""
        tries, _, base = os.environ.get("STORYLOOM_RETRY", "").partition(",")
        try:
            return cls(max(1, int(tries)), max(0.0, float(base or 1.0)))
        except ValueError:
            return cls()

    def wait(
        self, fault: Fault, made: int, draw: Callable[[], float] = random.random
    ) -> float | None:
        """Return the seconds to wait after `made` requests, the last of which ended with `fault`
        before any text; None when it is to be told at once.

        What passes by itself is tried again: limits on requests, a server's own faults, a
        connection. A provider's own word on how long goes before ours, which is drawn from the
        half up to the whole, so that many who were turned away do not come back together.
        """
        if not fault.passing or made >= self.tries:
            return None
        if fault.retry_after is not None:
            return fault.retry_after if fault.retry_after <= LONGEST_WAIT else None
        return min(LONGEST_WAIT, self.base * 2 ** (made - 1)) * (0.5 + draw() / 2)


class Patiently:
    """One branch's waiting, which the author can cut short."""

    def __init__(self) -> None:
        self._now = asyncio.Event()

    def hurry(self) -> None:
        """End the waiting that is under way, if there is one."""
        self._now.set()

    async def wait(self, seconds: float) -> None:
        """Wait that long, or until `hurry`."""
        self._now.clear()
        try:
            await asyncio.wait_for(self._now.wait(), seconds)
        except TimeoutError:
            return
