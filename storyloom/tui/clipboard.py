"""Copying text to where the author can paste it: the terminal's clipboard, and a file.

The clipboard is asked for with OSC 52, which SSH carries to the author's own machine. A terminal
says nothing in return, and tmux and some terminals refuse it, so the text is in a file as well.
"""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom import paths
from storyloom.text import Refusal, one_line, words

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["copied_file", "copy"]

_MOST = 70_000
"""Bytes of UTF-8 that are sent at most: terminals drop what is longer, after a long wait."""


def copied_file() -> Path:
    """Return the file that holds what was copied last."""
    return paths.data_dir() / "copied.txt"


def copy(app: "App[int]", text: str) -> str:
    """Put a text on the clipboard and into the file, and return a sentence that says so."""
    count = words(text)
    what = f"{count} word{'s' if count != 1 else ''}"
    sent = len(text.encode("utf-8", "replace")) <= _MOST
    if sent:
        app.copy_to_clipboard(text)
    try:
        _write(copied_file(), text)
    except (Refusal, OSError) as error:
        why = str(error) if isinstance(error, Refusal) else f"{error.strerror or error}."
        if not sent:
            raise Refusal(
                f"That is too long for a clipboard, and no file can be made: {why}"
            ) from error
        return f"Copied {what}, if this terminal lets programs copy."
    where = one_line(str(copied_file()))
    if not sent:
        return f"{what} are too long for a clipboard; they are in {where}."
    return f"Copied {what}; they are in {where} too."


def _write(path: Path, text: str) -> None:
    folder = paths.made(path.parent)
    handle, draft = tempfile.mkstemp(prefix=".copied-", dir=folder)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n", errors="replace") as out:
            out.write(text)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
