"""How commands get their keys: what a command is, which keys there are, and an author's own.

A key press, a `:` line and the command palette all reach a command by its name. The commands
themselves are in `storyloom.tui.commands`, the one table that help, key line and `storyloom
bindings` are drawn from. Keys are from the set that every terminal, tmux and SSH pass on: letters,
digits, plain punctuation, Space, Enter, Tab, arrows, paging keys and a few of Control. Escape
always has a faster twin.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from textual.binding import Binding

__all__ = ["SAFE", "Command", "Table", "bindings", "keymap", "named", "rebound", "shown_key"]


@dataclass(frozen=True)
class Command:
    """One thing an author can do on one screen."""

    name: str
    """What `:` takes; the screen does it in its method `do_<name>`."""
    keys: tuple[str, ...]
    help: str
    """A sentence without its full stop."""
    group: str
    short: str = ""
    """Its word on the key line; empty keeps it off."""
    takes: str = ""
    """What may stand behind the name on a `:` line; empty for nothing."""
    screen: str = ""
    """The name of the screen it is a command of."""


Table = tuple[Command, ...]
"""The commands of one screen."""

_CONTROLS = "defgklnortuwxy"
SAFE = frozenset(
    (
        *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<>[]{}/?:;.'$+-",
        *(f"ctrl+{letter}" for letter in _CONTROLS),
        *"space enter tab shift+tab escape left right up down home end pageup pagedown".split(),
    )
)
"""Every key that may be asked for: no terminal, multiplexer or line in between eats it."""

_SHOWN = {
    "space": "Space", "enter": "Enter", "escape": "Esc", "left": "Left", "right": "Right",
    "up": "Up", "down": "Down", "home": "Home", "end": "End", "pageup": "PgUp",
    "pagedown": "PgDn", "tab": "Tab", "shift+tab": "Shift-Tab",
}  # fmt: skip
_NO_KEY = "f24"
"""What a command without keys is bound to, as Textual's keymap cannot take a key away."""
_FIXED = frozenset({"command", "help"})
"""Commands whose keys stay: without them nobody finds out what the others are."""


def shown_key(key: str) -> str:
    """Return how a key is written for the author."""
    return f"^{key[5:]}" if key.startswith("ctrl+") else _SHOWN.get(key, key)


def bindings(commands: Iterable[Command]) -> "list[Binding]":
    """Return Textual's bindings of a screen's commands; a digit goes to its command with it."""
    from textual.binding import Binding

    made: list[Binding] = []
    for command in commands:
        for key in command.keys:
            argument = key if key.isdigit() else ""
            action = f"do({command.name!r}, {argument!r})"
            # Keys that are digits say which; they cannot be given to another command.
            name = None if argument else f"{command.screen}.{command.name}"
            made.append(Binding(key, action, command.help, show=False, id=name))
    return made


def named(commands: Iterable[Command], name: str) -> Command | None:
    """Return the command of that name, or the only one that begins with it."""
    found = [command for command in commands if command.name.startswith(name)]
    exact = [command for command in found if command.name == name]
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None


Chosen = Mapping[str, Mapping[str, tuple[str, ...]]]
"""An author's own keys: by screen and command, as the config file has them."""


def rebound(commands: Table, chosen: Chosen) -> Table:
    """Return a screen's commands with the keys that the author has chosen for them."""
    own = chosen.get(commands[0].screen, {}) if commands else {}
    if not own:
        return commands
    return tuple(
        replace(command, keys=tuple(_key(key) for key in own[command.name]))
        if command.name in own
        else command
        for command in commands
    )


def keymap(screens: Mapping[str, Table], chosen: Chosen) -> dict[str, str]:
    """Return Textual's keymap for an author's own keys, by binding.

    It names every command of a screen of which one is changed, as Textual otherwise drops what
    swaps keys. Raises Refusal for a screen, a command or a key that is none, and for a key that
    two commands of a screen would have.
    """
    made: dict[str, str] = {}
    for screen, own in chosen.items():
        if screen not in screens:
            raise Refusal(f"[keys.{one_line(screen)}]: {_near(screen, screens, 'screen')}")
        table = screens[screen]
        names = [command.name for command in table]
        for name, keys in own.items():
            if name not in names:
                raise Refusal(f"[keys.{screen}]: {_near(name, names, 'command')}")
            command = table[names.index(name)]
            if name in _FIXED or any(key.isdigit() for key in command.keys):
                raise Refusal(f"[keys.{screen}]: the keys of {name} cannot be changed.")
            for key in keys:
                if _key(key) not in SAFE:
                    raise Refusal(
                        f"[keys.{screen}]: {name} cannot have the key {one_line(key)!r}; known are "
                        "letters, digits, < > [ ] { } / ? : ; . ' $ + -, Space, Enter, Tab, Esc, "
                        f"arrows (Up), Home, End, PgUp, PgDn and ^ with one of {_CONTROLS}."
                    )
        _refuse_clashes(screen, rebound(table, chosen))
        made |= {
            f"{screen}.{command.name}": ",".join(command.keys) or _NO_KEY
            for command in rebound(table, chosen)
            if not any(key.isdigit() for key in command.keys)
        }
    return made


def _refuse_clashes(screen: str, table: Table) -> None:
    taken: dict[str, str] = {}
    for command in table:
        for key in command.keys:
            if key in taken:
                raise Refusal(
                    f"[keys.{screen}]: {shown_key(key)} would be the key of both {taken[key]} and "
                    f"{command.name}; give one of them another key."
                )
            taken[key] = command.name


def _key(written: str) -> str:
    """Return Textual's name of a key as an author writes it: `^x`, `Space`, `PgUp`, `x`."""
    if len(written) == 2 and written[0] == "^":
        return f"ctrl+{written[1].lower()}"
    by_shown = {shown.lower(): key for key, shown in _SHOWN.items()}
    lowered = written.lower()
    return written if len(written) == 1 else by_shown.get(lowered, lowered)


def _near(name: str, known: Iterable[str], what: str) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
    return f"there is no {what} {one_line(name)!r}; {hint}"
