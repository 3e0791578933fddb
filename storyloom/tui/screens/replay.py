"""A saved story seen as it grew: tree, text and log go on together, event by event."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE
from storyloom.replay.scene import Scene, Theatre
from storyloom.text import Refusal
from storyloom.tui import replay_frame, replay_rows
from storyloom.tui.commands import REPLAY
from storyloom.tui.keys import bindings
from storyloom.tui.legend import Legend
from storyloom.tui.replay_frame import Rooms
from storyloom.tui.screens.recording import RecordingScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import LinePane, TitledPane

__all__ = ["ReplayScreen"]

_FRAME = 1 / 20
"""Seconds between two frames while it plays."""
_Got = TypeVar("_Got")


class ReplayScreen(RecordingScreen):
    """Dismissed with the node to open the loom at, or None. Nothing is written to the story."""

    TABLE = REPLAY
    BINDINGS: ClassVar = bindings(REPLAY)
    DEFAULT_CSS = """
    ReplayScreen #moment { height: 1fr; }
    ReplayScreen #moment-tree { width: 30; margin: 0 1 0 0; }
    ReplayScreen #moment-page { width: 1fr; }
    ReplayScreen #moment-log { display: none; }
    ReplayScreen #moment-bar { height: 3; }
    ReplayScreen.-wide #moment-tree { width: 36; }
    ReplayScreen.-wide #moment-log { display: block; width: 34; margin: 0 0 0 1; }
    ReplayScreen.-tall #moment-bar { height: 4; padding: 1 0 0 0; }
    """

    def __init__(
        self, path: Path, title: str = "", *, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._now = now
        self._path, self._title = path, title or path.stem
        # A connection belongs to the thread that opened it: all of it is read in this one.
        self._desk = ThreadPoolExecutor(1, "replay")
        self._theatre: Theatre | None = None
        self._player: Player | None = None
        self._scene: Scene | None = None
        self._role: Callable[[str], str] = lambda _: "text"
        self._timer: Timer | None = None
        self._drawing = False
        self._stale = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="moment"):
            yield TitledPane(id="moment-tree", title="tree")
            yield TitledPane(id="moment-page", title="what happens")
            yield TitledPane(id="moment-log", title="log")
        yield LinePane(id="moment-bar")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Open the story; it is shown at its beginning as soon as its log is read."""
        self.query_one("#header", Header).show((("replay", "title"), (self._title, "text")))
        self.run_worker(self._open(), exit_on_error=False, group="replay")

    async def _open(self) -> None:
        try:
            self._theatre = await self._at_desk(partial(Theatre, self._path))
            self._role = await self._at_desk(self._legend)
            self._player = Player(self._theatre.recording)
            await self._draw()
            self._player.marks = await self._at_desk(self._theatre.prepare)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        await self._draw()

    def _legend(self) -> Callable[[str], str]:
        assert self._theatre is not None
        return self._theatre.read_with(Legend).role

    async def _at_desk(self, call: Callable[[], _Got]) -> _Got:
        return await asyncio.get_running_loop().run_in_executor(self._desk, call)

    def on_unmount(self) -> None:
        """Let the story go."""
        theatre = self._theatre
        if theatre is not None:
            self._desk.submit(theatre.close)
        self._desk.shutdown(wait=False)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._redraw)

    # Drawing.

    def _redraw(self) -> None:
        """Draw what is to be seen by now, once what is being drawn is done."""
        if self._drawing:
            self._stale = True
        else:
            self.run_worker(self._draw(), exit_on_error=False, group="frames")

    async def _draw(self) -> None:
        theatre, player = self._theatre, self._player
        if theatre is None or player is None or self._drawing or not self.is_mounted:
            return
        self._drawing = True
        try:
            while True:
                self._stale = False
                await self._draw_once(theatre, player)
                if not self._stale:
                    return
        except Refusal as refusal:
            self._halt()
            self.say(str(refusal), "warning")
        finally:
            self._drawing = False

    async def _draw_once(self, theatre: Theatre, player: Player) -> None:
        tree, page, log = (
            self.query_one(f"#moment-{name}", TitledPane) for name in ("tree", "page", "log")
        )
        rooms = Rooms(tree.room, page.room, log.room if log.display else None)
        take = partial(theatre.scene, player.position, player.share, **rooms.wanted())
        scene = self._scene = await self._at_desk(take)
        for pane, (note, lines) in zip(
            (tree, page, log), replay_frame.panes(scene, rooms, self._role), strict=False
        ):
            pane.note = note
            pane.show_inside(lines)
        head = replay_frame.head(self._title, player.recording, scene)
        self.query_one("#header", Header).show(*head)
        bar = self.query_one("#moment-bar", LinePane)
        bar.show_lines(replay_rows.bar_lines(player, bar.size.width))

    # Playing.

    def _frame(self) -> None:
        player = self._player
        if player is None:
            return
        player.tick(self._now())
        self._redraw()
        if not player.playing:
            self._halt()

    def _halt(self) -> None:
        if self._player is not None:
            self._player.playing = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _ready(self) -> Player:
        if self._player is None:
            raise Refusal("The story's log is still being read.")
        return self._player

    def to_cast(self) -> tuple[Path, str, Player]:
        """Return what a recording is made of."""
        return self._path, self._title, self._ready()

    def _moved(self) -> None:
        """Show where it stands now; what plays goes on from there."""
        if self._player is not None and not self._player.playing:
            self._halt()
        self._redraw()

    def do_play(self, _: str) -> None:
        """Play, or pause."""
        player = self._ready()
        player.toggle()
        if player.playing and self._timer is None:
            player.tick(self._now())
            self._timer = self.set_interval(_FRAME, self._frame)
        self._moved()

    def do_back(self, _: str) -> None:
        """Leave the replay."""
        self.refuse_while_casting()
        self._halt()
        self.dismiss(None)

    def do_open(self, _: str) -> None:
        """Open the loom at this node, as it is today."""
        self.refuse_while_casting()
        node = self._scene.focus if self._scene is not None else 0
        if not node:
            raise Refusal("There is no node yet at this moment.")
        self._halt()
        self.dismiss(node)

    def do_second_before(self, _: str) -> None:
        """Five seconds back."""
        self._ready().skip(-5)
        self._moved()

    def do_second_after(self, _: str) -> None:
        """Five seconds on."""
        self._ready().skip(5)
        self._moved()

    def do_event_before(self, _: str) -> None:
        """One event back."""
        self._ready().step(-1)
        self._moved()

    def do_event_after(self, _: str) -> None:
        """One event on."""
        self._ready().step(1)
        self._moved()

    def do_choice_before(self, _: str) -> None:
        """The choice before."""
        self._to_mark(CHOICE, -1)

    def do_choice_after(self, _: str) -> None:
        """The next choice."""
        self._to_mark(CHOICE, 1)

    def do_chapter_before(self, _: str) -> None:
        """The chapter before."""
        self._to_mark(CHAPTER, -1)

    def do_chapter_after(self, _: str) -> None:
        """The next chapter."""
        self._to_mark(CHAPTER, 1)

    def _to_mark(self, kind: str, direction: int) -> None:
        player = self._ready()
        what = "choice" if kind == CHOICE else "chapter mark"
        if not player.marks:
            raise Refusal(f"No {what} is known yet.")
        try:
            player.to_mark(kind, direction)
        except Refusal:
            where = "after" if direction > 0 else "before"
            raise Refusal(f"There is no {what} {where} this moment.") from None
        self._moved()

    def do_faster(self, _: str) -> None:
        """Play faster."""
        self._ready().change_speed(1)
        self._moved()

    def do_slower(self, _: str) -> None:
        """Play slower."""
        self._ready().change_speed(-1)
        self._moved()

    def do_share(self, tenths: str) -> None:
        """Go to that many tenths of the time."""
        if not tenths.isdecimal() or not 0 <= int(tenths) <= 10:
            raise Refusal("Write 0 to 9: tenths of the whole time.")
        self._ready().go_to_share(int(tenths))
        self._moved()

    def do_first(self, _: str) -> None:
        """The beginning."""
        self._ready().go(0)
        self._moved()

    def do_last(self, _: str) -> None:
        """The end."""
        player = self._ready()
        player.go(len(player.recording))
        self._moved()

    def do_go(self, place: str) -> None:
        """Go to a time, an event or a share of the whole; without one, ask for it."""
        player = self._ready()
        if not place:
            self.ask("14:30, 812 for an event, or 50%", self._go)
            return
        player.typed(place)
        self._moved()

    def _go(self, place: str) -> None:
        if place.strip():
            try:
                self.do_go(place)
            except Refusal as refusal:
                self.say(str(refusal), "warning")

    def do_loop_begin(self, _: str) -> None:
        """Begin the loop here, or no longer."""
        self._ready().set_loop("a")
        self._moved()

    def do_loop_end(self, _: str) -> None:
        """End the loop here, or no longer."""
        self._ready().set_loop("b")
        self._moved()
