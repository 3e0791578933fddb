"""The verbs of `node` that say where a node hangs: move, between, copy."""

from argparse import Namespace

from storyloom.cli.opening import node_id, opened, positive, present
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, say

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the verbs."""
    move = commands.add(
        "move",
        "Hang a node with all that is below it elsewhere, or put it elsewhere in its fork.",
        "storyloom node move tide.loom --node n4 --to n3",
        "storyloom node move tide.loom --node n4 --before n7",
        "storyloom node move tide.loom --node n4 --up",
        more="A weave that led through the node ends where it hung before.",
    )
    move.add_argument("file", metavar="FILE")
    move.add_argument("--node", type=node_id, metavar="ID", required=True)
    where = move.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=node_id, metavar="ID", help="as the last branch below it")
    where.add_argument("--before", type=node_id, metavar="ID", help="right before that branch")
    where.add_argument("--after", type=node_id, metavar="ID", help="right after that branch")
    for way in ("up", "down"):
        where.add_argument(
            f"--{way}",
            type=positive,
            nargs="?",
            const=1,
            metavar="N",
            help=f"so many places {way} among the branches of its fork, default 1",
        )
    move.set_defaults(run=_move)
    _add_between(commands)
    copy = commands.add(
        "copy",
        "Copy a node and what is below it and not pruned; the copy's id is printed.",
        "storyloom node copy tide.loom --node n4 --to n3",
        more="Texts keep who wrote them; notes, tags and chapters go along, weaves do not.",
    )
    copy.add_argument("file", metavar="FILE")
    copy.add_argument("--node", type=node_id, metavar="ID", required=True)
    copy.add_argument(
        "--to", type=node_id, metavar="ID", required=True, help="below which, as its last branch"
    )
    copy.set_defaults(run=_copy)


def _add_between(commands: Commands) -> None:
    between = commands.add(
        "between",
        "Put a node between what it hangs on and a branch beside it, which then follows it.",
        "storyloom grow tide.loom --before n7",
        "storyloom node between tide.loom --node n9",
        "storyloom node between tide.loom --node n9 --before n7",
        more="What follows comes with all that is below it, and a weave that led there goes\n"
        "through both. 'storyloom undo' takes it back.",
    )
    between.add_argument("file", metavar="FILE")
    between.add_argument("--node", type=node_id, metavar="ID", required=True)
    between.add_argument(
        "--before",
        type=node_id,
        metavar="ID",
        help="what is to follow; default: what it was grown to lead to, else the branch beside it "
        "that the weave goes through, else the only one",
    )
    between.set_defaults(run=_between)


def _between(options: Namespace) -> int:
    from storyloom.story import following, placing

    node: int = options.node
    with opened(options.file, writing=True) as story:
        present(story, node)
        behind: int = options.before or following.meant(story, node)
        placing.put_between(story, node, behind)
    say(f"n{behind} follows n{node} now.")
    return 0


def _move(options: Namespace) -> int:
    from storyloom.story import placing

    node: int = options.node
    with opened(options.file, writing=True) as story:
        if options.up or options.down:
            by = options.down or -options.up
            if not placing.shift(story, node, by):
                say(f"n{node} is the {'first' if by < 0 else 'last'} branch of its fork already.")
                return 0
            say(f"n{node} stands {'further up' if by < 0 else 'further down'} in its fork now.")
        elif options.to:
            placing.move(story, node, options.to)
            say(f"n{node} is the last branch below n{options.to} now.")
        else:
            before = options.before is not None
            beside: int = options.before if before else options.after
            placing.move_beside(story, node, beside, before=before)
            say(f"n{node} stands right {'before' if before else 'after'} n{beside} now.")
    return 0


def _copy(options: Namespace) -> int:
    from storyloom.story import placing, reading

    with opened(options.file, writing=True) as story:
        present(story, options.node)
        new = placing.copy(story, options.node, options.to)
        below = reading.below(story, [new])[new].shown
    with_them = f" with {below} below it" if below else ""
    say(f"n{new} is the copy of n{options.node}{with_them}.")
    data(f"n{new}")
    return 0
