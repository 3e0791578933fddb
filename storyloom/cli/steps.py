"""Commands on the steps that were taken: undo, redo, log."""

import itertools
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, positive
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, json_line, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.log import Operation
    from storyloom.story.story import Story

__all__ = ["add", "local_time"]

_MOST = 100_000
_NAMED = 8
"""Nodes that a line of the log names."""
_SESSIONS = ("session.start", "session.end")


def add(commands: Commands) -> None:
    """Add the commands."""
    for name, what in (
        ("undo", "Take back the last step, or several; earlier sessions' steps too."),
        ("redo", "Make again what was last undone, or several steps of it."),
    ):
        parser = commands.add(
            name, what, f"storyloom {name} tide.loom", f"storyloom {name} tide.loom -n 6"
        )
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("-n", type=positive, metavar="STEPS", default=1, help="default 1")
        parser.set_defaults(run=_undo if name == "undo" else _redo)
    log = commands.add(
        "log",
        "List what was done in a story, the newest step last.",
        "storyloom log tide.loom",
        "storyloom log tide.loom --node n4 --all",
        "storyloom log tide.loom --all --json | jq -r 'select(.type == \"node.text\") | .t'",
        more="One line a step: number, time, who, what, the first nodes it changed.",
    )
    log.add_argument("file", metavar="FILE")
    many = log.add_mutually_exclusive_group()
    many.add_argument("-n", type=positive, metavar="N", default=20, help="the last N, default 20")
    many.add_argument("--all", action="store_true", help="from the story's beginning")
    log.add_argument("--node", type=node_id, metavar="ID", help="only what changed this node")
    log.add_argument(
        "--json",
        action="store_true",
        help="one object a line with all that the file holds of it, texts too; then what begins "
        "and ends a session is listed as well",
    )
    log.set_defaults(run=_log)


def _undo(options: Namespace) -> int:
    from storyloom.story import history

    return _repeated(options, history.undo, "undo", "Undone")


def _redo(options: Namespace) -> int:
    from storyloom.story import history

    return _repeated(options, history.redo, "redo", "Redone")


def _repeated(
    options: Namespace, step: "Callable[[Story], str | None]", name: str, did: str
) -> int:
    from storyloom.story.log import STEPS

    if options.n > _MOST:
        raise Refusal(f"-n has to be {_MOST} or less.")
    with opened(options.file, writing=True) as story:
        for done in range(options.n):
            kind = step(story)
            if kind is None:
                return _nothing(done, name)
            say(f"{did}: {STEPS.get(kind, kind)}.")
    return 0


def _nothing(done: int, verb: str) -> int:
    if not done:
        raise Refusal(f"There is nothing to {verb}.")
    say(f"There is nothing more to {verb}.")
    return 0


def _log(options: Namespace) -> int:
    from storyloom.story import log

    found = False
    with opened(options.file) as story:
        for operation in _chosen(story, options):
            found = True
            if options.json:
                json_line(log.as_json(story, operation))
            else:
                data(_line(story, operation))
    if not found:
        # A node that is not there any more still has its past.
        raise Refusal(f"Nothing was ever done with n{options.node}.")
    return 0


def _chosen(story: "Story", options: Namespace) -> "Iterable[Operation]":
    """Return the operations to be listed, the oldest first; all of them are read one by one."""
    from storyloom.story import log

    def shown(operations: "Iterator[Operation]") -> "Iterator[Operation]":
        return (each for each in operations if options.json or each.kind not in _SESSIONS)

    if options.all:
        return shown(log.operations(story, node=options.node))
    newest = shown(log.operations(story, newest=True, node=options.node))
    return reversed(list(itertools.islice(newest, options.n)))


def _line(story: "Story", operation: "Operation") -> str:
    from storyloom.story.log import STEPS

    what = STEPS.get(operation.kind, operation.kind) + _detail(operation)
    if operation.kind in ("undo", "redo"):
        meant = _reverted(story, operation)
        what += f": {STEPS.get(meant.kind, meant.kind)}{_detail(meant)} ({meant.op})"
    nodes = [f"n{node}" if node else "story" for node in operation.nodes[:_NAMED]]
    if len(operation.nodes) > _NAMED:
        nodes.append("…")
    who = one_line(operation.actor)
    told = f"{operation.op:>6}  {local_time(operation.time)}  {who:<5}  {one_line(what)}"
    return f"{told}  {' '.join(nodes)}".rstrip()


def _detail(operation: "Operation") -> str:
    """Return which one it was, where its kind alone does not say so."""
    said = operation.data
    if operation.kind == "weave.set":
        return f" ({said.get('weave')} to n{said.get('to')})"
    named = {
        "settings.set": "setting", "tag.set": "tag", "weave.delete": "weave", "plan.set": "preset",
    }  # fmt: skip
    name = said.get(named.get(operation.kind, ""))
    return f" ({name})" if name else ""


def _reverted(story: "Story", operation: "Operation") -> "Operation":
    """Return the step that an undo took back, or that a redo made again."""
    from storyloom.story import log

    for _ in range(2):
        if operation.reverts is not None:
            operation = next(log.operations(story, after=operation.reverts - 1), operation)
    return operation


def local_time(milliseconds: int) -> str:
    """Return a time of the log as the clock here shows it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))
    except (OverflowError, OSError, ValueError):  # a file may claim any time
        return "?".ljust(19)
