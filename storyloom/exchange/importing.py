"""A story brought in from a file: copied if it is one already, else made of what the file says."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storyloom import paths
from storyloom.exchange.detecting import LARGEST, Sample, draft_of, is_database
from storyloom.exchange.draft import Recorded
from storyloom.exchange.files import slug
from storyloom.story import check, file, shelf
from storyloom.story.planting import plant
from storyloom.text import Refusal, one_line

__all__ = ["Imported", "Progress", "bring_in"]

Progress = Callable[[str, int, int], object]
"""Told what is done, how much of it, and of how much; 0 of 0 where that is not known.

What it raises ends the import, and nothing of it is left.
"""
_CHECKED = 20 * 1000 * 1000
"""Bytes of a story up to which its whole log is verified, which takes about a second."""
_UNVERIFIED = "It is large, so its log was not verified; 'storyloom check' does that."
_STEPS = 20_000
"""Steps of SQLite's after which it asks whether to go on: a few milliseconds."""


@dataclass(frozen=True)
class Imported:
    """What was brought in."""

    path: Path
    source: str
    """The format it came from; `story` for a story file."""
    passages: int
    """How many were made; 0 of a story file, which is copied."""
    left_out: tuple[str, ...] = ()


def bring_in(
    given: Path,
    folder: Path,
    progress: Progress = lambda _, __, ___: None,
    *,
    target: Path | None = None,
) -> Imported:
    """Make a story of the file `given`, in `folder` under a name that is free, or at `target`.

    Nothing is ever replaced, and the file itself is left as it is. Raises Refusal when it is
    nothing that can be brought in.
    """
    path = given.expanduser()
    _refuse_unreadable(path)
    try:
        if is_database(path):
            return _copied(path, folder, progress, target)
        progress("reading", 0, 0)
        sample = Sample(path, _read(path), lambda: progress("reading", 0, 0))
    except OSError as error:
        raise Refusal(f"{one_line(str(path))} cannot be read: {error.strerror}.") from error
    if path.suffix == file.SUFFIX:
        # Named like a story: what that lacks is what is to be said.
        file.open_reader(path).close()
    draft = draft_of(sample)
    title = draft.title or _title_of(path)
    made = target or shelf.free_name(paths.made(folder), slug(title))

    def told(done: int, whole: int) -> None:
        progress("writing", done, whole)

    if isinstance(draft, Recorded):
        nodes = draft.write(made, title, told)
        return Imported(made, draft.source, nodes, draft.left_out)
    plant(
        made,
        draft.passages,
        source=draft.source,
        title=title,
        premise=draft.premise,
        style=draft.style,
        progress=told,
    )
    return Imported(made, draft.source, len(draft.passages), draft.left_out)


def _refuse_unreadable(path: Path) -> None:
    named = one_line(str(path))
    try:
        if path.is_dir():
            raise Refusal(f"{named} is a folder; name a file in it.")
        if not path.exists():
            raise Refusal(f"There is no file {named}.")
        if not path.is_file():
            raise Refusal(f"{named} is not a file with text in it.")
    except (OSError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Refusal(f"{named} cannot be read: {why}.") from error
    if not os.access(path, os.R_OK):
        raise Refusal(f"{named} may not be read by you; see its permissions.")


def _read(path: Path) -> bytes:
    with open(path, "rb") as source:
        data = source.read(LARGEST + 1)
    if len(data) > LARGEST:
        size = path.stat().st_size / 1e6
        raise Refusal(
            f"{one_line(path.name)} has {size:,.0f} MB, and a text of more than 16 MB is not "
            "brought in; cut it into volumes first."
        )
    return data


def _title_of(path: Path) -> str:
    """Return a title made of a file's name."""
    words = " ".join(path.stem.replace("_", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:] or "Untitled"


def _copied(path: Path, folder: Path, progress: Progress, target: Path | None) -> Imported:
    """Copy a story that is sound, with what another program has written beside it."""
    made = target or shelf.free_name(paths.made(folder), path.name.removesuffix(file.SUFFIX))
    raised: list[BaseException] = []

    def goes_on() -> int:
        try:
            progress("copying", 0, 0)
        except BaseException as error:  # what is raised here, SQLite would not pass on
            raised.append(error)
            return 1
        return 0

    progress("checking", 0, 0)
    verified = _verify(path)
    try:
        with contextlib.closing(file.open_reader(path)) as db:
            db.set_progress_handler(goes_on, _STEPS)
            file.copy(db, made)
    except (Refusal, sqlite3.Error) as error:
        if raised:
            raise raised[0] from None
        if "interrupted" in str(error):
            # ^C came where SQLite calls us, which passes no exception on.
            raise KeyboardInterrupt from None
        raise
    return Imported(made, "story", 0, () if verified else (_UNVERIFIED,))


def _verify(path: Path) -> bool:
    """Whether the log of a story was verified, as that of a large one is not.

    Raises Refusal when it is damaged.
    """
    if path.stat().st_size > _CHECKED:
        # Copying reads it all, and stops at what is damaged.
        file.open_reader(path).close()
        return False
    report = check.check_file(path)
    if report.faults:
        more = f" And {len(report.faults) - 1} more faults." if len(report.faults) > 1 else ""
        raise Refusal(
            f"{one_line(path.name)} is not sound: {one_line(report.faults[0])}{more} 'storyloom "
            f"recover {one_line(str(path))}' saves what its log still proves."
        )
    return True
