"""How the lore and the form of an entry look. Renew with --snapshot-update and look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.settings import Settings
from storyloom.story import lore
from storyloom.story.story import Story
from storyloom.tui.screens.lore import LoreScreen
from storyloom.tui.screens.lore_entry import LoreEntryScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

BELLS = 5
ENTRIES: tuple[dict[str, Any], ...] = (
    {"title": "House style", "constant": True, "content": "Plain words; no similes of the sea."},
    {"title": "Mara Quill", "keys": ["Mara", "Quill"], "priority": 200, "valid_from": 2,
     "content": "Mara Quill keeps the ferry and never says the word. Her brother is Tobin, who "
                "drowned the year the tower went under, and whose boy is not told so.",
     "extensions": {"depth": 4}},
    {"title": "Ferry, night", "keys": ["ferry", "boat"], "secondary_keys": ["night", "dark"],
     "content": "No ferry runs after dark."},
    {"title": "The king", "keys": ["king"], "content": "He is long dead."},
    {"title": "The other bell", "keys": ["bells"], "enabled": False, "content": "It has two."},
    {"content": "Eels come up to the landing when the moon is new.", "keys": ["eels"]},
)  # fmt: skip


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(saltmarsh(tmp_path / "saltmarsh.loom")) as story:
        yield story


@pytest.fixture
def full(story: Story) -> Story:
    """The story with six entries, of which some fire at the tip of its weave."""
    for entry in ENTRIES:
        lore.set_entry(story, entry)
    return story


@pytest.fixture(params=[*SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each of the sizes that the screens are made for."""
    return request.param


def test_lore(snap_compare: Compare, full: Story, size: tuple[int, int], theme: str) -> None:
    screen = LoreScreen(full, BELLS, Settings())
    assert compared(snap_compare, screen, size, " at n5", "j", theme=theme)


def test_empty_lore(snap_compare: Compare, story: Story, size: tuple[int, int], theme: str) -> None:
    screen = LoreScreen(story, BELLS, Settings())
    assert compared(snap_compare, screen, size, "begins the first", theme=theme)


@pytest.mark.parametrize(
    "keys", [(), ("ctrl+t", "shift+tab", "shift+tab")], ids=["entry", "all of it"]
)
def test_entry(
    snap_compare: Compare, full: Story, size: tuple[int, int], keys: tuple[str, ...], theme: str
) -> None:
    screen = LoreEntryScreen(full, BELLS, Settings(), "2", ENTRIES[1])
    assert compared(snap_compare, screen, size, "here (n5): yes", *keys, theme=theme)


def test_a_value_that_is_refused(
    snap_compare: Compare, full: Story, size: tuple[int, int], theme: str
) -> None:
    screen = LoreEntryScreen(full, BELLS, Settings(), "3", ENTRIES[2])
    # Whether it fires stays as it is, so that the picture does not depend on when that is asked.
    keys = (*["tab"] * 5, *"many", "ctrl+o")
    assert compared(snap_compare, screen, size, "here (n5): no", *keys, theme=theme)
