"""The form that begins a story: title, premise, style, and the author's own opening."""

import asyncio
import itertools
import os
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, TextArea

from storyloom import paths
from storyloom.exchange.files import slug
from storyloom.story.story import Story
from storyloom.text import Refusal, clean, first_words, grouped, one_line, words
from storyloom.tui.commands import NEW_STORY
from storyloom.tui.keys import bindings
from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.bar import Header, KeyLine
from storyloom.tui.widgets.box import LineBox

__all__ = ["NewStoryScreen", "Typed", "create"]


class Typed(NamedTuple):
    """What was typed into the form."""

    title: str
    premise: str
    style: str
    opening: str


class NewStoryScreen(CommandScreen):
    """Tab and Shift-Tab go from box to box; ^o creates the story and opens its loom."""

    TABLE = NEW_STORY
    FORM = True
    # With priority, so that what is typed right behind a Tab is for the next box already, however
    # many keys a slow link brings at once.
    BINDINGS: ClassVar = [
        *bindings(NEW_STORY),
        Binding("tab", "app.focus_next", "Next box", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Box before", show=False, priority=True),
        Binding("enter", "leave_title", "Next box", show=False, priority=True),
    ]
    CSS = """
    NewStoryScreen #around { align-horizontal: center; height: 1fr; }
    NewStoryScreen #form { width: 100%; max-width: 84; height: 100%; overflow-y: auto; }
    NewStoryScreen .field {
        border: round $foreground 25%; border-title-color: $loom-dim; padding: 0 1;
        background: $background; height: 5; border-subtitle-color: $loom-dim;
    }
    NewStoryScreen .field:focus { border: round $primary; border-title-color: $primary; }
    NewStoryScreen #title { height: 3; }
    NewStoryScreen #opening { height: 1fr; min-height: 6; }
    """

    def __init__(self, folder: Path | None = None) -> None:
        """The story will lie in `folder`, or in the user's own library."""
        super().__init__()
        self._folder = folder
        self._asked = False
        self._creating = False

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Vertical(id="around"), Vertical(id="form"):
            title = LineBox(
                id="title", classes="field", placeholder="may be left out: the first words serve"
            )
            title.cursor_blink = False
            yield title
            yield _box("premise", "What it is about, in a sentence or two. Every model is told.")
            yield _box("style", "How it is told: person, tense, tone. Every model is told.")
            yield _box("opening", "The first words are yours.")
        yield from self.compose_foot()

    def on_mount(self) -> None:
        for name in Typed._fields:
            self.query_one(f"#{name}").border_title = Content(name)
        self._count()
        self.query_one("#title").focus()

    def typed(self) -> Typed:
        """Return what the boxes hold."""
        premise, style, opening = (
            self.query_one(f"#{name}", TextArea).text for name in Typed._fields[1:]
        )
        return Typed(self.query_one("#title", Input).value, premise, style, opening)

    def save_at_once(self) -> None:
        """Make a story of what is there, when the terminal is going away."""
        if any(each.strip() for each in self.typed()) and not self._creating:
            create(self._folder or paths.saves_dir(), self.typed()).close()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._changed()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter goes on from the title alone; in the other boxes it is a line end."""
        if action == "leave_title":
            return self.focused is self.query_one("#title")
        return super().check_action(action, parameters)

    def action_leave_title(self) -> None:
        """Go on to the premise."""
        self.focus_next()

    def _changed(self) -> None:
        self._asked = False
        self.query_one("#keys", KeyLine).forget()
        self._count()

    def _count(self) -> None:
        opening = words(self.query_one("#opening", TextArea).text)
        self.query_one("#header", Header).show(
            (("new story", "title"),),
            ((f"{grouped(opening)} word{'' if opening == 1 else 's'}", "dim"),),
        )

    async def do_create(self, argument: str) -> None:
        """Create the story in the library's folder and open its loom."""
        del argument
        if self._creating:
            return
        self._creating = True
        try:
            folder = self._folder or paths.saves_dir()
            story = await asyncio.to_thread(create, folder, self.typed())
        finally:
            self._creating = False
        path = story.path
        await asyncio.to_thread(story.close)
        app = self.app
        self.dismiss(path)
        app.open_story(path)  # pyright: ignore[reportAttributeAccessIssue]

    def do_leave(self, argument: str) -> None:
        """Go back; the first time it is said what would be lost."""
        del argument
        if any(each.strip() for each in self.typed()) and not self._asked:
            self._asked = True
            self.say("This is in no file yet: ^o creates it, ^g once more forgets it.", "warning")
            return
        self.dismiss(None)


def _box(name: str, placeholder: str) -> TextArea:
    box = TextArea(id=name, classes="field", placeholder=placeholder, highlight_cursor_line=False)
    box.cursor_blink = False
    return box


def create(folder: Path, typed: Typed) -> Story:
    """Create a story in `folder` under a name that is free and return it open.

    Raises Refusal when nothing at all was typed, or the file cannot be made.
    """
    title = one_line(clean(typed.title))
    if not title:
        title = first_words(clean(typed.opening), 40).rstrip("….,;:!? ")
    if not title:
        raise Refusal("A title or a first sentence is all it takes; type one of them.")
    paths.made(folder)
    name = slug(title)
    path = next(
        path
        for number in itertools.count(1)
        if not os.path.lexists(
            path := folder / (f"{name}-{number}.loom" if number > 1 else f"{name}.loom")
        )
    )
    return Story.create(
        path,
        title=title,
        premise=typed.premise,
        style=typed.style,
        opening=typed.opening.strip("\n"),
    )
