"""The command `export`."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from storyloom.cli.moments import add_moment, opened_at
from storyloom.cli.parsing import Commands
from storyloom.cli.progress import Bar
from storyloom.cli.terminal import data, is_terminal, say, story_text
from storyloom.cli.weaving import add_strand, strand
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storyloom.exchange.book import Book
    from storyloom.exchange.formats import Format
    from storyloom.story.story import Story

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    from storyloom.exchange.formats import EVERY

    parser = commands.add(
        "export",
        "Write the weave, or the strand that ends in a node, as a document or as its history.",
        "storyloom export tide.loom",
        "storyloom export tide.loom -o tide.md --force",
        "storyloom export tide.loom --format md,txt -o ~/books",
        'storyloom export tide.loom --weave "sad end" --chapters 1-3',
        "storyloom export tide.loom --at '2026-11-24 21:30' -o then.md",
        "storyloom export tide.loom -o - | pandoc -f markdown-smart -o tide.docx",
        "storyloom export tide.loom --format coauthor -o session.jsonl",
        more="The file is named after the title, in the current folder, and its name is printed.\n"
        "A CoAuthor log tells how the text came to be, event by event, as the sessions of the\n"
        "CoAuthor data set do: what the author did is its user's, what models wrote its api's,\n"
        "and what was pasted or imported its user's too. Branches that were offered and not\n"
        "taken are in it, those that lead elsewhere are not.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="the file to write, or a folder; - is stdout"
    )
    known = "; ".join(f"{each.name}: {each.title}, {each.what}" for each in EVERY)
    parser.add_argument(
        "--format",
        action="append",
        metavar="NAME[,NAME]",
        help=f"{known}; more than one are written one file each",
    )
    add_strand(parser)
    add_moment(parser)
    parser.add_argument("--chapters", metavar="A-B", help="these chapters alone, such as 2 or 1-3")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(run=_export)


def _export(options: Namespace) -> int:
    from storyloom.exchange.formats import SESSION

    chosen = _formats(options)
    if options.output is not None and "\0" in options.output:
        raise Refusal("A file's name cannot hold a NUL character.")
    if options.chapters is not None and SESSION in chosen:
        raise Refusal(
            "A CoAuthor log is the history of a whole text, and has no chapters; leave --chapters "
            "out."
        )
    with opened_at(options.file, options.at) as story:
        source = _source(story, options)
        if options.output == "-":
            if len(chosen) > 1:
                raise Refusal("To stdout goes one format; say which one with --format.")
            _print(source, chosen[0])
            return 0
        paths = _paths(source.book, chosen, options)
        _write(source, paths, replace=options.force)
    sections = source.book.sections if chosen != [SESSION] else ()
    chapters = sum(section.title is not None for section in sections)
    parts = f" in {chapters} chapters" if chapters > 1 else ""
    say(f"{one_line(source.book.title)}{parts} is written.")
    if source.ends:
        say(source.ends)
    for path, _ in paths:
        data(one_line(str(path)))
    return 0


def _formats(options: Namespace) -> "list[Format]":
    """Return the formats that are asked for, each once; without any, what the name says."""
    from storyloom.exchange import formats

    names = [name for given in options.format or () for name in given.split(",") if name.strip()]
    if names:
        return list(dict.fromkeys(map(formats.named, names)))
    output = (options.output or "").lower()
    for each in formats.EVERY:
        if output.endswith(each.suffix):
            return [each]
    return [formats.FORMATS[0]]


class _Source(NamedTuple):
    """What is written."""

    story: "Story"
    node: int
    """The node that its strand ends in; 0 for none."""
    book: "Book"
    ends: str
    """A sentence on what of the weave is not in it."""


def _source(story: "Story", options: Namespace) -> _Source:
    """Return what is asked for. Raises Refusal when it is not there."""
    from storyloom.exchange.book import chapter_range, goes_on
    from storyloom.story import tips
    from storyloom.story.weaves import MAIN, weave_name

    book, ends, node = strand(story, options), "", options.node
    if node is None:
        weave = MAIN if options.weave is None else weave_name(options.weave)
        node = tips.weave_tip(story, weave)
    if options.chapters is not None:
        book = book.only(*chapter_range(options.chapters))
    elif options.node is None:
        ends = goes_on(story, node, weave=True)
    return _Source(story, node, book, ends)


def _print(source: _Source, chosen: "Format") -> None:
    if is_terminal(sys.stdout):
        story_text("".join(_pieces(source, chosen)).removesuffix("\n"))
        return
    # As UTF-8 whatever the locale, so that it is what a file would hold.
    sys.stdout.flush()
    for piece in _pieces(source, chosen):
        sys.stdout.buffer.write(piece.encode("utf-8", "replace"))


def _pieces(source: _Source, chosen: "Format") -> "Iterator[str]":
    from storyloom.exchange.formats import SESSION

    if chosen is not SESSION:
        return chosen.pieces(source.book)
    from storyloom.exchange.writers.coauthor import lines

    return lines(source.story, source.node)


def _paths(book: "Book", chosen: "list[Format]", options: Namespace) -> "list[tuple[Path, Format]]":
    """Return where each format is written to. Raises Refusal for one name for several."""
    from storyloom.exchange.files import slug

    if options.output is None:
        return [(Path(slug(book.title) + each.suffix), each) for each in chosen]
    given = Path(options.output).expanduser()
    if given.is_dir():
        return [(given / (slug(book.title) + each.suffix), each) for each in chosen]
    if len(chosen) > 1:
        raise Refusal(
            f"{one_line(options.output)} is one name for {len(chosen)} files; leave -o out, or "
            "name a folder that is there."
        )
    return [(given, chosen[0])]


def _write(source: _Source, paths: "list[tuple[Path, Format]]", *, replace: bool) -> None:
    """Write the files; of several, none is begun where one is there already."""
    from storyloom.exchange import formats
    from storyloom.exchange.files import refuse_taken

    if not replace:
        for path, _ in paths:
            refuse_taken(path)
    with Bar() as bar:
        for path, kind in paths:
            word = f"writing {one_line(path.name)}"

            def show(done: int, whole: int, word: str = word) -> None:
                bar.show(word, done, whole)

            if kind is formats.SESSION:
                formats.write_session(
                    source.story, source.node, path, replace=replace, progress=show
                )
            else:
                formats.write(source.book, kind, path, replace=replace, progress=show)
