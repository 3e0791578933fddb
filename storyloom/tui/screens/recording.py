"""The replay's part that records: `:cast` writes what would be played into a file, watched."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult

from storyloom.exchange.files import slug
from storyloom.replay import clock
from storyloom.replay.cast import SUFFIX
from storyloom.replay.player import Player
from storyloom.text import Refusal, one_line
from storyloom.tui.completing import complete_path
from storyloom.tui.exporting import Stopped
from storyloom.tui.screens.base import SMALLEST, CommandScreen
from storyloom.tui.widgets.progress import ProgressLine

if TYPE_CHECKING:
    from storyloom.tui.app import Loom
    from storyloom.tui.casting import Cast, Casting, Looks, Played

__all__ = ["RecordingScreen"]

_A_SECOND = 4
"""Draws of the progress; more of them would only cost a thin line its bytes."""
_CLEARED_UP = 2.0
"""Seconds that a dying program waits for what is half written to be taken away."""


class RecordingScreen(CommandScreen):
    """Writes a recording in a thread, of the size and in the colours that the screen has."""

    _casting: "Casting | None" = None
    """What is being written."""

    def to_cast(self) -> tuple[Path, str, Player]:
        """Return the story, its title, and how it is played. Raises Refusal when that is not known
        yet.
        """
        raise NotImplementedError

    def compose_foot(self) -> ComposeResult:
        yield ProgressLine(id="casting")
        yield from super().compose_foot()

    async def do_cast(self, name: str) -> None:
        """Write what would be played from the beginning, or from A to B, to a file."""
        self.refuse_while_casting()
        _, title, _ = self.to_cast()
        if name:
            await self._cast_to(name)
            return
        begun = slug(title) + SUFFIX
        self.ask("file", self._cast_to, begun=begun, complete=complete_path, over=True)

    async def _cast_to(self, name: str) -> None:
        from storyloom.tui.casting import Cast, target_of

        if not name.strip():
            return
        path, title, player = self.to_cast()
        target = await asyncio.to_thread(target_of, name.strip(), title)
        made = Cast(path, self._played(player), self._looks())

        def begin(*, replace: bool = True) -> None:
            self.run_worker(self._record(made, target, replace), exit_on_error=False, group="cast")

        if await asyncio.to_thread(os.path.lexists, target):
            self.confirm(f"{one_line(target.name)} is there already; replace it?", begin)
        else:
            begin(replace=False)

    def _played(self, player: Player) -> "Played":
        from storyloom.tui.casting import Played

        a, b = player.loop
        begin, end = (
            ("", "")
            if a is None or b is None
            else (str(player.recording.event(each)) for each in (a, b))
        )
        return Played(speed=player.speed, cap=player.cap, begin=begin, end=end)

    def _looks(self) -> "Looks":
        from storyloom.tui.casting import Looks
        from storyloom.tui.escapes import Ink

        app = cast("Loom", self.app)
        ink = Ink(
            app.loom_themes[app.theme], colours=app.has_colours, only_ascii=app.settings.ascii
        )
        width, height = map(max, self.size, SMALLEST)
        return Looks(ink, self.commands, width, height)

    async def _record(self, made: "Cast", target: Path, replace: bool) -> None:
        from storyloom.tui.casting import Casting

        job = self._casting = Casting(made, target)
        timer = self.set_interval(1 / _A_SECOND, lambda: self._show_progress(job))
        said, severity = "", "warning"
        try:
            await asyncio.to_thread(job.run, replace=replace)
            where = one_line(str(target.absolute()))
            said, severity = f"Recorded: {clock.said(made.seconds)}, in {where}.", "information"
        except Stopped:
            said = "It was stopped, and nothing half-written is left."
        except Refusal as refusal:
            said = str(refusal)
        except Exception as error:
            said = f"It was not recorded: {one_line(str(error)) or type(error).__name__}"
        finally:
            timer.stop()
            self._casting = None
            if self.is_attached:
                self.query_one("#casting", ProgressLine).hide()
        if self.is_attached:
            self.say(said, severity)

    def _show_progress(self, job: "Casting") -> None:
        word = f"writing {one_line(job.target.name)}, ^g stops"
        self.query_one("#casting", ProgressLine).show(word, *job.told)

    def refuse_while_casting(self) -> None:
        """Raise Refusal while a recording is being written."""
        if self._casting is not None:
            raise Refusal("It is being recorded; ^g stops that.")

    async def do_stop(self, _: str) -> None:
        """Stop the recording that is written, with nothing left of it; go back when none is."""
        if self._casting is None:
            await self.do("back")
        else:
            self._casting.stop()

    async def closing(self) -> None:
        """Stop what is being written."""
        self._stop_casting()

    def on_unmount(self) -> None:
        """Stop what is being written, as nobody would be told of it."""
        self._stop_casting()

    def _stop_casting(self) -> None:
        if self._casting is not None:
            self._casting.stop()

    def save_at_once(self) -> None:
        """Stop it when the terminal is going away, and let it clear up: the program ends then."""
        if self._casting is not None:
            self._casting.stop(_CLEARED_UP)
