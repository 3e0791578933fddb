"""The command `export`."""

import sys
from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import opened
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, is_terminal, say, story_text
from storyloom.cli.weaving import add_strand, strand
from storyloom.text import one_line

__all__ = ["add"]

_SUFFIXES = {"md": ".md", "txt": ".txt"}


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "export",
        "Write the weave, or the strand that ends in a node, as a document.",
        "storyloom export tide.loom",
        "storyloom export tide.loom -o tide.md --force",
        'storyloom export tide.loom --weave "sad end"',
        "storyloom export tide.loom -o - | pandoc -f markdown-smart -o tide.docx",
        more="The file is named after the title, in the current folder, and its name is printed.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-o", "--output", metavar="OUT", help="the file to write; - is stdout")
    parser.add_argument(
        "--format",
        choices=tuple(_SUFFIXES),
        help="md: Markdown in Pandoc's flavour, the default; txt: plain text",
    )
    add_strand(parser)
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(run=_export)


def _export(options: Namespace) -> int:
    from storyloom.exchange.files import slug, write_new
    from storyloom.exchange.writers.markdown import markdown
    from storyloom.exchange.writers.plain import plain

    chosen = options.format or ("txt" if (options.output or "").lower().endswith(".txt") else "md")
    with opened(options.file) as story:
        book = strand(story, options)
    text = plain(book) if chosen == "txt" else markdown(book)
    if options.output == "-":
        if is_terminal(sys.stdout):
            story_text(text.removesuffix("\n"))
        else:
            # As UTF-8 whatever the locale, so that it is what a file would hold.
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        return 0
    path = Path(options.output or slug(book.title) + _SUFFIXES[chosen]).expanduser()
    write_new(path, text, replace=options.force)
    chapters = sum(section.title is not None for section in book.sections)
    parts = f" in {chapters} chapters" if chapters > 1 else ""
    say(f"{one_line(book.title)}{parts} is written.")
    data(one_line(str(path)))
    return 0
