"""The command `list`: the stories of a folder, one line each, printed as they are read."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from storyloom.cli.cells import cells, left
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, is_terminal, say, width
from storyloom.text import Refusal, one_line

if TYPE_CHECKING:
    from storyloom.story.shelf import Entry, Facts

__all__ = ["add", "list_folder"]

_FIGURES = (("nodes", 7), ("words", 8), ("models", 6), ("spent", 7))
_DAY, _MINUTE = "%Y-%m-%d", "%Y-%m-%d %H:%M"
_MOST_TITLE = 40
_WITH_MINUTE = 100
"""Columns of a terminal from which the time of day is told too."""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "list",
        "List the stories of the library or of a folder, the last changed one first.",
        "storyloom list",
        "storyloom list drafts",
        "storyloom list --json | jq -r 'select(.spent > 1) | .path'",
        more="One line a story: title, nodes, words on the weave, models, dollars spent, when\n"
        "something was last done in it, file. A + stands behind what was counted up to a bound\n"
        "only, a ? where a price is not known. A file that cannot be opened is listed with why.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help="else the library's")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one object a line, with path, premise and chapters too; for a file that cannot be "
        "opened path, title and error alone",
    )
    parser.set_defaults(run=_list)


def _list(options: Namespace) -> int:
    from storyloom import paths
    from storyloom.story import shelf

    given = options.folder is not None
    folder = Path(options.folder).expanduser() if given else paths.saves_dir()
    entries = shelf.shelf(folder)
    shown = one_line(str(folder))
    if not entries:
        # The library is made with its first story; a folder that was named should be there.
        if given and not folder.exists():
            raise Refusal(f"There is no folder {shown}; name one that has stories in it.")
        begin = f"storyloom new {shown}/NAME" if given else "storyloom try"
        say(f"There is no story in {shown} yet; '{begin}' begins one.")
        return 0
    if options.json:
        for entry in entries:
            data(_object(entry, shelf.facts(entry.path)))
        return 0
    return _table(entries)


def list_folder(folder: Path) -> int:
    """Print the stories of a folder as `list` does; nothing where there is none."""
    from storyloom.story import shelf

    return _table(shelf.shelf(folder))


def _table(entries: "Sequence[Entry]") -> int:
    from storyloom.story import shelf

    title, clock = _layout(entries)
    if is_terminal(sys.stdout):
        figures = [name.rjust(room) for name, room in _FIGURES]
        data("  ".join([left("title", title), *figures, left("last opened", clock), "file"]))
    for entry in entries:
        data(_line(entry, shelf.facts(entry.path), title, clock))
    return 0


def _layout(entries: "Sequence[Entry]") -> tuple[int, int]:
    """Return the columns of the title and of the time, before any story has been read."""
    if not is_terminal(sys.stdout):
        return _MOST_TITLE, 16
    columns = width()
    clock = 16 if columns >= _WITH_MINUTE else 11
    room = columns - clock - sum(room + 2 for _, room in _FIGURES) - 4
    longest = max(cells(one_line(entry.path.name)) for entry in entries)
    # A file's name is there to be typed, so it is never cut; one that is too long goes on below.
    return max(8, min(_MOST_TITLE, max(room - longest, room // 2))), clock


def _line(entry: "Entry", facts: "Facts", title: int, clock: int) -> str:
    from storyloom.story.shelf import spent

    named = left(one_line(facts.title), title)
    if facts.error:
        why = facts.error.replace(one_line(str(entry.path)), one_line(entry.path.name))
        return f"{named}  {one_line(why)}"
    nodes = f"{facts.nodes}{'+' * facts.more_nodes}"
    words = f"{facts.words}{'+' * facts.more_words}"
    said = (nodes, words, str(facts.models or "–"), spent(facts))
    figures = [each.rjust(room) for each, (_, room) in zip(said, _FIGURES, strict=True)]
    opened = time.strftime(_MINUTE if clock >= 16 else _DAY, time.localtime(facts.opened / 1000))
    return "  ".join([named, *figures, left(opened, clock), one_line(entry.path.name)])


def _object(entry: "Entry", facts: "Facts") -> str:
    said: dict[str, object] = {"path": str(entry.path.absolute()), "title": facts.title}
    if facts.error:
        said["error"] = facts.error
    else:
        said |= {
            "premise": facts.premise,
            "chapters": facts.chapters,
            "nodes": facts.nodes,
            "words": facts.words,
            "more_nodes": facts.more_nodes,
            "more_words": facts.more_words,
            "models": facts.models,
            "spent": facts.spent,
            "unpriced": facts.unpriced,
            "opened": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(facts.opened / 1000)),
        }
    # ASCII alone, so that nothing in it has to be made visible and every value stays what it is.
    return json.dumps(said).replace("\x7f", "\\u007f")
