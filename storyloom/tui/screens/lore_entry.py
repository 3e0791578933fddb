"""The form that a lore entry is written in, with whether it would fire here kept in sight."""

import asyncio
import contextlib
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, TextArea

from storyloom.generate.firing import firings
from storyloom.generate.plan import settings_for
from storyloom.settings import Settings
from storyloom.story import origins, place
from storyloom.story.lore import Entry
from storyloom.story.origins import HUMAN
from storyloom.story.story import Story
from storyloom.text import Refusal
from storyloom.tui.commands import LORE_ENTRY
from storyloom.tui.keys import bindings
from storyloom.tui.latest import Latest
from storyloom.tui.lore_fields import FIELDS, Field, shown, taken
from storyloom.tui.lore_keeping import NEW, Elsewhere, draft_name, field_of, put
from storyloom.tui.lore_rows import name_of, told
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header, KeyLine
from storyloom.tui.widgets.box import LineBox, on_one_line
from storyloom.tui.widgets.choice import Choice
from storyloom.tui.widgets.field import FieldRow
from storyloom.tui.widgets.lines import LinePane
from storyloom.tui.widgets.passage import Passage, as_edited

__all__ = ["LoreEntryScreen"]

_DRAFT_SECONDS = 1.0
_PAUSE = 0.15
_ROWS = (
    ("title",), ("keys",), ("secondary_keys", "logic"), ("content",), ("constant", "enabled"),
    ("valid_from", "valid_until"), ("order", "priority"),
)  # fmt: skip
_MORE = (
    ("pinned", "probability"), ("group", "position"), ("scan", "whole_words"),
    ("case_sensitive", "recursion_only"), ("no_recurse_in", "no_recurse_out"),
)  # fmt: skip
_FIELD = {field.name: field for field in FIELDS}


class LoreEntryScreen(CommandScreen):
    """One entry, a new one without `uid`. Dismissed with its uid when it was kept, or with None.

    What is typed is kept as a draft from the first second on. What others changed meanwhile is
    kept too, and asked about where both have changed the same field.
    """

    TABLE = LORE_ENTRY
    FORM = True
    # With priority, as in the form that begins a story: what is typed behind a Tab is for the
    # next box already.
    BINDINGS: ClassVar = [
        *bindings(LORE_ENTRY),
        Binding("tab", "go(1)", "Next field", show=False, priority=True),
        Binding("shift+tab", "go(-1)", "Field before", show=False, priority=True),
        Binding("enter", "leave_line", "Next field", show=False, priority=True),
    ]
    CSS = """
    LoreEntryScreen #around { align-horizontal: center; height: 1fr; }
    LoreEntryScreen #fires { height: 1; max-width: 90; padding: 0 1; }
    LoreEntryScreen #about { height: 1; max-width: 90; padding: 0 1; }
    LoreEntryScreen #form { height: 1fr; max-width: 90; overflow-y: auto; padding: 0 1 0 0; }
    LoreEntryScreen .pair { height: 1; }
    LoreEntryScreen #pair-content { height: 1fr; min-height: 4; }
    LoreEntryScreen #row-content { height: 1fr; }
    LoreEntryScreen #row-logic { width: 30; }
    LoreEntryScreen #row-secondary_keys { padding: 0 2 0 0; }
    LoreEntryScreen #more { height: auto; display: none; }
    LoreEntryScreen.-more #more { display: block; }
    LoreEntryScreen.-tall #pair-content { margin: 1 0; }
    LoreEntryScreen LineBox { background: $surface; width: 1fr; max-width: 70; padding: 0 1; }
    LoreEntryScreen Passage {
        background: $surface; max-width: 70; height: 1fr; scrollbar-size-vertical: 1;
    }
    LoreEntryScreen Choice { padding: 0 1; }
    """

    def __init__(
        self, story: Story, node: int, settings: Settings, uid: str | None, entry: Entry
    ) -> None:
        super().__init__()
        self.story, self._node, self._settings = story, node, settings
        self._uid, self._base = uid, entry
        self._begun = shown(entry)
        self._draft = draft_name(uid or NEW)
        self._notice = self._take_draft()
        self._saved: dict[str, str] = {}
        self._last: Widget | None = None
        self._ready = self._busy = self._shut = False
        self._keeping = asyncio.Lock()
        self._latest = Latest(self, self._would_fire, self._show_fires, pause=_PAUSE)

    def _take_draft(self) -> str:
        """Begin with the draft if there is one, and return what is to be said of it."""
        draft = place.recalled(self.story).get(self._draft)
        if not isinstance(draft, dict):
            return ""
        base, typed = draft.get("of"), draft.get("typed")
        if not isinstance(base, dict) or not isinstance(typed, dict):
            return ""
        self._base, before = base, shown(base)
        for name, text in typed.items():
            if name in before and str(text) != before[name]:
                self._begun[name] = str(text)
        return "This is your draft; ^o keeps it, ^l forgets it."

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Vertical(id="around"):
            yield LinePane(id="fires")
            with Vertical(id="form"):
                yield from self._pairs(_ROWS)
                with Vertical(id="more"):
                    yield from self._pairs(_MORE)
            yield LinePane(id="about")
        yield from self.compose_foot()

    def _pairs(self, rows: tuple[tuple[str, ...], ...]) -> ComposeResult:
        for names in rows:
            with Horizontal(id=f"pair-{names[0]}", classes="pair"):
                for name in names:
                    yield FieldRow(
                        _FIELD[name].label, _box(_FIELD[name], self._begun[name]), id=f"row-{name}"
                    )

    def on_mount(self) -> None:
        # Where something of it is said already, it is to be seen.
        rest = [name for names in _MORE for name in names]
        self.set_class(any(self._base.get(name) is not None for name in rest), "-more")
        self.set_interval(_DRAFT_SECONDS, self._keep_draft_soon)
        self.set_focus(self._row("title" if self._uid is None else "content").box)
        self.query_one(Passage).when_pasted = self.on_paste
        self.call_after_refresh(self._begin)
        if self._notice:
            self.say(self._notice)

    def _begin(self) -> None:
        self._ready = True
        self._show_fires(None)
        self._show_header()
        self._ask()

    # What is typed.

    def _row(self, name: str) -> FieldRow:
        return self.query_one(f"#row-{name}", FieldRow)

    def typed(self) -> dict[str, str]:
        """Return what the boxes hold, by fields; one that was not touched as the entry has it."""
        held: dict[str, str] = {}
        for name, begun in self._begun.items():
            box = self._row(name).box
            if isinstance(box, Passage):
                text = begun if box.text == as_edited(begun) else box.text
            elif isinstance(box, Input):
                text = begun if box.value == on_one_line(begun) else box.value
            else:
                text = box.value if isinstance(box, Choice) else begun
            held[name] = text
        return held

    @property
    def _changed(self) -> bool:
        return self.typed() != shown(self._base)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._touch()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.id != "line":
            self._touch()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        event.stop()
        self._touch()

    def _touch(self) -> None:
        if not self._ready:
            return
        for row in self.query(FieldRow):
            if row.refused:
                row.refused = False
                self.query_one(KeyLine).forget()
        self._show_header()
        self._ask()

    # Whether it would fire.

    def _ask(self) -> None:
        self._latest.ask(taken(self._base, self.typed()))

    def _would_fire(self, entry: Entry) -> str:
        """Return whether the entry as it stands there would fire; called in a thread."""
        uid = self._uid or NEW
        empty = not str(entry.get("content") or "").strip()
        # Keys are typed before the content, and are to be tried out at once.
        asked = {**entry, "content": "…"} if empty else entry
        try:
            settings = settings_for(self.story, self._settings, self._node)
            found = firings(self.story, settings, self._node, drafts={uid: asked})
        except Refusal as refusal:
            return str(refusal)
        firing = next(firing for firing in found if firing.uid == uid)
        later = "no content yet, then " if empty and firing.fires else ""
        return later + told(firing, entry)

    def _show_fires(self, answer: str | None) -> None:
        style = "weave" if answer is not None and answer.startswith("yes") else "text"
        self.query_one("#fires", LinePane).show_lines(
            [((f"would fire here (n{self._node}): ", "dim"), (answer or "…", style))]
        )

    def _show_header(self) -> None:
        entry = taken(self._base, self.typed())
        name = name_of(entry) if any(entry.get(key) for key in ("title", "content")) else ""
        what = "new entry" if self._uid is None else f"entry {self._uid}"
        self.query_one("#header", Header).show(
            (("lore", "title"), (name, "text")),
            (("changed" if entry != self._base else "", "unread"), (what, "dim")),
        )

    # From field to field.

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        box = event.widget
        name = (box.id or "").removeprefix("box-") if not isinstance(box, Passage) else "content"
        if name in _FIELD:
            self._last = box
            self.query_one("#about", LinePane).show_lines([((_FIELD[name].about, "dim"),)])

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Come back to the field when a question at the bottom is over."""
        if event.widget.id == "line":
            self.call_later(self._come_back)

    def _come_back(self) -> None:
        if self.focused is None and self._last is not None and self.is_attached:
            self.set_focus(self._last)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a question stands at the bottom, keys are its own; Enter is a line end in text."""
        focused = self.focused
        if action in ("go", "leave_line"):
            asking = focused is not None and focused.id == "line"
            return not asking and (action == "go" or not isinstance(focused, TextArea))
        return super().check_action(action, parameters)

    def action_go(self, step: int) -> None:
        """Go to the next field, or to the one before."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_leave_line(self) -> None:
        """Go on from a field of one line."""
        self.focus_next()

    def do_more(self, _: str) -> None:
        """Show the rest of the fields, or hide them."""
        self.toggle_class("-more")
        if not self.has_class("-more") and self._last is not None:
            hidden = self.query_one("#more") in self._last.ancestors
            if hidden:
                self.set_focus(self._row("order").box)

    # Keeping and leaving.

    async def do_save(self, _: str) -> None:
        """Put the entry into the lore and go back."""
        if not self._busy:
            await self._save(over=False)

    async def _save(self, *, over: bool) -> None:
        mine = taken(self._base, self.typed())
        if self._uid is not None and mine == self._base:
            await self._forget()
            return
        self._busy = True
        try:
            uid = await asyncio.to_thread(put, self.story, self._uid, self._base, mine, over=over)
        except Elsewhere as question:
            self.confirm(str(question), partial(self._save, over=True))
            return
        except Refusal as refusal:
            self._refuse(refusal, mine)
            return
        finally:
            self._busy = False
        await self._leave(uid)

    def _refuse(self, refusal: Refusal, entry: Entry) -> None:
        """Say why the entry cannot be kept, at the field."""
        name = field_of(refusal, entry)
        if name is not None:
            if any(name in names for names in _MORE):
                self.add_class("-more")
            row = self._row(name)
            row.refused = True
            self.set_focus(row.box)
        self.say(str(refusal), "warning")

    def do_forget(self, _: str) -> None:
        """Go back to the entry as the lore has it."""
        if self._changed:
            self.confirm("Forget what was changed here?", self._forget)
        else:
            self.dismiss(None)

    async def _forget(self) -> None:
        await self._leave(None)

    async def _leave(self, uid: str | None) -> None:
        """Go back without a draft; one that is being kept at this moment goes too."""
        self._shut = True
        try:
            async with self._keeping:
                await asyncio.to_thread(place.remember, self.story, **{self._draft: None})
        except Refusal as refusal:
            self._shut = False
            self.say(str(refusal), "warning")
            return
        self.dismiss(uid)

    async def do_leave(self, _: str) -> None:
        """Go back; what was changed waits as a draft."""
        if not self._changed:
            await self._forget()
            return
        await asyncio.to_thread(self._remember, self.typed())
        below = self.app.screen_stack[-2]
        if isinstance(below, CommandScreen):
            below.say("Kept as a draft; the same key goes on with it.")
        self.dismiss(None)

    async def _keep_draft_soon(self) -> None:
        typed = self.typed()
        if self._shut or not self._ready or typed == (self._saved or shown(self._base)):
            return
        self._saved = typed
        try:
            async with self._keeping:
                await asyncio.to_thread(self._remember, typed)
        except Refusal as refusal:
            self.say(f"{refusal} What you type is in no file yet.", "warning")

    def _remember(self, typed: dict[str, str]) -> None:
        place.remember(self.story, **{self._draft: {"of": self._base, "typed": typed}})

    def _keep_draft(self) -> None:
        if self._changed and not self._shut:
            self._remember(self.typed())

    def save_at_once(self) -> None:
        """Keep the draft, now."""
        self._keep_draft()

    async def closing(self) -> None:
        """Keep the draft before the program ends."""
        with contextlib.suppress(Refusal):
            self._keep_draft()
        self._shut = True


def _box(field: Field, text: str) -> Widget:
    name = f"box-{field.name}"
    if field.choices:
        return Choice(field.choices, text, id=name)
    if field.kind == "long":
        return Passage(text, origins.whole(text, HUMAN))
    box = LineBox(on_one_line(text), id=name, placeholder=field.default, compact=True,
                  select_on_focus=False)  # fmt: skip
    box.cursor_blink = False
    return box
