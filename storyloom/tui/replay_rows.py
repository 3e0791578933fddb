"""A replay drawn: the tree at a moment, the text, what happens, and the bar of its time."""

import math
import time
from collections.abc import Callable, Sequence

from storyloom.replay import clock
from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE, PRUNING
from storyloom.replay.scene import Happening, Passage, Row, Scene
from storyloom.text import grouped, one_line, visible
from storyloom.tui.legend import SKETCH, code_of
from storyloom.tui.widgets.columns import left, right
from storyloom.tui.widgets.lines import Line, Part
from storyloom.tui.wrapping import wrap

__all__ = ["bar_lines", "counts_said", "happening_lines", "page_lines", "tree_lines"]

Role = Callable[[str], str]
"""The style of a model; of none, a person's."""

_CODE = 4
"""Cells for the letters of who wrote a branch."""
_PLAYED, _COMING, _SITTING = "-", ".", "|"


def tree_lines(scene: Scene, width: int, height: int, role: Role) -> list[Line]:
    """Return the rows of the tree that there is room for, the node that it is about marked."""
    lines: list[Line] = []
    at = 0
    for row in scene.rows:
        if row.chapter is not None:
            lines.append(((left(f"# {one_line(row.chapter)}", width), "title"),))
        if here := row.node == scene.focus and row.node > 0:
            at = len(lines)
        lines.append(_row(row, here, width, role))
    start = max(0, min(at - height * 2 // 3, len(lines) - height))
    return lines[start : start + height]


def _row(row: Row, here: bool, width: int, role: Role) -> Line:
    mark = ">" if here else "*" if row.woven else " "
    stem = "|- " if row.branch else ""
    name = f"n{row.node} " if row.node else ""
    code = "" if not row.node else code_of(row.model) if row.model else "H"
    text = "writing ..." if row.writing else one_line(row.text.strip())
    if row.pruned:
        text = f"x {text}"
    room = max(0, width - 2 - len(stem) - len(name) - _CODE)
    style = "pruned" if row.pruned else "weave" if row.woven else "dim" if not row.node else "text"
    own = role(row.model)
    parts: list[Part] = [(f"{mark} ", "weave" if row.woven or here else "dim"), (stem, "dim"),
                         (name, own if row.node else "dim"), (left(text, room), style),
                         (right(code, _CODE), own)]  # fmt: skip
    return tuple((text, f"{style} selection") if here else (text, style) for text, style in parts)


def page_lines(passages: Sequence[Passage], width: int, height: int, role: Role) -> list[Line]:
    """Return the end of the strand wrapped, the last passage in the colour of who wrote it."""
    if not passages or height <= 0:
        return []
    last = passages[-1]
    text, text_from = _run_on(passages)
    piece = (width + 1) * height
    if (over := (len(text) - 4 * piece) // piece * piece) > 0:
        text, text_from = text[over:], max(0, text_from - over)
    lines: list[Line] = []
    for start, end in wrap(text.replace("\t", " "), width):
        cut = min(max(text_from, start), end)
        lines.append(((text[start:cut], "past"), (text[cut:end], role(last.model))))
    return _last(lines, height)


def _last(lines: list[Line], height: int) -> list[Line]:
    """Return the last lines that there is room for.

    They go up by a third of the room at once, not one by one: the eye has something to hold on to,
    and a slow line needs not bring the whole pane again for each new line.
    """
    step = max(1, height // 3)
    over = max(0, len(lines) - height)
    return lines[-(-over // step) * step :]


def _run_on(passages: Sequence[Passage]) -> tuple[str, int]:
    """Return the passages' text and where the last begins; a sketch is marked and stands apart."""
    text, begins, apart = "", 0, False
    for passage in passages:
        own = visible(passage.text)
        if passage.sketch:
            own = f"{SKETCH}  {own.strip()}"
        if text and own and (apart or passage.sketch):
            text, own = text.rstrip("\n") + "\n\n", own.lstrip("\n")
        begins, apart = len(text), passage.sketch
        text += own
    return text, begins


def happening_lines(happened: Sequence[Happening], width: int, height: int) -> list[Line]:
    """Return what happened, a line or two each with its time, as much as there is room for."""
    lines: list[Line] = []
    for each in happened:
        at = time.strftime("%H:%M:%S", time.localtime(each.time / 1000))
        text = one_line(each.sentence)
        spans = wrap(text, max(8, width - 10))[:2]
        for number, (start, end) in enumerate(spans):
            head = f"{at}  " if not number else " " * 10
            lines.append(((head, "dim"), (text[start:end], "text")))
    return _last(lines, height) if height > 0 else []


def bar_lines(player: Player, width: int) -> list[Line]:
    """Return three lines: the time with its marks, the times, the speed and what comes next."""
    inner = max(1, width - 2)
    return [_scrub(player, inner), _times(player, inner), _state(player, width)]


def _scrub(player: Player, width: int) -> Line:
    at = player.part(player.position, width)
    cells = [_PLAYED if each < at else _COMING for each in range(width)]
    starts = player.recording.sittings[1:]
    marked = {player.part(each + 1, width): _SITTING for each in starts}
    spread = player.spread(width)
    for kind in (PRUNING, CHOICE, CHAPTER):
        places = spread.get(kind, [])
        # The more telling one hides what else is there; one that is everywhere tells nothing.
        if len(places) * 2 <= width:
            marked |= dict.fromkeys(places, kind)
    for end, letter in zip(player.loop, "AB", strict=True):
        if end is not None:
            marked[player.part(end, width)] = letter
    for column, letter in marked.items():
        cells[column] = letter
    parts: list[Part] = [("|", "dim")]
    styles = {CHAPTER: "title", CHOICE: "weave", PRUNING: "warning", "A": "why", "B": "why"}
    for column, cell in enumerate(cells):
        style = styles.get(cell, "text" if column < at else "dim")
        if column == at:
            cell, style = ">", f"{style} selection"
        parts.append((cell, style))
    return (*parts, ("|", "dim"))


def _times(player: Player, width: int) -> Line:
    begin, now, end = (clock.said(each) for each in (0, player.seconds, player.length))
    if now in (begin, end):
        now = ""
    at = player.part(player.position, width) - len(now) // 2
    at = max(len(begin) + 2, min(at, width - len(end) - len(now) - 2))
    line = f" {begin}".ljust(at + 1) + now
    return ((line + right(end, max(0, width + 1 - len(line))), "dim"),)


def _state(player: Player, width: int) -> Line:
    # All at one place whatever the figures are, so that little of it is drawn anew.
    left = clock.said(math.ceil(player.left))
    parts: list[Part] = [
        (f" {'playing' if player.playing else 'paused '} ", "title" if player.playing else "text"),
        (f"{clock.speed_said(player.speed):<5} {left:>5} left", "text"),
        (f"   idle cap {player.cap:g} s", "dim"),
    ]
    a, b = player.loop
    if a is not None or b is not None:
        ends = f"{'A' if a is not None else '-'}..{'B' if b is not None else '-'}"
        parts.append((f"   loop {ends}", "why"))
    following = player.following(CHOICE)
    if following is not None:
        at = clock.said(player.due(following.position + 1))
        parts.append((f"   next choice {at}, n{following.node}", "weave"))
    while len(parts) > 2 and sum(len(text) for text, _ in parts) > width:
        # The idle cap is what is least missed.
        del parts[2 if parts[2][1] == "dim" else -1]
    return tuple(parts)


def counts_said(scene: Scene) -> str:
    """Return how many nodes there are at a moment."""
    pruned = f", {grouped(scene.pruned)} pruned" if scene.pruned else ""
    return f"{grouped(scene.there)} nodes{pruned}"
