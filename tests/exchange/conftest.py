"""A story to write out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story.story import Story


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's story is."""
    return tmp_path / "story.loom"


@pytest.fixture
def story(path: Path) -> Iterator[Story]:
    """A story with nothing but an opening."""
    with Story.create(path, opening="The sea was iron.") as made:
        yield made
