"""The commands of `storyloom` in sections, so that neither help nor a command loads the others."""

from typing import NamedTuple

__all__ = ["MODULES", "SECTIONS", "Command", "overview"]


class Command(NamedTuple):
    """A command, where it is made, and what it is for in a few words."""

    name: str
    module: str
    what: str


SECTIONS = (
    (
        "stories",
        (
            Command("try", "screens", "a sample story and a small model; no key is needed"),
            Command("new", "stories", "begin a story with an opening of your own"),
            Command("list", "listing", "the stories of the library or of a folder"),
            Command("about", "stories", "a story's title, premise, style and settings"),
            Command("import", "importing", "a story of a text, Markdown, or another story"),
            Command("export", "exporting", "write the weave as a document"),
            Command("archive", "archiving", "put stories away, or take them out again"),
        ),
    ),
    (
        "the tree",
        (
            Command("tree", "stories", "the tree, one line for each node, or its whole texts"),
            Command("read", "stories", "the weave as plain text"),
            Command("nodes", "finding", "nodes one by one: all, ends, forks, pruned, tagged"),
            Command("node", "node", "anything with one node: show, write, move, copy, purge ..."),
            Command("find", "finding", "words, wherever they were said"),
        ),
    ),
    (
        "writing",
        (
            Command("grow", "growing", "new branches from language models"),
            Command("plan", "plans", "which models they come from"),
            Command("context", "inspecting", "exactly what a model would be sent"),
            Command("cost", "costing", "what the models have cost, by model, session and chapter"),
            Command("write", "editing", "a branch by hand"),
            Command("edit", "editing", "change a node's text, every earlier one kept"),
            Command("split", "editing", "make two nodes of one"),
            Command("join", "editing", "make one node of two"),
            Command("lore", "lore", "what is true in the story's world"),
        ),
    ),
    (
        "choosing",
        (
            Command("prune", "pruning", "take a branch away; nothing is deleted"),
            Command("keep", "pruning", "keep one branch of a fork, prune the others"),
            Command("restore", "pruning", "bring pruned branches back"),
            Command("weave", "weaving", "lead the weave, the story to be read, to a node"),
            Command("chapter", "marking", "begin a chapter at a node, or list them"),
            Command("note", "marking", "a node's note, why, reason or label"),
            Command("provenance", "provenance", "whose characters the weave is made of"),
        ),
    ),
    (
        "steps",
        (
            Command("undo", "steps", "take the last steps back, earlier sessions' too"),
            Command("redo", "steps", "make them again"),
            Command("log", "steps", "what was done, and when"),
            Command("play", "playing", "play it as a choose-your-path book, line by line"),
            Command("rerun", "rerunning", "ask for its batches again, of another model"),
            Command("replay", "replaying", "watch a story grow again, event by event"),
            Command("cast", "casting", "write a replay as a recording that asciinema plays"),
            Command("show", "replaying", "a story as it was; take a moment of it back"),
        ),
    ),
    (
        "files and models",
        (
            Command("check", "safety", "verify story files against their own logs"),
            Command("backup", "safety", "copy a story that may be open"),
            Command("recover", "safety", "save what a damaged story still proves"),
            Command("models", "models", "what can be grown with; add a model, fetch the small one"),
            Command("keys", "keys", "keys of providers: where each comes from; keep or remove one"),
            Command("themes", "theming", "the colours of the screens; choose some"),
            Command("bindings", "bindings", "the keys of all screens"),
        ),
    ),
)

MODULES = {command.name: command.module for _, commands in SECTIONS for command in commands}
"""The module that makes each command, by the command's name."""


def overview() -> str:
    """Return the commands and what they are for, as `storyloom --help` has them."""
    lines = ["commands:"]
    for title, commands in SECTIONS:
        lines.append(f"  {title}")
        lines += [f"    {command.name:<8} {command.what}" for command in commands]
    return "\n".join(lines) + "\n"
