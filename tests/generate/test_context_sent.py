"""What the inspector shows is what a batch sends, and what was sent is taken apart again."""

from dataclasses import replace

import pytest
from hypothesis import given

from storyloom.generate.batch import Batch
from storyloom.generate.plan import settings_for
from storyloom.generate.request import known_facts, request_for
from storyloom.generate.sent import blocks_of, compared, last_sent, sent_for
from storyloom.models import embedded
from storyloom.models.client import Client
from storyloom.models.protocol import Mode
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import lore, marks, shape
from storyloom.story.story import Story
from tests.generate.test_context import MODES, STORY, TEXT, four, make
from tests.servers.provider import Provider
from tests.servers.script import says

in_session = pytest.mark.asyncio(loop_scope="session")


@in_session
@pytest.mark.parametrize("name", ["one", "base"])
async def test_a_batch_sends_the_very_messages_that_were_shown(
    story: Story, client: Client, settings: Settings, provider: Provider, name: str
) -> None:
    marks.set_text(story, 0, "style", "Plain words.")
    marks.set_setting(story, "words", 90)
    shape.edit(story, 1, "The tide went out. " * 400 + "So.")
    lore.set_entry(story, {"title": "Tide", "content": "It is salt.", "keys": ["tide"]})
    lore.set_entry(story, {"content": "It is cold.", "constant": True, "position": "at_depth:0"})
    lore.set_entry(story, {"content": "It roars.", "keys": ["tide"], "probability": 50})
    entry = settings.entry(name)
    facts = await client.describe(entry)
    own = settings_for(story, settings)
    shown = request_for(story, own, 1, entry, facts, why="A bell rings.")
    again = request_for(story, own, 1, entry, facts, why="A bell rings.")
    assert shown.fingerprint == again.fingerprint
    assert "trimmed" in {block.state for block in shown.blocks}
    assert {"lore Tide", "lore It is cold."} <= {block.name for block in shown.blocks if block.text}
    provider.answer(lambda _: says("So."))
    batch = await Batch.begin(story, client, settings, 1, (PlanPart(name, 1),), why="A bell rings.")
    await batch.run()
    (request,) = provider.requests
    assert shown.body == {key: request.body[key] for key in shown.body}
    assert request.body["max_tokens"] == shown.reserve
    sent = sent_for(story, batch.branches[0].node)
    assert sent is not None
    assert (sent.model, sent.body) == (name, shown.body)
    assert last_sent(story, 1) == sent


def test_the_embedded_models_facts_are_the_workers() -> None:
    known = known_facts(ModelEntry("local/smollm2", "local/smollm2"))
    assert known is not None
    assert replace(known, known=False) == replace(embedded.facts("local/smollm2"), known=False)
    assert known_facts(ModelEntry("x", "openai/x")) is None


def test_nothing_was_sent_for_what_was_written_by_hand(story: Story) -> None:
    assert sent_for(story, 1) is None
    assert sent_for(story, 99) is None
    assert last_sent(story, 1) is None


@given(STORY, MODES, TEXT, TEXT, TEXT)
def test_a_stored_request_taken_apart_and_put_together_is_what_it_was(
    strand: str, mode: Mode, style: str, premise: str, why: str
) -> None:
    context = make(strand, mode, style=style, premise=premise, why=why)
    taken = blocks_of(context.body, four)
    by_role: dict[str, str] = {}
    for block in taken:
        by_role[block.role] = by_role.get(block.role, "") + block.text
    if context.messages is None:
        assert by_role.get("prompt", "") == context.prompt
    else:
        assert by_role == {each["role"]: each["content"] for each in context.messages}
        # And into the blocks it was made of.
        assert [(block.name, block.text) for block in taken] == [
            (block.name, block.text) for block in context.blocks if block.text
        ]


def test_what_has_changed_is_told_block_by_block_with_what_is_the_same_at_the_beginning() -> None:
    before = make("Once upon a time.", style="Plain.", why="a bell").blocks
    now = make("Once upon a time. There was a ferry.", premise="A ferry.", why="a bell").blocks
    difference = compared(before, now)
    assert {name: (what, more) for what, name, more in difference.lines} == {
        "instructions": ("same", 0),
        "premise": ("added", 35),
        "story": ("changed", 19),
        "why and length": ("same", 0),
        "style": ("removed", -15),
    }
    later = "".join(block.text for block in now)
    earlier = "".join(block.text for block in before)
    assert difference.of == len(later)
    assert earlier[: difference.prefix] == later[: difference.prefix]
    assert earlier[: difference.prefix + 1] != later[: difference.prefix + 1]
