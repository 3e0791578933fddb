"""The branches of one fork, one or three lines each, with how they are coming along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from storyloom.models.kinds import in_words
from storyloom.story.origins import named
from storyloom.story.reading import Card
from storyloom.text import one_line, words
from storyloom.tui.legend import Legend, role_of
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["Live", "Lost", "SiblingsPane"]

_ROW_WIDTH = 56
"""Cells from which a branch's figures stand on the same line as its text."""


@dataclass(frozen=True)
class Live:
    """A branch that is being written, or has failed."""

    state: str
    text: str
    say: str = ""
    rate: float = 0.0
    """Words a second; 0 as long as that is not known."""
    again: int | None = None
    """Whole seconds until it is asked again; None when it does not wait for that."""


@dataclass(frozen=True)
class Lost:
    """A branch that ended without text."""

    node: int
    """Where it would have been; no node of the story."""
    model: str
    """The name the author knows it by."""
    fault: str
    """What went wrong, in a few words."""
    say: str
    """The same as a sentence."""


class SiblingsPane(TitledPane):
    """The cursor's fork: its number, text, model, length and state for each branch."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cards: Sequence[Card] = ()
        self._cursor = 0
        self._live: Mapping[int, Live] = {}
        self._unread: frozenset[int] = frozenset()
        self._lost: Sequence[Lost] = ()
        self._to_ask = ""
        self._again = ""
        self._pruned = 0
        self._asks = ""
        """What else there is to do where none of the branches is it."""
        self._legend: Legend | None = None
        self._top = 0

    def show(
        self,
        cards: Sequence[Card],
        cursor: int,
        legend: Legend,
        *,
        live: Mapping[int, Live],
        unread: frozenset[int] = frozenset(),
        lost: Sequence[Lost] = (),
        broken: str = "",
        again: str = "",
        pruned: int = 0,
        why: str = "",
        asks: str = "",
    ) -> None:
        """Show the branches of the fork that `cursor` is a branch of, with text or among the
        `lost`; `again` is the key that asks again, and `broken` says what else it does here.
        """
        self._cards, self._cursor, self._legend = cards, cursor, legend
        self._live, self._unread, self._lost, self._pruned = live, unread, lost, pruned
        self._to_ask, self._again = broken, again
        self._asks = asks
        self.title = (f"why: {one_line(why)}", "why") if why else ("branches", "title")
        self.note = (f"{len(cards)} here" + (f", {pruned} pruned" if pruned else ""), "dim")
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        legend, width, height = self._legend, self.room.width, self.room.height
        if legend is None or width <= 0:
            return
        foot = self._foot(width)
        # As much of each branch as there is room for, so that they can be compared at a glance.
        most = 2 if width >= _ROW_WIDTH else 4
        free = height - len(foot)
        narrow = width < _ROW_WIDTH
        taken = len(self._lost) * (2 if narrow else 1)
        each = max(1, min(most, (free - taken) // max(1, len(self._cards))))
        # Where others have more than one, those without text are all in sight.
        room = free if each == 1 else len(self._cards) + len(self._lost)
        rows = [*self._cards, *self._lost]
        at = next((n for n, row in enumerate(rows) if _node(row) == self._cursor), 0)
        if not self._top <= at < self._top + room:
            self._top = max(0, at - room // 2)
        self._top = max(0, min(self._top, len(rows) - room))
        lines: list[Line] = []
        for number, row in enumerate(rows[self._top : self._top + room], self._top + 1):
            if isinstance(row, Lost):
                lines += self._rows_of_lost(row, width, 2 if narrow and each > 1 else 1)
                continue
            make = self._column if narrow and each > 1 else self._row
            lines += make(number, row, width, each, legend)
        below = len(rows) - self._top - room
        if below > 0 and foot:
            foot = [((f"  {below} more below", "dim"),), *foot[1:]]
        self.show_inside([*lines, *foot][:height])

    def _foot(self, width: int) -> list[Line]:
        """Return what stands below the branches: what is asked again, what is pruned, and what
        else there is to do where none of them is it.
        """
        foot: list[Line] = []
        if self._to_ask:
            foot.append(((fitted(f"  ! {one_line(self._to_ask)}", width), "error"),))
        if self._pruned:
            foot.append(
                ((fitted(f"  x {self._pruned} pruned   U brings them back", width), "dim"),)
            )
        if self._asks and self.room.height >= 20:
            spans = wrap(self._asks, max(4, width - 2))
            foot += [((f"  {self._asks[start:end]}", "dim"),) for start, end in spans]
        return [(), *foot] if foot and self.room.height >= 20 else foot

    def _rows_of_lost(self, lost: Lost, width: int, height: int) -> list[Line]:
        """A branch without text: what went wrong, the key that asks again, and who it was."""
        selected = lost.node == self._cursor
        mark: Part = (f"{'>' if selected else ' '} !  ", "error")
        name = fitted(named(f"model:{lost.model}"), max(6, width // 4))
        again = f"{self._again} asks again"
        if height > 1:
            fault = _lit((mark, (fitted(lost.fault, max(4, width - 5)), "error")), selected)
            return [fault, ((f"     {again}  {name}", "dim"),)]
        room = max(4, width - 6 - cell_len(name))
        text = fitted(" · ".join((lost.fault, again, one_line(lost.say))), room)
        gap = " " * (1 + room - cell_len(text))
        return [_lit((mark, (text, "error"), (gap, ""), (name, "dim")), selected)]

    def _mark(self, number: int, card: Card) -> Part:
        pointer = ">" if card.id == self._cursor else " "
        unread = card.id in self._unread
        mark = "*" if card.woven else "•" if unread else " "
        style = "weave" if card.woven else "unread" if unread else "dim"
        return (f"{pointer}{number:>2}{mark} ", style)

    def _text(self, card: Card) -> str:
        live = self._live.get(card.id)
        text = one_line(live.text if live is not None else card.preview)
        if text:
            return text
        if live is not None and live.again is not None:
            return one_line(f"Enter asks now, x drops it: {live.say}")
        return "…" if live is not None and live.state in ("waiting", "writing") else "(blank page)"

    def _about(self, card: Card, legend: Legend) -> list[Part]:
        """Return a branch's state, its figures, and who wrote it."""
        live = self._live.get(card.id)
        parts: list[Part] = []
        if live is not None and live.state == "waiting":
            wait = live.again
            again = f"again in {wait} s" if wait else "asking again"
            parts.append(("waiting", "dim") if wait is None else (again, "warning"))
        elif live is not None:
            rate = f" {live.rate:.0f}/s" if live.rate >= 1 else ""
            parts.append((f"writing {words(live.text)}w{rate}", "unread"))
        else:
            state = in_words(card.finish, card.kind, card.status)
            if state:
                parts.append((state, "warning"))
            whole = card.length <= len(card.preview)
            length = f"{words(card.preview)}w" if whole else f"{card.length // 600}00+w"
            # A sketch is not counted: it is no text of the story.
            length = "" if card.sketch else length
            if figures := f"{f'+{card.kids}' if card.kids else ''} {length}".strip():
                parts.append((figures, "dim"))
        if card.sketch:
            parts.append(("sketch", "why"))
        if card.vary:
            parts.append((one_line(card.vary), "why"))
        name = named(card.author) + ("~" if card.edited else "")
        parts.append((name, role_of(card.author, legend.role)))
        return parts

    def _row(self, number: int, card: Card, width: int, each: int, legend: Legend) -> list[Line]:
        """A branch on the full width: its figures at the end of its first line."""
        tail: list[Part] = []
        used = 0
        for text, style in self._about(card, legend):
            text = fitted(text, min(cell_len(text), max(6, width // 4)))
            tail += [(" ", ""), (text, style)]
            used += cell_len(text) + 1
        room = max(4, width - 5 - used)
        body = self._broken(card, [room] + [width - 5] * (each - 1))
        selected = card.id == self._cursor
        style = "fresh" if selected else "text"
        head = _lit((self._mark(number, card), (body[0], style), *tail), selected)
        return [head, *(((" " * 5, ""), (line, "text")) for line in body[1:])]

    def _column(self, number: int, card: Card, width: int, each: int, legend: Legend) -> list[Line]:
        """A branch in a narrow column: its figures on a line of their own."""
        selected = card.id == self._cursor
        style = "fresh" if selected else "text"
        body = self._broken(card, [max(4, width - 5)] * (each - 1))
        about: list[Part] = []
        for part, role in reversed(self._about(card, legend)):
            about += [(part, role), ("  ", "")]
        return [
            _lit((self._mark(number, card), (body[0], style)), selected),
            *(((" " * 5, ""), (line, "text")) for line in body[1:]),
            (("     ", ""), *about),
        ]

    def _broken(self, card: Card, widths: list[int]) -> list[str]:
        """Return a branch's beginning in lines of those widths, cut visibly where it goes on."""
        text = self._text(card)
        lines: list[str] = []
        for at, width in enumerate(widths):
            if at == len(widths) - 1 or cell_len(text) <= width:
                lines.append(fitted(text, width))
                text = ""
                continue
            end = wrap(text, width)[0][1]
            lines.append(fitted(text[:end], width))
            text = text[end:].lstrip()
        return lines


def _node(row: Card | Lost) -> int:
    return row.node if isinstance(row, Lost) else row.id


def _lit(line: Line, selected: bool) -> Line:
    if not selected:
        return line
    return tuple((text, f"{style} selection".strip()) for text, style in line)
