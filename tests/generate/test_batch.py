"""Branches stream into their nodes through a real worker from a real server."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from storyloom.generate import joining
from storyloom.generate.batch import Batch, Branch
from storyloom.models.client import Client
from storyloom.models.protocol import Mode
from storyloom.settings import PlanPart, Settings
from storyloom.story import growth, marks, reading, shape
from storyloom.story.check import check
from storyloom.story.drawn import drawn_at
from storyloom.story.schema import STREAMING
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.generate.conftest import OPENING
from tests.servers.provider import Provider
from tests.servers.script import Cut, Drawn, End, Hold, Reply, Request, Text, refuses, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = (PlanPart("one", 1),)
PATIENCE = 60


def text_of(story: Story, node: int) -> str:
    return reading.pieces(story, [node])[0].text


def kept(story: Story, rev: int) -> str:
    """What the file holds of a branch's text right now."""
    return story.read.execute("SELECT text FROM rev WHERE id = ?", (rev,)).fetchone()[0]


def streaming(story: Story) -> list[int]:
    rows = story.read.execute(f"SELECT id FROM node WHERE flags & {STREAMING}").fetchall()
    return [row[0] for row in rows]


async def until(holds: Callable[[], bool]) -> None:
    """Return once `holds()`, which the flusher makes true four times a second."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - a file tells nobody when it changes
            await asyncio.sleep(0.02)


def shown(batch: Batch, holds: Callable[[Branch], bool]) -> asyncio.Event:
    """Return an event that is set once a branch of which `holds` was told to the listener."""
    event = asyncio.Event()
    batch.listen(lambda branch: event.set() if holds(branch) else None)
    return event


async def test_branches_of_several_models_stream_into_their_nodes(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    def answer(request: Request) -> Reply:
        return says(f"From {request.body['model']}.", usage=(7, 3))

    provider.answer(answer)
    parts = (PlanPart("one", 2), PlanPart("two", 1))
    batch = await Batch.begin(story, client, settings, 1, parts, why="A bell rings.")
    assert streaming(story) == [branch.node for branch in batch.branches] == [2, 3, 4]
    await batch.run()
    assert streaming(story) == []
    assert [text_of(story, node) for node in (2, 3, 4)] == [
        " From model-one.",
        " From model-one.",
        " From model-two.",
    ]
    assert reading.children(story, 1) == [2, 3, 4]
    assert {branch.state for branch in batch.branches} == {"done"}
    facts = growth.result_of(story, 2)
    assert (facts["finish"], facts["in"], facts["out"]) == ("stop", 7, 3)
    assert facts["first_ms"] <= facts["ms"]
    assert check(story).faults == []


async def test_what_is_sent_is_what_the_file_says(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_text(story, 0, "style", "Plain words.")
    batch = await Batch.begin(story, client, settings, 1, ONE, why="A bell rings.")
    await batch.run()
    stored = growth.request_of(story, batch.branches[0].placeholder.gen)
    assert provider.requests[0].body["messages"] == stored["messages"]
    assert "A bell rings." in provider.requests[0].prompt


async def test_a_request_follows_the_storys_own_settings(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_setting(story, "words", 200)
    marks.set_setting(story, "temperature", 0.5)
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    body = provider.requests[0].body
    assert (body["max_tokens"], body["temperature"]) == (440, 0.5)
    assert "in about 200 words" in provider.requests[0].prompt


async def test_a_request_follows_the_settings_of_the_nearest_node_above(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    here = shape.write_child(story, 1, " One.")
    beside = shape.write_child(story, 1, " Other.")
    for key, value in (("words", 100), ("top_p", 0.5), ("seed", 7)):
        marks.set_setting(story, key, value, here)
    below = shape.write_child(story, here, " Two.")
    for node in (below, beside):
        batch = await Batch.begin(story, client, settings, node, (PlanPart("one", 2),))
        await batch.run()
    bodies = sorted(
        (request.body for request in provider.requests), key=lambda body: "seed" in body
    )
    assert not {"seed", "top_p"} & (bodies[0].keys() | bodies[1].keys())
    assert [body["max_tokens"] for body in bodies] == [160, 160, 240, 240]
    assert sorted(body["seed"] for body in bodies[2:]) == [7, 8]
    assert {body["top_p"] for body in bodies[2:]} == {0.5}


async def test_two_models_of_one_batch_are_asked_with_what_each_has_of_its_own(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_setting(story, "temperature", 0.5)
    plan = (PlanPart("one", 1), PlanPart("two", 2, {"temperature": 1.3, "words": 100}))
    await (await Batch.begin(story, client, settings, 1, plan)).run()
    asked = sorted((request.body for request in provider.requests), key=lambda body: body["model"])
    assert [body["temperature"] for body in asked] == [0.5, 1.3, 1.3]
    assert [body["max_tokens"] for body in asked] == [160, 240, 240]
    lengths = sorted(words for request in provider.requests for words in (60, 100)
                     if f"in about {words} words" in request.prompt)  # fmt: skip
    assert lengths == [60, 100, 100]


async def test_a_broken_off_sentence_stays_where_it_is_not_to_be_cut(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_setting(story, "trim", 0, 1)
    provider.script(says(" It rang. And then", end="length"))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    assert text_of(story, batch.branches[0].node).endswith("And then")


async def test_a_base_model_gets_the_raw_text(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(says(" It", " stayed", " away."))
    batch = await Batch.begin(story, client, settings, 1, (PlanPart("base", 1),))
    await batch.run()
    assert provider.requests[0].body["prompt"] == text_of(story, 1)
    assert text_of(story, 2) == " It stayed away."


async def test_a_failing_model_leaves_the_others_branches_whole_and_no_empty_node(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(
        lambda request: (
            refuses(400, "no such thing")
            if request.body["model"] == "model-two"
            else says("It stayed", " away.")
        )
    )
    parts = (PlanPart("two", 2), PlanPart("one", 2))
    batch = await Batch.begin(story, client, settings, 1, parts)
    await batch.run()
    assert [branch.state for branch in batch.branches] == ["failed", "failed", "done", "done"]
    assert all(branch.say.endswith((".", "thing")) for branch in batch.branches[:2])
    alive = reading.children(story, 1, pruned=True)
    assert alive == [branch.node for branch in batch.branches[2:]]
    assert [text_of(story, node) for node in alive] == [" It stayed away."] * 2
    failed = batch.branches[0]
    facts = growth.result_of(story, failed.node)
    assert facts["finish"] == "error"
    # A story travels: where its author's servers are is not told in it.
    address = urlsplit(failed.entry.api_base or "").netloc
    assert facts["say"] == failed.say.replace(address, "the server of two")
    assert address in failed.say
    assert check(story).faults == []


async def test_an_empty_answer_leaves_no_node(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(says("  \n"))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    assert batch.branches[0].finish == "empty"
    assert reading.children(story, 1, pruned=True) == []


async def test_a_stream_that_breaks_off_keeps_its_text(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(Reply((Text("It stayed"), Text(" aw"), Cut())))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    assert batch.branches[0].finish in ("cut_off", "error")
    assert text_of(story, 2) == " It stayed aw"
    assert batch.branches[0].say


async def test_the_story_keeps_no_address_of_a_server_of_ones_own(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(refuses(400, "no such wind"))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    branch = batch.branches[0]
    host = provider.base.split("/")[2]
    # The screen says where to look; the file may be given away, and its log replayed.
    assert host in branch.say
    told = growth.result_of(story, branch.node)["say"]
    assert told == branch.say.replace(host, "the server of one")
    changes = story.read.execute("SELECT count(*) FROM change WHERE instr(new, ?)", (host,))
    assert changes.fetchone()[0] == 0


async def test_an_answer_cut_by_its_length_loses_the_unfinished_sentence(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(says("It stayed away. Then the", end="length"))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    await batch.run()
    assert text_of(story, 2) == " It stayed away."
    assert growth.result_of(story, 2)["cut"] == " Then the"


async def test_text_is_in_the_file_while_it_streams_and_one_branch_can_be_stopped(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    go = asyncio.Event()
    provider.answer(
        lambda request: (
            Reply((Text("It stayed"), Hold(asyncio.Event())))
            if request.body["model"] == "model-one"
            else Reply((Text("It went"), Hold(go), *says(" on.").steps))
        )
    )
    batch = await Batch.begin(story, client, settings, 1, (PlanPart("one"), PlanPart("two")))
    first, second = batch.branches
    running = asyncio.create_task(batch.run())
    await until(lambda: kept(story, first.placeholder.rev) == " It stayed")
    assert streaming(story) == [first.node, second.node]
    await batch.stop(first.node)
    async with asyncio.timeout(PATIENCE):
        await first.ended.wait()
    assert (first.state, text_of(story, first.node)) == ("stopped", " It stayed")
    assert second.running
    go.set()
    await running
    assert (second.state, text_of(story, second.node)) == ("done", " It went on.")
    assert growth.result_of(story, first.node)["finish"] == "stopped"


async def test_a_cancelled_batch_keeps_what_has_arrived(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    held = Reply((Text("Sure it"), Text(" was"), Hold(asyncio.Event())))
    provider.script(held, Reply((Hold(asyncio.Event()),)))
    batch = await Batch.begin(story, client, settings, 1, (PlanPart("one", 2),))
    running = asyncio.create_task(batch.run())
    # It may be a greeting, so it is not shown yet; it is in the file all the same.
    await until(lambda: " Sure it was" in {kept(story, b.placeholder.rev) for b in batch.branches})
    assert {branch.text for branch in batch.branches} == {""}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert streaming(story) == []
    (node,) = reading.children(story, 1)
    assert text_of(story, node) == " Sure it was"
    assert growth.result_of(story, node)["finish"] == "interrupted"
    await provider.wait(lambda provider: provider.left == 2)
    assert check(story).faults == []


async def test_the_listener_sees_the_text_grow(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    go = asyncio.Event()
    provider.script(Reply((Text("It stayed"), Hold(go), *says(" away.").steps)))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    half = shown(batch, lambda branch: branch.text == " It stayed" and branch.state == "writing")
    running = asyncio.create_task(batch.run())
    async with asyncio.timeout(PATIENCE):
        await half.wait()
    done = shown(batch, lambda branch: branch.text == " It stayed away." and not branch.running)
    go.set()
    await running
    assert done.is_set()


async def test_what_cannot_fit_is_refused_before_anything_is_stored(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_text(story, 0, "style", "very plain words " * 2_000)
    with pytest.raises(Refusal, match="tokens too many"):
        await Batch.begin(story, client, settings, 1, ONE)
    assert reading.children(story, 1, pruned=True) == []
    assert provider.requests == []


async def test_nothing_grows_below_a_node_that_is_being_written(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    go = asyncio.Event()
    provider.script(Reply((Hold(go), *says("It stayed.").steps)))
    batch = await Batch.begin(story, client, settings, 1, ONE)
    with pytest.raises(Refusal, match="still being written"):
        await Batch.begin(story, client, settings, batch.branches[0].node, ONE)
    go.set()
    await batch.run()


async def test_the_context_is_the_strand_of_its_own_branch(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    here = shape.write_child(story, 1, " The boats lay down.")
    shape.write_child(story, 1, " ELSEWHERE")
    batch = await Batch.begin(story, client, settings, here, (PlanPart("base"),))
    await batch.run()
    prompt = provider.requests[0].body["prompt"]
    assert prompt == "The tide went out and did not come back. The boats lay down."


async def test_each_model_of_a_fork_has_its_own_seat_in_it(
    story: Story, client: Client, settings: Settings
) -> None:
    local = replace(settings, models=())
    parts = (PlanPart("local/smollm2", 2), PlanPart("local/smollm2", 1))
    batch = await Batch.begin(story, client, local, 1, parts)
    seats = [(b.call.fork, b.call.index, b.call.of) for b in batch.branches]
    assert len({fork for fork, _, _ in seats}) == 2
    assert [(index, of) for _, index, of in seats] == [(0, 2), (1, 2), (0, 1)]
    assert len({b.call.id for b in batch.branches}) == 3
    for branch in batch.branches:
        batch.interrupt(branch)
    assert reading.children(story, 1) == []


# Alternatives to each token


DRAWN = Reply((
    Drawn("Sure, here is the story:\n\nFar", -0.5, {" Far": -0.5}),
    Drawn(" out", -1.0, {" out": -1.0, " off": -2.0}),
    Drawn(" she", -0.25, {" she": -0.25}),
    Drawn(". And", -3.0, {" And": -3.0}),
    End("length"),
))  # fmt: skip


@pytest.mark.parametrize("model", ["one", "base"])
async def test_alternatives_are_asked_for_where_wanted_and_kept_with_the_text_they_are_of(
    story: Story, client: Client, provider: Provider, settings: Settings, model: str
) -> None:
    provider.answer(lambda _: DRAWN)
    wanted = replace(settings, alternatives=2)
    for each in (wanted, settings, replace(settings, alternatives=0)):
        batch = await Batch.begin(story, client, each, 1, (PlanPart(model),))
        await batch.run()
    asked = [
        {key: value for key, value in request.body.items() if "logprobs" in key}
        for request in provider.requests
    ]
    chat = {"logprobs": True, "top_logprobs": 2}
    assert asked == [chat if model == "one" else {"logprobs": 2}, {}, {}]
    first, *others = reading.children(story, 1)
    found = drawn_at(story, first)
    assert found is not None
    pieces = [found.text[token.start : token.end] for token in found.tokens]
    # The preamble, the seam and the end that broke off are no tokens; what is left of one is.
    if model == "one":
        assert pieces == ["Far", " out", " she", "."]
    else:
        assert pieces == ["Sure, here is the story:\n\nFar", " out", " she", "."]
    assert found.tokens[1][2:] == (-1.0, ((" off", -2.0),))
    assert [drawn_at(story, node) for node in others] == [None, None]
    assert check(story).faults == []


async def test_what_had_come_of_the_tokens_is_kept_when_a_branch_is_stopped(
    story: Story, client: Client, provider: Provider, settings: Settings
) -> None:
    provider.answer(lambda _: Reply((*DRAWN.steps[1:3], Hold(asyncio.Event()))))
    wanted = replace(settings, alternatives=2)
    batch = await Batch.begin(story, client, wanted, 1, (PlanPart("base"),))
    told = asyncio.Event()

    def heard(branch: Branch) -> None:
        if branch.tokens:
            told.set()

    batch.listen(heard)
    running = asyncio.create_task(batch.run())
    await asyncio.wait_for(told.wait(), 30)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    found = drawn_at(story, batch.branches[0].node)
    assert found is not None
    assert len(found.tokens) == len(batch.branches[0].tokens) > 0


async def test_the_text_is_made_when_it_is_looked_at_and_not_for_each_piece(
    story: Story, client: Client, settings: Settings, provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    looked: list[bool] = []
    made = joining.continuation

    def continuation(before: str, answer: str, mode: Mode, *, ended: bool) -> str:
        looked.append(ended)
        return made(before, answer, mode, ended=ended)

    monkeypatch.setattr(joining, "continuation", continuation)
    provider.answer(lambda _: says(*(f" word{n}" for n in range(300))))
    unseen = await Batch.begin(story, client, settings, 1, ONE)
    await unseen.run()
    assert False not in looked, "nobody looked while it was written"
    seen = await Batch.begin(story, client, settings, 1, ONE)
    texts: list[tuple[str, str]] = []
    seen.listen(lambda branch: texts.append((branch.text, "".join(branch.raw))))
    await seen.run()
    assert False in looked
    assert len(texts) > 2
    assert all(text == made(OPENING, raw, "chat", ended=False) for text, raw in texts)
    assert seen.branches[0].text == unseen.branches[0].text
