"""Writing a passage by hand, with what stands before it in sight and origins kept while typing."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.widgets import TextArea

from storyloom.story import origins, place
from storyloom.story.origins import HUMAN, PASTE, PASTE_LENGTH, Runs
from storyloom.story.story import Story
from storyloom.text import Refusal, clean, words
from storyloom.tui.commands import EDITOR
from storyloom.tui.keys import Command, bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import LinePane
from storyloom.tui.wrapping import wrap

__all__ = ["EditorScreen", "Passage", "Written", "as_draft", "draft_name"]

_DRAFT_SECONDS = 2.0


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


class Passage(TextArea):
    """A text area that knows who wrote each character, through every edit, undo and redo."""

    def __init__(self, text: str, runs: Runs) -> None:
        super().__init__(clean(text), id="passage", soft_wrap=True, show_line_numbers=False)
        self.cursor_blink = False
        self.runs = runs
        self._known = self.text
        # An undo inside the editor comes back to a text seen before, with the runs it had then.
        self._seen: dict[str, Runs] = {self._known: runs}
        self._pasting = False

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual calls the text area's own handler after this one; to call it here pastes twice.
        self._pasting = len(event.text) >= PASTE_LENGTH

    def on_text_area_changed(self) -> None:
        """Attribute what has just changed: one stretch deleted, one inserted."""
        new = self.text
        if new == self._known:
            return
        if new in self._seen:
            self.runs = self._seen[new]
        else:
            at, deleted, inserted = _difference(self._known, new)
            origin = PASTE if self._pasting else HUMAN
            self.runs = origins.spliced(
                self.runs, at, deleted, origins.whole(new[at : at + inserted], origin)
            )
            if len(self._seen) > 2_000:
                self._seen.clear()
            self._seen[new] = self.runs
        self._pasting = False
        self._known = new


class EditorScreen(CommandScreen):
    """One passage. Dismissed with `Written`, or with None when the author leaves."""

    TABLE: ClassVar[tuple[Command, ...]] = EDITOR
    BINDINGS = bindings(EDITOR)
    CSS = """
    EditorScreen #before { height: 7; color: $loom-dim; }
    EditorScreen #page { height: 1fr; max-width: 74; }
    EditorScreen TextArea { height: 1fr; max-width: 72; }
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
    ) -> None:
        super().__init__()
        self.story = story
        self._title, self._draft, self._before = title, draft_name(draft), before
        self._original, self._runs, self._notice = text, runs, notice
        self._saved: str | None = None

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield LinePane(id="before", classes="pane")
        draft = place.recalled(self.story).get(self._draft)
        text, runs = self._original, self._runs
        if isinstance(draft, dict) and draft.get("of") == self._original:
            text = str(draft.get("text", text))
            runs = origins.loaded(str(draft.get("runs", "[]")))
            self._notice = "This is your draft; ^o keeps it."
        yield Passage(text, runs)
        yield from self.compose_foot()

    def on_mount(self) -> None:
        """Put the cursor at the end, where one goes on writing."""
        passage = self.query_one(Passage)
        passage.focus()
        passage.move_cursor(passage.document.end)
        self.query_one("#before").border_title = "before"
        self.set_interval(_DRAFT_SECONDS, self._keep_draft)
        self.call_after_refresh(self._show)
        if self._notice:
            self.say(self._notice)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_text_area_changed(self) -> None:
        """Count along."""
        self._show_header()

    def _show(self) -> None:
        pane = self.query_one("#before", LinePane)
        width = min(68, pane.size.width)
        text = self._before[-2_000:]
        spans = wrap(text, width)[-max(1, pane.size.height) :]
        pane.show_lines([((text[a:b], "dim"),) for a, b in spans])
        self._show_header()

    def _show_header(self) -> None:
        passage = self.query_one(Passage)
        shares = origins.by_origin(passage.runs)
        own = shares.get(HUMAN, 0) * 100 // max(1, sum(shares.values()))
        figures = ((f"{words(passage.text)} words", "dim"), (f"human {own}%", "human"))
        self.query_one(Header).show(((self._title, "title"),), figures)

    @property
    def _changed(self) -> bool:
        return self.query_one(Passage).text != _as_edited(self._original)

    def _keep_draft(self) -> None:
        """Keep what is typed until the author keeps or leaves it; a crash costs two seconds."""
        passage = self.query_one(Passage)
        if self.story.readonly or passage.text == (self._saved or _as_edited(self._original)):
            return
        self._saved = passage.text
        draft = as_draft(self._original, passage.text, passage.runs)
        place.remember(self.story, **{self._draft: draft})

    def _forget_draft(self) -> None:
        if not self.story.readonly:
            place.remember(self.story, **{self._draft: None})

    def do_save(self, _: str) -> None:
        """Keep the text and go back."""
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
        if self._changed:
            self._keep_draft()
            below = self.app.screen_stack[-2]
            if isinstance(below, CommandScreen):
                below.say("Kept as a draft; the same key goes on with it.")
        self.dismiss(None)

    def save_at_once(self) -> None:
        """Keep the draft, now."""
        self._keep_draft()

    async def closing(self) -> None:
        """Keep the draft before the program ends."""
        self._keep_draft()


def _as_edited(text: str) -> str:
    """Return `text` as a text area gives it back untouched: with one kind of line end."""
    return clean(text).replace("\u2028", "\n").replace("\u2029", "\n")


def _difference(old: str, new: str) -> tuple[int, int, int]:
    """Return where two texts differ, how much of the old and how much of the new is between."""
    most = min(len(old), len(new))
    at = 0
    while at < most and old[at] == new[at]:
        at += 1
    end = 0
    while end < most - at and old[-1 - end] == new[-1 - end]:
        end += 1
    return at, len(old) - at - end, len(new) - at - end
