"""How the export looks. Renew with --snapshot-update and look."""

from pathlib import Path

import pytest

from storyloom.story import marks, shape, weaves
from storyloom.story.story import Story
from storyloom.tui.screens.base import SMALLEST
from storyloom.tui.screens.export import ExportScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

EELS, BELLS = 3, 5


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A story with two weaves, of which the main one ends above the last passage."""
    monkeypatch.chdir("/")
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    with Story(path) as story:
        weaves.set_weave(story, EELS, "darker ending")
        marks.set_text(story, 1, "why", "She must answer without the word.")
        shape.write_child(story, BELLS, " She went on.")
    return path


@pytest.fixture(params=[SMALLEST, *SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The least size, the two that the screens are made for, and a large one."""
    return request.param


def test_choices_and_account(
    snap_compare: Compare, path: Path, size: tuple[int, int], theme: str
) -> None:
    screen = ExportScreen(path, BELLS + 2)
    assert compared(snap_compare, screen, size, "by chapter", theme=theme)


@pytest.mark.parametrize("kind", ["markdown", "plain"])
def test_preview(snap_compare: Compare, path: Path, size: tuple[int, int], kind: str) -> None:
    # Where there is room for all panes, the first page of Markdown is there already.
    keys = ("v",) * ((size[0] < 112) + (kind == "plain"))
    tab = ("tab",) if kind == "plain" else ()
    screen = ExportScreen(path, BELLS + 2)
    assert compared(snap_compare, screen, size, "by chapter", *keys, *tab)
