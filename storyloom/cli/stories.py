"""Commands on a story as a whole: new, about, tree, read, check."""

from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import SUFFIX, given_text, node_id, opened
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import READING_WIDTH, data, is_terminal, say, story_text, width
from storyloom.text import Refusal, one_line

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_new(commands)
    about = commands.add(
        "about",
        "Show a story's title, premise and style, or set them.",
        "storyloom about tide.loom",
        'storyloom about tide.loom --style "First person, past tense. Plain words."',
    )
    about.add_argument("file", metavar="FILE")
    for key in ("title", "premise", "style"):
        about.add_argument(f"--{key}", metavar="TEXT", help=f"the new {key}; '' takes it away")
    about.set_defaults(run=_about)
    tree = commands.add(
        "tree",
        "Print the tree, one line for each node: weave mark, id, who wrote it, its beginning.",
        "storyloom tree tide.loom",
        "storyloom tree tide.loom --node n4 --full",
        more="* marks the weave, + each branch of a fork, H a text by hand, ~ a model's that\n"
        "was edited. Only a fork indents, so that a long chain stays readable.",
    )
    tree.add_argument("file", metavar="FILE")
    tree.add_argument("--node", type=node_id, metavar="ID", help="only what is below this node")
    tree.add_argument("--full", action="store_true", help="whole texts, not only their beginnings")
    tree.add_argument("--pruned", action="store_true", help="pruned branches too, marked x")
    tree.set_defaults(run=_tree)
    read = commands.add(
        "read",
        "Print the weave as plain text, or the strand that ends in a node.",
        "storyloom read tide.loom",
        "storyloom read tide.loom --node n12 | less",
    )
    read.add_argument("file", metavar="FILE")
    read.add_argument("--node", type=node_id, metavar="ID", help="the strand that ends in it")
    read.set_defaults(run=_read)
    check = commands.add(
        "check",
        "Verify a story file: SQLite's own integrity, the log's chain, every text, every node.",
        "storyloom check tide.loom",
        more="Nothing is changed. The exit code is 1 when something is wrong.",
    )
    check.add_argument("file", metavar="FILE")
    check.set_defaults(run=_check)


def _add_new(commands: Commands) -> None:
    new: Parser = commands.add(
        "new",
        "Begin a story with an opening of your own.",
        'storyloom new tide.loom --opening "The tide went out and did not come back."',
        "storyloom new tide.loom --opening-file first.txt --title Tide",
        "fortune | storyloom new tide.loom --opening-file -",
    )
    new.add_argument("file", metavar="FILE", help="the story file to make; .loom is added")
    opening = new.add_mutually_exclusive_group(required=True)
    opening.add_argument("--opening", metavar="TEXT", help="how the story begins")
    opening.add_argument("--opening-file", metavar="F", help="a file with it; - is stdin")
    new.add_argument("--title", metavar="TEXT", default="", help="else the file's name serves")
    new.add_argument(
        "--premise", metavar="TEXT", default="", help="what the story is about, for the models"
    )
    new.add_argument("--style", metavar="TEXT", default="", help="how it is told, for the models")
    new.set_defaults(run=_new)


def _new(options: Namespace) -> int:
    from storyloom.story.story import Story

    opening = given_text(options.opening, options.opening_file) or ""
    if not opening.strip():
        raise Refusal("The opening is empty; a story needs a beginning.")
    path = Path(options.file).expanduser()
    if not path.name or "\0" in options.file:
        raise Refusal(f"{one_line(options.file)!r} cannot be a file's name.")
    if path.suffix != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    with Story.create(
        path,
        title=options.title,
        premise=options.premise,
        style=options.style,
        opening=opening.strip("\n"),
    ):
        say(f"{path} is begun; 'storyloom {path}' opens it, 'storyloom grow {path}' grows it.")
    return 0


def _about(options: Namespace) -> int:
    from storyloom.story import marks

    given = {
        key: value
        for key in ("title", "premise", "style")
        if (value := getattr(options, key)) is not None
    }
    with opened(options.file, writing=bool(given)) as story:
        for key, value in given.items():
            marks.set_text(story, 0, key, value)
            say(f"The {key} is {'set' if value.strip() else 'taken away'}.")
        if not given:
            for key in ("title", "premise", "style"):
                data(f"{key}: {one_line(marks.story_text(story, key)) or '(none)'}")
    return 0


def _tree(options: Namespace) -> int:
    import sys

    from storyloom.cli.outline import outline
    from storyloom.cli.terminal import is_terminal

    columns = width() if is_terminal(sys.stdout) else 100
    with opened(options.file) as story:
        for line in outline(story, options.node, columns, full=options.full, pruned=options.pruned):
            (story_text if options.full else data)(line)
    return 0


def _read(options: Namespace) -> int:
    import sys

    from storyloom.exchange.book import book_of
    from storyloom.exchange.writers.plain import plain

    with opened(options.file) as story:
        book = book_of(story, options.node)
    measure = min(READING_WIDTH, width()) if is_terminal(sys.stdout) else None
    text = plain(book, measure)
    if text:
        story_text(text.removesuffix("\n"))
    return 0


def _check(options: Namespace) -> int:
    from storyloom.story.check import check

    with opened(options.file, recover=False) as story:
        report = check(story)
    counts = f"{report.ops} operations, {report.nodes} nodes, {report.texts} texts"
    if not report.faults:
        data(f"{one_line(options.file)}: all is well ({counts}).")
        return 0
    for fault in report.faults:
        data(one_line(fault))
    say(f"{one_line(options.file)}: {len(report.faults)} faults ({counts}).")
    return 1
