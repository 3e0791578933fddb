"""The verbs of `node` on the tokens of a passage: tokens, branch."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.cells import left
from storyloom.cli.opening import node_id, opened, positive, present
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, json_line, say

if TYPE_CHECKING:
    from storyloom.story.drawn import Drawn, DrawnToken

__all__ = ["add"]

_WORD = 18
"""Columns of a token."""


def add(commands: Commands) -> None:
    """Add the verbs."""
    tokens = commands.add(
        "tokens",
        "List a passage's tokens: how likely each was, and what might have stood there.",
        "storyloom node tokens tide.loom --node n4",
        "storyloom node tokens tide.loom --node n4 --json | jq '.tokens[].logprob'",
        more="They are kept where alternatives are asked for and the model tells them, see\n"
        "'storyloom plan set --alternatives'; the embedded one tells them without being asked.",
    )
    tokens.add_argument("file", metavar="FILE")
    tokens.add_argument("--node", type=node_id, metavar="ID", required=True)
    tokens.add_argument("--json", action="store_true", help="one object")
    tokens.set_defaults(run=_tokens)
    branch = commands.add(
        "branch",
        "Branch off at a token with one of its alternatives; the new node's id is printed.",
        "storyloom node branch tide.loom --node n4 --at 12 --alternative 2",
        more="The branch has the passage up to that token and the alternative in its place;\n"
        "'storyloom grow' with its id goes on from it.",
    )
    branch.add_argument("file", metavar="FILE")
    branch.add_argument("--node", type=node_id, metavar="ID", required=True)
    branch.add_argument(
        "--at", type=positive, metavar="N", required=True, help="the token's number, see tokens"
    )
    branch.add_argument(
        "--alternative", type=positive, metavar="M", default=1, help="its number, default 1"
    )
    branch.set_defaults(run=_branch)


def _tokens(options: Namespace) -> int:
    from storyloom.generate.branching import tokens_of

    with opened(options.file) as story:
        drawn = tokens_of(story, present(story, options.node))
    if options.json:
        json_line(json.dumps(_facts(options.node, drawn), ensure_ascii=False))
        return 0
    if not drawn.present:
        say(f"n{options.node} was changed since; this is the text that the model wrote.")
    for number, token in enumerate(drawn.tokens, 1):
        data(_line(drawn, number, token))
    return 0


def _facts(node: int, drawn: "Drawn") -> dict[str, object]:
    return {
        "node": node,
        "present": drawn.present,
        "text": drawn.text,
        "tokens": [
            {
                "start": token.start,
                "end": token.end,
                "text": drawn.text[token.start : token.end],
                "logprob": token.logprob,
                "alternatives": [
                    {"text": text, "logprob": logprob} for text, logprob in token.others
                ],
            }
            for token in drawn.tokens
        ],
    }


def _line(drawn: "Drawn", number: int, token: "DrawnToken") -> str:
    from storyloom.generate.branching import percent, spelled

    text = left(spelled(drawn.text[token.start : token.end]), _WORD)
    others = "  ".join(
        f"{at} {spelled(other)} {percent(logprob)}"
        for at, (other, logprob) in enumerate(token.others, 1)
    )
    return f"{number:>4}  {percent(token.logprob):>7}  {text}  {others}".rstrip()


def _branch(options: Namespace) -> int:
    from storyloom.generate.branching import branch, tokens_of

    with opened(options.file, writing=True) as story:
        node = present(story, options.node)
        drawn = tokens_of(story, node)
        made = branch(story, node, drawn, options.at - 1, options.alternative - 1)
    say(f"n{made} goes on from token {options.at} of n{node} with another one.")
    data(f"n{made}")
    return 0
