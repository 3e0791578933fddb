"""The archive of a library: a folder in it with stories that are put away, none of them deleted."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from storyloom import paths
from storyloom.story import file, shelf
from storyloom.story.guard import Guard
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line

__all__ = ["FOLDER", "archive_of", "archived", "put_away", "take_out"]

FOLDER = "archive"
"""The name of the folder inside the library's."""


def archive_of(library: Path) -> Path:
    """Return the folder of the stories that are put away; it may not be there yet."""
    return library / FOLDER


def archived(library: Path) -> int:
    """Return how many stories are put away; 0 when that cannot be told."""
    with contextlib.suppress(Refusal):
        return len(shelf.shelf(archive_of(library)))
    return 0


def put_away(path: Path) -> Path:
    """Move a story into the archive beside it and return where it is now."""
    if path.parent.name == FOLDER:
        raise Refusal(f"{one_line(path.name)} is in the archive already.")
    return _moved(path, paths.made(archive_of(path.parent)))


def take_out(path: Path) -> Path:
    """Move a story out of the archive, into the folder around that, and return where it is now."""
    if path.parent.name != FOLDER:
        raise Refusal(f"{one_line(path.name)} is not in an archive.")
    return _moved(path, path.parent.parent)


def _moved(path: Path, folder: Path) -> Path:
    """Move a story to a name that is free in `folder`.

    Raises Refusal when it is no file, another program has it open, or it cannot be moved; then it
    is where it was.
    """
    named = one_line(path.name)
    file.refuse_other_than_file(path)
    if file.in_use(path):
        _fold_in(path)
    try:
        guard = Guard(path)
    except OSError as error:
        raise Refusal(f"{named} cannot be moved: {error.strerror or error}.") from error
    try:
        # Whoever opens it for writing holds this too, so nobody begins to meanwhile.
        with guard.held():
            if file.in_use(path):
                raise Refusal(f"Another program has {named} open; close it there first.")
            return _renamed(path, folder)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(f"{named} cannot be moved: {why}; it is where it was.") from error
    finally:
        guard.close()


def _fold_in(path: Path) -> None:
    """Bring what lies beside a story into it, as the last program to close it does."""
    try:
        story = Story(path)
    except (Refusal, sqlite3.Error) as error:
        raise Refusal(
            f"{one_line(path.name)} was not closed well, and its last changes cannot be brought "
            f"into it, so it stays where it is: {one_line(str(error))}"
        ) from error
    # Before anything is read: a program that is killed here has changed nothing.
    story.close()


def _renamed(path: Path, folder: Path) -> Path:
    while True:
        target = shelf.free_name(folder, path.name.removesuffix(file.SUFFIX))
        try:
            os.link(path, target, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:
            # No links here, or another file system.
            return _carried(path, target)
        path.unlink()
        return target


def _carried(path: Path, target: Path) -> Path:
    """Move a file where no link can be made: by its name, or by a copy that is whole first."""
    try:
        os.rename(path, target)
    except OSError:
        with file.new_file(target) as made:
            shutil.copyfile(path, made)
            shutil.copystat(path, made)
        path.unlink()
    return target
