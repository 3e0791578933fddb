"""A passage in the author's own editor, $VISUAL or $EDITOR."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from storyloom.text import Refusal, clean, one_line

__all__ = ["edited"]

_SECRET = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def edited(text: str) -> str | None:
    """Return `text` as the author left it in the editor; None when nothing was to be changed.

    An editor that ends with a fault changes nothing. The file it works on is the author's alone.
    Raises Refusal when there is no editor or it cannot be started.
    """
    command = _command()
    with tempfile.TemporaryDirectory(prefix="storyloom-") as folder:
        file = Path(folder) / "passage.txt"
        file.write_text(text + "\n", encoding="utf-8", newline="\n")
        try:
            code = subprocess.run(
                [*command, str(file)], env=_without_keys(), check=False
            ).returncode
            raw = file.read_bytes()
        except OSError as error:
            name = one_line(command[0])
            raise Refusal(f"The editor {name!r} cannot be started: {error.strerror}.") from error
    if code:
        raise Refusal(f"The editor ended with code {code}; nothing was changed.")
    try:
        new = clean(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refusal("What the editor wrote is not UTF-8; nothing was changed.") from error
    # The last line end is the editor's own, whether we or it had put it there.
    new = new[:-1] if new.endswith("\n") else new
    return None if new == text else new


def _command() -> list[str]:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        command = shlex.split(named)
    except ValueError:
        command = []
    if not command:
        raise Refusal("There is no editor; set EDITOR, or give the text with --text.")
    return command


def _without_keys() -> dict[str, str]:
    """Return the environment without keys: an editor runs plug-ins that have no use for them."""
    return {name: value for name, value in os.environ.items() if not name.upper().endswith(_SECRET)}
