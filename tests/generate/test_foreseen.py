"""A batch is told before it is asked for: what it would send, cost, and what is in its way."""

import pytest

from storyloom.generate import caps
from storyloom.generate.caps import Price, Standing
from storyloom.generate.context import Context
from storyloom.generate.estimate import Prepared
from storyloom.generate.foreseen import Check, Foreseen, foresee
from storyloom.models.client import Client
from storyloom.models.protocol import Facts
from storyloom.models.weights import EMBEDDED
from storyloom.settings import PlanPart, Settings
from storyloom.story import marks
from storyloom.story.story import Story
from storyloom.text import Refusal
from tests.servers.provider import Provider

HOT = PlanPart("claude", 2, {"temperature": 1.5, "top_p": 0.5})
CLAUDE = Facts("claude", provider="anthropic", refuses=("seed",), hottest=1.0)


def stands(spent: float = 1.0, cap: float | None = None, day: float | None = None) -> Standing:
    return Standing(spent, 0, cap, True, 0.5, day)


def made(each: float | None, tokens: int, count: int) -> Prepared:
    context = Context([], None, (), tokens)
    return Prepared(Settings(), ((context, ""),) * count, 100, Price("m", count, each))


def foreseen(
    part: PlanPart,
    facts: Facts | None,
    *,
    settings: Settings | None = None,
    ready: Prepared | Refusal | None = None,
    standing: Standing | None = None,
    beyond: str = "",
) -> Foreseen:
    known = standing or stands()
    return Foreseen(settings or Settings(), (part,), [facts], [ready], known, beyond)


def test_it_comes_to_what_all_its_calls_may_cost_and_says_how_many_nobody_knows() -> None:
    parts = (PlanPart("a", 2), PlanPart("b", 3), PlanPart("c", 1), PlanPart("d", 1))
    ready = [made(0.01, 500, 2), made(None, 900, 3), Refusal("no room"), None]
    batch = Foreseen(Settings(), parts, [None] * 4, ready, stands())
    assert (batch.calls, batch.dollars, batch.unpriced) == (7, pytest.approx(0.02), 5)
    assert batch.tokens == 900


@pytest.mark.parametrize(
    ("cap", "day", "left"),
    [(None, None, None), (5, None, 4.0), (5, 2, 1.5), (0.5, None, 0.0)],
)
def test_what_is_left_is_the_least_of_both_caps(
    cap: float | None, day: float | None, left: float | None
) -> None:
    batch = foreseen(PlanPart("a"), None, standing=stands(1.0, cap, day))
    assert batch.left == left


def test_what_keeps_a_branch_from_coming_is_said_first() -> None:
    facts = Facts("claude", provider="anthropic", key_missing="ANTHROPIC_API_KEY", hottest=1.0)
    batch = foreseen(HOT, facts, ready=Refusal("There is no room."), beyond="Nothing was sent.")
    assert batch.checks == [
        Check("warn", "Nothing was sent."),
        Check("warn", "claude needs ANTHROPIC_API_KEY: storyloom keys set anthropic"),
        Check("warn", "claude: temperature 1.5 is above 1, the most anthropic takes"),
        Check("warn", "claude: There is no room."),
    ]


@pytest.mark.parametrize("seed", [None, 7])
def test_a_parameter_that_is_left_out_is_said_where_it_is_set(seed: int | None) -> None:
    batch = foreseen(PlanPart("claude"), CLAUDE, settings=Settings(seed=seed))
    note = Check("note", "claude takes no seed: it is left out")
    assert (note in batch.checks) is (seed is not None)
    assert Check("ok", "no key is missing for anthropic") in batch.checks


@pytest.mark.parametrize(("each", "well"), [(0.01, True), (None, False)])
def test_within_the_cap_it_is_only_where_every_price_is_known(
    each: float | None, *, well: bool
) -> None:
    ready = made(each, 10, 1)
    batch = foreseen(PlanPart("claude"), CLAUDE, ready=ready, standing=stands(1.0, 5))
    said = Check("ok", "it keeps within the cap, even if every answer is long")
    assert (said in batch.checks) is well


@pytest.mark.asyncio(loop_scope="session")
async def test_it_is_told_with_what_each_model_has_of_its_own_and_nothing_is_sent(
    story: Story, client: Client, settings: Settings, provider: Provider
) -> None:
    marks.set_setting(story, "words", 100)
    parts = (PlanPart("one", 2), PlanPart("two", 1, {"words": 30}), PlanPart(EMBEDDED))
    batch = await foresee(story, client, settings, 1, parts, "A bell rings.")
    rooms = [each.room for each in batch.made if isinstance(each, Prepared)]
    assert rooms == [240, 100, 140]
    assert (batch.calls, batch.dollars, batch.unpriced) == (4, 0, 0)
    first = batch.made[0]
    assert isinstance(first, Prepared)
    assert "A bell rings." in str(first.made.body)
    assert provider.requests == []


@pytest.mark.asyncio(loop_scope="session")
async def test_without_a_models_process_what_is_known_is_told_and_the_trouble_said(
    story: Story, settings: Settings
) -> None:
    client = Client(command=("/nonexistent/worker",))
    batch = await foresee(story, client, settings, 1, (PlanPart("one"), PlanPart(EMBEDDED)))
    assert [each is None for each in batch.facts] == [True, False]
    assert "cannot be started" in batch.trouble
    assert Check("note", batch.trouble) in batch.checks


def test_a_cap_that_would_be_passed_is_told_and_nothing_is_held(story: Story) -> None:
    dear, free = Price("m", 2, 0.03), Price("m", 9, 0.0)
    capped = Settings(cap=0.05)
    assert "this may cost up to $0.0600" in caps.beyond(story, capped, [dear])
    assert caps.beyond(story, capped, [free]) == ""
    assert caps.beyond(story, capped, [Price("m", 1, 0.03)]) == ""
    # Asked twice as much was not under way in between.
    assert caps.beyond(story, capped, [Price("m", 1, 0.03)]) == ""
