"""The command `grow`: branches from models, shown as they come."""

import shlex
import signal
from argparse import Namespace
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from storyloom.cli.opening import node_id, opened, present, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.generate.batch import Batch
    from storyloom.models.client import Client
    from storyloom.settings import PlanPart, Settings
    from storyloom.story.story import Story

__all__ = ["add", "before", "grow", "until_signal"]

_LEAVING = ("SIGTERM", "SIGHUP")


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "grow",
        "Grow new branches with language models; they are shown as they are written.",
        "storyloom grow tide.loom",
        'storyloom grow tide.loom --node n4 -n 2 --why "she must answer without the word"',
        "storyloom grow tide.loom -m openai/gpt-4o-mini -m anthropic/claude-sonnet-4-5 -n 2",
        "storyloom grow tide.loom --before n7",
        "storyloom grow tide.loom --again n7",
        more="Without --node the weave's end is continued, without -m the plan in force there is\n"
        "used (see 'storyloom plan'). A sketch is written out in prose. ^C stops; what has\n"
        "arrived is kept. With --before a gap is filled; for one in the middle of a passage,\n"
        "split that first ('storyloom node split').",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--node", type=node_id, metavar="ID", help="what is to be continued")
    parser.add_argument(
        "--before",
        type=node_id,
        metavar="ID",
        help="fill the gap between that node and what it follows: the branches lead to it, and "
        "'storyloom node between' puts one in its place",
    )
    parser.add_argument(
        "-n",
        type=whole_number,
        metavar="COUNT",
        help="branches of each model given with -m, else in all; default: 3 of one model, 1 each "
        "of several, or as the plan says",
    )
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        metavar="MODEL",
        help="a configured name or litellm's, such as openai/gpt-4o-mini, or with its own number "
        "and values, 'openai/gpt-4o-mini x2 temperature=0.9'; may be said again",
    )
    parser.add_argument("--why", metavar="TEXT", default="", help="what is to happen next")
    parser.add_argument(
        "--again",
        action="append",
        type=node_id,
        metavar="ID",
        help="a branch that failed or broke off: ask its model once more, with exactly what it "
        "was sent; may be said again",
    )
    parser.set_defaults(run=_grow)


def _grow(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.generate.parts import parts_of
    from storyloom.generate.plan import plan_for, with_count
    from storyloom.settings import MOST_BRANCHES
    from storyloom.story import tips

    chosen = settings.load()
    if options.n is not None and not 1 <= options.n <= MOST_BRANCHES:
        raise Refusal(f"A fork grows 1 to {MOST_BRANCHES} branches at once, not {options.n}.")
    with opened(options.file, writing=True) as story:
        if options.again:
            if (
                options.model
                or options.why
                or (options.n, options.node, options.before) != (None,) * 3
            ):
                raise Refusal("--again asks the same again, so it goes with no other option.")
            return _again(story, chosen, options.again)
        node = options.node if options.node is not None else tips.weave_tip(story)
        if options.before is not None:
            node = before(story, options.before, options.node)
        if options.model:
            several = len(set(options.model)) > 1
            parts = parts_of(options.model, options.n or (1 if several else chosen.count))
        else:
            plan = plan_for(story, node, chosen)
            parts = plan.parts if options.n is None else with_count(plan, options.n)
        return grow(story, chosen, node, parts, why=options.why, towards=options.before or 0)


def before(story: "Story", node: int, parent: int | None) -> int:
    """Return what `node` follows. Raises Refusal when that is not the `parent` that was named."""
    from storyloom.story import following, reading

    place = reading.parent(story, present(story, node)) if parent is None else parent
    following.follower(story, place, node)
    return place


def grow(
    story: "Story",
    settings: "Settings",
    node: int | None,
    parts: "tuple[PlanPart, ...]",
    *,
    why: str = "",
    towards: int = 0,
) -> int:
    """Grow a batch below `node`, by default the weave's end, and print it. With `towards`, a
    branch of `node`, it fills the gap between the two.

    Returns 0, or 1 when no branch brought any text, or 128 and the number of the signal that
    ended it. The embedded model's weights are fetched first when they are needed.
    """
    from storyloom.cli import weights
    from storyloom.generate.plan import Plan
    from storyloom.models.weights import EMBEDDED
    from storyloom.story import reading, tips

    if node is None:
        node = tips.weave_tip(story)
    _refuse_hidden(story, node)
    if any(settings.entry(part.model).model == EMBEDDED for part in parts):
        weights.ensure()
    plan = Plan(parts)
    branches = "1 branch" if plan.total == 1 else f"{plan.total} branches"
    sketch = any(piece.sketch for piece in reading.pieces(story, [node]))
    doing = f"Growing {branches} of n{node}"
    if towards:
        doing = f"Growing {branches} between n{node} and n{towards}"
    elif sketch:
        doing = f"Writing out the sketch n{node}, {branches}"
    say(f"{doing}: {plan.label}.")

    def begin(client: "Client") -> "Awaitable[Batch]":
        from storyloom.generate.batch import Batch

        return Batch.begin(
            story, client, settings, node, parts, why=why, towards=towards, prose=sketch
        )

    return until_signal(_batch(story, begin))


def _again(story: "Story", settings: "Settings", nodes: list[int]) -> int:
    """Ask for branches of one fork again and print them; as `grow`."""
    from storyloom.cli import weights
    from storyloom.models.weights import EMBEDDED
    from storyloom.story import growth

    nodes = list(dict.fromkeys(nodes))
    for node in nodes:
        earlier = growth.earlier(story, node)
        _refuse_hidden(story, earlier.parent)
        if settings.entry(earlier.asked.model).model == EMBEDDED:
            weights.ensure()
        say(f"Asking {one_line(earlier.asked.model)} again for n{node}.")

    def begin(client: "Client") -> "Awaitable[Batch]":
        from storyloom.generate.batch import Batch

        return Batch.again(story, client, settings, nodes)

    return until_signal(_batch(story, begin))


def _refuse_hidden(story: "Story", node: int) -> None:
    from storyloom.story import reading

    if node:
        present(story, node)
    for card in reading.cards(story, reading.path(story, node)):
        if card.pruned:
            raise Refusal(f"n{card.id} is pruned; restore it before anything grows there.")


async def _batch(story: "Story", begin: "Callable[[Client], Awaitable[Batch]]") -> int:
    from storyloom.cli.streaming import Streaming
    from storyloom.models.client import Client

    client = Client()
    try:
        batch = await begin(client)
        with Streaming(batch.branches) as streaming:
            batch.listen(streaming.changed)
            await batch.run()
    finally:
        await client.close()
    brought = sum(bool(branch.text.strip()) for branch in batch.branches)
    if batch.towards and brought:
        say(f"'storyloom node between FILE --node ID' puts one before n{batch.towards}.")
    if brought < len(batch.branches):
        say(f"{brought} of {len(batch.branches)} branches brought text.")
        lost = [f"--again n{branch.node}" for branch in batch.branches if not branch.text.strip()]
        file = shlex.quote(story.path.name)
        say(f"Asked again, as it was: storyloom grow {file} {' '.join(lost)}")
    _say_cost(story, batch)
    return 0 if brought else 1


def _say_cost(story: "Story", batch: "Batch") -> None:
    from storyloom.story import growth

    costs = [growth.result_of(story, branch.node).get("cost") for branch in batch.branches]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    if known and sum(known):
        unknown = len(costs) - len(known)
        more = f", and what {unknown} of unknown price cost" if unknown else ""
        say(f"It cost ${sum(known):.4f}{more}.")


def until_signal(work: "Coroutine[Any, Any, int]") -> int:
    """Run `work` to its end; SIGTERM and SIGHUP cancel it as ^C does, so that it can save."""
    import asyncio

    caught: list[int] = []

    async def guarded() -> int:
        task = asyncio.ensure_future(work)

        def leave(number: int) -> None:
            caught.append(number)
            task.cancel()

        for name in _LEAVING:
            if hasattr(signal, name):
                try:
                    number = getattr(signal, name)
                    asyncio.get_running_loop().add_signal_handler(number, leave, number)
                except (NotImplementedError, RuntimeError, ValueError):
                    pass  # Windows, or not the main thread
        return await task

    try:
        return asyncio.run(guarded())
    except KeyboardInterrupt:
        say("storyloom: interrupted; what had arrived is kept.")
        return 130
    except asyncio.CancelledError:
        if not caught:
            raise
        say("storyloom: told to end; what had arrived is kept.")
        return 128 + caught[0]
