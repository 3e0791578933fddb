"""Commands that change texts by hand: write, edit, split, join."""

from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import given_text, node_id, opened, present, whole_number
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, clean

if TYPE_CHECKING:
    from storyloom.story.story import Story

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_write(commands)
    edit = commands.add(
        "edit",
        "Change a node's text, in place and with every earlier text kept.",
        "storyloom edit tide.loom --node n4 --editor",
        "sed 's/iron/tin/' n4.txt | storyloom edit tide.loom --node n4 --text-file -",
        more="Words that stay keep who wrote them; the others become yours.",
    )
    edit.add_argument("file", metavar="FILE")
    edit.add_argument("--node", type=node_id, metavar="ID", required=True)
    _add_text(edit)
    edit.set_defaults(run=_edit)
    split = commands.add(
        "split",
        "Split a node in two; the new first half's id is printed.",
        "storyloom split tide.loom --node n4 --at 120",
        'storyloom split tide.loom --node n4 --before "The door"',
        more="What is below the node stays below its second half, which keeps the id.",
    )
    split.add_argument("file", metavar="FILE")
    split.add_argument("--node", type=node_id, metavar="ID", required=True)
    where = split.add_mutually_exclusive_group(required=True)
    where.add_argument("--at", type=whole_number, metavar="N", help="characters in the first half")
    where.add_argument("--before", metavar="TEXT", help="where this text stands first")
    split.set_defaults(run=_split)
    _add_join(commands)


def _add_join(commands: Commands) -> None:
    join = commands.add(
        "join",
        "Join a node with the one before it, or with its only child.",
        "storyloom join tide.loom --node n4",
        "storyloom join tide.loom --node n4 --with child",
        more="The later of the two keeps its id and holds both texts; that id is printed.",
    )
    join.add_argument("file", metavar="FILE")
    join.add_argument("--node", type=node_id, metavar="ID", required=True)
    join.add_argument(
        "--with", dest="other", choices=("parent", "child"), default="parent", help="default parent"
    )
    join.set_defaults(run=_join)


def _add_write(commands: Commands) -> None:
    write = commands.add(
        "write",
        "Write a branch by hand, below a node; its id is printed.",
        'storyloom write tide.loom --text "She waited for the other shoe."',
        "storyloom write tide.loom --node n4 --editor",
        more="Without --node it goes on from the end of the weave. Where the text before ends\n"
        "without a space, one is put in; a text that is to begin without starts with a line end.",
    )
    write.add_argument("file", metavar="FILE")
    write.add_argument("--node", type=node_id, metavar="ID", help="what it continues")
    write.add_argument("--beside", action="store_true", help="write beside the node, not below it")
    _add_text(write)
    write.set_defaults(run=_write)


def _add_text(parser: Parser) -> None:
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--text", metavar="TEXT")
    given.add_argument("--text-file", metavar="F", help="a file with the text; - is stdin")
    given.add_argument(
        "--editor", action="store_true", help="in $VISUAL or $EDITOR; so without these options too"
    )


def _write(options: Namespace) -> int:
    from storyloom.generate.joining import joined
    from storyloom.story import shape, tips

    with opened(options.file, writing=True) as story:
        node = options.node if options.node is not None else tips.weave_tip(story)
        if node:
            present(story, node)
        text = given_text(options.text, options.text_file)
        before = _strand_before(story, node, beside=options.beside)
        if text is None:
            from storyloom.cli.editor import edited

            text = edited("", before)
        if not (text or "").strip():
            raise Refusal("There is no text to keep; nothing was changed.")
        # Only a space or line ends at the beginning may change: the text is the author's.
        lead = joined(before, clean(text or ""))
        new = (
            shape.write_sibling(story, node, lead)
            if options.beside
            else shape.write_child(story, node, lead)
        )
        data(f"n{new}")
    return 0


def _strand_before(story: "Story", node: int, *, beside: bool) -> str:
    from storyloom.story import reading

    path = reading.path(story, node)
    if beside:
        path = path[:-1]
    return reading.strand_text(story, path[-1], least=100) if path else ""


def _edit(options: Namespace) -> int:
    from storyloom.story import shape

    with opened(options.file, writing=True) as story:
        old = _piece(story, options.node)
        text = given_text(options.text, options.text_file)
        how = "command"
        if text is None:
            from storyloom.cli.editor import edited

            before = _strand_before(story, options.node, beside=True)
            text, how = edited(old, before), "editor"
        elif old.startswith(" ") and text[:1] not in (" ", "\n"):
            # A passage begins with the space that parts it from the one before; who gives only
            # its words does not think of that.
            text = " " + text
        if text is None or not shape.edit(story, options.node, text, how=how):
            say(f"n{options.node} is as it was.")
            return 0
    say(f"n{options.node} is changed; 'storyloom undo' brings the earlier text back.")
    return 0


def _split(options: Namespace) -> int:
    from storyloom.story import shape

    with opened(options.file, writing=True) as story:
        at = options.at
        if at is None:
            at = _piece(story, options.node).find(clean(options.before))
            if at < 0:
                raise Refusal(f"n{options.node} does not hold that text.")
        first = shape.split(story, options.node, at)
        say(f"n{first} is the first half, n{options.node} the second.")
        data(f"n{first}")
    return 0


def _join(options: Namespace) -> int:
    from storyloom.story import shape

    with opened(options.file, writing=True) as story:
        present(story, options.node)
        join = shape.join_child if options.other == "child" else shape.join
        joined = join(story, options.node)
    say(f"n{joined.node} holds both texts.")
    if joined.left_aside:
        say(f"{joined.left_aside} pruned beside it stay with the text they continue.")
    data(f"n{joined.node}")
    return 0


def _piece(story: "Story", node: int) -> str:
    from storyloom.story import reading

    return reading.pieces(story, [present(story, node)])[0].text
