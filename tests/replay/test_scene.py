"""A scene holds a moment, and begins at the same place from one moment to the next."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.replay.scene import Scene, Theatre
from tests.replay.sessions import ferry


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    theatre = Theatre(ferry(tmp_path))
    theatre.prepare()
    yield theatre
    theatre.close()


def at(theatre: Theatre, position: int, share: float = 0.5, room: int = 50) -> Scene:
    return theatre.scene(position, lambda *_: share, rows=10, room=room, happened=3)


def writing(theatre: Theatre) -> int:
    """A position at which a branch is being written."""
    return next(each for each in range(len(theatre.recording)) if at(theatre, each).grows)


def test_a_page_begins_at_the_same_word_while_a_branch_grows(theatre: Theatre) -> None:
    position = writing(theatre)
    pages = [at(theatre, position, tenths / 10).passages for tenths in range(11)]
    assert len({page[0] for page in pages}) == 1
    assert len({page[-1].text for page in pages}) > 5
    assert sum(len(passage.text) for passage in pages[-1]) >= 50


def test_a_moment_at_which_nobody_writes_is_looked_at_once(theatre: Theatre) -> None:
    position = writing(theatre)
    assert at(theatre, 1) is at(theatre, 1, 0.9)
    assert at(theatre, 1) is not at(theatre, 1, room=400)
    assert at(theatre, position) != at(theatre, position, 0.9)


def test_more_is_told_than_was_asked_for_rather_than_from_another_place(theatre: Theatre) -> None:
    positions = range(4, len(theatre.recording) + 1)
    told = [at(theatre, position).happened for position in positions]
    assert {each[0].op for each in told} == {theatre.recording.ops[0]}
    assert [len(each) for each in told] == list(positions)
