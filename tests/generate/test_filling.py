"""The passage between two texts: what is sent for it, and what becomes of the answer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate.batch import Batch
from storyloom.generate.blocks import Reason
from storyloom.generate.context import Context, Sources, assemble
from storyloom.generate.filling import asked_as, fills
from storyloom.generate.request import request_for
from storyloom.generate.sent import blocks_of, sent_for
from storyloom.generate.window import usable
from storyloom.models.client import Client
from storyloom.models.protocol import Facts, Mode
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import growth, reading, shape
from storyloom.story.check import check
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.generate.test_context import MODES, STORY, dense, four, sent
from tests.servers.provider import Provider
from tests.servers.script import refuses, says

in_session = pytest.mark.asyncio(loop_scope="session")
AFTER = "\n\nBy dark they had reached the landing. The boy slept."


def make(strand: str, after: str, mode: Mode = "chat", **more: object) -> Context:
    facts = Facts("test/model", mode, window=600, provider=str(more.pop("provider", "")))
    count = more.pop("count", four)
    return assemble(
        Sources(strand, after=after, **more), facts, cap=100_000, reserve=100, count=count
    )  # type: ignore[arg-type]


def follows(context: Context) -> str:
    return "".join(block.text for block in context.blocks if block.name == "what follows")


@given(STORY, STORY, MODES, st.sampled_from(["", "embedded"]), st.booleans())
def test_the_blocks_are_what_is_sent_and_leave_room_for_the_answer(
    strand: str, after: str, mode: Mode, provider: str, suffix: bool
) -> None:
    made = make(strand, after, mode, provider=provider, fills=suffix)
    by_role: dict[str, str] = {}
    for block in made.blocks:
        assert (block.state == "out") == (block.text == "")
        by_role[block.role] = by_role.get(block.role, "") + block.text
    if made.messages is not None:
        assert {key: text for key, text in by_role.items() if text} == {
            each["role"]: each["content"] for each in made.messages
        }
    else:
        assert by_role.get("prompt", "") == made.prompt
        assert by_role.get("suffix", "") == (made.suffix or "")
    assert made == make(strand, after, mode, provider=provider, fills=suffix)


@given(STORY, STORY, MODES, st.sampled_from([four, dense]), st.booleans())
def test_it_fits_the_window_by_its_own_count(
    strand: str, after: str, mode: Mode, count: object, suffix: bool
) -> None:
    facts = Facts("test/model", mode, window=2_400)
    sources = Sources(strand, after=after, fills=suffix)
    made = assemble(sources, facts, cap=10_000, reserve=100, count=count)  # type: ignore[arg-type]
    assert made.tokens <= 2_400 - 100


@pytest.mark.parametrize("mode", ["chat", "text", "prefill"])
@pytest.mark.parametrize("suffix", [False, True])
def test_of_a_long_text_after_its_beginning_has_a_third_of_the_room(
    mode: Mode, suffix: bool
) -> None:
    before = "".join(f"Before {n}. " for n in range(2_000))
    after = "".join(f"After {n}. " for n in range(2_000))
    made = make(before, after, mode, fills=suffix)
    block = next(block for block in made.blocks if block.name == "what follows")
    story = sum(b.tokens for b in made.blocks if b.name.startswith("story"))
    assert block.state == "trimmed"
    assert "After 0. After 1." in block.text
    assert "After 199." not in block.text
    assert story / 5 < block.tokens <= story
    assert made.tokens <= usable(600, 100)
    assert "Before 1999." in sent(made)
    assert make("So.", "After 1.", mode).tokens < made.tokens


def test_an_instructed_model_is_told_of_the_gap_and_what_it_ends_with() -> None:
    made = make("She untied the boat.", AFTER, why="A bell rings.")
    assert made.messages is not None
    system, user = (message["content"] for message in made.messages)
    assert "gap" in system
    before, _, rest = user.partition("\n\n[Here a passage is missing.")
    assert before == "She untied the boat."
    assert "By dark they had reached the landing. The boy slept.\n\n[Write the missing" in rest
    assert "What has to happen: A bell rings." in rest
    assert "end with a finished sentence" in rest
    assert "in the middle of its sentence" in sent(make("She untied", " and the boat left."))
    assert "gap" not in sent(make("She untied the boat.", " "))


def test_a_begun_answer_is_the_end_of_what_comes_before_the_gap() -> None:
    made = make("She untied the boat.", AFTER, "prefill")
    assert made.messages is not None
    assert made.messages[1]["content"].startswith("[Here a passage is missing.")
    assert made.messages[-1] == {"role": "assistant", "content": "She untied the boat."}


def test_a_base_model_reads_what_comes_later_first_or_gets_it_as_a_suffix() -> None:
    told = make("She untied the boat.", AFTER, "text")
    assert told.prompt == (
        "Chapter 2\n\nBy dark they had reached the landing. The boy slept.\n\n"
        "Chapter 1\n\nShe untied the boat."
    )
    assert told.suffix is None
    given = make("She untied the boat.", AFTER, "text", fills=True)
    assert (given.prompt, given.suffix) == ("She untied the boat.", AFTER)
    assert given.body == {"prompt": "She untied the boat.", "suffix": AFTER}
    assert (
        given.fingerprint
        != make("She untied the boat.", AFTER + "!", "text", fills=True).fingerprint
    )
    assert make("So.", "", "text", fills=True).body == {"prompt": "So."}


@pytest.mark.parametrize("mode", ["chat", "text", "prefill"])
def test_what_there_is_no_room_for_is_said(mode: Mode) -> None:
    facts = Facts("test/model", mode, window=360)
    made = assemble(
        Sources("So.", after="x" * 3_000),
        facts,
        cap=1_000,
        reserve=10,
        count=lambda text: len(text) // 3,
    )
    block = next(block for block in made.blocks if block.name == "what follows")
    if block.state == "out":
        assert (block.text, block.reason) == ("", Reason.NO_ROOM)
    else:
        assert block.left_out == 0


def test_which_models_take_a_suffix() -> None:
    mine = ModelEntry("mine", "openai/qwen")
    assert not fills(mine)
    assert asked_as(mine) is mine
    assert asked_as(replace(mine, fill=True)).mode == "text"
    assert not fills(ModelEntry("own", "local/own", fill=True))
    for name in ("openai/gpt-3.5-turbo-instruct", "text-completion-codestral/codestral-latest"):
        assert fills(ModelEntry(name, name))
        assert not fills(ModelEntry(name, name, fill=False))


@given(STORY, STORY, MODES)
def test_a_stored_request_is_taken_apart_to_the_very_bytes(
    strand: str, after: str, mode: Mode
) -> None:
    made = make(strand, after, mode, fills=True)
    blocks = blocks_of(made.body, four)
    for role in {block.role for block in blocks}:
        text = "".join(block.text for block in blocks if block.role == role)
        assert text == "".join(block.text for block in made.blocks if block.role == role)


@pytest.fixture
def gap(story: Story) -> int:
    """A passage that follows the opening, n2, which goes on."""
    node = shape.write_child(story, 1, "By dark they had reached the landing.")
    shape.write_child(story, node, " The boy slept.")
    return node


async def filled(
    story: Story, client: Client, settings: Settings, towards: int, name: str
) -> Batch:
    batch = await Batch.begin(story, client, settings, 1, (PlanPart(name, 1),), towards=towards)
    await batch.run()
    return batch


@in_session
async def test_a_model_that_can_is_sent_both_texts_as_they_are_and_the_log_says_between_what(
    story: Story, client: Client, settings: Settings, provider: Provider, gap: int
) -> None:
    taught = ModelEntry("taught", "openai/model-taught", provider.base, window=2_000, fill=True)
    settings = replace(settings, models=(*settings.models, taught))
    provider.answer(lambda _: says(" They rowed.", " By dark they had", " reached the landing"))
    batch = await filled(story, client, settings, gap, "taught")
    (request,) = provider.requests
    assert request.path.endswith("/completions")
    assert request.body["prompt"] == "The tide went out and did not come back."
    assert request.body["suffix"] == "By dark they had reached the landing. The boy slept."
    assert "stop" not in request.body
    node = batch.branches[0].node
    assert reading.pieces(story, [node])[0].text == " They rowed. "
    assert growth.between(story, node) == (1, gap)
    assert growth.between(story, gap) is None
    sent = sent_for(story, node)
    assert sent is not None
    assert sent.body == {key: request.body[key] for key in ("prompt", "suffix")}
    assert check(story).faults == []


@in_session
async def test_what_is_shown_is_what_is_sent_and_others_are_told_or_shown_what_comes_later(
    story: Story, client: Client, settings: Settings, provider: Provider, gap: int
) -> None:
    provider.answer(lambda _: says("They rowed."))
    for name in ("one", "base"):
        provider.reset()
        entry = settings.entry(name)
        shown = request_for(story, settings, 1, entry, await client.describe(entry), towards=gap)
        batch = await filled(story, client, settings, gap, name)
        (request,) = provider.requests
        assert shown.body == {key: request.body[key] for key in shown.body}
        assert "suffix" not in request.body
        assert "By dark they had reached the landing. The boy slept." in request.prompt
        assert batch.branches[0].text == " They rowed. "
        assert request.body.get("stop") == (["\nChapter 2"] if name == "base" else None)


WAYS = {
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.0-flash",
    "ollama_chat": "ollama_chat/mistral-nemo",
    "ollama": "ollama/codellama",
}


@in_session
async def test_every_protocol_carries_both_texts(
    story: Story, client: Client, provider: Provider, gap: int
) -> None:
    settings = Settings(
        models=tuple(
            ModelEntry(name, model, provider.address, key_env="MY_SERVER_KEY", window=4_000,
                       fill=name == "ollama" or None)
            for name, model in WAYS.items()
        )
    )  # fmt: skip
    provider.answer(lambda _: says("They rowed."))
    for name in WAYS:
        provider.reset()
        batch = await filled(story, client, settings, gap, name)
        (request,) = provider.requests
        assert batch.branches[0].text == " They rowed. ", (name, batch.branches[0].say)
        body = str(request.body)
        assert "The tide went out" in body
        assert "The boy slept." in body
        if name == "ollama":
            assert request.body["suffix"].startswith("By dark")
            assert "raw" not in request.body
        else:
            assert "Here a passage is missing" in body


@in_session
async def test_a_sentence_that_the_limit_broke_off_is_cut_but_not_what_ran_into_the_text_after(
    story: Story, client: Client, settings: Settings, provider: Provider, gap: int
) -> None:
    provider.answer(lambda _: says("They rowed. He sl", end="length"))
    assert (await filled(story, client, settings, gap, "one")).branches[0].text == " They rowed. "
    provider.answer(lambda _: says("They rowed. And then\n\nBy dark they had rea", end="length"))
    (branch,) = (await filled(story, client, settings, gap, "one")).branches
    assert branch.text == " They rowed. And then\n\n"
    provider.answer(lambda _: says("By dark they had reached the landing."))
    (branch,) = (await filled(story, client, settings, gap, "one")).branches
    assert (branch.text, branch.finish) == ("", "empty")
    provider.answer(lambda _: refuses(400, "no suffix here"))
    (branch,) = (await filled(story, client, settings, gap, "base")).branches
    assert branch.state == "failed"


@in_session
async def test_what_does_not_follow_is_refused_before_anything_is_sent(
    story: Story, client: Client, settings: Settings, provider: Provider, gap: int
) -> None:
    below = reading.children(story, gap)[0]
    shape.prune(story, gap)
    for node, said in ((below, "follows n2"), (1, "begins"), (99, "no node"), (gap, "pruned")):
        with pytest.raises(Refusal, match=said):
            await filled(story, client, settings, node, "one")
    assert provider.requests == []
    assert reading.children(story, 1) == []
