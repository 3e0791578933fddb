"""From what was typed to an open story, a node, or a text."""

import contextlib
import sys
from argparse import ArgumentTypeError
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.terminal import is_terminal, say
from storyloom.text import Refusal, clean, one_line

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["SUFFIX", "existing", "given_text", "node_id", "opened", "positive", "present",
           "say_of_large", "weave_called", "whole_number"]  # fmt: skip

SUFFIX = ".loom"
_LARGEST_TEXT = 16 * 1024 * 1024
_LARGE_FILE = 50 * 1000 * 1000
"""Bytes of a story from which reading all of it is no matter of a moment."""


def node_id(value: str) -> int:
    """Return the node that `12` or `n12` names, for argparse."""
    digits = value[1:] if value[:1] in ("n", "N") else value
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 16 and int(digits)):
        raise ArgumentTypeError(f"{one_line(value)!r} is not a node; nodes are written n12 or 12")
    return int(digits)


def whole_number(value: str) -> int:
    """Return a number of 0 or more, for argparse."""
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise ArgumentTypeError(f"{one_line(value)!r} is not a whole number")
    return int(value)


def positive(value: str) -> int:
    """Return a number of 1 or more, for argparse."""
    number = whole_number(value)
    if not number:
        raise ArgumentTypeError("it has to be 1 or more")
    return number


def existing(name: str) -> Path:
    """Return the story file that was meant: as typed, with .loom, or so named in the library.

    When there is none, the path as typed, for the refusal to name.
    """
    from storyloom import paths

    typed = Path(name).expanduser()
    candidates = [typed]
    if typed.suffix != SUFFIX:
        candidates.append(typed.with_name(typed.name + SUFFIX) if typed.name else typed)
    if typed.name == name:
        candidates += [paths.saves_dir() / each.name for each in candidates]
    for candidate in candidates:
        with contextlib.suppress(OSError, ValueError):
            if candidate.is_file():
                return candidate
    return typed


@contextlib.contextmanager
def opened(name: str, *, writing: bool = False, recover: bool = True) -> Generator["Story"]:
    """Open the story that `name` means, and close it at the end.

    What a killed program left unfinished is closed first and said, unless `recover` is false.
    With `writing` a read-only file is refused.
    """
    from storyloom.story import growth
    from storyloom.story.story import Story

    if "\0" in name:
        raise Refusal("A file's name cannot hold a NUL character.")
    story = Story(existing(name))
    try:
        if writing and story.readonly:
            raise Refusal(f"{one_line(name)} cannot be written to: it or its folder is read-only.")
        if story.upgraded is not None:
            was = one_line(str(story.upgraded))
            say(f"{one_line(name)} is brought up to date; {was} is the file as it was.")
        for node in growth.recover(story) if recover else ():
            say(f"n{node} was being written when a program ended; what had arrived is kept.")
        yield story
    finally:
        story.close()


def present(story: "Story", node: int) -> int:
    """Return `node`. Raises Refusal when the story has no node of that id."""
    from storyloom.story import reading

    if not reading.exists(story, node):
        raise Refusal(f"There is no node n{node} in this story.")
    return node


def weave_called(story: "Story", name: str) -> str:
    """Return a weave's name as the story has it. Raises Refusal when there is none."""
    from storyloom.story import weaves

    kept = weaves.weave_name(name)
    if kept not in (each.name for each in weaves.weaves(story)):
        raise Refusal(
            f"There is no weave {one_line(name)!r}; 'storyloom weave FILE --list' names all."
        )
    return kept


def say_of_large(path: Path, sentence: str) -> None:
    """Say what is begun with a story file, when that takes long because the file is large."""
    with contextlib.suppress(OSError, ValueError):
        if path.stat().st_size > _LARGE_FILE:
            say(sentence)


def given_text(text: str | None, file: str | None) -> str | None:
    """Return the text given as such, from a file, or from stdin for `-`; None when none was."""
    if text is not None or file is None:
        return text
    try:
        if file == "-":
            if is_terminal(sys.stdin):
                say("Write the text; end it with Ctrl-D on a line of its own.")
            raw = sys.stdin.buffer.read(_LARGEST_TEXT + 1) if sys.stdin else b""
        else:
            path = Path(file).expanduser()
            with open(path, "rb") as source:
                raw = source.read(_LARGEST_TEXT + 1)
    except IsADirectoryError:
        raise Refusal(f"{one_line(file)} is a folder, not a file with text in it.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal(f"{one_line(file)} cannot be read: {one_line(why)}.") from error
    if len(raw) > _LARGEST_TEXT:
        raise Refusal(f"{one_line(file)} is longer than 16 MB; a passage is not.")
    try:
        read = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"{one_line(file)} is not text in UTF-8.") from error
    # The line end that ends a text file is the file's, not the passage's.
    read = clean(read)
    return read[:-1] if read.endswith("\n") else read
