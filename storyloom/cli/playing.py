"""The command `play`: a story as a choose-your-path book, line by line."""

import sys
import textwrap
from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import opened
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import READING_WIDTH, data, is_terminal, say, story_text, width
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.replay.play import Play

__all__ = ["add"]

_KEYS = "a number chooses, u goes back, r begins anew, t prints all of it, q leaves"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "play",
        "Play a story as a choose-your-path book, line by line.",
        "storyloom play tide.loom",
        "printf '1\\n2\\n' | storyloom play tide.loom --restart",
        more="At each fork the branches are numbered, by their labels or first sentences. Where\n"
        "you stand is kept. It reads answers from standard input, so a screen reader follows it\n"
        "and a script can play; the end of its input leaves.",
    )
    parser.add_argument("file", metavar="FILE")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="offer pruned branches too")
    which.add_argument(
        "--playable", action="store_true", help="offer those alone that are tagged 'play'"
    )
    parser.add_argument("--restart", action="store_true", help="from the beginning")
    parser.set_defaults(run=_play)


def _play(options: Namespace) -> int:
    from storyloom.replay.play import Play
    from storyloom.story.playable import Scope

    scope = Scope.ALL if options.all else Scope.PLAYABLE if options.playable else Scope.UNPRUNED
    with opened(options.file) as story:
        play = Play(story, scope)
        if options.restart:
            play.restart()
        if not play.shown and not play.choices:
            raise Refusal(f"{one_line(options.file)} has nothing to be played.")
        _show(play)
        for line in sys.stdin:
            if not _answer(play, line.strip().lower()):
                break
    return 0


def _answer(play: "Play", word: str) -> bool:
    """Do what was typed; return whether it goes on."""
    try:
        if word in ("q", "quit"):
            return False
        if word in ("u", "back"):
            play.back()
        elif word in ("r", "restart"):
            play.restart()
        elif word in ("t", "transcript"):
            story_text(play.transcript())
            _ask(play)
            return True
        elif word.isdecimal() and len(word) < 6:
            play.choose(int(word))
        else:
            say(f"{_KEYS}.")
            return True
    except Refusal as refusal:
        # A slip in the middle of a book is no reason to close it.
        say(str(refusal))
        return True
    _show(play)
    return True


def _show(play: "Play") -> None:
    text = play.text.strip("\n")
    if is_terminal(sys.stdout):
        measure = min(READING_WIDTH, width())
        text = "\n".join(textwrap.fill(line, measure) for line in text.split("\n"))
    story_text(text)
    _ask(play)


def _ask(play: "Play") -> None:
    choices = play.choices
    data("")
    if not choices:
        woven, chosen = play.followed()
        data(f"THE END ({play.seen} of {play.endings()} endings seen)")
        if chosen:
            times = "time" if chosen == 1 else "times"
            data(f"You followed the author {woven} of {chosen} {times}.")
    for number, choice in enumerate(choices, 1):
        data(f"{number}{'v' if choice.visited else '.'} {choice.label}")
    if is_terminal(sys.stdin):
        say(_KEYS)
