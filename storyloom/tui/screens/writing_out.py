"""The export's part that writes: asks about what is there already, then writes, watched."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.cells import cell_len

from storyloom.exchange.book import Book
from storyloom.text import Refusal, one_line
from storyloom.tui.exporting import Export, Stopped, Target
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.lines import fitted
from storyloom.tui.widgets.progress import ProgressLine

__all__ = ["WritingOut"]

_A_SECOND = 4
"""Draws of the progress; more of them would only cost a thin line its bytes."""
_CLEARED_UP = 2.0
"""Seconds that a dying program waits for what is half written to be taken away."""
_QUESTION = 60
"""Columns that the question about a file needs beside its name."""


class WritingOut(CommandScreen):
    """Writes the book that `to_write` returns into its files, each whole or not at all."""

    _job: Export | None = None
    """What is being written."""

    def to_write(self) -> tuple[Book, list[Target]]:
        """Return what is to be written, and where. Raises Refusal when that is not known yet."""
        raise NotImplementedError

    def was_written(self) -> None:
        """Take note that all of it was written."""

    async def do_export(self, _: str) -> None:
        """Write the files; of one that is there it is asked first."""
        if self._job is not None:
            raise Refusal("It is being written; ^g stops it.")
        book, targets = self.to_write()
        folder = targets[0].path.parent
        if not await asyncio.to_thread(os.path.isdir, folder):
            if await asyncio.to_thread(os.path.lexists, folder):
                raise Refusal(f"{one_line(str(folder))} is no folder; choose another one.")

            async def make() -> None:
                await asyncio.to_thread(_make, folder)
                self._start(book, targets)

            self.confirm(f"There is no folder {one_line(str(folder))}; make it?", make)
            return
        await self._settle(book, targets, [])

    async def _settle(self, book: Book, open_: Sequence[Target], settled: list[Target]) -> None:
        """Ask about the first of the files that is there already, and write when none is left."""
        rest = list(open_)
        while rest and (rest[0].replace or not await asyncio.to_thread(_taken, rest[0].path)):
            settled.append(rest.pop(0))
        if rest:
            self._ask_about(book, rest, settled)
        elif settled:
            self._start(book, settled)
        else:
            self.say("Nothing was written, and what was there is as it was.")

    def _ask_about(self, book: Book, rest: list[Target], settled: list[Target]) -> None:
        first, *others = rest

        async def answer(given: str) -> None:
            if given == "y":
                await self._settle(book, others, [*settled, replace(first, replace=True)])
            elif given == "n":
                await self._settle(book, others, settled)
            elif given == "r":
                self.ask("another name", rename, begun=first.path.name)

        async def rename(typed: str) -> None:
            if not typed.strip():
                self.say("Nothing was written.")
                return
            other = first.path.parent / os.path.expanduser(typed.strip())
            if any(other == each.path for each in settled):
                raise Refusal(f"{one_line(str(other))} is written already; choose another name.")
            await self._settle(book, [replace(first, path=other), *others], settled)

        name = one_line(first.path.name)
        name = fitted(name, min(cell_len(name), max(12, self.size.width - _QUESTION)))
        question = f"{name} is there: y replaces it, n leaves it, r another name"
        self.choose(question, "ynr", answer)

    # Writing.

    def _start(self, book: Book, targets: Sequence[Target]) -> None:
        self._job = Export(book, targets)
        self.run_worker(self._write(self._job), exit_on_error=False, group="export")

    async def _write(self, job: Export) -> None:
        timer = self.set_interval(1 / _A_SECOND, lambda: self._show_progress(job))
        said, severity = "", "warning"
        try:
            await job.run()
            self.was_written()
            severity = "information"
        except Stopped:
            said = "It was stopped, and nothing half-written is left."
        except Refusal as refusal:
            said = str(refusal)
        except Exception as error:
            said = f"It was not written: {one_line(str(error)) or type(error).__name__}"
        finally:
            timer.stop()
            self._job = None
            if self.is_attached:
                self.query_one(ProgressLine).hide()
        if self.is_attached:
            self.say(" ".join(part for part in (said, _where(job.written)) if part), severity)

    def _show_progress(self, job: Export) -> None:
        name, done, whole = job.told
        self.query_one(ProgressLine).show(f"writing {name}, ^g stops", done, whole)

    def do_stop(self, argument: str) -> None:
        """Stop what is being written; nothing half-written is left. Go back when nothing is."""
        if self._job is None:
            self.do_back(argument)
        else:
            self._job.stop()

    def do_back(self, _: str) -> None:
        """Go back to where this was opened from."""
        if self._job is not None:
            raise Refusal("It is being written; ^g stops it.")
        self.dismiss(None)

    async def closing(self) -> None:
        """Stop what is being written."""
        if self._job is not None:
            self._job.stop()

    def save_at_once(self) -> None:
        """Stop it when the terminal is going away, and let it clear up: the program ends then."""
        if self._job is not None:
            self._job.stop(_CLEARED_UP)


def _where(written: Sequence[Path]) -> str:
    """Return the sentence that names the files, each from the root on."""
    names = [one_line(str(path.absolute())) for path in written]
    if not names:
        return ""
    return f"Written: {' and '.join(names)}."


def _taken(path: Path) -> bool:
    # That a folder cannot be written to is said when it is tried, not asked.
    return os.path.lexists(path) and not path.is_dir()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(f"{one_line(str(folder))} cannot be made: {why}.") from error
