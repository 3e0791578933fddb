"""What the screen of a replay has on it at a moment, pane by pane and as a whole, of any size."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from textual.geometry import Size

from storyloom.generate.caps import dollars
from storyloom.replay.player import Player
from storyloom.replay.recording import Recording
from storyloom.replay.scene import Scene
from storyloom.text import grouped
from storyloom.tui import replay_rows
from storyloom.tui.keys import Command
from storyloom.tui.replay_rows import Role
from storyloom.tui.widgets.bar import header_line, key_line
from storyloom.tui.widgets.lines import Line, Part, edge
from storyloom.tui.widgets.strand import MEASURE

__all__ = ["TITLES", "Cell", "Frame", "Pane", "Rooms", "Row", "head", "panes"]

TITLES = ("tree", "what happens", "log")
_LAST = 3
"""Operations that are told above the text where there is no room for a pane of their own."""


class Pane(NamedTuple):
    """What a pane shows below its title."""

    note: Part
    lines: list[Line]


class Rooms(NamedTuple):
    """The cells that the panes have below their titles; none for a log that has no pane."""

    tree: Size
    page: Size
    log: Size | None

    @property
    def measure(self) -> int:
        """The cells that a line of the text may have."""
        return min(MEASURE, max(20, self.page.width - 2))

    def wanted(self) -> dict[str, int]:
        """Return how much of a scene fills them, as `Theatre.scene` takes it."""
        return {
            "rows": max(1, self.tree.height),
            "room": max(400, self.measure * (self.page.height + 2)),
            "happened": max(1, self.log.height if self.log is not None else _LAST),
        }


def panes(scene: Scene, rooms: Rooms, role: Role, figures: Sequence[Line] = ()) -> list[Pane]:
    """Return what the tree, the page, and the log if it has a pane, show of a moment; figures are
    below the log, or above the text in place of what happened last.
    """
    tree = replay_rows.tree_lines(scene, *rooms.tree, role)
    above: list[Line] = []
    if rooms.log is None:
        above = [*figures] or replay_rows.happening_lines(scene.happened, rooms.page.width, _LAST)
        if above:
            above.append(())
    room = rooms.page.height - len(above)
    text = replay_rows.page_lines(scene.passages, rooms.measure, room, role)
    page = [*above, *(((" ", ""), *line) for line in text)]
    made = [
        Pane((replay_rows.counts_said(scene), "dim"), tree),
        Pane((f"n{scene.focus}" if scene.focus else "", "dim"), page),
    ]
    if rooms.log is not None:
        room = rooms.log.height - len(figures) - bool(figures)
        log = replay_rows.happening_lines(scene.happened, rooms.log.width, room)
        if figures:
            # At the foot, so that none of them moves when something happens.
            log += [()] * (rooms.log.height - len(log) - len(figures))
        log += figures
        made.append(Pane(("", "dim"), log))
    return made


def head(title: str, recording: Recording, scene: Scene) -> tuple[Line, Line]:
    """Return the left and the right of the header at a moment."""
    sittings, last = len(recording.sittings), recording.event(len(recording))
    when = ""
    if scene.position:
        moment = time.localtime(recording.times[scene.position - 1] / 1000)
        when = time.strftime("%Y-%m-%d %H:%M", moment)
    return (
        (
            ("replay", "title"),
            (title, "text"),
            (f"sitting {recording.sitting(scene.position)} of {sittings}", "dim"),
        ),
        (
            (when, "dim"),
            (f"event {grouped(recording.event(scene.position))}/{grouped(last)}", "title"),
            (dollars(scene.dollars) if scene.dollars else "", "dim"),
        ),
    )


class Cell(NamedTuple):
    """A line in a part of a row."""

    line: Line
    width: int
    ground: str = "background"
    """The name of the colour behind it: `background` or `panel`."""


Row = tuple[Cell, ...]
"""A row of the screen from its left to its right end."""


class Frame:
    """The whole screen, of one size, as `ReplayScreen` lays it out."""

    def __init__(self, width: int, height: int, title: str, commands: Sequence[Command]) -> None:
        self._width, self._title, self._commands = width, title, commands
        wide, self._tall = width >= 100, height >= 30
        body = max(1, height - (6 if self._tall else 5))
        tree, log = (36, 34) if wide else (30, 0)
        page = width - tree - 1 - (log + 1 if log else 0)
        self._widths = [tree, page, *([log] if log else [])]
        sizes = [Size(each, body - 1) for each in self._widths]
        self.rooms = Rooms(sizes[0], sizes[1], sizes[2] if wide else None)
        self._scene: Scene | None = None
        self._drawn: list[Row] = []

    def rows(
        self, player: Player, scene: Scene, role: Role, figures: Sequence[Line] = ()
    ) -> list[Row]:
        """Return the rows from the top to the bottom; `figures` are as `panes` takes them."""
        if scene is not self._scene:
            # In most frames nothing but the time has gone on.
            self._scene, self._drawn = scene, self._body(scene, role, figures)
        left, right = head(self._title, player.recording, scene)
        bar = replay_rows.bar_lines(player, self._width)
        return [
            self._edge_row(header_line(left, right, self._width - 2)),
            *self._drawn,
            *((Cell(line, self._width),) for line in ([(), *bar] if self._tall else bar)),
            self._edge_row(key_line(self._commands, self._width - 2)),
        ]

    def _edge_row(self, line: Line) -> Row:
        side = Cell((), 1, "panel")
        return side, Cell(line, self._width - 2, "panel"), side

    def _body(self, scene: Scene, role: Role, figures: Sequence[Line]) -> list[Row]:
        columns: list[list[Cell]] = []
        for pane, title, width in zip(
            panes(scene, self.rooms, role, figures), TITLES, self._widths, strict=False
        ):
            lines = [edge((title, "title"), pane.note, width), *pane.lines]
            lines += [()] * (self.rooms.tree.height + 1 - len(lines))
            columns.append([Cell(line, width) for line in lines])
        gap = Cell((), 1)
        rows = zip(*columns, strict=True)
        return [tuple(part for cell in row for part in (gap, cell))[1:] for row in rows]
