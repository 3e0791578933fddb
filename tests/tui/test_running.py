"""The screens, once they run, are not held up by what was made before them."""

import gc

import pytest

from storyloom.settings import Settings
from storyloom.tui import app


def test_what_the_imports_made_is_not_looked_through_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ran(_: app.Loom) -> int:
        return gc.get_freeze_count()

    monkeypatch.setattr(app.Loom, "run", ran)
    gc.unfreeze()
    try:
        assert app.run(None, Settings()) > 1000
    finally:
        gc.unfreeze()
