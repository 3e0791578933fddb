"""The cost of a story: what its calls to models came to, and the caps on it."""

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container

from storyloom import configuring
from storyloom.generate import caps
from storyloom.settings import Settings
from storyloom.story import marks, reading
from storyloom.story.figures import ordered
from storyloom.story.spending import VIEWS, Figures, Spending, View, spending
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import COST
from storyloom.tui.cost_rows import TITLES, caps_lines, detail, head, kept, line, named, whole_name
from storyloom.tui.keys import bindings
from storyloom.tui.legend import Legend
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Line, TitledPane
from storyloom.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["CostScreen"]

_BESIDE = 140
"""Columns from which there is room for the two panes beside each other."""
_SHORT = 20
"""Rows below which the list alone is shown."""
_LOOKS = 1.0
"""Seconds between two looks at whether more was spent meanwhile."""


class CostScreen(Listed):
    """Dismissed with the node to go to, or None."""

    TABLE = COST
    BINDINGS: ClassVar = bindings(COST)
    DEFAULT_CSS = """
    CostScreen #body { height: 1fr; }
    CostScreen #rows { height: 1fr; }
    CostScreen #detail { height: 7; }
    CostScreen #caps { height: 4; }
    CostScreen.-short #detail { display: none; }
    CostScreen.-tall #detail { height: 1fr; }
    CostScreen.-beside #body { layout: horizontal; }
    CostScreen.-beside #rows { width: 3fr; height: 1fr; margin: 0 1 0 0; }
    CostScreen.-beside #detail { width: 2fr; height: 1fr; }
    """

    def __init__(self, story: Story, legend: Legend) -> None:
        super().__init__()
        self._story, self._legend = story, legend
        self._found: Spending | None = None
        self._stands: caps.Standing
        self._total = Figures()
        self._view: View = "model"
        self._rows: list[tuple[Any, Figures]] = []
        self._longest = 0
        """The room that the longest name takes."""
        self._read_at = -1
        self._reading = False

    @property
    def _loom(self) -> "Loom":
        return cast("Loom", self.app)

    @property
    def _settings(self) -> Settings:
        return self._loom.settings

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="body"):
            yield Listing(id="rows")
            yield TitledPane(id="detail")
        yield TitledPane(id="caps", title="caps")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one(Listing).fill(
            0, self._line, empty=[((" Adding up what the calls have cost …", "dim"),)]
        )
        self.call_after_refresh(self._look)
        self._looks = self.set_interval(_LOOKS, self._look)

    async def closing(self) -> None:
        """Look at the story no more: it is closed next, and the program may take a while to end."""
        self._looks.stop()

    def on_resize(self) -> None:
        self.set_class(self.app.size.width >= _BESIDE, "-beside")
        self.set_class(self.app.size.height < _SHORT, "-short")
        self.call_after_refresh(self._show_panes)

    def _look(self) -> None:
        """Read the figures, unless nothing was done in the story since they were read."""
        if not self._reading and reading.last_op(self._story) != self._read_at:
            self._reading = True
            self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        settings = self._settings
        at = reading.last_op(self._story)
        try:
            found = await asyncio.to_thread(
                spending, self._story.path, lambda name: caps.free_here(settings, name)
            )
            self._stands = await asyncio.to_thread(caps.standing, self._story, settings)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        finally:
            # What cannot be read now is not tried again before something was done.
            self._read_at, self._reading = at, False
        self._found, self._total = found, found.total
        self._show()

    def _show(self) -> None:
        """Show what was read in the view that is chosen; the selected row stays selected."""
        if self._found is None:
            return
        listing = self.query_one(Listing)
        before = self._key
        self._rows = ordered(self._found, self._view)
        keys = [key for key, _ in self._rows]
        now = _now()
        names = (named(self._found, self._legend, self._view, key, now)[0] for key in keys)
        self._longest = max(map(cell_len, names), default=0)
        listing.selected = keys.index(before) if before in keys else 0
        listing.fill(
            len(self._rows), self._line, head=self._head, moved=self._show_detail,
            empty=[((" No model was asked yet in this story; Space in the loom grows branches.",
                     "text"),)],
        )  # fmt: skip
        self._show_panes()

    def _show_panes(self) -> None:
        if self._found is None:
            return
        title = marks.story_text(self._story, "title")
        self.query_one(Header).show(
            (("cost", "title"), (title, "text"), (TITLES[self._view], "dim")),
            ((kept(self._found), "dim"), (f"{caps.dollars(self._stands.spent)} spent", "text")),
        )
        pane = self.query_one("#caps", TitledPane)
        pane.show_inside(caps_lines(self._stands, self._total, pane.room.width))
        self._show_detail()

    def _show_detail(self) -> None:
        pane = self.query_one("#detail", TitledPane)
        if self._found is None or not self._rows:
            pane.title, pane.note = ("", "title"), ("", "dim")
            pane.show_inside([])
            return
        now = _now()
        name, style = whole_name(self._found, self._legend, self._view, self._key, now)
        pane.title = (f"of {name}", style)
        lines = detail(self._found, self._legend, self._view, self._key, now, pane.room.width)
        more = len(lines) - pane.room.height
        pane.note = (f"and {more} more lines, on a larger screen" if more > 0 else "", "dim")
        pane.show_inside(lines[: pane.room.height])

    @property
    def _key(self) -> Any:
        """What the selected row is of, None without rows."""
        return self._rows[self.query_one(Listing).selected][0] if self._rows else None

    def _head(self, width: int) -> list[Line]:
        return head(self._view, self._total, width - 1, self._longest)

    def _line(self, index: int, width: int) -> Line:
        assert self._found is not None
        key, figures = self._rows[index]
        name = named(self._found, self._legend, self._view, key, _now())
        return line(name, figures, self._total, width - 1, self._longest)

    def do_first(self, _: str) -> None:
        """Go to the first row."""
        self.query_one(Listing).select(0)

    def do_last(self, _: str) -> None:
        """Go to the last row."""
        self.query_one(Listing).select(len(self._rows) - 1)

    def do_view(self, _: str) -> None:
        """Show it in the next of the ways in which calls can be put together."""
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self._show()

    def do_open(self, _: str) -> None:
        """Go to where the chapter begins."""
        if self._view != "chapter" or not self._key:
            raise Refusal("Enter goes to a chapter; v shows them.")
        self.dismiss(self._key)

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        if self._view == "chapter" and self._key:
            self.dismiss(self._key)

    async def do_cap(self, text: str) -> None:
        """Set what this story may cost."""
        if text:
            await self._cap(text)
            return
        cap = marks.settings_of(self._story).get("cap", self._settings.cap)
        self.ask(f"this story's cap in dollars, or none{_as_now(cap)}", self._cap)

    async def _cap(self, text: str) -> None:
        if not text.strip():
            return
        cap = caps.amount(text)
        await asyncio.to_thread(marks.set_setting, self._story, "cap", cap)
        await self._stand()
        if cap is not None:
            self.say(
                f"This story may cost {caps.exactly(cap)} in all; u in the loom takes it back."
            )
        elif self._settings.cap is not None:
            self.say("This story has no cap of its own; the config file's holds.")
        else:
            self.say("This story has no cap.")

    async def do_day_cap(self, text: str) -> None:
        """Set what all stories together may cost in a day."""
        if text:
            await self._day_cap(text)
            return
        cap = self._settings.cap_per_day
        self.ask(f"cap of all stories for a day in dollars, or none{_as_now(cap)}", self._day_cap)

    async def _day_cap(self, text: str) -> None:
        if not text.strip():
            return
        cap = caps.amount(text)
        path = await asyncio.to_thread(configuring.set_cap_per_day, cap)
        self._loom.settings = replace(self._settings, cap_per_day=cap)
        await self._stand()
        said = "There is no cap for a day" if cap is None else f"A day may cost {caps.exactly(cap)}"
        self.say(f"{said}; that is in {one_line(str(path))}.")

    async def _stand(self) -> None:
        self._stands = await asyncio.to_thread(caps.standing, self._story, self._settings)
        self._show_panes()

    def do_back(self, _: str) -> None:
        """Back to the loom."""
        self.dismiss(None)


def _as_now(cap: float | None) -> str:
    """Return what a cap is now, to stand behind the question for another."""
    return "" if cap is None else f" (now {caps.exactly(cap)})"


def _now() -> float:
    return time.time()
