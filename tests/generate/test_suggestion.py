"""Ways on from a cursor, asked of a real worker and a real server; nothing of them is stored."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom import paths
from storyloom.generate.plan import Plan, plan_for
from storyloom.generate.suggestion import Asking, Place, shortened
from storyloom.models import weights
from storyloom.models.client import Client
from storyloom.settings import PlanPart, Settings
from storyloom.story import marks, reading
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.generate.conftest import OPENING
from tests.models.local_weights import real_weights
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Request, Text, refuses, says

in_session = pytest.mark.asyncio(loop_scope="session")

PLAN = Plan((PlanPart("one", 5),))


async def asked(
    story: Story, client: Client, settings: Settings, place: Place, plan: Plan = PLAN
) -> Asking:
    ways = await Asking.begin(story, client, settings, plan, place)
    await ways.run(lambda: None)
    return ways


def rows(story: Story) -> dict[str, int]:
    """How much each table of the file holds."""
    names = [
        row[0] for row in story.read.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    return {
        name: story.read.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names
    }


@in_session
async def test_three_are_asked_for_and_no_text_of_them_is_in_the_file(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    before = rows(story)
    provider.script(says(" It stayed away."), says(" Nobody minded."), says(" Gulls came."))
    ways = await asked(story, client, settings, Place(1, " It was cold."))
    assert sorted(offer.text for offer in ways.offers) == [
        " Gulls came.", " It stayed away.", " Nobody minded.",
    ]  # fmt: skip
    assert {offer.origin for offer in ways.offers} == {"model:one"}
    # What they cost is journaled, in one operation of a session that it has begun.
    new = {name: count - before[name] for name, count in rows(story).items()}
    grown = {name: count for name, count in new.items() if count}
    assert grown == {"op": 2, "change": 1, "attr": 1}
    said = story.read.execute("SELECT data FROM op ORDER BY id DESC LIMIT 1").fetchone()[0]
    assert not any(word in said for word in ("stayed", "Nobody", "Gulls"))


@in_session
async def test_what_is_sent_ends_at_the_cursor_and_asks_for_little(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_text(story, 1, "why", "a bell rings")
    provider.answer(lambda _: says(" So."))
    await asked(story, client, settings, Place(1, " It was", " cold. THE REST"))
    (request, *others) = provider.requests
    assert len(others) == 2
    assert f"{OPENING} It was\n\n[Continue" in request.prompt
    assert "THE REST" not in json.dumps(request.body)
    assert "in about 20 words" in request.prompt
    assert "a bell rings" in request.prompt
    assert request.body["max_tokens"] == 80


@in_session
async def test_a_models_own_temperature_holds_here_too_and_its_length_does_not(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    plan = Plan((PlanPart("one", 3, {"temperature": 1.3, "words": 300}),))
    await asked(story, client, settings, Place(1, " It was"), plan)
    assert {request.body["temperature"] for request in provider.requests} == {1.3}
    assert {request.body["max_tokens"] for request in provider.requests} == {80}


@in_session
async def test_a_plan_of_two_models_shares_the_three(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    def answer(request: Request) -> Reply:
        return says(f"By {request.body['model']}.")

    provider.answer(answer)
    plan = Plan((PlanPart("one", 1), PlanPart("two", 1)))
    ways = await asked(story, client, settings, Place(1, ""), plan)
    assert [offer.origin for offer in ways.offers] == ["model:one", "model:one", "model:two"]
    assert ways.offers[2].text == " By model-two."


@in_session
@pytest.mark.parametrize(
    ("before", "answer", "after", "text"),
    [
        (" It was", "so.", "", " so."),
        (" It was ", "so.", "", "so."),
        (" It was", " so", " cold.", " so"),
        (" It was", " so", "cold.", " so "),
        (" It was", " so", ", then.", " so"),
        (" It was", " so", "\n\nThen.", " so"),
        (" 水が", "引いた。", "夜", "引いた。"),
    ],
)
async def test_both_seams_get_the_spaces_they_need(
    story: Story, client: Client, settings: Settings, provider: Provider,
    before: str, answer: str, after: str, text: str,
) -> None:  # fmt: skip
    provider.answer(lambda _: says(answer))
    ways = await asked(story, client, settings, Place(1, before, after))
    assert ways.offers[0].text == text


@in_session
async def test_a_failing_model_says_why_and_the_others_are_whole(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(
        lambda request: (
            refuses(401, "bad key") if request.body["model"] == "model-two" else says(" Gulls.")
        )
    )
    plan = Plan((PlanPart("one", 1), PlanPart("two", 1)))
    ways = await asked(story, client, settings, Place(1, ""), plan)
    assert [offer.state for offer in ways.offers] == ["done", "done", "failed"]
    assert ways.offers[2].say
    assert ways.offers[2].text == ""


@in_session
async def test_cancelling_the_run_stops_the_providers(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    hold = asyncio.Event()
    provider.answer(lambda _: Reply((Text(" It stayed and"), Hold(hold))))
    ways = await Asking.begin(story, client, settings, PLAN, Place(1, ""))
    all_begun = asyncio.Event()

    def heard() -> None:
        if all(offer.text for offer in ways.offers):
            all_begun.set()

    run = asyncio.create_task(ways.run(heard))
    await asyncio.wait_for(all_begun.wait(), 60)
    assert ways.settled(ways.offers[0]) == " It stayed"
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    await provider.wait(lambda provider: provider.left == 3)
    hold.set()


@in_session
async def test_missing_weights_are_said_and_no_process_is_started(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    nobody = Client(command=("/nonexistent",))
    plan = Plan((PlanPart("local/smollm2", 3),))
    with pytest.raises(Refusal, match="storyloom models fetch"):
        await Asking.begin(story, nobody, Settings(), plan, Place(1, ""))


@in_session
async def test_a_beginning_without_any_node_can_be_gone_on_from(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    provider.answer(lambda _: says("and so."))
    ways = await asked(story, client, settings, Place(0, "Once"))
    assert ways.offers[0].text == " and so."
    assert reading.children(story, 0) == [1]


WORD = st.text("abc,;", min_size=1, max_size=6)


@given(st.lists(st.one_of(WORD, WORD.map(lambda word: word + ".")), max_size=60))
def test_a_shortened_text_begins_the_long_one_and_ends_with_a_sentence_or_after_thirty(
    words: list[str],
) -> None:
    text = " ".join(words)
    short = shortened(text)
    assert text.startswith(short)
    count = len(short.split())
    if len(words) <= 30:
        assert short == text
    else:
        assert 12 <= count <= 30
        assert count == 30 or short.endswith(".")


@pytest.mark.embedded
@pytest.mark.asyncio(loop_scope="function")
async def test_the_embedded_model_gives_three_short_ways_with_no_key(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = real_weights()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (paths.made(paths.models_dir()) / weights.FILE).symlink_to(real)
    local = Client()
    try:
        plan = plan_for(story, 1, Settings())
        ways = await asked(story, local, Settings(), Place(1, " It was"), plan)
    finally:
        await local.close()
    assert [offer.say for offer in ways.offers] == ["", "", ""]
    assert len({offer.text for offer in ways.offers}) == 3
    assert all(1 <= len(offer.text.split()) <= 30 for offer in ways.offers)
