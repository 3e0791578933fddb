"""Commands that say something of a node: chapter, note, tag, bookmark, sketch."""

from argparse import Namespace

from storyloom.cli.opening import node_id, opened, present, whole_number
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, one_line

__all__ = ["add", "add_to_node"]


def add(commands: Commands) -> None:
    """Add the commands chapter and note."""
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
    _add_note(commands)


def add_to_node(commands: Commands) -> None:
    """Add the verbs of `node`: note, tag, bookmark, sketch."""
    _add_note(commands)
    tag = commands.add(
        "tag",
        "Give a node a tag or take one away, or list its tags.",
        'storyloom node tag tide.loom --node n12 --add sea --add "the bell"',
        "storyloom node tag tide.loom --node n12 --remove sea",
        "storyloom node tag tide.loom --node n12",
    )
    tag.add_argument("file", metavar="FILE")
    tag.add_argument("--node", type=node_id, metavar="ID", required=True)
    tag.add_argument("--add", metavar="NAME", action="append", default=[])
    tag.add_argument("--remove", metavar="NAME", action="append", default=[])
    tag.set_defaults(run=_tag)
    bookmark = commands.add(
        "bookmark",
        "Set a bookmark at a node, with a name if you like, or take it away.",
        "storyloom node bookmark tide.loom --node n12",
        'storyloom node bookmark tide.loom --node n12 --name "where it turns"',
        "storyloom node bookmark tide.loom --node n12 --remove",
        more="'storyloom nodes FILE --bookmarks' lists them.",
    )
    bookmark.add_argument("file", metavar="FILE")
    bookmark.add_argument("--node", type=node_id, metavar="ID", required=True)
    which = bookmark.add_mutually_exclusive_group()
    which.add_argument("--name", metavar="TEXT", default="")
    which.add_argument("--remove", action="store_true")
    bookmark.set_defaults(run=_bookmark)
    sketch = commands.add(
        "sketch",
        "Mark a node as a sketch, which is no text of the story, or as prose again.",
        "storyloom node sketch tide.loom --node n12",
        "storyloom node sketch tide.loom --node n12 --remove",
        more="A sketch is left out of word counts, of reading and of export; 'storyloom grow FILE\n"
        "--node ID' writes it out below it.",
    )
    sketch.add_argument("file", metavar="FILE")
    sketch.add_argument("--node", type=node_id, metavar="ID", required=True)
    sketch.add_argument("--remove", action="store_true", help="mark it as prose again")
    sketch.set_defaults(run=_sketch)


def _add_note(commands: Commands) -> None:
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


def _chapter(options: Namespace) -> int:
    from storyloom.story import marks, reading, tips

    if options.node is None:
        if options.title is not None or options.remove:
            raise Refusal("Say with --node at which node the chapter begins.")
        with opened(options.file) as story:
            number = 0
            for node, mark in reading.chapters(story, tips.weave_tip(story)):
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
    from storyloom.story import marks

    with opened(options.file, writing=options.text is not None) as story:
        present(story, options.node)
        if options.text is not None:
            marks.set_text(story, options.node, options.kind, options.text)
            done = "set" if options.text.strip() else "taken away"
            say(f"The {options.kind} of n{options.node} is {done}.")
        elif text := marks.text_of(story, options.node, options.kind):
            data(text)
        else:
            say(f"n{options.node} has no {options.kind}.")
    return 0


def _tag(options: Namespace) -> int:
    from storyloom.story import marks

    changes = [(name, True) for name in options.add] + [(name, False) for name in options.remove]
    with opened(options.file, writing=bool(changes)) as story:
        present(story, options.node)
        for name, on in changes:
            if not on and name not in marks.tags(story, options.node):
                raise Refusal(f"n{options.node} has no tag {one_line(name)!r}.")
            marks.tag(story, options.node, name, on=on)
            say(f"n{options.node} {'has' if on else 'has no longer'} the tag {one_line(name)!r}.")
        if not changes:
            for name in marks.tags(story, options.node):
                data(one_line(name))
    return 0


def _bookmark(options: Namespace) -> int:
    from storyloom.story import marks

    with opened(options.file, writing=True) as story:
        if options.remove and options.node not in (each.node for each in marks.bookmarks(story)):
            raise Refusal(f"There is no bookmark at n{options.node}.")
        marks.bookmark(story, options.node, None if options.remove else options.name)
    done = "taken away" if options.remove else "set"
    say(f"The bookmark at n{options.node} is {done}.")
    return 0


def _sketch(options: Namespace) -> int:
    from storyloom.story import marks

    with opened(options.file, writing=True) as story:
        present(story, options.node)
        marks.set_sketch(story, options.node, on=not options.remove)
    say(f"n{options.node} is {'prose' if options.remove else 'a sketch'} now.")
    return 0
