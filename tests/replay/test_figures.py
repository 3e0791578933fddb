"""Figures of a replay's moment are those of a count from the beginning, wherever it came from."""

import random
from collections import Counter
from pathlib import Path

import pytest

from storyloom.replay.figures import Figures
from storyloom.replay.scene import Theatre
from storyloom.story import origins, reading, shape
from storyloom.story.story import Story
from tests.story.trees import by_chance, planted, step


@pytest.mark.parametrize("seed", range(3))
def test_they_are_the_same_from_every_moment_before(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with planted(path, by_chance(chance, 40, long=0.5)) as story:
        for _ in range(20):
            step(story, chance)
    theatre = Theatre(path)
    try:
        gone = Figures(theatre)
        for _ in range(40):
            position = chance.randrange(len(theatre.recording) + 1)
            seen = theatre.scene(position, lambda *_: 1.0, rows=20, room=500, happened=3)
            assert gone.of(seen.focus) == Figures(theatre).of(seen.focus)
    finally:
        theatre.close()


def test_at_the_end_they_are_those_of_the_story_as_it_is(story: Story) -> None:
    child = shape.write_child(story, 1, " She rowed.")
    shape.edit(story, child, " She rowed out.")
    theatre = Theatre(story.path)
    try:
        end = len(theatre.recording)
        seen = theatre.scene(end, lambda *_: 1.0, rows=20, room=500, happened=3)
        counted: Counter[str] = Counter()
        for piece in reading.pieces(story, reading.path(story, child)):
            counted.update(origins.by_origin(piece.runs))
        assert seen.focus == child
        assert Figures(theatre).of(child) == dict(counted)
    finally:
        theatre.close()
