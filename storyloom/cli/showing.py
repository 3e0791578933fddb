"""The verbs of `node` that show it: show, children."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from storyloom.cli.opening import node_id, opened, present
from storyloom.cli.parsing import Commands
from storyloom.cli.steps import local_time
from storyloom.cli.terminal import counted, data, json_line, story_text, width
from storyloom.text import one_line

if TYPE_CHECKING:
    from storyloom.story.log import Version
    from storyloom.story.story import Story

__all__ = ["add"]

_SAID = ("note", "why", "reason", "label")


def add(commands: Commands) -> None:
    """Add the verbs."""
    show = commands.add(
        "show",
        "Show a node: where it hangs, who wrote it, what was said of it, its text.",
        "storyloom node show tide.loom --node n4",
        "storyloom node show tide.loom --node n4 --versions",
        "storyloom node show tide.loom --node n4 --json | jq -r .text",
    )
    show.add_argument("file", metavar="FILE")
    show.add_argument("--node", type=node_id, metavar="ID", required=True)
    show.add_argument(
        "--versions", action="store_true", help="every text it has had, the first one first"
    )
    show.add_argument("--json", action="store_true", help="one object")
    show.set_defaults(run=_show)
    children = commands.add(
        "children",
        "List the branches that go on from a node, with their first words.",
        "storyloom node children tide.loom --node n4",
        "storyloom node children tide.loom --pruned",
    )
    children.add_argument("file", metavar="FILE")
    children.add_argument("--node", type=node_id, metavar="ID", help="default: where it begins")
    children.add_argument("--pruned", action="store_true", help="only those that were pruned")
    children.set_defaults(run=_children)


def _show(options: Namespace) -> int:
    from storyloom.story import log

    with opened(options.file) as story:
        facts = _facts(story, present(story, options.node))
        versions = log.versions(story, options.node) if options.versions else []
    if options.json:
        if options.versions:
            facts["versions"] = [_version(each) for each in versions]
        json_line(json.dumps(facts, ensure_ascii=False))
        return 0
    for line in _lines(facts):
        data(line)
    if not options.versions:
        data()
        story_text(facts["text"])
    for number, each in enumerate(versions, 1):
        data()
        data(_headed(each, number, len(versions)))
        story_text(each.text)
    return 0


def _facts(story: "Story", node: int) -> dict[str, Any]:
    from storyloom.story import growth, marks, origins, reading, tally
    from storyloom.story.drawn import drawn_at

    card = reading.cards(story, [node])[0]
    piece = reading.pieces(story, [node])[0]
    below = reading.below(story, [node])[node]
    bookmark = [each.name for each in marks.bookmarks(story) if each.node == node]
    return {
        "id": node,
        "depth": reading.depth(story, node),
        "parent": card.parent or None,
        "children": reading.children(story, node),
        "pruned_children": reading.pruned_children(story, node),
        "author": card.author,
        "model": card.model or None,
        "edited": card.edited,
        "origins": origins.by_origin(piece.runs),
        "between": growth.between(story, node),
        "result": growth.result_of(story, node),
        "sketch": card.sketch,
        "vary": card.vary or None,
        "woven": card.woven,
        "pruned": card.pruned,
        "hidden_by": tally.hiding(story.read, node) or None,
        "streaming": card.streaming,
        "chapters": [mark._asdict() for mark in card.marks],
        "tags": marks.tags(story, node),
        "bookmark": bookmark[0] if bookmark else None,
        **{key: marks.text_of(story, node, key) or None for key in _SAID},
        "below": below._asdict(),
        "tokens": len(drawn.tokens) if (drawn := drawn_at(story, node)) is not None else 0,
        "text": piece.text,
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    """Return what there is to be said of a node, a line for each thing."""
    from storyloom.story.origins import named

    below = facts["below"]
    hidden = below["whole"] - below["shown"]
    lines = {
        "node": f"n{facts['id']}",
        "depth": facts["depth"],
        "parent": _ids([facts["parent"]] if facts["parent"] else []),
        "children": _ids(facts["children"]),
        "pruned children": _ids(facts["pruned_children"]),
        "author": (facts["model"] or named(facts["author"])) + ", edited" * facts["edited"],
        "written": "between n{} and n{}".format(*facts["between"]) if facts["between"] else "",
        "characters": ", ".join(f"{count} {each}" for each, count in facts["origins"].items()),
        "state": ", ".join(_states(facts)),
        "varied by": facts["vary"],
        "ended": facts["result"].get("finish", ""),
        "chapters": ", ".join(repr(mark["title"]) for mark in facts["chapters"]),
        "tags": ", ".join(facts["tags"]),
        "tokens": f"{facts['tokens']}, see 'storyloom node tokens'" if facts["tokens"] else "",
        "bookmark": "" if facts["bookmark"] is None else facts["bookmark"] or "yes",
        **{key: facts[key] for key in _SAID},
        "below": counted(below["shown"], "node") + (f", and {hidden} pruned" if hidden else ""),
    }
    return [f"{key}: {one_line(str(value))}" for key, value in lines.items() if value]


def _ids(nodes: list[int]) -> str:
    return " ".join(f"n{node}" for node in nodes)


def _states(facts: dict[str, Any]) -> list[str]:
    states = ["a sketch"] if facts["sketch"] else []
    if facts["woven"]:
        states.append("on the weave")
    if facts["streaming"]:
        states.append("being written")
    if facts["pruned"]:
        states.append("pruned")
    if facts["hidden_by"] not in (None, facts["id"]):
        states.append(f"pruned with n{facts['hidden_by']}")
    return states


def _version(version: "Version") -> dict[str, Any]:
    return {
        "rev": version.rev,
        "op": version.op,
        "t": version.time,
        "type": version.kind,
        "present": version.present,
        "text": version.text,
    }


def _headed(version: "Version", number: int, of: int) -> str:
    from storyloom.story.log import STEPS

    now = ", as it is now" if version.present else ""
    what = one_line(STEPS.get(version.kind, version.kind))
    told = f"{what}, {local_time(version.time)}, operation {version.op}{now}"
    return f"-- text {number} of {of}: {told}"


def _children(options: Namespace) -> int:
    from storyloom.cli.outline import glance
    from storyloom.story import reading

    with opened(options.file) as story:
        node = present(story, options.node) if options.node else 0
        listed = reading.pruned_children if options.pruned else reading.children
        for card in reading.cards(story, listed(story, node)):
            data(glance(card, width(100)))
    return 0
