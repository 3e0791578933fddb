"""The command `storyloom`: reads the line, calls one command, and turns faults into exit codes.

Exit codes: 0 done, 1 done but with nothing to show for it, 2 refused (one sentence on stderr says
why), 130 interrupted, 141 nobody reads the output.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO, cast

from storyloom import __version__
from storyloom.cli import catalog
from storyloom.cli.parsing import Commands, Parser, refuse_keys
from storyloom.cli.terminal import say
from storyloom.text import Refusal, one_line

__all__ = ["grammar", "main"]

_ABOUT = """\
Write branching fiction with language models: grow a tree of text, choose, prune and edit, weave
one story from it, and export that.

Without a command, the library opens on the whole screen, or the stories in FOLDER, or the story
FILE.
"""
_EXAMPLES = """\
examples:
  storyloom try                         a sample story and a small model, no key needed
  storyloom new tide.loom --opening "The tide went out and did not come back."
  storyloom tide.loom                   open it on the screen
  storyloom list                        the stories of the library, one line for each
  storyloom grow tide.loom -n 3         three branches at the end of the weave
  storyloom tree tide.loom              all of it, one line for each node
  storyloom weave tide.loom --node n4   lead the story's final text to n4
  storyloom undo tide.loom              take the last step back
  storyloom export tide.loom            the weave as Markdown

'storyloom COMMAND --help' says more. Stories in the library open by their name alone. Keys of
providers come from environment variables, such as OPENAI_API_KEY, or from 'storyloom keys set'.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark, not a traceback.
        with contextlib.suppress(AttributeError, ValueError):
            cast("TextIO", stream).reconfigure(errors="replace")  # type: ignore[attr-defined]
    try:
        try:
            code = _run(list(sys.argv[1:] if argv is None else argv))
        except SystemExit as leaving:  # argparse, after --help and --version
            code = int(leaving.code or 0)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except Refusal as refusal:
        say(f"storyloom: {refusal}")
        return 2
    except KeyboardInterrupt:
        say("storyloom: interrupted.")
        return 130
    except BrokenPipeError:
        _abandon_output()
        return 141
    except OSError as error:
        _abandon_output()
        say(f"storyloom: {error.strerror or error}.")
        return 1


def _run(arguments: list[str]) -> int:
    refuse_keys(arguments)
    only_ascii = arguments[:1] == ["--ascii"]
    arguments = arguments[only_ascii:]
    if not arguments:
        from storyloom.cli import screens

        return screens.open_library(only_ascii=only_ascii)
    first, commands = arguments[0], tuple(catalog.MODULES)
    if first.startswith("-") and first not in ("-", "--"):
        options = grammar(())[0].parse_args(arguments)
    elif first in commands:
        if only_ascii:
            # Whether the command has anything to draw is its own to say.
            arguments = [first, "--ascii", *arguments[1:]]
        parser, known = grammar((first,))
        options = parser.parse_args(known.completed(arguments))
    else:
        from storyloom.cli import screens

        names = arguments[1:] if first == "--" else arguments
        if names[1:] == ["--ascii"]:
            names, only_ascii = names[:1], True
        if len(names) != 1:
            _refuse_unknown(first, commands)
        return screens.open_story(names[0], commands, only_ascii=only_ascii)
    return options.run(options)


def _refuse_unknown(name: str, commands: tuple[str, ...]) -> None:
    import difflib

    near = difflib.get_close_matches(name, commands, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see 'storyloom --help'."
    raise Refusal(f"There is no command {one_line(name)!r}; {hint}")


def grammar(wanted: Sequence[str] | None = None) -> tuple[Parser, Commands]:
    """Return the parser of the command line with the wanted commands, or with all, and those."""
    parser = Parser(
        prog="storyloom",
        usage="storyloom [--ascii] [FILE | FOLDER]\n       storyloom COMMAND ...",
        description=_ABOUT,
        epilog=f"{catalog.overview()}\n{_EXAMPLES}",
    )
    parser.add_argument(
        "--ascii", action="store_true", help="draw the screens with ASCII characters only"
    )
    parser.add_argument("--version", action="version", version=f"storyloom {__version__}")
    commands = Commands(parser)
    names = catalog.MODULES if wanted is None else wanted
    for module in dict.fromkeys(catalog.MODULES[name] for name in names):
        import_module(f"storyloom.cli.{module}").add(commands)
    return parser, commands


def _abandon_output() -> None:
    """Point stdout at nothing: the interpreter would try once more to write what is left."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
