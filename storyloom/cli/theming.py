"""The command `themes`: the colour themes there are, and which of them the screens have."""

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.parsing import Commands, Parser
from storyloom.cli.terminal import counted, data, say
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.tui.themes import LoomTheme

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command with its verb."""
    parser = commands.add(
        "themes",
        "List the colour themes, the one in use with a star, and choose another.",
        "storyloom themes",
        "storyloom themes use paper",
        more="On the screens, ':theme' shows them as they are. A theme of your own is a file in\n"
        "the folder 'themes' beside the settings; what is wrong with one is said here.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="use", parser_class=Parser)
    parser.set_defaults(run=_list)
    use: Parser = verbs.add_parser(
        "use",
        help="use a theme from now on",
        description="Use a theme from now on: its name is written into the settings, whatever\n"
        "else is in them stays as it is.",
        epilog="examples:\n  storyloom themes use paper",
    )
    use.add_argument("name", metavar="NAME", help="its name, as 'storyloom themes' lists it")
    use.set_defaults(run=_use)


def _list(_: Namespace) -> int:
    from storyloom import paths, settings

    used = settings.load().theme
    themes = _loaded()
    room = max(len(theme.name) for theme in themes)
    for theme in themes:
        own = theme.path is not None and not theme.path.is_relative_to(paths.shipped("themes"))
        where = f"  ({_short(theme.path)})" if own and theme.path is not None else ""
        mark = "*" if theme.name == used else " "
        about = theme.about or theme.title
        data(f"{mark} {theme.name:<{room}}  {_kind(theme):<10}  {about}{where}")
    if used not in [theme.name for theme in themes]:
        say(f"The settings name the theme {one_line(used)!r}, which is none; dusk is used.")
    return 0


def _use(options: Namespace) -> int:
    import difflib

    from storyloom import configuring

    name: str = options.name
    names = [theme.name for theme in _loaded()]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}."
        raise Refusal(f"There is no theme {one_line(name)!r}; {hint}")
    path = configuring.set_theme(name)
    say(f"{name} is the theme from now on, by {_short(path)}.")
    return 0


def _loaded() -> "list[LoomTheme]":
    """Return the themes, after saying what is wrong with files that are none."""
    from storyloom.tui.themes import load_all

    themes, refused = load_all()
    if not themes:
        raise Refusal("The themes that come with Storyloom are missing; install it again.")
    for sentence in refused:
        say(sentence)
    if len(refused) > 1:
        say(f"{counted(len(refused), 'file')} left out.")
    return themes


def _kind(theme: "LoomTheme") -> str:
    if theme.native:
        return "16 colours"
    return "dark" if theme.dark else "light"


def _short(path: Path) -> str:
    shown, home = str(path), os.path.expanduser("~")
    return one_line(f"~{shown[len(home) :]}" if shown.startswith(home + os.sep) else shown)
