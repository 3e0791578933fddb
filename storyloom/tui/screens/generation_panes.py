"""What the generation screen shows: models, what holds for all of them, why, and the price."""

import asyncio
from dataclasses import dataclass, replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from storyloom.generate.estimate import Prepared
from storyloom.generate.foreseen import Foreseen, foresee
from storyloom.generate.plan import InForce, Plan, in_force, plan_for, settings_for, short
from storyloom.models import tokens
from storyloom.models.client import Client
from storyloom.settings import MOST_BRANCHES, Settings
from storyloom.story import marks, reading
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.plan_rows import (
    FIELDS,
    PlanRow,
    about,
    estimate_line,
    head,
    setting_line,
)
from storyloom.tui.screens.presets import Presets, preset_in_force
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.blocks import BlocksPane
from storyloom.tui.widgets.columns import left, paragraph
from storyloom.tui.widgets.lines import Line, LinePane, TitledPane
from storyloom.tui.widgets.section import Section

__all__ = ["PLAN", "SETTINGS", "WHY", "GenerationPanes"]

PLAN, SETTINGS, WHY = "#plan", "#settings", "#why"
_BOXES = (PLAN, SETTINGS, WHY)
_RESTS = 0.2
"""Seconds that nothing is changed until it is worked out what a batch would be."""
_WHYS = 5
"""How many of those that were said before can be taken again."""
_MEASURE = 100
_LOOKED_AT = 400
"""Characters of a why that are looked at to be shown."""
_SHORT = 20
"""Rows below which there is no room for what a setting means."""
_KINDS = {"warn": "warning", "note": "dim", "ok": "text"}


@dataclass(frozen=True)
class _Here:
    """What is in force at the place that is shown."""

    plan: Plan
    rows: list[InForce]
    settings: Settings
    preset: str
    why: str
    whys: list[str]
    depth: int


class GenerationPanes(Presets):
    """Plan and settings of `node` and what is below it, or of the whole story."""

    DEFAULT_CSS = """
    GenerationPanes #middle { height: 1fr; }
    GenerationPanes #settings { height: 1fr; }
    GenerationPanes #beside { height: auto; }
    GenerationPanes #sends { display: none; }
    GenerationPanes #checks { height: 4; }
    GenerationPanes #about { height: 2; padding: 0 1; }
    GenerationPanes.-short #about { display: none; }
    GenerationPanes.-short #checks { height: 2; }
    GenerationPanes.-wide #middle { layout: horizontal; }
    GenerationPanes.-wide #settings { width: 3fr; height: 100%; margin: 0 1 0 0; }
    GenerationPanes.-wide #beside { width: 2fr; height: 100%; }
    GenerationPanes.-wide.-tall #sends { display: block; height: 1fr; }
    GenerationPanes.-wide.-tall #checks { height: 7; }
    """

    def __init__(self, story: Story, node: int, settings: Settings, client: Client) -> None:
        super().__init__()
        self.story, self.node, self._given, self.client = story, node, settings, client
        self.owner = node
        self.here: _Here | None = None
        self.models: list[PlanRow] = []
        self.box = PLAN
        self.field = 0
        self._foreseen: Foreseen | None = None
        self._heights: dict[Section, int] = {}

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Section(id="plan")
        with Container(id="middle"):
            yield Section(id="settings")
            with Container(id="beside"):
                yield Section(id="why")
                yield BlocksPane(id="sends")
        yield TitledPane(id="checks", title="checks")
        yield LinePane(id="about")
        yield from self.compose_foot()

    async def on_mount(self) -> None:
        """Read what is in force."""
        self.query_one(BlocksPane).marked = False
        await self.read()

    def on_resize(self) -> None:
        self.set_class(self.app.size.height < _SHORT, "-short")
        self.call_after_refresh(self._show)

    # What is in force.

    @property
    def user(self) -> Settings:
        """The user's settings, with the presets that were kept meanwhile."""
        return replace(self._given, presets=self.program.settings.presets)

    async def read(self) -> None:
        """Read what is in force, show it, and work out what it comes to."""
        self.here = await asyncio.to_thread(_read, self.story, self.user, self.owner, self.node)
        parts = self.here.plan.parts
        if tuple(row.part for row in self.models if row.ticked) != parts:
            # Else those that were taken out here stay where they were, to be taken in again.
            facts = {row.part.model: row.facts for row in self.models}
            self.models = [PlanRow(part, facts=facts.get(part.model)) for part in parts]
        self._show()
        self.run_worker(self._foresee(), exclusive=True, exit_on_error=False, group="foresee")

    async def _foresee(self) -> None:
        """Work out what a batch from here would be, once nothing has changed for a moment."""
        here = self.here
        await asyncio.sleep(_RESTS)
        if here is None:
            return
        try:
            plan = await asyncio.to_thread(plan_for, self.story, self.node, self.user)
            self._foreseen = await foresee(
                self.story, self.client, self.user, self.node, plan.parts, here.why
            )
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        known = {facts.model: facts for facts in self._foreseen.facts if facts is not None}
        for row in self.models:
            row.facts = known.get(self.user.entry(row.part.model).model, row.facts)
        self._show()

    # What is on the screen.

    def _show(self) -> None:
        here = self.here
        if here is None:
            return
        self._show_header(here)
        plan, settings, why = (self.query_one(box, Section) for box in _BOXES)
        total = sum(row.part.count for row in self.models if row.ticked)
        source = "set here" if here.plan.owner == self.owner else here.plan.source
        source = f"{source}{f', preset {here.preset!r}' if here.preset else ''}"
        plan.show_rows(
            len(self.models), self._model_line, f"plan  {total} of {MOST_BRANCHES} branches",
            one_line(source), above=lambda width: [head(width)], moved=self._moved,
        )  # fmt: skip
        settings.show_rows(len(here.rows), self._setting_line, "for all models", moved=self._moved)
        why.show_rows(
            1 + len(here.whys), self._why_line, "why", f"what the next fork from n{self.node} is "
            "for", moved=self._moved,
        )  # fmt: skip
        self._set_heights(plan, why)
        self._activate()
        self._show_checks()
        self._show_about()

    def _show_header(self, here: _Here) -> None:
        deep = f" (depth {here.depth})" if self.has_class("-wide") else ""
        where = f"from n{self.node} down{deep}" if self.owner else "for the whole story"
        told: Line = (("working out what it may cost …", "dim"),) if self.owner else ()
        if self._foreseen is not None and self.owner:
            told = estimate_line(self._foreseen, long=self.has_class("-wide"))
        self.query_one("#header", Header).show((("generate", "title"), (where, "text")), told)

    def _set_heights(self, plan: Section, why: Section) -> None:
        """Give each box the rows it needs; the settings have what is left."""
        low, tall = self.app.size.height < _SHORT, self.has_class("-tall")
        most = MOST_BRANCHES if tall else 2 if low else 4
        open_rows = 1 + why.count if self.box == WHY and not low else 0
        least = 2 if low else 8 if tall and self.has_class("-wide") else 3
        heights = {
            plan: 2 + min(len(self.models), most) + tall,
            why: max(least, open_rows),
        }
        for section, height in heights.items():
            # Every word to Textual about a size has it lay out the whole screen again.
            if self._heights.get(section) != height:
                self._heights[section] = height
                section.styles.height = height

    def _model_line(self, index: int, width: int) -> Line:
        row, chosen = self.models[index], self.box == PLAN
        chosen = chosen and index == self.section.selected
        assert self.here is not None
        return row.line(width, self.here.settings, FIELDS[self.field] if chosen else "")

    def _setting_line(self, index: int, width: int) -> Line:
        assert self.here is not None
        row = self.here.rows[index]
        own = row.owner is not None and row.owner == self.owner
        return setting_line(row, width, here=own)

    def _why_line(self, index: int, width: int) -> Line:
        assert self.here is not None
        if index:
            said = self.here.whys[index - 1][:_LOOKED_AT]
            return ((f" {index} ", "title"), (left(said, width - 4), "dim"))
        if self.here.why:
            return ((" ", ""), (left(self.here.why[:_LOOKED_AT], width - 2), "why"))
        return ((" ", ""), (left("not said; Enter says it", width - 2), "dim"))

    def _show_checks(self) -> None:
        pane, foreseen = self.query_one("#checks", TitledPane), self._foreseen
        if foreseen is None:
            pane.show_inside([])
            self.query_one(BlocksPane).show("Asking what the models can hold …")
            return
        room = pane.room
        lines: list[Line] = []
        for kind, say in foreseen.checks:
            # A sentence that says what to do is worth a second line.
            for number, line in enumerate(paragraph(one_line(say), room.width - 8, most=2)):
                lines.append(((f" {'' if number else kind:<4}  ", _KINDS[kind]), *line))
        more = len(lines) > room.height
        pane.note = ("the first of them" if more else "", "dim")
        pane.show_inside(lines[: room.height] or [((" nothing stands in the way", "dim"),)])
        self._show_sent(foreseen)

    def _show_sent(self, foreseen: Foreseen) -> None:
        """Show what the selected model of the plan would be sent, else the first."""
        pane = self.query_one(BlocksPane)
        if not pane.display or not self.models:
            return
        chosen = self.models[self.query_one(PLAN, Section).selected].part
        at = foreseen.parts.index(chosen) if chosen in foreseen.parts else 0
        made, entry = foreseen.made[at], foreseen.settings.entry(foreseen.parts[at].model)
        pane.title = (f"{short(entry.name)} is sent", "title")
        if isinstance(made, Prepared):
            pane.show(made.made, exact=tokens.exact(entry.model))
        else:
            pane.show(made if made is not None else foreseen.trouble)

    def _moved(self) -> None:
        self._show_about()
        if self._foreseen is not None:
            self._show_sent(self._foreseen)

    def _show_about(self) -> None:
        """Say what the selected row is for."""
        pane = self.query_one("#about", LinePane)
        width = min(_MEASURE, max(20, pane.size.width))
        pane.show_lines(paragraph(self._about(), width, "dim", most=2))

    def _about(self) -> str:
        if self.here is None:
            return ""
        if self.box == WHY:
            index = self.section.selected
            said = self.here.whys[index - 1] if index else self.here.why
            # The whole of it, of which the row has no room for more than a line.
            return (
                said[:_LOOKED_AT]
                or "Enter says it in your words; a digit takes one that was said before."
            )
        if self.box == PLAN:
            name = FIELDS[self.field]
            if name == "n":
                return ("A digit says how many branches of this model there are, Space takes it "
                        "out of the plan or back, h and l go to its other values.")  # fmt: skip
            return f"Of this model alone: {about(name)}"
        return about(self.here.rows[self.section.selected].name)

    # Where the keys go.

    @property
    def section(self) -> Section:
        """The box that keys go through."""
        return self.query_one(self.box, Section)

    def _activate(self) -> None:
        for box in _BOXES:
            self.query_one(box, Section).activate(active=box == self.box)

    def _enter(self, box: str, row: int | None = None) -> None:
        self.box = box
        if row is not None:
            self.section.selected = row if row >= 0 else self.section.count - 1
        self._show()

    @on(Section.Entered)
    def enter_box(self, event: Section.Entered) -> None:
        """Have keys go through the list that was clicked."""
        event.stop()
        self._enter(f"#{event.section.id}")

    def do_next(self, _: str) -> None:
        """Go to the next row, from the last one into the next box."""
        if self.section.selected < self.section.count - 1:
            self.section.move(1)
        elif self.box != _BOXES[-1]:
            self._enter(_BOXES[_BOXES.index(self.box) + 1], 0)

    def do_previous(self, _: str) -> None:
        """Go to the row before, from the first one into the box before."""
        if self.section.selected > 0:
            self.section.move(-1)
        elif self.box != _BOXES[0]:
            self._enter(_BOXES[_BOXES.index(self.box) - 1], -1)

    def do_box_after(self, _: str) -> None:
        """Go to the next box."""
        self._enter(_BOXES[(_BOXES.index(self.box) + 1) % len(_BOXES)])

    def do_box_before(self, _: str) -> None:
        """Go to the box before."""
        self._enter(_BOXES[_BOXES.index(self.box) - 1])

    def do_field_after(self, _: str) -> None:
        """Go to the model's next value."""
        self._go_to_field(1)

    def do_field_before(self, _: str) -> None:
        """Go to the model's value before."""
        self._go_to_field(-1)

    def _go_to_field(self, step: int) -> None:
        if self.box != PLAN:
            raise Refusal("This goes through the values of a model; Tab goes to them.")
        self.field = max(0, min(len(FIELDS) - 1, self.field + step))
        self.section.draw_again()
        self._show_about()


def _read(story: Story, user: Settings, owner: int, node: int) -> _Here:
    why = marks.text_of(story, node, "why")
    return _Here(
        plan_for(story, owner, user),
        in_force(story, user, owner),
        settings_for(story, user, owner),
        preset_in_force(story, user, owner),
        why,
        [each for each in marks.whys(story, _WHYS + 1) if each != why][:_WHYS],
        reading.depth(story, node),
    )
