"""The command `cost`: what a story's calls to models came to, and how its cap stands."""

import json
import time
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from storyloom.cli.cells import cells, left
from storyloom.cli.opening import opened
from storyloom.cli.parsing import Commands
from storyloom.cli.terminal import data, json_line
from storyloom.text import one_line

if TYPE_CHECKING:
    from storyloom.generate.caps import Standing
    from storyloom.story.spending import Figures, Spending, View

__all__ = ["add"]

_FIGURES = ("calls", "tokens in", "tokens out", "money", "share")
_WIDTHS = (7, 11, 11, 13, 6)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "cost",
        "Show what a story's calls to models have cost: by model, session, chapter and outcome.",
        "storyloom cost tide.loom",
        "storyloom cost tide.loom --json | jq .spent",
        more="Branches that are pruned or were taken back count too. A ? stands for what nobody\n"
        "knows: such branches are counted apart and are in no sum. A + stands behind tokens that\n"
        "were not told of every call. 'storyloom about FILE --cap 5' sets the story's cap,\n"
        "cap_per_day in the config file the day's.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one object with all figures")
    parser.set_defaults(run=_cost)


def _cost(options: Namespace) -> int:
    from storyloom import settings
    from storyloom.generate import caps
    from storyloom.story.spending import spending

    chosen = settings.load()
    with opened(options.file) as story:
        found = spending(story.path, lambda name: caps.free_here(chosen, name))
        stands = caps.standing(story, chosen)
    if options.json:
        json_line(json.dumps(_object(found, stands), ensure_ascii=False))
    else:
        _print(found, stands)
    return 0


def _print(found: "Spending", stands: "Standing") -> None:
    from storyloom.story.spending import VIEWS

    total = found.total
    if not total.calls:
        data("No model was asked yet in this story.")
    else:
        for view in VIEWS:
            _print_table(found, view, total)
            data()
    for line in _said(total, stands):
        data(line)


def _print_table(found: "Spending", view: "View", total: "Figures") -> None:
    from storyloom.story.figures import ordered, row

    rows = [(_name(found, view, key), figures) for key, figures in ordered(found, view)]
    room = max(16, min(40, max(cells(name) for name, _ in rows)))
    head = [name.rjust(width) for name, width in zip(_FIGURES, _WIDTHS, strict=True)]
    data("  ".join([left(f"by {view}", room), *head]))
    for name, figures in [*rows, ("all", total)]:
        shown = zip(row(figures, total), _WIDTHS, strict=True)
        data("  ".join([left(name, room), *(each.rjust(width) for each, width in shown)]).rstrip())


def _name(found: "Spending", view: "View", key: Any) -> str:
    from storyloom.story.figures import began

    match view:
        case "session":
            moment = time.localtime(began(found, key))
            return f"{key}  {time.strftime('%Y-%m-%d %H:%M', moment)}"
        case "chapter":
            title = one_line(found.chapters.get(key, "")) or "without a title"
            return f"n{key}  {title}" if key else "in no chapter"
        case _:
            return one_line(str(key))


def _said(total: "Figures", stands: "Standing") -> list[str]:
    """Return what is to be said under the tables."""
    from storyloom.generate.caps import dollars, exactly
    from storyloom.story.figures import unpriced

    lines = [unpriced(total)] if total.unpriced else []
    if stands.cap is None:
        lines.append(f"{dollars(stands.spent)} is spent; this story has no cap.")
    else:
        left_over = dollars(max(0.0, stands.cap - stands.spent))
        lines.append(
            f"{dollars(stands.spent)} of {exactly(stands.cap)} is spent, {left_over} is left."
        )
    day = "" if stands.cap_per_day is None else f" of {exactly(stands.cap_per_day)}"
    lines.append(f"Today, in all stories: {dollars(stands.today)}{day}.")
    return lines


def _object(found: "Spending", stands: "Standing") -> dict[str, Any]:
    from storyloom.story.figures import ordered
    from storyloom.story.spending import VIEWS

    said: dict[str, Any] = {
        "spent": round(stands.spent, 9),
        "unpriced": found.total.unpriced,
        "cap": stands.cap,
        "today": round(stands.today, 9),
        "cap_per_day": stands.cap_per_day,
        "total": _figures(found.total),
    }
    for view in VIEWS:
        said[f"by_{view}"] = [
            {**_key(found, view, key), **_figures(figures)} for key, figures in ordered(found, view)
        ]
    return said


def _key(found: "Spending", view: "View", key: Any) -> Mapping[str, Any]:
    from storyloom.story.figures import began

    match view:
        case "session":
            moment = time.gmtime(began(found, key))
            return {"session": key, "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)}
        case "chapter":
            return {"node": key or None, "title": found.chapters.get(key)}
        case _:
            return {view: str(key)}


def _figures(figures: "Figures") -> dict[str, Any]:
    from storyloom.story.figures import known

    return {
        "calls": figures.calls,
        "tokens_in": figures.tokens_in,
        "tokens_out": figures.tokens_out,
        "uncounted": figures.uncounted,
        # Null where nothing is known of what it cost: never 0 for that.
        "dollars": round(figures.dollars, 9) if known(figures) else None,
        "unpriced": figures.unpriced,
        "free": figures.free,
    }
