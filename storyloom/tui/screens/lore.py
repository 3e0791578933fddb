"""The lore of a story: its entries in a list, each with whether it would fire at the cursor."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from storyloom.generate.firing import Firing, firings
from storyloom.generate.plan import plan_for, settings_for
from storyloom.models.weights import EMBEDDED
from storyloom.settings import Settings
from storyloom.story import history, log, lore, reading
from storyloom.story.lore import Entry
from storyloom.story.story import Story
from storyloom.text import Refusal, clean, grouped, one_line
from storyloom.tui import clipboard
from storyloom.tui.commands import LORE
from storyloom.tui.keys import bindings, shown_key
from storyloom.tui.latest import Latest
from storyloom.tui.lore_keeping import NEW, Snapshot, snapshot
from storyloom.tui.lore_rows import Told, folded, head, name_of, nothing_yet, row
from storyloom.tui.screens.listed import Listed
from storyloom.tui.screens.lore_entry import LoreEntryScreen
from storyloom.tui.widgets.bar import Header
from storyloom.tui.widgets.lines import Line, TitledPane
from storyloom.tui.widgets.listing import Listing

__all__ = ["LoreScreen"]

_MEASURE = 68
_LOOKS = 0.5
"""Seconds between two looks at what another program has changed in the story."""
_COPIED = " (copy)"


class LoreScreen(Listed):
    """Dismissed with None. `node` is where it is asked what would fire."""

    TABLE = LORE
    BINDINGS: ClassVar = bindings(LORE)
    DEFAULT_CSS = """
    LoreScreen #body { height: 1fr; }
    LoreScreen #entries { height: 10; }
    LoreScreen #entry { height: 1fr; }
    LoreScreen.-tall #entries { height: 14; }
    LoreScreen.-wide #body { layout: horizontal; }
    LoreScreen.-wide #entries { height: 1fr; width: 1fr; }
    LoreScreen.-wide #entry { width: 70; margin: 0 0 0 1; }
    LoreScreen.-nothing #entries { height: 1fr; }
    LoreScreen.-nothing #entry { display: none; }
    """

    def __init__(self, story: Story, node: int, settings: Settings) -> None:
        super().__init__()
        self.story, self._node, self._settings = story, node, settings
        self._lore = Snapshot()
        self._shown: list[str] = []
        self._firings: dict[str, Firing] = {}
        self._filter = ""
        self._filter_before: str | None = None
        self._only_fires = False
        self._top = 0
        self._told: tuple[object, Told] | None = None
        self._shut = False
        self._latest = Latest(self, self._fires, self._show_fires)

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Container(id="body"):
            yield Listing(id="entries")
            yield TitledPane(id="entry")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        self.query_one(Listing).fill(0, self._row, head=head, moved=self._moved)
        self.run_worker(self._read(), exit_on_error=False)
        self.set_interval(_LOOKS, self._look_around)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._show_entry)

    # What the lore is.

    async def _read(self, select: str = "") -> None:
        """Read the lore and show it, with that entry selected, else the same as before."""
        self._lore = await asyncio.to_thread(snapshot, self.story)
        # Only now, as another reading may have selected one meanwhile.
        self._sift(select or self._uid())
        if self._lore.entries:
            self._latest.ask(None)

    async def _look_around(self) -> None:
        """Show what was changed in the lore elsewhere; whatever else goes on costs one question."""
        if self._shut or self._lore.op < 0 or self.app.screen is not self:
            return
        if reading.last_op(self.story) != self._lore.op:
            await self._read()

    async def on_screen_resume(self) -> None:
        """Show what was changed while another screen was here."""
        if self._lore.op >= 0:
            await self._read()

    def _fires(self, _: None) -> list[Firing] | Refusal:
        """Ask what would fire; called in a thread."""
        try:
            return firings(
                self.story, settings_for(self.story, self._settings, self._node), self._node
            )
        except Refusal as refusal:
            return refusal

    def _show_fires(self, found: list[Firing] | Refusal) -> None:
        if isinstance(found, Refusal):
            self.say(str(found), "warning")
            return
        first = not self._firings
        self._firings = {firing.uid: firing for firing in found}
        if first and any(firing.fires for firing in found) and self._too_small():
            self.say("What fires is sent to larger models; the plan's is too small to be told.")
        self._sift(self._uid())

    def _sift(self, select: str) -> None:
        """List the entries that have the words, or fire, of which one is selected."""
        words = folded(self._filter).split()
        listing = self.query_one(Listing)
        self._shown = [
            uid
            for uid in self._lore.entries
            if all(word in self._lore.words[uid] for word in words)
            and (not self._only_fires or self._does_fire(uid))
        ]
        if select in self._shown:
            listing.selected = self._shown.index(select)
        # What stands in place of the entries has sentences in it, for which a list is narrow.
        self.set_class(not self._shown, "-nothing")
        listing.fill(len(self._shown), self._row, empty=self._nothing())
        self._show_header()
        self._show_entry()

    def _does_fire(self, uid: str) -> bool:
        firing = self._firings.get(uid)
        return firing is not None and firing.fires

    # What is on the screen.

    def _row(self, index: int, width: int) -> Line:
        uid = self._shown[index]
        return row(self._lore.entries[uid], self._firings.get(uid), width,
                   draft=uid in self._lore.drafts)  # fmt: skip

    def _nothing(self) -> list[Line]:
        if self._lore.op < 0:
            return []
        if not self._lore.entries:
            return nothing_yet(self._key("new"))
        if self._filter:
            said = f"No entry here has the words {one_line(self._filter)!r}."
            return [
                (),
                ((f"  {said}", "text"),),
                ((f"  {self._key('find')} changes that.", "dim"),),
            ]
        return [
            (),
            ((f"  Nothing would fire at n{self._node}.", "text"),),
            ((f"  {self._key('fires')} shows all entries.", "dim"),),
        ]

    def _key(self, name: str) -> str:
        keys = next(each.keys for each in self.commands if each.name == name)
        return shown_key(keys[0]) if keys else f":{name}"

    def _too_small(self) -> bool:
        """Whether all models of the plan in force are ones that are sent no lore."""
        plan = plan_for(self.story, self._node, self._settings)
        models = (self._settings.entry(part.model).model for part in plan.parts)
        return all(model == EMBEDDED for model in models)

    def _show_header(self) -> None:
        left: list[tuple[str, str]] = [("lore", "title")]
        if self._filter:
            left.append((f"/{one_line(self._filter)}", "why"))
        if self._only_fires:
            left.append(("what fires here", "why"))
        if NEW in self._lore.drafts:
            left.append((f"a new entry waits as a draft: {self._key('new')}", "unread"))
        count = len(self._lore.entries)
        figures = f"{grouped(count)} entr{'y' if count == 1 else 'ies'}"
        fires = sum(self._does_fire(uid) for uid in self._lore.entries)
        here = f"{grouped(fires)} fire{'s' * (fires == 1)} at n{self._node}"
        self.query_one("#header", Header).show(
            tuple(left), ((figures, "dim"), (here if self._firings else "", "text"))
        )

    def _moved(self) -> None:
        self._top = 0
        self._show_entry()

    def _show_entry(self) -> None:
        pane = self.query_one("#entry", TitledPane)
        uid = self._uid()
        if not uid:
            self._told = None
            pane.title, pane.note = ("", "title"), ("", "dim")
            pane.show_inside([])
            return
        entry, firing = self._lore.entries[uid], self._firings.get(uid)
        width = max(10, min(_MEASURE, pane.room.width - 2))
        state = uid, entry, firing, width
        if self._told is None or self._told[0] != state:
            self._told = state, Told(entry, firing, width)
        told, room = self._told[1], max(1, pane.room.height)
        self._top = max(0, min(self._top, len(told) - room))
        pane.title, note = (name_of(entry), "title"), f"entry {one_line(uid)}"
        if len(told) > room:
            note += f", lines {self._top + 1} to {self._top + room} of {grouped(len(told))}"
            if self._top + room < len(told):
                note += f", {self._key('read-on')} reads on"
        pane.note = (note, "dim")
        shown = told.lines(self._top, room)
        pane.show_inside([((" ", ""), *line) if line else () for line in shown])

    # Commands that look.

    def _uid(self) -> str:
        """Return the selected entry's uid, empty where there is none."""
        at = self.query_one(Listing).selected
        return self._shown[at] if 0 <= at < len(self._shown) else ""

    def _selected(self) -> str:
        if not (uid := self._uid()):
            raise Refusal(f"There is no entry here; {self._key('new')} writes one.")
        return uid

    def do_first(self, _: str) -> None:
        self.query_one(Listing).select(0)

    def do_last(self, _: str) -> None:
        self.query_one(Listing).select(len(self._shown) - 1)

    def do_read_on(self, _: str) -> None:
        self._scroll(1)

    def do_read_back(self, _: str) -> None:
        self._scroll(-1)

    def _scroll(self, pages: int) -> None:
        room = self.query_one("#entry", TitledPane).room.height
        self._top += pages * max(1, room - 1)
        self._show_entry()

    def do_find(self, words: str) -> None:
        """Narrow the list to entries that have all these words, while they are typed."""
        if words:
            self._narrow(words)
            return
        self._filter_before = self._filter
        self.ask("find in the lore", self._found, begun=self._filter)

    def _found(self, words: str) -> None:
        self._filter_before = None
        self._narrow(words)

    def _narrow(self, words: str) -> None:
        self._filter = words.strip()
        self._sift(self._uid())

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._filter_before is not None:
            self._narrow(clean(event.value))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving the line without Enter gives the old words back."""
        del event
        if self._filter_before is not None:
            self._found(self._filter_before)

    def do_fires(self, _: str) -> None:
        self._only_fires = not self._only_fires
        self._sift(self._uid())

    def do_copy(self, _: str) -> None:
        content = str(self._lore.entries[self._selected()].get("content") or "")
        if not content.strip():
            raise Refusal("There is no text in this entry to copy.")
        self.say(clipboard.copy(self.app, content))

    def do_back(self, _: str) -> None:
        self.dismiss(None)

    # Commands that change the lore.

    def do_new(self, _: str) -> None:
        self._open(None, {})

    def do_edit(self, _: str) -> None:
        uid = self._selected()
        self._open(uid, self._lore.entries[uid])

    def _open(self, uid: str | None, entry: Entry) -> None:
        if self.story.readonly:
            raise Refusal("This file cannot be written to; you can read it.")

        async def back(kept: object) -> None:
            if isinstance(kept, str):
                # Or it would not be seen that it was kept.
                if not self._passes(kept):
                    self._filter, self._only_fires = "", False
                await self._read(kept)
                self.say(f"Kept; {self._key('undo')} takes it back.")

        screen = LoreEntryScreen(self.story, self._node, self._settings, uid, entry)
        self.app.push_screen(screen, back)

    def _passes(self, uid: str) -> bool:
        return uid in self._shown or not (self._filter or self._only_fires)

    def on_listing_picked(self, event: Listing.Picked) -> None:
        event.stop()
        self.run_worker(self.do("edit"), exit_on_error=False)

    async def do_toggle(self, _: str) -> None:
        uid = self._selected()
        on = self._lore.entries[uid].get("enabled") is False
        await self._change(lambda entry: {**entry, "enabled": on}, uid)
        name = name_of(self._lore.entries[uid]) if uid in self._lore.entries else "It"
        self.say(f"{name} is {'on again' if on else 'off: it does not fire'}.")

    async def do_duplicate(self, _: str) -> None:
        uid = self._selected()
        named = {"title": name_of(self._lore.entries[uid]) + _COPIED}
        made = await self._change(lambda entry: {**entry, **named}, uid, add=True)
        self.say(f"A copy is entry {made}; {self._key('edit')} changes it.")

    async def _change(
        self, change: Callable[[Entry], Entry], uid: str, *, add: bool = False
    ) -> str:
        """Change an entry as it is now in the file, whatever is shown of it."""

        def work() -> str:
            entry = lore.entries(self.story).get(uid)
            if entry is None:
                raise Refusal("This entry was removed elsewhere meanwhile.")
            return lore.set_entry(self.story, change(entry), None if add else uid)

        made = await asyncio.to_thread(work)
        await self._read(made)
        return made

    async def do_remove(self, _: str) -> None:
        uid = self._selected()
        name = name_of(self._lore.entries[uid])
        at = self._shown.index(uid)
        beside = (self._shown[at + 1 : at + 2] or self._shown[max(0, at - 1) : at] or [""])[0]
        await asyncio.to_thread(lore.remove_entry, self.story, uid)
        await self._read(beside)
        self.say(f"{name} is out of the lore; {self._key('undo')} brings it back.")

    async def do_undo(self, _: str) -> None:
        await self._history(history.undoable, history.undo, "Taken back", "to take back")

    async def do_redo(self, _: str) -> None:
        await self._history(history.redoable, history.redo, "Made again", "to make again")

    async def _history(
        self,
        next_step: Callable[[Story], str | None],
        step: Callable[[Story], str | None],
        did: str,
        nothing: str,
    ) -> None:
        kind = next_step(self.story)
        if kind is None:
            raise Refusal(f"There is nothing {nothing}.")
        if kind != "lore.set":
            # It would happen out of sight.
            what = log.STEPS.get(kind, kind)
            raise Refusal(f"The step {nothing} is {what}, not one of the lore; the loom does that.")
        before = self._lore.entries
        await asyncio.to_thread(step, self.story)
        await self._read()
        changed = [uid for uid, entry in self._lore.entries.items() if before.get(uid) != entry]
        if changed:
            self._sift(changed[0])
        self.say(f"{did}: {log.STEPS.get(kind, kind)}.")

    async def closing(self) -> None:
        """Ask nothing of the story any more."""
        self._shut = True
