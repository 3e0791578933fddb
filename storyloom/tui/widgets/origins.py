"""Who wrote what of a text that is being edited: a letter beside each line, and the shares."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise

from textual.geometry import Offset

from storyloom.story import origins
from storyloom.story.origins import Runs
from storyloom.tui.legend import letters, role_of
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.passage import Passage

__all__ = ["OriginGutter", "shares"]

_MIXED = "+"


def shares(runs: Runs, model_role: Callable[[str], str]) -> Line:
    """Return one line that says whose the text is, in percent of its characters."""
    counts = origins.by_origin(runs)
    whole = max(1, sum(counts.values()))
    line: list[Part] = []
    for origin, count in sorted(counts.items(), key=lambda item: -item[1]):
        percent = count * 100 // whole
        part = f"{percent}%" if percent or not count else "<1%"
        line += [
            (f"  {letters(origin)} ", role_of(origin, model_role)),
            (f"{origins.named(origin)} {part}", "dim"),
        ]
    return tuple(line)


class OriginGutter(LinePane):
    """Stands left of a `Passage` and has letters for each of its lines on the screen."""

    DEFAULT_CSS = "OriginGutter { width: 5; }"

    def __init__(
        self,
        passage: Passage,
        model_role: Callable[[str], str],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._passage = passage
        self._role = model_role

    def on_mount(self) -> None:
        self.watch(self._passage, "scroll_y", self.draw_again, init=False)

    def on_resize(self) -> None:
        self.draw_again()

    def draw_again(self) -> None:
        """Show whose the lines are that are on the screen now."""
        if not self._passage.is_mounted or self.size.height <= 0:
            return
        runs = self._passage.runs
        ends = list(accumulate(run.length for run in runs))
        lines: list[Line] = []
        text = self._passage.text
        for start, end in self._rows():
            owners = {
                runs[n].origin
                for n in range(bisect_right(ends, start), bisect_left(ends, end) + 1)
                if n < len(runs) and text[start:end].strip()
            }
            lines.append(self._line(owners))
        self.show_lines(lines)

    def _line(self, owners: set[str]) -> Line:
        if not owners:
            return ()
        if len(owners) > 1:
            return ((f"{_MIXED:>4}", "dim"),)
        owner = next(iter(owners))
        return ((f"{letters(owner):>4}", role_of(owner, self._role)),)

    def _rows(self) -> list[tuple[int, int]]:
        """Return where in the text the lines on the screen begin and end."""
        passage = self._passage
        wrapped = passage.wrapped_document
        top = round(passage.scroll_y)
        last = min(wrapped.height, top + self.size.height)
        starts = [
            passage.index_of(wrapped.offset_to_location(Offset(0, y)))
            for y in range(top, min(wrapped.height, last + 1))
        ]
        if last == wrapped.height:
            starts.append(len(passage.text))
        return list(pairwise(starts))
