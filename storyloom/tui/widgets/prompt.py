"""One line to type on, at the bottom of a screen, in place of the key line."""

import asyncio
import inspect
import os
from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static
from textual.widgets.input import Selection

from storyloom.text import Refusal, clean
from storyloom.tui.widgets.box import LineBox

__all__ = ["Prompt"]


class Line(LineBox):
    """The box itself. It closes with the very key that ends it, and hands on what comes later.

    On a slow link keys come many at once. Those right behind the one that closes the box are in
    its queue already, and they are commands, not text.
    """

    open = False
    """Whether keys are still for the box."""
    letters = ""
    """Of these one is the whole answer; no others are taken."""

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls Input's own handler after this one, unless it is prevented.
        chosen = (event.character or "").lower()
        chosen = chosen if self.open and chosen and chosen in self.letters else ""
        if self.open and not chosen and event.key not in ("enter", "escape", "ctrl+g"):
            if self.letters:
                event.stop()
                event.prevent_default()
            return
        event.stop()
        event.prevent_default()
        if not self.open:
            self.app.post_message(events.Key(event.key, event.character))
            return
        value = chosen or self.value
        self.query_ancestor(Prompt).action_leave()
        if chosen or event.key == "enter":
            self.post_message(self.Submitted(self, value, None))


class Prompt(Horizontal):
    """Hidden until `ask`; Enter answers, Escape and ^g leave without an answer."""

    DEFAULT_CSS = """
    Prompt { display: none; height: 1; background: $panel; }
    Prompt.-asking { display: block; }
    Prompt #label { width: auto; color: $primary; text-style: bold; padding: 0 0 0 1; }
    Prompt Input { border: none; height: 1; padding: 0; background: $panel; width: 1fr; }
    Prompt Input:focus { border: none; }
    """
    BINDINGS = [("escape,ctrl+g", "leave", "Leave")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Static("", id="label", markup=False)
        # What stands there already is to be changed, not typed over with the first letter.
        line = Line(id="line", compact=True, select_on_focus=False)
        line.cursor_blink = False
        yield line

    def ask(
        self,
        label: str,
        answer: Callable[[str], object],
        *,
        begun: str,
        choices: list[str],
        complete: Callable[[str], list[str]] | None = None,
        letters: str = "",
        over: bool = False,
    ) -> None:
        """Show the line, with `begun` in it; `answer` is called with what is typed.

        With `letters`, one of them alone answers, at once. With `over`, typing replaces `begun`.

        `complete` returns what a text may go on to; it is called in a thread. Tab takes the
        beginning that they share, and pressed again each of them in turn.
        """
        self._answer = answer
        self._complete = complete
        self._turns: list[str] = []
        self.query_one("#label", Static).update(Content(label if label == ":" else f"{label}: "))
        line = self.query_one(Line)
        line.open, line.letters = True, letters
        line.suggester = SuggestFromList(choices) if choices else None
        line.value = begun
        line.cursor_position = len(begun)
        if over:
            line.selection = Selection(0, len(begun))
        self._show(True)
        # At once, not by line.focus(), which waits: letters may be right behind the key.
        self.screen.set_focus(line)

    def _show(self, asking: bool) -> None:
        self.set_class(asking, "-asking")
        self.screen.query_one("#keys").display = not asking

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.query_one(Line).open = False
        self._show(False)
        self.screen.set_focus(None)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line to whoever asked."""
        event.stop()
        try:
            result = self._answer(clean(event.value).replace("\n", " "))
            if inspect.isawaitable(result):
                await result
        except Refusal as refusal:
            self.screen.say(str(refusal), "warning")  # pyright: ignore[reportAttributeAccessIssue]

    async def on_key(self, event: events.Key) -> None:
        """Complete what is typed with Tab, as shells do."""
        line = self.query_one(Input)
        if event.key != "tab" or not line.has_focus:
            return
        event.prevent_default()
        event.stop()
        if self._complete is None:
            line.action_cursor_right()
        else:
            await self._take_completion(line, self._complete)
        line.cursor_position = len(line.value)

    async def _take_completion(self, line: Input, complete: Callable[[str], list[str]]) -> None:
        """Put the next of what the line may go on to there."""
        typed = line.value
        if typed in self._turns:
            line.value = self._turns[(self._turns.index(typed) + 1) % len(self._turns)]
            return
        found = await asyncio.to_thread(complete, typed)
        # What was typed meanwhile stays.
        if line.value != typed or not found:
            return
        # Letter by letter: half a name is typed on from.
        shared = os.path.commonprefix(found)  # noqa: RUF071
        self._turns = found if len(found) > 1 else []
        line.value = shared if len(shared) > len(typed) else found[0]
