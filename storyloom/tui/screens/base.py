"""What every screen of ours shares: commands by name, the key line, the line to type on."""

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from storyloom.text import Refusal, one_line
from storyloom.tui.keys import Table, named, rebound
from storyloom.tui.widgets.bar import KeyLine, TooSmall

__all__ = ["SMALLEST", "CommandScreen"]

SMALLEST = (60, 16)
"""Columns and rows below which no screen is drawn."""
_PASTE_SECONDS = 0.3
"""Keys that come this soon after a paste, or after one another then, are its rest."""


@dataclass(frozen=True)
class _Question:
    """What is to be asked at the bottom; the fields are those of `CommandScreen.ask`."""

    label: str
    answer: Callable[[str], object]
    begun: str
    choices: list[str]
    complete: Callable[[str], list[str]] | None
    letters: str
    """Of these one is the whole answer, without Enter."""
    over: bool = False


class CommandScreen(Screen[object]):
    """A screen whose keys, `:` lines and palette entries all reach `do_<name>` methods."""

    TABLE: ClassVar[Table] = ()
    """The commands with the keys that Storyloom gives them."""
    FORM: ClassVar[bool] = False
    """Whether it is all boxes for text, and so has one with the focus from the beginning on."""
    AUTO_FOCUS = ""
    _pasted = 0.0
    _asking: _Question | None = None

    @property
    def commands(self) -> Table:
        """This screen's commands with the author's own keys."""
        settings = getattr(self.app, "settings", None)
        return rebound(self.TABLE, settings.keys) if settings is not None else self.TABLE

    def compose_foot(self) -> ComposeResult:
        """The key line, and what a screen too small for anything else says."""
        # Textual learns of the size only after a first layout, which would be drawn in vain.
        width, height = self.app.size
        for size, steps in (
            (width, self.app.HORIZONTAL_BREAKPOINTS or []),
            (height, self.app.VERTICAL_BREAKPOINTS or []),
        ):
            reached = [name for least, name in steps if size >= least]
            self.add_class(*reached[-1:])
        yield TooSmall(id="too-small")
        yield KeyLine(self.commands, id="keys")

    @on(events.Resize)
    def see_size(self, event: events.Resize) -> None:
        """Say so where there is no room; everything is back when there is."""
        width, height = event.size
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-small")

    def on_paste(self) -> None:
        """Keep a paste from being taken for commands.

        `storyloom.tui.pasting` keeps one whole that holds escape characters; one that holds its
        own end stops there all the same, and its rest comes as if it were typed.
        """
        self._pasted = time.monotonic()
        if self.focused is None:
            self.say("That was pasted, so none of it was taken for keys.")

    @property
    def just_pasted(self) -> bool:
        """Whether a paste may still be coming, so that no key of it is obeyed."""
        return time.monotonic() - self._pasted < _PASTE_SECONDS

    async def action_do(self, name: str, argument: str = "") -> None:
        """Do the command of that name, which a key named.

        Keys that came in one burst with the one that opened another screen were not for this one.
        """
        if self.app.screen is not self:
            return
        if self.just_pasted:
            self._pasted = time.monotonic()
            return
        self.query_one("#keys", KeyLine).forget()
        await self.do(name, argument)

    async def do(self, name: str, argument: str = "") -> None:
        """Do a command of this screen by its name; a refusal is said at the bottom."""
        method = getattr(self, f"do_{name.replace('-', '_')}")
        try:
            result = method(argument)
            if inspect.isawaitable(result):
                await result
            await self._show_prompt()
        except Refusal as refusal:
            self.say(str(refusal), "warning")

    def say(self, sentence: str, severity: str = "information") -> None:
        """Say something on the key line until the next key."""
        self.query_one("#keys", KeyLine).say(one_line(sentence), severity)

    def ask(
        self,
        label: str,
        answer: Callable[[str], object],
        *,
        begun: str = "",
        choices: list[str] | None = None,
        complete: Callable[[str], list[str]] | None = None,
        over: bool = False,
    ) -> None:
        """Ask for one line at the bottom; `answer` gets it, unless the author leaves.

        Tab completes it to one of `choices`, or to what `complete` says of what is typed. With
        `over`, what is typed takes the place of what is `begun`, until a key moves in that.
        """
        self._put(_Question(label, answer, begun, choices or [], complete, "", over))

    def confirm(self, question: str, act: Callable[[], object]) -> None:
        """Ask whether to `act`, and do so on `y`; any other way out of the question does not."""

        def answer(given: str) -> object:
            return act() if given.lower() == "y" else None

        self.choose(f"{question} y/n", "yn", answer)

    def choose(self, question: str, letters: str, answer: Callable[[str], object]) -> None:
        """Ask a question that one of `letters` answers, without Enter."""
        self._put(_Question(question, answer, "", [], None, letters))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Take what was typed for a form before it had a box."""
        del event
        ready = getattr(self.app, "form_ready", None)
        if self.FORM and ready is not None:
            ready()

    def _put(self, question: _Question) -> None:
        self._asking = question
        prompts = self.query("#prompt")
        if prompts:
            self._hand_over(prompts.first())

    async def _show_prompt(self) -> None:
        """Put the line to type on there, the first time that it is needed."""
        if self._asking is not None and not self.query("#prompt"):
            from storyloom.tui.widgets.prompt import Prompt

            prompt = Prompt(id="prompt")
            await self.mount(prompt)
            self._hand_over(prompt)

    def _hand_over(self, prompt: Widget) -> None:
        from storyloom.tui.widgets.prompt import Prompt

        if self._asking is not None and isinstance(prompt, Prompt):
            asked, self._asking = self._asking, None
            prompt.ask(
                asked.label,
                asked.answer,
                begun=asked.begun,
                choices=asked.choices,
                complete=asked.complete,
                letters=asked.letters,
                over=asked.over,
            )

    def do_command(self, argument: str) -> None:
        """Open the `:` line."""
        del argument
        self.ask(":", self._run_line, choices=[command.name for command in self.TABLE])

    async def _run_line(self, line: str) -> None:
        name, _, argument = line.strip().partition(" ")
        if not name:
            return
        if name == "q":
            # What the key does that leaves this screen.
            name = next((each.name for each in self.TABLE if "q" in each.keys), "back")
        command = named(self.TABLE, name)
        if command is None:
            self.say(f"There is no command {name!r} here; ? shows all.", "warning")
            return
        await self.do(command.name, argument.strip())

    def do_help(self, argument: str) -> None:
        """Show this screen's keys."""
        del argument
        from storyloom.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.commands))

    def do_theme(self, name: str) -> None:
        """Change the colour theme until the program ends; without a name, choose one to keep."""
        from storyloom.tui.app import Loom

        assert isinstance(self.app, Loom)
        if not name:
            from storyloom.tui.screens.themes import ThemesScreen

            self.app.push_screen(ThemesScreen(), self._say_theme)
            return
        themes = self.app.loom_themes
        if name not in themes:
            raise Refusal(f"There is no theme {one_line(name)!r}; there are {', '.join(themes)}.")
        self.app.use_theme(name)

    def _say_theme(self, said: object) -> None:
        if isinstance(said, tuple):
            self.say(*said)
