"""The command models."""

import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from storyloom import paths, settings
from storyloom.models import client, weights
from storyloom.story import growth, shape
from storyloom.story.growth import Asked, Result
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.models.local_weights import real_weights
from tests.tui import worker


def config() -> Path:
    return paths.config_file()


def test_a_model_is_added_to_settings_that_stay_as_they_were(run: Run) -> None:
    config().parent.mkdir(parents=True)
    config().write_text('# mine\ntheme = "paper"\n\n[[plan]]\nmodel = "x"')
    config().chmod(0o644)
    base = "http://127.0.0.1:8080/v1"
    ran = run("models", "add", 'qu"ote', "openai/q", "--api-base", base, "--window", "4096")
    assert (ran.code, ran.out) == (0, "")
    assert run("models", "add", "b", "openai/b", "--key-env", "B_KEY", "--mode", "text").code == 0
    assert run("models", "add", "c", "openai/c", "--fill", "--at-once", "1").code == 0
    assert config().read_text().startswith('# mine\ntheme = "paper"\n\n[[plan]]\nmodel = "x"\n\n')
    assert tomllib.loads(config().read_text())["model"] == [
        {"name": 'qu"ote', "model": "openai/q", "api_base": base, "window": 4096},
        {"name": "b", "model": "openai/b", "key_env": "B_KEY", "mode": "text"},
        {"name": "c", "model": "openai/c", "fill": True, "at_once": 1},
    ]
    assert settings.load().entry("b").key_env == "B_KEY"
    assert stat.S_IMODE(config().stat().st_mode) == 0o600
    assert os.listdir(config().parent) == ["config.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["one", "openai/other"], "already"),
        (["two", "openai/x", "--key-env", "sk-very secret"], "name of an environment variable"),
        (["two", "openai/x", "--api-base", "127.0.0.1"], "http://"),
        (["two", "openai/x", "--window", "12"], "256 or more"),
        (["two", "openai/x", "--mode", "magic"], "choice"),
        (["two", " "], "has to be a text"),
        ([" ", "openai/x"], "cannot be empty"),
    ],
)
def test_what_is_not_right_is_refused_and_nothing_written(
    run: Run, arguments: list[str], said: str
) -> None:
    run("models", "add", "one", "openai/one")
    before = config().read_bytes()
    ran = run("models", "add", *arguments)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert said in ran.err
    assert "sk-very" not in ran.err
    assert config().read_bytes() == before
    assert os.listdir(config().parent) == ["config.toml"]


def test_a_linked_config_file_stays_a_link(run: Run, tmp_path: Path) -> None:
    config().parent.mkdir(parents=True)
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    config().symlink_to(dotfiles / "storyloom.toml")
    assert run("models", "add", "one", "openai/one").code == 0
    assert config().is_symlink()
    assert "openai/one" in (dotfiles / "storyloom.toml").read_text()


def test_the_list_has_what_is_here_what_is_configured_and_which_key_is_missing(run: Run) -> None:
    folder = paths.made(paths.models_dir())
    (folder / "my model.gguf").write_bytes(b"GGUF" + b"\0" * 1_000_000)
    run("models", "add", "mine", "openai/q", "--key-env", "MINE_KEY")
    ran = run("models")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Here, without a key:"
    assert lines[1].startswith("  local/smollm2  (not here yet")
    assert lines[2] == "  local/my model  1 MB"
    assert "  mine  openai/q  (MINE_KEY is not set)" in lines
    openai = next(line for line in lines if line.startswith("  openai:"))
    assert openai.endswith("models, OPENAI_API_KEY is not set")
    assert not any("gpt-4o-mini" in line for line in lines)
    found = run("models", "list", "gpt-4o-mini").out.splitlines()
    assert "    gpt-4o-mini  128000 tokens  $0.15 in, $0.60 out per million" in found
    assert not any("smollm2" in line or "mine" in line for line in found)
    assert "no such model" in run("models", "list", "no-such-model").err


@pytest.mark.embedded
def test_weights_that_are_here_are_not_fetched_again(run: Run) -> None:
    real = real_weights()
    (paths.made(paths.models_dir()) / weights.FILE).symlink_to(real)
    ran = run("models", "fetch")
    assert (ran.code, ran.err) == (0, "The embedded model is here already.\n")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A models' process that starts at once and knows a few servers: of den, cellar and Ollama."""
    monkeypatch.setattr(client, "_COMMAND", (sys.executable, worker.__file__))
    for name in ("OLLAMA_HOST", "OLLAMA_API_BASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("scripted")
def test_the_list_has_what_configured_servers_serve_and_how_models_did_in_a_story(
    run: Run, tide: str
) -> None:
    run("models", "add", "den", "openai/qwen2.5-7b", "--api-base", "http://127.0.0.1:9090/v1")
    run("models", "add", "cellar", "openai/q", "--api-base", "http://127.0.0.1:9191/v1")
    with Story(Path(tide)) as story:
        (placed,) = growth.request(story, 2, [Asked("org/llama-3-base@den", {"prompt": "p"})])
        facts = {"first_ms": 1200, "ms": 3400}
        growth.finish(story, placed, "So.", Result("stop", "", facts))
        shape.write_child(story, placed.node, "On.")
    ran = run("models", "list", "--story", tide)
    assert ran.code == 0
    lines = ran.out.splitlines()
    at = lines.index("On 127.0.0.1:9090:")
    # What an entry is for is no news.
    assert lines[at + 1 : at + 4] == [
        "  org/llama-3-base@den  8192 tokens",
        "  /home/ann/models/mistral-7b.gguf@den",
        "By litellm ('storyloom models list WORD' names them):",
    ]
    told = "  org/llama-3-base@den  100 % of 1 chosen, first words after 1.2 s, all after 3.4 s"
    assert lines[-2:] == ["In the story, of the last branches offered:", told]
    assert "127.0.0.1:9191 does not answer." in ran.err
    assert "models list --look" in ran.err


@pytest.mark.usefixtures("scripted")
def test_this_machine_is_looked_at_when_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("models", "list", "mistral", "--look")
    assert ran.out == "On 127.0.0.1:11434:\n  ollama_chat/mistral:7b\n"
    assert run("models", "list", "mistral").out == ""
    monkeypatch.setattr(client, "_COMMAND", (sys.executable, worker.__file__, "0", "alone"))
    err = run("models", "list", "--look").err
    assert "asked were 127.0.0.1:11434, 127.0.0.1:1234, 127.0.0.1:8080, 127.0.0.1:8000." in err
