"""A replay of a story written to a file as an asciicast: what would be seen, and when."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storyloom.exchange.files import refuse_taken, slug, write_new
from storyloom.replay import cast, clock
from storyloom.replay.cast import Event, Head
from storyloom.replay.figures import Figures
from storyloom.replay.frames import played
from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE, Mark
from storyloom.replay.scene import Scene, Theatre
from storyloom.story import marks
from storyloom.text import Refusal, first_words, one_line
from storyloom.tui.escapes import END, Ink, Sheet
from storyloom.tui.exporting import Stopped
from storyloom.tui.keys import Command
from storyloom.tui.legend import Legend
from storyloom.tui.replay_figures import figure_lines
from storyloom.tui.replay_frame import Frame
from storyloom.tui.screens.base import SMALLEST

__all__ = ["Cast", "Casting", "Looks", "Played", "size_of", "target_of"]

_LABEL = 60
"""Characters of a marker's label."""
_LARGEST = (500, 200)
"""Columns and rows; no screen has more, and a wrong figure should not fill a disk."""

Progress = Callable[[int, int], object]
"""Told how many operations are played, and of how many. What it raises ends the writing."""


@dataclass(frozen=True)
class Looks:
    """What a recording looks like."""

    ink: Ink
    commands: Sequence[Command]
    """Whose keys the last line has."""
    width: int = 80
    height: int = 24


@dataclass(frozen=True)
class Played:
    """What is played, and how."""

    version: int = cast.VERSIONS[0]
    speed: float = 1.0
    """One of `clock.SPEEDS`."""
    cap: float = clock.IDLE_CAP
    """The seconds that are waited at most."""
    begin: str = ""
    """Where it begins, as `Player.typed` takes it; nothing is the beginning."""
    end: str = ""
    """Where it ends; nothing is the end."""


class Cast:
    """A recording that is to be made of a story."""

    def __init__(self, story: Path, play: Played, looks: Looks) -> None:
        self._story, self._play, self._looks = story, play, looks
        self.seconds = 0.0
        """How long what is made by now is."""

    def write(
        self, target: Path, *, replace: bool = False, progress: Progress = lambda _, __: None
    ) -> None:
        """Write it to a file that is whole, or not there. Raises Refusal as `lines` and
        `files.write_new` do.
        """
        if not replace and not target.is_dir():
            # Before all of the log is read.
            refuse_taken(target)
        # Closed here whatever becomes of the file, as a story is closed where it was opened.
        with closing(self.lines(progress)) as made:
            write_new(target, made, replace=replace)

    def lines(self, progress: Progress = lambda _, __: None) -> Generator[str]:
        """Yield the lines of an asciicast, each as soon as it is known.

        Raises Refusal for a story that cannot be replayed, and where nothing is between the
        beginning and the end.
        """
        play, looks = self._play, self._looks
        theatre = Theatre(self._story)
        try:
            player = Player(theatre.recording, theatre.prepare(), cap=play.cap)
            player.set_speed(play.speed)
            end = _to_ends(player, play)
            title = theatre.read_with(lambda read: marks.story_text(read, "title"))
            title = one_line(title) or self._story.stem
            begin = player.position
            began = player.recording.times[begin] // 1000
            head = Head(looks.width, looks.height, title, began, play.cap)
            events = self._timed(_events(theatre, player, end, title, looks))
            for line in cast.lines(head, events, play.version):
                progress(player.position - begin, end - begin)
                yield line
        finally:
            theatre.close()

    def _timed(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            self.seconds = event.time / 1e6
            yield event


def _to_ends(player: Player, play: Played) -> int:
    """Put the player where it begins and return the position at which it ends."""
    end = len(player.recording)
    if play.end:
        player.typed(play.end)
        end = player.position
    player.go(0)
    if play.begin:
        player.typed(play.begin)
    if player.position >= end:
        raise Refusal("There is nothing to be played between where it begins and where it ends.")
    return end


def _events(
    theatre: Theatre, player: Player, end: int, title: str, looks: Looks
) -> Iterator[Event]:
    frame = Frame(looks.width, looks.height, title, looks.commands)
    sheet, role = Sheet(looks.ink), theatre.read_with(Legend).role
    coming = [
        mark
        for mark in player.marks
        if mark.kind in (CHAPTER, CHOICE) and player.position <= mark.position < end
    ]
    figures, told = Figures(theatre), []
    scene: Scene | None = None
    time = 0
    for time in played(player, end):
        writing = scene is not None and any(passage.writing for passage in scene.passages)
        if scene is None or writing or scene.position != player.position:
            scene = theatre.scene(player.position, player.share, **frame.rooms.wanted())
            if log := frame.rooms.log:
                counted = figures.of(scene.focus)
                told = figure_lines(counted, scene, player, log.width, role)
        if changes := sheet.change(frame.rows(player, scene, role, told)):
            yield Event(time, cast.OUTPUT, changes)
        # Behind what shows it, so that whoever goes to a marker sees what it is of.
        while coming and coming[0].position < player.position:
            yield Event(time, cast.MARKER, _label(theatre, coming.pop(0)))
    yield Event(time, cast.OUTPUT, f"\x1b[{looks.height};1H{END}")


def _label(theatre: Theatre, mark: Mark) -> str:
    if mark.kind == CHAPTER:
        return first_words(mark.title, _LABEL) or f"chapter at n{mark.node}"
    return f"n{mark.node} {first_words(theatre.beginning_of(mark.node), _LABEL)}".strip()


def target_of(name: str, title: str) -> Path:
    """Return the file that is meant: in a folder, and where there is no name, named after the
    title.
    """
    path = Path(name).expanduser()
    if not name or path.is_dir():
        return path / (slug(title) + cast.SUFFIX)
    return path if path.suffix else path.with_name(path.name + cast.SUFFIX)


def size_of(text: str) -> tuple[int, int]:
    """Return the columns and rows of `80x24`. Raises Refusal when it is none, or none that a
    screen is drawn on.
    """
    width, _, height = text.lower().partition("x")
    if not all(part.isascii() and part.isdecimal() and len(part) < 5 for part in (width, height)):
        raise Refusal(f"{one_line(text)!r} is no size; write columns and rows, such as 80x24.")
    size = int(width), int(height)
    if not all(
        least <= each <= most for least, each, most in zip(SMALLEST, size, _LARGEST, strict=True)
    ):
        least, most = (f"{columns}x{rows}" for columns, rows in (SMALLEST, _LARGEST))
        raise Refusal(f"A recording is {least} at least and {most} at most, not {one_line(text)}.")
    return size


class Casting:
    """A recording on its way into a file, in a thread, watched and stopped from another one."""

    def __init__(self, made: Cast, target: Path) -> None:
        self.cast, self.target = made, target
        self.told = (0, 0)
        """How many operations are played, and of how many."""
        self._stop = threading.Event()
        self._ended = threading.Event()

    def run(self, *, replace: bool) -> None:
        """Write the file. Raises Refusal, or `Stopped` when it was; it is whole or not there."""
        try:
            self.cast.write(self.target, replace=replace, progress=self._note)
        finally:
            self._ended.set()

    def _note(self, done: int, whole: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self.told = (done, whole)

    def stop(self, wait: float = 0) -> None:
        """Have it end soon, and wait up to so many seconds until it has."""
        self._stop.set()
        if wait:
            self._ended.wait(wait)
