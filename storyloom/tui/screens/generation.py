"""The settings with which branches are grown from a place: each with where its value comes from."""

import asyncio
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult

from storyloom.generate.plan import InForce, in_force, plan_for, set_plan, typed
from storyloom.settings import RANGES, Settings
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.commands import GENERATION
from storyloom.tui.keys import bindings
from storyloom.tui.screens.listed import Listed
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.columns import columns, left, paragraph
from storyloom.tui.widgets.lines import Line, LinePane
from storyloom.tui.widgets.listing import Listing
from storyloom.tui.widgets.strand import MEASURE

__all__ = ["MODELS", "GenerationScreen"]

MODELS = "models"
"""The screen is dismissed with it when the models are to be chosen."""
_LABELS = {
    MODELS: ("models", "Which models are asked, and for how many branches each; Enter chooses."),
    "words": ("length", "How long a branch should be, in words; or sketch (2 lines), beat (60), "
              "scene (300)."),
    "temperature": ("temperature", "0 is always the likeliest word, 1 as the model learned, more "
                    "is wilder. Some models take none or only up to 1."),
    "top_p": ("top p", "Only the likeliest words that make up this share are drawn from."),
    "seed": ("seed", "The same number asks for the same text again, from models that take one; the "
             "second branch is drawn with one more."),
    "trim": ("trim", "yes cuts away a last sentence that broke off at the limit; no keeps it."),
    "alternatives": ("alternatives", "How many other words are asked for at each one, where a "
                     "provider tells them, 0 to 20; T shows them. 0 asks for none."),
    "context": ("context", "The most tokens that a request may hold, the answer among them."),
    "vary": ("vary by", "What the branches of a batch differ in, one value each, as in tone: dry / "
             "tender / afraid; none is off."),
}  # fmt: skip


class GenerationScreen(Listed):
    """Settings of `node` and what is below it, or of the whole story.

    Dismissed with `MODELS` when the models are to be chosen, else with None.
    """

    TABLE = GENERATION
    BINDINGS: ClassVar = bindings(GENERATION)
    DEFAULT_CSS = """
    GenerationScreen #settings { height: 1fr; padding: 1 1 0 1; }
    GenerationScreen #about { height: 3; padding: 0 1; }
    """

    def __init__(self, story: Story, node: int, settings: Settings) -> None:
        super().__init__()
        self.story, self._node, self._settings = story, node, settings
        self._owner = node
        self._rows: list[InForce] = []

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Listing(id="settings")
        yield LinePane(id="about")
        yield from self.compose_foot()

    async def on_mount(self) -> None:
        """Read what is in force."""
        await self._read()

    async def _read(self) -> None:
        self._rows = await asyncio.to_thread(_rows, self.story, self._settings, self._owner)
        where = f"from n{self._node} down" if self._owner else "for the whole story"
        self.query_one("#header", Header).show(
            (("generation", "title"), (where, "text")),
            (("inherited by all that is below", "dim"),),
        )
        self.query_one(Listing).fill(len(self._rows), self._line, moved=self._tell_about)
        self._tell_about()

    def _line(self, index: int, width: int) -> Line:
        row = self._rows[index]
        said = self._models if row.name == MODELS else row.said
        own = row.owner is not None and row.owner == self._owner
        source = max(12, min(42, width // 3 + 8))
        cells = [
            (left(_LABELS[row.name][0], 12), "title"),
            (left(said, max(8, width - source - 18)), "text"),
            (left("set here" if own else row.source, source), "weave" if own else "dim"),
        ]
        return ((" ", ""), *columns(cells))

    @property
    def _models(self) -> str:
        return plan_for(self.story, self._owner, self._settings).label

    def _tell_about(self) -> None:
        """Say what the selected setting does."""
        name = self._chosen().name
        about = _LABELS[name][1]
        if name in RANGES and name != "trim":
            low, high = RANGES[name]
            about += f" From {low:,.12g} to {high:,.12g}.".replace(",", " ")
        pane = self.query_one("#about", LinePane)
        pane.show_lines(paragraph(about, min(MEASURE, max(20, pane.size.width)), "dim"))

    def _chosen(self) -> InForce:
        if not self._rows:
            raise Refusal("The settings are still being read.")
        return self._rows[self.query_one(Listing).selected]

    # Changing them.

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.do_edit("")

    def do_edit(self, _: str) -> None:
        """Ask for the setting's value; of the models, go and choose them."""
        row = self._chosen()
        if row.name == MODELS:
            self.dismiss(MODELS)
            return
        if row.name == "trim":
            words = {"y": "yes", "n": "no"}
            self.choose("cut away a sentence that broke off? y/n", "yn",
                        lambda letter: self._set("trim", words[letter.lower()]))  # fmt: skip
            return
        begun = "" if row.value is None else row.said
        self.ask(f"{_LABELS[row.name][0]}, nothing inherits", partial(self._set, row.name),
                 begun=begun)  # fmt: skip

    async def _set(self, name: str, text: str) -> None:
        try:
            value = typed(name, text)
            await asyncio.to_thread(marks.set_setting, self.story, name, value, self._owner)
        except Refusal as refusal:
            # Asked again with what was typed, as it may have been only a slip.
            self.ask(str(refusal).rstrip("."), partial(self._set, name), begun=text)
            return
        await self._read()
        whose = f"n{self._owner} and what is below it" if self._owner else "the story"
        said = f"Set for {whose}; u in the loom takes it back."
        self.say("Inherited again." if value is None else said)

    async def do_inherit(self, _: str) -> None:
        """Let the place inherit this setting, or its models, again."""
        row = self._chosen()
        if row.owner is None or row.owner != self._owner:
            raise Refusal(f"It is inherited already: {row.source}.")
        if row.name == MODELS:
            await asyncio.to_thread(set_plan, self.story, self._owner, None)
        else:
            await asyncio.to_thread(marks.set_setting, self.story, row.name, None, self._owner)
        await self._read()
        self.say("Inherited again.")

    async def do_scope(self, _: str) -> None:
        """Go from the settings of the place to those of the whole story, or back."""
        self._owner = 0 if self._owner else self._node
        await self._read()

    def do_models(self, _: str) -> None:
        """Choose the models."""
        self.dismiss(MODELS)

    def do_back(self, _: str) -> None:
        """Back to the loom."""
        self.dismiss(None)


def _rows(story: Story, settings: Settings, owner: int) -> list[InForce]:
    plan = plan_for(story, owner, settings)
    return [InForce(MODELS, None, plan.owner, plan.source), *in_force(story, settings, owner)]
