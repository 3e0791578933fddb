"""How the settings of a place look. Renew with --snapshot-update and look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.generate.plan import set_plan
from storyloom.settings import PlanPart, Settings
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.tui.screens.generation import GenerationScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import Compare, compared


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story that sets something itself and something at two of its nodes."""
    with Story(saltmarsh(tmp_path / "saltmarsh.loom")) as story:
        marks.set_setting(story, "words", 90)
        marks.set_setting(story, "temperature", 1.2, 2)
        marks.set_setting(story, "trim", 0, 5)
        four = (PlanPart("openai/gpt-4o-mini", 2), PlanPart("anthropic/claude-sonnet-4-5", 2))
        set_plan(story, 2, four)
        yield story


@pytest.fixture(params=[*SIZES, (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The two sizes that the screens are made for, and a large one."""
    return request.param


def test_generation(snap_compare: Compare, story: Story, size: tuple[int, int], theme: str) -> None:
    screen = GenerationScreen(story, 5, Settings(top_p=0.95))
    assert compared(snap_compare, screen, size, "temperature", "j", "j", theme=theme)
