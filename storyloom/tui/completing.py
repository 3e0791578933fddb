"""Paths as authors type them on a line: what they mean, and what they may go on to."""

import os
import re
from itertools import islice
from pathlib import Path

from storyloom.text import Refusal, visible

__all__ = ["complete_path", "typed_path"]

_MOST_READ = 20_000
_MOST = 200


def typed_path(text: str) -> Path:
    """Return the path that was typed or dropped on the terminal: `~`, quotes, escaped spaces.

    Raises Refusal when nothing was typed.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if not text or "\0" in text:
        raise Refusal("Type the path of a file: a text, Markdown, or another .loom file.")
    path = Path(os.path.expanduser(text))
    plain = re.sub(r"\\(.)", r"\1", text)
    if plain != text and not os.path.lexists(path):
        return Path(os.path.expanduser(plain))
    return path


def complete_path(typed: str) -> list[str]:
    """Return the paths that begin with what is typed, folders with a slash at their end.

    Hidden names are left out until a dot is typed, and so is what could not be typed again.
    """
    folder, begun = os.path.split(typed)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as found:
            names = [
                each.name + os.sep * each.is_dir()
                for each in islice(found, _MOST_READ)
                if each.name.startswith(begun) and (begun or not each.name.startswith("."))
            ]
    except (OSError, ValueError):
        return []
    names = [name for name in names if visible(name) == name and name.isprintable()]
    return [os.path.join(folder, name) for name in sorted(names)[:_MOST]]
