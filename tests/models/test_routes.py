"""Which key a route takes, with litellm as the worker has it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.places import empty_places, in_file

FILED = "sk-filed-0123456789"
OTHER = "sk-other-0123456789"

# Each case in one process, as litellm takes seconds: what is set, the model, and whose key it gets.
ASK = """
import json, os, sys
from storyloom.models import library
library.ready_environment()
litellm = library.load()
from storyloom.models.routes import route
told = []
for environ, model in json.loads(sys.argv[1]):
    os.environ.update(environ)
    way = route(litellm, model)
    told.append([way.api_key and way.api_key.reveal(), way.key_missing])
    for name in environ:
        del os.environ[name]
print(json.dumps(told))
"""
AZURE = {"AZURE_API_BASE": "https://x.invalid", "AZURE_API_VERSION": "1"}
CASES = {
    "the file's": ({}, "gemini/x", [FILED, None]),
    "litellm's other variable goes first": ({"GOOGLE_API_KEY": OTHER}, "gemini/x", [None, None]),
    "so does one that only litellm knows": ({"PERPLEXITY_API_KEY": OTHER}, "perplexity/x",
                                            [None, None]),
    "the environment's": ({"GEMINI_API_KEY": OTHER}, "gemini/x", [OTHER, None]),
    "where more than a key is wanted": (AZURE, "azure/x", [FILED, None]),
    "one that litellm does not check": ({}, "sambanova/x", [FILED, None]),
    "none at all": ({}, "groq/x", [None, "GROQ_API_KEY"]),
    "a server of one's own": ({}, "ollama/x", [None, None]),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str | None]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.endswith(("_API_KEY", "_TOKEN")):
                patch.delenv(name)
        empty_places(tmp_path_factory.mktemp("home"), patch)
        in_file(**{
            f"{name}_API_KEY": FILED
            for name in ("GEMINI", "PERPLEXITYAI", "AZURE", "SAMBANOVA")
        })  # fmt: skip
        cases = json.dumps([case[:2] for case in CASES.values()])
        run = subprocess.run(
            [sys.executable, "-c", ASK, cases],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return dict(zip(CASES, json.loads(run.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_the_key_of_a_route_is(told: dict[str, list[str | None]], case: str) -> None:
    assert told[case] == CASES[case][2]
