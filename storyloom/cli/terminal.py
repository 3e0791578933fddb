"""What a command says: data on stdout, narration on stderr, neither with a control character."""

import os
import shutil
import sys
from typing import TextIO

from storyloom.text import clean, one_line, visible

__all__ = ["can_draw", "data", "has_screen", "say", "story_text", "width"]

READING_WIDTH = 72
"""Columns a text is wrapped to on a terminal."""


def data(line: str = "") -> None:
    """Write one line of the command's answer to stdout."""
    _write(sys.stdout, visible(line))


def story_text(text: str) -> None:
    """Write a story's own text to stdout.

    To a terminal nothing goes that would change what is seen; into a pipe or file the text goes
    as it is stored, which is without control characters.
    """
    _write(sys.stdout, visible(text) if is_terminal(sys.stdout) else clean(text))


def say(sentence: str) -> None:
    """Write one line of narration to stderr."""
    _write(sys.stderr, one_line(sentence))


def _write(stream: TextIO | None, line: str) -> None:
    if stream is not None:
        print(line, file=stream, flush=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees what is written to `stream`."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def has_screen() -> bool:
    """Whether the whole-screen program can run: a terminal at both ends that knows how to draw."""
    able = os.environ.get("TERM", "") not in ("", "dumb") or os.name == "nt"
    return able and is_terminal(sys.stdin) and is_terminal(sys.stdout)


def can_draw() -> bool:
    """Whether lines on stderr can be drawn over: progress and branches as they come."""
    return is_terminal(sys.stderr) and os.environ.get("TERM", "") not in ("", "dumb")


def width(default: int = 80) -> int:
    """Return the columns of the terminal, else `default`."""
    return shutil.get_terminal_size((default, 24)).columns
