"""The blocks of a request in a list: how many tokens each is, whether it is sent, and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from storyloom.text import Refusal, grouped, one_line
from storyloom.tui.widgets.columns import left, paragraph, right
from storyloom.tui.widgets.lines import Line, Part, TitledPane

if TYPE_CHECKING:
    from storyloom.generate.context import Block, Context

__all__ = ["BlocksPane"]

_NAME, _LONG_NAME = 15, 30
"""Cells of a block's name, and of one where there is room."""
_BESIDE_NAME = 60
"""Cells that the rest of a line would like to have."""
_WIDE = 74
"""Cells from which reasons stand beside their blocks."""


class BlocksPane(TitledPane):
    """What is sent, in its order; one block is selected."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="blocks")
        self.selected = 0
        self.blocks: Sequence[Block] = ()
        self.marked = True
        """Whether the selected block is marked; not where nobody can move there."""
        self._instead = ""
        self._tone = "dim"
        self._exact = True
        self._approximately = ""
        self._last = ""

    @property
    def block(self) -> "Block | None":
        """The selected block."""
        return self.blocks[self.selected] if self.selected < len(self.blocks) else None

    def show(self, shown: "Context | Refusal | str", *, exact: bool = True) -> None:
        """Show a request, or why there is none, or what is being waited for.

        `exact` is false when tokens were counted by another model's encoding.
        """
        self._approximately = "" if exact else "~"
        if not isinstance(shown, Refusal | str):
            used = f"{self._approximately}{grouped(shown.tokens)} of {grouped(shown.window)} tokens"
            kept = f"{grouped(shown.reserve)} kept for the answer"
            self.show_blocks(shown.blocks, used, f"{kept}, fingerprint {shown.fingerprint[:8]}")
            return
        self.blocks, self._instead, self._last = (), str(shown), ""
        self._tone = "warning" if isinstance(shown, Refusal) else "dim"
        self.note = ("", "dim")
        self._draw()

    def show_blocks(self, blocks: "Sequence[Block]", note: str, last: str = "") -> None:
        """Show blocks, with a few words on them behind the title and in a line below them."""
        self.blocks, self._instead, self._last = blocks, "", last
        self.selected = max(0, min(self.selected, len(blocks) - 1))
        self.note = (note, "dim")
        self._draw()

    def move(self, step: int) -> None:
        """Select the block that many below."""
        self.selected = max(0, min(len(self.blocks) - 1, self.selected + step))
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        if width <= 0:
            return
        if not self.blocks:
            self.show_inside(paragraph(f" {self._instead}", width, self._tone))
            return
        # A column as wide as its longest name, which a lore entry's title may be.
        longest = max(cell_len(one_line(block.name)) for block in self.blocks)
        names = max(_NAME, min(_LONG_NAME, longest, width - _BESIDE_NAME))
        lines: list[Line] = []
        ends: list[int] = []
        for index in range(len(self.blocks)):
            lines += self._rows(index, width, names)
            ends.append(len(lines))
        below: list[Line] = [((f"  {self._last}", "dim"),)] if self._last else []
        height = max(1, self.room.height - len(below))
        top = max(0, min(ends[self.selected] - height, len(lines) - height))
        if below and len(lines) < height:
            lines.append(())
        self.show_inside([*lines[top : top + height], *below])

    def _rows(self, index: int, width: int, names: int) -> list[Line]:
        """Return a block's line; where there is no room beside it the reason is on a second."""
        block = self.blocks[index]
        chosen = self.marked and index == self.selected
        style = "dim" if block.state == "out" else "text"
        tokens = f"{self._approximately}{grouped(block.tokens)}" if block.text else "-"
        why, room = _why(block), width - names - 19
        cells: list[Part] = [
            (">" if chosen else " ", "title"),
            (f" {left(block.name, names)}", "fresh" if chosen else style),
            (f"{right(tokens, 7)}  ", style),
            (left(block.state, 8), "warning" if block.state == "trimmed" else style),
        ]
        rows = [cells]
        if width < _WIDE:
            rows += [[(left(line, width), "dim")] for line in _indented(why, width)]
        cells.append((left("" if len(rows) > 1 else why, max(0, room)), "dim"))
        return [
            tuple((text, f"{named} selection".strip() if chosen else named) for text, named in row)
            for row in rows
        ]


def _indented(text: str, width: int) -> list[str]:
    lines = paragraph(text, max(8, width - 5), most=2)
    return ["    " + "".join(part for part, _ in line) for line in lines]


def _why(block: "Block") -> str:
    if block.left_out:
        return f"{block.reason}: {grouped(block.left_out)} characters before it left out"
    return one_line(block.why)
