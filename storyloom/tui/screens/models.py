"""The models a fork is grown with: which of them, and how many branches of each."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from storyloom.generate.plan import plan_for, short, with_models
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.settings import MOST_BRANCHES, PlanPart, Settings
from storyloom.story.story import Story
from storyloom.text import Refusal, clean, grouped, one_line
from storyloom.tui.commands import PICKER
from storyloom.tui.keys import bindings
from storyloom.tui.model_rows import LOCAL, ModelRow, head
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import left
from storyloom.tui.widgets.lines import Line, LinePane, Part
from storyloom.tui.widgets.listing import Listing

__all__ = ["ModelPicker"]

_EMBEDDED = "135M, rough drafts, no key needed"


class ModelPicker(Listed):
    """Dismissed with ("node", parts), ("story", parts), ("inherit", None), or None."""

    TABLE = PICKER
    BINDINGS: ClassVar = bindings(PICKER)
    CSS = """
    ModelPicker #models { height: 1fr; }
    ModelPicker #about { height: 7; }
    """

    def __init__(self, story: Story, node: int, settings: Settings, client: Client) -> None:
        super().__init__()
        self._node, self._settings, self._client = node, settings, client
        self._plan = plan_for(story, node, settings)
        self._rows = [
            ModelRow(part.model, part.count, asked=part.count) for part in self._plan.parts
        ]
        self._rows += self._configured({row.model for row in self._rows})
        self._shown = list(self._rows)
        self._filter = ""
        self._filter_before: str | None = None
        self._loading = "reading litellm's list …"

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
            lambda index, width: self._shown[index].line(width),
            head=head,
            moved=self._show_about,
            empty=[],
        )
        self.call_after_refresh(self._show)
        self.run_worker(self._look_up(), exit_on_error=False, group="models")

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show)

    # What is known of the models.

    async def _look_up(self) -> None:
        """Fill in what is known: first of what lies here, then of litellm's list."""
        await self._look_at_weights()
        try:
            catalogue = await self._client.catalogue()
        except Refusal as refusal:
            self._loading = ""
            self.say(str(refusal), "warning")
            self._refill()
            return
        by_name = {facts.model: facts for facts in catalogue}
        taken: set[str] = set()
        for row in self._rows:
            taken.add(row.model)
            # A configured one may be reached another way, with another key: it is asked about.
            if row.facts is None and self._settings.entry(row.model) not in self._settings.models:
                row.facts = by_name.get(row.model)
        self._rows += [
            ModelRow(facts.model, facts=facts) for facts in catalogue if facts.model not in taken
        ]
        self._loading = ""
        self._refill()
        await self._describe_others()

    async def _look_at_weights(self) -> None:
        found = await asyncio.to_thread(weights.find)
        here = {local.model for local in found}
        embedded = next((row for row in self._rows if row.model == weights.EMBEDDED), None)
        if embedded is not None:
            embedded.note = _EMBEDDED
            embedded.state = "here" if weights.present() else "fetched at its first use, 93 MB"
        known = {row.model for row in self._rows} | {weights.EMBEDDED}
        at = 1 + max((n for n, row in enumerate(self._rows) if row.model.startswith(LOCAL)),
                     default=len(self._plan.parts) - 1)  # fmt: skip
        self._rows[at:at] = [
            ModelRow(name, note="a file of yours") for name in sorted(here - known)
        ]
        self._refill()

    async def _describe_others(self) -> None:
        """Ask for the facts of configured models, which litellm's list may not have."""
        for row in [row for row in self._rows if row.facts is None]:
            entry = self._settings.entry(row.model)
            if entry.model.startswith(LOCAL):
                continue
            try:
                row.facts = await self._client.describe(entry)
            except Refusal:
                return
            self._refill()

    def _refill(self) -> None:
        """Show the rows that pass the filter; the selected one stays if it is among them."""
        listing = self.query_one(Listing)
        chosen = self._shown[listing.selected] if self._shown else None
        words = self._filter.lower().split()
        self._shown = [
            row
            for row in self._rows
            if all(word in f"{row.model} {row.provider}".lower() for word in words)
        ]
        if words:
            # gpt-4o before azure/gpt-4o: who types a whole name means that one.
            self._shown.sort(key=lambda row: not row.model.lower().startswith(words[0]))
        kept = chosen is not None and chosen in self._shown
        listing.selected = self._shown.index(chosen) if chosen is not None and kept else 0
        self._show()

    # What is on the screen.

    def _show(self) -> None:
        listing = self.query_one(Listing)
        empty: list[Line] = [
            (),
            ((f"  No model here has {one_line(self._filter)!r} in its name.", "text"),),
            ((f"  :model {one_line(self._filter)} takes it all the same.", "dim"),),
        ]
        listing.fill(
            len(self._shown), lambda index, width: self._shown[index].line(width), empty=empty
        )
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
        said = "; ".join(filter(None, (row.note, row.state)))
        if row.key_missing:
            second.append((f"It {row.key_advice}  ", "warning"))
        if said:
            second.append(
                (left(said, max(0, width - sum(len(text) for text, _ in second))), "text")
            )
        lines: list[Line] = [
            ((left(row.model, width), "title"),),
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
            self._refill()
            return
        self._filter_before = self._filter
        self.ask("filter", self._filtered)

    def _filtered(self, letters: str) -> None:
        self._filter_before = None
        self._filter = letters.strip()
        self._refill()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while the filter is being typed."""
        if self._filter_before is not None:
            self._filter = clean(event.value).strip()
            self._refill()

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
            self.run_worker(self._describe_others(), exit_on_error=False, group="models")
        self._filter = ""
        self._refill()
        self.query_one(Listing).select(self._shown.index(row))
        if not row.count:
            self.do_toggle("")

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
