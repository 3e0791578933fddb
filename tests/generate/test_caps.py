"""Caps on money: refused is what might pass one, before anything is sent, and nothing else."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from storyloom.generate import caps, ledger
from storyloom.generate.batch import Batch
from storyloom.generate.caps import Hold, Price, amount, dollars, exactly
from storyloom.generate.plan import Plan, settings_for
from storyloom.generate.suggestion import Asking, Place
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.settings import ModelEntry, PlanPart, Settings
from storyloom.story import asides, growth, marks, reading
from storyloom.story.growth import Asked, Result
from storyloom.story.spending import Outcome, spending
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import End, Reply, Text, refuses, says
from tests.servers.script import Hold as Wait

PAID = "openai/gpt-4o-mini"
"""A model that litellm's list has prices for."""
PLAN = (PlanPart(PAID, 2),)
in_session = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def _own_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def spend(story: Story, cost: float | None) -> None:
    (branch,) = growth.request(story, 1, [Asked(PAID, {"prompt": "p"})])
    facts = {} if cost is None else {"cost": cost}
    growth.finish(story, branch, "So.", Result("stop", "", facts))


def price(each: float | None, count: int = 1) -> Price:
    return Price("some/model", count, each)


async def held(story: Story, settings: Settings, *prices: Price) -> Hold:
    return await caps.held(story, settings_for(story, settings), prices)


async def refused(story: Story, settings: Settings, *prices: Price) -> str:
    with pytest.raises(Refusal) as caught:
        await held(story, settings, *prices)
    return str(caught.value)


def test_an_estimate_is_the_request_and_all_the_room_for_an_answer() -> None:
    facts = Facts("m", in_price=1e-6, out_price=4e-6)
    made = Price.of(ModelEntry("m", "openai/m"), facts, 3, 1_000, 100)
    assert (made.count, made.each) == (3, pytest.approx(0.0014))


@pytest.mark.parametrize(
    ("model", "base", "each"),
    [
        ("local/smollm2", None, 0.0),
        ("ollama/llama3", None, 0.0),
        ("openai/llama", "http://127.0.0.1:8080/v1", 0.0),
        ("openai/llama", "http://192.168.1.7/v1", 0.0),
        ("openai/llama", "http://desk.local/v1", 0.0),
        ("openai/llama", "https://api.example.org/v1", None),
        ("ollama/llama3", "https://api.example.org", None),
        ("openai/unheard-of", None, None),
    ],
)
def test_what_runs_here_is_free_and_what_nobody_prices_is_unknown(
    model: str, base: str | None, each: float | None
) -> None:
    entry = ModelEntry("m", model, base)
    assert Price.of(entry, Facts(model), 1, 10, 10).each == each
    assert caps.free_here(Settings(models=(entry,)), "m") is (each == 0.0)


async def test_a_storys_cap_refuses_what_might_pass_it_and_says_all_of_it(story: Story) -> None:
    marks.set_setting(story, "cap", 5)
    spend(story, 4.99)
    said = await refused(story, Settings(), price(0.007, 3))
    for words in ("Nothing was sent", "$0.0210", "$4.99", "$5.00", "--cap", "c on the cost screen"):
        assert words in said
    assert await held(story, Settings(), price(0.0033, 3))


async def test_the_config_files_cap_holds_for_a_story_without_its_own(story: Story) -> None:
    spend(story, 1.0)
    assert "cap of $1.00" in await refused(story, Settings(cap=1), price(0.1))
    marks.set_setting(story, "cap", 2)
    assert await held(story, Settings(cap=1), price(0.1))


async def test_the_days_cap_counts_all_stories(story: Story, tmp_path: Path) -> None:
    with Story.create(tmp_path / "other.loom", opening="Once.") as other:
        (await held(other, Settings(), price(0.9))).settle([0.8])
    settings = Settings(cap_per_day=1)
    said = await refused(story, settings, price(0.3))
    assert "$0.80 of today's cap of $1.00" in said
    assert "cap_per_day" in said
    assert await held(story, settings, price(0.19))


async def test_two_at_once_keep_the_cap_together(story: Story) -> None:
    settings = Settings(cap=1)
    first = await held(story, settings, price(0.6))
    assert "$0.60 of this story's cap" in await refused(story, settings, price(0.6))
    first.settle([0.1])
    spend(story, 0.1)
    second = await held(story, settings, price(0.6))
    second.drop()
    assert await held(story, settings, price(0.9))


async def test_what_was_held_and_forgotten_holds_nothing(story: Story) -> None:
    await held(story, Settings(cap=1), price(0.9))
    gc.collect()
    assert await held(story, Settings(cap=1), price(0.9))


async def test_free_models_are_never_refused_and_unknown_ones_once_a_cap_is_used_up(
    story: Story,
) -> None:
    settings = Settings(cap=1, cap_per_day=0)
    spend(story, 2.0)
    assert await held(story, settings, price(0.0, 3))
    assert "nobody knows what model costs" in await refused(story, settings, price(None))
    below = Settings(cap=3)
    assert await held(story, below, price(None))


async def test_a_cap_of_nothing_lets_only_free_models_write(story: Story) -> None:
    settings = Settings(cap=0)
    assert await held(story, settings, price(0.0))
    assert await refused(story, settings, price(1e-9))
    assert await refused(story, settings, price(None))


async def test_what_a_hold_cost_is_known_to_the_day_once(story: Story) -> None:
    hold = await held(story, Settings(), price(0.5, 2), price(None))
    assert ledger.today() == 1.0
    # What nobody knows stays as it was estimated.
    hold.settle([0.25, None, None])
    assert ledger.today() == 0.75
    hold.settle([0.0, 0.0, 0.0])
    hold.drop()
    assert ledger.today() == 0.75


async def test_a_free_batch_leaves_no_line(story: Story) -> None:
    (await held(story, Settings(), price(0.0, 3))).settle([0.0] * 3)
    assert not ledger.path().exists()


async def test_standing_tells_the_caps_and_whose_they_are(story: Story) -> None:
    spend(story, 0.5)
    spend(story, None)
    stands = caps.standing(story, Settings(cap=3, cap_per_day=2))
    assert (stands.spent, stands.unpriced, stands.cap, stands.own_cap) == (0.5, 1, 3, False)
    assert (stands.today, stands.cap_per_day) == (0.0, 2)
    marks.set_setting(story, "cap", 0)
    own = caps.standing(story, Settings(cap=3))
    assert (own.cap, own.own_cap) == (0, True)


@pytest.mark.parametrize(
    ("text", "cap"),
    [("5", 5), ("$5", 5), (" $ 0.50 ", 0.5), (".5", 0.5), ("5$", 5), ("0", 0), ("none", None),
     ("None", None), ("", None), ("off", None)],
)  # fmt: skip
def test_a_cap_is_read_as_authors_write_it(text: str, cap: float | None) -> None:
    assert amount(text) == cap


@pytest.mark.parametrize(
    "text", ["five", "-1", "1e3", "1,50", "5 euros", "$$5", "nan", "inf", "9999999", "\x1b[31m5"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="amount of dollars") as caught:
        amount(text)
    assert "\x1b" not in str(caught.value)


@given(st.floats(0, 1_000_000).map(lambda value: round(value, 9)))
def test_a_cap_that_is_shown_can_be_typed_again(cap: float) -> None:
    assert amount(exactly(cap)) == pytest.approx(cap, rel=1e-9)


def test_small_amounts_have_more_places_and_none_is_lost() -> None:
    said = [dollars(each) for each in (0, 0.00001, 0.0005, 0.0999, 0.1, 0.835, 1234.5)]
    assert said == ["$0.00", "<$0.0001", "$0.0005", "$0.0999", "$0.10", "$0.83", "$1234.50"]


# Through a real models' process to a provider that counts tokens, at the list's prices.


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop() -> AsyncIterator[tuple[Provider, Client]]:
    """A provider that stands where OpenAI does, and a client that believes it."""
    async with Provider() as provider:
        client = Client(
            environ=environment(OPENAI_BASE_URL=provider.base, OPENAI_API_BASE=provider.base)
        )
        yield provider, client
        await client.close()


@pytest.fixture
def paid(shop: tuple[Provider, Client]) -> tuple[Provider, Client]:
    shop[0].reset()
    return shop


@in_session
async def test_a_batch_over_the_cap_sends_nothing_and_leaves_no_node(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    with pytest.raises(Refusal, match="Nothing was sent: this may cost up to"):
        await Batch.begin(story, client, Settings(cap=0.00001), 1, PLAN)
    assert provider.requests == []
    assert reading.children(story, 1, pruned=True) == []
    assert ledger.today() == 0.0


@in_session
async def test_a_batch_is_settled_at_what_it_cost(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    provider.answer(lambda _: says(" It stayed", " away.", usage=(100, 10)))
    batch = await Batch.begin(story, client, Settings(cap=1), 1, PLAN)
    before = ledger.today()
    await batch.run()
    spent = growth.spent(story)
    assert spent.dollars > 0
    assert spent.unpriced == 0
    assert ledger.today() == pytest.approx(spent.dollars, abs=1e-8)
    assert before > spent.dollars
    found = spending(story.path, lambda _: False).total
    assert (found.tokens_in, found.tokens_out) == (200, 20)
    assert found.dollars == pytest.approx(spent.dollars)


@in_session
async def test_the_estimate_for_what_is_sent_is_close_to_what_is_charged(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    facts = await client.describe(ModelEntry(PAID, PAID))
    assert facts.in_price
    assert facts.out_price
    provider.answer(lambda _: says(" So.", usage=(1_000, 160)))
    settings = Settings(words=60)
    batch = await Batch.begin(story, client, settings, 1, (PlanPart(PAID, 1),))
    await batch.run()
    made = Price.of(ModelEntry(PAID, PAID), facts, 1, 1_000, 160)
    assert growth.spent(story).dollars == pytest.approx(made.each, rel=0.01)


@in_session
async def test_requests_that_only_failed_are_not_charged_for(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    provider.answer(lambda _: refuses(400, "no such thing"))
    batch = await Batch.begin(story, client, Settings(cap=1), 1, PLAN)
    assert ledger.today() > 0
    await batch.run()
    assert ledger.today() == 0.0
    assert growth.spent(story) == (0.0, 0)


@in_session
async def test_a_branch_that_was_stopped_stays_counted_as_estimated_for_the_day(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    wait = Wait(asyncio.Event())
    provider.answer(lambda _: Reply((Text(" Half"), wait, End())))
    batch = await Batch.begin(story, client, Settings(), 1, (PlanPart(PAID, 1),))
    estimate = ledger.today()
    heard = asyncio.Event()
    batch.listen(lambda branch: heard.set() if branch.text else None)
    running = asyncio.create_task(batch.run())
    await heard.wait()
    await batch.stop()
    wait.until.set()
    await running
    assert ledger.today() == estimate > 0
    assert growth.spent(story) == (0.0, 1)


@in_session
@pytest.mark.parametrize("how", ["stopped", "cancelled", "left"])
async def test_a_free_models_branch_is_free_however_it_ends(
    story: Story, shop: tuple[Provider, Client], how: str
) -> None:
    provider, client = shop
    provider.reset()
    wait = Wait(asyncio.Event())
    provider.answer(lambda _: Reply((Text(" Half"), wait, End())))
    settings = Settings(models=(ModelEntry("desk", "openai/desk", provider.base),), cap=0)
    batch = await Batch.begin(story, client, settings, 1, (PlanPart("desk", 1),))
    heard = asyncio.Event()
    batch.listen(lambda branch: heard.set() if branch.text else None)
    running = asyncio.create_task(batch.run())
    await heard.wait()
    if how == "stopped":
        await batch.stop()
    elif how == "cancelled":
        running.cancel()
    else:
        batch.interrupt(batch.branches[0])
        await client.cancel(batch.branches[0].call.id)
    wait.until.set()
    await asyncio.gather(running, return_exceptions=True)
    assert growth.spent(story) == (0.0, 0)
    assert growth.result_of(story, batch.branches[0].node)["cost"] == 0.0
    assert not ledger.path().exists()


def test_an_embedded_branch_that_a_crash_cut_off_is_free(tmp_path: Path) -> None:
    path = tmp_path / "story.loom"
    with Story.create(path, opening="Once.") as story:
        for model in ("local/smollm2", "openai/gpt-4o-mini"):
            (branch,) = growth.request(story, 1, [Asked(model, {"prompt": "p"})])
            growth.flush(story, {branch.rev: "Half a"})
    with Story(path) as story:
        assert len(growth.recover(story)) == 2
        assert growth.spent(story) == (0.0, 1)


@in_session
async def test_ways_on_are_journaled_with_what_they_cost(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    provider.answer(lambda _: says(" It stayed away.", usage=(100, 10)))
    ways = await Asking.begin(story, client, Settings(cap=1), Plan(PLAN), Place(1, " It"))
    await ways.run(lambda: None)
    found = spending(story.path, lambda _: False).by("outcome")
    assert found.keys() == {Outcome.ASIDE}
    assert (found[Outcome.ASIDE].calls, found[Outcome.ASIDE].tokens_in) == (3, 300)
    assert growth.spent(story).dollars > 0
    assert growth.spent(story).dollars == pytest.approx(found[Outcome.ASIDE].dollars)
    assert ledger.today() == pytest.approx(growth.spent(story).dollars, abs=1e-8)


@in_session
async def test_ways_on_over_the_cap_are_not_asked_for(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    with pytest.raises(Refusal, match="Nothing was sent"):
        await Asking.begin(story, client, Settings(cap=0), Plan(PLAN), Place(1, ""))
    assert provider.requests == []


@in_session
async def test_ways_on_that_were_broken_off_are_counted_as_of_unknown_price(
    story: Story, paid: tuple[Provider, Client]
) -> None:
    provider, client = paid
    wait = Wait(asyncio.Event())
    provider.answer(lambda _: Reply((Text(" It stayed"), wait, End())))
    ways = await Asking.begin(story, client, Settings(), Plan(PLAN), Place(1, ""))
    estimate = ledger.today()
    heard = asyncio.Event()
    running = asyncio.create_task(
        ways.run(lambda: heard.set() if all(offer.text for offer in ways.offers) else None)
    )
    await heard.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    wait.until.set()
    assert growth.spent(story) == (0.0, 3)
    assert ledger.today() == estimate
    kinds = story.read.execute("SELECT count(*) FROM op WHERE kind = ?", (asides.KIND,)).fetchone()
    assert kinds[0] == 1
