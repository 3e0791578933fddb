"""A passage in the author's own editor, from the command line."""

import subprocess
import tempfile
from pathlib import Path

from storyloom import editor
from storyloom.text import Refusal, one_line

__all__ = ["edited"]


def edited(text: str, before: str = "") -> str | None:
    """Return `text` as the author left it in the editor; None when nothing was to be changed.

    `before` is the end of what stands before it, for the author to see. An editor that ends with a
    fault changes nothing. The file it works on is the author's alone. Raises Refusal when there is
    no editor or it cannot be started.
    """
    command = editor.command()
    with tempfile.TemporaryDirectory(prefix="storyloom-") as folder:
        file = Path(folder) / "passage.md"
        file.write_text(editor.content_for(text, before), encoding="utf-8", newline="\n")
        try:
            done = subprocess.run([*command, str(file)], env=editor.without_keys(), check=False)
            raw = file.read_bytes()
        except OSError as error:
            name = one_line(command[0])
            raise Refusal(f"The editor {name!r} cannot be started: {error.strerror}.") from error
    if done.returncode:
        raise Refusal(f"The editor ended with code {done.returncode}; nothing was changed.")
    new = editor.passage_in(raw)
    return None if new == text else new
