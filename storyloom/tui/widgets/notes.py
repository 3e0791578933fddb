"""What the author said of the fork and the passage under the cursor, below the panes."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from storyloom.text import one_line
from storyloom.tui.widgets.lines import Line, Part, TitledPane, fitted
from storyloom.tui.wrapping import wrap

__all__ = ["Notes", "NotesPane"]

_LABEL = 8
_GAP = 3


@dataclass(frozen=True)
class Notes:
    """What there is to say of one node and its fork."""

    why: str = ""
    reason: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    bookmark: str | None = None
    """The bookmark's name, which may be empty; None where there is none."""
    drafted: int = 0
    """Branches of the fork, pruned ones too."""
    pruned: int = 0
    told: tuple[str, ...] = ()
    """Sentences about how the passage was made."""


class NotesPane(TitledPane):
    """Two columns: what the fork is for and why this branch; what is noted of it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, title="why")
        self._notes = Notes()
        self._keys: dict[str, str] = {}

    def show(self, notes: Notes, keys: dict[str, str]) -> None:
        """Show what is said; `keys` has the keys of the commands that say it, by their names."""
        self._notes, self._keys = notes, keys
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width, height = self.room.width, self.room.height
        if width <= 0 or height <= 0:
            return
        half = (width - _GAP) // 2
        left = self._left(half)[:height]
        right = self._right(width - half - _GAP)[:height]
        lines: list[Line] = []
        for number in range(max(len(left), len(right))):
            one: Line = left[number] if number < len(left) else ()
            other: Line = right[number] if number < len(right) else ()
            space = half - sum(cell_len(text) for text, _ in one) + _GAP
            lines.append((*one, (" " * space, ""), *other))
        self.title, self.note = ("why and notes", "title"), ("", "dim")
        self.show_inside(lines)

    def _left(self, width: int) -> list[Line]:
        notes = self._notes
        return [
            *self._said("why", notes.why, "why", width),
            *self._said("chosen", notes.reason, "reason", width),
        ]

    def _right(self, width: int) -> list[Line]:
        notes = self._notes
        marks: list[str] = [f"tag {tag}" for tag in notes.tags]
        if notes.bookmark is not None:
            marks.append(f"bookmark {notes.bookmark}".strip())
        lines = [
            *self._said("note", notes.note, "note", width),
            *self._said("marks", ", ".join(marks), "tag", width),
        ]
        fork = f"{notes.drafted} drafted, {notes.pruned} pruned" if notes.drafted > 1 else ""
        told = [each for each in (fork, *notes.told) if each]
        return lines + [((fitted(sentence, width), "dim"),) for sentence in told]

    def _said(self, label: str, text: str, command: str, width: int) -> Sequence[Line]:
        room = max(4, width - _LABEL)
        if not text:
            key = self._keys.get(command, f":{command}")
            return [((f"{label:<{_LABEL}}", "dim"), (f"none yet ({key} writes one)", "dim"))]
        text = one_line(text)
        head: Part = (f"{label:<{_LABEL}}", "dim")
        spans = wrap(text, room)
        lines: list[Line] = []
        for number, (start, end) in enumerate(spans[:3]):
            shown = text[start:end] if number < 2 or len(spans) == 3 else fitted(text[start:], room)
            lines.append((head if not number else (" " * _LABEL, ""), (shown, "why")))
        return lines
