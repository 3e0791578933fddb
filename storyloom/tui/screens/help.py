"""The keys of one screen, in the groups of the key table."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult

from storyloom.tui.commands import HELP
from storyloom.tui.keys import Command, bindings, shown_key
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.signs import LEGENDS
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.wrapping import wrap

__all__ = ["HelpScreen"]

_GROUPS = {
    "move": "Moving",
    "make": "Making",
    "shape": "Shaping",
    "look": "Looking",
    "leave": "Leaving, and the rest",
}
_WIDEST = 100


class HelpScreen(CommandScreen):
    """What every key of the screen below does, and the `:` name that does the same."""

    TABLE = HELP
    BINDINGS: ClassVar = bindings(HELP)
    CSS = "HelpScreen #page { padding: 1 2 0 2; height: 1fr; }"

    def __init__(self, commands: Sequence[Command], title: str = "") -> None:
        super().__init__()
        self._commands = commands
        self._title = title
        self._lines: list[Line] = []
        self._top = 0

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="page")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.call_after_refresh(self._lay_out)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        width = self.query_one("#page", LinePane).size.width
        measure = min(width, _WIDEST)
        margin = " " * ((width - measure) // 2)
        keys = max((cell_len(_keys(command)) for command in self._commands), default=0)
        names = max((cell_len(_name(command)) for command in self._commands), default=0)
        lines: list[Line] = []
        for group, heading in _GROUPS.items():
            commands = [command for command in self._commands if command.group == group]
            if commands:
                if lines:
                    lines.append(())
                lines.append(((margin + heading, "title"),))
                for command in commands:
                    lines += [((margin, ""), *line) for line in _row(command, measure, keys, names)]
        legend = LEGENDS.get(self._commands[0].screen, ()) if self._commands else ()
        if legend:
            lines += [(), ((margin + "Signs", "title"),)]
            for mark, meaning in legend:
                for number, (start, end) in enumerate(wrap(meaning, max(10, measure - 16))):
                    shown = f"{margin}  {'' if number else mark:<12}"
                    lines.append(((shown, "title"), (meaning[start:end], "text")))
        self._lines = [*lines, (), ((margin + _FOOT, "dim"),)] if measure >= 60 else lines
        self._scroll(0)

    def _scroll(self, lines: int) -> None:
        pane = self.query_one("#page", LinePane)
        height = pane.size.height
        last = max(0, len(self._lines) - height)
        self._top = max(0, min(self._top + lines, last))
        pane.show_lines(self._lines[self._top : self._top + height])
        shown = (self._top + height) * 100 // max(1, len(self._lines))
        self.query_one("#header", Header).show(
            (("keys", "title"), (self._title, "dim")),
            ((f"{min(100, shown)}%" if last else "all", "dim"),),
        )

    def do_down(self, argument: str) -> None:
        """One line on."""
        del argument
        self._scroll(1)

    def do_up(self, argument: str) -> None:
        """One line back."""
        del argument
        self._scroll(-1)

    def do_page_down(self, argument: str) -> None:
        """A page on."""
        del argument
        self._scroll(max(1, self.query_one("#page").size.height - 2))

    def do_page_up(self, argument: str) -> None:
        """A page back."""
        del argument
        self._scroll(-max(1, self.query_one("#page").size.height - 2))

    def do_back(self, argument: str) -> None:
        """Back to the screen below."""
        del argument
        self.dismiss(None)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)


_FOOT = ": takes a command by its name or its beginning; ^p finds it by any word."


def _row(command: Command, width: int, keys: int, names: int) -> list[Line]:
    """Return a command's lines: its keys, what it does, its name and what that takes."""
    room = max(10, width - keys - names - 7)
    lines: list[Line] = []
    for number, (start, end) in enumerate(wrap(command.help, room)):
        text = command.help[start:end]
        if number:
            lines.append(((" " * (keys + 5), ""), (text, "text")))
            continue
        gap = " " * (room - cell_len(text) + 2)
        lines.append(
            (
                (f"  {left(_keys(command), keys)}   ", "title"),
                (text, "text"),
                (gap, ""),
                (left(_name(command), names), "dim"),
            )
        )
    return lines


def _name(command: Command) -> str:
    return f":{command.name} {command.takes}".strip()


def _keys(command: Command) -> str:
    if command.keys and all(key.isdigit() for key in command.keys):
        return f"{command.keys[0]}-{command.keys[-1]}"
    return "  ".join(shown_key(key) for key in command.keys)
