"""Hostile text on every screen: nothing of it reaches the terminal as more than text."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.screen import Screen
from textual.widgets import Input, TextArea

from storyloom import paths
from storyloom.models.client import Client
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import marks, shape, weaves
from storyloom.story.story import Story
from storyloom.tui.commands import SCREENS
from storyloom.tui.guard import Guard
from storyloom.tui.keys import Command
from storyloom.tui.screens.fetch import FetchScreen
from storyloom.tui.screens.help import HelpScreen
from storyloom.tui.screens.library import LibraryScreen
from storyloom.tui.screens.models import ModelPicker
from storyloom.tui.screens.new_story import NewStoryScreen
from storyloom.tui.screens.reader import ReaderScreen
from tests.tui.stage import SIZES, Stage, shown, until
from tests.tui.stories import HOSTILE, grown

WORKER = str(Path(__file__).with_name("worker.py"))
DANGEROUS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e0fff]"
)


@pytest.fixture
def path() -> Path:
    """A story whose every text is hostile, in the library."""
    path = paths.made(paths.saves_dir()) / "evil.loom"
    hostile = f"{HOSTILE}\n\n{HOSTILE} {'x' * 200} {HOSTILE}"
    with Story.create(
        path, title=HOSTILE, premise=hostile, style=hostile, opening=hostile
    ) as story:
        node = grown(story, 1, f"evil/{HOSTILE}", hostile, hostile)[0]
        shape.edit(story, node, hostile + " and more")
        marks.set_chapter(story, 1, HOSTILE)
        marks.set_chapter(story, node, "[/]")
        marks.set_text(story, node, "note", HOSTILE)
        weaves.set_weave(story, node)
    (paths.saves_dir() / "[red]\x1b[31m\u202eevil[@click=x].loom").write_bytes(b"not a story" * 100)
    return path


def picker(path: Path) -> ModelPicker:
    settings = Settings(
        models=(ModelEntry(HOSTILE, f"evil/{HOSTILE}", "http://127.0.0.1:9/v1", mode="chat"),),
        plan=(PlanPart(f"evil/[/]{HOSTILE}", 2),),
    )
    client = Client(command=(sys.executable, WORKER, "5", "hostile"))
    return ModelPicker(Story(path), 2, settings, client)


COMMANDS = (Command("[/]", ("x",), f"{HOSTILE}", "move", HOSTILE, HOSTILE), *SCREENS["library"])
MADE: list[tuple[str, Callable[[Path], Screen[object]], tuple[str, ...]]] = [
    ("library", lambda _: LibraryScreen(), ("j", "k", "enter", "j")),
    ("reader", ReaderScreen, ("p", "space", "}", "{", ">")),
    ("help", lambda _: HelpScreen(COMMANDS, HOSTILE), ("space", "b")),
    ("models", picker, ("j", "space", "j", "space", ">")),
    ("new", lambda _: NewStoryScreen(), ("tab", "tab")),
    ("fetch", lambda _: FetchScreen(), ()),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "make", "keys"), MADE, ids=[made[0] for made in MADE])
async def test_hostile_text_is_drawn_as_text(
    path: Path,
    name: str,
    make: Callable[[Path], Screen[object]],
    keys: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    app = Stage(make(path))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.2)
        if name == "models":
            await until(pilot, lambda: "reading litellm" not in shown(app))
        if name == "new":
            app.screen.query_one("#title", Input).value = HOSTILE
            for box in app.screen.query(TextArea):
                box.insert(HOSTILE)
        await pilot.pause()
        assert DANGEROUS.search(shown(app)) is None
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            assert DANGEROUS.search(shown(app)) is None, key
            assert "@click" not in str(
                [segment.style.meta for strip in app.screen._compositor.render_strips()
                 for segment in strip if segment.style is not None]
            )  # fmt: skip
        if name in ("library", "reader", "models"):
            assert "[@click=app.bell]" in shown(app) or "[/]" in shown(app)
        for screen in app.screen_stack:
            if hasattr(screen, "say"):
                screen.say(HOSTILE, "error")  # pyright: ignore[reportAttributeAccessIssue]
        await pilot.pause()
        assert DANGEROUS.search(shown(app)) is None
        if isinstance(app.screen, ModelPicker):
            await app.screen._client.close()


@pytest.mark.parametrize("text", [HOSTILE, "\x1b[2J", "a\x9bb", "x\u202ey", "\x00", "\ufeff", "\t"])
def test_the_last_filter_lets_nothing_pass(text: str) -> None:
    (segment,) = Guard().apply([Segment(text)], Color(0, 0, 0))
    assert DANGEROUS.search(segment.text.replace("\n", "")) is None
    assert "\n" not in segment.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Noël, über die Straße", "Noel, uber die Strase"),
        ("“Well” — it’s… «so»", '"Well" - it\'s~ "so"'),
        ("e\u0301t\u00e9 d\u2019Anna", "ete d'Anna"),
        ("日本 Ｑ", "???? Q "),
        ("½ ﬁ ☃ \xa0|", "? ? ?  |"),
        ("▌╭─╮│╰╯├ █ ▁ •", "|+-+|+++ # = ."),
        ("plain", "plain"),
    ],
)
def test_on_an_ascii_terminal_text_keeps_its_likeness_and_its_width(text: str, shown: str) -> None:
    (segment,) = Guard(ascii=True).apply([Segment(text)], Color(0, 0, 0))
    assert segment.text == shown
    assert len(segment.text) == cell_len(text)


@given(st.text())
def test_on_an_ascii_terminal_there_is_nothing_but_ascii(text: str) -> None:
    (segment,) = Guard(ascii=True).apply([Segment(text)], Color(0, 0, 0))
    assert segment.text.isascii()
    assert segment.text == "" or segment.text.isprintable()


async def test_a_refusal_that_quotes_hostile_text_is_shown_as_text(path: Path) -> None:
    del path
    app = Stage(LibraryScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for line in (f"theme {HOSTILE}", HOSTILE, "open [/]", "export /nowhere/[/]/x.md"):
            await pilot.press("colon")
            app.screen.query_one(Input).value = line
            await pilot.press("enter")
            await pilot.pause()
            assert DANGEROUS.search(shown(app)) is None
            if app.screen.query("#stories"):
                continue
            closing = getattr(app.screen, "closing", None)
            if closing is not None:
                await closing()
            app.pop_screen()
