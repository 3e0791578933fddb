"""A branch that failed is asked for again, alone, with exactly what it was sent."""

from dataclasses import replace

import pytest

from storyloom.generate.batch import Batch
from storyloom.generate.calls import the_same
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, marks, purging, reading, shape
from storyloom.story.check import check
from storyloom.story.growth import Asked
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.servers.provider import Provider
from tests.servers.script import Cut, Reply, Text, refuses, says


@pytest.mark.asyncio(loop_scope="session")
async def test_a_branch_that_brought_no_text_is_asked_again_alone_to_the_letter(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(
        lambda asked: refuses(503) if asked.model == "model-two" else says("The bell rang.")
    )
    warm = replace(settings, temperature=0.5, seed=7)
    parts = (PlanPart("one", 1), PlanPart("two", 2), PlanPart("base", 1))
    batch = await Batch.begin(story, client, warm, 1, parts, why="A bell rings.")
    await batch.run()
    assert [branch.fault for branch in batch.branches] == [
        "", "server error (503)", "server error (503)", "",
    ]  # fmt: skip
    assert reading.children(story, 1) == [2, 5]
    lost = batch.branches[2]
    sent = next(r.body for r in provider.requests if r.body.get("seed") == 8)
    provider.reset()
    provider.answer(lambda _: says("The bell did not ring."))
    # What was changed since is for the next batch.
    marks.set_text(story, 0, "style", "Quite another one.")
    again = await Batch.again(story, client, settings, [lost.node])
    await again.run()
    (request,) = provider.requests
    assert request.body == sent
    assert "A bell rings." in request.prompt
    (branch,) = again.branches
    assert reading.children(story, 1) == [2, 5, branch.node]
    assert reading.pieces(story, [branch.node])[0].text == " The bell did not ring."
    assert growth.earlier(story, branch.node) == growth.earlier(story, lost.node)
    assert not reading.exists(story, lost.node)
    assert check(story).faults == []


@pytest.mark.asyncio(loop_scope="session")
async def test_one_that_broke_off_stays_and_the_new_one_is_beside_it(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.script(Reply((Text("Half a sen"), Cut())), Reply((Text("A half"), Cut())))
    batch = await Batch.begin(story, client, settings, 1, (PlanPart("base", 2),))
    await batch.run()
    assert {branch.fault for branch in batch.branches} == {"cut off"}
    provider.script(says(" A sentence."), says(" Another."))
    nodes = [branch.node for branch in batch.branches]
    again = await Batch.again(story, client, settings, nodes)
    await again.run()
    texts = [piece.text for piece in reading.pieces(story, reading.children(story, 1))]
    assert {*texts[:2]} == {" Half a sen", " A half"}
    assert {*texts[2:]} == {" A sentence.", " Another."}
    assert len({str(request.body) for request in provider.requests}) == 1


@pytest.mark.asyncio(loop_scope="session")
async def test_what_cannot_be_asked_again_is_refused_and_nothing_is_stored(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    by_hand = shape.write_child(story, 1, " By hand.")
    one = await Batch.begin(story, client, settings, 1, (PlanPart("one", 1),))
    with pytest.raises(Refusal, match="still being written"):
        await Batch.again(story, client, settings, [one.branches[0].node])
    await one.run()
    other = await Batch.begin(story, client, settings, by_hand, (PlanPart("one", 1),))
    await other.run()
    before = story.read.execute("SELECT max(id) FROM op").fetchone()
    first, second = one.branches[0].node, other.branches[0].node
    for nodes, why in (
        ([by_hand], "No model was asked"),
        ([99], "no node n99"),
        ([first, second], "one fork"),
    ):
        with pytest.raises(Refusal, match=why):
            await Batch.again(story, client, settings, nodes)
    with pytest.raises(Refusal, match="Stopped"):
        await Batch.again(story, client, settings, [first], wanted=lambda: False)
    # Its name means a model of a price now.
    priced = (ModelEntry("one", "openai/gpt-4o-mini"),)
    dear = replace(settings, cap=1e-7, models=priced)
    with pytest.raises(Refusal, match="Nothing was sent"):
        await Batch.again(story, client, dear, [first])
    assert story.read.execute("SELECT max(id) FROM op").fetchone() == before
    shape.prune(story, first)
    purging.purge(story, [first])
    with pytest.raises(Refusal, match="purged"):
        await Batch.again(story, client, settings, [first])
    assert len(provider.requests) == 2


def test_the_embedded_model_is_drawn_anew() -> None:
    entry = ModelEntry("local/smollm2", "local/smollm2")
    facts = Facts(entry.model, "chat", provider="embedded")
    asked = Asked(entry.name, {"prompt": "Once"}, {"max_tokens": 50, "seed": 7})
    asks = [the_same(asked, entry, facts) for _ in range(8)]
    assert len({ask.call.params["seed"] for ask in asks}) > 1
    for ask in asks:
        assert ask.asked.params == ask.call.params
        assert (ask.call.prompt, ask.facts.mode) == ("Once", "text")


@pytest.mark.parametrize(("role", "mode"), [("user", "chat"), ("assistant", "prefill")])
def test_the_answer_is_read_as_it_was_asked_for(role: str, mode: str) -> None:
    entry = ModelEntry("one", "openai/one")
    asked = Asked("one", {"messages": [{"role": role, "content": "Once"}]}, {"seed": 7})
    ask = the_same(asked, entry, Facts(entry.model, "text"))
    assert ask.facts.mode == mode
    assert ask.call.params == {"seed": 7}
