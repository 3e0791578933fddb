"""A story grown again as a new one: the same hands, the same choices, other words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyloom.generate import parallel
from storyloom.generate.batch import Batch
from storyloom.generate.cassette import Cassette
from storyloom.generate.parallel import Regrowth
from storyloom.generate.repeating import Wish
from storyloom.generate.rerun_preview import preview, resumed
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Settings
from storyloom.story import batches, lore, marks, origins, placing, reading, shape, weaves
from storyloom.story.check import check
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.generate.test_rerun import run_again, told, tree
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Request, Text, refuses

pytestmark = pytest.mark.asyncio(loop_scope="session")

WISH = Wish("parallel", "two")


@pytest.fixture(autouse=True)
def _answers(provider: Provider) -> None:
    provider.answer(told)


@pytest.fixture
def target(tmp_path: Path, story: Story) -> Iterator[Story]:
    """The story that is grown."""
    path = tmp_path / "other.loom"
    marks.set_text(story, 0, "title", "Tide")
    marks.set_text(story, 0, "style", "Plain.")
    parallel.begun(path, story, "two")
    with parallel.opened(path, story) as made:
        yield made


async def fork(
    story: Story, client: Client, settings: Settings, parent: int, count: int = 3, towards: int = 0
) -> list[int]:
    """Grow a batch of model one and return its nodes."""
    batch = await Batch.begin(
        story, client, settings, parent, (PlanPart("one", count),),
        why=f"below {parent}", towards=towards,
    )  # fmt: skip
    await batch.run()
    return [branch.node for branch in batch.branches]


async def regrown(
    story: Story, target: Story, source: Client | Cassette, settings: Settings, run: str = ""
) -> Regrowth:
    """Grow `story` into `target`."""
    ahead = await preview(story, source, settings, WISH, run, target)
    growth = Regrowth(target, story, source, settings, ahead)
    await growth.run()
    return growth


def strand(story: Story) -> list[str]:
    """Return the texts of the weave."""
    return [piece.text for piece in reading.strand(story, weaves.weaves(story)[0].root)]


async def test_the_same_choices_are_followed_with_other_words_and_hands_are_copied(
    story: Story, target: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    first = await fork(story, client, settings, 1)
    hand = shape.write_child(story, first[2], " By hand she wrote.")
    second = await fork(story, client, settings, hand, 2)
    end = shape.write_child(story, second[0], " The end.")
    marks.set_chapter(story, second[0], "Two")
    marks.set_text(story, hand, "why", "to be her own")
    marks.set_text(story, hand, "note", "good?")
    other = shape.write_child(story, first[0], " Another way.")
    weaves.set_weave(story, end)
    weaves.set_weave(story, other, "other")
    old = tree(story)
    provider.reset()

    growth = await regrown(story, target, client, settings)
    assert (growth.done, growth.halted, growth.notes) == (2, "", [])
    assert tree(story) == old
    tip = reading.path(target, max(row[0] for row in tree(target)))
    assert {request.model for request in provider.requests} == {"model-two"}
    assert len(provider.requests) == 5
    found = batches.batches(target)
    assert [len(batch.branches) for batch in found] == [3, 2]
    chosen = found[0].branches[2].node
    kids = reading.children(target, chosen)
    assert [piece.text for piece in reading.pieces(target, kids)] == [" By hand she wrote."]
    assert found[1].parent == kids[0]
    # What is sent holds the new words, and not those of then.
    texts = {row[0]: row[4] for row in tree(target)}
    late = [request for request in provider.requests if "By hand she wrote" in str(request.body)]
    assert len(late) == 2
    assert all(texts[chosen].strip() in str(request.body) for request in late)
    assert not any("model-one" in str(request.body["messages"]) for request in provider.requests)
    # Chapters, whys and weaves are where they were; whose words these are stays known.
    assert reading.chapters(target, found[1].branches[0].node)[-1][1].title == "Two"
    assert marks.text_of(target, kids[0], "why") == "to be her own"
    assert marks.text_of(target, kids[0], "note") == "good?"
    assert [each.name for each in weaves.weaves(target)] == ["main", "other"]
    assert marks.story_text(target, "title") == "Tide (two)"
    assert marks.story_text(target, "style") == "Plain."
    (piece,) = reading.pieces(target, kids)
    assert set(origins.by_origin(piece.runs)) == {"human"}
    assert tip
    assert check(target).faults == []


async def test_edits_splits_joins_and_moves_of_a_models_words_are_told_and_not_done(
    story: Story, target: Story, client: Client, settings: Settings
) -> None:
    first = await fork(story, client, settings, 1)
    shape.edit(story, first[0], " Edited.")
    head = shape.split(story, first[1], 5)
    below = await fork(story, client, settings, first[1], 1)
    moved = (await fork(story, client, settings, first[2], 1))[0]
    placing.move(story, moved, 1)
    growth = await regrown(story, target, client, settings)
    told_of = {note.node: note.what for note in growth.notes}
    assert "edit is not applied" in told_of[first[0]]
    assert "split" in told_of[head]
    assert "taken as it is" in told_of[moved]
    assert growth.done == 3
    found = batches.batches(target)
    assert found[1].parent == found[0].branches[1].node
    assert below
    assert check(target).faults == []


async def test_a_gap_is_filled_again_towards_what_followed_it(
    story: Story, target: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    follower = shape.write_child(story, 1, " At last the water came.")
    (filled,) = await fork(story, client, settings, 1, 1, towards=follower)
    placing.put_between(story, filled, follower)
    weaves.set_weave(story, follower)
    provider.reset()
    growth = await regrown(story, target, client, settings)
    assert (growth.done, growth.notes) == (1, [])
    (request,) = provider.requests
    assert "At last the water came." in str(request.body)
    assert tree(target)[-1][4] == " At last the water came."
    assert reading.depth(target, tree(target)[-1][0]) == 3


async def test_stopped_it_goes_on_and_from_the_cassette_it_is_the_same_story(
    story: Story,
    target: Story,
    client: Client,
    settings: Settings,
    provider: Provider,
    tmp_path: Path,
) -> None:
    at = 1
    for _ in range(4):
        nodes = await fork(story, client, settings, at, 2)
        at = shape.write_child(story, nodes[1], " And so.")
    lore.set_entry(story, {"title": "Mara", "keys": ["so"], "valid_from": at, "content": "Tall."})
    weaves.set_weave(story, at)
    provider.reset()

    def answer(asked: Request) -> Reply:
        if len(provider.requests) > 4:
            return Reply((Text(" Half"), Hold(asyncio.Event())))
        return told(asked)

    provider.answer(answer)
    ahead = await preview(story, client, settings, WISH, "", target)
    assert (len(ahead.due), ahead.calls) == (4, 8)
    growth = Regrowth(target, story, client, settings, ahead)
    arrived = asyncio.Event()
    growth.listen(lambda _, __: None, lambda b: arrived.set() if "Half" in b.text else None)
    going = asyncio.create_task(growth.run())
    await arrived.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert growth.done == 2
    provider.answer(told)
    provider.reset()
    assert resumed(target, "r1") == WISH
    growth = await regrown(story, target, client, settings, "r1")
    assert (growth.done, growth.halted, len(provider.requests)) == (2, "", 4)
    assert len(lore.entries(target)) == 1
    assert check(target).faults == []
    # Those that were interrupted stay beside; the weave goes through what came whole.
    texts = [piece.text for piece in reading.strand(target, reading.path(target, 1)[0])]
    assert texts

    provider.reset()
    path = tmp_path / "third.loom"
    parallel.begun(path, story, "two")
    with parallel.opened(path, story) as third:
        played = await regrown(story, third, Cassette(target), settings)
        assert (played.done, played.halted) == (4, "")
        whole = [row[4] for row in tree(third)]
        assert set(whole) <= {row[4] for row in tree(target)}
        assert len(whole) == 1 + 4 * 3
        assert check(third).faults == []
    assert (provider.requests, provider.asides) == ([], [])


async def test_what_an_earlier_run_hung_beside_is_not_of_the_story_unless_it_was_gone_on_from(
    story: Story, target: Story, client: Client, settings: Settings
) -> None:
    await fork(story, client, settings, 1, 2)
    await run_again(story, client, settings, Wish(model="two"))
    kids = reading.children(story, 1)
    shape.write_child(story, kids[3], " And so.")
    growth = await regrown(story, target, client, settings)
    assert [note.node for note in growth.notes] == [kids[3]]
    assert [row[4] for row in tree(target)][-1] == " And so."
    assert len(tree(target)) == 5


async def test_where_the_chosen_branch_failed_nothing_grows_below_it_and_that_is_told(
    story: Story, target: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    nodes = await fork(story, client, settings, 1, 2)
    shape.write_child(story, nodes[1], " And so.")
    provider.script(refuses(400), refuses(400))
    growth = await regrown(story, target, client, settings)
    assert [note.node for note in growth.notes] == nodes
    assert "nothing grows below" in growth.notes[1].what
    assert len(tree(target)) == 3


async def test_a_story_that_was_not_grown_from_this_one_is_refused(
    story: Story, tmp_path: Path
) -> None:
    Story.create(tmp_path / "x.loom", opening="Else.").close()
    with pytest.raises(Refusal, match=r"x.loom was not grown from tide.loom"):
        parallel.opened(tmp_path / "x.loom", story)


async def test_nothing_hangs_below_a_branch_that_was_stopped_and_is_asked_for_again(
    story: Story, target: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    nodes = await fork(story, client, settings, 1, 1)
    by_hand = shape.write_child(story, nodes[0], " And so.")
    await fork(story, client, settings, by_hand, 1)
    provider.answer(lambda _: Reply((Text(" Half"), Hold(asyncio.Event()))))
    ahead = await preview(story, client, settings, WISH, "", target)
    growth = Regrowth(target, story, client, settings, ahead)
    arrived = asyncio.Event()
    growth.listen(lambda *_: None, lambda b: arrived.set() if "Half" in b.text else None)
    going = asyncio.create_task(growth.run())
    await arrived.wait()
    await growth.stop()
    await going
    provider.answer(told)
    growth = await regrown(story, target, client, settings, "r1")
    assert (growth.done, growth.halted) == (2, "")
    strands = [row for row in tree(target) if row[4] == " And so."]
    assert len(strands) == 1
    above = reading.pieces(target, [strands[0][1]])[0].text
    assert "model-two says" in above
    assert check(target).faults == []


async def test_a_run_of_the_same_name_in_the_original_does_not_bound_the_new_story(
    story: Story, target: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    await fork(story, client, settings, 1, 1)
    provider.answer(lambda _: refuses(401))
    ahead = await preview(story, client, settings, WISH, "", target)
    await Regrowth(target, story, client, settings, ahead).run()
    provider.answer(told)
    await run_again(story, client, settings, Wish(model="two"))
    await fork(story, client, settings, 1, 1)
    ahead = await preview(story, client, settings, WISH, "r1", target)
    assert len(ahead.due) == 2
