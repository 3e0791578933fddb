"""A pane drawn line by line, of which only the lines that changed are drawn again.

Textual draws again whatever region a widget names; on a slow link that is what costs. A pane keeps
its lines as plain values, compares the new ones with the old, and names the differing lines alone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from storyloom.text import visible

__all__ = ["Line", "LinePane", "Part", "TitledPane", "drawn", "edge", "fitted",
           "styles"]  # fmt: skip

Part: TypeAlias = tuple[str, str]
"""Some text, and the names of its styles, separated by spaces: `weave`, `dim selected`."""
Line: TypeAlias = tuple[Part, ...]

_PAST = 0.75
"""How much of the ink's colour a text has that has been read already."""


def styles(variables: Mapping[str, str]) -> dict[str, Style]:
    """Return the style of each name that a part may have, from a theme's variables.

    Not by Textual's component classes: it works out the style of each of them for each widget,
    which took longer than all else until the first frame.
    """
    colour = {
        "text": "foreground", "fresh": "foreground", "title": "primary", "warning": "warning",
        "error": "error", "dim": "loom-dim", "weave": "loom-weave", "pruned": "loom-pruned",
        "human": "loom-human", "unread": "loom-unread", "why": "loom-why",
        **{f"model-{number}": f"loom-model-{number}" for number in range(1, 9)},
        # How likely a token was, from the likeliest on: from cold to hot.
        "likely-1": "foreground", "likely-2": "primary", "likely-3": "success",
        "likely-4": "warning", "likely-5": "error",
    }  # fmt: skip
    ink = variables["foreground"]
    made = {name: Style(color=_ink(variables.get(key, ink))) for name, key in colour.items()}
    made["selection"] = Style(bgcolor=_ink(variables.get("loom-selection", variables["panel"])))
    made["bar"] = Style(bgcolor=_ink(variables["surface"]))
    past = Color.parse(variables["background"]).blend(Color.parse(ink), _PAST)
    made["past"] = Style(color=past.rich_color)
    for name in made:
        said = variables.get(f"loom-{name}-style", _ATTRIBUTES.get(name, "none"))
        made[name] += Style.parse(said)
    if made["selection"].reverse:
        # Or each colour of the row would be another ground.
        made["selection"] += Style(color=_ink(ink))
    return made


_ATTRIBUTES = {
    "title": "bold", "weave": "bold", "unread": "bold", "selection": "bold",
    "why": "italic", "pruned": "strike", "likely-5": "underline",
}  # fmt: skip
"""What a name has beside its colour, unless the theme says otherwise."""


def _ink(value: str) -> RichColor:
    # One of the terminal's own sixteen stays one.
    return Color.parse(value).rich_color


def fitted(text: str, width: int) -> str:
    """Return `text` cut or padded to exactly `width` cells, an ellipsis where it was cut."""
    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + ("…" if width > 0 else "")
    return set_cell_size(text, width)


class LinePane(Widget):
    """A widget that shows `Line` values; subclasses make them and call `show_lines`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []
        self._styles: dict[str, Style] = {}
        self._base: Style | None = None

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines from the top; only the cells that differ from before are drawn."""
        old = self.lines
        self.lines = list(lines)
        regions: list[Region] = []
        # Textual sends a line from the widget's left edge up to a region's right end.
        for y in range(min(max(len(old), len(lines)), self.size.height)):
            before = old[y] if y < len(old) else ()
            now = lines[y] if y < len(lines) else ()
            if before != now:
                end = _differing_end(before, now, self.size.width)
                if end:
                    regions.append(Region(0, y, end, 1))
        if regions:
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines; called by Textual."""
        # Worked out from all widgets around this one: once for a stretch of lines, not for each.
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the content; called by Textual."""
        base = self._base or self.rich_style
        width = self.size.width
        line = self.lines[y] if y < len(self.lines) else ()
        return drawn(line, width, base, self._style)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        return container.width

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _style(self, names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            known = styles(self.app.theme_variables)
            style = Style.combine([known[name] for name in names.split()])
            self._styles[names] = style
        return style


def drawn(line: Line, width: int, base: Style, style: Callable[[str], Style]) -> Strip:
    """Return a line in exactly `width` cells; `style` makes one of the names that a part has."""
    parts = list(_merged(line))
    if not parts:
        return Strip.blank(width, base)
    if not _SEEN.intersection(parts[-1][1].split()):
        # Padded in its own style, as another style is another colour on the wire.
        used = sum(cell_len(text) for text, _ in parts)
        parts[-1] = (parts[-1][0] + " " * max(0, width - used), parts[-1][1])
    segments = [Segment(text, base + style(names) if names else base) for text, names in parts]
    return Strip(segments).adjust_cell_length(width, base)


def edge(title: Part, note: Part, width: int, *, active: bool = False) -> Line:
    """Return the line above a pane: its title and, behind it, a note; `active` marks it."""
    said, style = visible(title[0]), title[1]
    said = fitted(said, min(cell_len(said), width * 2 // 3))
    behind = visible(note[0])
    space = " " * max(0, width - cell_len(said) - cell_len(behind) - 3)
    return (
        (f"{'>' if active else ' '}{said}", f"{style} bar"),
        (f"  {behind}{space}", f"{note[1]} bar"),
    )


class TitledPane(LinePane):
    """A pane under a line with its title and a note.

    It has no frame: Textual sends a changed line from its widget's left edge on, so that a frame
    would be sent again with every line of text; and at 24 rows each row counts.
    """

    def __init__(self, *, id: str | None = None, title: str = "") -> None:  # noqa: A002
        super().__init__(id=id)
        self.title: Part = (title, "title")
        self.note: Part = ("", "dim")
        """What stands behind the title: counts, which change, and so not at the line's end."""
        self.active = False
        """Whether keys go through this pane; a mark before its title says so."""

    @property
    def room(self) -> Size:
        """The cells below the title's line."""
        return Size(self.size.width, max(0, self.size.height - 1))

    def show_inside(self, lines: Sequence[Line]) -> None:
        """Show these lines below the title's line, with `title` and `note` as they are now."""
        top = edge(self.title, self.note, self.size.width, active=self.active)
        self.show_lines([top, *lines])


_SEEN = frozenset({"selection", "bar", "pruned"})
"""Styles that a space shows, by its background or its line."""


def _plain(text: str, names: str) -> bool:
    """Whether a text is space that looks the same in every style it may have."""
    return text.isspace() and not _SEEN.intersection(names.split())


@lru_cache(maxsize=2048)
def _merged(line: Line) -> Line:
    """Return a line's visible parts, as few as can be: each costs a colour on the wire."""
    parts: list[Part] = []
    for text, names in line:
        text = visible(text).replace("\n", " ").replace("\t", " ")
        if not text:
            continue
        if parts and (names == parts[-1][1] or _plain(text, names)):
            if names == parts[-1][1] or not _SEEN.intersection(parts[-1][1].split()):
                parts[-1] = (parts[-1][0] + text, parts[-1][1])
                continue
        elif len(parts) == 1 and _plain(*parts[0]) and not _SEEN.intersection(names.split()):
            parts[0] = (parts[0][0] + text, names)
            continue
        parts.append((text, names))
    return tuple(parts)


def _differing_end(before: Line, now: Line, width: int) -> int:
    """Return a cell from which on two lines look the same, 0 when they do so altogether."""
    one, other = _merged(before), _merged(now)
    if one == other:
        return 0
    old, new = _cells(one, width), _cells(other, width)
    if old is None or new is None:
        return width
    end = width
    while end and old[end - 1] == new[end - 1]:
        end -= 1
    return end


@lru_cache(maxsize=1024)
def _cells(parts: Line, width: int) -> list[Part] | None:
    """Return what is in each cell, None where characters share one and so cannot be counted."""
    cells: list[Part] = []
    for text, names in parts:
        plain = names if _SEEN.intersection(names.split()) else ""
        for character in text:
            size = 1 if character.isascii() else cell_len(character)
            if size == 0:
                return None
            cells += [(character, names if character != " " else plain)] * size
    cells += [(" ", "")] * (width - len(cells))
    return cells[:width]
