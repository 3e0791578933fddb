"""The forks along a strand, with what else was offered there."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyloom.story import reading, shape
from storyloom.story.offered import offered
from storyloom.story.story import Story
from tests.story.test_rows import grown


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    links=st.lists(st.integers(0, 1 << 30), min_size=1, max_size=30),
    cut=st.sets(st.integers(2, 31), max_size=8),
    at=st.integers(0, 1 << 30),
)
def test_every_fork_of_a_strand_is_there_with_its_other_branches(
    tmp_path_factory: pytest.TempPathFactory, links: list[int], cut: set[int], at: int
) -> None:
    parents = [link % (index + 2) for index, link in enumerate(links)]
    with grown(tmp_path_factory.mktemp("offered") / "story.loom", parents) as story:
        for node in cut & set(range(2, len(links) + 2)):
            shape.prune(story, node)
        strand = reading.path(story, reading.standing(story, at % (len(links) + 1) + 1))
        expected: list[tuple[int, list[int]]] = []
        for node in strand:
            others = [n for n in reading.children(story, reading.parent(story, node)) if n != node]
            if others:
                expected.append((node, others))
        found = offered(story, strand)
        assert [(fork.node, fork.others) for fork in found] == [
            (node, len(others)) for node, others in expected
        ]
        for fork, (_, others) in zip(found, expected, strict=True):
            assert [offer.node for offer in fork.offers] == others[:3]


def test_an_offer_has_its_first_words_and_no_more(path: Path) -> None:
    with Story.create(path, opening="Begin.") as story:
        shape.write_child(story, 1, "Taken.")
        shape.write_child(story, 1, "Left. " * 100)
        (fork,) = offered(story, [1, 2])
        assert fork.offers[0].text == ("Left. " * 100)[:200]
        assert fork.offers[0].author == "human"
