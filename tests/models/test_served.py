"""Which servers can be asked what they serve, and how their models are named."""

import pytest

from storyloom.models.protocol import Facts
from storyloom.models.served import Server, configured, kept, nearby, ollama_here
from storyloom.settings import ModelEntry, Settings

BASE = "http://127.0.0.1:8080/v1"


def test_each_server_of_the_config_file_is_asked_once_with_its_first_entrys_key() -> None:
    entries = [
        ModelEntry("home", "openai/qwen", BASE, "HOME_KEY", mode="text"),
        ModelEntry("again", "openai/llama", f"{BASE}/"),
        ModelEntry("bare", "qwen", "http://10.0.0.2/v1"),
        ModelEntry("oll", "ollama_chat/mistral", "http://10.0.0.3:11434"),
        ModelEntry("claude", "anthropic/claude", "http://10.0.0.4"),
        ModelEntry("cloud", "openai/gpt-4o-mini"),
    ]
    assert configured(entries) == [
        Server(BASE, "openai", "home", "openai", "HOME_KEY", "text"),
        Server("http://10.0.0.2/v1", "openai", "bare"),
        Server("http://10.0.0.3:11434", "ollama", "oll", "ollama_chat"),
    ]


def test_usual_addresses_are_sought_but_those_that_are_asked_anyway() -> None:
    known = [Server("http://localhost:8080/v1", place="home")]
    found = {server.host: server for server in nearby({}, known)}
    assert list(found) == ["127.0.0.1:11434", "127.0.0.1:1234", "127.0.0.1:8000"]
    assert all(server.sought for server in found.values())
    assert found["127.0.0.1:11434"].name("mistral:7b") == "ollama_chat/mistral:7b"
    assert found["127.0.0.1:8000"].name("meta/llama") == "meta/llama@127.0.0.1:8000"


@pytest.mark.parametrize(
    ("environ", "base"),
    [
        ({}, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "0.0.0.0"}, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "10.0.0.3:9000/"}, "http://10.0.0.3:9000"),
        ({"OLLAMA_HOST": ":9000"}, "http://127.0.0.1:9000"),
        ({"OLLAMA_HOST": "https://o.example"}, "https://o.example:443"),
        ({"OLLAMA_HOST": "[::]:9000"}, "http://127.0.0.1:9000"),
        ({"OLLAMA_HOST": "box:what"}, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "[box"}, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "box", "OLLAMA_API_BASE": "http://own:1/"}, "http://own:1"),
    ],
)
def test_ollama_is_where_its_variables_say(environ: dict[str, str], base: str) -> None:
    assert ollama_here(environ) == base


def test_the_name_of_a_found_model_leads_to_its_server_with_the_entrys_key_and_mode() -> None:
    home = ModelEntry("home", "openai/qwen", BASE, "HOME_KEY", "text", 4096, 1)
    mine = ModelEntry("my@box", "hosted_vllm/x", "http://10.0.0.2/v1")
    cloud = ModelEntry("cloud", "openai/gpt-4o-mini")
    settings = Settings(models=(home, mine, cloud))
    assert settings.entry("meta/llama@home") == ModelEntry(
        "meta/llama@home", "openai/meta/llama", BASE, "HOME_KEY", "text", None, 1
    )
    assert settings.entry("y@my@box").model == "hosted_vllm/y"
    assert settings.entry("y@127.0.0.1:8000").api_base == "http://127.0.0.1:8000/v1"
    for name in ("y@cloud", "y@127.0.0.1:22", "y@evil.example:8000", "@home", "@127.0.0.1:8000"):
        assert settings.entry(name) == ModelEntry(name, name)


def test_a_model_that_an_entry_is_for_is_not_found_again() -> None:
    entries = [
        ModelEntry("home", "openai/qwen", BASE),
        ModelEntry("again", "openai/meta/llama", f"{BASE}/"),
        ModelEntry("other", "openai/new", "http://10.0.0.2/v1"),
    ]
    found = [Facts(f"{name}@home") for name in ("qwen", "meta/llama", "new")]
    assert [facts.model for facts in kept(found, entries)] == ["new@home"]
