"""A strand of a story written to files from a screen: in a thread, watched, stopped if asked."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.story import tips
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.exchange.book import Book
    from storyloom.exchange.formats import Format

__all__ = ["Export", "Stopped", "Target", "export"]


async def export(path: Path, name: str, node: int | None = None) -> str:
    """Write the weave of a story file, or the strand to `node`, and return a sentence that says so.

    The suffix of `name` says the format; `.jsonl` is a CoAuthor log. Raises Refusal when no format
    has it, when there is a file of that name, or it cannot be written.
    """
    return await asyncio.to_thread(_write, path, Path(os.path.expanduser(name)), node)


def _write(path: Path, target: Path, node: int | None) -> str:
    from storyloom.exchange import formats
    from storyloom.exchange.book import book_of, goes_on

    if os.path.lexists(target) and not target.is_dir():
        raise Refusal(f"{one_line(str(target))} is there already; choose another name.")
    kind = formats.meant_by(target)
    with Story(path) as story:
        book = book_of(story, node)
        ends = goes_on(story, tips.weave_tip(story), weave=True) if node is None else ""
        if kind is formats.SESSION:
            to = tips.weave_tip(story) if node is None else node
            formats.write_session(story, to, target)
    if kind is not formats.SESSION:
        formats.write(book, kind, target)
    return f"{one_line(book.title)} is in {one_line(str(target.absolute()))}. {ends}".rstrip()


class Stopped(Exception):
    """The author has stopped an export."""


@dataclass(frozen=True)
class Target:
    """A file that is to be written."""

    kind: "Format"
    path: Path
    replace: bool = False
    """Whether the author has agreed to replace what is there."""
    of: tuple[Path, int] | None = None
    """Of a history the story's file, and the node that its strand ends in."""


class Export:
    """A book on its way into files, one after the other."""

    def __init__(self, book: "Book", targets: Sequence[Target]) -> None:
        self._book = book
        self._targets = targets
        self.told: tuple[str, int, int] = ("", 0, 0)
        """The name of the file that is written just now, how much of all, and of how much."""
        self.written: list[Path] = []
        """The files that are done."""
        self._stop = threading.Event()
        self._ended = threading.Event()

    async def run(self) -> None:
        """Write the files. Raises Refusal, or `Stopped` when it was; a file is whole or not there,
        and `written` says which are.
        """
        await asyncio.to_thread(self._run)

    def _run(self) -> None:
        from storyloom.exchange import formats

        try:
            for number, target in enumerate(self._targets):
                kind, path, over = target.kind, target.path, target.replace
                noted = self._noted(number, target)
                if target.of is None:
                    formats.write(self._book, kind, path, replace=over, progress=noted)
                else:
                    with Story(target.of[0]) as story:
                        formats.write_session(
                            story, target.of[1], path, replace=over, progress=noted
                        )
                self.written.append(target.path)
        finally:
            self._ended.set()

    def _noted(self, number: int, target: Target) -> Callable[[int, int], None]:
        name, files = one_line(target.path.name), len(self._targets)

        def note(done: int, whole: int) -> None:
            # Called in the thread; what it raises ends the file that is being written.
            if self._stop.is_set():
                raise Stopped
            self.told = (name, number * whole + done, files * whole)

        return note

    def stop(self, wait: float = 0) -> None:
        """Have it end soon, and wait up to so many seconds until it has."""
        self._stop.set()
        if wait:
            self._ended.wait(wait)
