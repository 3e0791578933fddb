"""The Textual application: themes, the models' process, and leaving without losing anything."""

import contextlib
import gc
import os
import signal
import sys
import traceback
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.widget import Widget

from storyloom.settings import Settings
from storyloom.story import file
from storyloom.text import Refusal, one_line, visible
from storyloom.tui import themes
from storyloom.tui.ahead import Ahead
from storyloom.tui.colourless import Colourless, Native, has_colours
from storyloom.tui.commands import SCREENS
from storyloom.tui.copied import Copied
from storyloom.tui.guard import Guard
from storyloom.tui.keys import keymap, shown_key
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.lines import LinePane

if TYPE_CHECKING:
    from textual.driver import Driver

    from storyloom.models.client import Client

__all__ = ["Loom", "run"]

_TRACE = 4_000
"""Characters of a crash's traceback that are shown: its end, which says what and where."""


class ScreenCommands(Provider):
    """The palette's entries: every command of the screen below it, with its keys."""

    async def discover(self) -> Hits:
        screen = self.screen
        if isinstance(screen, CommandScreen):
            for command in screen.commands:
                yield DiscoveryHit(
                    command.help, lambda name=command.name: self._do(name), help=_keys_of(command)
                )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        screen = self.screen
        if not isinstance(screen, CommandScreen):
            return
        for command in screen.commands:
            score = matcher.match(f"{command.name} {command.help}")
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(f"{command.name} {command.help}"),
                    lambda name=command.name: self._do(name),
                    help=_keys_of(command),
                )

    def _do(self, name: str) -> None:
        screen = self.screen
        if isinstance(screen, CommandScreen):
            screen.run_worker(screen.do(name), exit_on_error=False)


def _keys_of(command: "object") -> str:
    from storyloom.tui.keys import Command, shown_key

    assert isinstance(command, Command)
    keys = " ".join(shown_key(key) for key in command.keys)
    return f"{keys}   :{command.name}" if keys else f":{command.name}"


class Loom(App[int]):
    """Storyloom's screens. Give it a story file, a folder of stories, or none for the library."""

    CSS_PATH = "loom.tcss"
    # Textual's is white, which no one sees on a light terminal.
    CSS = """
    Input:ansi > .input--cursor {
        background: ansi_default; color: ansi_default; text-style: reverse;
    }
    """
    TITLE = "Storyloom"
    COMMANDS: ClassVar[set[type[Provider]]] = {ScreenCommands}  # pyright: ignore[reportIncompatibleVariableOverride]
    ENABLE_COMMAND_PALETTE = True
    # Textual annotates these so that neither a class nor an instance variable fits them.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012

    def __init__(
        self, path: Path | None, settings: Settings, client: "Client | None" = None
    ) -> None:
        super().__init__(driver_class=_driver())
        self.settings = settings
        self._client = client
        self._path = path
        self.first = ""
        """The command that the first screen does at once."""
        # Before anything is drawn: what is wrong with the author's keys is said in the shell.
        self.set_keymap(keymap(SCREENS, settings.keys))
        self._meant: WeakKeyDictionary[events.Key, Widget | None] = WeakKeyDictionary()
        """Who had the focus when a key came."""
        self._ahead = Ahead()
        self.refused: Refusal | None = None
        """Why the screens cannot go on."""
        self.copied: Copied | None = None
        """The passage that was copied last."""
        self._guard = Guard(ascii=settings.ascii)
        self.has_colours = has_colours(os.environ)
        self._fewer_colours = Colourless(), Native()
        # A thin line carries every frame of an animation; nothing here is worth that.
        self.animation_level = "none"
        self.loom_themes: dict[str, themes.LoomTheme] = {}
        """The themes with a loom's colours, by name."""
        self._refused = self.load_themes()
        known = settings.theme in self.loom_themes
        self.use_theme(settings.theme if known else "dusk")
        if not known:
            self._refused.append(f"There is no theme {settings.theme!r}; dusk is used.")

    def load_themes(self) -> list[str]:
        """Read the themes, again if they were read before; a sentence for each that is none."""
        found, refused = themes.load_all()
        self.loom_themes = {theme.name: theme for theme in found}
        for theme in found:
            self.register_theme(theme.to_textual(colours=self.has_colours))
        return refused

    def use_theme(self, name: str) -> None:
        """Show one of the loom's themes, as well as the terminal can, from now on."""
        theme = self.loom_themes[name]
        if self.console.color_system == "256":
            from storyloom.tui.depth import in_256

            theme = in_256(theme)
        self.register_theme(theme.to_textual(colours=self.has_colours))
        if self.theme == name and self.is_running:
            # Its file may say something else than before.
            self.refresh_css(animate=False)
        self.theme = name
        if self.is_running:
            self.call_next(self._draw_again)

    def _draw_again(self) -> None:
        """Draw all panes anew: Textual does so only where a widget's own colours are others now."""
        for screen in self.screen_stack:
            for pane in screen.query(LinePane):
                pane.notify_style_update()
                pane.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Put the guard behind Textual's own filters, without those that make greys of colours."""
        kept = (
            each
            for each in super().get_line_filters()
            if not isinstance(each, (Monochrome, NoColor))
        )
        colourless, native = self._fewer_colours
        if not self.has_colours:
            return [*kept, colourless, self._guard]
        return [*kept, *([native] if self.native_ansi_color else []), self._guard]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """No entries of Textual's own: the palette shows what `?` shows."""
        return ()

    @property
    def client(self) -> "Client":
        """The way to the models' process, which its first use starts."""
        if self._client is None:
            from storyloom.models.client import Client

            self._client = Client()
        return self._client

    def get_default_screen(self) -> Screen[object]:
        """Begin with the story, or the library: a screen put over an empty one is drawn twice."""
        if self._path is not None and not self._path.is_dir():
            from storyloom.tui.screens.loom import LoomScreen

            return LoomScreen(self._path)
        from storyloom.tui.screens.library import LibraryScreen

        return LibraryScreen(self._path)

    def on_mount(self) -> None:
        """Say what is wrong with the user's themes."""
        for sentence in self._refused[:1]:
            more = len(self._refused) - 1
            rest = f" And {more} more: 'storyloom themes' names them all." if more else ""
            self.notify(one_line(sentence) + rest, severity="warning", markup=False)
        screen = self.screen
        if self.first and isinstance(screen, CommandScreen):
            name, _, argument = self.first.partition(" ")
            screen.call_after_refresh(screen.do, name, argument)

    async def on_event(self, event: events.Event) -> None:
        """Note whom a key is for as it comes."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._ahead.holds(self.screen, event):
                return
            self._meant[event] = self.focused
        await super().on_event(event)

    async def _take_ahead(self) -> None:
        """Give a form what was typed before it had a box."""
        for key in self._ahead.released(self.screen):
            self._meant[key] = self.focused
            await super().on_event(key)

    def form_ready(self) -> None:
        """Take note that a form has a box that keys can go to."""
        self.call_later(self._take_ahead)

    async def _on_key(self, event: events.Key) -> None:
        """Give a box the keys that were pressed behind the one that opened it.

        On a slow link keys come many at once, and all of them are on their way to the screen
        before the first is done. What follows it must not be taken for commands: `:export` has an
        `x` in it.
        """
        box = self.focused
        if self._meant.get(event) is None and self._ahead.holds(self.screen, event):
            event.prevent_default()
        elif self._meant.get(event) is None and box is not None and box.can_focus:
            event.prevent_default()
            late = events.Key(event.key, event.character)
            self._meant[late] = box
            # Sent by the box, as Textual does not hand a message on to whoever sent it.
            box.post_message(late.set_sender(box))

    def open_story(self, path: Path) -> None:
        """Show the loom of a story; raises Refusal when it is none."""
        from storyloom.tui.screens.loom import LoomScreen

        self.push_screen(LoomScreen(path))

    def warm(self) -> None:
        """Start the models' process, as the author is about to need it; opening never does."""
        self.run_worker(self.client.warm(), exit_on_error=False, group="warm", exclusive=True)

    def action_help_quit(self) -> None:
        """Say how to leave, which is what ^c asks for."""
        screen = self.screen
        if isinstance(screen, CommandScreen):
            leaving = ("back", "leave", "library", "quit")
            keys = [each.keys[0] for each in screen.commands if each.name in leaving and each.keys]
            screen.say(f"{shown_key(keys[0])} leaves this screen; :quit leaves Storyloom from the "
                       "loom and the library.")  # fmt: skip

    async def action_quit(self) -> None:
        """Leave, as Textual's own key for it asks; a screen that asks first before it goes does."""
        screen = self.screen
        if isinstance(screen, CommandScreen):
            names = {command.name for command in screen.TABLE}
            for name in ("quit", "leave"):
                if name in names:
                    await screen.do(name)
                    return
        await self.leave()

    async def leave(self) -> None:
        """End the program after every screen has put its things in order."""
        for screen in reversed(self.screen_stack):
            closing = getattr(screen, "closing", None)
            if closing is not None:
                await closing()
        if self._client is not None:
            await self._client.close()
        self.exit(0)

    def _fatal_error(self) -> None:
        """Say what went wrong without what Textual would add: the values of all variables.

        They would hold the story, and may hold a key. Textual has no public place for this. What
        is refused with a sentence is left with that sentence.
        """
        from storyloom.models.redact import redact

        error = sys.exc_info()[1]
        if isinstance(error, Refusal):
            self.refused = error
            self._close_messages_no_wait()
            return

        # Cut only then, or half a key could stay at the beginning.
        trace = redact("".join(traceback.format_exception(*sys.exc_info())))[-_TRACE:]
        self.panic(Text(visible(trace)))

    def save_at_once(self) -> None:
        """Bring what has arrived into the file now, from whatever state; for a dying terminal."""
        for screen in reversed(self.screen_stack):
            save = getattr(screen, "save_at_once", None)
            if save is not None:
                with contextlib.suppress(Exception):
                    save()


def _driver() -> "type[Driver] | None":
    """Return the driver that spares a thin line, None where Textual has to choose its own."""
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from storyloom.tui import pasting, typed
    from storyloom.tui.driver import ThinDriver

    typed.allow_any()
    pasting.keep_whole()
    return ThinDriver


def run(path: Path | None, settings: Settings, first: str = "") -> int:
    """Run the screens until the author leaves and return the exit status.

    `first` is a command that the first screen does at once, as it would be typed. Raises Refusal
    when `path` is neither a story nor a folder, and when the screens cannot go on.
    """
    if path is not None and not path.is_dir():
        file.open_reader(path).close()
    # What the imports made stays to the end: looked through again, it would hold up a key.
    gc.freeze()
    app = Loom(path, settings)
    app.first = first
    with _leaving_by_signal(app):
        try:
            status = app.run()
        finally:
            # After a crash of the screens the story is still whole; this closes what streams.
            app.save_at_once()
    if app.refused is not None:
        raise app.refused
    return status if status is not None else (app.return_code or 0)


@contextlib.contextmanager
def _leaving_by_signal(app: Loom) -> Generator[None]:
    """Save and go on SIGHUP and SIGTERM.

    These are plain signal handlers and not the event loop's: when the terminal has gone, Textual's
    loop may be waiting for it for ever, and a plain handler runs even then. Nothing is awaited;
    what streams in is saved, the terminal is put right if it is still there, and the process ends.
    """
    state = _terminal_state()

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        app.save_at_once()
        _restore(state)
        os._exit(128 + number)

    names = ("SIGHUP", "SIGTERM")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


_MODES = (2004, 1000, 1003, 1015, 1006, 1004, 1049)
"""Private modes that Textual sets: paste, mouse, focus and the alternate screen."""
_LEAVE_SCREEN = b"\x1b[<u" + b"".join(b"\x1b[?%dl" % mode for mode in _MODES) + b"\x1b[?25h\x1b[0m"


def _terminal_state() -> object:
    try:
        import termios

        return termios.tcgetattr(sys.__stdin__ or 0)
    except Exception:
        return None


def _restore(state: object) -> None:
    if state is None:
        return
    import termios

    with contextlib.suppress(Exception):
        descriptor = (sys.__stderr__ or sys.stderr).fileno()
        os.set_blocking(descriptor, False)
        os.write(descriptor, _LEAVE_SCREEN)
    with contextlib.suppress(Exception):
        termios.tcsetattr(sys.__stdin__ or 0, termios.TCSANOW, state)  # pyright: ignore[reportArgumentType]
