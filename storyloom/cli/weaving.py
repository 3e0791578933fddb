"""The command `weave`: the paths through the tree that are read and exported."""

from argparse import Namespace
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, present, weave_called
from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.exchange.book import Book
    from storyloom.story.story import Story

__all__ = ["add", "add_strand", "strand"]


def add(commands: Commands) -> None:
    """Add the command."""
    weave = commands.add(
        "weave",
        "Lead the weave, the one story to be read and exported, to a node.",
        "storyloom weave tide.loom --node n12",
        "storyloom weave tide.loom",
        'storyloom weave tide.loom --name "sad end" --node n7',
        "storyloom weave tide.loom --list",
        more="Without an option, the ids of the weave's nodes are printed. There may be more\n"
        "weaves than main; one is begun by leading it to a node.",
    )
    weave.add_argument("file", metavar="FILE")
    weave.add_argument("--name", metavar="NAME", default="main", help="which weave, default main")
    weave.add_argument("--node", type=node_id, metavar="ID", help="where it is to lead")
    what = weave.add_mutually_exclusive_group()
    what.add_argument(
        "--list", action="store_true", help="all weaves: the last node, how many, the name"
    )
    what.add_argument("--end", action="store_true", help="let it end with --node")
    what.add_argument("--delete", action="store_true", help="take it away; its nodes stay")
    what.add_argument("--rename", metavar="NEW", help="give it another name")
    weave.set_defaults(run=_weave)


def add_strand(parser: Parser) -> None:
    """Add the options that say what is read or exported, where that is not the weave."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--node", type=node_id, metavar="ID", help="the strand that ends in it")
    which.add_argument("--weave", metavar="NAME", help="another weave than main")


def strand(story: "Story", options: Namespace) -> "Book":
    """Return what those options say, as a book. Raises Refusal when it is not there."""
    from storyloom.exchange.book import book_of
    from storyloom.story.weaves import MAIN

    weave = MAIN if options.weave is None else weave_called(story, options.weave)
    return book_of(story, options.node, weave)


def _weave(options: Namespace) -> int:
    from storyloom.story import weaves

    changes = options.delete or options.rename is not None
    if options.node is not None and (options.list or changes):
        raise Refusal("--node says where a weave is to lead or to end; leave it out here.")
    if options.end and options.node is None:
        raise Refusal("Say with --node which node the weave is to end with.")
    with opened(options.file, writing=changes or options.node is not None) as story:
        if options.list:
            _print_weaves(story)
        elif options.end:
            _end(story, weave_called(story, options.name), options.node or 0)
        elif options.delete:
            weaves.delete_weave(story, options.name)
            main = weaves.weave_name(options.name) == weaves.MAIN
            say(f"{_named(options.name)} {'is the opening alone now' if main else 'is gone'}.")
        elif options.rename is not None:
            weaves.rename_weave(story, options.name, options.rename)
            say(f"{_named(options.name)} is called {one_line(options.rename)!r} now.")
        elif options.node is not None:
            _lead(story, options.name, options.node)
        else:
            _print_nodes(story, weave_called(story, options.name))
    return 0


def _lead(story: "Story", name: str, node: int) -> None:
    from storyloom.story import tips, weaves

    name = weaves.weave_name(name)
    weaves.set_weave(story, node, name)
    tip = tips.weave_tip(story, name)
    end = "ends there" if tip == node else f"goes on from it to n{tip}"
    say(f"{_named(name)} leads to n{node} and {end}.")


def _end(story: "Story", name: str, node: int) -> None:
    from storyloom.story import reading, weaves

    if not reading.weave_child(story, present(story, node), name):
        say(f"{_named(name)} does not go on from n{node}; it is as it was.")
        return
    weaves.end_weave(story, node, name)
    say(f"{_named(name)} ends with n{node}.")


def _print_nodes(story: "Story", name: str) -> None:
    from storyloom.story import reading, tips

    for node in reading.path(story, tips.weave_tip(story, name)):
        data(f"n{node}")


def _print_weaves(story: "Story") -> None:
    from storyloom.story import reading, tips, weaves

    for each in weaves.weaves(story):
        tip = tips.weave_tip(story, each.name)
        length = reading.depth(story, tip) if tip else 0
        data(f"{f'n{tip}' if tip else '-':<8} {length:>6}  {one_line(each.name)}")


def _named(name: str) -> str:
    from storyloom.story.weaves import MAIN

    return "The weave" if name == MAIN else f"The weave {one_line(name)!r}"
