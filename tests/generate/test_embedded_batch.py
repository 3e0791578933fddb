"""A batch of the real embedded model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storyloom import paths
from storyloom.curate.reruns import compared
from storyloom.generate.batch import Batch
from storyloom.generate.joining import seamed
from storyloom.generate.plan import plan_for
from storyloom.generate.repeating import Wish
from storyloom.generate.rerun import Rerun
from storyloom.generate.rerun_preview import preview
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.settings import Settings
from storyloom.story import growth, placing, reading, shape
from storyloom.story.check import check
from storyloom.story.drawn import drawn_at
from storyloom.story.story import Story
from tests.models.local_weights import real_weights

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="function")]


@pytest.fixture
async def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client whose worker finds the real weights."""
    real = real_weights()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (paths.made(paths.models_dir()) / weights.FILE).symlink_to(real)
    client = Client()
    yield client
    await client.close()


async def test_three_branches_and_a_child_without_any_setting(story: Story, local: Client) -> None:
    settings = Settings(words=20)
    batch = await Batch.begin(story, local, settings, 1, plan_for(story, 1, settings).parts)
    await batch.run()
    texts = [piece.text for piece in reading.pieces(story, reading.children(story, 1))]
    assert len(texts) == 3, [branch.say for branch in batch.branches]
    assert len(set(texts)) == 3
    assert all(text.strip() for text in texts)
    # It tells the alternatives for nothing, so they are kept without being asked for.
    for found in (drawn_at(story, kid) for kid in reading.children(story, 1)):
        assert found is not None
        assert "".join(found.text[one.start : one.end] for one in found.tokens) == found.text
        assert all(one.others and one.logprob <= 0 for one in found.tokens)
    node = reading.children(story, 1)[0]
    below = await Batch.begin(story, local, settings, node, plan_for(story, node, settings).parts)
    await below.run()
    assert reading.depth(story, reading.children(story, node)[0]) == 3
    assert growth.result_of(story, node)["out"] > 0
    assert check(story).faults == []


async def test_asked_again_in_a_process_of_its_own_it_writes_the_same_to_the_letter(
    story: Story, local: Client
) -> None:
    settings = Settings(words=20)
    batch = await Batch.begin(story, local, settings, 1, plan_for(story, 1, settings).parts)
    await batch.run()
    fresh = Client()
    try:
        wish = Wish("verify")
        run = Rerun(story, fresh, settings, await preview(story, fresh, settings, wish))
        await run.run()
    finally:
        await fresh.close()
    lines = compared(story, "r1")
    assert len(lines) == 3
    assert all(line.equal for line in lines), lines
    assert len(reading.children(story, 1)) == 3
    assert check(story).faults == []


async def test_it_writes_what_lies_between_two_passages(story: Story, local: Client) -> None:
    follows = shape.write_child(story, 1, "By dark they had reached the landing.")
    settings = Settings(words=20)
    parts = plan_for(story, 1, settings).parts
    batch = await Batch.begin(story, local, settings, 1, parts, towards=follows)
    await batch.run()
    branches = [branch for branch in batch.branches if branch.text.strip()]
    assert branches, [branch.say for branch in batch.branches]
    for branch in branches:
        assert branch.text.startswith((" ", "\n"))
        assert seamed(branch.text, "By dark") == branch.text
        assert "Chapter 2" not in branch.text
        assert growth.between(story, branch.node) == (1, follows)
    placing.put_between(story, branches[0].node, follows)
    assert reading.path(story, follows) == [1, branches[0].node, follows]
    assert check(story).faults == []
