"""The verb `purge` of `node`: pruned branches deleted for good, once their number was said."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, present, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import counted, is_terminal, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.purging import Purged
    from storyloom.story.story import Story

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the verb."""
    parser = commands.add(
        "purge",
        "Delete pruned branches for good; their number has to be said.",
        "storyloom node purge tide.loom --node n4 --node n7",
        "storyloom node purge tide.loom --all",
        "storyloom node purge tide.loom --below n3 --yes 12",
        more="Their texts leave the file, that they were there does not. It is the one step that\n"
        "is never undone, and steps that touched them are not undone either. On a terminal you\n"
        "are asked for the number of nodes that go; elsewhere --yes says it.",
    )
    parser.add_argument("file", metavar="FILE")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--node", type=node_id, metavar="ID", action="append", help="a pruned node")
    which.add_argument("--below", type=node_id, metavar="ID", help="all that is pruned below it")
    which.add_argument("--all", action="store_true", help="all that is pruned in the story")
    parser.add_argument(
        "--yes", type=whole_number, metavar="N", help="purge, if it is so many nodes that go"
    )
    parser.set_defaults(run=_purge)


def _purge(options: Namespace) -> int:
    from storyloom.story import purging

    with opened(options.file, writing=True) as story:
        nodes = _chosen(story, options)
        found = purging.would_purge(story, nodes)
        _confirm(found, options.yes)
        done = purging.purge(story, nodes)
        say(f"{counted(done.nodes, 'node')} {_are(done.nodes)} purged.")
        say("The search index is written anew, so that none of their words stay in the file.")
        purging.scrub(story)
    return 0


def _chosen(story: "Story", options: Namespace) -> list[int]:
    from storyloom.story import purging

    if options.node:
        return list(options.node)
    below = present(story, options.below) if options.below else 0
    nodes = sorted(purging.pruned_roots(story, below))
    if not nodes:
        where = f"at or below n{below}" if below else "in this story"
        raise Refusal(f"Nothing is pruned {where}, so there is nothing to purge.")
    return nodes


def _confirm(found: "Purged", yes: int | None) -> None:
    goes = f"{counted(found.nodes, 'node')} {_are(found.nodes)} to be purged for good, with "
    goes += f"{counted(found.characters, 'character')}."
    if yes is None and is_terminal(sys.stdin):
        say(goes)
        sys.stderr.write("Type the number of nodes to purge them for good: ")
        sys.stderr.flush()
        if one_line(sys.stdin.readline()) != str(found.nodes):
            raise Refusal("That is not the number of nodes that would go; nothing was purged.")
    elif yes is None:
        raise Refusal(f"{goes[:-1]}; say --yes {found.nodes} to purge them.")
    elif yes != found.nodes:
        raise Refusal(f"{goes[:-1]}, not {yes}; nothing was purged.")


def _are(nodes: int) -> str:
    return "is" if nodes == 1 else "are"
