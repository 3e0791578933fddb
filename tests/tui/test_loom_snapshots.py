"""How the loom looks, at three sizes, in two themes. Renew with --snapshot-update and look."""

from pathlib import Path

import pytest

from storyloom.story import growth, marks, shape, weaves
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from storyloom.tui.legend import Legend
from storyloom.tui.screens.loom import LoomScreen
from storyloom.tui.screens.weaves import WeavesScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

ROPE = 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A story with two forks, notes, a pruned branch, and one that broke off."""
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        marks.set_text(story, ROPE, "why", "she must answer without the word")
        marks.set_text(story, ROPE, "note", "echo of the bow line?")
        (broken,) = growth.request(story, ROPE, [Asked("openai/gpt-4o-mini", {"prompt": "x"})])
        growth.finish(story, broken, "The bell was", Result("cut_off", "It broke off."))
        shape.prune(story, shape.write_child(story, ROPE, "Nothing happened."))
    return path


@pytest.fixture(params=[*SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each of the sizes that the loom is made for."""
    return request.param


def test_loom(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    # What the next request would hold comes last, where there is room for it.
    last = "kept for the answer" if size == LARGE else "mislaid"
    assert compared(snap_compare, LoomScreen(path), size, last, theme=theme)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_loom_at_a_node_with_a_note(
    snap_compare: Compare, path: Path, size: tuple[int, int]
) -> None:
    assert compared(snap_compare, LoomScreen(path), size, "mislaid", "h")


@pytest.mark.parametrize("keys", ["v", "vZ"], ids=["strand", "whole"])
def test_tree_alone(snap_compare: Compare, path: Path, keys: str) -> None:
    assert compared(snap_compare, LoomScreen(path), (80, 24), "mislaid", *keys, "h", "j")


def test_weaves(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    with Story(path) as story:
        weaves.set_weave(story, 3, "darker ending")
        screen = WeavesScreen(story, 3, Legend(story))
        assert compared(snap_compare, screen, size, "darker ending", "j", theme=theme)


def test_question_at_the_bottom(snap_compare: Compare, path: Path) -> None:
    assert compared(snap_compare, LoomScreen(path), (80, 24), "mislaid", "x")


def test_editor(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    assert compared(snap_compare, LoomScreen(path), size, "mislaid", "e", *"Ebb", theme=theme)


def test_split(snap_compare: Compare, path: Path, size: tuple[int, int], theme: str) -> None:
    assert compared(
        snap_compare, LoomScreen(path), size, "mislaid", "h", "s", "l", "l", theme=theme
    )
