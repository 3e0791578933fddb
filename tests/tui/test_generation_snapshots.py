"""How the settings of a place look. Renew with --snapshot-update and look."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.generate.plan import set_plan
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Settings
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.tui.screens.base import SMALLEST
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
        marks.set_setting(story, "cap", 5)
        marks.set_text(story, 1, "why", "the parish forgets")
        marks.set_text(story, 5, "why", "she must answer without the word; keep the boy unsettling")
        mini = PlanPart("gpt-4o-mini", 2, {"temperature": 0.9})
        claude = PlanPart("anthropic/claude-sonnet-4-5", 2, {"words": 160})
        set_plan(story, 2, (mini, claude, PlanPart("nebius/unknown-price", 1)))
        yield story


@pytest.fixture(params=[SMALLEST, *SIZES, (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The least size, the two that the screens are made for, and a large one."""
    return request.param


@pytest.fixture
def client() -> Client:
    """A models' process that knows a few models."""
    return Client(command=(sys.executable, "-m", "tests.tui.worker"))


def test_generation(
    snap_compare: Compare, story: Story, client: Client, size: tuple[int, int], theme: str
) -> None:
    screen = GenerationScreen(story, 5, Settings(top_p=0.95), client)
    keys = ("j", "l")
    assert compared(snap_compare, screen, size, "warn", *keys, theme=theme, client=client)


def test_generation_with_the_why(snap_compare: Compare, story: Story, client: Client) -> None:
    screen = GenerationScreen(story, 5, Settings(top_p=0.95), client)
    assert compared(snap_compare, screen, SIZES[0], "warn", "shift+tab", "j", client=client)
