"""The names of variables are litellm's own."""

import json
import subprocess
import sys

import pytest

from storyloom.models.variables import (
    PROVIDERS,
    all_variables,
    given_otherwise,
    settable,
    variable_of,
)

# What litellm, set up as in the worker, misses: as it is, and with each variable set.
ASK = """
import json, os
from storyloom.models import library
for name in [name for name in os.environ if name.endswith(("_KEY", "_TOKEN"))]:
    del os.environ[name]
library.ready_environment()
litellm = library.load()
from storyloom.models.variables import PROVIDERS, variable_of, _ALSO
def missing(provider):
    return litellm.validate_environment(f"{provider}/x")["missing_keys"]
names = sorted(provider.value for provider in litellm.LlmProviders)
told = {"missing": {name: missing(name) for name in names}, "set": {}, "also": {}}
for name in PROVIDERS:
    os.environ[variable_of(name)] = "x"
    told["set"][name] = missing(name)
    del os.environ[variable_of(name)]
for name, others in _ALSO.items():
    for other in others:
        os.environ[other] = "x"
        told["also"][other] = missing(name)
        del os.environ[other]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, list[str]]]:
    run = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_the_variable_of_every_provider_is_the_one_litellm_misses(
    told: dict[str, dict[str, list[str]]],
) -> None:
    for provider, missing in told["missing"].items():
        keys = [name for name in missing if name.endswith(("_API_KEY", "_API_TOKEN"))]
        if keys:
            assert variable_of(provider) in keys, provider
            assert variable_of(provider) in all_variables()
            # Where more than a key is wanted, litellm goes on missing all of it.
            assert told["set"].get(provider, []) == (missing if len(missing) > len(keys) else [])
        else:
            assert provider not in PROVIDERS


def test_what_litellm_takes_instead_is_known(told: dict[str, dict[str, list[str]]]) -> None:
    assert told["also"]
    assert {other: [] for other in told["also"]} == told["also"]


def test_a_provider_is_named_where_its_variable_is_and_a_variable_where_there_is_none() -> None:
    assert settable("TOGETHERAI_API_KEY") == "together_ai"
    assert settable("MY_SERVER_KEY") == "MY_SERVER_KEY"
    assert variable_of("nano-gpt") == "NANO_GPT_API_KEY"


def test_another_variable_counts_while_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_otherwise("gemini") is None
    monkeypatch.setenv("GOOGLE_API_KEY", "x" * 10)
    assert given_otherwise("gemini") == "GOOGLE_API_KEY"
