"""Waiting, in place of Textual's own way, until an application has nothing left to do.

Textual's pilot sleeps 20 ms at a time until the process has used little of them: some 70 ms for
every key, in which nothing happens. Here the event loop itself is asked, and its threads.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any
from weakref import WeakSet

from textual.screen import UPDATE_PERIOD

__all__ = ["settle", "watched"]

_asked: WeakSet[asyncio.Future[Any]] = WeakSet()
"""What a screen's desk was asked for; the loop's own threads are asked themselves."""

_SOON = 2 * UPDATE_PERIOD + 0.002
"""Seconds: a timer that is due within them is waited for, as the screen's next frame is. One that
comes late has the next but one period for the following.
"""
_STUCK = 0.1
"""Seconds without any work of the process after which a thread that is busy only waits for
something, and not for a disk or its turn on a busy machine."""
_IDLE = 0.001
"""Seconds of CPU in them that are none."""
_PATIENCE = 5
"""How many times as long a desk is waited for as anything else is."""


def watched(run_in_executor: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a loop is to have instead, so that a screen's desk is waited for."""

    def run(loop: object, executor: Executor | None, func: object, *args: object) -> object:
        future = run_in_executor(loop, executor, func, *args)
        if executor is not None:
            _asked.add(future)
        return future

    return run


async def settle(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Return once the running loop has nothing to do now or soon, and neither have its threads.

    That takes at least `min_sleep` seconds, and at most `max_sleep` where work goes on for ever. A
    desk only reads files, so it always ends, and is waited for longer.
    """
    # The loop's own queues have no public name; they are the same in every Python we support.
    loop: Any = asyncio.get_running_loop()
    began = loop.time()
    looked, used = began, time.process_time()
    while True:
        await asyncio.sleep(0)
        now = loop.time()
        # The threads first: one that ends has put its end among what is ready before it is idle.
        busy = _busy_threads(loop)
        reading = any(not each.done() and each.get_loop() is loop for each in tuple(_asked))
        if now - began >= max_sleep * (_PATIENCE if reading else 1):
            return
        if loop._ready:
            continue
        if reading:
            await asyncio.sleep(0.001)
            continue
        if busy:
            if now - looked >= _STUCK:
                if time.process_time() - used < _IDLE and now - began > min_sleep:
                    return
                looked, used = now, time.process_time()
            await asyncio.sleep(0.001)
            continue
        # From now on, and not from what was last seen to be done: a callback that leaves nothing
        # behind among what is ready was not seen, and may have asked for a frame all the same.
        due = min(
            (timer.when() for timer in loop._scheduled if not timer.cancelled()), default=now + 1
        )
        if due < now + _SOON:
            await asyncio.sleep(max(0, due - now))
        elif now - began < min_sleep:
            await asyncio.sleep(began + min_sleep - now)
        else:
            return


def _busy_threads(loop: Any) -> bool:
    """Whether anything that was given to the loop's threads has not ended."""
    pool = loop._default_executor
    if pool is None:
        return False
    idle = pool._idle_semaphore._value
    return bool(pool._work_queue.qsize()) or len(pool._threads) > idle
