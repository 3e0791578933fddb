"""The tree, as many rows of it as the pane is high."""

from collections.abc import Callable, Collection, Mapping, Sequence

from rich.cells import cell_len

from storyloom.story import jumps, reading, rows, spine
from storyloom.story.reading import Card
from storyloom.story.rows import Row
from storyloom.story.story import Story
from storyloom.text import one_line
from storyloom.tui.legend import SKETCH, Legend, letters, role_of
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.widgets.siblings import Live

__all__ = ["TreePane"]

_BELOW = 2
"""Rows that are seen below the cursor's at least, where there are any."""
_CRUMBS = 3
"""Forks above the window that its title names."""
_DEEPEST = 12
"""Columns of indentation at most on the cursor's row; deeper trees are drawn from there on."""
_TEXT = 20
"""Columns that a row's text has at least, whatever the indentation."""
_CLIMB = 64
"""Ancestors looked at to line a row up with the one above it; beyond, it stands at the edge."""


class TreePane(TitledPane):
    """A window on the tree's rows around the cursor.

    Only a fork indents: a chain of single children goes straight down, however long it is. What is
    far to the right is drawn from the cursor's forks on; the title says what is above the window.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="tree")
        self.only_strand = True
        """Whether one strand is shown with the forks along it, and not the whole tree."""
        self._story: Story | None = None
        self._legend: Legend | None = None
        self._rows: list[Row] = []
        self._cards: dict[int, Card] = {}
        self._indents: dict[Row, int] = {}
        self._parents: set[int] = set()
        """What the rows hang on."""
        self._open: set[int] = set()
        self._folded: dict[int, int] = {}
        """Rows whose branches are folded away, each with how many nodes that are."""
        self._above: tuple[int, str] = (0, "")
        """The first row's node, and what is said of the strand above it."""
        self._shift = 0
        self._whole = 0
        self._onward: Callable[[int], int] = lambda _: 0
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
        onward: Callable[[int], int] | None = None,
        changed: bool = False,
    ) -> None:
        """Show the rows around `cursor`; `changed` says that the tree is not what it was, and
        `onward` gives the child with which the strand goes on below a node.
        """
        self._onward = onward or self._onward
        moved = cursor != self._cursor
        self._story, self._legend, self._cursor = story, legend, cursor
        self._live, self._unread = live, unread
        if not self.display or self.room.height <= 0:
            self._rows = []
            return
        if changed or not self._rows or (moved and not self._has_all()):
            if changed or not self._whole:
                self._whole = reading.below(story, [0])[0].shown
            self._load()
        self._draw()

    def _has_all(self) -> bool:
        """Whether the rows are right for the cursor already: it went along the strand they show."""
        here = Row(self._cursor)
        if not self.only_strand or self._cursor not in self._open or here not in self._rows:
            return False
        return self._rows.index(here) < len(self._rows) - _BELOW

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

    def beside(self, count: int) -> int:
        """Return the node whose row is that many below the cursor's, or above; 0 for none."""
        before, behind = self._walk(2 * abs(count))
        found = behind if count > 0 else before[::-1]
        nodes = [row.node for row in found if not row.pruned]
        return nodes[min(abs(count), len(nodes)) - 1] if nodes else 0

    def _walk(self, count: int) -> tuple[list[Row], list[Row]]:
        """Return that many rows before the cursor's, and behind it."""
        story, here = self._story, Row(self._cursor)
        if story is None:
            return [], []
        if self.only_strand:
            return spine.around(story, self._cursor, count, self._onward)
        return rows.preceding(story, here, count), rows.following(story, here, count)

    def _load(self) -> None:
        """Read a window of rows that begins where it did, as long as the cursor is inside."""
        story = self._story
        assert story is not None
        height = self.room.height
        here, top = Row(self._cursor), self._rows[0] if self._rows else None
        before, after = self._walk(height)
        if top is not None and top in before:
            kept = before[before.index(top) :]
        elif top == here:
            kept = []
        else:
            kept = before[-(height // 3) :] if height >= 3 else []
        if len(kept) > height - 1 - min(_BELOW, len(after)):
            # Half a pane at once: a row at a time would draw the whole pane for each.
            kept = kept[-(height // 2) :]
        room = height - 1 - len(kept) - len(after)
        if room > 0:
            kept = before[-(len(kept) + room) :]
        self._rows = [*kept, here, *after][:height]
        self._read_cards(story)
        if not self.only_strand:
            self._indent(story)
        self._say_above(story)

    def _read_cards(self, story: Story) -> None:
        wanted = list(dict.fromkeys(row.node for row in self._rows))
        self._cards = {card.id: card for card in reading.cards(story, wanted)}
        self._parents = {self._fork_of(row) for row in self._rows}
        if self.only_strand:
            # The last of them may go on below the window.
            onward = {self._onward(parent) for parent in self._parents}
            self._open = self._parents | onward | {self._cursor}
        folded = [row.node for row in self._rows if self._is_folded(story, row)]
        self._folded = {node: found.shown for node, found in reading.below(story, folded).items()}

    def _fork_of(self, row: Row) -> int:
        """Return what a row's fork is a fork of."""
        card = self._cards.get(row.node)
        return row.node if row.pruned or card is None else card.parent

    def _is_folded(self, story: Story, row: Row) -> bool:
        card = self._cards.get(row.node)
        if row.pruned or card is None or not card.kids:
            return False
        if self.only_strand:
            return row.node not in self._open
        return rows.folded(story, row.node)

    def _say_above(self, story: Story) -> None:
        """Name the last forks above the window: a breadcrumb to the first row."""
        first = self._rows[0].node if self._rows else 0
        if self._above[0] == first:
            return
        crumbs: list[str] = []
        node = first
        while len(crumbs) < _CRUMBS:
            above = jumps.fork_before(story, node) if node else 0
            if not above or above == node:
                break
            node = above
            found = reading.cards(story, [node])
            text = one_line(found[0].preview[:60]) if found else ""
            crumbs.insert(0, f"n{node} {' '.join(text.split()[:3])}".rstrip())
        self._above = (first, " › ".join(crumbs))

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
        lines: list[Line] = []
        at = 0
        for row, guide in zip(self._rows, self._guides(width), strict=True):
            card = self._cards.get(row.node)
            if card is not None and not row.pruned:
                lines += [_heading(mark.title, width) for mark in card.marks]
            if row == Row(self._cursor):
                at = len(lines)
            lines.append(self._line(row, guide, width, legend))
        crumbs = self._above[1]
        self.title = (f"‹ {crumbs}" if crumbs else "tree", "title" if not crumbs else "dim")
        self.note = ("" if crumbs else f"{self._whole} nodes", "dim")
        # Chapter headings take lines that the window of rows did not count.
        height = self.room.height
        top = max(0, min(at - height + 2, len(lines) - height))
        self.show_inside(lines[top : top + height])

    def _guides(self, width: int) -> list[str]:
        """Return what stands before the rows' texts: where each hangs."""
        branches = [self._is_branch(row) for row in self._rows]
        if not self.only_strand:
            deepest = min(_DEEPEST, max(1, (width - _TEXT) // 2))
            indents = self._shifted(deepest)
            return _guides(indents, branches, self._below(indents, branches))
        parents = [*(self._fork_of(row) for row in self._rows), -1]
        if branches and branches[-1] and self._goes_on(self._rows[-1]):
            parents[-1] = parents[-2]
        return [
            ("├ " if parent == after else "└ ") if branch else ""
            for parent, after, branch in zip(parents, parents[1:], branches, strict=False)
        ]

    def _below(self, indents: Sequence[int], branches: Sequence[bool]) -> set[int]:
        """Return the columns of forks that have branches below the window."""
        found: set[int] = set()
        seen: set[int] = set()
        least = max(indents, default=0)
        for row, indent, branch in zip(
            reversed(self._rows), reversed(indents), reversed(branches), strict=True
        ):
            # Only what the last row hangs on can go on below it.
            if indent > least:
                continue
            least = indent
            if branch and indent > 0 and indent not in seen:
                seen.add(indent)
                if self._goes_on(row):
                    found.add(indent - 1)
        return found

    def _goes_on(self, row: Row) -> bool:
        return not row.pruned and self._story is not None and reading.goes_on(self._story, row.node)

    def _shifted(self, deepest: int) -> list[int]:
        """Return the rows' indentations as they are drawn: from the leftmost row on, unless that
        pushes the cursor's row too far right. The window stays where it was as long as it can.
        """
        own = self._indents.get(Row(self._cursor), 0)
        lowest = min(self._indents.values(), default=0)
        if not (self._shift <= own <= self._shift + deepest) or self._shift < lowest:
            self._shift = max(lowest, own - deepest)
        return [
            max(-1, min(self._indents.get(row, 0) - self._shift, deepest + 1)) for row in self._rows
        ]

    def _is_branch(self, row: Row) -> bool:
        card = self._cards.get(row.node)
        if row.pruned or card is None or not card.parent:
            return row.pruned
        return self._story is not None and self._branches(self._story, card.parent) > 1

    def _line(self, row: Row, space: str, width: int, legend: Legend) -> Line:
        card = self._cards.get(row.node)
        if card is None:
            return ()
        if row.pruned:
            return ((fitted(f"  {space}x {card.pruned_kids} pruned", width), "dim"),)
        selected = row.node == self._cursor
        live = self._live.get(row.node)
        # No row is that wide, and a branch may have become long.
        text = one_line(live.text[:400] if live is not None else card.preview[:120])
        if not text:
            text = "…" if live is not None else "(blank page)"
        if row.node in self._folded:
            text = f"+{self._folded[row.node]} {text}"
        code = letters(card.author) + ("~" if card.edited else "")
        if live is not None and live.state in ("waiting", "writing"):
            code = "…" + code
        room = max(0, width - 2 - cell_len(space) - 5)
        style = "selection" if selected else ""
        on_it = card.woven or selected or row.node in self._parents
        body = "fresh" if on_it else "past"
        sign: list[Part] = []
        if card.sketch:
            sign = [(space, f"{body} {style}".strip()), (f"{SKETCH} ", f"why {style}".strip())]
            space, room = "", max(0, room - 2)
        parts: list[Part] = [
            (self._mark(card), f"weave {style}".strip()),
            (" " if row.node not in self._unread else "•", f"unread {style}".strip()),
            *sign,
            (space + fitted(text, room), f"{body} {style}".strip()),
            (fitted(code.rjust(5), 5), f"{role_of(card.author, legend.role)} {style}".strip()),
        ]
        return tuple(parts)

    def _mark(self, card: Card) -> str:
        if card.id == self._cursor:
            return ">"
        if card.woven:
            return "*"
        return "│" if self.only_strand and card.id in self._parents else " "


def _guides(
    indents: Sequence[int], branches: Sequence[bool], below: Collection[int] = ()
) -> list[str]:
    """Return what stands before each row's text: a line down from each fork to its branches.

    `branches` says which rows are branches of a fork; others go straight on from the row above.
    `below` are the columns of forks that have branches below the last row.
    """
    out: list[str] = []
    down = set(below)
    for indent, branch in zip(reversed(indents), reversed(branches), strict=True):
        down = {column for column in down if column < indent}
        if indent < 0:
            out.append("‹")
            continue
        cells = ["│ " if column in down else "  " for column in range(indent)]
        if branch and indent > 0:
            cells[-1] = "├ " if indent - 1 in down else "└ "
            down.add(indent - 1)
        out.append("".join(cells))
    out.reverse()
    return out


def _heading(title: str, width: int) -> Line:
    return (("  ", ""), (fitted(f"# {one_line(title) or '*'}", max(0, width - 2)), "title"))
