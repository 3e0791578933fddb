"""A saved story seen as it grew: tree, text and log go on together, event by event."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from storyloom.replay import clock
from storyloom.replay.figures import Figures
from storyloom.replay.player import Player
from storyloom.replay.scene import Scene, Theatre
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui import replay_frame, replay_rows
from storyloom.tui.commands import REPLAY
from storyloom.tui.desk import Desk
from storyloom.tui.keys import bindings
from storyloom.tui.legend import Legend
from storyloom.tui.replay_figures import figure_lines
from storyloom.tui.replay_frame import Rooms
from storyloom.tui.screens.recording import RecordingScreen
from storyloom.tui.screens.reviving import Moment, Reviving
from storyloom.tui.screens.seeking import Seeking
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import LinePane, TitledPane

__all__ = ["ReplayScreen"]

_HURRY = (2, 4)
"""Operations in a frame, and a speed, above which every other frame is drawn."""


_left: dict[Path, tuple[int, float]] = {}
"""Of each story whose replay was left for the loom, the event and the speed it was left at."""


class ReplayScreen(Seeking, Reviving, RecordingScreen):
    """Dismissed with the node to open the loom at, or None. Nothing is written to the story but a
    branch that is taken back from a moment, to `story` when the loom has it open already.
    """

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
        self,
        path: Path,
        title: str = "",
        at: str = "",
        *,
        story: Story | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._story = story
        self._now = now
        self._path, self._title = path, title or path.stem
        self._desk = Desk("replay")
        self._theatre: Theatre | None = None
        self._player: Player | None = None
        self._scene: Scene | None = None
        self._figures: Figures | None = None
        self._counted: dict[str, int] = {}
        self._shows_figures: bool | None = None
        """None where they are shown when there is room."""
        self._taken: object = None
        """What the scene that is shown was taken for."""
        self._role: Callable[[str], str] = lambda _: "text"
        self._timer: Timer | None = None
        self._drawing = False
        self._stale = False
        self._owed = False
        """Whether a frame was passed over, so that the next one is drawn."""
        self._at = at
        """Where it begins, and at which speed, as `Player.begin` takes it."""

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
            theatre = await self._desk.do(self._open_theatre)
            self._player = player = Player(theatre.recording)
            back = self._begin(player)
            await self._draw()
            self._player.marks = await self._desk.do(theatre.prepare)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        await self._draw()
        if back:
            self.say("It stands where you left it for the loom; < goes to the beginning.")

    def _begin(self, player: Player) -> bool:
        """Put the player where it is to begin, and return whether it was left there."""
        event, speed = _left.pop(self._path, (0, 1.0))
        if self._at:
            try:
                player.begin(self._at)
            except Refusal as refusal:
                self.say(str(refusal), "warning")
            return False
        player.go(player.recording.position_of(event))
        player.set_speed(speed)
        return event > 0

    def _open_theatre(self) -> Theatre:
        self._theatre = theatre = Theatre(self._path)
        self._figures = Figures(theatre)
        self._role = theatre.read_with(Legend).role
        return theatre

    def on_unmount(self) -> None:
        """Let the story go."""

        def close() -> None:
            # Asked at the desk: the story may still be being opened.
            if self._theatre is not None:
                self._theatre.close()

        self._desk.leave(close)

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
        figures = log.display if self._shows_figures is None else self._shows_figures
        asked = (player.position, rooms, figures)
        if self._scene is None or asked != self._taken or self._scene.grows:
            take = partial(theatre.scene, player.position, player.share, **rooms.wanted())
            scene = self._scene = await self._desk.do(partial(self._take, take, figures))
            self._taken = asked
            width = (rooms.log or rooms.page).width
            told = figure_lines(self._counted, scene, player, width, self._role) if figures else []
            drawn = replay_frame.panes(scene, rooms, self._role, told)
            for pane, (note, lines) in zip((tree, page, log), drawn, strict=False):
                pane.note = note
                pane.show_inside(lines)
        head = replay_frame.head(self._title, player.recording, self._scene)
        self.query_one("#header", Header).show(*head)
        bar = self.query_one("#moment-bar", LinePane)
        bar.show_lines(replay_rows.bar_lines(player, bar.size.width))

    def _take(self, take: Callable[[], Scene], figures: bool) -> Scene:
        """Take a scene and count whose it is; at the desk."""
        scene = take()
        if figures and self._figures is not None:
            self._counted = self._figures.of(scene.focus)
        return scene

    # Playing.

    def _frame(self) -> None:
        player = self._player
        if player is None:
            return
        before = (player.position, player.seconds, player.playing)
        player.tick(self._now())
        changed = (player.position, player.seconds, player.playing) != before
        passed = abs(player.position - self._scene.position) if self._scene is not None else 0
        # Where much happens, all of the screen is new each time: a thin line is spared it.
        hurried = player.playing and (passed > _HURRY[0] or player.speed > _HURRY[1])
        if changed and hurried and not self._owed:
            self._owed = True
        elif changed or self._owed:
            self._owed = False
            self._redraw()
        if not player.playing:
            self._halt()

    def _halt(self) -> None:
        if self._player is not None:
            self._player.playing = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ready(self) -> Player:
        """Return the player. Raises Refusal while there is none."""
        if self._player is None:
            raise Refusal("The story's log is still being read.")
        return self._player

    def to_cast(self) -> tuple[Path, str, Player]:
        """Return what a recording is made of."""
        return self._path, self._title, self.ready()

    def moved(self) -> None:
        """Show where it stands now; what plays goes on from there."""
        if self._player is not None and not self._player.playing:
            self._halt()
        self._redraw()

    def do_play(self, _: str) -> None:
        """Play, or pause."""
        player = self.ready()
        player.toggle()
        if player.playing and self._timer is None:
            player.tick(self._now())
            self._timer = self.set_interval(clock.FRAME, self._frame)
        self.moved()

    def do_back(self, _: str) -> None:
        """Leave the replay."""
        self.refuse_while_casting()
        self._halt()
        self.dismiss(None)

    async def do_open(self, _: str) -> None:
        """Open the loom at this node, as it is today."""
        self.refuse_while_casting()
        node = (await self.moment()).node
        if not node:
            raise Refusal("There is no node yet at this moment.")
        self.leave_for(node)

    def leave_for(self, node: int | None) -> None:
        """Leave for a node in the loom, and know the place of the replay when one comes back."""
        self.refuse_while_casting()
        self._halt()
        player = self.ready()
        _left[self._path] = (player.recording.event(player.position), player.speed)
        self.dismiss(node)

    def do_figures(self, _: str) -> None:
        """Show whose the strand is, or no longer."""
        wide = self.query_one("#moment-log").display
        shown = wide if self._shows_figures is None else self._shows_figures
        self._shows_figures = not shown
        self._redraw()

    async def moment(self) -> Moment:
        """Stop playing, and return what is seen, or will be as soon as it is drawn."""
        player, theatre = self.ready(), self._theatre
        self._halt()
        self._redraw()
        assert theatre is not None
        position = player.position
        take = partial(theatre.scene, position, player.share, rows=1, room=1, happened=1)
        scene = await self._desk.do(take)
        writing = bool(scene.passages) and scene.passages[-1].writing
        return Moment(player.recording.event(position), scene.focus, writing)
