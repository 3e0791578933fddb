"""The command `provenance`: whose characters a story is made of, and whose were ever put in."""

import json
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from storyloom.cli.cells import left
from storyloom.cli.opening import node_id, opened, present, weave_called
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, json_line
from storyloom.text import grouped, one_line

if TYPE_CHECKING:
    from storyloom.curate.provenance import Part, Provenance

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "provenance",
        "Show whose characters a story is made of, in all and by chapter.",
        "storyloom provenance tide.loom",
        "storyloom provenance tide.loom --json | jq .surviving",
        more="'surviving' counts the characters that are in the weave now, 'inserted' those that\n"
        "were ever put into its passages, whether or not they are still there; both in code\n"
        "points. It shows what was done in this program, and cannot show who thought of it.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--weave", metavar="NAME", help="another weave than the main one")
    parser.add_argument(
        "--node", metavar="ID", type=node_id, help="the strand to a node instead of a weave"
    )
    parser.add_argument("--json", action="store_true", help="one object with all figures")
    parser.set_defaults(run=_provenance)


def _provenance(options: Namespace) -> int:
    from storyloom.curate.provenance import provenance
    from storyloom.story import tips, weaves

    with opened(options.file) as story:
        if options.node is not None:
            node = present(story, options.node)
        else:
            node = tips.weave_tip(story, weave_called(story, options.weave or weaves.MAIN))
        found = provenance(story, node)
    if options.json:
        json_line(json.dumps(_object(found), ensure_ascii=False))
    else:
        _print(found)
    return 0


def _object(found: "Provenance") -> dict[str, Any]:
    return {
        "title": found.title,
        **_part(found.whole),
        "human_inserted": found.whole.human_inserted,
        "accepted": found.drafted.accepted,
        "accepted_still_there": found.drafted.kept,
        "forks": found.drafted.forks,
        "branches": found.drafted.branches,
        "chapters": [{"title": part.title, **_part(part)} for part in found.chapters],
    }


def _part(part: "Part") -> dict[str, Any]:
    return {"length": part.length, "surviving": part.surviving, "inserted": part.inserted}


def _print(found: "Provenance") -> None:
    data(f"{one_line(found.title) or 'untitled'}: {grouped(found.whole.length)} characters")
    _print_part(found.whole)
    share = found.whole.human_inserted
    if share is not None:
        data(f"Of all that was ever put in, {share:.1%} came from the author's hands.")
    drafted = found.drafted
    if drafted.accepted:
        cut = drafted.accepted - drafted.kept
        data(f"Models' branches brought {drafted.accepted}, of which {cut} are rewritten or cut.")
    for part in found.chapters:
        data("")
        data(f"{one_line(part.title) or '—'}: {grouped(part.length)} characters")
        _print_part(part)


def _print_part(part: "Part") -> None:
    from storyloom.story.origins import named

    rows: list[Sequence[str]] = [("", "surviving", "", "inserted")]
    for origin in dict.fromkeys((*part.surviving, *part.inserted)):
        here, ever = part.surviving.get(origin, 0), part.inserted.get(origin, 0)
        share = f"{here / part.length:.1%}" if part.length else ""
        rows.append((named(origin), str(here), share, str(ever)))
    for name, here, share, ever in rows:
        data(f"  {left(name, 28)}{here:>11}{share:>8}{ever:>11}")
