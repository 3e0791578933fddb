"""Commands that say something about the tree: weave, chapter, note."""

from argparse import Namespace

from storyloom.cli.opening import node_id, opened, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, one_line

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    weave = commands.add(
        "weave",
        "Lead the weave, the one story to be read and exported, to a node.",
        "storyloom weave tide.loom --node n12",
        "storyloom weave tide.loom",
        more="Without --node, the ids of the weave's nodes are printed.",
    )
    weave.add_argument("file", metavar="FILE")
    weave.add_argument("--node", type=node_id, metavar="ID", help="where it is to lead")
    weave.set_defaults(run=_weave)
    chapter = commands.add(
        "chapter",
        "Begin a chapter at a node, or list the weave's chapters.",
        'storyloom chapter tide.loom --node n12 --title "Low bells"',
        "storyloom chapter tide.loom --node n12 --remove",
        "storyloom chapter tide.loom",
        more="An empty title gives a chapter that is headed by its number.",
    )
    chapter.add_argument("file", metavar="FILE")
    chapter.add_argument("--node", type=node_id, metavar="ID")
    chapter.add_argument(
        "--at", type=whole_number, default=0, metavar="N", help="characters of the node before it"
    )
    what = chapter.add_mutually_exclusive_group()
    what.add_argument("--title", metavar="TEXT")
    what.add_argument("--remove", action="store_true", help="take the mark away")
    chapter.set_defaults(run=_chapter)
    note = commands.add(
        "note",
        "Show a node's note, why, reason or label, or set one.",
        'storyloom note tide.loom --node n12 --text "eels: too cute?"',
        'storyloom note tide.loom --node n12 --kind label --text "Take the boat"',
    )
    note.add_argument("file", metavar="FILE")
    note.add_argument("--text", metavar="TEXT", help="the new one; '' takes it away")
    note.add_argument("--node", type=node_id, metavar="ID", required=True)
    note.add_argument("--kind", choices=("note", "why", "reason", "label"), default="note")
    note.set_defaults(run=_note)


def _weave(options: Namespace) -> int:
    from storyloom.story import reading, weaves

    with opened(options.file, writing=options.node is not None) as story:
        if options.node is not None:
            weaves.set_weave(story, options.node)
            tip = reading.weave_tip(story)
            end = "ends there" if tip == options.node else f"goes on from it to n{tip}"
            say(f"The weave leads to n{options.node} and {end}.")
        else:
            for node in reading.path(story, reading.weave_tip(story)):
                data(f"n{node}")
    return 0


def _chapter(options: Namespace) -> int:
    from storyloom.story import marks, reading

    if options.node is None:
        if options.title is not None or options.remove:
            raise Refusal("Say with --node at which node the chapter begins.")
        with opened(options.file) as story:
            number = 0
            for node, mark in reading.chapters(story, reading.weave_tip(story)):
                number += mark.numbered
                shown = f"{number}. " if mark.numbered else ""
                data(f"n{node}  {shown}{one_line(mark.title)}".rstrip())
        return 0
    if options.title is None and not options.remove:
        raise Refusal("Give the chapter a --title, or take its mark away with --remove.")
    with opened(options.file, writing=True) as story:
        marks.set_chapter(story, options.node, options.title, options.at)
    say(
        f"The chapter mark at n{options.node} is taken away."
        if options.remove
        else f"A chapter begins at n{options.node}."
    )
    return 0


def _note(options: Namespace) -> int:
    from storyloom.story import marks, reading

    with opened(options.file, writing=options.text is not None) as story:
        if options.text is not None:
            marks.set_text(story, options.node, options.kind, options.text)
            done = "set" if options.text.strip() else "taken away"
            say(f"The {options.kind} of n{options.node} is {done}.")
        elif not reading.exists(story, options.node):
            raise Refusal(f"There is no node n{options.node} in this story.")
        elif text := marks.text_of(story, options.node, options.kind):
            data(text)
        else:
            say(f"n{options.node} has no {options.kind}.")
    return 0
