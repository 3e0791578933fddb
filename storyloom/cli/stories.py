"""Commands on a story as a whole: new, about, tree, read."""

from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import SUFFIX, given_text, node_id, opened
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import READING_WIDTH, data, is_terminal, say, story_text, width
from storyloom.cli.weaving import add_strand, strand
from storyloom.text import Refusal, one_line

__all__ = ["add"]

_TEXTS = ("title", "premise", "style")


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_new(commands)
    _add_about(commands)
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
        'storyloom read tide.loom --weave "sad end"',
    )
    read.add_argument("file", metavar="FILE")
    add_strand(read)
    read.set_defaults(run=_read)


def _add_about(commands: Commands) -> None:
    about = commands.add(
        "about",
        "Show a story's title, premise, style and settings, or set them.",
        "storyloom about tide.loom",
        'storyloom about tide.loom --style "First person, past tense. Plain words."',
        "storyloom about tide.loom --words 120 --temperature 0.9",
        "storyloom about tide.loom --cap 5",
        more="A setting that the story does not have comes from the config file.",
    )
    about.add_argument("file", metavar="FILE")
    for key in _TEXTS:
        about.add_argument(f"--{key}", metavar="TEXT", help=f"the new {key}; '' takes it away")
    for key, what in (
        ("words", "how long a branch should be: a number, sketch, beat or scene"),
        ("temperature", "the models' sampling temperature"),
        ("top-p", "nucleus sampling"),
        ("seed", "what the first branch of each model is drawn with"),
        ("trim", "yes or no: cut away a sentence that is broken off at the limit"),
        ("alternatives", "how many to each token are asked for and kept"),
        ("context", "tokens that a request may hold"),
        ("vary", "what the branches of a batch differ in, as 'tone: dry / tender'"),
        ("cap", "dollars that the story may cost in all"),
    ):
        about.add_argument(f"--{key}", metavar="N", help=f"{what}; '' takes it away")
    about.set_defaults(run=_about)


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
    from storyloom.generate import plan
    from storyloom.generate.caps import exactly
    from storyloom.story import marks

    texts = _said(options, _TEXTS)
    numbers = {key: _number(key, value) for key, value in _said(options, marks.SETTINGS).items()}
    with opened(options.file, writing=bool(texts or numbers)) as story:
        for key, number in numbers.items():
            marks.set_setting(story, key, number)
            where = (
                "comes from the config file again" if number is None else "is the story's own now"
            )
            say(f"The setting {key} {where}.")
        for key, text in texts.items():
            marks.set_text(story, 0, key, text)
            say(f"The {key} is {'set' if text.strip() else 'taken away'}.")
        if not texts and not numbers:
            for key in _TEXTS:
                data(f"{key}: {one_line(marks.story_text(story, key)) or '(none)'}")
            own = marks.settings_of(story)
            for key in marks.SETTINGS:
                said = exactly(own[key]) if key == "cap" and key in own else own.get(key)
                if key == "trim" and said is not None:
                    said = "yes" if said else "no"
                elif key in ("words", "vary") and said is not None:
                    said = plan.said(key, said)
                data(f"{key}: {'(from the config file)' if said is None else said}")
    return 0


def _said(options: Namespace, keys: tuple[str, ...]) -> dict[str, str]:
    return {key: value for key in keys if (value := getattr(options, key)) is not None}


def _number(key: str, value: str) -> float | str | None:
    """Return a setting's number, None for one that is to be taken away."""
    if key == "cap" and value.strip():
        from storyloom.generate.caps import amount

        return amount(value)
    from storyloom.generate.plan import typed

    return typed(key, value)


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

    from storyloom.exchange.writers.plain import plain

    with opened(options.file) as story:
        book = strand(story, options)
    measure = min(READING_WIDTH, width()) if is_terminal(sys.stdout) else None
    text = plain(book, measure)
    if text:
        story_text(text.removesuffix("\n"))
    return 0
