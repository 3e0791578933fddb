"""How many requests are under way to one provider at once; the others wait for their turn."""

import asyncio
from weakref import WeakKeyDictionary

from storyloom.models.routes import Route

__all__ = ["AT_ONCE", "turn"]

AT_ONCE = 16
"""Requests to one provider, or to one server of one's own. More than a batch has branches, so that
all of one are in flight together; several batches share it."""

_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]]" = (
    WeakKeyDictionary()
)


def turn(way: Route) -> asyncio.Semaphore:
    """Return what is entered for the time of a request to where `way` leads, first come first
    served.
    """
    turns = _turns.setdefault(asyncio.get_running_loop(), {})
    where = way.api_base or way.provider
    return turns.setdefault(where, asyncio.Semaphore(AT_ONCE))
