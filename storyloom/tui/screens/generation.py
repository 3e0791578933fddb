"""With what branches are grown from a place: its models, what holds for all, what it is for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from storyloom.generate.parts import with_own
from storyloom.generate.plan import InForce, Plan, set_plan, short, take, typed
from storyloom.settings import MOST_BRANCHES, PlanPart, Preset
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import GENERATION
from storyloom.tui.keys import bindings
from storyloom.tui.plan_rows import FIELDS, PlanRow, label
from storyloom.tui.screens.generation_panes import PLAN, SETTINGS, WHY, GenerationPanes
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.section import Section

__all__ = ["GENERATE", "GenerationScreen"]

GENERATE = "generate"
"""The screen is dismissed with it when branches are to be grown."""


class GenerationScreen(GenerationPanes):
    """Dismissed with `GENERATE` when branches are to be grown from the node, else with None."""

    TABLE = GENERATION
    BINDINGS: ClassVar = bindings(GENERATION)

    # Changing the plan.

    async def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        await self.do("edit")

    async def _plan_of(self, rows: list[PlanRow]) -> None:
        """Let the place have a plan of these models."""
        parts = tuple(row.part for row in rows if row.ticked)
        if not parts:
            raise Refusal("A plan has one model at the least; m adds another.")
        own = self.here is not None and self.here.plan.owner == self.owner
        await asyncio.to_thread(set_plan, self.story, self.owner, parts)
        self.models = rows
        await self.read()
        if not own:
            whose = f"n{self.owner}, with what is below it," if self.owner else "The story"
            self.say(f"{whose} has a plan of its own now; I lets it inherit again.")

    def _row(self) -> PlanRow:
        if not self.models:
            raise Refusal("The plan is still being read.")
        return self.models[self.query_one(PLAN, Section).selected]

    def _with(self, part: PlanPart) -> list[PlanRow]:
        """Return the rows with another value of the selected model."""
        rows = list(self.models)
        rows[self.section.selected] = replace(rows[self.section.selected], part=part)
        return rows

    async def do_toggle(self, _: str) -> None:
        """Take the model out of the plan, or back into it."""
        if self.box != PLAN:
            raise Refusal("Space is for a model of the plan; g grows branches.")
        row = self._row()
        rows = self._with(row.part)
        rows[self.section.selected].ticked = not row.ticked
        await self._plan_of(rows)

    async def do_digit(self, digit: str) -> None:
        """Ask for so many branches; begin another value with the digit; take an earlier why."""
        if not digit.isdigit():
            raise Refusal("A digit is wanted: how many branches of the model.")
        if self.box == WHY:
            await self._take_why(int(digit))
        elif self.box == SETTINGS or FIELDS[self.field] != "n":
            self._edit(digit)
        else:
            await self._count(digit)

    async def _count(self, text: str) -> None:
        if not text.strip().isdigit() or not 1 <= int(text) <= MOST_BRANCHES:
            raise Refusal(f"A model may be asked for 1 to {MOST_BRANCHES} branches.")
        rows = self._with(replace(self._row().part, count=int(text)))
        rows[self.section.selected].ticked = True
        await self._plan_of(rows)

    async def _own(self, name: str, text: str) -> None:
        await self._plan_of(self._with(with_own(self._row().part, name, text)))

    def do_models(self, _: str) -> None:
        """Choose the models from all there are."""
        from storyloom.tui.screens.models import ModelPicker

        picker = ModelPicker(self.story, self.node, self.user, self.client)
        self.app.push_screen(picker, self._planned)

    async def _planned(self, chosen: object) -> None:
        if not isinstance(chosen, tuple):
            return
        where, parts = chosen
        owner = 0 if where == "story" else self.node
        try:
            await asyncio.to_thread(set_plan, self.story, owner, parts)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        self.owner, self.models = owner, []
        await self.read()

    # Changing the rest.

    def do_edit(self, _: str) -> None:
        """Ask for the value, or the why, that is selected."""
        self._edit("")

    def _edit(self, begun: str) -> None:
        if self.here is None:
            raise Refusal("The settings are still being read.")
        if self.box == WHY:
            self._edit_why()
        elif self.box == PLAN:
            self._edit_own(begun)
        else:
            self._edit_setting(self.here.rows[self.section.selected], begun)

    def _edit_own(self, begun: str) -> None:
        name, row = FIELDS[self.field], self._row()
        whose = short(row.part.model)
        if name == "n":
            self._ask_until(f"branches of {whose}", self._count, str(row.part.count))
            return
        own = row.part.values.get(name)
        value = begun or ("" if own is None else f"{own:g}")
        self._ask_until(f"{label(name)} of {whose}, nothing inherits", partial(self._own, name),
                        value, over=not begun)  # fmt: skip

    def _edit_setting(self, row: InForce, begun: str) -> None:
        if isinstance(row.value, bool):
            words = {"y": "yes", "n": "no"}
            self.choose(f"{label(row.name)}? y/n", "yn",
                        lambda letter: self._set(row.name, words[letter.lower()]))  # fmt: skip
            return
        value = begun or ("" if row.value is None else row.said)
        self._ask_until(f"{label(row.name)}, nothing inherits", partial(self._set, row.name),
                        value, over=not begun)  # fmt: skip

    def _ask_until(
        self,
        label: str,
        answer: Callable[[str], Awaitable[None]],
        begun: str,
        *,
        over: bool = False,
    ) -> None:
        """Ask for a value, and again with what was typed when it cannot be one: a slip."""

        async def answered(text: str) -> None:
            try:
                await answer(text)
            except Refusal as refusal:
                self._ask_until(str(refusal).rstrip("."), answer, text)

        self.ask(label, answered, begun=begun, over=over)

    async def _set(self, name: str, text: str) -> None:
        value = typed(name, text)
        await asyncio.to_thread(marks.set_setting, self.story, name, value, self.owner)
        await self.read()
        whose = f"n{self.owner} and what is below it" if self.owner else "the story"
        said = f"Set for {whose}; u in the loom takes it back."
        self.say("Inherited again." if value is None else said)

    async def do_why(self, text: str) -> None:
        """Say what the next fork from the place is for."""
        if text:
            await self._set_why(text)
        else:
            self._edit_why()

    def _edit_why(self) -> None:
        assert self.here is not None
        index = self.section.selected if self.box == WHY else 0
        begun = self.here.whys[index - 1] if index else self.here.why
        self.ask("why the next fork from here", self._set_why, begun=begun)

    async def _take_why(self, number: int) -> None:
        assert self.here is not None
        if not 1 <= number <= len(self.here.whys):
            raise Refusal(f"There is no earlier why of number {number}.")
        await self._set_why(self.here.whys[number - 1])

    async def _set_why(self, text: str) -> None:
        await asyncio.to_thread(marks.set_text, self.story, self.node, "why", text)
        self.query_one(WHY, Section).selected = 0
        await self.read()

    async def do_inherit(self, _: str) -> None:
        """Let the place inherit the setting, the model's value, or the whole plan again."""
        if self.here is None or self.box == WHY:
            raise Refusal("A why is not inherited: Enter and an empty line take it away.")
        if self.box == PLAN:
            await self._inherit_plan(self.here.plan)
            return
        row = self.here.rows[self.section.selected]
        if row.owner is None or row.owner != self.owner:
            raise Refusal(f"It is inherited already: {row.source}.")
        await asyncio.to_thread(marks.set_setting, self.story, row.name, None, self.owner)
        await self.read()
        self.say("Inherited again.")

    async def _inherit_plan(self, plan: Plan) -> None:
        name = FIELDS[self.field]
        if name in self._row().part.values:
            await self._own(name, "")
            self.say(f"This model has no {label(name)} of its own any more.")
            return
        if plan.owner is None or plan.owner != self.owner:
            raise Refusal(f"The plan is inherited already: {plan.source}.")
        await asyncio.to_thread(set_plan, self.story, self.owner, None)
        self.models = []
        await self.read()
        self.say("The plan is inherited again.")

    # Presets, and leaving.

    def place(self) -> tuple[Story, int]:
        return self.story, self.owner

    async def take_preset(self, preset: Preset) -> None:
        await asyncio.to_thread(take, self.story, self.owner, preset)
        self.models = []
        await self.read()
        self.say(f"{one_line(preset.name)} holds here; u in the loom takes it back.")

    async def preset_kept(self) -> None:
        await self.read()

    async def do_save(self, name: str) -> None:
        """Keep what is in force here as a preset."""
        await self.save_preset(name)

    async def do_scope(self, _: str) -> None:
        """Go from what the place has to what the whole story has, or back."""
        self.owner = 0 if self.owner else self.node
        self.models = []
        await self.read()

    def do_generate(self, _: str) -> None:
        """Grow branches from the place, as the screen shows them."""
        if not self.owner:
            raise Refusal(f"S goes back to n{self.node}: branches grow from a place.")
        self.dismiss(GENERATE)

    def do_back(self, _: str) -> None:
        """Back to the loom."""
        self.dismiss(None)
