"""How many requests are under way to one provider at once; the others wait for their turn."""

import asyncio
from typing import TypeAlias
from weakref import WeakKeyDictionary

from storyloom.models.routes import Route

__all__ = ["AT_ONCE", "turn"]

AT_ONCE = 16
"""Requests to one provider, or to one server of one's own, where its owner says no number. More
than a batch has branches, so that all of one are in flight together; several batches share it."""

_Turns: TypeAlias = "dict[tuple[str, int], asyncio.Semaphore]"
_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns]" = WeakKeyDictionary()


def turn(way: Route, at_once: int | None = None) -> asyncio.Semaphore:
    """Return what is entered for the time of a request to where `way` leads, first come first
    served. Models of one server that have the same number share their turns.
    """
    turns = _turns.setdefault(asyncio.get_running_loop(), {})
    most = at_once or AT_ONCE
    return turns.setdefault((way.api_base or way.provider, most), asyncio.Semaphore(most))
