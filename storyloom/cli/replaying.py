"""Commands on a story's past: watch it grow again, see it as it was, take a moment back."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.moments import add_moment, event_at, opened_at
from storyloom.cli.opening import SUFFIX, node_id, opened
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, has_screen, say, story_text, width
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    replay = commands.add(
        "replay",
        "Watch a story grow again on the screen, event by event.",
        "storyloom replay tide.loom",
        "storyloom replay tide.loom --from 812 --speed 4",
        more="R in the loom and in the library does the same. Nothing is written, unless you take\n"
        "a moment back there. A place is a time of the replay (14:30 or 90s), an event of\n"
        "'storyloom log' (812), or a share of the time (50%).",
    )
    replay.add_argument("file", metavar="FILE")
    replay.add_argument("--from", dest="begin", default="", metavar="PLACE",
                        help="where it begins")  # fmt: skip
    replay.add_argument("--speed", default="1", metavar="N", help="0.25 to 16, or max; default 1")
    replay.set_defaults(run=_replay)
    show = commands.add(
        "show",
        "Show a story as it was after an event of its log, or at a time.",
        "storyloom show tide.loom --at 812",
        "storyloom show tide.loom --at '2026-11-24 21:30' --text",
        "storyloom show tide.loom --at 812 -o then.loom",
        "storyloom show tide.loom --at 812 --branch --node n12",
        more="'storyloom log FILE' numbers the events. -o makes a story of its own that ends\n"
        "there and leaves this one alone; --branch hangs the strand to --node, as it was then,\n"
        "beside what has become of it.",
    )
    show.add_argument("file", metavar="FILE")
    add_moment(show, required=True)
    show.add_argument("--text", action="store_true", help="the weave's text instead of the tree")
    show.add_argument("--node", type=node_id, metavar="ID", help="what is below it, or its strand")
    show.add_argument("-o", "--output", metavar="STORY", help="a new story that ends there")
    show.add_argument("--branch", action="store_true", help="a branch of the story as it is today")
    show.set_defaults(run=_show)


def _replay(options: Namespace) -> int:
    from storyloom.cli import screens
    from storyloom.replay import clock

    if not has_screen():
        raise Refusal(
            "This needs a terminal that can be drawn on; without one, use 'storyloom log "
            f"{one_line(options.file)}' or 'storyloom show {one_line(options.file)} --at EVENT'."
        )
    speed = clock.speed_said(clock.speed_typed(options.speed))
    return screens.replay_story(options.file, f"{options.begin} {speed}")


def _show(options: Namespace) -> int:
    if options.output is not None and options.branch:
        raise Refusal("A moment is taken back as a story (-o) or as a branch; choose one.")
    if options.output is not None:
        return _as_story(options)
    if options.branch:
        return _as_branch(options)
    with opened(options.file) as story:
        op = event_at(story, options.at)
        head = _head(story, op)
    with opened_at(options.file, str(op)) as then:
        say(head)
        if options.text:
            _print_text(then, options.node)
        else:
            _print_tree(then, options.node)
    return 0


def _head(story: "Story", op: int) -> str:
    import time

    from storyloom.story import log
    from storyloom.story.told import told

    last = next(log.operations(story, after=op - 1), None)
    if last is None:
        return ""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last.time / 1000))
    return f"event {last.op}, {at}: {told(log.step_of(story, last))}"


def _print_tree(then: "Story", node: int | None) -> None:
    import sys

    from storyloom.cli.outline import outline
    from storyloom.cli.terminal import is_terminal

    columns = width() if is_terminal(sys.stdout) else 100
    for line in outline(then, node, columns, full=False, pruned=False):
        data(line)


def _print_text(then: "Story", node: int | None) -> None:
    from storyloom.exchange.book import book_of
    from storyloom.exchange.writers.plain import plain
    from storyloom.story.weaves import MAIN

    text = plain(book_of(then, node, MAIN), None)
    if text:
        story_text(text.removesuffix("\n"))


def _as_story(options: Namespace) -> int:
    from storyloom.story.moment import cut

    target = Path(options.output).expanduser()
    if not target.name or "\0" in options.output:
        raise Refusal(f"{one_line(options.output)!r} cannot be a file's name.")
    if target.suffix != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    with opened(options.file) as story:
        op, path = event_at(story, options.at), story.path
    cut(path, target, op)
    say(f"{one_line(str(target))} is {one_line(path.name)} as it was after event {op}.")
    data(str(target))
    return 0


def _as_branch(options: Namespace) -> int:
    from storyloom.story.revival import revive, strand_at

    with opened(options.file, writing=True) as story:
        op = event_at(story, options.at)
        revived = revive(story, strand_at(story, op, options.node))
    say(f"n{revived} ends the strand as it was after event {op}; 'storyloom undo' takes it back.")
    data(f"n{revived}")
    return 0
