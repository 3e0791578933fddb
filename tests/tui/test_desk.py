"""A desk does one thing after another in its own thread, and the tests wait for it."""

import asyncio
import threading
import time

import pytest

from storyloom.text import Refusal
from storyloom.tui.desk import Desk
from tests.tui.settling import settle


async def test_all_of_it_is_done_in_one_thread_in_order_and_the_last_thing_last() -> None:
    desk, done, ended = Desk("test"), list[tuple[int, int]](), threading.Event()

    def work(number: int) -> int:
        done.append((number, threading.get_ident()))
        return number

    asked = [asyncio.ensure_future(desk.do(lambda number=number: work(number)))
             for number in range(5)]  # fmt: skip
    await asyncio.sleep(0)
    desk.leave(lambda: (work(5), ended.set()))
    assert await asyncio.gather(*asked) == list(range(5))
    await asyncio.to_thread(ended.wait, 30)
    assert [number for number, _ in done] == list(range(6))
    assert len({thread for _, thread in done} | {threading.get_ident()}) == 2


async def test_what_is_refused_there_is_refused_here() -> None:
    def refuse() -> None:
        raise Refusal("It never opens.")

    desk = Desk("test")
    with pytest.raises(Refusal, match="never"):
        await desk.do(refuse)
    desk.leave(lambda: None)


async def test_the_tests_wait_for_a_desk_that_is_slow() -> None:
    desk = Desk("test")
    # Longer than a thread of the loop's is waited for that uses no processor.
    slow = asyncio.ensure_future(desk.do(lambda: time.sleep(0.2)))
    await asyncio.sleep(0)
    await settle()
    assert slow.done()
    desk.leave(lambda: None)
