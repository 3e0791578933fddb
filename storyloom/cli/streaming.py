"""A batch on a terminal or in a pipe: finished branches in order, and live ones below them."""

import asyncio
import shutil
import sys
import textwrap
from types import TracebackType
from typing import TYPE_CHECKING, Self

from storyloom.cli.cells import begin_cells, cells, tail_cells
from storyloom.cli.terminal import READING_WIDTH, can_draw, data, is_terminal, say, story_text
from storyloom.text import one_line, visible

if TYPE_CHECKING:
    from storyloom.generate.batch import Branch

__all__ = ["Streaming"]

_FRAME_SECONDS = 0.1
_MOST_LINES = 5
"""Lines of text that are shown of a branch while it is written."""


class Streaming:
    """Prints each branch to stdout when it and all before it are done.

    On a terminal, the ends of those that are still being written are drawn on stderr meanwhile,
    and drawn over.
    """

    def __init__(self, branches: "list[Branch]") -> None:
        self._branches = branches
        self._printed = 0
        self._drawn = 0
        self._frame: asyncio.TimerHandle | None = None
        self._live = can_draw()
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._frame is not None:
            self._frame.cancel()
        self._erase()
        self._live = False
        if not isinstance(error, BrokenPipeError):
            self._print_finished()

    def changed(self, branch: "Branch") -> None:
        """Take note of a change; call it on the event loop."""
        if not branch.running:
            self._erase()
            self._print_finished()
        if branch.again is not None:
            self._tell_wait(branch)
        if self._live and self._frame is None:
            self._frame = asyncio.get_running_loop().call_later(_FRAME_SECONDS, self._draw)

    def _tell_wait(self, branch: "Branch") -> None:
        told = f"{one_line(branch.entry.name)}: {branch.say} It is asked again."
        if told not in self._said:
            self._erase()
            say(told)
            self._said.add(told)

    def _print_finished(self) -> None:
        while self._printed < len(self._branches) and not self._branches[self._printed].running:
            branch = self._branches[self._printed]
            if branch.text.strip():
                _print(branch)
            elif (failure := _failure(branch)) not in self._said:
                # All branches of a model tend to fail for one reason.
                say(failure)
                self._said.add(failure)
            self._printed += 1

    def _erase(self) -> None:
        if self._drawn:
            sys.stderr.write(f"\x1b[{self._drawn}A\r\x1b[J")
            sys.stderr.flush()
            self._drawn = 0

    def _draw(self) -> None:
        self._frame = None
        if not self._live:
            return
        size = shutil.get_terminal_size()
        waiting = self._branches[self._printed :]
        if not waiting:
            return
        room = max(1, (size.lines - 2) // len(waiting))
        lines = [line for branch in waiting for line in _section(branch, size.columns, room)]
        self._erase()
        # One row is left free, or the terminal scrolls and the way back up is wrong.
        lines = lines[: max(1, size.lines - 1)]
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
        self._drawn = len(lines)


def _failure(branch: "Branch") -> str:
    return f"{one_line(branch.entry.name)}: {branch.say or 'nothing came.'}"


def _print(branch: "Branch") -> None:
    text = branch.text.strip()
    if is_terminal(sys.stdout):
        measure = min(READING_WIDTH, shutil.get_terminal_size().columns)
        text = "\n".join(
            textwrap.fill(line, measure, break_on_hyphens=False) for line in text.split("\n")
        )
    data(f"n{branch.node} {one_line(branch.entry.name)}")
    story_text(f"{text}\n")
    if branch.say and branch.finish != "interrupted":
        say(f"n{branch.node}: {branch.say}")


def _section(branch: "Branch", columns: int, room: int) -> list[str]:
    """Return the lines that show how far a branch is, each short of `columns` cells."""
    head = f"n{branch.node} {one_line(branch.entry.name)}"
    if not branch.text:
        note = " …" if branch.running else " (done)"
        return [begin_cells(head, columns - 10) + note]
    text = visible(branch.text)
    if room < 3:
        free = max(8, columns - cells(head) - 4)
        return [f"{head}  {tail_cells(one_line(text), free)}"]
    measure = max(8, min(READING_WIDTH, columns - 3))
    lines = [row for line in text.split("\n") for row in _rows(line, measure)]
    shown = [row for row in lines if row.strip()][-min(_MOST_LINES, room - 1) :]
    return [begin_cells(head, columns - 1), *(f"  {row}" for row in shown)]


def _rows(line: str, measure: int) -> list[str]:
    """Return `line` in rows of at most `measure` cells, cut at spaces where there are any."""
    rows: list[str] = []
    row, used = "", 0
    for word in line.replace("\t", " ").split(" "):
        size = cells(word)
        if row and used + 1 + size > measure:
            rows.append(row)
            row, used = "", 0
        while size > measure:
            piece = begin_cells(word, measure)
            rows.append(piece)
            word = word[len(piece) :]
            size = cells(word)
        row, used = (f"{row} {word}", used + 1 + size) if row else (word, size)
    return [*rows, row]
