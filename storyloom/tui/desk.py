"""The one thread in which a screen reads a story, as a connection belongs to who opened it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Desk"]

_Got = TypeVar("_Got")


class Desk:
    """A thread of its own that does one piece of work after another, in the order they came."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)

    async def do(self, work: Callable[[], _Got]) -> _Got:
        """Return what `work` returns, or raise what it raises; call it from the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def leave(self, last: Callable[[], object]) -> None:
        """Do `last` behind all that was asked for, and then nothing more; returns at once."""
        self._thread.submit(last)
        self._thread.shutdown(wait=False)
