"""Long work on a story file, watched: how far it is, and given up as soon as that is asked for."""

import contextlib
import sqlite3
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from storyloom.text import Refusal

__all__ = ["Progress", "Watch", "interruptible"]

Progress: TypeAlias = Callable[[float], object]
"""Told which part of all is done, from 0 to 1. What it raises, but for what says that the file is
damaged, ends the work."""

_T = TypeVar("_T")
_STEPS = 100_000
"""Steps of SQLite's after which it asks whether to go on: some milliseconds."""
_ROWS = 256
"""Rows after which it is told how far it is."""


class Watch:
    """Tells how far work in several stages has come, each of which costs a part of it all."""

    def __init__(self, progress: Progress | None, costs: Mapping[str, float]) -> None:
        self._progress = progress
        self._costs = costs
        self._whole = sum(costs.values()) or 1.0
        self._before = self._cost = 0.0

    def begin(self, stage: str) -> None:
        """Say that this stage begins, and so that the one before is done."""
        self._before += self._cost
        self._cost = self._costs.get(stage, 0.0)
        self._tell(0.0)

    def rows(self, rows: Iterable[_T], many: int) -> Iterator[_T]:
        """Yield the rows that a stage goes through, of which there are about so many."""
        for number, row in enumerate(rows):
            if not number % _ROWS:
                self._tell(min(1.0, number / max(1, many)))
            yield row

    def _tell(self, part: float) -> None:
        if self._progress is not None:
            self._progress(min(1.0, (self._before + self._cost * part) / self._whole))


@contextlib.contextmanager
def interruptible(
    db: sqlite3.Connection, tick: Callable[[], object] = lambda: None
) -> Generator[None]:
    """Let ^C end a statement that takes long, while the block runs, and what `tick` raises too.

    `tick` is called every few milliseconds of such a statement.
    """
    raised: list[BaseException] = []

    def go_on() -> int:
        try:
            tick()
        except BaseException as error:  # what is raised here, SQLite would not pass on
            # Its frames, and those of what SQLite makes of it, hold the statement and so the file
            # open, which is to be closed while it is on its way.
            raised.append(error.with_traceback(None))
            return 1
        return 0

    db.set_progress_handler(go_on, _STEPS)
    try:
        yield
    except (Refusal, sqlite3.Error) as error:
        # Without a word of its own, ^C came just where SQLite called us.
        if not raised and "interrupted" not in str(error):
            raise
        for each in (error, error.__cause__):
            traceback.clear_frames(each.__traceback__ if each is not None else None)
        raise (raised.pop() if raised else KeyboardInterrupt()) from None
    finally:
        db.set_progress_handler(None, 0)
