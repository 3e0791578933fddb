"""The loom: one story's tree, strand and branches, and all the author does to them."""

from typing import ClassVar

from storyloom import paths
from storyloom.generate.plan import plan_for, set_plan, take
from storyloom.settings import PlanPart, Preset
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.commands import LOOM
from storyloom.tui.keys import Command, bindings
from storyloom.tui.screens.arranging import Arranging
from storyloom.tui.screens.growing import Growing
from storyloom.tui.screens.looking import Looking
from storyloom.tui.screens.moving import Moving
from storyloom.tui.screens.presets import Presets
from storyloom.tui.screens.rewriting import Rewriting
from storyloom.tui.screens.shaping import Shaping
from storyloom.tui.widgets.timeline import TimelinePane
from storyloom.tui.widgets.tree import TreePane

__all__ = ["LoomScreen"]


class LoomScreen(Growing, Moving, Rewriting, Shaping, Arranging, Looking, Presets):
    """One open story. The cursor is a node; every pane shows the tree from there."""

    TABLE: ClassVar[tuple[Command, ...]] = LOOM
    BINDINGS = bindings(LOOM)
    DEFAULT_CSS = """
    LoomScreen #panes { height: 1fr; }
    LoomScreen #sends { display: none; width: 38; margin: 0 0 0 1; }
    LoomScreen.-four #sends { display: block; }
    LoomScreen #notes { display: none; height: 6; }
    LoomScreen.-wide.-tall #notes { display: block; }
    LoomScreen #hint { display: none; height: 1; padding: 0 1; background: $surface; }
    LoomScreen.-hinting #hint { display: block; }
    LoomScreen.-narrow #panes { layout: vertical; }
    LoomScreen.-narrow #strand { height: 1fr; }
    LoomScreen.-narrow #siblings { height: 10; }
    LoomScreen.-narrow TreePane { display: none; }
    LoomScreen.-narrow.-tree TreePane { display: block; height: 1fr; }
    LoomScreen.-narrow.-tree #siblings { display: none; }
    LoomScreen.-narrow.-tree #strand { height: 10; }
    LoomScreen.-wide #panes { layout: horizontal; }
    LoomScreen.-wide TreePane { width: 1fr; max-width: 44; margin: 0 1 0 0; }
    LoomScreen.-wide #strand { width: 2fr; max-width: 74; margin: 0 1 0 0; }
    LoomScreen.-wide #siblings { width: 1fr; min-width: 34; }
    """

    async def do_models(self, _: str) -> None:
        from storyloom.tui.screens.models import ModelPicker

        picker = ModelPicker(self.story, self.cursor, self.settings, self.loom.client)
        self.app.push_screen(picker, self._planned)

    def do_generation(self, _: str) -> None:
        from storyloom.tui.screens.generation import GENERATE, GenerationScreen

        node, before = self.cursor, plan_for(self.story, self.cursor, self.settings).parts

        async def done(wanted: object) -> None:
            if wanted == GENERATE or plan_for(self.story, node, self.settings).parts != before:
                self.next_count = None
            self.redraw(changed=True)
            if wanted == GENERATE and self.cursor == node:
                await self.do("generate")
            elif wanted == GENERATE:
                # A branch that ended without text was left meanwhile.
                self.say(f"The cursor is not at n{node} any more; Space grows branches from here.")

        screen = GenerationScreen(self.story, node, self.settings, self.loom.client)
        self.app.push_screen(screen, done)

    def do_rerun(self, model: str) -> None:
        from storyloom.tui.screens.rerun import RerunScreen

        def done(node: object) -> None:
            self.redraw(changed=True)
            if isinstance(node, int):
                self.go(node)

        screen = RerunScreen(self.story, self.cursor, self.settings, self.loom.client, model)
        self.app.push_screen(screen, done)

    def place(self) -> tuple[Story, int]:
        return self.story, self.cursor

    async def take_preset(self, preset: Preset) -> None:
        await self.act(take, self.cursor, preset)
        self.next_count = None
        self.say(f"{one_line(preset.name)} from here down: {self.plan().label}; G shows it all.")

    async def _planned(self, chosen: object) -> None:
        if not isinstance(chosen, tuple):
            return
        where, parts = chosen
        self.next_count = None
        owner = 0 if where == "story" else self.cursor
        given: tuple[PlanPart, ...] | None = parts
        try:
            await self.act(set_plan, owner, given)
        except Refusal as refusal:
            self.say(str(refusal), "warning")
            return
        self.say(f"From here down: {self.plan().label}." if owner else f"{self.plan().label}.")

    async def do_library(self, _: str) -> None:
        from storyloom.tui.screens.library import LibraryScreen

        await self.closing()
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            # Textual cannot take away the screen that it began with; closed, it stays below.
            folder = self.story.path.resolve().parent
            self.app.push_screen(LibraryScreen(None if folder == paths.saves_dir() else folder))

    async def do_quit(self, _: str) -> None:
        await self.loom.leave()

    async def closing(self) -> None:
        """Put everything in order before the screen goes."""
        if self._shut:
            return
        await self.end_growing()
        self.remember()
        self._shut = True
        self.query_one(TreePane).forget()
        self.query_one(TimelinePane).forget()
        self.story.close()

    def save_at_once(self) -> None:
        """Bring what has streamed in into the file, now."""
        if self._shut:
            return
        self.interrupt_growing()
        self.remember()
        self.story.close()
