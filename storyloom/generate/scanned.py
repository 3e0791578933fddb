"""The end of a strand, read as far as the keys of the lore are looked for in it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from storyloom.generate.rule import Scan
from storyloom.story import log, reading, tally
from storyloom.story.story import Story

__all__ = ["MOST", "MOST_NODES", "Place", "end_of", "place_of"]

MOST = 100_000
"""Code points of a strand that are ever looked through."""
MOST_NODES = 2_000
_LARGEST = 1 << 62
"""No node's number is that large, and SQLite refuses some that are."""
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Place:
    """The end of a strand."""

    node: int
    """The last node, 0 before all."""
    pieces: Sequence[tuple[int, str]]
    """The last nodes and their texts, in reading order: as many as any entry asks for."""
    on_strand: Callable[[int], bool]
    """Whether a node is on the strand, near its end or not."""
    typed: str = ""
    """What follows and is in no node yet."""
    seed: str = ""
    """What makes one story's probabilities other than another's."""
    batch: int = 1

    def window(self, scan: Scan) -> str:
        """Return the last characters, nodes or paragraphs."""
        if scan.n <= 0:
            return ""
        nodes = min(scan.n, MOST_NODES) if scan.unit == "nodes" else len(self.pieces)
        pieces = self.pieces[max(0, len(self.pieces) - nodes) :]
        text = ("".join(text for _, text in pieces) + self.typed)[-MOST:]
        if scan.unit == "chars":
            return text[-scan.n :]
        if scan.unit == "paragraphs":
            paragraphs = [each for each in _PARAGRAPH.split(text) if each.strip()]
            return "\n\n".join(paragraphs[-scan.n :])
        return text


def place_of(story: Story, node: int, scans: Iterable[Scan], typed: str = "") -> Place:
    """Return the end of the strand to `node`, as much of it as the widest of the scans needs."""
    return Place(
        node, end_of(story, node, set(scans)), partial(_on_strand, story, node), typed, _seed(story)
    )


def end_of(story: Story, node: int, scans: set[Scan]) -> list[tuple[int, str]]:
    """Return the last nodes of a strand with their texts, as many as those scans look through.

    Of sketches, only those that are still to be written out are among them.
    """
    widest = dict.fromkeys(("chars", "nodes", "paragraphs"), 0)
    for scan in scans:
        widest[scan.unit] = max(widest[scan.unit], scan.n)
    found: list[tuple[int, str]] = []
    length = paragraphs = 0
    prose = False
    while node and length < MOST:
        if (
            length >= widest["chars"]
            and len(found) >= min(widest["nodes"], MOST_NODES)
            # The first one that was found may begin further up.
            and (not widest["paragraphs"] or paragraphs > widest["paragraphs"])
        ):
            break
        piece = next(iter(reading.pieces(story, [node])), None)
        if piece is None:
            break
        if piece.sketch and prose:
            node = reading.parent(story, node)
            continue
        prose = not piece.sketch
        found.append((node, piece.text))
        length += len(piece.text)
        paragraphs += len(_PARAGRAPH.findall(piece.text.strip()))
        node = reading.parent(story, node)
    return found[::-1]


def _on_strand(story: Story, node: int, wanted: int) -> bool:
    there = bool(node) and 0 < wanted < _LARGEST and reading.exists(story, wanted)
    return there and tally.within(story.read, node, wanted)


def _seed(story: Story) -> str:
    """Return what is told of no other story and stays as it is: the mark of its first step."""
    first = next(log.operations(story), None)
    return first.hash.hex() if first is not None else ""
