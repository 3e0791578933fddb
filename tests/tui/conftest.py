"""What holds for every test of the screens: a home of their own, and a zone for the clock."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.settling import settle, watched


@pytest.fixture(autouse=True)
def _settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_screen = Pilot._wait_for_screen

    async def and_settle(pilot: Pilot[object], timeout: float = 30.0) -> bool:  # noqa: ASYNC109
        """Textual asks all widgets for a sign, and what they do then may ask for a frame."""
        answered = await wait_for_screen(pilot, timeout)
        await settle()
        return answered

    loop = asyncio.BaseEventLoop
    monkeypatch.setattr(loop, "run_in_executor", watched(loop.run_in_executor))
    monkeypatch.setattr("textual.app.wait_for_idle", settle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", settle)
    monkeypatch.setattr(Pilot, "_wait_for_screen", and_settle)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder with nothing in it, for whatever the program keeps."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    # Hints for the first steps are for a test of their own; elsewhere they would be in the way.
    hints = home / ".local" / "share" / "storyloom" / "hints.json"
    hints.parent.mkdir(parents=True)
    hints.write_text('{"hidden": true, "done": []}', encoding="utf-8")
    for name in ("DATA", "CONFIG"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    for name in ("NO_COLOR", "TEXTUAL_ANIMATIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield home
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.fixture(params=["dusk", "paper"])
def theme(request: pytest.FixtureRequest) -> str:
    """A dark theme and a light one, for the pictures of the screens."""
    return request.param
