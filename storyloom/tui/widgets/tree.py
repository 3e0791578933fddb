"""The tree, as many rows of it as the pane is high."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from storyloom.story import reading, rows
from storyloom.story.reading import Card
from storyloom.story.rows import Row
from storyloom.story.story import Story
from storyloom.text import one_line
from storyloom.tui.legend import Legend, code_of
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.widgets.siblings import Live

__all__ = ["TreePane"]

_DEEPEST = 12
"""Columns of indentation at most on the cursor's row; deeper trees are drawn from there on."""
_TEXT = 20
"""Columns that a row's text has at least, whatever the indentation."""
_CLIMB = 64
"""Ancestors looked at to line a row up with the one above it; beyond, it stands at the edge."""


class TreePane(TitledPane):
    """A window on the tree's rows around the cursor.

    Only a fork indents: a chain of single children goes straight down, however long it is.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="tree")
        self._story: Story | None = None
        self._legend: Legend | None = None
        self._rows: list[Row] = []
        self._cards: dict[int, Card] = {}
        self._indents: dict[Row, int] = {}
        self._folded: dict[int, int] = {}
        """Rows whose branches are folded away, each with how many nodes that are."""
        self._cursor = 0
        self._live: Mapping[int, Live] = {}
        self._unread: frozenset[int] = frozenset()

    def show(
        self,
        story: Story,
        legend: Legend,
        cursor: int,
        *,
        live: Mapping[int, Live],
        unread: frozenset[int] = frozenset(),
        changed: bool = False,
    ) -> None:
        """Show the rows around `cursor`; `changed` says that the tree is not what it was."""
        self._story, self._legend, self._cursor = story, legend, cursor
        self._live, self._unread = live, unread
        if not self.display or self.room.height <= 0:
            self._rows = []
            return
        if changed or Row(cursor) not in self._rows:
            self._load(keep=changed)
        self._draw()

    def on_resize(self) -> None:
        if self._story is not None and self._legend is not None:
            self.show(self._story, self._legend, self._cursor, live=self._live,
                      unread=self._unread, changed=True)  # fmt: skip

    def forget(self) -> None:
        """Show nothing more of the story, as it is about to be closed."""
        self._story = None

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that are drawn, from the top."""
        return self._rows

    def _load(self, *, keep: bool) -> None:
        """Read a window of rows, with the cursor where it is now if it can stay there."""
        story = self._story
        assert story is not None
        height = self.room.height
        here = Row(self._cursor)
        if keep and here in self._rows:
            above = self._rows.index(here)
        elif self._rows and self._cursor and self._rows[0].node and here not in self._rows:
            above = height // 2
        else:
            above = height // 3
        before = rows.preceding(story, here, above)
        after = rows.following(story, here, height - len(before) - 1)
        if len(before) + 1 + len(after) < height:
            more = height - len(before) - 1 - len(after)
            before = rows.preceding(story, before[0] if before else here, more) + before
        self._rows = [*before, here, *after][:height]
        self._read_cards(story)
        self._indent(story)

    def _read_cards(self, story: Story) -> None:
        wanted = list(dict.fromkeys(row.node for row in self._rows))
        self._cards = {card.id: card for card in reading.cards(story, wanted)}
        folded = [
            row.node
            for row in self._rows
            if not row.pruned and self._cards.get(row.node) and self._cards[row.node].kids
            and rows.folded(story, row.node)
        ]  # fmt: skip
        self._folded = {node: found.shown for node, found in reading.below(story, folded).items()}

    def _indent(self, story: Story) -> None:
        """Give each row its indentation, relative to the window's first."""
        known: dict[int, int] = {}
        self._indents = {}
        first = self._cards.get(self._rows[0].node) if self._rows else None
        if first is None:
            return
        known[first.id] = 0
        needed = {
            card.parent for row in self._rows if (card := self._cards.get(row.node)) is not None
        }
        self._climb(story, first, known, needed - {0})
        for row in self._rows:
            card = self._cards.get(row.node)
            if card is None:
                continue
            if row.node not in known:
                above = known.get(card.parent)
                forks = self._branches(story, card.parent) > 1
                known[row.node] = (above + forks) if above is not None else 0
            self._indents[row] = known[row.node] + (1 if row.pruned else 0)

    def _climb(self, story: Story, first: Card, known: dict[int, int], needed: set[int]) -> None:
        """Find the indentation of ancestors of the first row that later rows hang on."""
        missing = needed - set(self._cards)
        node, indent = first, 0
        for _ in range(_CLIMB):
            if not node.parent or not (missing - set(known)):
                return
            indent -= self._branches(story, node.parent) > 1
            known[node.parent] = indent
            found = reading.cards(story, [node.parent])
            if not found:
                return
            node = found[0]

    def _branches(self, story: Story, parent: int) -> int:
        card = self._cards.get(parent)
        if card is not None:
            return card.kids + (1 if card.pruned_kids else 0)
        return len(reading.children(story, parent)) + bool(reading.pruned_children(story, parent))

    def _draw(self) -> None:
        width = self.room.width
        legend = self._legend
        if legend is None or width <= 0:
            return
        # Drawn from the leftmost row on, unless that pushes the cursor's row too far right.
        lowest = min(self._indents.values(), default=0)
        deepest = min(_DEEPEST, max(1, (width - _TEXT) // 2))
        shift = max(lowest, self._indents.get(Row(self._cursor), 0) - deepest)
        lines: list[Line] = []
        at = 0
        for row in self._rows:
            indent = min(self._indents.get(row, 0) - shift, deepest + 1)
            card = self._cards.get(row.node)
            if card is not None and not row.pruned:
                lines += [_heading(mark.title, indent, width) for mark in card.marks]
            if row == Row(self._cursor):
                at = len(lines)
            lines.append(self._line(row, indent, width, legend))
        # Chapter headings take lines that the window of rows did not count.
        height = self.room.height
        top = max(0, min(at - height + 2, len(lines) - height))
        self.show_inside(lines[top : top + height])

    def _line(self, row: Row, indent: int, width: int, legend: Legend) -> Line:
        card = self._cards.get(row.node)
        if card is None:
            return ()
        edge = "‹" if indent < 0 else ""
        space = edge + "  " * max(0, indent)
        if row.pruned:
            return ((fitted(f"  {space}x {card.pruned_kids} pruned", width), "dim"),)
        selected = row.node == self._cursor
        live = self._live.get(row.node)
        text = one_line(live.text if live is not None else card.preview[:120])
        if not text:
            text = "…" if live is not None else "(blank page)"
        if row.node in self._folded:
            text = f"+{self._folded[row.node]} {text}"
        code = code_of(card.model) + ("~" if card.edited else "")
        if live is not None and live.state in ("waiting", "writing"):
            code = "…" + code
        room = max(0, width - 2 - cell_len(space) - 5)
        style = "selection" if selected else ""
        body = "fresh" if card.woven or selected else "past"
        parts: list[Part] = [
            (">" if selected else "*" if card.woven else " ", f"weave {style}".strip()),
            (" " if row.node not in self._unread else "•", f"unread {style}".strip()),
            (space + fitted(text, room), f"{body} {style}".strip()),
            (fitted(code.rjust(5), 5), f"{legend.role(card.model)} {style}".strip()),
        ]
        return tuple(parts)


def _heading(title: str, indent: int, width: int) -> Line:
    space = "  " * max(0, indent)
    return (("  ", ""), (fitted(f"{space}# {one_line(title) or '*'}", max(0, width - 2)), "title"))
