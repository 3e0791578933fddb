"""Commands that take away and bring back: prune, keep, restore, undo, redo."""

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import say
from storyloom.text import Refusal

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    prune = commands.add(
        "prune",
        "Prune a node and all that is below it; nothing is deleted.",
        "storyloom prune tide.loom --node n4",
    )
    keep = commands.add(
        "keep",
        "Keep one branch of a fork and prune its siblings, in one step.",
        "storyloom keep tide.loom --node n4",
    )
    for parser, run in ((prune, _prune), (keep, _keep)):
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--node", type=node_id, metavar="ID", required=True)
        parser.set_defaults(run=run)
    restore = commands.add(
        "restore",
        "Bring pruned nodes back.",
        "storyloom restore tide.loom --node n4 --node n5",
        "storyloom restore tide.loom --below n1",
        more="'storyloom tree FILE --pruned' shows what was pruned.",
    )
    restore.add_argument("file", metavar="FILE")
    which = restore.add_mutually_exclusive_group(required=True)
    which.add_argument("--node", type=node_id, metavar="ID", action="append")
    which.add_argument("--below", type=node_id, metavar="ID", help="all pruned children of a node")
    restore.set_defaults(run=_restore)
    for name, what in (
        ("undo", "Take back the last step, or several; earlier sessions' steps too."),
        ("redo", "Make again what was last undone, or several steps of it."),
    ):
        parser = commands.add(
            name, what, f"storyloom {name} tide.loom", f"storyloom {name} tide.loom -n 6"
        )
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("-n", type=whole_number, metavar="STEPS", default=1, help="default 1")
        parser.set_defaults(run=_undo if name == "undo" else _redo)


def _prune(options: Namespace) -> int:
    from storyloom.story import shape

    with opened(options.file, writing=True) as story:
        shape.prune(story, options.node)
    say(f"n{options.node} is pruned; 'storyloom undo' or 'restore' brings it back.")
    return 0


def _keep(options: Namespace) -> int:
    from storyloom.story import shape

    with opened(options.file, writing=True) as story:
        count = shape.keep_only(story, options.node)
    say(f"n{options.node} is kept; {count} beside it {'is' if count == 1 else 'are'} pruned.")
    return 0


def _restore(options: Namespace) -> int:
    from storyloom.story import reading, shape

    with opened(options.file, writing=True) as story:
        below: int = options.below or 0
        if below and not reading.exists(story, below):
            raise Refusal(f"There is no node n{below} in this story.")
        nodes: list[int] = options.node or reading.pruned_children(story, below)
        count = shape.restore(story, nodes)
    if not count:
        raise Refusal("There was nothing pruned to bring back.")
    say(f"{count} {'node is' if count == 1 else 'nodes are'} back.")
    return 0


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

    with opened(options.file, writing=True) as story:
        for done in range(_steps(options)):
            kind = step(story)
            if kind is None:
                return _nothing(done, name)
            say(f"{did}: {STEPS.get(kind, kind)}.")
    return 0


def _steps(options: Namespace) -> int:
    if not 1 <= options.n <= 100_000:
        raise Refusal("-n has to be 1 or more.")
    return options.n


def _nothing(done: int, verb: str) -> int:
    if not done:
        raise Refusal(f"There is nothing to {verb}.")
    say(f"There is nothing more to {verb}.")
    return 0
