"""How the cost screen looks. Renew with --snapshot-update and look."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.tui.legend import Legend
from storyloom.tui.screens.cost import CostScreen
from tests.spender import costly
from tests.tui.stage import SIZES
from tests.tui.test_snapshots import Compare, compared


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A story that has cost $0.83 of the $5 that it may."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with Story(costly(tmp_path / "dear.loom")) as story:
        marks.set_setting(story, "cap", 5)
        yield story


@pytest.fixture(params=[*SIZES, (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The two sizes that the screens are made for, and a large one."""
    return request.param


@pytest.mark.parametrize("keys", [(), ("v",), ("v", "v"), ("v", "v", "v", "j")],
                         ids=["model", "session", "chapter", "outcome"])  # fmt: skip
def test_cost(
    snap_compare: Compare,
    story: Story,
    size: tuple[int, int],
    keys: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The year of a session is told unless it is this one.
    monkeypatch.setattr("storyloom.tui.screens.cost._now", lambda: 1_790_100_000.0)
    screen = CostScreen(story, Legend(story))
    assert compared(snap_compare, screen, size, "$5.00", *keys)
