"""Servers asked what they serve: a real worker, and real servers of each kind and of none."""

import asyncio
import os
from typing import Any

import pytest

from storyloom.models import library, servers
from storyloom.models.client import Client
from storyloom.models.protocol import Call
from storyloom.models.served import Served, Server
from storyloom.settings import ModelEntry
from tests.models.asking import OTHER_CANARY, ask
from tests.servers.provider import Provider, listed
from tests.servers.script import Hold, Reply, page

pytestmark = pytest.mark.asyncio(loop_scope="session")

LLAMA_CPP = {
    "object": "list",
    "data": [{"id": "q.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131_072}}],
}


def at(provider: Provider, **fields: Any) -> Server:
    """Return the provider as an entry called home names it."""
    return Server(**{"base": provider.base, "place": "home", **fields})


async def asked(client: Client, *servers: Server) -> list[Served]:
    return await client.served(servers)


def windows(served: Served) -> dict[str, int | None]:
    assert served.say == ""
    return {facts.model: facts.window for facts in served.models}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"data": [{"id": "m"}, {"id": "text-embedding-3"}]}, {"m@home": None}),
        ({"data": [{"id": "m", "max_model_len": 4096}]}, {"m@home": 4096}),
        ({"data": [{"id": "o/m", "context_length": 64_000}]}, {"o/m@home": 64_000}),
        ({"data": []}, {}),
    ],
)
async def test_a_server_of_openais_kind_tells_names_and_windows(
    client: Client, provider: Provider, said: Any, expected: dict[str, int | None]
) -> None:
    provider.lists["/v1/models"] = listed(said)
    (served,) = await asked(client, at(provider))
    assert windows(served) == expected
    assert served.host == provider.address.removeprefix("http://")
    assert provider.requests == []


async def test_llama_cpp_tells_the_window_of_a_slot_where_it_can(
    client: Client, provider: Provider
) -> None:
    provider.lists["/v1/models"] = listed(LLAMA_CPP)
    (served,) = await asked(client, at(provider))
    assert windows(served) == {"q.gguf@home": 131_072}
    provider.lists["/props"] = listed({"default_generation_settings": {"n_ctx": 2048}})
    (served,) = await asked(client, at(provider))
    assert windows(served) == {"q.gguf@home": 2048}


async def test_lm_studio_tells_windows_in_its_own_list(client: Client, provider: Provider) -> None:
    provider.lists["/v1/models"] = listed({"data": [{"id": "a"}, {"id": "b"}]})
    rows = [
        {"id": "a", "type": "llm", "max_context_length": 32_768, "loaded_context_length": 4096},
        {"id": "c", "max_context_length": 512},
    ]
    provider.lists["/api/v0/models"] = listed({"data": rows})
    (served,) = await asked(client, at(provider))
    assert windows(served) == {"a@home": 4096, "b@home": None}


async def test_ollama_is_asked_in_its_own_way(client: Client, provider: Provider) -> None:
    provider.lists["/api/tags"] = listed({"models": [{"name": "mistral:7b"}, {"model": "q:1b"}]})
    server = Server(provider.address, "ollama", "", "ollama_chat", sought=True)
    (served,) = await asked(client, server)
    assert windows(served) == {"ollama_chat/mistral:7b": None, "ollama_chat/q:1b": None}


async def test_the_entrys_key_and_mode_go_along(client: Client, provider: Provider) -> None:
    (served,) = await asked(client, at(provider, key_env="MY_SERVER_KEY", mode="text"))
    assert [facts.mode for facts in served.models] == ["text"]
    headers = [request.headers for request in provider.asides]
    assert {each["authorization"] for each in headers} == {f"Bearer {OTHER_CANARY}"}
    provider.reset()
    (served,) = await asked(client, at(provider, key_env="NO_SUCH_KEY"))
    assert "NO_SUCH_KEY is not set: storyloom keys set NO_SUCH_KEY" in served.say
    assert provider.asides == []


async def test_several_are_asked_together_and_one_that_is_dead_costs_the_others_nothing(
    client: Client, provider: Provider
) -> None:
    both = asyncio.Event()
    body = listed({"data": [{"id": "m"}]}).body
    async with Provider() as other:
        for one in (provider, other):
            one.lists["/v1/models"] = Reply((Hold(both),), body=body)
        dead = Server("http://127.0.0.1:9/v1", place="dead")
        asking = asyncio.create_task(
            asked(client, at(provider), dead, at(other), Server("http://[/v1", place="bad"))
        )
        await provider.wait(lambda it: it.open == 1)
        await other.wait(lambda it: it.open == 1)
        both.set()
        first, second, third, fourth = await asking
    assert len(first.models) == len(third.models) == 1
    assert second == Served("127.0.0.1:9", "127.0.0.1:9 does not answer.")
    assert "cannot be asked: check its api_base" in fourth.say


async def test_that_nobody_is_at_a_usual_address_is_no_fault(client: Client) -> None:
    sought = Server("http://127.0.0.1:9/v1", place="127.0.0.1:9", sought=True)
    assert await asked(client, sought) == [Served("127.0.0.1:9")]


SECRET = "the server's own words \x1b[31m"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (page(SECRET), "gives no list of models that can be read."),
        (listed({"data": SECRET}), "gives no list of models that can be read."),
        (listed([1]), "gives no list of models that can be read."),
        (page("[" * 100_000, "application/json"), "gives no list of models that can be read."),
        (listed({"error": SECRET}, status=500), "gives no list of models (status 500)."),
        (listed({"error": SECRET}, status=401), "does not take the key, or wants one"),
        (page("x" * (9 * 1024 * 1024)), "says more than any list of models would."),
    ],
    ids=["page", "text", "list", "deep", "500", "401", "long"],
)
async def test_a_bad_answer_is_one_sentence_without_the_servers_words(
    client: Client, provider: Provider, reply: Reply, said: str
) -> None:
    provider.lists["/v1/models"] = reply
    (served,) = await asked(client, at(provider))
    assert served.models == ()
    assert said in served.say
    assert served.say.startswith("127.0.0.1:")
    assert "own words" not in served.say


async def test_nobody_is_followed_to_another_server(client: Client, provider: Provider) -> None:
    async with Provider() as other:
        provider.lists["/v1/models"] = Reply(
            status=307, headers={"location": f"{other.base}/models"}, body=b""
        )
        (served,) = await asked(client, at(provider, key_env="MY_SERVER_KEY"))
        assert other.asides == other.requests == []
    assert "sends the question on to 127.0.0.1, which is not asked." in served.say


async def test_names_that_cannot_be_shown_or_are_none_are_left_out(
    client: Client, provider: Provider
) -> None:
    names = ["good", "\x1b[31mred", "two\nlines", "\u202eback", "x" * 201, "", 7, None, {"a": 1}]
    rows: list[Any] = [{"id": name, "max_model_len": "much"} for name in names]
    provider.lists["/v1/models"] = listed({"data": [*rows, "text", None, ["id"]]})
    (served,) = await asked(client, at(provider))
    assert windows(served) == {"good@home": None}


async def test_a_thousand_models_are_taken_and_no_more(client: Client, provider: Provider) -> None:
    provider.lists["/v1/models"] = listed({"data": [{"id": f"m{n}"} for n in range(1_500)]})
    (served,) = await asked(client, at(provider))
    assert len(served.models) == 1_000


async def test_a_model_on_a_server_of_ones_own_has_the_window_that_the_server_tells(
    client: Client, provider: Provider
) -> None:
    rows = [{"id": "org/m", "max_model_len": 4096}]
    provider.lists["/v1/models"] = listed({"data": rows})
    entry = ModelEntry("mine", "hosted_vllm/org/m", provider.base)
    assert (await client.describe(entry)).window == 4096
    any_name = ModelEntry("any", "hosted_vllm/mine", provider.base)
    assert (await client.describe(any_name)).window == 4096
    provider.lists["/v1/models"] = listed({"data": [*rows, {"id": "other"}]})
    unknown = ModelEntry("unknown", "hosted_vllm/unknown", provider.base)
    assert (await client.describe(unknown)).window is None
    own = ModelEntry("own", "hosted_vllm/org/m", provider.base, window=1024)
    assert (await client.describe(own)).window == 1024


async def test_a_server_that_never_answers_is_given_up(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_PATIENCE", 0.05)
    provider.lists["/v1/models"] = Reply((Hold(asyncio.Event()),), body=b"{}")
    (served,) = await servers.ask([at(provider)])
    assert "does not answer within" in served.say


async def test_a_model_of_another_machines_server_reaches_nobody_and_says_what_is_missing(
    client: Client,
) -> None:
    # There is a key for OpenAI here, whose name is only a part of the model's.
    asking = Call("elsewhere", "openai/gpt-oss@home", prompt="Once", params={"max_tokens": 5})
    failed = (await ask(client, asking)).failed
    assert failed.kind == "not_found"
    assert "no entry 'home'" in failed.say
    assert "storyloom models add home" in failed.say
    google = ModelEntry("v", "vertex_ai/no-such-claude@20990101")
    assert (await client.describe(google)).provider == "vertex_ai"


async def test_the_worker_finds_ollama_where_its_own_variable_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for given, expected in [
        ({"OLLAMA_HOST": "0.0.0.0:9000"}, "http://127.0.0.1:9000"),
        ({"OLLAMA_HOST": "a", "OLLAMA_API_BASE": "http://own:1"}, "http://own:1"),
        ({}, None),
    ]:
        environ = dict(given)
        monkeypatch.setattr(os, "environ", environ)
        library.ready_environment()
        assert environ.get("OLLAMA_API_BASE") == expected
        monkeypatch.undo()
