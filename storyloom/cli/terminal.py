"""What a command says: data on stdout, narration on stderr, neither with a control character."""

import json
import os
import re
import shutil
import sys
from typing import TextIO

from storyloom.text import clean, one_line, visible

__all__ = ["can_draw", "counted", "data", "has_screen", "json_line", "say", "story_text", "width"]

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


def json_line(text: str) -> None:
    """Write JSON text to stdout, so that whoever reads it gets each value as it is.

    Where it holds what cannot be shown, all that is not ASCII becomes escapes.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
        showable = visible(text) == text
    except UnicodeEncodeError:
        showable = False
    # Outside of its strings JSON is ASCII alone.
    _write(sys.stdout, text if showable else re.sub("[\x7f-\U0010ffff]", _escape, text))


def _escape(match: re.Match[str]) -> str:
    return "\\u007f" if match[0] == "\x7f" else json.dumps(match[0])[1:-1]


def counted(number: int, what: str) -> str:
    """Return `1 node`, `2 nodes` and the like."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


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
    able = os.environ.get("TERM", "") not in ("", "dumb", "unknown") or os.name == "nt"
    return able and is_terminal(sys.stdin) and is_terminal(sys.stdout)


def can_draw() -> bool:
    """Whether lines on stderr can be drawn over: progress and branches as they come."""
    return is_terminal(sys.stderr) and os.environ.get("TERM", "") not in ("", "dumb")


def width(default: int = 80) -> int:
    """Return the columns of the terminal, else `default`."""
    return shutil.get_terminal_size((default, 24)).columns
