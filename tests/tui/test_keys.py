"""The one table of keys: keys that every terminal passes on, each meaning one thing."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from storyloom.settings import Settings
from storyloom.text import Refusal
from storyloom.tui import screens
from storyloom.tui.commands import SCREENS
from storyloom.tui.keys import SAFE, Command, bindings, keymap, named, rebound, shown_key
from storyloom.tui.screens.base import CommandScreen
from tests.tui.looming import at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh

ALIASES = {"ctrl+s"}
"""May be eaten by flow control, so another key does the same."""
FORMS = {"editor", "lore-entry", "new"}
"""Screens that are all text boxes: `:` and `?` are letters there."""


def classes() -> list[type[CommandScreen]]:
    """Return every screen of the program that has commands."""
    found: list[type[CommandScreen]] = []
    for module in pkgutil.iter_modules(screens.__path__):
        members = vars(importlib.import_module(f"storyloom.tui.screens.{module.name}")).values()
        found += [
            each
            for each in members
            if inspect.isclass(each) and issubclass(each, CommandScreen) and each.TABLE
        ]
    return list(dict.fromkeys(found))


EVERY = [pytest.param(command, id=f"{name}-{command.name}")
         for name, commands in SCREENS.items() for command in commands]  # fmt: skip


@pytest.mark.parametrize("command", EVERY)
def test_a_command_is_reached_by_keys_that_every_terminal_passes_on(command: Command) -> None:
    assert set(command.keys) <= SAFE | ALIASES
    assert not command.keys or set(command.keys) - ALIASES


@pytest.mark.parametrize("command", EVERY)
def test_a_command_has_a_name_to_type_and_says_what_it_does(command: Command) -> None:
    assert command.name
    assert command.name == command.name.lower()
    assert " " not in command.name
    assert command.help[0].isupper()
    assert not command.help.endswith(".")
    assert command.group in ("move", "make", "shape", "look", "leave")


@pytest.mark.parametrize("name", SCREENS)
def test_no_key_and_no_name_stands_twice_on_a_screen(name: str) -> None:
    keys = [key for command in SCREENS[name] for key in command.keys]
    names = [command.name for command in SCREENS[name]]
    assert len(keys) == len(set(keys))
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", SCREENS)
def test_escape_has_a_faster_twin(name: str) -> None:
    for command in SCREENS[name]:
        if "escape" in command.keys:
            assert {"q", "ctrl+g"} & set(command.keys)


@pytest.mark.parametrize("name", sorted(SCREENS.keys() - FORMS - {"help"}))
def test_a_screen_of_commands_has_a_line_to_type_on_and_shows_its_keys(name: str) -> None:
    assert {"command", "help"} <= {command.name for command in SCREENS[name]}


@pytest.mark.parametrize("screen", classes(), ids=lambda screen: screen.__name__)
def test_a_screen_does_each_of_its_commands_and_has_each_of_its_keys(
    screen: type[CommandScreen],
) -> None:
    for command in screen.TABLE:
        assert callable(getattr(screen, f"do_{command.name.replace('-', '_')}", None)), command
    bound = {(binding.key, binding.action) for binding in bindings(screen.TABLE)}
    own = {
        (binding.key, binding.action)
        for binding in screen.BINDINGS
        if not isinstance(binding, tuple)
    }
    assert bound <= own


def test_every_table_of_keys_has_its_screen() -> None:
    used = [screen.TABLE for screen in classes()]
    assert all(commands in used for commands in SCREENS.values())


def test_a_name_may_be_shortened_as_long_as_it_is_clear() -> None:
    library = SCREENS["library"]
    assert named(library, "rel") is named(library, "reload")
    assert named(library, "re") is None
    assert named(library, "nothing") is None
    assert named(library, "ne") is None
    assert named(library, "new") is not None


def test_keys_are_written_as_authors_know_them() -> None:
    assert [shown_key(key) for key in ("ctrl+o", "space", "pageup", "x")] == [
        "^o", "Space", "PgUp", "x",
    ]  # fmt: skip


def test_an_authors_own_keys_take_the_place_of_ours() -> None:
    chosen = {"loom": {"prune": ("d", "^x"), "generate": ("Space",), "view": ()}}
    table = {command.name: command.keys for command in rebound(SCREENS["loom"], chosen)}
    assert table["prune"] == ("d", "ctrl+x")
    assert table["generate"] == ("space",)
    assert table["view"] == ()
    assert table["weave"] == ("w",)
    assert rebound(SCREENS["reader"], chosen) is SCREENS["reader"]
    assert keymap(SCREENS, chosen)["loom.prune"] == "d,ctrl+x"


def test_keys_may_be_swapped() -> None:
    chosen = {"loom": {"prune": ("w",), "weave": ("x",)}}
    made = keymap(SCREENS, chosen)
    assert (made["loom.prune"], made["loom.weave"]) == ("w", "x")


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ({"lom": {"prune": ("d",)}}, "did you mean 'loom'"),
        ({"loom": {"prne": ("d",)}}, "did you mean 'prune'"),
        ({"loom": {"prune": ("f5",)}}, "cannot have the key 'f5'"),
        ({"loom": {"prune": ("^b",)}}, "cannot have the key"),
        ({"loom": {"prune": ("alt+x",)}}, "cannot have the key"),
        ({"loom": {"prune": ("\x1b[31m",)}}, "cannot have the key"),
        ({"loom": {"prune": ("w",)}}, "both prune and weave|both weave and prune"),
        ({"loom": {"prune": ("3",)}}, "both nth and prune"),
        ({"loom": {"help": ("h",)}}, "cannot be changed"),
        ({"loom": {"nth": ("h",)}}, "cannot be changed"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_what_is_wrong(
    chosen: dict[str, dict[str, tuple[str, ...]]], why: str
) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        keymap(SCREENS, chosen)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("size", SIZES)
async def test_a_rebound_key_does_its_command_and_the_old_one_nothing(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    settings = Settings(keys={"loom": {"prune": ("d",), "view": ("x",), "fold": ()}})
    async with at_the_loom(saltmarsh(tmp_path / "story.loom"), size, settings) as hand:
        before = hand.kids(1)
        await hand.goes(4)
        assert "d prune" in hand.screen
        await hand.press("x", "z")
        assert hand.kids(1) == before
        await hand.press("d")
        assert hand.kids(1) == before[:-1]
        await hand.press("question_mark")
        assert "d   " in hand.screen
