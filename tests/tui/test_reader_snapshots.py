"""How the reader looks with forks and with words found. Renew with --snapshot-update and look."""

from pathlib import Path

import pytest

from storyloom.tui.screens.reader import ReaderScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import Compare, compared


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The two sizes that the screens are made for."""
    return request.param


def test_forks(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    assert compared(snap_compare, ReaderScreen(path), size, "Tobin", "v", "]")


def test_found(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    path = saltmarsh(tmp_path / "saltmarsh.loom")
    keys = ("p", "slash", *"the", "space", *"rope", "enter", "n")
    assert compared(snap_compare, ReaderScreen(path), size, "Tobin", *keys)
