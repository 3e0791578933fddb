"""The command `bindings`: every key of every screen, the author's own in place of ours."""

import json
from argparse import Namespace

from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data
from storyloom.text import Refusal

__all__ = ["add"]

_GROUPS = {
    "move": "moving", "make": "making", "shape": "shaping", "look": "looking", "leave": "leaving",
}  # fmt: skip


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "bindings",
        "Print the keys of all screens, or of some; with your own from the settings.",
        "storyloom bindings",
        "storyloom bindings loom reader",
        "storyloom bindings --json | jq -r 'select(.screen == \"loom\") | .command'",
        more="The name of a command is what ':' takes, and what [keys.SCREEN] in the settings\n"
        "gives other keys to. A * marks the keys that are your own.",
    )
    parser.add_argument("screens", metavar="SCREEN", nargs="*")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one object a line: screen, command, keys, help, group, takes, own",
    )
    parser.set_defaults(run=_bindings)


def _bindings(options: Namespace) -> int:
    import difflib

    from storyloom import settings
    from storyloom.tui.commands import SCREENS
    from storyloom.tui.keys import keymap, rebound, shown_key

    chosen = settings.load().keys
    keymap(SCREENS, chosen)
    for screen in options.screens:
        if screen not in SCREENS:
            near = difflib.get_close_matches(screen, SCREENS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SCREENS)}."
            raise Refusal(f"There is no screen {screen!r}; {hint}")
    names = list(dict.fromkeys(options.screens)) or list(SCREENS)
    for number, screen in enumerate(names):
        own = chosen.get(screen, {})
        table = rebound(SCREENS[screen], chosen)
        if options.json:
            for each in table:
                said = {
                    "screen": screen,
                    "command": each.name,
                    "keys": [shown_key(key) for key in each.keys],
                    "help": each.help,
                    "group": each.group,
                    "takes": each.takes,
                    "own": each.name in own,
                }
                data(json.dumps(said))
            continue
        if number:
            data()
        data(screen)
        for group, title in _GROUPS.items():
            rows = [each for each in table if each.group == group]
            if rows:
                data(f"  {title}")
            for each in rows:
                keys = " ".join(shown_key(key) for key in each.keys)
                mark = "*" if each.name in own else " "
                name = f":{each.name} {each.takes}".rstrip()
                data(f"  {mark} {keys:<18} {name:<22} {each.help}")
    return 0
