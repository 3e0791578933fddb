"""Commands that take branches away and bring them back: prune, keep, restore."""

from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, present
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


def _prune(options: Namespace) -> int:
    from storyloom.story import shape, tips

    with opened(options.file, writing=True) as story:
        before = tips.weave_tip(story)
        shape.prune(story, options.node)
        _say_where_it_ends(story, before)
    say(f"n{options.node} is pruned; 'storyloom undo' or 'restore' brings it back.")
    return 0


def _say_where_it_ends(story: "Story", before: int) -> None:
    """Say where the weave ends, when it was cut."""
    from storyloom.story import tips

    if (tip := tips.weave_tip(story)) != before:
        say(f"The weave went through there, and ends with n{tip} now.")


def _keep(options: Namespace) -> int:
    from storyloom.story import shape, tips

    with opened(options.file, writing=True) as story:
        before = tips.weave_tip(story)
        count = shape.keep_only(story, options.node)
        _say_where_it_ends(story, before)
    if not count:
        say(f"n{options.node} has no branch beside it; nothing was pruned.")
        return 0
    say(f"n{options.node} is kept; {count} beside it {'is' if count == 1 else 'are'} pruned.")
    return 0


def _restore(options: Namespace) -> int:
    from storyloom.story import reading, shape

    with opened(options.file, writing=True) as story:
        nodes: list[int] = options.node or reading.pruned_children(
            story, present(story, options.below)
        )
        count = shape.restore(story, nodes)
    if not count:
        raise Refusal("There was nothing pruned to bring back.")
    say(f"{count} {'node is' if count == 1 else 'nodes are'} back.")
    return 0
