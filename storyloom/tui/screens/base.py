"""What every screen of ours shares: commands by name, the key line, the line to type on."""

import inspect
import time
from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen

from storyloom.text import Refusal, one_line
from storyloom.tui.keys import Command, named
from storyloom.tui.widgets.bar import KeyLine, TooSmall
from storyloom.tui.widgets.prompt import Prompt

__all__ = ["SMALLEST", "CommandScreen"]

SMALLEST = (60, 16)
"""Columns and rows below which no screen is drawn."""
_PASTE_SECONDS = 0.3
"""Keys that come this soon after a paste, or after one another then, are its rest."""


class CommandScreen(Screen[object]):
    """A screen whose keys, `:` lines and palette entries all reach `do_<name>` methods."""

    TABLE: ClassVar[tuple[Command, ...]] = ()
    AUTO_FOCUS = ""
    _pasted = 0.0

    def compose_foot(self) -> ComposeResult:
        """The key line, the line to type on that takes its place, and what a screen too small
        for anything else says.
        """
        yield TooSmall(id="too-small")
        yield KeyLine(self.TABLE, id="keys")
        yield Prompt(id="prompt")

    @on(events.Resize)
    def see_size(self, event: events.Resize) -> None:
        """Say so where there is no room; everything is back when there is."""
        width, height = event.size
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-small")

    def on_paste(self) -> None:
        """Keep a paste from being taken for commands.

        A paste that holds an escape character ends there for the terminal's protocol, and its rest
        comes as if it were typed.
        """
        self._pasted = time.monotonic()
        if self.focused is None:
            self.say("That was pasted, so none of it was taken for keys.")

    async def action_do(self, name: str, argument: str = "") -> None:
        """Do the command of that name, which a key named."""
        if time.monotonic() - self._pasted < _PASTE_SECONDS:
            self._pasted = time.monotonic()
            return
        self.query_one("#keys", KeyLine).forget()
        await self.do(name, argument)

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command of this screen by its name; a refusal is said at the bottom."""
        method = getattr(self, f"do_{name.replace('-', '_')}")
        try:
            result = method(argument)
            if inspect.isawaitable(result):
                await result
        except Refusal as refusal:
            self.say(str(refusal), "warning")

    def say(self, sentence: str, severity: str = "information") -> None:
        """Say something on the key line until the next key."""
        self.query_one("#keys", KeyLine).say(one_line(sentence), severity)

    def ask(
        self,
        label: str,
        answer: Callable[[str], object],
        *,
        begun: str = "",
        choices: list[str] | None = None,
    ) -> None:
        """Ask for one line at the bottom; `answer` gets it, unless the author leaves."""
        self.query_one("#prompt", Prompt).ask(label, answer, begun=begun, choices=choices or [])

    def do_command(self, argument: str) -> None:
        """Open the `:` line."""
        del argument
        self.ask(":", self._run_line, choices=[command.name for command in self.TABLE])

    async def _run_line(self, line: str) -> None:
        name, _, argument = line.strip().partition(" ")
        if not name:
            return
        if name == "q":
            name = "quit" if named(self.TABLE, "quit") else "back"
        command = named(self.TABLE, name)
        if command is None:
            self.say(f"There is no command {name!r} here; ? shows all.", "warning")
            return
        await self.do(command.name, argument.strip())

    def do_help(self, argument: str) -> None:
        """Show this screen's keys."""
        del argument
        from storyloom.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.TABLE))
