"""What is shown of a place that a search has found: its row, and the words around it."""

from collections.abc import Sequence
from itertools import pairwise

from rich.cells import cell_len

from storyloom.story.across import Excerpt
from storyloom.text import one_line, visible
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, Part
from storyloom.tui.wrapping import wrap

__all__ = ["around", "head", "row"]

_WHERE = 12
_MEASURE = 68
"""Cells in which text reads well."""
_LEAD = 16
"""Cells of a row that stand before the first of the words at most, so that it is always seen."""
_WORDS = {
    "text": "", "title": "title", "premise": "premise", "style": "style", "more": "", "why": "why",
    "reason": "reason", "note": "note", "label": "label", "chapter": "chapter",
}  # fmt: skip


def head(width: int) -> list[Line]:
    """Return the names of the columns."""
    title = _title_room(width)
    return [((f"  {left('story', title)}  {left('where', _WHERE)}  the words", "dim"),)]


def row(
    title: str,
    node: int,
    where: str,
    excerpt: Excerpt,
    width: int,
    *,
    pruned: bool = False,
    again: bool = False,
) -> Line:
    """Return a place's row; `again` says that the row above is of the same story."""
    room = _title_room(width)
    parts: list[Part] = [
        (" " + left(title, room) + "  ", "dim" if again else "text"),
        (left(_named(node, where), _WHERE) + "  ", "dim"),
    ]
    if where == "more":
        return (*parts, ("… and more; / in its loom finds them", "dim"))
    if where == "title":
        return (*parts, ("the title has the words", "dim"))
    if pruned:
        parts.append(("pruned: ", "dim"))
    return (*parts, *_shifted(_flat(excerpt)))


def around(
    title: str, node: int, where: str, excerpt: Excerpt, width: int, height: int, *, pruned: bool
) -> list[Line]:
    """Return the place and the words around it, wrapped."""
    place = " ".join(each for each in (_named(node, where), "pruned" * pruned) if each)
    lines: list[Line] = [((one_line(title), "title"), (f"  {place}", "dim"))]
    return [*lines, *_wrapped(_flat(excerpt), min(width, _MEASURE))][:height]


def _named(node: int, where: str) -> str:
    """Return where it is: `n12`, `n12 note`, `lore`, `tag`."""
    kind = _WORDS.get(where, where.split(":")[0])
    return " ".join(each for each in (f"n{node}" if node else "", one_line(kind)) if each)


def _title_room(width: int) -> int:
    return max(10, min(30, width // 4))


def _flat(excerpt: Excerpt) -> list[Part]:
    """Return an excerpt's parts on one line, the words that were looked for set apart."""
    parts: list[Part] = []
    for text, hit in excerpt:
        text = visible(text).replace("\n", " ").replace("\t", " ")
        while "  " in text:
            text = text.replace("  ", " ")
        if not parts:
            text = text.lstrip()
        if text:
            parts.append((text, "title" if hit else "text"))
    return parts


def _shifted(parts: list[Part]) -> list[Part]:
    """Take so much from the beginning that the first of the words stands near it."""
    if len(parts) < 2 or parts[0][1] == "title" or cell_len(parts[0][0]) <= _LEAD:
        return parts
    lead = parts[0][0]
    while cell_len(lead) > _LEAD - 1:
        _, space, rest = lead.partition(" ")
        # A script without spaces, or one long word, is cut where it must be.
        lead = rest if space and rest else lead[1:]
    return [("…" + lead, "text"), *parts[1:]]


def _wrapped(parts: Sequence[Part], width: int) -> list[Line]:
    """Return parts of several styles broken into lines as `wrap` breaks their text."""
    text = "".join(part for part, _ in parts)
    ends = [0]
    for part, _ in parts:
        ends.append(ends[-1] + len(part))
    lines: list[Line] = []
    for start, end in wrap(text, width):
        line: list[Part] = []
        for (first, last), (_, style) in zip(pairwise(ends), parts, strict=True):
            cut = text[max(start, first) : min(end, last)]
            if cut:
                line.append((cut, style))
        lines.append(tuple(line))
    return lines
