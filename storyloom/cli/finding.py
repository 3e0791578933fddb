"""Commands that list nodes: nodes, find."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from storyloom.cli.opening import node_id, opened, positive, present, weave_called
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, is_terminal, say, width
from storyloom.text import first_words, one_line

if TYPE_CHECKING:
    from storyloom.story.reading import Card
    from storyloom.story.search import Hit
    from storyloom.story.story import Story

__all__ = ["add"]

_PAGE = 100
_BEFORE = 30
"""Characters that are shown before the place where a word was found."""


def add(commands: Commands) -> None:
    """Add the commands."""
    nodes = commands.add(
        "nodes",
        "List nodes with their first words: all, or the ends, the forks ...",
        "storyloom nodes tide.loom --leaves",
        "storyloom nodes tide.loom --tag sea --below n4",
        "storyloom nodes tide.loom --pruned | cut -d ' ' -f 1",
        more="All, ends and forks come in the order of the tree, the others as they were written.",
    )
    nodes.add_argument("file", metavar="FILE")
    which = nodes.add_mutually_exclusive_group()
    which.add_argument("--leaves", action="store_true", help="what nothing goes on from")
    which.add_argument("--forks", action="store_true", help="what several branches go on from")
    which.add_argument("--pruned", action="store_true", help="what was pruned, its topmost nodes")
    which.add_argument("--tag", metavar="T", help="what has this tag")
    which.add_argument("--bookmarks", action="store_true", help="what has a bookmark")
    nodes.add_argument("--below", type=node_id, metavar="ID", help="only there, itself included")
    nodes.set_defaults(run=_nodes)
    find = commands.add(
        "find",
        "Find words in texts, notes, tags, chapters and lore.",
        "storyloom find tide.loom bell",
        "storyloom find tide.loom --below n4 the bell ra",
        "storyloom find tide.loom bell --weave",
        more="All the words have to be there; case and accents do not count, and the last word\n"
        "may be a beginning. One line a place, in the order of the tree: node, where, words.\n"
        "The exit code is 1 when nothing was found.",
    )
    find.add_argument("file", metavar="FILE")
    find.add_argument("words", metavar="WORDS", nargs="+")
    where = find.add_mutually_exclusive_group()
    where.add_argument("--below", type=node_id, metavar="ID", help="only in it and below it")
    where.add_argument(
        "--weave", metavar="NAME", nargs="?", const="main", help="only on that weave, default main"
    )
    find.add_argument("-n", type=positive, metavar="N", default=200, help="places, default 200")
    find.set_defaults(run=_find)


def _columns() -> int:
    return width() if is_terminal(sys.stdout) else 100


def _nodes(options: Namespace) -> int:
    from storyloom.cli.outline import glance

    columns = _columns()
    with opened(options.file) as story:
        if options.below:
            present(story, options.below)
        for card, said in _listed(story, options):
            data(glance(card, columns, said))
    return 0


def _listed(story: "Story", options: Namespace) -> "Iterator[tuple[Card, str]]":
    """Yield the cards of the nodes that were asked for, and what is to be said of each."""
    from storyloom.cli.outline import walked
    from storyloom.story import marks, purging, reading
    from storyloom.story.kept import kept

    below: int = options.below or 0
    if options.leaves or options.forks:
        yield from ((card, "") for card in _paged(story, below, forks=options.forks))
        return
    if options.pruned:
        found = [(node, "") for node in sorted(purging.pruned_roots(story, below))]
    elif options.tag is not None:
        tag = " ".join(kept(options.tag).split())
        found = [(node, "") for _, node in marks.tagged(story, tag)]
    elif options.bookmarks:
        found = [(each.node, each.name) for each in marks.bookmarks(story)]
    else:
        yield from ((card, "") for card, *_ in walked(story, below))
        return
    for node, name in _within(story, found, below):
        for card in reading.cards(story, [node]):
            yield card, f"[{one_line(name)}] " if name else ""


def _within(
    story: "Story", found: list[tuple[int, str]], below: int
) -> "Iterator[tuple[int, str]]":
    from storyloom.story import tally

    return (each for each in found if not below or tally.within(story.read, each[0], below))


def _paged(story: "Story", below: int, *, forks: bool) -> "Iterator[Card]":
    from storyloom.story import reading, walk

    page = walk.forks if forks else walk.leaves
    after = 0
    while nodes := page(story, below, after, _PAGE):
        yield from reading.cards(story, nodes)
        after = nodes[-1]


def _find(options: Namespace) -> int:
    from storyloom.story import search

    with opened(options.file) as story:
        if options.below:
            present(story, options.below)
        weave = weave_called(story, options.weave) if options.weave is not None else None
        found = search.search(
            story, " ".join(options.words), limit=options.n, below=options.below or 0, weave=weave
        )
        for hit in found.hits:
            data(_line(story, hit, options.words))
    if not found.hits:
        say("Nothing there has these words.")
        return 1
    if found.more:
        say(f"There are more; these are the first {len(found.hits)} that were written.")
    return 0


def _line(story: "Story", hit: "Hit", words: list[str]) -> str:
    from storyloom.story import marks, reading
    from storyloom.story.said import words_of

    if hit.where == "text":
        text = reading.pieces(story, [hit.node])[0].text
    else:
        key = "chapters" if hit.where == "chapter" else hit.where
        text = words_of(key, marks.text_of(story, hit.node, key))
    head = f"n{hit.node}" if hit.node else "story"
    # A tag's name is the words themselves.
    where = "tag" if hit.where.startswith("tag:") else one_line(hit.where)
    head += f" {where} {'[pruned] ' if hit.pruned else ''}"
    return head + _excerpt(text, words, max(20, _columns() - len(head) - 1))


def _excerpt(text: str, words: list[str], room: int) -> str:
    """Return what stands around the first of the words, as far as it is spelt as it was asked."""
    lowered = text.lower()
    places = [at for word in words if (at := lowered.find(word.lower())) >= 0]
    place = min(places, default=0)
    start = place - _BEFORE
    if start <= 0 or len(text) <= room:
        return first_words(text, room)
    start = max(start, text.find(" ", start, place) + 1)
    return "…" + first_words(text[start:], room - 1)
