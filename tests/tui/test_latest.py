"""What is worked out in a thread is of the latest state, one question at a time."""

import threading

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from storyloom.tui.latest import Latest
from tests.tui.stage import until


class One(App[int]):
    """An application with one widget, that asks."""

    def compose(self) -> ComposeResult:
        yield Widget()


class Slow:
    """Works on a question only when told to, and knows which ones it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.answers: list[int] = []
        self.go = threading.Event()

    def work(self, question: int) -> int:
        self.asked.append(question)
        assert self.go.wait(30)
        return question * 10


async def begun(pilot: Pilot[int], slow: Slow) -> None:
    await until(pilot, lambda: len(slow.asked) == 1)


async def test_of_questions_that_come_meanwhile_only_the_last_is_asked() -> None:
    slow = Slow()
    async with One().run_test() as pilot:
        latest = Latest(pilot.app.query_one(Widget), slow.work, slow.answers.append)
        latest.ask(1)
        await begun(pilot, slow)
        latest.ask(2)
        latest.ask(3)
        slow.go.set()
        await until(pilot, lambda: slow.answers == [30])
        assert slow.asked == [1, 3]
        latest.ask(4)
        await until(pilot, lambda: slow.answers == [30, 40])


async def test_an_answer_that_nobody_is_there_for_is_not_shown() -> None:
    slow = Slow()
    async with One().run_test() as pilot:
        owner = pilot.app.query_one(Widget)
        latest = Latest(owner, slow.work, slow.answers.append)
        latest.ask(1)
        await begun(pilot, slow)
        await owner.remove()
        slow.go.set()
        await until(pilot, lambda: not latest._running)
        assert slow.answers == []


async def test_a_work_that_fails_does_not_end_the_asking() -> None:
    answers: list[int] = []
    async with One().run_test() as pilot:
        asked: list[int] = []

        def work(question: int) -> int:
            asked.append(question)
            return 10 // question

        latest = Latest(pilot.app.query_one(Widget), work, answers.append)
        latest.ask(0)
        await until(pilot, lambda: asked == [0] and not latest._running)
        latest.ask(5)
        await until(pilot, lambda: answers == [2])
