"""How the tokens of a passage look. Renew with --snapshot-update and look."""

from pathlib import Path

import pytest

from storyloom.generate.branching import tokens_of
from storyloom.story.drawn import Drawn
from storyloom.story.story import Story
from storyloom.tui.screens.tokens import TokensScreen
from tests.tui.stage import SIZES
from tests.tui.test_snapshots import Compare, compared
from tests.tui.tokened import tokened


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """A passage with its tokens."""
    with Story(tokened(tmp_path / "saltmarsh.loom")) as story:
        return tokens_of(story, 2)


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The two sizes that the screens are made for."""
    return request.param


def test_tokens(snap_compare: Compare, drawn: Drawn, size: tuple[int, int], theme: str) -> None:
    screen = TokensScreen(2, "smollm2", drawn)
    keys = ("right_square_bracket", "right_square_bracket", "tab")
    assert compared(snap_compare, screen, size, "nobody", *keys, theme=theme)


def test_tokens_with_marks(snap_compare: Compare, drawn: Drawn) -> None:
    screen = TokensScreen(2, "smollm2", drawn._replace(present=False))
    assert compared(snap_compare, screen, (80, 24), "nobody", "j", "v")
