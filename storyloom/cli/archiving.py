"""The command `archive`: stories put away, listed, and taken out again."""

import contextlib
from argparse import Namespace
from pathlib import Path

from storyloom.cli.opening import SUFFIX, existing
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, say
from storyloom.text import Refusal, one_line

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "archive",
        "Put stories away in the archive, or take them out again; nothing is deleted.",
        "storyloom archive tide",
        "storyloom archive --list",
        "storyloom archive --restore tide",
        more="The archive is the folder 'archive' beside the story, in the library as a rule.\n"
        "Where each story is now is printed. One that another program has open stays.",
    )
    parser.add_argument("files", metavar="FILE", nargs="*")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--list", action="store_true", help="the library's stories that are put away")
    how.add_argument("--restore", action="store_true", help="take them out of the archive")
    parser.set_defaults(run=_archive)


def _archive(options: Namespace) -> int:
    if options.list:
        if options.files:
            raise Refusal(
                "--list shows the library's archive; 'storyloom list FOLDER/archive' another one."
            )
        return _list()
    if not options.files:
        raise Refusal("Name the stories; 'storyloom archive --help' shows how.")
    for name in options.files:
        _move(name, restore=options.restore)
    return 0


def _list() -> int:
    from storyloom import paths
    from storyloom.cli import listing
    from storyloom.story import archive, shelf

    folder = archive.archive_of(paths.saves_dir())
    if not shelf.shelf(folder):
        say("The archive is empty.")
        return 0
    return listing.list_folder(folder)


def _move(name: str, *, restore: bool) -> None:
    from storyloom.story import archive

    if "\0" in name:
        raise Refusal("A file's name cannot hold a NUL character.")
    moved = archive.take_out(_put_away(name)) if restore else archive.put_away(existing(name))
    data(str(moved))


def _put_away(name: str) -> Path:
    """Return the story of that name in an archive: here, beside it, or in the library."""
    from storyloom import paths
    from storyloom.story import archive

    typed = Path(name).expanduser()
    folders = [typed.parent] * (typed.parent.name == archive.FOLDER)
    folders.append(archive.archive_of(typed.parent))
    folders += [archive.archive_of(paths.saves_dir())] * (typed.name == name)
    for folder in folders:
        for named in (typed.name, typed.name + SUFFIX):
            with contextlib.suppress(OSError, ValueError):
                if named and (folder / named).is_file():
                    return folder / named
    raise Refusal(f"There is no story {one_line(name)} in the archive; --list names all.")
