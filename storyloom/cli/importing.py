"""The command `import`: a story made of a text, of Markdown, or of another story file."""

import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.opening import SUFFIX
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import can_draw, counted, data, say, width
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.exchange.importing import Imported

__all__ = ["add"]

_BAR = 30
_FRAME_SECONDS = 0.1


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "import",
        "Make a story of a text, of Markdown, or of another story file; its path is printed.",
        "storyloom import novel.md",
        "storyloom import notes.txt -o drafts/notes.loom",
        "storyloom import /media/stick/tide.loom",
        more="It lies in the library, or where -o says. The title is that of the title block, or\n"
        "the first heading, or the file's name; headings of the first two levels become chapters.\n"
        "Chapters, scenes, and long scenes at ends of paragraphs become passages, one after the\n"
        "other, all on the weave. A .loom file is verified and copied. Nothing is replaced.",
    )
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("-o", "--output", metavar="STORY", help="the file to make, or a folder")
    parser.set_defaults(run=_import)


def _import(options: Namespace) -> int:
    from storyloom import paths
    from storyloom.exchange.importing import bring_in

    for name in (options.path, options.output or ""):
        if "\0" in name:
            raise Refusal("A file's name cannot hold a NUL character.")
    folder, target = paths.saves_dir(), None
    if options.output is not None:
        target = Path(options.output).expanduser()
        if target.is_dir():
            folder, target = target, None
        elif target.suffix != SUFFIX:
            target = target.with_name(target.name + SUFFIX)
    bar = _Bar()
    try:
        made = bring_in(Path(options.path).expanduser(), folder, bar.show, target=target)
    finally:
        bar.erase()
    say(_sentence(options.path, made))
    data(str(made.path))
    return 0


def _sentence(name: str, made: "Imported") -> str:
    left_out = "".join(f" {each}" for each in made.left_out)
    if made.source == "story":
        return f"{one_line(name)} is copied.{left_out}"
    return f"{one_line(name)} is brought in: {counted(made.passages, 'passage')}.{left_out}"


class _Bar:
    """How far an import is, on a terminal only, and only of one that takes long."""

    def __init__(self) -> None:
        self._shown = time.monotonic()
        self._line = ""

    def show(self, word: str, done: int, whole: int) -> None:
        """Draw what is done and its part of the whole, at most ten times a second."""
        now = time.monotonic()
        if now - self._shown < _FRAME_SECONDS or not can_draw():
            return
        self._shown = now
        line = f"{word} ..."
        if whole:
            full = done * _BAR // whole
            line = f"{word} [{'#' * full}{'.' * (_BAR - full)}] {done * 100 // whole:3d}%"
        if line != self._line:
            self._line = line
            sys.stderr.write(f"\r\x1b[K{line[: width() - 1]}")
            sys.stderr.flush()

    def erase(self) -> None:
        """Take the bar away."""
        if self._line:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
