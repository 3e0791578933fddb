"""The first and the last line of a screen: where one is, and what the keys do."""

from collections.abc import Sequence

from rich.cells import cell_len

from storyloom.text import one_line
from storyloom.tui.keys import Command, shown_key
from storyloom.tui.widgets.lines import Line, LinePane, Part, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["Header", "KeyLine", "TooSmall", "header_line", "key_line"]

_MOST_LINES = 3
_ALWAYS = ("back", "leave", "quit", "help")
"""Commands that the key line names however narrow it is."""


_SHORTEST = 12
"""Cells of a part of the header below which it is left out rather than cut."""


class Header(LinePane):
    """The first line: names on the left, figures on the right, cut where there is no room."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left: Line = ()
        self._right: Line = ()

    def show(self, left: Line, right: Line = ()) -> None:
        """Show parts on the left and on the right.

        Where there is no room the longest parts give way first, so that a number is not lost to a
        title; then the last on the left and the first on the right are left out.
        """
        self._left, self._right = left, right
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        self.show_lines([header_line(self._left, self._right, self.size.width)])


def header_line(left: Line, right: Line, width: int) -> Line:
    """Return what a header with these parts shows in so many cells, see `Header.show`."""
    wanted = sum(min(cell_len(one_line(text)), _SHORTEST) + 2 for text, _ in left)
    behind = _fitted(right, max(width // 3, width - wanted), first=False)
    used = sum(cell_len(text) for text, _ in behind) + 2 * max(0, len(behind) - 1)
    before = _fitted(left, width - used - 2, first=True)
    line: list[Part] = [(text + "  ", style) for text, style in before]
    filled = sum(cell_len(text) for text, _ in line)
    line.append((" " * max(0, width - filled - used), ""))
    for number, (text, style) in enumerate(behind):
        line.append(("  " + text if number else text, style))
    return tuple(line)


def _fitted(parts: Line, room: int, *, first: bool) -> list[Part]:
    """Return parts that have room with two cells between each two, the `first` or the last ones."""
    cut = [(one_line(text), style) for text, style in parts]
    while True:
        widths = [min(cell_len(text), max(room, 0)) for text, _ in cut]
        over = sum(widths) + 2 * (len(widths) - 1) - room
        while over > 0 and max(widths) > _SHORTEST:
            widths[widths.index(max(widths))] -= 1
            over -= 1
        if over <= 0 or len(cut) < 2:
            break
        del cut[-1 if first else 0]
    return [
        (fitted(text, width), style)
        for (text, style), width in zip(cut, widths, strict=True)
        if width
    ]


class KeyLine(LinePane):
    """The last line: the most used keys, or a sentence until the next key."""

    DEFAULT_CSS = """
    KeyLine { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self, commands: Sequence[Command], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._commands = commands
        self._said: tuple[str, str] | None = None
        self._height = 1

    def offer(self, commands: Sequence[Command]) -> None:
        """Show these commands' keys from now on."""
        if commands != self._commands:
            self._commands = commands
            self._lay_out()

    def say(self, sentence: str, severity: str = "information") -> None:
        """Show a sentence in place of the keys until `forget`."""
        self._said = (sentence, severity)
        self._lay_out()

    def _grow(self, height: int) -> None:
        # Every word to Textual about a size has it lay out and draw the whole screen again.
        if height != self._height:
            self._height = height
            self.styles.height = height

    def forget(self) -> None:
        """Show the keys again."""
        if self._said is not None:
            self._said = None
            self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.size.width
        if self._said is not None:
            sentence, severity = self._said
            spans = wrap(sentence, max(width, 1))[:_MOST_LINES] if width else []
            # What is cut off a sentence is often what to do; it gets the lines it needs.
            self._grow(max(1, len(spans)))
            style = _STYLES.get(severity, "title")
            self.show_lines([((sentence[start:end], style),) for start, end in spans])
            return
        self._grow(1)
        self.show_lines([key_line(self._commands, width)])


def key_line(commands: Sequence[Command], width: int) -> Line:
    """Return the keys of those commands that there is room for in so many cells."""
    shown = [command for command in commands if command.short]
    # How to get out, and where all that there is no room for can be found.
    last = [command for command in shown if command.name in _ALWAYS]
    room = width - sum(_cells(command) for command in last)
    parts: list[Part] = []
    for command in [each for each in shown if each not in last]:
        if _cells(command) <= room + 2:
            room -= _cells(command)
            parts += _word(command)
    return (*parts, *(part for command in last for part in _word(command)))


def _word(command: Command) -> list[Part]:
    """Return a command's key and its word."""
    if command.short.startswith(("^", "1-9")):
        return [(f"{command.short}  ", "dim")]
    key = shown_key(command.keys[0]) if command.keys else f":{command.name}"
    same = key == f":{command.short}"
    return [(key, "title"), ("  " if same else f" {command.short}  ", "dim")]


def _cells(command: Command) -> int:
    return sum(cell_len(text) for text, _ in _word(command))


_STYLES = {"warning": "warning", "error": "error", "information": "title"}


class TooSmall(LinePane):
    """What stands on a screen that has no room for its panes."""

    DEFAULT_CSS = """
    TooSmall { display: none; layer: over; width: 100%; height: 100%; background: $background; }
    """

    def on_resize(self) -> None:
        size = self.app.size
        self.show_lines(
            [
                (("Storyloom needs 60 columns", "title"),),
                (("and 16 rows.", "title"),),
                ((f"Here are {size.width} and {size.height}.", "dim"),),
                (("Nothing is lost.", "dim"),),
            ]
        )
