"""Figures of a moment of a replay in lines: whose the strand is, what it cost, how long it took."""

from collections.abc import Callable, Mapping

from storyloom.curate.shares import apportioned
from storyloom.generate.caps import dollars
from storyloom.replay import clock
from storyloom.replay.player import Player
from storyloom.replay.scene import Scene
from storyloom.text import grouped
from storyloom.tui.hands import origin_name
from storyloom.tui.legend import role_of
from storyloom.tui.widgets.columns import left, right
from storyloom.tui.widgets.lines import Line

__all__ = ["figure_lines"]

_COUNT, _PART = 9, 5
"""Cells of a figure and of its part in percent."""
_MODELS = 6
"""Origins that have a line of their own; what is left of more is one line."""


def figure_lines(
    counted: Mapping[str, int],
    scene: Scene,
    player: Player,
    width: int,
    role: Callable[[str], str],
) -> list[Line]:
    """Return the lines: characters of each origin on the strand that is shown, dollars, time."""
    head = f"whose n{scene.focus}'s strand is" if scene.focus else "whose it is"
    lines: list[Line] = [((f" {left(head, width - 1)}", "dim"),)]
    shown = list(counted.items())
    if len(shown) > _MODELS:
        rest = sum(count for _, count in shown[_MODELS - 1 :])
        shown = [*shown[: _MODELS - 1], ("", rest)]
    parts = apportioned([count for _, count in shown], 100)
    for (origin, count), part in zip(shown, parts, strict=True):
        name = origin_name(origin) if origin else "others"
        said = f"{part}%" if part or not count else "<1%"
        lines.append(_row(name, f"{grouped(count)}", said, width, role_of(origin, role)))
    if not shown:
        lines.append(((" nobody has written a word yet", "dim"),))
    if scene.dollars:
        lines.append(_row("spent", dollars(scene.dollars), "", width, "text"))
    now, whole = (clock.said(each) for each in player.worked)
    lines.append(((f" {left(f'at work {now} of {whole}', width - 1)}", "dim"),))
    return lines


def _row(name: str, figure: str, part: str, width: int, style: str) -> Line:
    cells = right(figure, max(_COUNT, len(figure) + 1)) + right(part, _PART)
    room = max(4, min(24, width - len(cells) - 2))
    return ((f" {left(name, room)}", style), (cells, "text"))
