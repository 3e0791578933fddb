"""The models a fork is grown with: which of them, and how many branches of each."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from storyloom.generate.caps import free_here
from storyloom.generate.plan import plan_for, short, with_models
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.models.served import Served
from storyloom.settings import MOST_BRANCHES, PlanPart, Settings
from storyloom.story.story import Story
from storyloom.text import Refusal, clean, grouped, one_line
from storyloom.tui.commands import PICKER
from storyloom.tui.keys import bindings
from storyloom.tui.model_rows import ModelRow, head
from storyloom.tui.screens.surveying import Surveying
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.listing import Listing

__all__ = ["ModelPicker"]


class ModelPicker(Surveying):
    """Dismissed with ("node", parts), ("story", parts), ("inherit", None), or None."""

    TABLE = PICKER
    BINDINGS: ClassVar = bindings(PICKER)
    CSS = """
    ModelPicker #models { height: 1fr; }
    ModelPicker #about { height: 7; }
    """

    def __init__(self, story: Story, node: int, settings: Settings, client: Client) -> None:
        self._plan = plan_for(story, node, settings)
        super().__init__(story, settings, client, len(self._plan.parts))
        self._node = node
        self._rows = [
            ModelRow(part.model, part.count, asked=part.count) for part in self._plan.parts
        ]
        self._rows += self._configured({row.model for row in self._rows})
        self._shown = list(self._rows)
        self._filter = ""
        self._filter_before: str | None = None

    def _configured(self, taken: set[str]) -> Iterable[ModelRow]:
        names = [weights.EMBEDDED, *(entry.name for entry in self._settings.models)]
        return [ModelRow(name) for name in names if name not in taken]

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Listing(id="models", classes="pane")
        yield LinePane(id="about", classes="pane")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        listing = self.query_one(Listing)
        listing.border_title = "models"
        self.query_one("#about").border_title = "this model"
        listing.fill(
            len(self._shown),
            self._line,
            head=head,
            moved=self._show_about,
            empty=[],
        )
        self.call_after_refresh(self._show)
        self.survey()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    def refill(self) -> None:
        """Show the rows that pass the filter; the selected one stays if it is among them."""
        listing = self.query_one(Listing)
        chosen = self._shown[listing.selected] if self._shown else None
        words = self._filter.lower().split()
        self._shown = [
            row
            for row in self._rows
            if all(word in f"{row.model} {row.provider} {row.where}".lower() for word in words)
        ]
        if words:
            # gpt-4o before azure/gpt-4o: who types a whole name means that one.
            self._shown.sort(key=lambda row: not row.model.lower().startswith(words[0]))
        kept = chosen is not None and chosen in self._shown
        listing.selected = self._shown.index(chosen) if chosen is not None and kept else 0
        self._show()

    # What is on the screen.

    def _line(self, index: int, width: int) -> Line:
        row = self._shown[index]
        free = free_here(self._settings, row.model)
        return row.line(width, self._records.get(row.model), free=free)

    def _show(self) -> None:
        listing = self.query_one(Listing)
        empty: list[Line] = [
            (),
            ((f"  No model here has {one_line(self._filter)!r} in its name.", "text"),),
            ((f"  :model {one_line(self._filter)} takes it all the same.", "dim"),),
        ]
        listing.fill(len(self._shown), self._line, empty=empty)
        listing.border_subtitle = self._loading or (
            f"{grouped(len(self._shown))} of {grouped(len(self._rows))}"
        )
        self._show_about()
        where: list[Part] = [("models", "title"), (f"from n{self._node}", "dim")]
        if self._filter:
            where.append((f"/{one_line(self._filter)}", "why"))
        total = sum(row.count for row in self._rows)
        branches = f"{total} branch{'' if total == 1 else 'es'}"
        self.query_one("#header", Header).show(
            tuple(where), ((self._ticked(), "dim"), (branches, "title"))
        )

    def _ticked(self) -> str:
        names = [f"{short(row.model)} x{row.count}" for row in self._rows if row.count]
        return " + ".join(names) or "nothing ticked"

    def _show_about(self) -> None:
        pane = self.query_one("#about", LinePane)
        if not self._shown:
            pane.show_lines([])
            return
        row = self._shown[self.query_one(Listing).selected]
        width = pane.size.width
        second: list[Part] = []
        said = "; ".join(filter(None, (row.note, row.where, row.state)))
        if row.key_missing:
            second.append((f"It {row.key_advice}  ", "warning"))
        if said:
            second.append(
                (left(said, max(0, width - sum(len(text) for text, _ in second))), "text")
            )
        lines: list[Line] = [
            row.title(width, self._records.get(row.model)),
            tuple(second),
            ((left(row.described(self._settings), width), "dim"),),
        ]
        if not second:
            lines = [lines[0], lines[2]]
        lines += [
            (("plan here   ", "dim"), (left(self._ticked(), width - 12), "text")),
            (("in force    ", "dim"), (left(self._comes_from(), width - 12), "why")),
        ]
        pane.show_lines(lines)

    def _comes_from(self) -> str:
        return f"{one_line(self._plan.label)}: {self._plan.source}"

    # Commands.

    def do_toggle(self, argument: str) -> None:
        """Take the model into the plan, or out of it."""
        del argument
        row = self._selected()
        if row.count:
            row.asked, row.count = row.count, 0
            self._show()
            return
        first = not any(each.count for each in self._rows)
        self._ask_for(row, row.asked or (self._settings.count if first else 1))

    def do_count(self, number: str) -> None:
        """Ask for that many branches of the model."""
        if not (number.isdigit() and 1 <= int(number) <= MOST_BRANCHES):
            raise Refusal(f"A model may be asked for 1 to {MOST_BRANCHES} branches.")
        self._ask_for(self._selected(), int(number))

    def _ask_for(self, row: ModelRow, count: int) -> None:
        others = sum(each.count for each in self._rows if each is not row)
        if others + count > MOST_BRANCHES:
            raise Refusal(
                f"A plan has at most {MOST_BRANCHES} branches, and the other models have {others}."
            )
        row.count = count
        self._show()
        if row.key_missing:
            self.say(f"Taken; it {row.key_advice}", "warning")

    def do_filter(self, letters: str) -> None:
        """Show only models whose name has these letters; more words narrow it further."""
        if letters:
            self._filter = letters
            self.refill()
            return
        self._filter_before = self._filter
        self.ask("filter", self._filtered)

    def _filtered(self, letters: str) -> None:
        self._filter_before = None
        self._filter = letters.strip()
        self.refill()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while the filter is being typed."""
        if self._filter_before is not None:
            self._filter = clean(event.value).strip()
            self.refill()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving the line without Enter gives the old filter back."""
        del event
        if self._filter_before is not None:
            self._filtered(self._filter_before)

    def do_model(self, name: str) -> None:
        """Take a model that no list has into the plan."""
        name = one_line(clean(name))
        if not name:
            self.ask("model", self.do_model)
            return
        row = next((row for row in self._rows if row.model == name), None)
        if row is None:
            row = ModelRow(name, note="typed by you")
            self._rows.insert(sum(1 for each in self._rows if each.count), row)
            self.run_worker(self.describe_others(), exit_on_error=False, group="models")
        self._filter = ""
        self.refill()
        self.query_one(Listing).select(self._shown.index(row))
        if not row.count:
            self.do_toggle("")

    async def do_look(self, argument: str) -> None:
        """Ask the servers that may run on this machine what they serve."""
        del argument
        self.say("Asking Ollama, LM Studio, llama.cpp and vLLM on this machine …")
        self.run_worker(self._look(), exit_on_error=False, group="look", exclusive=True)

    async def _look(self) -> None:
        try:
            answers, first = await self.look_around()
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        if first is not None:
            self._filter = ""
            self.refill()
            self.query_one(Listing).select(self._shown.index(first))
        self.say(*_told(answers))

    def do_inherit(self, argument: str) -> None:
        """Have no plan here; the one from above is used."""
        del argument
        self.dismiss(("inherit", None))

    def do_accept(self, argument: str) -> None:
        """Use this plan from here down."""
        del argument
        self._accept("node")

    def do_accept_story(self, argument: str) -> None:
        """Use this plan for the whole story."""
        del argument
        self._accept("story")

    def do_back(self, argument: str) -> None:
        """Go back; nothing is changed."""
        del argument
        self.dismiss(None)

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.do_toggle("")

    def _accept(self, where: str) -> None:
        parts = self._ticks()
        if not parts:
            raise Refusal("No model is ticked; Space ticks the one you are on.")
        row = self._selected() if self._shown else None
        if where == "node" and parts == self._plan.parts and row is not None and not row.count:
            # Most likely the model under the cursor was meant; to guess would cost money.
            raise Refusal(f"Space takes {short(row.model)} into the plan first; q goes back.")
        self.dismiss((where, parts))

    def _ticks(self) -> tuple[PlanPart, ...]:
        return with_models(self._plan, ((row.model, row.count) for row in self._rows if row.count))

    def _selected(self) -> ModelRow:
        if not self._shown:
            raise Refusal("There is no model in the list to take.")
        return self._shown[self.query_one(Listing).selected]


def _told(answers: list[Served]) -> tuple[str, str]:
    """Return what to say of servers that were looked for, and how."""
    found = [f"{len(each.models)} on {each.host}" for each in answers if each.models]
    faults = [each.say for each in answers if each.say]
    if found:
        return " ".join([f"Found: {', '.join(found)}.", *faults]), "information"
    if faults:
        return " ".join(faults), "warning"
    where = ", ".join(each.host for each in answers)
    return f"No server of models answers on this machine; asked were {where}.", "warning"
