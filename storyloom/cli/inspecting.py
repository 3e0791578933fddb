"""The command `context`: exactly what a model would be sent to go on from a node."""

import asyncio
import json
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from storyloom.cli.cells import left
from storyloom.cli.growing import before
from storyloom.cli.opening import node_id, opened, present
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, json_line, story_text
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.generate.context import Context
    from storyloom.models.protocol import Facts
    from storyloom.settings import ModelEntry

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "context",
        "Show exactly what a model would be sent to go on from a node, and why; nothing is sent.",
        "storyloom context tide.loom",
        "storyloom context tide.loom --node n4 -m openai/gpt-4o-mini",
        "storyloom context tide.loom --json | jq .request.messages",
        more="Without --node it is the weave's end, without -m the first model of the plan in\n"
        "force there.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--node", type=node_id, metavar="ID", help="what is to be continued")
    parser.add_argument(
        "--before",
        type=node_id,
        metavar="ID",
        help="what would be sent to fill the gap between that node and what it follows",
    )
    parser.add_argument(
        "-m", "--model", metavar="MODEL", help="a configured name or litellm's, such as openai/…"
    )
    parser.add_argument(
        "--json", action="store_true", help="one object: model, tokens, blocks, request"
    )
    parser.set_defaults(run=_context)


def _context(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.generate.filling import asked_as
    from storyloom.generate.plan import of_model, plan_for, prose_words, settings_for
    from storyloom.generate.request import request_for
    from storyloom.settings import PlanPart
    from storyloom.story import marks, reading, tips

    with opened(options.file) as story:
        node = present(story, options.node) if options.node is not None else tips.weave_tip(story)
        if options.before is not None:
            node = before(story, options.before, options.node)
        chosen = settings_for(story, settings.load(), node)
        if any(piece.sketch for piece in reading.pieces(story, [node])):
            chosen = replace(chosen, words=prose_words(story, settings.load(), node))
        if options.model is not None and not options.model.strip():
            raise Refusal("A model's name cannot be empty; 'storyloom models' lists them.")
        parts = plan_for(story, node, chosen).parts
        name = (options.model or parts[0].model).strip()
        entry = chosen.entry(name)
        entry = asked_as(entry) if options.before else entry
        facts = asyncio.run(_facts(entry))
        why = marks.text_of(story, node, "why") if node else ""
        own = of_model(chosen, next((part for part in parts if part.model == name), PlanPart(name)))
        made = request_for(story, own, node, entry, facts, why=why, towards=options.before or 0)
    if options.json:
        json_line(json.dumps(_object(node, entry, made), ensure_ascii=False))
    else:
        _print(node, entry, made)
    return 0


async def _facts(entry: "ModelEntry") -> "Facts":
    from storyloom.generate.request import known_facts
    from storyloom.models.client import Client

    facts = known_facts(entry)
    if facts is not None:
        return facts
    client = Client()
    try:
        return await client.describe(entry)
    finally:
        await client.close()


def _object(node: int, entry: "ModelEntry", made: "Context") -> dict[str, object]:
    return {
        "node": node,
        "model": entry.model,
        "tokens": made.tokens,
        "window": made.window,
        "reserve": made.reserve,
        "fingerprint": made.fingerprint,
        "blocks": [
            {
                "name": block.name,
                "role": block.role,
                "state": block.state,
                "reason": str(block.reason),
                "tokens": block.tokens,
                "left_out": block.left_out,
                "text": block.text,
            }
            for block in made.blocks
        ],
        "request": made.body,
    }


_NAME = 30
"""Cells of a block's name: a lore entry's is its title."""


def _print(node: int, entry: "ModelEntry", made: "Context") -> None:
    from storyloom.models import tokens

    about = "" if tokens.exact(entry.model) else "about "
    data(f"n{node} to {one_line(entry.model)}")
    data(
        f"{about}{made.tokens} of {made.window} tokens, {made.reserve} kept for the answer, "
        f"fingerprint {made.fingerprint[:12]}"
    )
    data()
    for block in made.blocks:
        out = f", {block.left_out} characters before it left out" if block.left_out else ""
        name = left(block.name, _NAME)
        data(f"{name} {block.tokens:>6}  {block.state:<8} {one_line(block.why)}{out}")
    raw = [{"role": "prompt", "content": made.prompt or ""}]
    raw += [{"role": "suffix", "content": made.suffix}] if made.suffix else []
    for message in made.messages or raw:
        data()
        data(f"-- {message['role']}")
        story_text(message["content"])
