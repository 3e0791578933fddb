"""What a new author is told to try next, until each of the first steps has been taken once."""

import json
from collections.abc import Mapping
from pathlib import Path

from storyloom import paths
from storyloom.text import Refusal

__all__ = ["Hints"]

_STEPS = (
    ("generate", "{generate} grows branches from here: several ways on for the story."),
    ("next", "{next} and {previous} go through the branches, {compare} sets them side by side."),
    ("prune", "{prune} prunes a branch you do not want; {undo} brings it back."),
    ("edit", "{edit} edits a passage: your words are kept as yours, the rest as a model's."),
    ("weave", "{weave} weaves: the path to here becomes the story that is read and exported."),
    ("export", ":export shows and writes the woven story, {read} reads it. {help} shows all keys."),
)
"""A command, and what is said until it was used once. In braces are commands, for their keys."""


class Hints:
    """Which first steps the author has taken, kept from session to session."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or paths.data_dir() / "hints.json"
        self.hidden = False
        """Whether the author wants none."""
        self._done: set[str] = set()
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self.hidden = bool(kept["hidden"])
            self._done = {str(name) for name in kept["done"]}
        except (OSError, ValueError, KeyError, TypeError):
            pass

    @property
    def over(self) -> bool:
        """Whether nothing is left to say, or nothing is to be said."""
        return self.hidden or all(name in self._done for name, _ in _STEPS)

    def next(self, keys: Mapping[str, str]) -> str:
        """Return what to try next, with the keys of commands by name; empty for nothing."""
        if self.hidden:
            return ""
        for number, (name, sentence) in enumerate(_STEPS, 1):
            if name not in self._done:
                return f"{number}/{len(_STEPS)}  {sentence.format_map(keys)}"
        return ""

    def took(self, command: str) -> bool:
        """Note that a command was used; true when that was one of the first steps."""
        if command in self._done or command not in dict(_STEPS):
            return False
        self._done.add(command)
        return True

    def again(self) -> None:
        """Begin anew with the first step."""
        self.hidden, self._done = False, set()

    def keep(self) -> None:
        """Write down what was done; a disk that cannot be written to costs a hint, no more."""
        try:
            paths.made(self._file.parent)
            kept = {"hidden": self.hidden, "done": sorted(self._done)}
            self._file.write_text(json.dumps(kept), encoding="utf-8")
        except (OSError, Refusal):
            pass
