"""A pane drawn line by line, of which only the lines that changed are drawn again.

Textual draws again whatever region a widget names; on a slow link that is what costs. A pane keeps
its lines as plain values, compares the new ones with the old, and names the differing lines alone.
"""

from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from storyloom.text import visible

__all__ = ["Line", "LinePane", "Part", "fitted"]

Part: TypeAlias = tuple[str, str]
"""Some text, and the names of its styles, separated by spaces: `weave`, `dim selected`."""
Line: TypeAlias = tuple[Part, ...]

_STYLES = (
    "text", "dim", "weave", "pruned", "human", "unread", "selection", "why", "warning", "error",
    "title", "fresh", *(f"model-{number}" for number in range(1, 9)),
)  # fmt: skip


def fitted(text: str, width: int) -> str:
    """Return `text` cut or padded to exactly `width` cells, an ellipsis where it was cut."""
    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + ("…" if width > 0 else "")
    return set_cell_size(text, width)


class LinePane(Widget):
    """A widget that shows `Line` values; subclasses make them and call `show_lines`."""

    COMPONENT_CLASSES = {f"line--{name}" for name in _STYLES}  # noqa: RUF012
    DEFAULT_CSS = """
    LinePane {
        & > .line--text { color: $foreground; }
        & > .line--dim { color: $loom-dim; }
        & > .line--weave { color: $loom-weave; text-style: bold; }
        & > .line--pruned { color: $loom-pruned; text-style: strike; }
        & > .line--human { color: $loom-human; }
        & > .line--unread { color: $loom-unread; text-style: bold; }
        & > .line--selection { background: $loom-selection; text-style: bold; }
        & > .line--why { color: $loom-why; text-style: italic; }
        & > .line--warning { color: $warning; }
        & > .line--error { color: $error; }
        & > .line--title { color: $primary; text-style: bold; }
        & > .line--fresh { color: $foreground; text-style: bold; }
        & > .line--model-1 { color: $loom-model-1; }
        & > .line--model-2 { color: $loom-model-2; }
        & > .line--model-3 { color: $loom-model-3; }
        & > .line--model-4 { color: $loom-model-4; }
        & > .line--model-5 { color: $loom-model-5; }
        & > .line--model-6 { color: $loom-model-6; }
        & > .line--model-7 { color: $loom-model-7; }
        & > .line--model-8 { color: $loom-model-8; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []
        self._styles: dict[str, Style] = {}

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines from the top; only those that differ from what is shown are drawn."""
        old = self.lines
        self.lines = list(lines)
        width = self.size.width
        height = self.size.height
        changed = [
            y
            for y in range(min(max(len(old), len(lines)), height))
            if (old[y] if y < len(old) else ()) != (lines[y] if y < len(lines) else ())
        ]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the content; called by Textual."""
        base = self.rich_style
        width = self.size.width
        if y >= len(self.lines):
            return Strip.blank(width, base)
        segments: list[Segment] = []
        for text, names in self.lines[y]:
            shown = visible(text).replace("\n", " ").replace("\t", " ")
            segments.append(Segment(shown, base + self._style(names) if names else base))
        return Strip(segments).adjust_cell_length(width, base)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        return container.width

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _style(self, names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = Style.null()
            for name in names.split():
                style += self.get_component_rich_style(f"line--{name}", partial=True)
            self._styles[names] = style
        return style
