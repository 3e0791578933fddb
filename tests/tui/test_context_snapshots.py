"""How the inspector and the editor's ways on look. Renew with --snapshot-update and look."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.generate.plan import Plan
from storyloom.generate.suggestion import Asking, Offer
from storyloom.models.client import Client
from storyloom.models.protocol import Call, Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import reading
from storyloom.story.story import Story
from storyloom.tui.legend import Legend
from storyloom.tui.screens.context import ContextScreen
from storyloom.tui.screens.editor import EditorScreen
from tests.tui.stage import SIZES
from tests.tui.stories import saltmarsh
from tests.tui.test_snapshots import LARGE, Compare, compared

BELLS = 5
TEXTS = (
    " and the bell rang, though nobody had been near the tower since the water came.",
    " like a tooth somebody had meant to come back for.",
    "",
)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Story(saltmarsh(tmp_path / "saltmarsh.loom")) as story:
        yield story


@pytest.fixture(params=[*SIZES, LARGE], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each of the sizes that the screens are made for."""
    return request.param


@pytest.mark.parametrize("keys", [(), ("d",), ("s",)], ids=["next", "differences", "sent"])
def test_context(
    snap_compare: Compare, story: Story, size: tuple[int, int], keys: tuple[str, ...], theme: str
) -> None:
    nobody = Client(command=("/nonexistent",))
    plan = Plan((PlanPart("local/smollm2", 3),))
    screen = ContextScreen(story, BELLS, Settings(), nobody, plan)
    assert compared(snap_compare, screen, size, "fingerprint", *keys, theme=theme)


class Told(Asking):
    """Ways on that are here already, one of them failed."""

    async def run(self, changed: Callable[[], None]) -> None:
        for offer, text in zip(self.offers, TEXTS, strict=True):
            offer.text, offer.state = text, "done" if text else "failed"
            offer.say = "" if text else "tide: the key is not accepted."
        changed()
        await asyncio.sleep(0)


def test_ways_on(snap_compare: Compare, story: Story, size: tuple[int, int], theme: str) -> None:
    entries = [ModelEntry(name, name) for name in ("openai/gpt-4o-mini", "tide", "tide")]
    nothing: Any = None

    async def ask(before: str, after: str) -> Asking:
        offers = [Offer(entry, Facts(entry.model), Call("", entry.model)) for entry in entries]
        return Told(nothing, offers, before, after)

    piece = reading.pieces(story, [BELLS])[0]
    screen = EditorScreen(
        story, "edit n5", "edit:5", reading.strand_text(story, 2), piece.text, piece.runs,
        ask=ask, legend=Legend(story),
    )  # fmt: skip
    assert compared(snap_compare, screen, size, "human", "tab", theme=theme)
