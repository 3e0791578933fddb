"""Hints for the first steps: one at a time, each until it was followed, then none for good."""

from pathlib import Path

import pytest

from storyloom.tui.commands import LOOM
from storyloom.tui.hints import _STEPS, Hints
from tests.tui.looming import at_the_loom
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh

KEYS = {command.name: (command.keys or (command.name,))[0] for command in LOOM}


def test_each_hint_names_commands_that_the_loom_has(tmp_path: Path) -> None:
    hints = Hints(tmp_path / "hints.json")
    said: list[str] = []
    for name, _ in _STEPS:
        said.append(hints.next(KEYS))
        assert hints.took(name)
        assert not hints.took(name)
    assert len(set(said)) == len(_STEPS)
    assert hints.over
    assert hints.next(KEYS) == ""


def test_what_was_done_is_known_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "data" / "hints.json"
    hints = Hints(file)
    first = hints.next(KEYS)
    hints.took("generate")
    hints.keep()
    assert Hints(file).next(KEYS) != first
    hints.again()
    assert hints.next(KEYS) == first


@pytest.mark.parametrize("content", ["", "[]", "{", '{"done": 3, "hidden": 0}', "\x00"])
def test_a_file_that_makes_no_sense_is_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "hints.json"
    file.write_text(content)
    assert Hints(file).next(KEYS) == Hints(tmp_path / "none.json").next(KEYS)


def test_a_folder_that_cannot_be_written_to_costs_no_more_than_the_hints(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Hints(tmp_path / "file" / "hints.json").keep()


@pytest.mark.parametrize("size", SIZES)
async def test_a_hint_stands_above_the_keys_and_goes_on_when_it_was_followed(
    tmp_path: Path, home: Path, size: tuple[int, int]
) -> None:
    (home / ".local/share/storyloom/hints.json").unlink()
    async with at_the_loom(saltmarsh(tmp_path / "saltmarsh.loom"), size) as hand:
        assert "1/6  Space grows branches" in hand.screen.splitlines()[-2]
        await hand.goes(4)
        await hand.press("x")
        assert "1/6" in hand.screen
        hand.loom.hints.took("generate")
        await hand.press("j")
        await hand.until(lambda: "4/6  e edits" in hand.screen, "the next step not yet taken")
        await hand.command("hints")
        assert "4/6" not in hand.screen
    async with at_the_loom(tmp_path / "saltmarsh.loom", size) as hand:
        assert "/6  " not in hand.screen
        await hand.command("hints")
        assert "1/6" in hand.screen
