"""The command `plan`: which models a story, or a node and what is below it, grows with."""

from argparse import Namespace

from storyloom.cli.opening import node_id, opened, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, say

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command with its own three."""
    verbs = commands.group(
        "plan",
        "Show or set which models new branches come from.",
        "storyloom plan show tide.loom --node n4",
        "storyloom plan set tide.loom -m openai/gpt-4o-mini -m local/smollm2 -n 2",
        "storyloom plan set tide.loom --node n4 -m anthropic/claude-sonnet-4-5",
        "storyloom plan clear tide.loom --node n4",
        more="A node without a plan uses the nearest one above it, then the story's, then the\n"
        "settings', then the embedded model.",
        metavar="show|set|clear",
        default="show",
    )
    for verb, what, run in (
        ("show", "Show the plan in force at a node.", _show),
        ("set", "Give the story, or a node and what is below it, a plan.", _set),
        ("clear", "Let the story or a node inherit its plan again.", _clear),
    ):
        each = verbs.add(verb, what)
        each.add_argument("file", metavar="FILE")
        where = "the weave's end" if verb == "show" else "the story"
        each.add_argument("--node", type=node_id, metavar="ID", help=f"default: {where}")
        if verb == "set":
            each.add_argument("-m", "--model", action="append", required=True, metavar="MODEL")
            each.add_argument(
                "-n", type=whole_number, default=1, metavar="COUNT", help="branches of each model"
            )
        each.set_defaults(run=run)


def _show(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.generate.plan import plan_for
    from storyloom.story import tips

    with opened(options.file) as story:
        node = options.node if options.node is not None else tips.weave_tip(story)
        plan = plan_for(story, node, settings.load())
    for part in plan.parts:
        data(f"{part.count}  {' '.join(part.model.split())}")
    say(f"From: {plan.source}.")
    return 0


def _set(options: Namespace) -> int:
    from storyloom.cli.growing import parts_of
    from storyloom.generate.plan import set_plan

    with opened(options.file, writing=True) as story:
        set_plan(story, options.node or 0, parts_of(options.model, options.n))
    say(f"The plan of {f'n{options.node}' if options.node else 'the story'} is set.")
    return 0


def _clear(options: Namespace) -> int:
    from storyloom.generate.plan import set_plan

    with opened(options.file, writing=True) as story:
        set_plan(story, options.node or 0, None)
    say(f"{f'n{options.node}' if options.node else 'The story'} has no plan of its own.")
    return 0
