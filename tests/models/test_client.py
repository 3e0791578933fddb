"""The client and a real worker, against a real server on this machine."""

import asyncio
import os
import signal
import sys
from contextlib import aclosing

import pytest

from storyloom.models.client import Client
from storyloom.models.protocol import Delta, Done, Failed
from storyloom.settings import ModelEntry
from tests.models.asking import CANARY, OTHER_CANARY, ask, call
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import End, Hold, Payload, Reply, Text, Thought, says

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHATS = ["openai/m", "hosted_vllm/m", "lm_studio/m", "openrouter/m", "anthropic/m", "unknown/m"]
TEXTS = ["openai/m", "hosted_vllm/m", "lm_studio/m", "openrouter/m", "deepseek/m", "unknown/m"]


@pytest.mark.parametrize("model", CHATS)
async def test_a_chat_brings_the_story_its_end_and_its_count(
    client: Client, provider: Provider, model: str
) -> None:
    provider.script(says("Once", " upon", " a", " time.", usage=(21, 5)))
    outcome = await ask(client, call(provider, model))
    assert outcome.text == "Once upon a time."
    assert outcome.done.finish == "stop"
    assert (outcome.done.in_tokens, outcome.done.out_tokens) == (21, 5)
    assert outcome.done.cost is None
    assert len(provider.requests) == 1


@pytest.mark.parametrize("model", TEXTS)
async def test_a_prompt_is_sent_byte_for_byte_as_a_completion(
    client: Client, provider: Provider, model: str
) -> None:
    provider.script(says(" upon", " a", end="length"))
    outcome = await ask(client, call(provider, model, prompt="  Once\n\n\u201cwhy\u201d "))
    request = provider.requests[0]
    assert request.path == "/v1/completions"
    assert request.body["prompt"] == "  Once\n\n\u201cwhy\u201d "
    assert outcome.text == " upon a"
    assert outcome.done.finish == "length"


async def test_parameters_reach_the_provider_as_given(client: Client, provider: Provider) -> None:
    params = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["\n\n"]}
    await ask(client, call(provider, params={**params, "min_p": 0.1}))
    body = provider.requests[0].body
    assert {key: body[key] for key in params} == params
    assert body["min_p"] == 0.1
    assert "n" not in body


async def test_parameters_left_out_are_told(client: Client, provider: Provider) -> None:
    params = {"max_tokens": 7, "seed": 3, "temperature": 0.5}
    outcome = await ask(client, call(provider, "anthropic/m", params=params))
    assert outcome.done.dropped == ("seed",)
    assert "seed" not in provider.requests[0].body


async def test_the_name_the_provider_gives_the_model_is_told(
    client: Client, provider: Provider
) -> None:
    assert (await ask(client, call(provider, "openai/my-model"))).done.returned == "my-model"


async def test_a_begun_answer_keeps_its_place_at_the_end(
    client: Client, provider: Provider
) -> None:
    messages = [{"role": "user", "content": "Go on."}, {"role": "assistant", "content": "Once "}]
    await ask(client, call(provider, messages=messages))
    assert provider.requests[0].body["messages"] == messages


@pytest.mark.parametrize("tokens", [("Once upon", " a"), ("Once", " upon", " a"), (" a",)])
async def test_a_begun_answer_is_marked_and_not_told_twice_where_a_provider_does_so(
    client: Client, provider: Provider, tokens: tuple[str, ...]
) -> None:
    messages = [
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": "Once upon"},
    ]
    provider.script(says(*tokens))
    outcome = await ask(client, call(provider, "mistral/m", messages=messages))
    assert provider.requests[0].body["messages"][-1]["prefix"] is True
    assert outcome.text == " a"


async def test_branches_of_two_models_are_in_flight_together(
    client: Client, provider: Provider
) -> None:
    everyone_is_here = asyncio.Event()
    provider.answer(
        lambda request: Reply(
            (Hold(everyone_is_here), *says(f"{request.body['model']} ", request.prompt).steps)
        )
    )
    models = [f"openai/model-{n % 2}" for n in range(8)]
    asked = [
        asyncio.create_task(
            ask(client, call(provider, model, messages=[{"role": "user", "content": f"n{n}"}]))
        )
        for n, model in enumerate(models)
    ]
    await provider.wait(lambda it: it.open == 8)
    everyone_is_here.set()
    texts = [outcome.text for outcome in await asyncio.gather(*asked)]
    assert texts == [f"model-{n % 2} n{n}" for n in range(8)]


async def test_a_server_that_answers_one_at_a_time_is_asked_one_at_a_time(
    client: Client, provider: Provider
) -> None:
    go_on = asyncio.Event()
    provider.answer(lambda _: Reply((Hold(go_on), *says("Once").steps)))
    # The last one has no such limit, so that all have had the time to come once it has.
    asked = [
        asyncio.create_task(ask(client, call(provider, f"openai/{model}", at_once=limit)))
        for model, limit in [*[("limited", 1)] * 6, ("free", None)]
    ]
    await provider.wait(
        lambda it: {request.model for request in it.requests} == {"limited", "free"}
    )
    assert provider.open == 2
    go_on.set()
    assert [outcome.text for outcome in await asyncio.gather(*asked)] == ["Once"] * 7


@pytest.mark.parametrize("model", ["openai/m", "hosted_vllm/m", "anthropic/m"])
@pytest.mark.parametrize("before", [(), (Text("Once"), Text(" upon"))])
async def test_stopping_keeps_the_text_and_closes_the_connection(
    client: Client, provider: Provider, model: str, before: tuple[Text, ...]
) -> None:
    never = asyncio.Event()
    provider.script(Reply((*before, Hold(never))))
    asked = call(provider, model)
    await _stop_when(client, provider, asked, "".join(part.text for part in before))


async def test_stopping_a_completion_closes_the_connection(
    client: Client, provider: Provider
) -> None:
    provider.script(Reply((Text("Once"), Hold(asyncio.Event()))))
    await _stop_when(client, provider, call(provider, prompt="x"), "Once")


async def _stop_when(client: Client, provider: Provider, asked, text: str) -> None:
    got = ""
    end = None
    async with aclosing(client.stream(asked)) as events:
        if not text:
            waiting = asyncio.create_task(anext(events))
            await provider.wait(lambda it: it.open == 1)
            await client.cancel(asked.id)
            end = await waiting
        async for event in events:
            if isinstance(event, Delta):
                got += event.text
                if got == text:
                    await client.cancel(asked.id)
            end = event
    assert isinstance(end, Done)
    assert end.finish == "stopped"
    assert got == text
    await provider.wait(lambda it: it.left == 1)


async def test_leaving_the_iterator_closes_the_connection(
    client: Client, provider: Provider
) -> None:
    provider.script(Reply((Text("Once"), Hold(asyncio.Event()))))
    async with aclosing(client.stream(call(provider))) as events:
        await anext(events)
    await provider.wait(lambda it: it.left == 1)


async def test_cancelling_the_task_closes_the_connection(
    client: Client, provider: Provider
) -> None:
    provider.script(Reply((Hold(asyncio.Event()),)))
    task = asyncio.create_task(ask(client, call(provider)))
    await provider.wait(lambda it: it.open == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await provider.wait(lambda it: it.left == 1)


async def test_thoughts_are_no_story(client: Client, provider: Provider) -> None:
    provider.script(Reply((Thought("hmm"), *says("Once").steps)))
    assert (await ask(client, call(provider))).text == "Once"


async def test_any_character_arrives_as_it_was_sent(client: Client, provider: Provider) -> None:
    odd = "\x1b]0;title\x07\u202e\ud800\x00\u2028\U0001f468\u200d\U0001f469 \n"
    provider.script(says("a", odd, "b"))
    assert (await ask(client, call(provider))).text == f"a{odd}b"


async def test_many_small_tokens_arrive_whole(client: Client, provider: Provider) -> None:
    tokens = [f" {n}" for n in range(2000)]
    provider.script(says(*tokens))
    outcome = await ask(client, call(provider, params={"max_tokens": 4000}))
    assert outcome.text == "".join(tokens)
    assert len(outcome.events) < len(tokens) / 2


async def test_a_server_that_ignores_the_limit_is_stopped(
    client: Client, provider: Provider
) -> None:
    provider.script(says(*(["word " * 200] * 20)))
    outcome = await ask(client, call(provider, params={"max_tokens": 5}))
    assert outcome.done.finish == "length"
    assert len(outcome.text) < 4000


async def test_a_repetitive_base_model_is_not_cut(client: Client, provider: Provider) -> None:
    provider.script(says(*[" the"] * 300))
    outcome = await ask(client, call(provider, prompt="x", params={"max_tokens": 400}))
    assert outcome.text == " the" * 300


async def test_the_key_of_another_place_is_never_sent(client: Client, provider: Provider) -> None:
    for model in CHATS:
        await ask(client, call(provider, model))
        await ask(client, call(provider, model.replace("anthropic", "openai"), prompt="x"))
    for request in provider.requests:
        assert CANARY not in str(request)


@pytest.mark.parametrize("model", ["openai/m", "openrouter/m", "hosted_vllm/m"])
@pytest.mark.parametrize("fields", [{}, {"prompt": "x"}])
async def test_the_key_that_was_named_is_sent(
    client: Client, provider: Provider, model: str, fields: dict[str, str]
) -> None:
    await ask(client, call(provider, model, key_env="MY_SERVER_KEY", **fields))
    assert provider.requests[0].headers["authorization"] == f"Bearer {OTHER_CANARY}"


async def test_a_missing_key_is_named_before_anything_is_sent(
    client: Client, provider: Provider
) -> None:
    failed = (await ask(client, call(provider, key_env="NO_SUCH_KEY"))).failed
    assert failed.kind == "no_key"
    assert "NO_SUCH_KEY" in failed.say
    failed = (await ask(client, call(provider, "groq/some-model", api_base=None))).failed
    assert failed.kind == "no_key"
    assert "GROQ_API_KEY" in failed.say
    assert provider.requests == []


async def test_a_model_without_a_provider_is_not_found(client: Client, provider: Provider) -> None:
    failed = (await ask(client, call(provider, "nosuchmodel", api_base=None))).failed
    assert failed.kind == "not_found"
    assert "provider/model" in failed.say


async def test_facts_say_how_a_model_continues(client: Client) -> None:
    async def mode(model: str, mode: str | None = None) -> str:
        return (await client.describe(ModelEntry(name="x", model=model, mode=mode))).mode

    assert await mode("gpt-4o-mini") == "chat"
    assert await mode("davinci-002") == "text"
    assert await mode("openrouter/meta-llama/llama-3.1-405b-base") == "text"
    assert await mode("anthropic/claude-opus-4-5") == "prefill"
    assert await mode("anthropic/claude-opus-4-5", mode="chat") == "chat"


async def test_facts_of_a_listed_model(client: Client) -> None:
    facts = await client.describe(ModelEntry(name="x", model="openai/gpt-4o-mini"))
    assert facts.known
    assert facts.provider == "openai"
    assert facts.window == 128_000
    assert facts.in_price is not None
    assert facts.key_missing is None


async def test_facts_of_ones_own_server(client: Client, provider: Provider) -> None:
    entry = ModelEntry(name="x", model="openai/gpt-4o-mini", api_base=provider.base, window=4096)
    facts = await client.describe(entry)
    assert facts.window == 4096
    assert facts.in_price is None
    assert facts.key_missing is None
    keyed = ModelEntry(name="y", model="lm_studio/m", api_base=provider.base, key_env="NOT_SET")
    assert (await client.describe(keyed)).key_missing == "NOT_SET"


async def test_facts_say_what_a_provider_does_not_take(client: Client, provider: Provider) -> None:
    claude = await client.describe(ModelEntry("x", "anthropic/claude-sonnet-4-5"))
    assert (claude.refuses, claude.hottest) == (("seed",), 1.0)
    plain = await client.describe(ModelEntry("x", "openai/gpt-4o-mini"))
    assert (plain.refuses, plain.hottest) == ((), None)
    # Whoever answers at an address of one's own takes what it takes.
    own = ModelEntry("x", "anthropic/claude-sonnet-4-5", api_base=provider.base)
    assert (await client.describe(own)).hottest is None


async def test_facts_name_the_missing_key(client: Client) -> None:
    facts = await client.describe(ModelEntry(name="x", model="groq/some-model"))
    assert facts.key_missing == "GROQ_API_KEY"
    assert not facts.known
    assert facts.in_price is None


async def test_the_catalogue_lists_models_that_write(client: Client) -> None:
    rows = {row.model: row for row in await client.catalogue()}
    assert len(rows) > 1000
    assert rows["davinci-002"].mode == "text"
    assert "text-embedding-3-small" not in rows
    priced = [row for row in rows.values() if row.provider != "embedded"]
    assert not any(row.in_price == 0 and row.out_price == 0 for row in priced)


async def test_a_listed_model_has_a_cost_where_the_list_holds(provider: Provider) -> None:
    client = Client(environ=environment(OPENAI_BASE_URL=provider.base))
    try:
        provider.script(*[says("Once", usage=(1000, 100))] * 3)
        listed = await ask(client, call(provider, "openai/gpt-4o-mini", api_base=None))
        assert listed.done.cost == pytest.approx(1000 * 0.15e-6 + 100 * 0.6e-6)
        unlisted = await ask(client, call(provider, "openai/unheard-of", api_base=None))
        assert unlisted.done.cost is None
        text = await ask(client, call(provider, "davinci-002", api_base=None, prompt="x"))
        assert provider.requests[-1].path == "/v1/completions"
        assert text.done.cost == pytest.approx(1100 * 2e-6)
        assert provider.requests[-1].headers["authorization"] == f"Bearer {CANARY}"
    finally:
        await client.close()


async def test_only_what_the_provider_says_is_a_cost_where_the_list_does_not_hold(
    client: Client, provider: Provider
) -> None:
    provider.script(says("Once", usage=(1000, 100)))
    own = await ask(client, call(provider, "openai/gpt-4o-mini"))
    assert own.done.cost is None, "the list's price is not that of one's own server"
    usage = b'{"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "cost": 0.0125}'
    told = Payload(b'{"choices": [], "usage": ' + usage + b"}")
    provider.script(Reply((Text("Once"), told, End())))
    said = await ask(client, call(provider, "openai/gpt-4o-mini"))
    assert said.done.cost == 0.0125


async def test_a_killed_worker_fails_its_branches_and_the_next_one_works(
    provider: Provider,
) -> None:
    client = Client(environ=environment())
    try:
        provider.script(Reply((Text("Once"), Hold(asyncio.Event()))))
        got: list[object] = []
        async with aclosing(client.stream(call(provider))) as events:
            async for event in events:
                got.append(event)
                if isinstance(event, Delta):
                    os.kill(_process(client), signal.SIGKILL)
        assert isinstance(got[-1], Failed)
        assert got[-1].kind == "worker_died"
        assert (await ask(client, call(provider))).text == "Once upon a time."
        process = _process(client)
    finally:
        await client.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def _process(client: Client) -> int:
    assert client._worker is not None
    return client._worker._process.pid


async def test_a_worker_that_cannot_be_started_is_an_event(provider: Provider) -> None:
    client = Client(command=["/no/such/program"])
    assert (await ask(client, call(provider))).failed.kind == "worker_died"


async def test_a_worker_that_says_nonsense_is_as_good_as_dead(provider: Provider) -> None:
    client = Client(command=[sys.executable, "-c", "print('Give Feedback / Get Help')"])
    assert (await ask(client, call(provider))).failed.kind == "worker_died"
    await client.close()


async def test_a_worker_that_does_not_listen_is_stopped_all_the_same(provider: Provider) -> None:
    client = Client(command=[sys.executable, "-c", "import time; time.sleep(600)"])
    asked = call(provider)
    task = asyncio.create_task(ask(client, asked))
    await client.warm()
    await asyncio.sleep(0)
    await client.cancel(asked.id)
    assert (await task).done.finish == "stopped"
    await client.close()
