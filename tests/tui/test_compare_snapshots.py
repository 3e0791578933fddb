"""How branches look side by side. Renew with --snapshot-update and look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import reading, shape
from storyloom.story.story import Story
from storyloom.tui.legend import Legend
from storyloom.tui.screens.compare import CompareScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

ROOT, EELS, BELLS, OTHER = 1, 3, 5, 6


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(saltmarsh(tmp_path / "saltmarsh.loom")) as story:
        eels = reading.pieces(story, [EELS])[0].text
        shape.write_child(story, ROOT, eels.replace("list", "ledger"))
        yield story


@pytest.fixture(params=[*SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each of the sizes that the screens are made for."""
    return request.param


@pytest.mark.parametrize("keys", [(), ("d",)], ids=["texts", "differences"])
def test_branches(
    snap_compare: Compare, story: Story, size: tuple[int, int], keys: tuple[str, ...], theme: str
) -> None:
    nodes = reading.children(story, ROOT)
    screen = CompareScreen(story, nodes, EELS, Legend(story))
    assert compared(snap_compare, screen, size, "mean ", *keys, theme=theme)


def test_an_edited_branch_alone(snap_compare: Compare, story: Story, size: tuple[int, int]) -> None:
    screen = CompareScreen(story, [BELLS], BELLS, Legend(story))
    assert compared(snap_compare, screen, size, "mean ")
