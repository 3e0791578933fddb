"""Writing a passage by hand, with what stands before it in sight and origins kept while typing."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from storyloom.story import origins, place
from storyloom.story.origins import Runs
from storyloom.story.story import Story
from storyloom.text import Refusal, words
from storyloom.tui.commands import EDITOR
from storyloom.tui.copied import Copied
from storyloom.tui.keys import Command, bindings
from storyloom.tui.legend import Legend, letters, role_of
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.screens.suggesting import Ask, Suggesting
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import LinePane, TitledPane
from storyloom.tui.widgets.offers import OffersPane
from storyloom.tui.widgets.origins import OriginGutter, shares
from storyloom.tui.widgets.passage import Passage, as_edited
from storyloom.tui.wrapping import wrap

__all__ = ["EditorScreen", "Passage", "Written", "as_draft", "draft_name"]

_DRAFT_SECONDS = 2.0
_MARGIN = 6
"""Cells left of the text: the origins' letters, and a space."""


@dataclass(frozen=True)
class Written:
    """What the author kept."""

    text: str
    runs: Runs
    draft: str
    """The name under which it is kept until it is in the story."""


def draft_name(what: str) -> str:
    """Return the name under which a draft of `edit:NODE`, `write:NODE` or the like is kept."""
    return f"draft:{what}"


def as_draft(original: str, text: str, runs: Runs) -> dict[str, str]:
    """Return what is kept of a draft; it is offered again as long as `original` is still there."""
    return {"of": original, "text": text, "runs": origins.dumped(runs)}


class EditorScreen(Suggesting):
    """One passage. Dismissed with `Written`, or with None when the author leaves.

    `ask` makes the requests for ways on from the cursor. `legend` has the models' colours.
    """

    TABLE: ClassVar[tuple[Command, ...]] = EDITOR
    FORM = True
    BINDINGS = bindings(EDITOR)
    CSS = """
    EditorScreen #before { height: 6; }
    EditorScreen #page { height: 1fr; }
    EditorScreen Passage { max-width: 70; scrollbar-size-vertical: 1; }
    EditorScreen #who { height: 1; }
    """

    def __init__(
        self,
        story: Story,
        title: str,
        draft: str,
        before: str,
        text: str,
        runs: Runs,
        *,
        notice: str = "",
        ask: Ask,
        legend: Legend | None = None,
    ) -> None:
        super().__init__(ask)
        self.story = story
        self._legend = legend
        self._title, self._draft, self._before = title, draft_name(draft), before
        self._original, self._runs, self._notice = text, runs, notice
        self._saved: str | None = None

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield TitledPane(id="before", title="before")
        draft = place.recalled(self.story).get(self._draft)
        text, runs = self._original, self._runs
        if isinstance(draft, dict) and draft.get("of") == self._original:
            text = str(draft.get("text", text))
            runs = origins.loaded(str(draft.get("runs", "[]")))
            self._notice = "This is your draft; ^o keeps it, ^l forgets it."
        passage = Passage(text, runs)
        with Horizontal(id="page"):
            yield OriginGutter(passage, self.model_role, id="gutter")
            yield passage
        yield OffersPane(id="offers")
        yield LinePane(id="who")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Put the cursor at the end, where one goes on writing."""
        passage = self.query_one(Passage)
        passage.when_pasted = self.on_paste
        passage.known_of = self._known_of
        passage.ends = self._ends
        passage.focus()
        passage.move_cursor(passage.document.end)
        self.set_interval(_DRAFT_SECONDS, self._keep_draft)
        self.call_after_refresh(self._show)
        if self._notice:
            self.say(self._notice)

    def _known_of(self, pasted: str) -> Runs | None:
        copied: Copied | None = getattr(self.app, "copied", None)
        here = copied is not None and copied.story == self.story.path
        return copied.runs_of(pasted) if copied and here else None

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Come back to the text when a question at the bottom is over."""
        if event.widget.id == "line":
            self.call_later(self._come_back)

    def _come_back(self) -> None:
        if self.focused is None and self.is_attached:
            self.set_focus(self.query_one(Passage))

    def on_text_area_changed(self) -> None:
        """Count along."""
        self._show_figures()

    def on_text_area_selection_changed(self) -> None:
        """Say who wrote what is at the cursor."""
        self._show_who()

    def model_role(self, model: str) -> str:
        """Return the style of a model's name."""
        return self._legend.role(model) if self._legend is not None else "model-1"

    def _show(self) -> None:
        pane = self.query_one("#before", TitledPane)
        width = max(1, min(68, pane.room.width - _MARGIN))
        text = self._before[-2_000:]
        spans = wrap(text, width)[-max(1, pane.room.height) :]
        pane.show_inside([((" " * _MARGIN, ""), (text[a:b], "dim")) for a, b in spans])
        self._show_figures()

    def _show_figures(self) -> None:
        passage = self.query_one(Passage)
        many = words(passage.text)
        count = f"{many} word{'' if many == 1 else 's'}"
        self.query_one(Header).show(((self._title, "title"),), ((count, "dim"),))
        self.query_one(OriginGutter).draw_again()
        self._show_who()

    def _show_who(self) -> None:
        passage = self.query_one(Passage)
        here = _origin_at(passage.runs, passage.offset_of_cursor)
        at = (("    cursor: ", "dim"), (letters(here), role_of(here, self.model_role)))
        line = shares(passage.runs, self.model_role)
        self.query_one("#who", LinePane).show_lines([(*line, *at) if here else line])

    @property
    def _changed(self) -> bool:
        return self.query_one(Passage).text != as_edited(self._original)

    def _keep_draft(self) -> None:
        """Keep what is typed until the author keeps or leaves it; a crash costs two seconds."""
        passage = self.query_one(Passage)
        if self.story.readonly or passage.text == (self._saved or as_edited(self._original)):
            return
        self._saved = passage.text
        draft = as_draft(self._original, passage.text, passage.runs)
        place.remember(self.story, **{self._draft: draft})

    def _forget_draft(self) -> None:
        if not self.story.readonly:
            place.remember(self.story, **{self._draft: None})

    def _ends(self, key: str) -> bool:
        """Whether a key is one of those that leave, and is going to be obeyed."""
        leaving = (each.keys for each in self.commands if each.name in ("save", "leave"))
        return not self.just_pasted and any(key in keys for keys in leaving)

    async def action_do(self, name: str, argument: str = "") -> None:
        """Do a command; the writing goes on where that did not leave."""
        await super().action_do(name, argument)
        if self.is_attached:
            self.query_one(Passage).ended = False

    def do_save(self, _: str) -> None:
        """Keep the text and go back."""
        self.stop_suggesting()
        passage = self.query_one(Passage)
        if not passage.text.strip():
            raise Refusal("There is no text to keep; ^g goes back.")
        if not self._changed:
            # A text area turns every kind of line end into one; what was not touched stays as is.
            self._forget_draft()
            self.dismiss(None)
            return
        # Whoever puts it into the story forgets the draft: that may still be refused.
        self._keep_draft()
        self.dismiss(Written(passage.text, passage.runs, self._draft))

    def do_leave(self, _: str) -> None:
        """Go back; a changed text waits as a draft."""
        self.stop_suggesting()
        if not self.query_one(Passage).text.strip():
            # Nothing is no draft: the passage is there again the next time.
            self._forget_draft()
        elif self._changed:
            self._keep_draft()
            below = self.app.screen_stack[-2]
            if isinstance(below, CommandScreen):
                below.say("Kept as a draft; the same key goes on with it.")
        else:
            self._forget_draft()
        self.dismiss(None)

    def do_forget(self, _: str) -> None:
        """Go back to the passage as the story has it; asks first when something was changed."""
        self.stop_suggesting()
        if self._changed:
            self.confirm("Forget what was changed here?", self._forget)
        else:
            self._forget()

    def _forget(self) -> None:
        self._forget_draft()
        self.dismiss(None)

    def save_at_once(self) -> None:
        """Keep the draft, now."""
        self._keep_draft()

    async def closing(self) -> None:
        """Keep the draft before the program ends."""
        self._keep_draft()


def _origin_at(runs: Runs, at: int) -> str:
    """Return the origin of the character before a cursor; empty where there is none."""
    for run in runs:
        if at <= run.length:
            return run.origin
        at -= run.length
    return runs[-1].origin if runs else ""
