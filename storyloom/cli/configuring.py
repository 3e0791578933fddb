"""A new `[[model]]` table in the user's settings."""

import json
from pathlib import Path

from storyloom import configuring, paths, settings
from storyloom.text import Refusal, clean, one_line

__all__ = ["append_model"]


def append_model(table: dict[str, str | int]) -> Path:
    """Append a `[[model]]` table to the config file and return its path.

    What is there already stays as it was written, comments too. The new file is read as settings
    before it takes the old one's place; it is readable by its owner alone. Raises Refusal with
    the file untouched when it is not right, or has a model of that name already.
    """
    path = paths.config_file()
    name = one_line(str(table["name"]))
    known = settings.load(path)
    if not name:
        raise Refusal("A model's name cannot be empty.")
    if any(entry.name == table["name"] for entry in known.models):
        raise Refusal(f"There is a model called {name} in {path} already; choose another name.")
    try:
        return configuring.rewrite(lambda old: _with_gap(old) + _dumped(table))
    except Refusal as refusal:
        raise Refusal(f"Not added: {refusal}") from refusal


def _with_gap(old: str) -> str:
    return old.rstrip("\n") + "\n\n" if old.strip() else ""


def _dumped(table: dict[str, str | int]) -> str:
    # JSON's strings are TOML's too, once no control character is left that TOML wants escaped.
    lines = ["[[model]]"]
    for key, value in table.items():
        text = (
            str(value).lower()
            if isinstance(value, int)
            else json.dumps(clean(value), ensure_ascii=False)
        )
        lines.append(f"{key} = {text}")
    return "\n".join(lines) + "\n"
