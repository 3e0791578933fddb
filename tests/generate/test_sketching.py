"""Sketches are asked for and cut as they come, written out below, and branches told to differ."""

import json
from dataclasses import replace
from typing import Any

import pytest

from storyloom.curate.alike import compare
from storyloom.generate.batch import Batch
from storyloom.generate.context import Context
from storyloom.generate.firing import told
from storyloom.generate.request import request_for
from storyloom.generate.sent import blocks_of, sent_for
from storyloom.models.client import Client
from storyloom.models.protocol import Facts, Mode
from storyloom.settings import SKETCH, ModelEntry, PlanPart, Settings
from storyloom.story import growth, lore, marks, reading, shape
from storyloom.story.check import check
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from tests.generate.conftest import OPENING
from tests.servers.provider import Provider
from tests.servers.script import Reply, Request, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = (PlanPart("one", 1),)
SKETCHES = {"words": SKETCH}


async def grown(
    story: Story,
    client: Client,
    settings: Settings,
    parent: int = 1,
    parts: tuple[PlanPart, ...] = ONE,
    **more: Any,
) -> Batch:
    """Grow a batch to its end."""
    batch = await Batch.begin(story, client, settings, parent, parts, **more)
    await batch.run()
    return batch


def text_of(story: Story, node: int) -> str:
    return reading.pieces(story, [node])[0].text


def sent(story: Story, parent: int, mode: Mode, settings: Settings, why: str = "") -> Context:
    """What a model of that mode would be sent."""
    facts = Facts("m", mode, window=4_000)
    return request_for(story, settings, parent, ModelEntry("m", "openai/m"), facts, why=why)


def blocks_sent(story: Story, node: int) -> list[str]:
    """The names of the blocks that were sent for a branch."""
    found = sent_for(story, node)
    return [block.name for block in blocks_of(found.body, len)] if found is not None else []


def sketch(story: Story, parent: int, text: str) -> int:
    """Add a sketch."""
    (branch,) = growth.request(story, parent, [Asked("one", {"prompt": "p"})], sketch=True)
    growth.finish(story, branch, text, Result("stop"))
    return branch.node


async def test_a_batch_of_sketches_is_asked_for_cut_and_marked(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(
        lambda _: says("Here's a sketch:\n", "She rows", " out.\n\nHe drowns.", "\nEnd.")
    )
    batch = await grown(story, client, replace(settings, words=SKETCH), why="A bell rings.")
    (branch,) = batch.branches
    assert batch.sketch
    assert text_of(story, branch.node) == branch.text == "She rows out.\nHe drowns."
    assert reading.cards(story, [branch.node])[0].sketch
    facts = growth.result_of(story, branch.node)
    assert (facts["finish"], facts["cut"].strip(), branch.state) == ("length", "End.", "done")
    body = provider.requests[0].body
    assert body["max_tokens"] == 240
    system, user = (message["content"] for message in body["messages"])
    assert "in two lines" in system
    assert "no summary" not in system
    assert user.startswith(
        f"{OPENING}\n\n[Do not write it out yet. Sketch what happens next, in at"
    )
    assert user.endswith("What has to happen: A bell rings.]")
    assert check(story).faults == []


async def test_a_sketch_that_is_whole_ended_as_its_model_says(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(lambda _: says("She rows out.", " And", end="length"))
    batch = await grown(story, client, replace(settings, words=SKETCH))
    assert text_of(story, batch.branches[0].node) == "She rows out. And"
    facts = growth.result_of(story, batch.branches[0].node)
    assert facts["finish"] == "length"
    assert "cut" not in facts


async def test_a_base_model_is_told_nothing_and_its_answer_is_cut(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(lambda _: says(" It", " stayed\naway.", "\nAnd more."))
    batch = await grown(
        story, client, replace(settings, words=SKETCH), parts=(PlanPart("base", 1),)
    )
    assert provider.requests[0].body["prompt"] == OPENING
    assert text_of(story, batch.branches[0].node) == "It stayed\naway."


async def test_a_sketch_is_written_out_below_it_in_prose_that_follows_the_text(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    node = sketch(story, 1, "She rows out.\nHe drowns.")
    marks.set_setting(story, "words", SKETCH)
    provider.answer(lambda _: says("She pushed off."))
    batch = await grown(story, client, replace(settings, words=90), node, prose=True)
    (branch,) = batch.branches
    assert not batch.sketch
    assert text_of(story, branch.node) == " She pushed off."
    assert reading.strand_text(story, branch.node) == f"{OPENING} She pushed off."
    user = provider.requests[0].body["messages"][1]["content"]
    assert user == (
        f"{OPENING}\n\n[Continue the story from its last character on, in about 90 words, and end "
        "with a finished sentence. Write out this sketch of what comes next: She rows out.\n"
        "He drowns.]"
    )
    assert blocks_sent(story, branch.node) == ["instructions", "story", "why and length"]
    provider.answer(lambda _: says("Below."))
    batch = await grown(story, client, settings, node)
    assert batch.sketch
    assert blocks_sent(story, batch.branches[0].node) == ["instructions", "story", "why and length"]
    assert "Go on from what is sketched already: She rows out." in provider.requests[1].prompt


async def test_what_is_written_out_already_is_told_no_more(story: Story) -> None:
    node = sketch(story, 1, "She rows out.")
    below = shape.write_child(story, node, " She pushed off.")
    for mode in ("chat", "text", "prefill"):
        assert "rows out" in json.dumps(sent(story, node, mode, Settings()).body)
        made = sent(story, below, mode, Settings())
        assert "rows out" not in json.dumps(made.body)
        assert "pushed off" in json.dumps(made.body)


async def test_a_base_model_finds_the_sketch_before_the_last_paragraph(story: Story) -> None:
    shape.edit(story, 1, "The tide went out.\n\nShe waited.")
    node = sketch(story, 1, "She rows out.")
    settings = Settings(vary="tone: dry / tender")
    made = sent(story, node, "text", settings)
    assert made.prompt == (
        "The tide went out.\n\n[Tone: dry. What comes next: She rows out.]\n\nShe waited."
    )
    assert made.prompt == "".join(block.text for block in made.blocks)
    shape.edit(story, 1, "The tide went out.")
    made = sent(story, node, "text", settings)
    assert made.prompt == "[Tone: dry. What comes next: She rows out.]\n\nThe tide went out."


async def test_a_model_that_is_begun_for_is_not_begun_for_with_a_sketch(story: Story) -> None:
    made = sent(story, 1, "prefill", replace(Settings(), **SKETCHES))
    assert [message["role"] for message in made.messages or ()] == ["system", "user"]
    assert [each["role"] for each in sent(story, 1, "prefill", Settings()).messages or ()][-1] == (
        "assistant"
    )


async def test_lore_fires_for_a_sketch_that_is_to_be_written_out_alone(story: Story) -> None:
    node = sketch(story, 1, "The eel comes.")
    below = shape.write_child(story, node, " Something came.")
    lore.set_entry(story, {"keys": ["eel"], "content": "It is old."})
    assert [each.firing.fires for each in told(story, node, budget=500)] == [True]
    assert [each.firing.fires for each in told(story, below, budget=500)] == [False]


VARY = "tone: dry / tender / afraid / cruel"
_PLAIN = (
    "The harbour bell rang once and the grey water moved under the long stone pier.",
    "The harbour bell rang twice and the grey water lay under the long stone pier.",
    "The harbour bell rang once while grey water moved beneath the long wooden pier.",
    "The harbour bell rang again and the grey water rose under the long stone pier.",
)
_TOLD = {
    "tone: dry": "Ledgers list forty crossings, nine unpaid, one under dispute.",
    "tone: tender": "She warmed the child's hands inside her coat until he slept.",
    "tone: afraid": "Something breathed behind the door, and nobody dared turn around.",
    "tone: cruel": "They laughed at the drowning man and threw his oars after him.",
}


def answers(plain: list[str]) -> Any:
    """A provider that writes alike unless it is told a tone."""

    def answer(request: Request) -> Reply:
        values = [value for value in _TOLD if value in request.prompt]
        assert len(values) <= 1
        return says(_TOLD[values[0]] if values else plain.pop())

    return answer


async def test_each_branch_is_told_one_value_and_they_are_less_alike(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    parts = (PlanPart("one", 3), PlanPart("two", 1))
    provider.answer(answers(list(_PLAIN)))
    plain = await grown(story, client, settings, parts=parts)
    marks.set_setting(story, "vary", VARY)
    varied = await grown(story, client, settings, parts=parts)
    cards = reading.cards(story, [branch.node for branch in varied.branches])
    assert [card.vary for card in cards] == list(_TOLD)
    for branch, card in zip(varied.branches, cards, strict=True):
        body = growth.request_of(story, branch.placeholder.gen)
        last = body["messages"][-1]["content"].rpartition("\n\n[")[2]
        assert [value for value in _TOLD if value in last] == [card.vary]
        assert last.endswith(f" In this version, {card.vary}.]")
        (request,) = [each for each in provider.requests if card.vary in each.prompt]
        assert request.body["messages"] == body["messages"]
        assert "vary" not in request.body
        assert text_of(story, branch.node).strip() == _TOLD[card.vary]
    assert [card.vary for card in reading.cards(story, reading.children(story, 1)[:4])] == [""] * 4
    means = [
        compare([text_of(story, branch.node) for branch in batch.branches]).mean
        for batch in (plain, varied)
    ]
    assert means[1] < 0.1 < 0.5 < means[0]
    assert check(story).faults == []


async def test_a_second_batch_sends_each_branch_the_same_again(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    settings = replace(settings, vary="tone: dry / tender")
    parts = (PlanPart("one", 3),)
    provider.answer(lambda _: says(" More."))
    for _ in range(2):
        await grown(story, client, settings, parts=parts)
    rows = story.read.execute("SELECT idx, hex(request) FROM gen ORDER BY id").fetchall()
    hashes = [digest for _, digest in rows]
    assert hashes[:3] == hashes[3:]
    assert hashes[0] == hashes[2] != hashes[1]
