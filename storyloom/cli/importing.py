"""The command `import`: a story made of a text, of Markdown, or of another story file."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.opening import SUFFIX
from storyloom.cli.parsing import Commands
from storyloom.cli.progress import Bar
from storyloom.cli.terminal import counted, data, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.exchange.importing import Imported

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "import",
        "Make a story of a text, of Markdown, of a recording, or of another story file.",
        "storyloom import novel.md",
        "storyloom import notes.txt -o drafts/notes.loom",
        "storyloom import /media/stick/tide.loom",
        "storyloom log tide.loom --all --json > tide.jsonl; storyloom import tide.jsonl",
        more="It lies in the library, or where -o says. The title is that of the title block, or\n"
        "the first heading, or the file's name; headings of the first two levels become chapters.\n"
        "Chapters, scenes, and long scenes at ends of paragraphs become passages, one after the\n"
        "other, all on the weave. A .loom file is verified and copied; the lines of a log become\n"
        "the story that they are of; a CoAuthor session becomes one with its forks, which can be\n"
        "replayed. Nothing is replaced. The story's path is printed.",
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
    with Bar() as bar:
        made = bring_in(Path(options.path).expanduser(), folder, bar.show, target=target)
    say(_sentence(options.path, made))
    data(str(made.path))
    return 0


def _sentence(name: str, made: "Imported") -> str:
    left_out = "".join(f" {each}" for each in made.left_out)
    if made.source == "story":
        return f"{one_line(name)} is copied.{left_out}"
    return f"{one_line(name)} is brought in: {counted(made.passages, 'passage')}.{left_out}"
