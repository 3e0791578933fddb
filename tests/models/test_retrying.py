"""A request that brought no text is made again where that may help, and never behind one's back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import pytest_asyncio

from storyloom.models import turns
from storyloom.models.client import Client
from storyloom.models.faults import Fault
from storyloom.models.protocol import Delta, Done, Failed, First, Waiting
from storyloom.models.retrying import Retries
from tests.models.asking import Outcome, call
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import Drop, End, Hold, Reply, Text, Thought, refuses, says

over_http = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def patient() -> AsyncIterator[Client]:
    """A client whose worker makes up to four requests, hundredths of a second apart."""
    client = Client(environ=environment(STORYLOOM_RETRY="4,0.01"))
    yield client
    await client.close()


async def grown(client: Client, provider: Provider) -> Outcome:
    async with aclosing(client.stream(call(provider))) as events:
        return Outcome([event async for event in events])


@pytest.mark.parametrize("status", [429, 500, 503])
@over_http
async def test_what_passes_by_itself_is_asked_again_with_the_same_request(
    patient: Client, provider: Provider, status: int
) -> None:
    provider.script(refuses(status), refuses(status), says("Once", " more."))
    found = await grown(patient, provider)
    assert [type(event) for event in found.events[:3]] == [Waiting, Waiting, First]
    waits = [event for event in found.events if isinstance(event, Waiting)]
    assert [wait.made for wait in waits] == [1, 2]
    assert {wait.kind for wait in waits} == {"rate_limit" if status == 429 else "server"}
    assert all(wait.say and wait.say.isprintable() for wait in waits)
    assert found.text == "Once more."
    assert found.done.finish == "stop"
    assert len(provider.requests) == 3
    assert len({str(request.body) for request in provider.requests}) == 1


@over_http
async def test_after_four_requests_the_fault_is_told(patient: Client, provider: Provider) -> None:
    provider.script(*[refuses(503)] * 5)
    found = await grown(patient, provider)
    assert found.failed.kind == "server"
    assert len(provider.requests) == 4
    assert sum(isinstance(event, Waiting) for event in found.events) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@over_http
async def test_what_stays_wrong_is_told_at_once(
    patient: Client, provider: Provider, status: int
) -> None:
    provider.script(refuses(status))
    found = await grown(patient, provider)
    assert isinstance(found.end, Failed)
    assert (len(found.events), len(provider.requests)) == (1, 1)


@over_http
async def test_nothing_is_asked_again_once_text_has_come(
    patient: Client, provider: Provider
) -> None:
    provider.script(Reply((Text("Once"), Drop())))
    found = await grown(patient, provider)
    assert found.text == "Once"
    assert not any(isinstance(event, Waiting) for event in found.events)
    assert len(provider.requests) == 1


@over_http
async def test_thoughts_are_tokens_too(patient: Client, provider: Provider) -> None:
    provider.script(Reply((Thought("Hm."), Drop())))
    found = await grown(patient, provider)
    assert isinstance(found.end, Failed)
    assert (len(found.events), len(provider.requests)) == (1, 1)


@over_http
async def test_a_short_wait_that_is_asked_for_is_kept_and_a_long_one_told(
    patient: Client, provider: Provider
) -> None:
    provider.script(refuses(429, **{"retry-after": "0.02"}), says("Once"))
    found = await grown(patient, provider)
    assert found.events[0].seconds == 0.02  # type: ignore[union-attr]
    assert found.text == "Once"
    provider.reset()
    provider.script(refuses(429, **{"retry-after": "86400"}))
    found = await grown(patient, provider)
    assert "asks to wait 24 hours" in found.failed.say
    assert found.failed.retry_after == 86_400
    assert len(provider.requests) == 1


@over_http
async def test_a_date_to_wait_for_is_read(patient: Client, provider: Provider) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(hours=5, minutes=30), usegmt=True)
    provider.script(refuses(429, **{"retry-after": then}))
    found = await grown(patient, provider)
    assert "5 hours" in found.failed.say or "6 hours" in found.failed.say
    assert len(provider.requests) == 1


@over_http
async def test_a_waiting_branch_that_is_stopped_sends_nothing_more(
    patient: Client, provider: Provider
) -> None:
    provider.script(refuses(429, **{"retry-after": "50"}), says("Never"))
    asked = call(provider)
    async with aclosing(patient.stream(asked)) as events:
        assert isinstance(await anext(events), Waiting)
        await patient.cancel(asked.id)
        end = await anext(events)
    assert isinstance(end, Done)
    assert end.finish == "stopped"
    assert len(provider.requests) == 1


@over_http
async def test_a_waiting_branch_that_is_hurried_is_asked_at_once(
    patient: Client, provider: Provider
) -> None:
    provider.script(refuses(429, **{"retry-after": "50"}), says("Now"))
    asked = call(provider)
    seen: list[object] = []
    async with asyncio.timeout(30), aclosing(patient.stream(asked)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, Waiting):
                patient.hurry(asked.id)
    assert "".join(event.text for event in seen if isinstance(event, Delta)) == "Now"
    assert len(provider.requests) == 2


@over_http
async def test_a_provider_has_so_many_requests_at_once_and_no_more(
    patient: Client, provider: Provider
) -> None:
    most = turns.AT_ONCE
    go_on = asyncio.Event()
    provider.answer(lambda _: Reply((Text("Once"), Hold(go_on), End())))
    async with Provider() as other:
        calls = [call(provider) for _ in range(most + 4)]
        tasks = [asyncio.create_task(_texts(patient, each)) for each in calls]
        await provider.wait(lambda seen: seen.open == most)
        assert (await grown(patient, other)).text == "Once upon a time.", "others are not held up"
        assert len(provider.requests) == most
        await patient.cancel(calls[0].id)
        await provider.wait(lambda seen: len(seen.requests) == most + 1)
        go_on.set()
        assert await asyncio.gather(*tasks) == ["Once"] * (most + 4)


async def _texts(client: Client, asked: object) -> str:
    async with aclosing(client.stream(asked)) as events:  # type: ignore[arg-type]
        return "".join([event.text async for event in events if isinstance(event, Delta)])


def test_each_wait_is_twice_as_long_and_drawn_from_its_upper_half() -> None:
    fault, retries = Fault("server", "no", passing=True), Retries(5, 2.0)
    assert [retries.wait(fault, made, lambda: 1.0) for made in (1, 2, 3, 4, 5)] == [
        2,
        4,
        8,
        16,
        None,
    ]
    assert [retries.wait(fault, made, lambda: 0.0) for made in (1, 2)] == [1, 2]
    assert Retries(9, 2.0).wait(fault, 8, lambda: 1.0) == 60, "the longest"


@pytest.mark.parametrize(
    ("said", "expected"),
    [("", Retries()), ("2", Retries(2)), ("3,0.5", Retries(3, 0.5)), ("many", Retries()),
     ("0,-1", Retries(1, 0.0))],
)  # fmt: skip
def test_how_often_is_said_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: Retries
) -> None:
    monkeypatch.setenv("STORYLOOM_RETRY", said)
    assert Retries.of_environment() == expected
