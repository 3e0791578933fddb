"""Works something out in a thread, always for the latest state of what is asked."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.widget import Widget

__all__ = ["Latest"]

Q = TypeVar("Q")
A = TypeVar("A")


class Latest(Generic[Q, A]):
    """Asks one question at a time; of those that come meanwhile only the last is asked.

    `work` is called in a thread, `show` on the event loop with its answer, and not at all when a
    newer question waits or `owner` is no longer there. `pause` is how many seconds a question
    waits for a newer one, so that a key pressed in a word costs nothing.
    """

    def __init__(
        self,
        owner: Widget,
        work: Callable[[Q], A],
        show: Callable[[A], object],
        *,
        pause: float = 0.0,
    ) -> None:
        self._owner, self._work, self._show, self._pause = owner, work, show, pause
        self._waiting: list[Q] = []
        self._running = False

    def ask(self, question: Q) -> None:
        """Have `show` called with the answer to this question, unless another one follows it."""
        self._waiting = [question]
        if not self._running:
            self._running = True
            self._owner.run_worker(self._run(), exit_on_error=False, group="latest")

    async def _run(self) -> None:
        try:
            while self._waiting:
                question = self._waiting[0]
                await asyncio.sleep(self._pause)
                if self._waiting[0] is not question:
                    continue
                self._waiting = []
                answer = await asyncio.to_thread(self._work, question)
                if not self._owner.is_attached:
                    return
                if not self._waiting:
                    self._show(answer)
        finally:
            self._running = False
