"""`storyloom cost`, the cap that `about` sets, and what `grow` says when it holds."""

import json
import time
from pathlib import Path

import pytest

from storyloom.story import growth, marks
from storyloom.story.story import Story
from tests.cli.conftest import Run
from tests.models.conftest import environment
from tests.servers.provider import Provider
from tests.servers.script import says
from tests.spender import asked, costly


@pytest.fixture
def dear(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A story that has cost something, told in a fixed zone of time."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return str(costly(folder / "dear.loom"))


def test_it_is_printed_in_four_tables_and_summed_up(run: Run, dear: str) -> None:
    ran = run("cost", dear)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    heads = [line.split("  ")[0] for line in lines if line.startswith("by ")]
    assert heads == ["by model", "by session", "by chapter", "by outcome"]
    claude = next(line for line in lines if line.startswith("anthropic/"))
    assert claude.split() == ["anthropic/claude-sonnet-4-5", "3", "2", "700", "240", "$0.6000",
                              "72%"]  # fmt: skip
    assert any(line.startswith("local/smollm2") and line.endswith("free here") for line in lines)
    assert any(line.startswith("tide") and line.endswith("?") for line in lines)
    assert any(line.startswith("2  2026-09-22 14:13") for line in lines)
    assert sum(line.startswith("all ") for line in lines) == 4
    assert "3 branches are of unknown price" in ran.out
    assert "$0.83 is spent; this story has no cap." in ran.out


def test_the_object_has_null_and_never_0_for_what_nobody_knows(run: Run, dear: str) -> None:
    said = json.loads(run("cost", dear, "--json").out)
    assert (said["spent"], said["unpriced"], said["cap"]) == (0.83, 3, None)
    models = {each["model"]: each for each in said["by_model"]}
    assert models["tide"]["dollars"] is None
    assert models["local/smollm2"]["dollars"] == 0.0
    assert models["openai/gpt-4o-mini"]["dollars"] == 0.23
    assert sum(each["calls"] for each in said["by_chapter"]) == said["total"]["calls"] == 16
    assert said["by_session"][1]["begun"] == "2026-09-21T14:13:20Z"
    assert said["by_outcome"][0]["outcome"] == "kept, on a weave"


def test_a_story_that_cost_nothing_says_so(run: Run, tide: str) -> None:
    ran = run("cost", tide)
    assert ran.out.startswith("No model was asked yet in this story.\n")
    assert json.loads(run("cost", tide, "--json").out)["by_model"] == []


def test_names_from_elsewhere_cannot_reach_the_terminal(run: Run, tide: str) -> None:
    with Story(Path(tide)) as story:
        (node,) = asked(story, 1, "evil/\x1b]52;c;eA==\x07\u202emodel", 0.5)
        marks.set_chapter(story, node, "\x1b[31m[/]\u202e")
    for more in ((), ("--json",)):
        out = run("cost", tide, *more).out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)


def test_a_cap_is_set_shown_and_taken_away(run: Run, tide: str) -> None:
    assert "cap: (from the config file)" in run("about", tide).out
    assert run("about", tide, "--cap", "$2.50").code == 0
    assert "cap: $2.50\n" in run("about", tide).out
    assert "$0.00 of $2.50 is spent, $2.50 is left." in run("cost", tide).out
    assert json.loads(run("cost", tide, "--json").out)["cap"] == 2.5
    assert run("about", tide, "--cap", "none").code == 0
    assert "cap: (from the config file)" in run("about", tide).out
    refused = run("about", tide, "--cap", "much")
    assert refused.code == 2
    assert "amount of dollars" in refused.err


def test_a_batch_that_might_pass_the_cap_is_refused_with_status_2(
    run: Run, tide: str, server: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reset()
    server.answer(lambda _: says(" It stayed away.", usage=(50, 5)))
    for name, value in environment(
        OPENAI_BASE_URL=server.base, OPENAI_API_BASE=server.base
    ).items():
        monkeypatch.setenv(name, value)
    grown = run("grow", tide, "-m", "openai/gpt-4o-mini", "-n", "1")
    assert grown.code == 0, grown.err
    assert len(server.requests) == 1
    run("about", tide, "--cap", "0.00001")
    refused = run("grow", tide, "-m", "openai/gpt-4o-mini", "-n", "3")
    assert refused.code == 2
    last = refused.err.splitlines()[-1]
    for words in ("Nothing was sent", "may cost up to $", "is spent", "cap of $0.00001", "--cap"):
        assert words in last
    assert len(server.requests) == 1
    with Story(Path(tide)) as story:
        assert growth.spent(story).unpriced == 0
