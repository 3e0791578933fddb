"""The command `cast`: a replay of a story as a file that players of terminal recordings play."""

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from storyloom.cli.opening import opened
from storyloom.cli.parsing import Commands
from storyloom.cli.progress import Bar
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.tui.casting import Cast, Looks

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    from storyloom.replay.cast import VERSIONS

    parser = commands.add(
        "cast",
        "Write a replay of a story as an asciicast, a recording that asciinema plays.",
        "storyloom cast tide.loom",
        "storyloom cast tide.loom -o evening.cast --speed 4 --size 120x40",
        "storyloom cast tide.loom --from 14:30 --to 50%",
        "storyloom cast tide.loom --from 120 --to 812 --version 3 --force",
        "storyloom cast tide.loom -o - | asciinema play -",
        more="It shows what 'storyloom replay' would, in your theme, or in no colours where\n"
        "NO_COLOR is set. Chapters and choices are markers in it. The file is named after the\n"
        "title, in the current folder, and its name is printed. A place is a time of the replay\n"
        "(14:30 or 90s), an event of 'storyloom log' (812), or a share of the time (50%).",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="the file to write, or a folder; - is stdout"
    )
    parser.add_argument(
        "--version", type=int, choices=VERSIONS, default=VERSIONS[0],
        help="of the format: 2 (default), or 3 for asciinema 3 and later",
    )  # fmt: skip
    parser.add_argument(
        "--size", default="80x24", metavar="COLUMNSxROWS", help="of the screen, default 80x24"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N",
        help="0.25 to 16, or max; default 1",
    )  # fmt: skip
    parser.add_argument(
        "--cap", type=_cap, default=1.0, metavar="SECONDS", help="the longest wait in it, default 1"
    )
    parser.add_argument("--from", dest="begin", default="", metavar="PLACE", help="where it begins")
    parser.add_argument("--to", dest="end", default="", metavar="PLACE", help="where it ends")
    parser.add_argument("--no-colour", action="store_true", help="without colours")
    parser.add_argument("--ascii", action="store_true", help="with ASCII characters only")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(run=_cast)


def _speed(text: str) -> float:
    """Return the speed that was typed, for argparse."""
    from storyloom.replay import clock

    return _typed(clock.speed_typed, text)


def _cap(text: str) -> float:
    """Return the seconds that were typed, for argparse."""
    from storyloom.replay import clock

    return _typed(clock.cap_typed, text)


def _typed(means: Callable[[str], float], text: str) -> float:
    try:
        return means(text)
    except Refusal as refusal:
        raise ArgumentTypeError(str(refusal).rstrip(".")) from None


def _cast(options: Namespace) -> int:
    from storyloom.replay.clock import said
    from storyloom.story.marks import story_text
    from storyloom.tui import casting

    if options.output is not None and "\0" in options.output:
        raise Refusal("A file's name cannot hold a NUL character.")
    play = casting.Played(options.version, options.speed, options.cap, options.begin, options.end)
    looks = _looks(options)
    with opened(options.file, recover=False) as story:
        path, title = story.path, one_line(story_text(story, "title")) or story.path.stem
    made = casting.Cast(path, play, looks)
    if options.output == "-":
        _print(made)
        return 0
    target = casting.target_of(options.output or "", title)
    with Bar() as bar:
        word = f"writing {one_line(target.name)}"
        made.write(
            target,
            replace=options.force,
            progress=lambda done, whole: bar.show(word, done, whole),
        )
    say(f"{title} is recorded: {said(made.seconds)} of {looks.width}x{looks.height}.")
    data(one_line(str(target)))
    return 0


def _looks(options: Namespace) -> "Looks":
    import os

    from storyloom import settings
    from storyloom.tui import casting, themes
    from storyloom.tui.colourless import has_colours
    from storyloom.tui.commands import REPLAY
    from storyloom.tui.escapes import Ink
    from storyloom.tui.keys import rebound

    chosen = settings.load()
    width, height = casting.size_of(options.size)
    found = {theme.name: theme for theme in themes.load_all()[0]}
    ink = Ink(
        found.get(chosen.theme, found["dusk"]),
        colours=has_colours(os.environ) and not options.no_colour,
        only_ascii=chosen.ascii or options.ascii,
    )
    return casting.Looks(ink, rebound(REPLAY, chosen.keys), width, height)


def _print(made: "Cast") -> None:
    sys.stdout.flush()
    for line in made.lines():
        # As UTF-8 whatever the locale, as the format has it.
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
