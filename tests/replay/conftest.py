"""A story to try things on, and the environment that keeps tests out of the user's folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.story.story import Story


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path_factory.mktemp("home")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        (base / name).mkdir()
        monkeypatch.setenv(name, str(base / name))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's story is."""
    folder = tmp_path / "stories"
    folder.mkdir()
    return folder / "story.loom"


@pytest.fixture
def story(path: Path) -> Iterator[Story]:
    """A story with nothing but an opening."""
    with Story.create(path, title="Salt", opening="The sea was iron.") as made:
        yield made
